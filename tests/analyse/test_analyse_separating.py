"""What each split can tell: against SciPy and closed forms, and on studies whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from crossed_studies import crossed, grid
from factorial_tables import factorial
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from study_tables import AIS, a_row, a_run, a_table

from tunebook.analyse import Unavailable
from tunebook.analyse.separating import agreement, ranks, separations, share

LISTS = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.35, 0.5, 0.8, 1.0]), min_size=5, max_size=30)


@given(LISTS)
@settings(deadline=None)
def test_ranks_are_scipys(values):
    """Equal values share the mean of their ranks."""
    assert ranks(values).tolist() == stats.rankdata(values).tolist()


@given(LISTS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_a_rank_correlation_is_scipys_and_lies_in_its_interval(values, random):
    """Absent where one side has only ties; without an interval where it is perfect."""
    other = random.sample(values, len(values))
    found = agreement(values, other)

    assert found.n == len(values)
    if len(set(values)) == 1:
        assert found.value is None
    else:
        assert found.value == pytest.approx(stats.spearmanr(values, other).statistic)
        assert found.low is None or found.low < found.value < found.high


def test_the_share_that_is_not_noise_is_that_of_a_two_way_table():
    """By the textbook's sums of squares; what a replicate does to all rows changes nothing."""
    values = np.random.default_rng(1).normal(0, 1, (7, 4)) + np.arange(7)[:, None] / 3
    moved = values + np.array([0.0, 5.0, -3.0, 1.0])
    rows = 4 * values.mean(1).var(ddof=1)
    left = ((values - values.mean(0) - values.mean(1)[:, None] + values.mean()) ** 2).sum() / 18

    for table in (values, moved):
        found = share(table)
        assert (found.f, found.df) == (pytest.approx(rows / left), (6, 18))
        assert found.value == pytest.approx(1 - left / rows)
        assert found.p == pytest.approx(stats.f.sf(rows / left, 6, 18))
        assert found.low <= found.value <= found.high


def test_noise_alone_has_its_interval_around_nothing():
    """Where configurations are equal, p is below 0.05 in about 5 % of studies, and the interval begins at 0 in most."""
    draw = np.random.default_rng(2)
    found = [share(draw.normal(0, 1, (12, 3))) for _ in range(400)]

    assert 0.02 < np.mean([each.p < 0.05 for each in found]) < 0.09
    assert np.mean([each.low == 0 for each in found]) > 0.95


def test_equal_scores_have_no_share():
    """Nothing differs: nothing is noise, and nothing is not."""
    assert share(np.full((5, 3), 0.8)) is None


def test_validation_says_nothing_and_an_unseen_speaker_does():
    """The made-up sweep: by chance on val, far apart on ood, and in another order there."""
    val, _, ood = separations(factorial())

    assert (val.verdict, ood.verdict) == ("does not separate", "separates")
    assert (val.chosen, val.reported, ood.chosen, ood.reported) == (True, False, False, True)
    assert ood.told > 20 > val.told
    assert val.agreement is None
    assert ood.agreement is not None
    assert ood.agreement.low < 0.3
    assert (val.configurations, val.n, val.df) == (96, 3, 192)


def test_a_few_bad_configurations_do_not_make_a_split_tell_the_others():
    """One of twelve is far behind and the rest are level: the variance is not noise, and the middle half is."""
    draw = np.random.default_rng(3)
    points = grid(rank=tuple(range(12)))
    table = crossed(
        points, lambda point, _case, _seed: float(draw.normal(0.5 if point["rank"] else 0.1, 0.01)), seeds=3
    )
    val, test = separations(table)

    assert (val.share.value > 0.95, val.verdict) == (True, "hardly separates")
    assert test.verdict == "does not separate"  # one score for all
    assert (test.ties, test.share) == (12, None)


def test_what_cannot_be_compared_is_left_out():
    """A configuration with a lost run has no part, nor has one that no seed changes; too few are not compared."""
    rows = [a_row(f"a={at}", *(a_run(seed, val=0.5 + at / 10 + seed / 50) for seed in (0, 1))) for at in range(5)]
    lost = a_row("lost", a_run(0), replace(a_run(1), status="failed", scores={}))
    fixed = a_row("fixed", a_run(None, val=0.9))
    (val, *_) = separations(a_table(*rows, lost, fixed))

    assert (val.configurations, val.best, val.highest) == (5, "a=4", pytest.approx(0.91))
    assert isinstance(separations(a_table(*rows[:3], lost, fixed)), Unavailable)


def test_less_is_better_where_it_is():
    """The best of a loss is its lowest mean."""
    rows = [a_row(f"a={at}", *(a_run(seed, val=0.5 + at / 10 + seed / 50) for seed in (0, 1))) for at in range(5)]
    facts = replace(a_table(*rows).metrics[AIS], direction="minimize")
    (val, *_) = separations(a_table(*rows, metrics={AIS: facts}))

    assert val.best == "a=0"
