"""The leaderboard: every configuration against every reported metric and split, cases side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from tunebook.analyse.comparisons import Difference, against_best, best_at
from tunebook.analyse.progress import is_open
from tunebook.analyse.scores import Cell, Entry, cases, cell, direction, mean_over_cases, ordered
from tunebook.analyse.searching import FEWEST
from tunebook.records import Case, Role, Table


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
    """Per column: the best mean among configurations whose runs all have a value, or not told apart from it by
    multiple comparisons with the best. None while runs are missing and fewer than two have all of theirs: one that
    ended first is not the best of anything."""
    first: tuple[bool, ...]
    """Per column: the one that the others are compared with: of equal best means the first."""
    behind: tuple[Difference | None, ...]
    """Per column: the best of the column minus this one, with intervals for all at once; None where common replicates
    are too few, and for a configuration that lacks a value."""


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


def standings(
    table: Table, entries: Sequence[Entry], columns: Sequence[Column], role: Role = "search"
) -> tuple[Standing, ...]:
    """The cells of some configurations, from runs of one role, with the best of each column marked among them."""
    every = cases(table)
    cells = [tuple(_cell(entry, column, every, role) for column in columns) for entry in entries]
    fewest = FEWEST if is_open(table) else 1
    judged = [
        _judged([row[at] for row in cells], direction(table, each.metric), fewest) for at, each in enumerate(columns)
    ]
    found = []
    for place, (entry, row) in enumerate(zip(entries, cells, strict=True)):
        best = tuple(each.best[place] for each in judged)
        first = tuple(each.first == place for each in judged)
        found.append(Standing(entry, row, best, first, tuple(each.behind[place] for each in judged)))
    return tuple(found)


@dataclass(frozen=True)
class _Judged:
    """Which cells of a column are bold, where the first best stands, and how far behind it each is."""

    best: tuple[bool, ...]
    first: int | None
    behind: tuple[Difference | None, ...]


def _judged(column: Sequence[Cell], way: str, fewest: int) -> _Judged:
    """Nothing is best where fewer cells than `fewest` are complete."""
    first, behind = best_at(column, way), against_best(column, way)
    top = column[first].mean if first is not None and sum(one.complete for one in column) >= fewest else None
    best = tuple(
        top is not None and one.complete and (one.mean == top or (gap is not None and not gap.apart))
        for one, gap in zip(column, behind, strict=True)
    )
    return _Judged(best, first, behind)


def _cell(entry: Entry, column: Column, every: tuple[Case, ...], role: Role) -> Cell:
    scores = [
        cell(row, metric=column.metric, split=column.split, role=role)
        for row, case in zip(entry.rows, every, strict=True)
        if column.case is None or column.case == case
    ]
    return mean_over_cases(scores)
