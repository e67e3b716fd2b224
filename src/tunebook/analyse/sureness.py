"""How far other seeds and other items could move the scores of the chosen configuration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tunebook.analyse.crossed import shared_by_folds
from tunebook.analyse.decision import judge
from tunebook.analyse.resampling import Interval, interval
from tunebook.analyse.scores import Cell, cases, cell, ordered
from tunebook.records import Case, Row, Table, digest

DRAWS = 4_000


@dataclass(frozen=True)
class Sure:
    """One reported score of the chosen configuration, with the interval of its mean.

    Args:
        interval: None where a single value is all that there is.
    """

    metric: str
    split: str
    case: Case
    cell: Cell
    interval: Interval | None


def sureness(table: Table) -> tuple[Sure, ...]:
    """The chosen configuration's reported scores, case by case; none without a decision or a score.

    Of a score that is the mean of its items other items count too; of any other, other seeds alone.
    """
    decision = table.decision or judge(table).decision
    chosen = next((each for each in ordered(table) if decision and each.configuration == decision.configuration), None)
    return () if chosen is None else tuple(_of(table, chosen.rows))


def _of(table: Table, rows: Sequence[Row | None]) -> Iterator[Sure]:
    for split in table.splits:
        for metric in table.report:
            for case, row in zip(cases(table), rows, strict=True):
                found = cell(row, metric=metric, split=split)
                if found.mean is not None:
                    seed = int(digest([table.study, metric, split, case.values])[:8], 16)
                    shared = shared_by_folds(tuple(found.by_replicate))
                    yield Sure(
                        metric, split, case, found, interval(_values(found), draws=DRAWS, seed=seed, shared=shared)
                    )


def _values(found: Cell) -> Sequence[Sequence[float]]:
    """Seeds by items; by a single column where nothing is known of items."""
    if not found.items:
        return [[value] for value in found.by_replicate.values()]
    names = sorted(next(iter(found.items.values())))
    return [[items[name] for name in names] for items in found.items.values()]
