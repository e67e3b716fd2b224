"""Which configuration is carried forward, by the study's rule."""

from dataclasses import dataclass
from typing import Any

from tunebook.analyse.scores import Entry, all_runs, cases, ordered, searched
from tunebook.errors import InputError, Problem
from tunebook.records import Decision, Scalar, Table

RULE = "best-mean"


@dataclass(frozen=True)
class Judgement:
    """What the rule says of a table.

    Args:
        decision: None when the rule cannot choose; then `reason` says why.
        caveats: What limits the choice, one sentence each.
    """

    decision: Decision | None
    reason: str
    caveats: tuple[str, ...]


def decide(table: Table) -> Decision | None:
    """The configuration that the rule chooses; None when none has finished (see `judge` for the reason)."""
    return judge(table).decision


def judge(table: Table) -> Judgement:
    """Apply the rule best-mean.

    It takes the highest (or lowest, by the metric's direction) mean over replicates on the selection split,
    averaged over cases, among the configurations whose searched runs all have a value. Equal means: fewer
    trainable parameters, then the id. `Decision.values` holds the varied parameters, nested; `Decision.runs`
    is empty with several cases, because no single run stands for a seed then.

    Raises:
        InputError: when the study names another rule.
    """
    if table.rule != RULE:
        raise InputError(Problem("select.rule", f"must be {RULE}; got {table.rule}"))
    entries = ordered(table)
    candidates = [entry for entry in entries if entry.selection.complete]
    caveats = _caveats(table, entries, candidates)
    if not candidates:
        where = f"{table.select_metric} on {table.select_split}"
        return Judgement(None, f"no configuration has a value of {where} from all of its runs", caveats)
    best = candidates[0]
    decision = Decision(
        study=table.study,
        configuration=best.configuration,
        label=best.label,
        values=_nested(next(row.parameters for row in best.rows if row is not None)),
        rule=RULE,
        metric=table.select_metric,
        split=table.select_split,
        score=_mean(best),
        candidates={entry.configuration: _mean(entry) for entry in candidates},
        runs=_runs(best),
    )
    return Judgement(decision, "", caveats)


def outdated(table: Table) -> str:
    """Why the recorded decision is not that of the study as it stands; empty when it is, or when there is none."""
    decision = table.decision
    if decision is None:
        return ""
    if all(row.configuration != decision.configuration for row in table.rows):
        return "recorded before the study was changed: its configuration is not among the rows"
    then, now = (decision.rule, decision.metric, decision.split), (table.rule, table.select_metric, table.select_split)
    if then != now:
        return "recorded before the study was changed: it was chosen by {}, {} on {}".format(*then)
    without = len({run.id for _, run in all_runs(table) if run.status == "missing"})
    have = "run that the study declares has" if without == 1 else "runs that the study declares have"
    return f"{without} {have} no result yet, and it was decided before" if without else ""


def _caveats(table: Table, entries: tuple[Entry, ...], candidates: list[Entry]) -> tuple[str, ...]:
    found = []
    replicates = max((entry.selection.n for entry in candidates), default=0)
    if replicates == 1:
        found.append("With one replicate the rule cannot judge noise: a rerun may order the configurations otherwise.")
    if len(cases(table)) > 1:
        names = ", ".join(case.label for case in cases(table))
        found.append(f"The score of a configuration is its mean over the cases {names}.")
    left_out = len(entries) - len(candidates)
    if left_out and candidates:
        were = "configuration was" if left_out == 1 else "configurations were"
        found.append(f"{left_out} {were} no candidate: not every run has a value.")
    return tuple(found)


def _mean(entry: Entry) -> float:
    assert entry.selection.mean is not None  # a candidate is complete
    return entry.selection.mean


def _runs(entry: Entry) -> dict[int, str]:
    if len(entry.rows) > 1 or entry.rows[0] is None:
        return {}
    return {run.replicate.get("seed", -1): run.id for run in searched(entry.rows[0])}


def _nested(parameters: Any) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    path: str
    value: Scalar
    for path, value in parameters.items():
        *groups, name = path.split(".")
        node = nested
        for group in groups:
            node = node.setdefault(group, {})
        node[name] = value
    return nested
