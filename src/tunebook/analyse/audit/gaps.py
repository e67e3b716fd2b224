"""Whether the order of the configurations is more than noise."""

from collections.abc import Iterator, Sequence

from tunebook.analyse.audit.finding import Finding, distinct, finding, is_own
from tunebook.analyse.comparisons import Difference, against_best, by_items
from tunebook.analyse.finals import confirmed, finalists
from tunebook.analyse.noise import folds, noise
from tunebook.analyse.progress import is_open
from tunebook.analyse.saying import counted, name_of, number
from tunebook.analyse.scores import Entry, Unavailable, called, direction, ordered, runs_of, searched
from tunebook.records import Role, Row, RunFacts, Table

SIMPLEST = " (select: {rule: one-standard-error})"
NEAREST = 5
"""Most configurations that are named: the leaderboard shows all."""


def inside_noise(table: Table) -> Iterator[Finding]:
    """T301: the best configuration is not told apart from others, by multiple comparisons with the best.

    On fresh seeds where the finalists were confirmed.
    """
    role: Role = "confirm" if confirmed(table) else "search"
    entries = [entry for entry in ordered(table, role) if entry.selection.complete]
    gaps = against_best([entry.selection for entry in entries], direction(table, table.select_metric))
    tied = [
        (entry, gap) for entry, gap in list(zip(entries, gaps, strict=True))[1:] if gap is not None and not gap.apart
    ]
    if tied:
        fresh = " on fresh seeds" if role == "confirm" else ""
        yield finding(
            "T301",
            f"{name_of(entries[0])}, the best of {counted(len(entries), 'configuration')}{fresh}, is not told apart "
            f"from {counted(len(tied), 'other')}: the smallest gap of {table.select_metric} on {table.select_split} is "
            f"{number(min(abs(gap.mean) for _, gap in tied))}.",
            (*_nearest(tied), _source(table, entries[0], tied), _decided(table)),
            f"{_more(table, entries[0], tied)}, or take the simplest of them{SIMPLEST if is_own(table) else ''}",
        )


def no_spread(table: Table) -> Iterator[Finding]:
    """T302: configurations with one run that a seed could change.

    Not where something else says how far scores move: a centre point, or finalists on fresh seeds, if these have
    several each. Nor where more runs are to come.
    """
    if confirmed(table):
        yield from _one_fresh_run(table)
        return
    single = [row for row in table.rows if len(runs := _finished(row)) == 1 and runs[0].replicate]
    if is_open(table):
        single = [row for row in single if all(run.status != "missing" for run in searched(row))]
    if single and not _by_centre_point(table):
        have = "configuration has" if distinct(single) == 1 else "configurations have"
        yield finding(
            "T302",
            f"{distinct(single)} {have} one replicate: no spread can be given, and gaps between them may be noise.",
            map(called, single),
            "replicates: {seed: 3}" if is_own(table) else "run each with three seeds or more",
        )


def _one_fresh_run(table: Table) -> Iterator[Finding]:
    """Finalists by one run of each, which decides: the search may tell how far scores move, and they decide nothing."""
    names = finalists(table)
    rows = [row for row in table.rows if row.configuration in names]
    fresh = {id(row): [run for run in runs_of(row, "confirm") if run.status == "finished"] for row in rows}
    single = [row for row in rows if len(runs := fresh[id(row)]) == 1 and runs[0].replicate]
    if len(names) > 1 and single and not _by_centre_point(table):
        have = "finalist has" if distinct(single) == 1 else "finalists have"
        yield finding(
            "T302",
            f"{distinct(single)} {have} one run on fresh seeds, by which the study decides: no spread can be given "
            "there, and gaps between them may be noise.",
            map(called, single),
            "confirm: {top: 5, seeds: 3}" if is_own(table) else "run each with three fresh seeds or more",
        )


def _finished(row: Row) -> list[RunFacts]:
    return [run for run in searched(row) if run.status == "finished"]


def _by_centre_point(table: Table) -> bool:
    """Whether one configuration on seeds of its own says how far scores move."""
    known = noise(table, table.select_metric, table.select_split)
    return not isinstance(known, Unavailable) and known.source == "centre point"


Tied = Sequence[tuple[Entry, Difference]]


def _by_items(best: Entry, tied: Tied) -> bool:
    """Whether items, more than replicates, keep most of the tied from being told apart."""
    found = [by_items(best.selection, entry.selection) for entry, _ in tied]
    return 2 * sum(found) > len(found)


def _source(table: Table, best: Entry, tied: Tied) -> str:
    """What widens the intervals most."""
    units = "replicates" if folds(table) else "seeds"
    if not any(gap.items for _, gap in tied):
        return f"the intervals are those of {units}; nothing is said of other items"
    large, small = ("items", units) if _by_items(best, tied) else (units, "items")
    return f"the {large} widen the intervals more than the {small} do"


def _more(table: Table, best: Entry, tied: Tied) -> str:
    """What would make them narrower."""
    if _by_items(best, tied):
        return f"score more items on {table.select_split}"
    return f"run more {'replicates (further seeds of the folds)' if folds(table) else 'seeds'} of these"


def _nearest(tied: Tied) -> Iterator[str]:
    by_gap = sorted(tied, key=lambda each: abs(each[1].mean))
    for entry, gap in by_gap[:NEAREST]:
        yield (
            f"{name_of(entry)}: {number(abs(gap.mean))} behind, with an interval from {number(gap.low)} to "
            f"{number(gap.high)} (n = {gap.n})"
        )
    if len(tied) > NEAREST:
        yield f"and {len(tied) - NEAREST} more"


def _decided(table: Table) -> str:
    if table.decision is None or not is_own(table):
        return f"{table.rule} decides between them" if is_own(table) else "no rule is stated that decides between them"
    chosen = table.decision.overruled or table.decision
    return f"{table.decision.rule} decides between them: {chosen.label or chosen.configuration}"
