"""Whether the study that was declared is the one that ran: holes, uneven replicates, seeds that come twice."""

from collections import Counter
from collections.abc import Iterator

from tunebook.analyse.audit.finding import Finding, distinct, finding, is_own, run_name
from tunebook.analyse.progress import progress
from tunebook.analyse.saying import counted
from tunebook.analyse.scores import all_runs, called, searched
from tunebook.records import Row, RunFacts, Table


def not_run(table: Table) -> Iterator[Finding]:
    """T101: what is missing, apart from it what failed, and points that a foreign table implies (they have no run).

    What is still to come while a study runs is not missing.
    """
    implied = [(row, run) for row, run in all_runs(table) if not run.id]
    missing = [(row, run) for row, run in all_runs(table) if run.status == "missing" and run.id]
    failed = [(row, run) for row, run in all_runs(table) if run.status == "failed"]
    if missing and not _to_come(table):
        way_out = (
            f"tunebook run BOOK/{table.study} runs what is missing"
            if is_own(table)
            else "run it, or say why it was not"
        )
        yield finding("T101", f"{_were(len(missing))} declared but not run{_why(table)}.", _listed(missing), way_out)
    if implied:
        are = "is" if len(implied) == 1 else "are"
        yield finding(
            "T101",
            f"{counted(len(implied), 'point')} that the values of the grid imply {are} not in the table.",
            (run_name(row, run) for row, run in implied),
            "run them, or say which points were never meant (--where)",
        )
    if failed:
        again = f"read their reasons and logs, then tunebook run BOOK/{table.study} --retry failed"
        way_out = again if is_own(table) else "show them as failed, each with its reason"
        yield finding("T101", f"{_were(len(failed))} declared but failed.", _listed(failed), way_out)


def uneven_replicates(table: Table) -> Iterator[Finding]:
    """T102: rows with fewer finished runs than others, but with one; rows that no seed changes have no more."""
    counts = {id(row): sum(run.status == "finished" for run in searched(row)) for row in table.rows if _is_seeded(row)}
    most = max(counts.values(), default=0)
    fewer = [row for row in table.rows if 0 < counts.get(id(row), 0) < most]
    if fewer:
        have = "configuration has" if distinct(fewer) == 1 else "configurations have"
        yield finding(
            "T102",
            f"{distinct(fewer)} {have} fewer finished runs than the others, which have {most}.",
            (f"{called(row)}: {counted(counts[id(row)], 'run')} of {most}" for row in fewer),
            "run what they lack, or compare all on the replicates that they share",
        )


def one_seed_twice(table: Table) -> Iterator[Finding]:
    """T103: runs of one configuration and case that were searched under one replicate."""
    evidence = []
    for row in table.rows:
        runs = [run for run in row.runs if run.role == "search" and run.status == "finished" and run.replicate]
        times = Counter(tuple(sorted(run.replicate.items())) for run in runs)
        for replicate, number in times.items():
            if number > 1:
                same = [run for run in runs if tuple(sorted(run.replicate.items())) == replicate]
                evidence.append(f"{run_name(row, same[0])}: {number} runs ({', '.join(run.id for run in same)})")
    if evidence:
        has = "has" if len(evidence) == 1 else "have"
        yield finding(
            "T103",
            f"{counted(len(evidence), 'replicate')} of a configuration {has} more than one run.",
            evidence,
            "count one run to each seed; what was run again measures whether a run repeats, not the spread of seeds",
        )


def _to_come(table: Table) -> bool:
    """Whether nothing has stopped the study yet: its page says above all how many runs have ended."""
    return table.decision is None and progress(table).condition == "interim"


def _is_seeded(row: Row) -> bool:
    return any(run.replicate for run in searched(row))


def _why(table: Table) -> str:
    """That somebody or something stopped the study."""
    return "" if table.stop is None else f": the study was stopped by {table.stop.reason} on {table.stop.on}"


def _were(number: int) -> str:
    return f"{counted(number, 'run')} {'was' if number == 1 else 'were'}"


def _listed(found: list[tuple[Row, RunFacts]]) -> Iterator[str]:
    return (f"{run_name(row, run)}: {run.reason}" if run.reason else run_name(row, run) for row, run in found)
