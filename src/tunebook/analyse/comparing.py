"""Two studies, or one before and after a change, compared on what they share.

Scores are those of the runs with the role `search`. Means go over the shared configurations first, then over cases,
so that what remains is one value for each replicate: the interval of the difference is about other seeds (and other
items, where scores are means of them) for these configurations, not about other configurations.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence

from tunebook.analyse.compared import (
    Change,
    Chosen,
    Compared,
    Correlation,
    Differing,
    LeftOut,
    Mean,
    PairScores,
    Scores,
    Side,
)
from tunebook.analyse.comparisons import difference
from tunebook.analyse.pairing import Both, Pair, Shared, averaged, joined, on_common, paired, shared
from tunebook.analyse.scores import Cell, all_runs, cases, cell, mean_over_cases, ordered, replicate_of, searched
from tunebook.records import Role, RunFacts, Table

STUDY_FILE = "study file"
NOT_COMPARED = frozenset({"started", "ended", "scored", "host", STUDY_FILE})
"""Provenance that differs between equal runs, and what is compared line by line."""
FEWEST_RANKED = 3


def comparison(a: Table, b: Table) -> Compared:
    """Compare two studies on the configurations, cases, replicates, items, metrics and splits that both have."""
    pairs = paired(a, b)
    first, second = _side(a, b, pairs), _side(b, a, [Pair(pair.second, pair.first, pair.by) for pair in pairs])
    in_cases = shared(*([case.label for case in cases(table)] for table in (a, b)))
    splits = shared(*((table.select_split, *table.splits) for table in (a, b)))
    metrics = shared(a.metrics, b.metrics)
    one, other = _runs(pairs, in_cases.both, at=0), _runs(pairs, in_cases.both, at=1)
    both = [key for key in one if key in other]
    return Compared(
        first=first,
        second=second,
        configurations=_configurations(a, b, pairs),
        by_values=tuple(_called(pair) for pair in pairs if pair.by == "values"),
        cases=in_cases,
        replicates=shared(*([_replicate(run) for row in table.rows for run in searched(row)] for table in (a, b))),
        metrics=metrics,
        splits=splits,
        runs=len(both),
        same_runs=sum(one[key] == other[key] for key in both),
        scores=tuple(
            _scores((a, b), pairs, in_cases.both, metric, split)
            for split in splits.both
            for metric in metrics.both
            if all(_measured(table, metric, split) for table in (a, b))
        ),
        same_decision=_same(first.decision, second.decision, pairs),
        same_winner=_same(first.winner, second.winner, pairs),
        provenance=tuple(_provenance(a, b)),
        file=tuple(_changed(a, b)),
    )


# Scores ---------------------------------------------------------------------------------------------------


def _scores(
    tables: tuple[Table, Table], pairs: Sequence[Pair], in_cases: Sequence[str], metric: str, split: str
) -> Scores:
    found = {case: on_common(pairs, case, metric=metric, split=split) for case in in_cases}
    why = {name: reason for _, reasons in found.values() for name, reason in reasons.items()}
    kept = [pair for pair in pairs if found and pair.first.configuration not in why]
    each = [joined([both[pair.first.configuration] for both, _ in found.values()], mean_over_cases) for pair in kept]
    names = [pair.first.configuration for pair in kept]
    overall = [joined([both[name] for name in names], averaged) for both, _ in found.values()] if kept else []
    total = joined(overall, mean_over_cases) if overall else None
    items, means = _items(tables, metric, split), all(both.first.items and both.second.items for both in overall)
    return Scores(
        metric=metric,
        split=split,
        pairs=tuple(_pair_scores(pair, both) for pair, both in zip(kept, each, strict=True)),
        left_out=tuple(
            LeftOut(_called(pair), why.get(pair.first.configuration, "no case that both have"))
            for pair in pairs
            if pair not in kept
        ),
        items=items,
        whole=not means and (bool(items.first or items.second) or _expected(tables, metric, split)),
        first=None if total is None else _mean(total.first),
        second=None if total is None else _mean(total.second),
        change=None if total is None else _change(total),
        ranking=_correlation(each),
    )


def _pair_scores(pair: Pair, both: Both) -> PairScores:
    return PairScores(pair.first.configuration, _called(pair), _mean(both.first), _mean(both.second), _change(both))


def _mean(one: Cell) -> Mean:
    assert one.mean is not None  # what is compared has a value
    return Mean(one.mean, one.sd, one.n)


def _change(both: Both) -> Change:
    found = difference(both.second, both.first)
    if found is None:
        return Change(_mean(both.second).mean - _mean(both.first).mean, None, None, min(both.first.n, both.second.n), 0)
    return Change(found.mean, found.low, found.high, found.n, found.items)


def _correlation(each: Sequence[Both]) -> Correlation:
    one, other = ([side.mean for side in sides] for sides in ([b.first for b in each], [b.second for b in each]))
    if len(each) < FEWEST_RANKED or len(set(one)) == 1 or len(set(other)) == 1:
        return Correlation(None, len(each))
    from scipy.stats import spearmanr  # noqa: PLC0415  only a comparison waits for it

    return Correlation(float(spearmanr(one, other).statistic), len(each))


def _items(tables: tuple[Table, Table], metric: str, split: str) -> Shared:
    """The items that runs have values of."""
    return shared(
        *([item for _, run in all_runs(table) for item in run.items.get((metric, split), ())] for table in tables)
    )


def _expected(tables: tuple[Table, Table], metric: str, split: str) -> bool:
    """Whether the two studies expect other numbers of items."""
    one, other = (
        {run.counts[metric, split][1] for _, run in all_runs(table) if (metric, split) in run.counts}
        for table in tables
    )
    return one != other


def _measured(table: Table, metric: str, split: str) -> bool:
    return any((metric, split) in run.scores for _, run in all_runs(table))


# What was chosen ------------------------------------------------------------------------------------------


def _side(table: Table, other: Table, pairs: Sequence[Pair]) -> Side:
    """A study's choices; `pairs` have its configurations first."""
    best = next((entry for entry in ordered(table) if entry.selection.complete), None)
    decision, column = table.decision, (table.select_metric, table.select_split)
    return Side(
        table.study,
        None
        if decision is None
        else _chosen(
            table,
            other,
            pairs,
            decision.configuration,
            decision.label,
            (decision.metric, decision.split),
            decision.role,
        ),
        None if best is None else _chosen(table, other, pairs, best.configuration, best.label, column, "search"),
    )


def _chosen(
    table: Table, other: Table, pairs: Sequence[Pair], name: str, label: str, column: tuple[str, str], role: Role
) -> Chosen:
    metric, split = column
    entry = next((entry for entry in ordered(table) if entry.configuration == name), None)
    cells = [cell(row, metric=metric, split=split, role=role) for row in entry.rows] if entry is not None else []
    score = mean_over_cases(cells) if cells else None
    there = next((pair.second for pair in pairs if pair.first.configuration == name), None)
    ranked = [each.configuration for each in ordered(other) if each.selection.complete]
    return Chosen(
        configuration=name,
        label=label or name,
        metric=metric,
        split=split,
        score=_mean(score) if score is not None and score.mean is not None else None,
        there="" if there is None else there.label or there.configuration,
        place=ranked.index(there.configuration) + 1 if there and there.configuration in ranked else None,
        of=len(ranked),
    )


def _same(first: Chosen | None, second: Chosen | None, pairs: Sequence[Pair]) -> bool | None:
    if first is None or second is None:
        return None
    chosen = (first.configuration, second.configuration)
    return any((pair.first.configuration, pair.second.configuration) == chosen for pair in pairs)


# What is shared -------------------------------------------------------------------------------------------


def _configurations(a: Table, b: Table, pairs: Sequence[Pair]) -> Shared:
    """Labels of the shared configurations, and of those of one study alone."""
    one, other = {pair.first.configuration for pair in pairs}, {pair.second.configuration for pair in pairs}
    return Shared(
        tuple(_called(pair) for pair in pairs),
        tuple(entry.label or entry.configuration for entry in ordered(a) if entry.configuration not in one),
        tuple(entry.label or entry.configuration for entry in ordered(b) if entry.configuration not in other),
    )


def _runs(pairs: Sequence[Pair], in_cases: Sequence[str], *, at: int) -> Mapping[tuple[int, str, str], str]:
    """(place of the pair, case, replicate) -> id of the finished run, of one side of the pairs."""
    return {
        (number, row.case.label, _replicate(run)): run.id
        for number, pair in enumerate(pairs)
        for row in (pair.first, pair.second)[at].rows
        if row is not None and row.case.label in in_cases
        for run in searched(row)
        if run.status == "finished"
    }


def _replicate(run: RunFacts) -> str:
    return replicate_of(run) or "no seed matters"


def _called(pair: Pair) -> str:
    return pair.first.label or pair.first.configuration


# How it came about ----------------------------------------------------------------------------------------


def _provenance(a: Table, b: Table) -> Iterator[Differing]:
    """How each chose, and what the runs and the studies tell of versions, machines, evaluators and inputs."""
    one, other = _told(a), _told(b)
    for key in sorted({*one, *other} - NOT_COMPARED):
        values = [tuple(sorted(each.get(key, ()))) for each in (one, other)]
        if values[0] != values[1]:
            yield Differing(key, *values)


def _told(table: Table) -> dict[str, set[str]]:
    found = {key: {value} for key, value in table.provenance.items()}
    found["chosen by"] = {f"{table.rule} of {table.select_metric} on {table.select_split}"}
    found["task"] = {table.task}
    for _, run in all_runs(table):
        for key, value in run.provenance.items():
            found.setdefault(key, set()).add(value)
    return found


def _changed(a: Table, b: Table) -> Iterator[str]:
    if a.study == b.study:
        one, other = (table.provenance.get(STUDY_FILE, "").splitlines() for table in (a, b))
        lines = list(difflib.unified_diff(one, other, n=0, lineterm=""))[2:]  # the first two name the files
        yield from (line for line in lines if not line.startswith("@@"))
