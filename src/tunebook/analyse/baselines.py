"""The chosen configuration against the baselines of its task, column by column.

A baseline was run, not chosen. On the split that the study chooses on, the chosen configuration is the best of several,
so that its lead there is too large by as much as its score is; on the other splits it is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tunebook.analyse.comparisons import difference
from tunebook.analyse.crossed import common
from tunebook.analyse.decision import standing
from tunebook.analyse.leaderboard import Column, columns_of, standings
from tunebook.analyse.remembering import of_table
from tunebook.analyse.scores import Cell, Entry, Unavailable, direction, ordered
from tunebook.records import Role, Table

Verdict = Literal["better", "not told apart", "worse", "no interval", "no value", "itself"]


@dataclass(frozen=True)
class Lead:
    """How much better the chosen configuration is than a baseline, in one column.

    Args:
        cell: The baseline's score.
        chosen: That of the chosen configuration.
        lead: The difference of the two, positive where the chosen configuration is better, whichever way the metric
            goes; over common replicates where there is an interval, else of the means. None without both values.
        low, high: Its 95 % interval, of this pair alone: other seeds, and other items where they are known. None with
            fewer than two common replicates, where a replicate can change one of the two, and where a run is missing.
        n: Common replicates; 1 when no replicate can change either.
        items: Common items that the interval covers.
        itself: Whether the baseline is the chosen configuration.
    """

    cell: Cell
    chosen: Cell
    lead: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    items: int = 0
    itself: bool = False

    @property
    def verdict(self) -> Verdict:
        """What the interval says of the chosen configuration."""
        if self.itself or self.lead is None:
            return "itself" if self.itself else "no value"
        if self.low is None or self.high is None:
            return "no interval"
        return "better" if self.low > 0 else "worse" if self.high < 0 else "not told apart"

    @property
    def falls_short(self) -> bool:
        """Whether the chosen configuration is not better, as far as can be told; without an interval its mean tells."""
        behind = self.lead is not None and self.lead <= 0
        return self.verdict in ("worse", "not told apart") or (self.verdict == "no interval" and behind)


@dataclass(frozen=True)
class Against:
    """One baseline, with a lead for each column."""

    entry: Entry
    leads: tuple[Lead, ...]


@dataclass(frozen=True)
class Baselines:
    """The chosen configuration beside the baselines.

    Args:
        columns: The one that the study chooses on first, as in the leaderboard.
        chosen: Its configuration; None while nothing can be chosen: then no lead has a value.
        cells: Its scores, one for each column.
        role: The runs that they are of: those on fresh seeds where they decided.
        rows: Best selection score first.
    """

    columns: tuple[Column, ...]
    chosen: Entry | None
    cells: tuple[Cell, ...]
    role: Role
    rows: tuple[Against, ...]


@of_table
def baselines(table: Table) -> Baselines | Unavailable:
    """Every baseline against the configuration that is carried forward, or would be.

    The decision is the recorded one; where there is none, or the study has outgrown it, that of the rule.
    """
    if not table.baselines:
        return Unavailable("the task has no baselines, or the study leaves them out")
    columns, (role, chosen) = columns_of(table), _chosen(table)
    cells = _cells(table, chosen, columns, role)
    floors = replace(table, rows=table.baselines)
    found = standings(floors, ordered(floors, "baseline"), columns, "baseline")
    rows = (Against(row.entry, _leads(table, columns, chosen, cells, row.entry, row.cells)) for row in found)
    return Baselines(columns, chosen, cells, role, tuple(rows))


def _chosen(table: Table) -> tuple[Role, Entry | None]:
    """The configuration of the decision, and the runs that it was chosen by."""
    decision = standing(table)
    if decision is None:
        return "search", None
    for role in dict.fromkeys((decision.role, "search")):
        for entry in ordered(table, role):
            if entry.configuration == decision.configuration and (role == "search" or entry.selection.complete):
                return role, entry
    return "search", None


def _cells(table: Table, chosen: Entry | None, columns: Sequence[Column], role: Role) -> tuple[Cell, ...]:
    if chosen is None:
        return tuple(Cell(None, None, 0, 0, "nothing is chosen yet") for _ in columns)
    return standings(table, [chosen], columns, role)[0].cells


def _leads(
    table: Table,
    columns: Sequence[Column],
    chosen: Entry | None,
    ours: Sequence[Cell],
    entry: Entry,
    theirs: Sequence[Cell],
) -> tuple[Lead, ...]:
    if chosen is not None and chosen.configuration == entry.configuration:
        return tuple(Lead(other, one, itself=True) for one, other in zip(ours, theirs, strict=True))
    ways = [direction(table, column.metric) for column in columns]
    return tuple(_lead(one, other, way) for one, other, way in zip(ours, theirs, ways, strict=True))


def _lead(one: Cell, other: Cell, way: str) -> Lead:
    """The lead of one score over another."""
    if one.mean is None or other.mean is None:
        return Lead(other, one)
    sign = 1.0 if way == "maximize" else -1.0
    found = difference(one, other)
    if found is None:
        return Lead(other, one, sign * (one.mean - other.mean), n=len(common(one, other)))
    low, high = sorted((sign * found.low, sign * found.high))
    return Lead(other, one, sign * found.mean, low, high, found.n, found.items)
