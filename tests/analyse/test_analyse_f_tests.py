"""F tests and what they would have found."""

import math

import pytest
from crossed_studies import constrained, crossed, grid, judged, noisy
from scipy import stats
from study_tables import AIS

from tunebook.analyse.designs import observed
from tunebook.analyse.f_tests import detectable, noncentrality, ratio, tail


@pytest.mark.parametrize("df", [(1, 1), (1, 30), (2, 6), (6, 22), (30, 3)])
def test_the_noncentrality_gives_eighty_percent_power(df: tuple[int, int]):
    """Against SciPy's noncentral F."""
    found = noncentrality(df)

    assert math.isclose(stats.ncf.sf(stats.f.ppf(0.95, *df), *df, found), 0.8, abs_tol=1e-6)


def test_two_levels_need_what_a_t_test_needs():
    """For 16 against 16 scores Cohen's table says d = 1.02 (power 0.80, two-sided 5 %), less one for the blocks."""
    table = crossed(grid(rank=(1, 2)), noisy(0), seeds=16)
    design = observed(table, "", metric=AIS, split="val").design

    assert math.isclose(detectable(design, 0, (1, 30), sd=1.0), 1.02, abs_tol=0.005)


def test_more_runs_see_smaller_effects():
    """Three times the seeds, with the same sd, see a range smaller by more than the root of three."""
    few, many = (
        observed(crossed(constrained(), noisy(0), seeds=seeds), "", metric=AIS, split="val").design for seeds in (1, 3)
    )

    assert detectable(few, 0, (6, 20), sd=1.0) > math.sqrt(3) * detectable(many, 0, (6, 84), sd=1.0)


def test_seen_is_in_the_unit_of_the_score():
    """Scores times ten are seen at ten times the range."""
    points, score = grid(alpha=(1, 2, 4), rank=(1, 2, 4)), noisy(2)
    values = {tuple(point.values()): score(point, "", 0) for point in points}
    one, ten = (
        judged(crossed(points, lambda point, case, seed, by=by: by * values[tuple(point.values())])).main[0].seen
        for by in (1, 10)
    )

    assert math.isclose(10 * one, ten)


def test_f_of_nothing_is_none_and_over_nothing_infinite():
    """Rounding is nothing beside the variation there is."""
    assert ratio(2.0, 3.0, (2, 6), total=5.0) == 2.0
    assert ratio(2.0, 1e-20, (2, 6), total=2.0) == math.inf
    assert ratio(0.0, 0.0, (2, 6), total=0.0) is None
    assert math.isclose(tail(4.0, (2, 6)), stats.f.sf(4.0, 2, 6))
