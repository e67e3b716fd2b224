"""What the scores are of: the split of choice and settings, the items that count, predictors that predict nothing."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tunebook.analyse.audit.finding import Finding, finding, is_own, run_name
from tunebook.analyse.masks import Confusion, Kind, Masks, kinds, together
from tunebook.analyse.saying import counted, number
from tunebook.analyse.scores import Unavailable, all_runs, called
from tunebook.records import MetricFacts, RunFacts, Settings, Table

KEPT = "; predictions are kept, so no run is trained again for it"
FEWEST_ITEMS = 3
"""From so many items on, equal scores on all of them are no accident."""
ALWAYS_YES = ("recall", "sensitivity", "tpr")
"""Metrics that a predictor has in full which says yes to everything."""
FALSE_ALARMS = ("precision", "ppv", "specificity", "tnr", "f1", "dice", "iou", "jaccard")
"""Metrics that fall when it does."""


def chosen_on_reported(table: Table) -> Iterator[Finding]:
    """T401."""
    if table.select_split in table.splits:
        alone = len(table.splits) == 1 and not is_own(table)
        no_other = " There is no score of another split." if alone else ""
        yield finding(
            "T401",
            f"The configuration is chosen by {table.select_metric} on {table.select_split}, which is also reported: "
            f"its score there is too good, because it is the best of several.{no_other}",
            (f"chosen on: {table.select_split}", f"reported: {', '.join(table.splits)}"),
            f"choose on a split that is not reported{' (select.split)' if is_own(table) else ''}, "
            "and report one on which nothing was chosen",
        )


def settings_on_reported(table: Table) -> Iterator[Finding]:
    """T402."""
    found: Counter[tuple[str, str]] = Counter()
    for _, run in all_runs(table):
        found.update(_settled(each) for each in run.settings if each.split in table.splits)
    if found:
        splits = " and ".join(dict.fromkeys(split for _, split in found))
        yield finding(
            "T402",
            f"Settings are chosen on {splits}, where their scores are reported: these are too good.",
            (f"{what} chosen on {split} in {counted(times, 'run')}" for (what, split), times in found.items()),
            "choose settings on the split of the choice" + (KEPT if is_own(table) else ""),
        )


def items_missing(table: Table) -> Iterator[Finding]:
    """T403."""
    evidence = [
        f"{run_name(row, run)}: {metric} on {split} scored {n} of {expected} items"
        for row, run in all_runs(table)
        for (metric, split), (n, expected) in run.counts.items()
        if run.status == "finished" and n < expected and (metric, split) in run.scores
    ]
    if evidence:
        seen = "the measurements.jsonl of the run says which items and why, or how many of each group"
        yield finding(
            "T403",
            f"{counted(len(evidence), 'score')} with fewer items scored than the split has.",
            evidence,
            seen if is_own(table) else "score every item; one without a prediction counts as an empty prediction",
        )


def degenerate(table: Table) -> Iterator[Finding]:
    """T404: one score on every item of a split, unless it is the best that there is; or the worst score as a whole.

    And masks that are degenerate by their pixels, told for all runs of a configuration together; then their scores
    say nothing more.
    """
    lowest = _lowest(table)
    masks = _degenerate_masks(table)
    evidence = [line for runs in masks.values() for line in _told(runs)]
    told = {each.run.id for runs in masks.values() for each in runs if each.half_kind or each.chosen_kind}
    runs = len(told)
    for row, run in all_runs(table):
        scored = run.status == "finished" and run.id not in told
        found = list(_constants(run, table.metrics, lowest)) if scored else []
        runs += bool(found)
        evidence += [f"{run_name(row, run)}: {what}" for what in found]
    if evidence:
        yield finding(
            "T404",
            _degenerate_said(runs, by_pixels=len(told)),
            evidence,
            "look at their predictions; where it is meant to be so, say that it is a floor",
        )


def _degenerate_said(runs: int, *, by_pixels: int) -> str:
    """Of how many runs: by their pixels, at either threshold; the others by their scores."""
    masks = f"{counted(by_pixels, 'run')} {'has' if by_pixels == 1 else 'have'} degenerate masks, at 0.5 or at the "
    masks += "chosen threshold"
    rest = runs - by_pixels
    scores = f"{counted(rest, 'run')} {'scores' if rest == 1 else 'score'} as a predictor would that does not look at "
    scores += "its input"
    return "; ".join([masks] * (by_pixels > 0) + [scores] * (rest > 0)) + "."


def _settled(settings: Settings) -> tuple[str, str]:
    names = ", ".join(settings.values)
    return f"{settings.mode}: {names}" if settings.mode else names, settings.split


# Degenerate predictors --------------------------------------------------------------------------------


def _degenerate_masks(table: Table) -> dict[str, list[Masks]]:
    """Configuration, in its case -> the masks of all its runs, where those of one are degenerate."""
    found = kinds(table)
    if isinstance(found, Unavailable):
        return {}
    held: dict[str, list[Masks]] = {}
    for each in found.masks:
        if each.run.role != "baseline":
            held.setdefault(called(each.row), []).append(each)
    return {who: runs for who, runs in held.items() if any(each.half_kind or each.chosen_kind for each in runs)}


def _told(runs: Sequence[Masks]) -> Iterator[str]:
    """`lr=0.1: all black at 0.5 in 2 of 3 runs (tp 0, fp 0, fn 812); all white at the chosen threshold in …`."""
    clauses = []
    for where, half in (("0.5", True), ("the chosen threshold", False)):
        at: dict[Kind, list[Confusion]] = {}
        for each in runs:
            kind, counts = (each.half_kind, each.half) if half else (each.chosen_kind, each.chosen)
            if kind is not None:
                at.setdefault(kind, []).append(counts)
        for kind, counted_runs in at.items():
            pixels = together(counted_runs)
            of = f" in {len(counted_runs)} of {len(runs)} runs" if len(runs) > 1 else ""
            clauses.append(f"{kind} at {where}{of} (tp {pixels.tp:,}, fp {pixels.fp:,}, fn {pixels.fn:,})")
    yield f"{called(runs[0].row)}: {'; '.join(clauses)}"


def _constants(
    run: RunFacts, metrics: Mapping[str, MetricFacts], lowest: Mapping[tuple[str, str], float]
) -> Iterator[str]:
    for key, value in run.scores.items():
        metric, split = key
        if metric not in metrics:
            continue
        worst, best = _ends(metrics[metric])
        items = run.items.get(key, {})
        if len(items) >= FEWEST_ITEMS and (level := next(iter(items.values()))) != best and _all_are(items, level):
            end = ", the worst there is" if level == worst else ""
            yield f"{metric} on {split} is {number(level)} on each of {len(items)} items{end}"
        elif not items and value == worst and _bounded(metrics[metric]):
            yield f"{metric} on {split} is {number(value)}, the worst there is"
        elif value == best and metric.rsplit(".", 1)[-1] in ALWAYS_YES and _alarms(run, split, lowest):
            yield f"{metric} on {split} is {number(value)}, the best there is, where {_alarms(run, split, lowest)}"


def _all_are(items: Mapping[str, float], level: float) -> bool:
    return all(value == level for value in items.values())


def _ends(facts: MetricFacts) -> tuple[float, float]:
    """The worst and the best value; of a metric that does not tell its range, those of a share."""
    low = 0.0 if facts.low is None else facts.low
    high = 1.0 if facts.high is None else facts.high
    return (low, high) if facts.direction == "maximize" else (high, low)


def _bounded(facts: MetricFacts) -> bool:
    return (facts.low if facts.direction == "maximize" else facts.high) is not None


def _lowest(table: Table) -> dict[tuple[str, str], float]:
    """The lowest score of each metric that false alarms lower, where not all are equal."""
    found: dict[tuple[str, str], list[float]] = {}
    for _, run in all_runs(table):
        for (metric, split), value in run.scores.items():
            if metric.rsplit(".", 1)[-1] in FALSE_ALARMS:
                found.setdefault((metric, split), []).append(value)
    return {key: min(values) for key, values in found.items() if min(values) < max(values)}


def _alarms(run: RunFacts, split: str, lowest: Mapping[tuple[str, str], float]) -> str:
    """`precision is 0.120, the lowest of the table`; empty when nothing of the run is."""
    low = [
        f"{metric} is {number(value)}, the lowest of the table"
        for (metric, where), value in run.scores.items()
        if where == split and lowest.get((metric, where)) == value
    ]
    return low[0] if low else ""
