"""Tables of scores: configurations down, metrics and splits across, cases side by side where they fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tunebook.analyse import Cell, Column, Entry, Standing, cases
from tunebook.records import Table
from tunebook.report.cards import Block, Grid, Heading, Value
from tunebook.report.wording import count, facts_of, metric_name, name, shortened, spread, value_text

MOST_COLUMNS = 8
"""Most columns of scores that a table holds: with several cases, more become one table for each case."""


@dataclass(frozen=True)
class Board:
    """Rows of a study that are compared with each other.

    Args:
        kind: What a row stands for; it is called by that.
    """

    table: Table
    columns: Sequence[Column]
    rows: Sequence[Standing]
    kind: Literal["configuration", "alternative"]

    def who(self, row: Standing) -> str:
        """What a row is called."""
        return row.entry.alternative if self.kind == "alternative" and row.entry.alternative else name(row.entry)

    def way(self, at: int) -> str:
        """`maximize` or `minimize`, for a column."""
        return self.table.metrics[self.columns[at].metric].direction

    def reported(self, column: Column) -> bool:
        """Whether a column belongs to what the study reports, not only to what it chooses by."""
        return not column.chosen or (column.split in self.table.splits and column.metric in self.table.report)

    @property
    def decided(self) -> frozenset[int]:
        """The numbers of the rows that hold the decided configuration."""
        chosen = self.table.decision.configuration if self.table.decision else ""
        return frozenset(at for at, row in enumerate(self.rows) if row.entry.configuration == chosen)


def score_grids(
    board: Board, *, caption: str, names: Sequence[Heading], named: Sequence[Sequence[Value]]
) -> list[Block]:
    """One table with the cases side by side; where it would be too wide, the choice and then each case by itself.

    Args:
        names, named: The columns before the scores; tables of one case show the first of them only.
    """
    table, columns = board.table, board.columns
    every, whole = cases(table), list(range(len(columns)))
    metric = f"{table.select_metric} on {table.select_split}"
    if len(every) == 1 or len(columns) <= MOST_COLUMNS:
        return [_grid(board, whole, f"{caption}.", "", names, named)]
    chosen = [at for at in whole if columns[at].chosen]
    grids = [_grid(board, chosen, f"{caption}: {metric} in every case.", f"Chosen by {metric}", names, named)]
    for case in every:
        here = [at for at in whole if columns[at].case == case and board.reported(columns[at])]
        if here:
            first = [each[:1] for each in named]
            grids.append(_grid(board, here, f"{caption}: {case.label}.", case.label, names[:1], first, alone=True))
    return list(grids)


def _grid(
    board: Board,
    shown: Sequence[int],
    caption: str,
    title: str,
    names: Sequence[Heading],
    named: Sequence[Sequence[Value]],
    *,
    alone: bool = False,
) -> Grid:
    """A table of some columns; `alone`: of one case, which its title names."""
    trainable = not alone and any(row.entry.trainable is not None for row in board.rows)
    scores = [_heading(board.table, board.columns[at], case=not alone) for at in shown]
    last = [Heading("trainable", "parameters", numeric=True)] if trainable else []
    return Grid(
        caption,
        [*names, *scores, Heading("n", "runs", numeric=True), *last],
        [
            [*first, *_values(row, shown), *([_trainable(row)] if trainable else [])]
            for first, row in zip(named, board.rows, strict=True)
        ],
        title=title,
        marked=board.decided,
        facets=facets_of([row.entry for row in board.rows], board.table),
    )


def facets_of(entries: Sequence[Entry], table: Table) -> dict[str, list[str]]:
    """Varied parameter -> its value in each configuration; the alternative first. Without those that are all equal."""
    points = [next((row.parameters for row in entry.rows if row is not None), {}) for entry in entries]
    found = {"alternative": [entry.alternative for entry in entries]}
    for path in table.parameters:
        found[path] = [value_text(point[path]) if path in point else "" for point in points]
    return {path: values for path, values in found.items() if len(set(values)) > 1}


def _heading(table: Table, column: Column, *, case: bool) -> Heading:
    where = "mean over cases" if column.case is None else column.case.label
    split = f"chosen on {column.split}" if column.chosen else column.split
    below = " · ".join(part for part in (split, where if case else "") if part)
    return Heading(metric_name(table, column.metric), below, numeric=True, tip=facts_of(table.metrics[column.metric]))


def _values(row: Standing, shown: Sequence[int]) -> list[Value]:
    n = max((row.cells[at].n for at in shown), default=0)
    return [*(_value(row.cells[at], n, best=row.best[at]) for at in shown), Value(str(n), sort=n)]


def _value(cell: Cell, n: int, *, best: bool) -> Value:
    if cell.mean is None:
        return Value(shortened(cell.reason or "no value"), muted=True)
    notes = [f"n = {cell.n}" if cell.n != n else "", shortened(cell.reason)]
    return Value(spread(cell), "; ".join(note for note in notes if note), best, cell.mean)


def _trainable(row: Standing) -> Value:
    found = row.entry.trainable
    return Value("not known", muted=True) if found is None else Value(count(found), sort=found)
