"""The finalists of a study: who runs again on fresh seeds before the decision, and what that shows."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tunebook.analyse.pooling import pooled
from tunebook.analyse.requirements import unmet
from tunebook.analyse.rules import Terms, rule_of
from tunebook.analyse.scores import Cell, Entry, Unavailable, ordered
from tunebook.analyse.searching import stopped_early
from tunebook.records import Role, Row, Table

CONFIDENCE = 0.95
SEARCHED: tuple[Role, ...] = ("search", "noise")
"""What is known before finalists are: they depend on nothing that comes after."""


@dataclass(frozen=True)
class Final:
    """A finalist: its score in the search, and on fresh seeds.

    Args:
        drop: How much worse the confirmed mean is than the searched one, in the metric's good direction; below 0 when
            it is better. None where one of the two is missing.
    """

    entry: Entry
    searched: Cell
    confirmed: Cell
    drop: float | None


@dataclass(frozen=True)
class Optimism:
    """What picking the best of many did to its score.

    Args:
        finals: Best searched score first.
        low, high: 95 % interval of the first one's drop: its searched and its confirmed seeds differ, so they are not
            paired (Student's t). None where there are too few replicates.
        sd: Pooled standard deviation between replicates behind it, and `df` its degrees of freedom.
    """

    finals: tuple[Final, ...]
    low: float | None
    high: float | None
    sd: float | None
    df: int

    @property
    def winner(self) -> Final:
        """The one with the best searched score."""
        return self.finals[0]


def finalists(table: Table) -> tuple[str, ...]:
    """The configurations to confirm by their ids: the rule's choice first, then the next ones by the rule.

    Empty when the study confirms nothing, and while a run of its search or of its noise is missing, unless the study's
    own limit stopped it and there is something to choose from. Only configurations that meet the requirements and have
    a value from all of their searched runs; runs on fresh seeds change nothing of it.
    """
    if table.confirm is None or (_unfinished(table) and not stopped_early(table)):
        return ()
    before = replace(table, rows=tuple(_before(table)))
    whole = [entry for entry in ordered(before) if entry.selection.complete]
    rule, _ = rule_of(before, "search", whole)
    able = [entry for entry in whole if rule.score(entry) is not None and not unmet(entry, before, "search")]
    top, _ = table.confirm
    return tuple(entry.configuration for entry in rule.choose(able).order[:top]) if able else ()


def confirmed(table: Table) -> bool:
    """Whether all finalists have been run on their fresh seeds, whatever came of it."""
    found = {entry.configuration: entry for entry in ordered(table, "confirm")}
    names = finalists(table)
    return bool(names) and all(name in found and not _has(found[name], "confirm", "missing") for name in names)


def optimism(table: Table) -> Optimism | Unavailable:
    """Searched against confirmed scores of the finalists; how far the searched winner fell."""
    if table.confirm is None:
        return Unavailable("the study confirms nothing")
    if not confirmed(table):
        return Unavailable("the finalists have not been run on fresh seeds")
    names = finalists(table)
    fresh = {entry.configuration: entry.selection for entry in ordered(table, "confirm")}
    terms = Terms(table, "search")
    finals = tuple(
        _final(entry, fresh[entry.configuration], terms) for entry in ordered(table) if entry.configuration in names
    )
    return Optimism(finals, *_interval(finals))


def _final(entry: Entry, fresh: Cell, terms: Terms) -> Final:
    both = entry.selection.mean is not None and fresh.mean is not None
    drop = terms.sign * ((entry.selection.mean or 0.0) - (fresh.mean or 0.0)) if both else None
    return Final(entry, entry.selection, fresh, drop)


def _interval(finals: Sequence[Final]) -> tuple[float | None, float | None, float | None, int]:
    """(low, high, sd, df) of the first one's drop."""
    first = finals[0]
    spread = pooled(cell for each in finals for cell in (each.searched, each.confirmed))
    if spread is None:
        return None, None, None, 0
    if first.drop is None or "" in first.searched.by_replicate:
        return None, None, spread.sd, spread.df
    from scipy.stats import t  # noqa: PLC0415  # heavy, and asked for once a study has been confirmed

    error = spread.sd * math.sqrt(1 / first.searched.n + 1 / first.confirmed.n)
    half = float(t.ppf((1 + CONFIDENCE) / 2, spread.df)) * error
    return first.drop - half, first.drop + half, spread.sd, spread.df


def _before(table: Table) -> Iterator[Row]:
    """The rows with the runs that the search made."""
    for row in table.rows:
        yield replace(row, runs=tuple(run for run in row.runs if run.role in SEARCHED))


def _unfinished(table: Table) -> bool:
    return any(run.status == "missing" for row in table.rows for run in row.runs if run.role in SEARCHED)


def _has(entry: Entry, role: Role, status: str) -> bool:
    rows = [row for row in entry.rows if row is not None]
    return any(run.status == status for row in rows for run in row.runs if run.role == role)
