"""Two studies compared on what they share."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from study_tables import AIS, BOX, a_row, a_run, a_table, failed, scaling

from tunebook.analyse import comparison, decide
from tunebook.analyse.compared import Scores
from tunebook.records import Case, Row, RunFacts, Table

COLUMN = (AIS, "val")


def row(rank: int, values: Sequence[float], *, case: str = "", **facts: Any) -> Row:
    """A configuration of a study over ranks, with a value for each seed."""
    runs = [a_run(seed, val=value, id=f"{rank}-{seed}", **facts) for seed, value in enumerate(values)]
    return a_row(f"rank={rank}", *runs, parameters={"rank": rank}, case=Case({"data.root": case} if case else {}))


def with_items(items: Mapping[str, float], seed: int = 0) -> RunFacts:
    """A run whose score is the mean of its items."""
    return a_run(seed, val=float(np.mean(list(items.values()))), items={COLUMN: items})


def on_val(table: Table, other: Table) -> Scores:
    return next(each for each in comparison(table, other).scores if (each.metric, each.split) == COLUMN)


def test_equal_configurations_are_paired_by_id():
    """What is in one study alone is named; means go over what is shared, and the change is second minus first."""
    one = a_table(row(1, [0.2, 0.3]), row(2, [0.5, 0.6]), row(4, [0.9, 0.9]))
    two = a_table(row(2, [0.6, 0.8]), row(1, [0.3, 0.3]), row(8, [0.1, 0.1]))
    found, scores = comparison(one, two), on_val(one, two)

    assert found.configurations.both == ("rank=2", "rank=1")
    assert (found.configurations.first, found.configurations.second) == (("rank=4",), ("rank=8",))
    assert [round(mean.mean, 9) for mean in (scores.first, scores.second, scores.change)] == [0.4, 0.5, 0.1]
    assert (scores.first.n, scores.change.n, len(scores.pairs)) == (2, 2, 2)


def test_the_interval_is_that_of_the_paired_t_test_over_seeds():
    """Configurations are averaged first: they are no replicates. SciPy says the same of the means of seeds."""
    draws = np.random.default_rng(0).normal(0.5, 0.1, (2, 3, 4))
    one, two = (a_table(*(row(rank, list(values)) for rank, values in enumerate(side))) for side in draws)
    change = on_val(one, two).change
    expected = stats.ttest_rel(draws[1].mean(axis=0), draws[0].mean(axis=0)).confidence_interval(0.95)

    assert (change.low, change.high, change.n) == (pytest.approx(expected.low), pytest.approx(expected.high), 4)


def test_seeds_that_one_study_lacks_are_left_out():
    """Means and n are over the common seeds; a configuration that lacks one of them is named with the reason."""
    one = a_table(row(1, [0.2, 0.4, 0.9]), row(2, [0.5, 0.5, 0.5]))
    two = a_table(row(1, [0.3, 0.5]), replace(row(2, [0.5]), runs=(a_run(0, val=0.5), failed(1))))
    found, scores = comparison(one, two), on_val(one, two)

    assert (found.replicates.both, found.replicates.first) == (("seed=0", "seed=1"), ("seed=2",))
    assert (scores.first.mean, scores.first.n) == (pytest.approx(0.3), 2)
    assert [(each.label, each.reason) for each in scores.left_out] == [("rank=2", "1 of 2 seeds: 1 diverged")]


def test_one_seed_has_a_change_and_no_interval():
    """Nothing is known of the noise; without any pair there is no number at all."""
    change = on_val(a_table(row(1, [0.2])), a_table(row(1, [0.3]))).change
    apart = on_val(a_table(row(1, [0.2])), a_table(row(2, [0.3])))

    assert (change.mean, change.low, change.high, change.n) == (pytest.approx(0.1), None, None, 1)
    assert (apart.first, apart.change, apart.pairs, apart.ranking.n) == (None, None, (), 0)


def test_other_configurations_are_paired_by_what_both_vary():
    """Where the shared parameters single out one on each side; several with the same values stay unpaired."""

    def point(name: str, value: float, **parameters: Any) -> Row:
        return a_row(name, a_run(0, val=value), a_run(1, val=value), parameters=parameters)

    one = a_table(point("a", 0.1, rank=1, lr=1), point("b", 0.2, rank=2, lr=1), point("c", 0.3, rank=2, lr=2))
    two = a_table(point("x", 0.4, rank=1, alpha=1), point("y", 0.5, rank=2, alpha=1))
    found = comparison(one, two)

    assert (found.configurations.both, found.by_values) == (("a",), ("a",))
    assert found.configurations.first == ("c", "b")
    assert comparison(a_table(point("a", 0.1, rank=1)), a_table(point("x", 0.1, lr=1))).configurations.both == ()


def test_alternatives_are_paired_by_their_labels():
    """A best-results study before and after: its alternatives have no parameters of their own."""

    def table(prefix: str) -> Table:
        names = ("lora", "full")
        return a_table(*(a_row(f"{prefix} {name}", a_run(0), a_run(1), alternative=name) for name in names))

    assert comparison(table("old"), table("new")).configurations.both == ("old full", "old lora")


def test_scores_are_over_the_items_of_both():
    """Means of items are made again from the common ones; items are named."""
    one = a_table(a_row("a", *(with_items({"x": 0.2, "y": 0.4, "z": 0.9}, seed) for seed in (0, 1))))
    two = a_table(a_row("a", *(with_items({"y": 0.6, "x": 0.2, "w": 0.1}, seed) for seed in (0, 1))))
    scores = on_val(one, two)

    assert (scores.items.both, scores.items.first, scores.items.second) == (("x", "y"), ("z",), ("w",))
    assert (scores.first.mean, scores.second.mean) == (pytest.approx(0.3), pytest.approx(0.4))
    assert (scores.whole, scores.change.items) == (False, 2)


def test_scores_that_are_no_means_of_items_are_told():
    """An F1 over other items cannot be made again: it is compared whole, and that is said."""
    one = a_table(a_row("a", a_run(0, val=0.5, items={COLUMN: {"x": 0.1}}), a_run(1)))
    two = a_table(a_row("a", a_run(0, val=0.7, items={COLUMN: {"x": 0.1, "y": 0.1}}), a_run(1)))
    counts = {COLUMN: (3, 3)}

    assert on_val(one, two).whole
    assert on_val(a_table(a_row("a", a_run(counts=counts))), a_table(a_row("a", a_run(counts={COLUMN: (4, 4)})))).whole
    assert not on_val(one, one).whole


def test_means_over_cases_weigh_each_case_the_same():
    """Only cases of both count; each is the mean of its configurations."""
    one = a_table(row(1, [0.2, 0.2], case="a"), row(1, [0.6, 0.6], case="b"), row(1, [0.9, 0.9], case="c"))
    two = a_table(row(1, [0.3, 0.3], case="a"), row(1, [0.6, 0.6], case="b"))
    found, scores = comparison(one, two), on_val(one, two)

    assert (found.cases.both, found.cases.first) == (("a", "b"), ("c",))
    assert (scores.first.mean, scores.second.mean) == (pytest.approx(0.4), pytest.approx(0.45))
    assert comparison(one, a_table(row(1, [0.3]))).scores[0].left_out[0].reason == "no case that both have"


def test_ranks_are_correlated_as_scipy_does():
    """Over the shared configurations; none of fewer than three, nor of ties."""
    values = {1: (0.1, 0.3), 2: (0.2, 0.1), 4: (0.3, 0.2), 8: (0.4, 0.5)}
    one, two = (a_table(*(row(rank, [each[at]] * 2) for rank, each in values.items())) for at in (0, 1))
    ranking = on_val(one, two).ranking

    assert (ranking.value, ranking.n) == (pytest.approx(stats.spearmanr(*zip(*values.values(), strict=True))[0]), 4)
    assert on_val(replace(one, rows=one.rows[:2]), two).ranking.value is None
    assert on_val(one, a_table(*(row(rank, [0.5, 0.5]) for rank in values))).ranking.value is None


def test_decisions_and_winners_are_looked_up_in_the_other_study():
    """With the score and n behind them, their place there, and whether both chose the same."""
    one = a_table(row(1, [0.9, 0.9]), row(2, [0.5, 0.5]), row(4, [0.7, 0.7]))
    two = a_table(row(1, [0.1, 0.1]), row(2, [0.5, 0.5]), row(8, [0.9, 0.8]))
    one = replace(one, decision=decide(one))
    found = comparison(one, two)

    assert (found.first.decision.label, found.first.decision.there) == ("rank=1", "rank=1")
    assert (found.first.decision.place, found.first.decision.of) == (3, 3)
    assert (found.first.decision.score.mean, found.first.decision.score.n) == (0.9, 2)
    assert (found.second.decision, found.second.winner.label, found.second.winner.place) == (None, "rank=8", None)
    assert (found.same_decision, found.same_winner) == (None, False)
    assert comparison(one, one).same_decision is True


def test_equal_runs_are_told_from_other_runs():
    """Scored again, a study holds the same runs; trained on other data, it holds others."""
    one = a_table(row(1, [0.2, 0.3]))
    again = a_table(row(1, [0.5, 0.6]))
    other = a_table(replace(again.rows[0], runs=tuple(replace(run, id="x") for run in again.rows[0].runs)))

    assert (comparison(one, again).runs, comparison(one, again).same_runs) == (2, 2)
    assert (comparison(one, other).runs, comparison(one, other).same_runs) == (2, 0)


def test_what_differs_in_provenance_is_listed():
    """Versions, devices, the way of choosing, and the lines of the study file; never times and hosts."""
    before = {"torch": "2.1", "host": "a", "started": "2030", "device": "cpu"}
    one = a_table(row(1, [0.2], provenance=before), provenance={"study file": "task: toy\nseed: 1"})
    two = a_table(
        row(1, [0.2], provenance={**before, "torch": "2.2", "host": "b"}),
        provenance={"study file": "task: toy\nseed: 2"},
        rule="one-standard-error",
    )
    found = comparison(one, two)

    assert [(each.key, each.first, each.second) for each in found.provenance] == [
        ("chosen by", ("best-mean of ais.msa on val",), ("one-standard-error of ais.msa on val",)),
        ("torch", ("2.1",), ("2.2",)),
    ]
    assert found.file == ("-seed: 1", "+seed: 2")
    assert comparison(one, replace(two, study="other")).file == ()


def test_a_study_equals_itself(tmp_path):
    """Nothing changes and every rank agrees; who lacks a metric is left out; all of it can be written as JSON."""
    table = scaling(tmp_path, values=(1, 2, 4))
    found = comparison(table, table)
    by_column = {(each.metric, each.split): each for each in found.scores}

    assert set(by_column) == {(AIS, "val"), (AIS, "test"), (BOX, "test")}
    assert all(each.change.mean == 0 and each.ranking.value == pytest.approx(1) for each in found.scores)
    assert ("floor", "takes no prompts") in [(each.label, each.reason) for each in by_column[BOX, "test"].left_out]
    assert json.loads(json.dumps(asdict(found)))["same_winner"] is True
