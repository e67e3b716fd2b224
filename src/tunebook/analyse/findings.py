"""What a reader must be warned of, with stable codes."""

from collections.abc import Iterator
from dataclasses import dataclass

from tunebook.analyse.decision import judge, outdated
from tunebook.analyse.edges import edges
from tunebook.analyse.scores import all_runs, called, searched
from tunebook.records import Row, RunFacts, Table

CODES = ("T101", "T202", "T302", "T401", "T403", "T501", "T503")
"""What is checked."""


@dataclass(frozen=True)
class Finding:
    """One flaw of a study.

    Args:
        code: `T101`; never reused for anything else.
        sentence: What is the matter.
        evidence: The rows, runs or numbers that show it.
        way_out: What to do.
    """

    code: str
    sentence: str
    evidence: tuple[str, ...]
    way_out: str


def findings(table: Table) -> tuple[Finding, ...]:
    """All findings of a study, ordered by code."""
    checks = (
        _not_run,
        _at_an_edge,
        _no_spread,
        _chosen_on_reported,
        _items_missing,
        _other_decision,
        _outdated_decision,
    )
    return tuple(found for check in checks for found in check(table))


def _not_run(table: Table) -> Iterator[Finding]:
    for status, words, way_out in (
        ("missing", "declared but not run", f"tunebook run {table.study} runs what is missing"),
        (
            "failed",
            "declared but failed",
            f"read their reasons and logs, then tunebook run {table.study} --retry failed",
        ),
    ):
        found = [(row, run) for row, run in all_runs(table) if run.status == status]
        if found:
            verb = "run was" if len(found) == 1 else "runs were"
            evidence = tuple(_named(row, run) for row, run in found)
            yield Finding("T101", f"{len(found)} {verb} {words}.", evidence, way_out)


def _at_an_edge(table: Table) -> Iterator[Finding]:
    found = tuple(edges(table))
    if found:
        evidence = [
            f"{edge.entry.label or edge.entry.configuration}: {edge.parameter} {edge.value:g} is the "
            f"{'smallest' if edge.value == edge.values[0] else 'largest'} of "
            f"{', '.join(f'{value:g}' for value in edge.values)}"
            for edge in found
        ]
        beyond = dict.fromkeys(
            f"{edge.parameter} {edge.beyond:g}{f' ({edge.entry.alternative})' if edge.entry.alternative else ''}"
            for edge in found
        )
        at = f"{len(found)} parameters of best configurations lie" if len(found) > 1 else "The best configuration lies"
        yield Finding(
            "T202",
            f"{at} at the edge of the values tried: a better one may lie beyond.",
            tuple(evidence),
            f"try the next value, where the parameter can have it: {', '.join(beyond)}",
        )


def _no_spread(table: Table) -> Iterator[Finding]:
    single = [row for row in table.rows if len(runs := searched(row)) == 1 and runs[0].replicate]
    if single:
        number = len({row.configuration for row in single})
        have = "configuration has" if number == 1 else "configurations have"
        yield Finding(
            "T302",
            f"{number} {have} one replicate: no spread can be given, and gaps between them may be noise.",
            tuple(called(row) for row in single),
            "replicates: {seed: 3}",
        )


def _chosen_on_reported(table: Table) -> Iterator[Finding]:
    if table.select_split in table.splits:
        yield Finding(
            "T401",
            f"The configuration is chosen on {table.select_split}, which is also reported: "
            f"its score there is too good, because it is the best of several.",
            (f"select.split: {table.select_split}", f"report.splits: {', '.join(table.splits)}"),
            "select on a split that is not reported",
        )


def _items_missing(table: Table) -> Iterator[Finding]:
    evidence = [
        f"{_named(row, run)}: {metric} on {split} scored {n} of {expected} items"
        for row, run in all_runs(table)
        for (metric, split), (n, expected) in run.counts.items()
        if run.status == "finished" and n < expected and (metric, split) in run.scores
    ]
    if evidence:
        are = "score lacks" if len(evidence) == 1 else "scores lack"
        yield Finding(
            "T403",
            f"{len(evidence)} {are} items of the split.",
            tuple(evidence),
            "the measurements.jsonl of the run says for each of these items why it has no value",
        )


def _other_decision(table: Table) -> Iterator[Finding]:
    chosen = judge(table).decision
    if table.decision is None or outdated(table):
        return
    if chosen is None or chosen.configuration != table.decision.configuration:
        now = f"the rule chooses {chosen.label}" if chosen else "the rule cannot choose"
        yield Finding(
            "T501",
            "The recorded decision does not follow from its rule on this table.",
            (f"recorded: {table.decision.label}", now),
            f"tunebook run {table.study} decides again",
        )


def _outdated_decision(table: Table) -> Iterator[Finding]:
    why = outdated(table)
    if table.decision is not None and why:
        recorded = f"recorded: {table.decision.label or table.decision.configuration} ({table.decision.configuration})"
        yield Finding(
            "T503",
            "The recorded decision is not that of the study as it stands.",
            (recorded, why),
            f"tunebook run {table.study} runs what is missing and decides again",
        )


def _named(row: Row, run: RunFacts) -> str:
    replicate = " ".join(f"{factor}={number}" for factor, number in run.replicate.items())
    reason = f": {run.reason}" if run.reason else ""
    return " ".join(part for part in (called(row), replicate) if part) + reason
