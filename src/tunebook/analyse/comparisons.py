"""What can be told apart: differences between scores, as other seeds and other items would show them.

docs/adr/0010 tells why by this method, and what was measured of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tunebook.analyse.crossed import common, crossed, has
from tunebook.analyse.half_widths import differences
from tunebook.analyse.scores import Cell, Entry, best_of, direction, ordered
from tunebook.records import Role, Table

PAIR = (0.975,)
"""Of one pair: to both sides."""
BEST = (0.995, 0.955)
"""One-sided, for the best against all: 0.5 % to leave out what is far behind, and 4.5 % for what remains."""
CHOSEN = (0.9975, 0.9775)
"""The same to both sides, for one that is not the best against all."""


@dataclass(frozen=True)
class Difference:
    """One score minus another, as other seeds and other items would show it.

    Args:
        mean: Of the paired differences.
        low, high: Its 95 % interval.
        n: Common replicates; 1 when no replicate can change either score.
        items: Common items that the interval covers; 0 when nothing is known of them: then it is for these items.
    """

    mean: float
    low: float
    high: float
    n: int
    items: int = 0

    @property
    def apart(self) -> bool:
        """Whether the interval leaves out 0."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True)
class Near:
    """How many configurations cannot be told from one, by the selection score.

    Args:
        others: Those whose interval of the paired difference holds 0.
        compared: Those whose runs all have a value and that share two replicates with it, or that none can change.
            Where no pair has two replicates, nothing is compared.
        fewest, most: Replicates in common, in the pair with fewest and with most of those that replicates can change.
    """

    others: int
    compared: int
    fewest: int
    most: int


def difference(one: Cell, other: Cell) -> Difference | None:
    """One score minus the other, with the interval of this pair alone; None with fewer than two common replicates."""
    return _against([one, other], 0, PAIR)[1]


def by_items(one: Cell, other: Cell) -> bool:
    """Whether the items, more than the replicates, leave open how far two scores are apart.

    By the standard errors of their paired difference; False where nothing is known of items.
    """
    names = common(one, other)
    if not names:
        return False
    values = crossed([one, other], names)
    gaps = values.scores[0] - values.scores[1]
    seeds = 0.0 if len(gaps) < 2 else float(gaps.var(ddof=1)) * (1 / len(gaps) + values.shared)
    rows = [(each[0] - each[1]).mean(0) for each in values.items]
    return sum(float(row.var(ddof=1)) / len(row) for row in rows) > seeds


def against_best(cells: Sequence[Cell], way: str) -> tuple[Difference | None, ...]:
    """The best score minus each, with intervals for all at once (multiple comparisons with the best; Hsu, 1984).

    A configuration that is truly the best is told apart from the best one seen with a probability of 5 % at most;
    all that are not told apart are the tied set (Gupta, 1965). `high` bounds how far each is behind the truly best.

    Args:
        way: `maximize` or `minimize`.

    Returns:
        One for each cell. None for those that are not compared: they lack a run, or share fewer than two replicates
        with the best. The best (the first of equal ones) has the difference 0 to itself.
    """
    at = best_at(cells, way)
    return (None,) * len(cells) if at is None else _against(cells, at, BEST)


def best_at(cells: Sequence[Cell], way: str) -> int | None:
    """Where the best mean stands among the scores whose runs all have a value; the first of equal ones."""
    whole = [at for at, each in enumerate(cells) if each.complete]
    top = best_of((cells[at].mean for at in whole), way)  # type: ignore[misc]  # complete: has a mean
    return next((at for at in whole if cells[at].mean == top), None)


def near(table: Table, entry: Entry, role: Role = "search") -> Near | None:
    """The neighbourhood of a configuration, by its selection score from runs of one role.

    None when it lacks a value there, or nothing can be compared with it.
    """
    entries = [each for each in ordered(table, role) if each.selection.complete]
    cells = [each.selection for each in entries]
    at = next((place for place, each in enumerate(entries) if each.configuration == entry.configuration), None)
    if at is None:
        return None
    best = best_at(cells, direction(table, table.select_metric)) == at
    found = [gap for place, gap in enumerate(_against(cells, at, BEST if best else CHOSEN)) if place != at]
    gaps = [gap for gap in found if gap is not None]
    shared = [gap.n for gap in gaps if gap.n > 1]
    return Near(sum(not gap.apart for gap in gaps), len(gaps), min(shared), max(shared)) if shared else None


def _against(cells: Sequence[Cell], at: int, levels: Sequence[float]) -> tuple[Difference | None, ...]:
    """One score minus each, over the replicates that each has in common with it."""
    shared = {other: common(cells[at], each) for other, each in enumerate(cells) if each.complete}
    shared = {other: names for other, names in shared.items() if len(names) > 1 or "" in names}
    found: list[Difference | None] = [None] * len(cells)
    for names in dict.fromkeys(shared.values()) if at in shared else ():
        whole = [other for other in shared if all(has(cells[other], name) for name in names)]
        values = crossed([cells[other] for other in whole], names)
        gaps, halves = differences(values, whole.index(at), levels=levels, comparisons=len(shared) - 1)
        for other, gap, half in zip(whole, gaps, halves, strict=True):
            if shared[other] == names:
                found[other] = Difference(gap, gap - half, gap + half, len(names), values.item_count)
    return tuple(found)
