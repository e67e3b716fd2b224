"""The rules: each on an example that is worked out by hand, and by what must hold of it always."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judged import row, runs
from scipy.stats import chi2
from study_tables import BOX, a_row, a_run, a_table

from tunebook.analyse import judge
from tunebook.analyse.rules import front, rule_in_words, sd_interval
from tunebook.errors import InputError
from tunebook.records import Case

SCORES = st.lists(st.floats(0.1, 0.9), min_size=3, max_size=3)
TABLES = st.lists(SCORES, min_size=2, max_size=6)


def chosen(*rows, **facts):
    """What the rule chooses."""
    return judge(a_table(*rows, **facts)).decision


def order(*rows, **facts):
    """The candidates with their scores, in the order of the rule."""
    found = judge(a_table(*rows, **facts)).candidates
    return [(each.entry.label, None if each.score is None else round(each.score, 6)) for each in found]


# best-mean ------------------------------------------------------------------------------------------------


def test_best_mean_says_who_is_next_and_how_far():
    """Mean, spread and n of the best; what the next one lacks; from how many the best is not separated."""
    decision = chosen(row("a", (0.60, 0.62)), row("b", (0.61, 0.59)), row("c", (0.10, 0.12)))

    assert decision.evidence == (
        "a has the highest mean of ais.msa on val, 0.610 ± 0.014 (n = 2), of 3 candidates.",
        "Next is b with 0.600 ± 0.014 (n = 2), 0.010 less.",
        "It is not separated from 1 other: b.",
    )


def test_what_is_minimised_has_its_lowest_mean_taken():
    """The direction of the metric decides what is best, and what the sentences say."""
    facts = {"select_metric": "loss"}
    decision = chosen(a_row("a", *runs((0, 0), loss=(0.5, 0.7))), a_row("b", *runs((0, 0), loss=(0.4, 0.6))), **facts)

    assert decision.configuration == "b"
    assert decision.evidence[0] == "b has the lowest mean of loss on val, 0.500 ± 0.141 (n = 2), of 2 candidates."
    assert decision.evidence[1] == "Next is a with 0.600 ± 0.141 (n = 2), 0.100 more."


def test_an_only_candidate_is_said_to_be_one():
    """There is nothing to compare it with."""
    assert chosen(row("a", (0.5,))).evidence == (
        "a is the only candidate: its mean of ais.msa on val is 0.500 (n = 1).",
    )


def test_equal_means_go_to_what_is_preferred():
    """A preference settles what the rule holds equal; without one, fewer trainable parameters."""
    rows = row("a", (0.5,), rank=4, trainable=10), row("b", (0.5,), rank=8, trainable=5)

    assert chosen(*rows).configuration == "b"
    assert chosen(*rows, prefer=(("adapter.rank", "low"),)).configuration == "a"
    assert chosen(*rows, prefer=(("adapter.rank", "high"),)).configuration == "b"


def test_a_cheaper_one_that_is_not_separated_is_named():
    """Best-mean does not take it, and says what it would save."""
    rows = row("a", (0.60, 0.62), trainable=400), row("b", (0.61, 0.59), trainable=100)
    evidence = chosen(*rows, prefer=(("trainable_parameters", "low"),)).evidence

    assert evidence[-1] == (
        "The simplest of these is b: trainable_parameters 100 against 400 (75 % less); best-mean does not weigh that."
    )


@given(TABLES)
@settings(max_examples=12, deadline=None)
def test_no_candidate_has_a_better_mean_than_the_best(values):
    """The order is that of the means."""
    found = judge(a_table(*(row(f"r{at}", each) for at, each in enumerate(values)))).candidates
    means = [each.score for each in found]

    assert means == sorted(means, reverse=True)
    assert means[0] == max(map(statistics.fmean, values))


# one-standard-error ---------------------------------------------------------------------------------------


def test_one_standard_error_takes_the_simplest_that_is_as_good():
    """Pooled sd 0.02 over the square root of 4 replicates is 0.01: b is within it, c is not, and is cheaper still."""
    away = 0.02 * math.sqrt(3) / 2  # four values at + and - of this have a standard deviation of 0.02
    rows = [
        row(name, [mean + each for each in (-away, away, -away, away)], trainable=trainable)
        for name, mean, trainable in (("a", 0.600, 800), ("b", 0.591, 200), ("c", 0.589, 100))
    ]
    decision = chosen(*rows, rule="one-standard-error")

    assert decision.configuration == "b"
    assert list(decision.candidates) == ["b", "a", "c"]
    assert decision.evidence[:4] == (
        "a has the highest mean of ais.msa on val, 0.600 ± 0.020 (n = 4), of 3 candidates.",
        "One standard error of that is 0.010: 0.020, the pooled sd of the 3 configurations that have replicates, over "
        "the square root of 4.",
        "1 further candidate is within it, 0.590 or more: b.",
        "The simplest of these is taken, b: trainable_parameters 200 against 800 (75 % less); it is 0.009 less.",
    )


def test_the_best_may_be_the_simplest():
    """Then it is taken, and that is said; where nobody is within one standard error, too."""
    near = chosen(row("a", (0.60, 0.64), trainable=1), row("b", (0.60, 0.62), trainable=2), rule="one-standard-error")
    far = chosen(row("a", (0.60, 0.64), trainable=2), row("b", (0.1, 0.12), trainable=1), rule="one-standard-error")

    assert near.configuration == far.configuration == "a"
    assert near.evidence[3] == "Of these the best is the simplest too."
    assert far.evidence[2] == "No other is within it, 0.604 or more: so the best mean is taken."


def test_equally_simple_ones_go_to_the_better_mean():
    """A tie in everything preferred is settled by the score."""
    rows = [row(name, values, trainable=5) for name, values in (("b", (0.60, 0.64)), ("a", (0.60, 0.63)))]

    assert chosen(*rows, rule="one-standard-error").configuration == "b"


def test_the_preferred_things_count_in_their_order():
    """The second settles what the first leaves equal; what has no number comes last; high prefers more."""
    rows = [
        row("a", (0.60, 0.64), rank=8, trainable=5),
        row("b", (0.60, 0.63), rank=4, trainable=5),
        row("c", (0.60, 0.62)),
    ]

    def taken(*prefer):
        return chosen(*rows, rule="one-standard-error", prefer=prefer).configuration

    assert taken(("trainable_parameters", "low"), ("adapter.rank", "low")) == "b"
    assert taken(("trainable_parameters", "low"), ("adapter.rank", "high")) == "a"
    assert taken(("trainable_parameters", "high")) == "a"


def test_what_is_minimised_may_be_one_standard_error_higher():
    """The bad side of a loss is above."""
    rows = [
        a_row(name, *runs((0, 0), loss=loss, trainable=trainable))
        for name, loss, trainable in (("a", (0.40, 0.44), 9), ("b", (0.42, 0.44), 1), ("c", (0.50, 0.52), 0))
    ]
    decision = chosen(*rows, rule="one-standard-error", select_metric="loss")

    assert decision.configuration == "b"
    assert decision.evidence[2] == "1 further candidate is within it, 0.434 or less: b."


def test_a_centre_point_tells_the_noise_of_single_replicates():
    """Its sd stands for that of all; a configuration that no seed changes has no standard error."""
    centre = a_row("centre", *runs((0.50,), trainable=3), *runs((0.48, 0.50, 0.52), role="noise", first=1, trainable=3))
    rows = row("a", (0.52,), trainable=9), row("b", (0.505,), trainable=1), centre
    decision = chosen(*rows, rule="one-standard-error")
    fixed = chosen(a_row("floor", a_run(None, val=0.53)), *rows, rule="one-standard-error")

    assert decision.configuration == "b"
    assert decision.evidence[1] == (
        "One standard error of that is 0.020: 0.020, the sd of centre between 3 seeds of its own, over the square root "
        "of 1."
    )
    assert fixed.configuration == "floor"


def test_without_noise_one_standard_error_is_best_mean():
    """One replicate and no noise runs: the rule cannot judge, and the page says so."""
    found = judge(a_table(row("a", (0.6,), trainable=9), row("b", (0.5,), trainable=1), rule="one-standard-error"))

    assert (found.decision.configuration, found.decision.rule) == ("a", "one-standard-error")
    assert found.caveats == (
        "One-standard-error needs to know the noise, and no configuration has two replicates: best-mean chooses "
        "instead.",
        "With one replicate the rule cannot judge noise: a rerun may order the configurations otherwise.",
    )


@given(TABLES, st.lists(st.integers(1, 9), min_size=6, max_size=6))
@settings(max_examples=12, deadline=None)
def test_one_standard_error_gives_up_at_most_that(values, sizes):
    """The choice is within one standard error of the best, and nobody within it is simpler."""
    rows = [row(f"r{at}", each, trainable=size) for at, (each, size) in enumerate(zip(values, sizes, strict=False))]
    decision = chosen(*rows, rule="one-standard-error")
    error = math.sqrt(statistics.fmean(statistics.variance(each) for each in values) / 3)
    best = max(map(statistics.fmean, values))
    within = {f"r{at}": sizes[at] for at, each in enumerate(values) if best - statistics.fmean(each) < error - 1e-12}

    assert best - decision.score <= error + 1e-12
    assert all(sizes[int(decision.configuration[1:])] <= size for size in within.values())


# lower-bound ----------------------------------------------------------------------------------------------


def test_the_published_example_never_takes_a_missing_spread_for_none():
    """Mean less 0.2 sd: a single run of 0.948 has no bound, and so does not lead two with 0.950 and 0.912."""
    wide, narrow = 0.065 / math.sqrt(2), 0.081 / math.sqrt(2)
    rows = [
        row("hidden_units=512", (0.950 - wide, 0.950 + wide)),
        row("hidden_units=1024", (0.912 - narrow, 0.912 + narrow)),
        row("once", (0.948,)),
    ]
    found = judge(a_table(*rows, rule="lower-bound", argument=0.2))

    assert order(*rows, rule="lower-bound", argument=0.2) == [
        ("hidden_units=512", 0.937), ("hidden_units=1024", 0.8958), ("once", None),
    ]  # fmt: skip
    assert list(found.decision.candidates) == ["hidden_units=512", "hidden_units=1024"]
    assert found.caveats == (
        "1 configuration was not chosen among, for lower-bound cannot judge: once (n = 1, so no spread).",
    )
    assert found.decision.evidence == (
        "hidden_units=512 has the highest mean minus 0.2 sd of ais.msa on val, 0.937, of 2 candidates: its mean is "
        "0.950 ± 0.065 (n = 2).",
        "Next is hidden_units=1024 with 0.896: 0.912 ± 0.081 (n = 2).",
    )


def test_a_wide_spread_costs_the_best_mean_its_place():
    """One sd is taken off unless the study says otherwise; the best mean is named with its bound."""
    rows = row("a", (0.50, 0.70)), row("b", (0.54, 0.58)), row("c", (0.55, 0.56))
    decision = chosen(*rows, rule="lower-bound")

    assert list(decision.candidates) == ["c", "b", "a"]
    assert decision.evidence[2] == "The best mean, that of a, has 0.459: 0.600 ± 0.141 (n = 2)."
    assert chosen(*rows, rule="lower-bound", argument=0).configuration == "a"


def test_the_bound_of_a_loss_lies_above():
    """What can be counted on of something that is minimised."""
    rows = [a_row(name, *runs((0, 0), loss=loss)) for name, loss in (("a", (0.1, 0.5)), ("b", (0.34, 0.36)))]
    decision = chosen(*rows, rule="lower-bound", select_metric="loss")

    assert decision.configuration == "b"
    assert decision.evidence[0].startswith("b has the lowest mean plus 1 sd of loss on val, 0.364, of 2 candidates")


@pytest.mark.parametrize("rule", ["lower-bound", "most-stable"])
def test_without_replicates_there_is_no_spread_to_weigh(rule):
    """Best-mean chooses instead, and that is said; noise seeds of one configuration change nothing of it."""
    centre = a_row("centre", *runs((0.4,)), *runs((0.41, 0.43), role="noise", first=1))
    found = judge(a_table(row("a", (0.6,)), row("b", (0.5,)), centre, rule=rule))

    assert found.decision.configuration == "a"
    assert found.caveats[0] == (
        f"{rule.capitalize()} needs two replicates of a configuration, and none has them: best-mean chooses instead."
    )


@given(TABLES, st.floats(0, 3))
@settings(max_examples=12, deadline=None)
def test_bounds_are_means_less_spreads(values, k):
    """The order is that of mean - k sd, and with k = 0 that of the means."""
    rows = [row(f"r{at}", each) for at, each in enumerate(values)]
    bounds = [each.score for each in judge(a_table(*rows, rule="lower-bound", argument=k)).candidates]

    assert bounds == sorted(bounds, reverse=True)
    assert np.allclose(sorted(bounds), sorted(statistics.fmean(each) - k * statistics.stdev(each) for each in values))


# most-stable ----------------------------------------------------------------------------------------------


def test_most_stable_says_how_well_a_spread_is_known():
    """Two replicates hardly know an sd: the intervals overlap, so nothing is shown."""
    decision = chosen(row("a", (0.60, 0.62)), row("b", (0.50, 0.501)), rule="most-stable")

    assert list(decision.candidates) == ["b", "a"]
    assert decision.evidence == (
        "b has the smallest sd of ais.msa on val, 0.00071 (95 % interval 0.00032 to 0.023, n = 2), of 2 candidates; "
        "its mean is 0.500.",
        "The best mean, that of a, is 0.610 with sd 0.014 (95 % interval 0.0063 to 0.451, n = 2).",
        "The intervals overlap: that b is more stable is not shown, and it is 0.110 lower.",
    )


def test_most_stable_can_be_shown():
    """With enough replicates and a large enough ratio the intervals lie apart."""
    wide = [0.6 + each for each in (-0.2, 0.2) * 5]
    narrow = [0.5 + each for each in (-0.001, 0.001) * 5]
    evidence = chosen(row("a", wide), row("b", narrow), rule="most-stable").evidence

    assert evidence[-1] == "The intervals do not overlap; b is 0.100 lower."


def test_the_most_stable_may_have_the_best_mean():
    """There is nothing to give up then."""
    evidence = chosen(row("a", (0.60, 0.601)), row("b", (0.5, 0.6)), rule="most-stable").evidence

    assert evidence[-1] == "Its mean is the best, too."


@pytest.mark.parametrize("n", [2, 3, 10])
def test_the_interval_of_a_spread_covers_it(n):
    """Of 4,000 samples of normal values, 95 % of the intervals hold the true sd; the bounds are chi-square's."""
    found = np.random.default_rng(n).normal(0, 2, (4000, n)).std(axis=1, ddof=1)
    low, high = sd_interval(1.0, n)

    assert abs(np.mean((low * found <= 2) & (high * found >= 2)) - 0.95) < 0.012
    assert sd_interval(3.0, n) == pytest.approx((3 * low, 3 * high))
    assert chi2.cdf((n - 1) / low**2, n - 1) == pytest.approx(0.975)
    assert chi2.cdf((n - 1) / high**2, n - 1) == pytest.approx(0.025)


# pareto ---------------------------------------------------------------------------------------------------

THREE = (
    row("large", (0.60,), trainable=400, box_msa=(0.80,)),
    row("small", (0.55,), trainable=100, box_msa=(0.70,)),
    row("poor", (0.50,), trainable=200, box_msa=(0.90,)),
)


def test_the_front_is_what_nothing_beats_in_everything():
    """Poor has fewer parameters than large and a lower score than small, which has fewer still: it is behind."""
    decision = chosen(*THREE, rule="pareto", argument=("ais.msa", "trainable_parameters"))

    assert list(decision.candidates) == ["large", "small", "poor"]
    assert decision.evidence == (
        "2 of 3 candidates are on the front of ais.msa (more is better) and trainable_parameters (less is better), "
        "where none other is as good in all and better in one: large, small.",
        "large is taken, the best mean of ais.msa on val, 0.600 (n = 1): ais.msa 0.600, trainable_parameters 400.",
    )


def test_a_preference_chooses_on_the_front():
    """The simplest of the front; what is simpler and behind is not taken."""
    prefer = (("trainable_parameters", "low"),)
    decision = chosen(*THREE, rule="pareto", argument=("ais.msa", "box.msa"), prefer=prefer)

    assert list(decision.candidates) == ["poor", "large", "small"]
    assert decision.evidence[1:] == (
        "poor is taken, the simplest by trainable_parameters: ais.msa 0.500, box.msa 0.900.",
        "large has the best mean of these, 0.600 (n = 1); trainable_parameters 200 against 400 (50 % less) of large.",
    )


def test_who_lacks_an_objective_is_not_on_the_front():
    """It is no candidate of this rule, and that is said."""
    found = judge(a_table(*THREE, row("bare", (0.9,)), rule="pareto", argument=("ais.msa", "box.msa")))

    assert "bare" not in found.decision.candidates
    assert found.caveats[-1] == (
        "1 configuration was not chosen among, for pareto cannot judge: bare (no value of box.msa)."
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12))
def test_the_front_dominates_all_others_and_none_of_itself(points):
    """Every point off the front is dominated by one on it; no two on it dominate each other; equal ones stay."""
    named = {str(at): point for at, point in enumerate(points)}
    members = front(named)
    behind = [point for name, point in named.items() if name not in members]

    def dominates(one, other):
        return one != other and all(a >= b for a, b in zip(one, other, strict=True))

    assert members
    assert not any(dominates(named[one], named[other]) for one in members for other in members)
    assert all(any(dominates(named[one], point) for one in members) for point in behind)


# weights --------------------------------------------------------------------------------------------------


def test_a_weighted_mean_is_taken_replicate_by_replicate():
    """(2 x 0.6 + 0.3) / 3 and (2 x 0.5 + 0.5) / 3: the mean is 0.5, its spread 0."""
    rows = row("a", (0.6, 0.5), box_msa=(0.3, 0.5)), row("b", (0.7, 0.1), box_msa=(0.5, 0.2))
    decision = chosen(*rows, rule="weights", argument={"ais.msa": 2.0, BOX: 1.0})

    assert (decision.configuration, decision.score) == ("a", pytest.approx(0.55))
    assert decision.evidence[:2] == (
        "a has the highest weighted mean (2 × ais.msa + 1 × box.msa) / 3 on val, 0.500 ± 0.000 (n = 2), "
        "of 2 candidates.",
        "Next is b with 0.383 ± 0.354 (n = 2).",
    )


def test_what_is_minimised_counts_negative_beside_what_is_maximised():
    """0.6 - 0.1 against 0.8 - 0.5; of losses alone, the lowest mean is best."""
    rows = row("a", (0.6,), loss=(0.1,)), row("b", (0.8,), loss=(0.5,))
    both = chosen(*rows, rule="weights", argument={"ais.msa": 1.0, "loss": 1.0})
    alone = chosen(*rows, rule="weights", argument={"loss": 3.0}, select_metric="loss")

    assert both.configuration == alone.configuration == "a"
    assert both.evidence[0].startswith("a has the highest weighted mean (1 × ais.msa - 1 × loss) / 2 on val, 0.250")
    assert both.evidence[-1] == "The best mean of ais.msa on val is that of b, 0.800; a has 0.600."
    assert alone.evidence[0].startswith("a has the lowest weighted mean (3 × loss) / 3 on val, 0.100")


def test_a_weighted_mean_over_cases_is_that_of_its_cases():
    """Each case weighs the same, and n is that of the replicates."""
    rows = [
        row("a", (value, value), box_msa=(value, value + 0.2), case=Case({"data.root": root}))
        for value, root in ((0.4, "nuclei"), (0.6, "cells"))
    ]
    decision = chosen(*rows, rule="weights", argument={"ais.msa": 1.0, BOX: 1.0})

    assert decision.evidence[0].endswith("on val, 0.550 ± 0.071 (n = 2), of 1 candidate.")


def test_who_lacks_a_weighted_metric_is_no_candidate():
    """A mean without it would be another mean."""
    found = judge(a_table(*THREE, row("bare", (0.9,)), rule="weights", argument={"ais.msa": 2.0, BOX: 1.0}))

    assert found.decision.configuration == "large"
    assert found.caveats[-1] == (
        "1 configuration was not chosen among, for weights cannot judge: bare (no box.msa: not scored)."
    )


@given(TABLES)
@settings(max_examples=8, deadline=None)
def test_equal_weights_of_one_metric_are_its_mean(values):
    """A weighted mean of one metric orders as best-mean does."""
    rows = [row(f"r{at}", each) for at, each in enumerate(values)]
    weighed = judge(a_table(*rows, rule="weights", argument={"ais.msa": 5.0})).decision
    plain = judge(a_table(*rows)).decision

    assert weighed.configuration == plain.configuration


# All ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("best", "select.rule: must be one of best-mean, one-standard-error, lower-bound, most-stable, pareto, "
                 "weights; got best"),
        ("pareto", "select.rule: must be pareto with its argument; got pareto"),
        ("weights", "select.rule: must be weights with its argument; got weights"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_applied_is_refused(rule, message):
    """It is never replaced by another."""
    with pytest.raises(InputError) as refused:
        judge(a_table(row("a", (0.5,)), rule=rule))

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("rule", "argument"),
    [
        ("best-mean", None), ("one-standard-error", None), ("lower-bound", 0.5), ("most-stable", None),
        ("pareto", ("ais.msa", "trainable_parameters")), ("weights", {"ais.msa": 1.0}),
    ],
)  # fmt: skip
@given(TABLES, st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_no_rule_depends_on_the_order_of_rows(rule, argument, values, random):
    """A shuffled table gives the same judgement."""
    rows = [row(f"r{at}", each, trainable=at % 3) for at, each in enumerate(values)]
    shuffled = random.sample(rows, len(rows))
    found = [judge(a_table(*each, rule=rule, argument=argument)) for each in (rows, shuffled)]

    assert found[0].decision == found[1].decision
    assert [each.entry.configuration for each in found[0].candidates] == [
        each.entry.configuration for each in found[1].candidates
    ]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "the highest mean of ais.msa on val"),
        ({"select_metric": "loss"}, "the lowest mean of loss on val"),
        (
            {"rule": "one-standard-error", "prefer": (("adapter.rank", "low"), ("seconds", "high"))},
            "the simplest of those within one standard error of the highest mean of ais.msa on val; simpler is less "
            "adapter.rank, then more seconds",
        ),
        ({"rule": "lower-bound", "argument": 0.2}, "the highest mean minus 0.2 sd of ais.msa on val"),
        ({"rule": "lower-bound", "select_metric": "loss"}, "the lowest mean plus 1 sd of loss on val"),
        ({"rule": "most-stable"}, "the smallest standard deviation of ais.msa on val between replicates"),
        (
            {"rule": "pareto", "argument": ("ais.msa", "seconds")},
            "the highest mean of ais.msa on val, of those that no other beats in all of ais.msa, seconds",
        ),
        (
            {"rule": "pareto", "argument": ("ais.msa", "seconds"), "prefer": (("seconds", "low"),)},
            "the simplest (less seconds), of those that no other beats in all of ais.msa, seconds",
        ),
        (
            {"rule": "weights", "argument": {"ais.msa": 2.0, BOX: 0.5}},
            "the best weighted mean of 2 × ais.msa + 0.5 × box.msa on val",
        ),
        (
            {"require": ("box.msa >= 0.9", "seconds < 60")},
            "of those with box.msa >= 0.9 and seconds < 60, the highest mean of ais.msa on val",
        ),
    ],
)  # fmt: skip
def test_a_rule_is_told_in_words(facts, words):
    """With what it is given, and in the direction of the metric."""
    assert rule_in_words(a_table(row("a", (0.5,)), **facts)) == words


@pytest.mark.parametrize(
    ("sizes", "saved"),
    [
        ((4, 1), "1 against 4 (75 % less)"),
        ((9, 0), "0 against 9 (100 % less)"),
        ((1_000_000, 4), "4 against 1,000,000 (99.99 % less)"),
    ],
)
def test_what_is_saved_is_not_rounded_up(sizes, saved):
    """What is left of something is never said to be nothing."""
    one, other = sizes
    rows = row("a", (0.60, 0.64), trainable=one), row("b", (0.60, 0.63), trainable=other)

    assert f"trainable_parameters {saved};" in chosen(*rows, rule="one-standard-error").evidence[3]
