"""What is told apart: pairs, and all against the best."""

import math

import numpy as np
import pytest
from crossed_cells import drawn, fixed, itemised, scored
from scipy import stats
from study_tables import AIS, a_row, a_run, a_table, failed

from tunebook.analyse import against_best, cell, difference, near, ordered
from tunebook.analyse.dunnett import critical
from tunebook.analyse.scores import mean_over_cases
from tunebook.records import Case


def test_a_pair_without_items_is_a_paired_t_test():
    """As SciPy gives it, for differences seed by seed."""
    one, other = [0.61, 0.66, 0.59, 0.7], [0.6, 0.62, 0.6, 0.65]
    found = difference(scored(*one), scored(*other))
    wanted = stats.ttest_rel(one, other).confidence_interval(0.95)

    assert np.allclose([found.low, found.high], [wanted.low, wanted.high])
    assert math.isclose(found.mean, np.mean(one) - np.mean(other))
    assert (found.n, found.items) == (4, 0)


def test_pairing_tells_apart_what_the_spread_hides():
    """Seeds move both alike: the means are one sd apart and the difference is certain."""
    found = difference(scored(0.5, 0.6, 0.7), scored(0.4, 0.501, 0.6))

    assert found.apart
    assert not difference(scored(0.5, 0.6, 0.7), scored(0.6, 0.4, 0.501)).apart


def test_what_no_seed_changes_is_compared_with_every_seed():
    """A floor has one value; two floors differ by what they differ by."""
    found = difference(scored(0.5, 0.6, 0.7), fixed(0.4))
    wanted = stats.ttest_1samp([0.5, 0.6, 0.7], 0).confidence_interval(0.95)

    assert np.allclose([found.low, found.high], [wanted.low - 0.4, wanted.high - 0.4])
    assert difference(fixed(0.4), scored(0.5, 0.6, 0.7)).high == pytest.approx(-found.low)
    assert difference(fixed(0.5), fixed(0.4)).apart
    assert not difference(fixed(0.5), fixed(0.5)).apart


def test_fewer_than_two_common_seeds_say_nothing():
    """Other seeds are no pairs, and one pair has no spread."""
    assert difference(scored(0.5), scored(0.1)) is None
    assert difference(scored(0.5), fixed(0.1)) is None
    assert difference(scored(0.5, 0.6), scored(0.1, 0.2, first=1)) is None
    assert difference(scored(0.5, 0.6), cell(a_row("a", failed(0)), metric=AIS, split="val")) is None


def test_two_that_no_seed_changes_are_compared_item_by_item():
    """Their items are all the chance there is: a paired t test over them."""
    one, other = np.random.default_rng(0).normal(0.5, 0.1, (2, 1, 9))
    found = difference(itemised(one, seeds=False), itemised(other, seeds=False))
    wanted = stats.ttest_rel(one[0], other[0]).confidence_interval(0.95)

    assert np.allclose([found.low, found.high], [wanted.low, wanted.high])
    assert (found.n, found.items) == (1, 9)


def test_seeds_and_items_each_keep_their_own_critical_value():
    """Without chance of both together the half width is the root of the two squared ones of paired t tests."""
    by_seed, by_item = np.array([0.02, -0.01, 0.03]), np.array([0.1, -0.05, 0.0, 0.04, -0.02])
    one = itemised(0.5 + by_seed[:, None] + by_item)
    found = difference(one, itemised(np.full((3, 5), 0.5)))
    halves = [stats.t.ppf(0.975, len(each) - 1) * stats.sem(each) for each in (by_seed, by_item)]

    assert (found.high - found.low) / 2 == pytest.approx(math.hypot(*halves))
    assert found.items == 5


def test_items_widen_what_seeds_alone_would_say():
    """A difference that every seed repeats may be that of a few items."""
    chance = np.random.default_rng(1)
    good_at = chance.normal(0, 0.2, 12)
    one, other = (
        0.55 + good_at - good_at.mean() + chance.normal(0, 0.001, (3, 12)),
        0.5 + chance.normal(0, 0.001, (3, 12)),
    )
    by_scores = difference(scored(*one.mean(1)), scored(*other.mean(1)))
    by_items = difference(itemised(one), itemised(other))

    assert by_scores.apart
    assert not by_items.apart
    assert by_items.mean == pytest.approx(by_scores.mean)


def test_other_items_are_no_common_ones():
    """Then the interval is for the scores as they are, and says so."""
    chance = np.random.default_rng(2)
    one, other = chance.normal(0.5, 0.1, (2, 3, 6))
    found = difference(itemised(one), itemised(other, prefix="nucleus"))

    assert found == difference(scored(*one.mean(1)), scored(*other.mean(1)))
    assert found.items == 0


def test_all_against_the_best_is_dunnett_over_pooled_pairs():
    """With one pair's own spread and four degrees of freedom from the mean over pairs, as far as these have them."""
    values = np.random.default_rng(3).normal(0.5, 0.01, (6, 3))
    best = int(values.mean(1).argmax())
    gaps = values[best] - values
    rest = values - values.mean(1, keepdims=True) - values.mean(0) + values.mean()
    pooled = 2 * (rest**2).sum() / (5 * 2)
    variance = (4 * pooled + 2 * gaps.var(1, ddof=1)) / 6
    found = against_best([scored(*row) for row in values], "maximize")
    halves = [(each.high - each.low) / 2 for at, each in enumerate(found) if at != best]

    assert np.allclose(halves, np.delete(critical(5, 6, 0.955) * np.sqrt(variance / 3), best))
    assert (found[best].mean, found[best].low, found[best].high) == (0, 0, 0)


def test_two_are_compared_as_one_pair():
    """One-sided at 4.5 %, for one of them was picked as the better."""
    values = np.array([[0.61, 0.66, 0.59], [0.6, 0.62, 0.6]])
    found = against_best([scored(*row) for row in values], "maximize")[1]
    gaps = values[0] - values[1]

    assert found.mean - found.low == pytest.approx(stats.t.ppf(0.955, 2) * stats.sem(gaps))


def test_the_first_best_is_the_one_that_others_are_compared_with():
    """Downwards for a loss; a row that lacks a run is not compared."""
    cells = [scored(0.5, 0.6), scored(0.2, 0.1), scored(0.1, 0.2)]
    lost = cell(a_row("a", a_run(0, val=0.01), failed(1)), metric=AIS, split="val")
    found = against_best([*cells, lost], "minimize")

    assert [None if each is None else round(each.mean, 9) for each in found] == [-0.4, 0, 0, None]
    assert against_best([lost], "minimize") == (None,)


def test_shifting_all_and_their_order_change_nothing():
    """Neither what seeds do to all, nor where a configuration stands in the table."""
    values = drawn(np.random.default_rng(4), k=9, seeds=3, items=7, by_seed=0.1, by_item=0.2, both=0.2)
    usual = against_best([itemised(each) for each in values], "maximize")
    moved = values + np.array([0.3, -1.0, 2.0])[:, None] + np.arange(7) / 3
    shifted = against_best([itemised(each) for each in moved], "maximize")
    turned = against_best([itemised(each) for each in values[::-1]], "maximize")[::-1]

    for one, *others in zip(usual, shifted, turned, strict=True):
        for other in others:
            assert np.allclose([one.mean, one.low, one.high], [other.mean, other.low, other.high])


def test_what_is_worse_by_more_is_told_apart():
    """Making one configuration worse can only take it out of the tied set."""
    values = drawn(np.random.default_rng(5), k=8, seeds=3, items=7, by_seed=0.1, by_item=0.2, both=0.2)
    worst = int(values.mean((1, 2)).argmin())
    apart = []
    for less in (0, 0.3, 0.6, 1.2, 2.4):
        values[worst] -= less
        apart.append(against_best([itemised(each) for each in values], "maximize")[worst].apart)

    assert apart == sorted(apart)
    assert (apart[0], apart[-1]) == (False, True)


def test_one_that_diverges_does_not_hide_the_others():
    """Others do not borrow from its spread; its own pairs keep theirs."""
    chance = np.random.default_rng(6)
    values = np.linspace(0.60, 0.46, 8)[:, None] + chance.normal(0, 0.002, (8, 3))
    wild = [0.75, 0.4, 0.55]
    usual = against_best([scored(*row) for row in values], "maximize")
    found = against_best([scored(*row) for row in [*values, wild]], "maximize")

    assert [each.apart for each in usual] == [each.apart for each in found[:-1]]
    assert sum(each.apart for each in usual) >= 5
    assert not found[-1].apart


def test_what_seeds_do_to_all_counts_against_a_row_that_no_seed_changes():
    """It cancels between trained rows: they are told apart, and the floor between them is not."""
    luck = np.array([0.03, -0.03, 0.0])
    best, near_it, behind = (
        mean + luck + np.array(own) / 1e4 for mean, own in ((0.60, (1, 0, 2)), (0.599, (0, 3, 1)), (0.57, (2, 1, 0)))
    )
    found = against_best([scored(*best), scored(*near_it), scored(*behind), fixed(0.58)], "maximize")

    assert [each.apart for each in found] == [False, True, True, False]


def test_few_seeds_of_one_take_none_from_the_others():
    """Each is compared on the seeds that it shares with the best."""
    three, two, one = scored(0.5, 0.6, 0.71), scored(0.4, 0.5), scored(0.3)
    found = against_best([scored(0.6, 0.7, 0.8), three, two, one, fixed(0.1)], "maximize")

    assert [each and each.n for each in found] == [3, 3, 2, None, 3]


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_the_truly_best_is_in_the_tied_set(seeds):
    """In 95 % of studies at least: at equal true means, where it is hardest, and with configurations unevenly noisy."""
    chance = np.random.default_rng(7)
    held = []
    for _ in range(100):
        values = drawn(chance, k=8, seeds=seeds, items=6, by_seed=0.1, by_item=0.2, both=0.2)
        common = values.mean(0)
        values = common + (values - common) * np.exp(chance.normal(0, 0.3, (8, 1, 1)))
        held.append(not against_best([itemised(each) for each in values], "maximize")[0].apart)

    assert np.mean(held) >= stats.binom.ppf(0.01, 100, 0.95) / 100
    assert seeds > 2 or np.mean(held) < 1


@pytest.mark.parametrize(("by_seed", "by_item"), [(0.3, 0.1), (0.1, 0.3)])
def test_the_interval_of_a_pair_holds_the_truth(by_seed, by_item):
    """In 95 % of pairs of two seeds at least, whichever of seeds and items matters more."""
    chance = np.random.default_rng(8)
    held = []
    for _ in range(200):
        one, other = drawn(chance, k=2, seeds=2, items=8, by_seed=by_seed, by_item=by_item, both=0.1)
        held.append(not difference(itemised(one), itemised(other)).apart)

    assert stats.binom.ppf(0.01, 200, 0.95) / 200 <= np.mean(held) < 1


def test_cases_share_their_seeds_and_not_their_items():
    """Seeds by the mean over cases, items case by case: here each alone, against closed forms."""
    seeds, ours, theirs = np.array([0.02, -0.04, 0.05]), np.array([0.1, -0.1, 0.04, 0.0]), np.array([0.2, 0.0, -0.3])
    flat = mean_over_cases([itemised(np.full((3, 4), 0.5)), itemised(np.full((3, 3), 0.5), prefix="nucleus")])
    by_seeds = mean_over_cases(
        [
            itemised(0.5 + seeds[:, None] + np.zeros(4)),
            itemised(0.5 - seeds[:, None] / 2 + np.zeros(3), prefix="nucleus"),
        ]
    )
    by_items = mean_over_cases(
        [itemised(0.5 + np.tile(ours, (3, 1))), itemised(0.5 + np.tile(theirs, (3, 1)), prefix="nucleus")]
    )
    halves = [stats.t.ppf(0.975, len(each) - 1) * stats.sem(each) / 2 for each in (ours, theirs)]

    assert difference(by_seeds, flat).high - difference(by_seeds, flat).mean == pytest.approx(
        stats.t.ppf(0.975, 2) * stats.sem(seeds / 4)
    )
    assert difference(by_items, flat).high - difference(by_items, flat).mean == pytest.approx(math.hypot(*halves))
    assert difference(by_items, flat).items == 7


def test_cases_of_the_same_items_are_compared_item_by_item():
    """Two base models scored on the same images: what one gains on an image the other may lose."""
    good_at = np.tile([0.2, -0.1, 0.05, -0.15], (3, 1))
    flat = mean_over_cases([itemised(np.full((3, 4), 0.5))] * 2)
    found = difference(mean_over_cases([itemised(0.5 + good_at), itemised(0.5 - good_at)]), flat)

    assert (found.low, found.high) == pytest.approx((found.mean, found.mean))
    assert found.items == 4


def by_seed(label, *values):
    """A row of one run for each value."""
    return a_row(label, *(a_run(seed, val=value) for seed, value in enumerate(values)))


def test_those_that_cannot_be_told_apart_are_counted():
    """`b` follows the seeds of `a` a little behind it, `c` far behind, and the floor further still."""
    rows = [by_seed("a", 0.5, 0.6, 0.7), by_seed("b", 0.499, 0.6, 0.699), by_seed("c", 0.4, 0.5, 0.601)]
    table = a_table(*rows, a_row("floor", a_run(None, val=-1.0)))
    found = near(table, ordered(table)[0])

    assert (found.others, found.compared, found.fewest, found.most) == (1, 3, 3, 3)


def test_one_that_is_not_the_best_has_neighbours_to_both_sides():
    """What is better by far is told from it, as is what is worse by far."""
    rows = [by_seed("best", 0.7, 0.8, 0.901), by_seed("a", 0.5, 0.6, 0.7), by_seed("b", 0.499, 0.6, 0.701)]
    table = a_table(*rows, by_seed("worst", 0.3, 0.401, 0.5))
    chosen = next(entry for entry in ordered(table) if entry.label == "b")

    assert (near(table, chosen).others, near(table, chosen).compared) == (1, 3)


def test_one_that_was_not_picked_as_the_best_is_compared_to_both_sides():
    """Its interval is wider than that of the best: it may be better or worse than the others."""
    gaps = np.array([0.02, -0.01, 0.01, 0.03, 0.0])
    gaps += 2.5 * stats.sem(gaps) - gaps.mean()
    table = a_table(by_seed("a", *(0.5 + gaps)), by_seed("b", *([0.5] * 5)))

    assert [near(table, entry).others for entry in ordered(table)] == [0, 1]


def test_pairs_may_share_different_numbers_of_replicates():
    """Said as a range: the largest alone would claim too much."""
    table = a_table(by_seed("a", 0.5, 0.6, 0.7), by_seed("b", 0.4, 0.5, 0.61), by_seed("c", 0.4, 0.5))
    found = near(table, ordered(table)[0])

    assert (found.fewest, found.most) == (2, 3)


def test_incomplete_configurations_are_no_neighbours():
    """Only those that could have been chosen are counted."""
    pair = a_run(0, val=0.5), a_run(1, val=0.7)
    table = a_table(a_row("a", *pair), a_row("b", a_run(0, val=0.6), failed(1)), a_row("c", a_run(None, val=0.0)))
    chosen = next(entry for entry in ordered(table) if entry.label == "a")

    assert near(table, chosen).compared == 1


def test_finalists_are_near_each_other_by_their_fresh_seeds():
    """Only those that ran on them are compared, by what these say."""

    def confirmed(label, searched, *fresh):
        runs = [a_run(seed, val=val, role="confirm") for seed, val in enumerate(fresh, start=7)]
        return a_row(label, *(a_run(seed, val=searched) for seed in range(2)), *runs)

    table = a_table(confirmed("a", 0.9, 0.5, 0.6, 0.701), confirmed("b", 0.8, 0.4, 0.5, 0.6), confirmed("c", 0.7))
    best, *_, last = ordered(table)

    assert (near(table, best, "confirm").others, near(table, best, "confirm").compared) == (0, 1)
    assert near(table, last, "confirm") is None


def test_one_replicate_judges_nothing():
    """There is no spread to judge by, or nothing to compare with."""
    single = a_table(a_row("a", a_run(0)), a_row("b", a_run(0)))
    floors = a_table(a_row("a", a_run(None)), a_row("b", a_run(None, val=0.1)))
    alone = a_table(a_row("a", a_run(0), a_run(1)))

    assert [near(table, ordered(table)[0]) for table in (single, floors, alone)] == [None, None, None]


def test_neighbours_over_several_cases_are_those_by_their_mean():
    """Seeds that move the cases against each other leave the mean over cases where it is."""
    nuclei, cells = Case({"data.root": "nuclei"}), Case({"data.root": "cells"})
    swings = ((0.1, -0.1, 0.05), (-0.1, 0.1001, -0.05))
    table = a_table(
        *(
            a_row(name, *(a_run(seed, val=level + way) for seed, way in enumerate(ways)), case=case)
            for name, level in (("a", 0.5), ("b", 0.4))
            for case, ways in zip((nuclei, cells), swings if name == "a" else ((0, 0, 0.0001), (0, 0, 0)), strict=True)
        )
    )

    assert near(table, ordered(table)[0]).others == 0
