"""Differences over common replicates."""

import math

import numpy as np
import pytest
from scipy import stats
from study_tables import AIS, a_row, a_run, failed

from tunebook.analyse import cell, difference, reach


def scored(*values: float, first: int = 0):
    """A cell of one run for each value, by seed."""
    runs = [a_run(seed, val=value) for seed, value in enumerate(values, start=first)]
    return cell(a_row("a", *runs), metric=AIS, split="val")


def fixed(value: float):
    """A cell that no seed can change."""
    return cell(a_row("floor", a_run(None, val=value)), metric=AIS, split="val")


def test_the_interval_is_that_of_a_paired_t_test():
    """As SciPy gives it, for differences seed by seed."""
    one, other = [0.61, 0.66, 0.59, 0.7], [0.6, 0.62, 0.6, 0.65]
    found = difference(scored(*one), scored(*other))
    wanted = stats.ttest_rel(one, other).confidence_interval(0.95)

    assert np.allclose([found.low, found.high], [wanted.low, wanted.high])
    assert math.isclose(found.mean, np.mean(one) - np.mean(other))
    assert found.n == 4


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


def test_two_seeds_reach_far():
    """The numbers that the page quotes."""
    assert (round(reach(2), 1), round(reach(3), 1)) == (12.7, 4.3)
