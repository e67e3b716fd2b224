"""Which configuration is carried forward, by the study's rule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tunebook.analyse.differences import difference
from tunebook.analyse.scores import Entry, all_runs, best_of, cases, cell, direction, ordered, searched
from tunebook.errors import InputError, Problem
from tunebook.records import Decision, Scalar, Table

RULE = "best-mean"
NAMED = 3
"""Most configurations that a caveat names."""


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
    averaged over cases (each weighs the same), among the configurations whose searched runs all have a value.
    Equal means: fewer trainable parameters, then the id. `Decision.values` holds the varied parameters, nested;
    `Decision.runs` is empty with several cases, because no single run stands for a seed then.

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
        found.append(
            f"The score of a configuration is its mean over the cases {names}; each case weighs the same, "
            "and ± is the spread of that mean between replicates."
        )
        found += _elsewhere(table, candidates)
    left_out = [entry for entry in entries if not entry.selection.complete]
    if left_out and candidates:
        were = "configuration was" if len(left_out) == 1 else "configurations were"
        found.append(f"{len(left_out)} {were} no candidate, for not every run has a value: {_said(table, left_out)}.")
    return tuple(found)


def _elsewhere(table: Table, candidates: list[Entry]) -> Iterator[str]:
    """Where another candidate than the one with the best mean over cases is better in a case.

    Not where common replicates cannot tell the two apart; where there are too few of them to tell, that is said.
    """
    column = {"metric": table.select_metric, "split": table.select_split}
    for at, case in enumerate(cases(table)):
        found = [(entry, cell(entry.rows[at], **column)) for entry in candidates]
        top = best_of((one.mean or 0.0 for _, one in found), direction(table, table.select_metric))
        if not found or found[0][1].mean == top:
            continue
        (chosen, here), (other, best) = found[0], next(each for each in found if each[1].mean == top)
        gap = difference(best, here)
        if gap is None or gap.apart:
            untold = "" if gap else ", with fewer than two common replicates to tell them apart"
            yield (
                f"In {case.label} alone {other.label or other.configuration} has the best {table.select_metric} on "
                f"{table.select_split}, {best.mean:.3f}; {chosen.label or chosen.configuration} has "
                f"{here.mean:.3f}{untold}."
            )


def _said(table: Table, left_out: Sequence[Entry]) -> str:
    """Which configurations, and why: `rank=4 (root=cells: 2 of 3 seeds: 1 diverged)`."""
    named = []
    for entry in left_out[:NAMED]:
        why = [
            ": ".join(part for part in (case.label, found.reason) if part)
            for case, row in zip(cases(table), entry.rows, strict=True)
            if not (found := cell(row, metric=table.select_metric, split=table.select_split)).complete
        ]
        named.append(f"{entry.label or entry.configuration} ({'; '.join(why)})")
    more = len(left_out) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


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
