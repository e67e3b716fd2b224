"""Intervals of one mean over seeds and items."""

import numpy as np
import pytest
from scipy import stats

from tunebook.analyse.resampling import interval


def values(seeds: int, items: int, *, by_seed: float, by_item: float) -> np.ndarray:
    """Seeds x items about 0."""
    chance = np.random.default_rng(0)
    drawn: np.ndarray = by_seed * chance.normal(size=(seeds, 1)) + by_item * chance.normal(size=(1, items))
    return drawn + 0.01 * chance.normal(size=(seeds, items))


def test_items_alone_are_drawn_with_acceleration():
    """As SciPy's BCa, for skewed items of a row that no seed can change."""
    items = np.random.default_rng(5).lognormal(sigma=1.5, size=12)
    found = interval(items[None], draws=100_000, seed=0)
    wanted = stats.bootstrap((items,), np.mean, method="BCa", n_resamples=100_000, rng=2).confidence_interval

    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), rel=0.02)
    assert (found.seeds, found.items, found.method) == (1, 12, "BCa")
    assert found.high - items.mean() > items.mean() - found.low


def test_items_are_the_same_for_all_drawn_seeds():
    """Their spread is that of their mean over seeds: many seeds do not make a hard item easier."""
    found = interval(values(30, 20, by_seed=0.0, by_item=1.0), draws=4_000, seed=0)
    spread = values(30, 20, by_seed=0.0, by_item=1.0).mean(0).std() / np.sqrt(20)

    assert (found.high - found.low) / 2 == pytest.approx(1.96 * spread, rel=0.05)
    assert (found.seeds, found.items, found.method) == (30, 20, "bootstrap")


def test_seeds_count_beside_items():
    """Independent sources add up in squares."""
    table = values(30, 20, by_seed=1.0, by_item=1.0)
    found = interval(table, draws=4_000, seed=0)
    spread = np.hypot(table.mean(0).std() / np.sqrt(20), table.mean(1).std() / np.sqrt(30))

    assert (found.high - found.low) / 2 == pytest.approx(1.96 * spread, rel=0.05)


def test_few_seeds_are_students():
    """With fewer than ten of what would be drawn a bootstrap is too narrow."""
    scores = np.array([[0.5], [0.6], [0.55]])
    found = interval(scores, draws=100, seed=0)
    wanted = stats.t.interval(0.95, 2, scores.mean(), stats.sem(scores.ravel()))

    assert (found.low, found.high) == pytest.approx(wanted)
    assert [interval(values(*shape, by_seed=1, by_item=1), draws=9, seed=0).method for shape in ((9, 99), (99, 9))] == [
        "Student",
        "Student",
    ]


def test_few_items_of_a_row_without_seeds_are_students():
    """Over items alone."""
    items = np.array([[0.5, 0.6, 0.55, 0.3]])
    found = interval(items, draws=100, seed=0)

    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 3, items.mean(), stats.sem(items.ravel())))


def test_equal_seeds_draw_equally():
    """A page is the same each time."""
    table = values(12, 12, by_seed=1, by_item=1)

    assert interval(table, draws=200, seed=3) == interval(table, draws=200, seed=3)
    assert interval(table, draws=200, seed=3) != interval(table, draws=200, seed=4)


def test_one_value_has_no_interval_and_equal_values_have_no_width():
    """Nothing is known of others, or nothing varies."""
    found = interval(np.full((1, 12), 0.5), draws=50, seed=0)

    assert interval([[0.5]], draws=50, seed=0) is None
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))
