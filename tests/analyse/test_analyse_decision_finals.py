"""Finalists, their fresh seeds, and what these show of picking a maximum."""

import math
from dataclasses import replace

import numpy as np
import pytest
from judged import and_confirmed, row, runs
from scipy.stats import t
from study_tables import a_row, a_run, a_table, failed, missing

from tunebook.analyse import Unavailable, confirmed, finalists, judge, optimism


def searched(**facts):
    """Four configurations with one seed, of which the best two are confirmed on three fresh seeds."""
    rows = [row(name, (value,)) for name, value in (("a", 0.4), ("b", 0.7), ("c", 0.5), ("d", 0.6))]
    return a_table(*rows, **{"confirm": (2, 3), **facts})


def run_again(table, **fresh):
    """The same with scores on fresh seeds."""
    return replace(
        table, rows=[and_confirmed(each, fresh[each.label]) if each.label in fresh else each for each in table.rows]
    )


FRESH = {"b": (0.50, 0.54, 0.52), "d": (0.58, 0.60, 0.62)}


def test_the_best_are_confirmed():
    """As many as the study says, the rule's choice first."""
    assert finalists(searched()) == ("b", "d")
    assert finalists(searched(confirm=(9, 3))) == ("b", "d", "c", "a")


def test_nothing_is_confirmed_before_the_search_has_ended():
    """Nor by a study that confirms nothing; a failed run has ended, a noise run that is missing has not."""
    table = searched()
    noise = replace(missing(5), role="noise")

    assert finalists(replace(table, confirm=None)) == ()
    assert finalists(replace(table, rows=[*table.rows, a_row("e", missing(0))])) == ()
    assert finalists(replace(table, rows=[*table.rows, a_row("e", failed(0), noise)])) == ()
    assert finalists(replace(table, rows=[*table.rows, a_row("e", failed(0))])) == ("b", "d")


def test_who_may_not_be_chosen_is_no_finalist():
    """A configuration that fails a requirement, or lacks a run."""
    table = searched(require=("ais.msa < 0.65",))

    assert finalists(table) == ("d", "c")
    assert finalists(replace(table, require=("ais.msa > 1",))) == ()


def test_the_choice_of_the_rule_is_a_finalist_however_far_down():
    """One standard error takes a simple one that is fifth by its mean: it is confirmed with the best."""
    rows = [row(name, (at, at + 0.2), trainable=size)
            for name, at, size in (("a", 0.50, 9), ("b", 0.49, 8), ("c", 0.48, 7), ("d", 0.47, 1))]  # fmt: skip

    assert finalists(a_table(*rows, rule="one-standard-error", confirm=(2, 3))) == ("d", "a")


def test_fresh_seeds_do_not_change_who_is_a_finalist():
    """Whatever they score, and however they end."""
    table = searched()

    assert finalists(run_again(table, b=(0.1, 0.1), d=(0.9, 0.9))) == ("b", "d")
    lost = [*table.rows[:1], replace(table.rows[1], runs=(*table.rows[1].runs, replace(failed(7), role="confirm")))]
    assert finalists(replace(table, rows=[*lost, *table.rows[2:]])) == ("b", "d")


def test_the_spread_of_fresh_seeds_does_not_change_who_is_a_finalist():
    """It would widen one standard error until a simpler one is within it: that is for the decision alone."""
    rows = [
        row("a", (0.60, 0.62), trainable=9),
        row("b", (0.58, 0.60), trainable=8),
        row("c", (0.4, 0.42), trainable=1),
    ]
    rows[:2] = [and_confirmed(each, (0.3, 0.9), trainable=9) for each in rows[:2]]
    table = a_table(*rows, rule="one-standard-error", confirm=(2, 2))

    assert finalists(table) == ("a", "b")
    assert "the pooled sd of the 3 configurations that have replicates" in judge(table).decision.evidence[1]


def test_the_decision_is_made_on_fresh_seeds():
    """The searched winner falls behind; who was no finalist is no candidate."""
    found = judge(run_again(searched(), **FRESH))

    assert (found.decision.configuration, found.decision.role) == ("d", "confirm")
    assert list(found.decision.candidates) == ["d", "b"]
    assert found.decision.score == pytest.approx(0.60)
    assert found.decision.evidence[0] == (
        "d has the highest mean of ais.msa on val, 0.600 ± 0.020 (n = 3), of 2 candidates."
    )
    assert found.decision.runs == {
        0: "search-0-0.6", 10: "confirm-10-0.58", 11: "confirm-11-0.6", 12: "confirm-12-0.62",
    }  # fmt: skip
    assert found.caveats == ()


def test_until_then_the_search_decides_and_says_so():
    """A finalist without its fresh seeds, or with one missing."""
    table = run_again(searched(), b=FRESH["b"])
    found = judge(table)
    late = replace(missing(11), role="confirm")
    pending = replace(table, rows=[replace(each, runs=(*each.runs, late)) for each in table.rows])

    assert (found.decision.configuration, found.decision.role) == ("b", "search")
    assert found.caveats[-1] == (
        "The finalists have not been run on fresh seeds: the best of many searched scores is too good."
    )
    assert not confirmed(table)
    assert not confirmed(pending)


def test_a_finalist_that_fails_on_a_fresh_seed_is_no_candidate():
    """It was run, so the decision is made without it."""
    table = run_again(searched(), **FRESH)
    lost = replace(failed(13), role="confirm")
    table = replace(table, rows=[replace(r, runs=(*r.runs, lost)) if r.label == "d" else r for r in table.rows])
    found = judge(table)

    assert list(found.decision.candidates) == ["b"]
    assert found.caveats[-1] == (
        "1 configuration was no candidate, for not every run has a value: d (3 of 4 seeds: 1 diverged)."
    )


def test_if_all_finalists_fail_nothing_is_decided():
    """The searched scores are no way around it."""
    lost = replace(failed(13), role="confirm")
    table = searched()
    found = judge(replace(table, rows=[replace(r, runs=(*r.runs, lost)) if r.label in "bd" else r for r in table.rows]))

    assert found.decision is None
    assert found.reason == "no configuration has a value of ais.msa on val from all of its runs on fresh seeds"


def test_a_rule_that_needs_noise_gets_it_from_fresh_seeds():
    """One searched seed cannot say what is stable; three fresh ones can."""
    found = judge(run_again(searched(rule="most-stable"), b=(0.5, 0.6, 0.7), d=(0.50, 0.51, 0.52)))

    assert (found.decision.configuration, found.caveats) == ("d", ())


def test_the_drop_of_the_winner_is_told_with_its_interval():
    """0.70 - 0.52 with the pooled sd 0.02 of 4 degrees of freedom, one searched and three fresh seeds."""
    found = optimism(run_again(searched(), **FRESH))
    half = t.ppf(0.975, 4) * 0.02 * math.sqrt(1 + 1 / 3)

    assert [(each.entry.label, round(each.drop, 6)) for each in found.finals] == [("b", 0.18), ("d", 0.0)]
    assert found.winner.searched.mean == 0.7
    assert (found.sd, found.df) == (pytest.approx(0.02), 4)
    assert (found.low, found.high) == (pytest.approx(0.18 - half), pytest.approx(0.18 + half))


def test_the_drop_of_a_loss_is_a_rise():
    """In the metric's good direction: a confirmed loss above the searched one is a drop."""
    rows = [
        a_row("a", *runs((0,), loss=(0.2,)), *runs((0, 0), role="confirm", first=5, loss=(0.3, 0.5))),
        a_row("b", *runs((0,), loss=(0.9,))),
    ]
    found = optimism(a_table(*rows, select_metric="loss", confirm=(1, 2)))

    assert found.winner.drop == pytest.approx(0.2)


def test_a_configuration_that_no_seed_changes_drops_by_nothing():
    """Its run stands in both roles; there is nothing to have an interval of."""
    floor = a_row("floor", a_run(None, val=0.9), a_run(None, val=0.9, role="confirm"))
    found = optimism(run_again(a_table(floor, *searched().rows, confirm=(2, 3)), b=FRESH["b"]))

    assert (found.winner.entry.label, found.winner.drop) == ("floor", 0.0)
    assert (found.low, found.high, found.df) == (None, None, 2)


def test_one_seed_each_has_no_interval():
    """A drop is told, and not how well it is known."""
    found = optimism(run_again(searched(confirm=(2, 1)), b=(0.5,), d=(0.6,)))

    assert (found.winner.drop, found.low, found.high, found.sd, found.df) == (pytest.approx(0.2), None, None, None, 0)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (searched(confirm=None), "the study confirms nothing"),
        (searched(), "the finalists have not been run on fresh seeds"),
    ],
)
def test_without_fresh_seeds_there_is_no_optimism(table, reason):
    """The reason stands in its place."""
    assert optimism(table) == Unavailable(reason)


def test_the_interval_of_a_drop_holds_as_often_as_it_says():
    """Of a configuration that nobody picked, the true drop is 0: the interval holds it 95 times in 100."""
    draw = np.random.default_rng(7)
    held = 0
    for _ in range(300):
        scores, fresh = draw.normal(0.5, 0.02, 1), draw.normal(0.5, 0.02, 3)
        found = optimism(a_table(and_confirmed(row("a", list(scores)), list(fresh)), confirm=(1, 3)))
        held += found.low <= 0 <= found.high

    assert 0.92 < held / 300 < 0.98
