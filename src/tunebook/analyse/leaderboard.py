"""The leaderboard: every configuration against every reported metric and split, cases side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from tunebook.analyse.scores import Cell, Entry, best_of, cases, cell, direction, mean_over_cases, ordered
from tunebook.records import Case, Table


@dataclass(frozen=True)
class Column:
    """What one column shows.

    Args:
        case: None for the mean over cases.
        chosen: Whether the study chooses on this column.
    """

    metric: str
    split: str
    case: Case | None
    chosen: bool


@dataclass(frozen=True)
class Standing:
    """One configuration's cells, one per column."""

    entry: Entry
    cells: tuple[Cell, ...]
    best: tuple[bool, ...]
    """Per column: the best mean among configurations whose runs all have a value; ties are all best."""


@dataclass(frozen=True)
class Leaderboard:
    """Configurations, best selection score first."""

    columns: tuple[Column, ...]
    rows: tuple[Standing, ...]


def leaderboard(table: Table) -> Leaderboard:
    """Every configuration, ordered by the selection metric on the selection split.

    The column that the study chooses on comes first (with several cases: their mean, then each case), then
    the reported metrics on each reported split, case by case. A column is never shown twice.
    """
    columns = columns_of(table)
    return Leaderboard(columns, standings(table, ordered(table), columns))


def columns_of(table: Table) -> tuple[Column, ...]:
    """The columns of every table of scores, in order."""
    every = cases(table)
    chosen = (table.select_metric, table.select_split)
    first: list[Column] = [Column(*chosen, None, True)] if len(every) > 1 else []
    first += [Column(*chosen, case, True) for case in every]
    rest = [
        Column(metric, split, case, False)
        for case in every
        for split in table.splits
        for metric in table.report
        if (metric, split) != chosen
    ]
    return (*first, *rest)


def standings(table: Table, entries: Sequence[Entry], columns: Sequence[Column]) -> tuple[Standing, ...]:
    """The cells of some configurations, with the best of each column marked among them."""
    every = cases(table)
    cells = [tuple(_cell(entry, column, every) for column in columns) for entry in entries]
    best = [
        best_of(
            (row[at].mean for row in cells if row[at].complete),  # type: ignore[misc]  # complete: has a mean
            direction(table, column.metric),
        )
        for at, column in enumerate(columns)
    ]
    return tuple(
        Standing(entry, row, tuple(one.complete and one.mean == top for one, top in zip(row, best, strict=True)))
        for entry, row in zip(entries, cells, strict=True)
    )


def _cell(entry: Entry, column: Column, every: tuple[Case, ...]) -> Cell:
    scores = [
        cell(row, metric=column.metric, split=column.split)
        for row, case in zip(entry.rows, every, strict=True)
        if column.case is None or column.case == case
    ]
    return mean_over_cases(scores)
