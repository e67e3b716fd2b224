"""Rearranging scores that would be exchangeable if a parameter did nothing."""

from itertools import permutations

import numpy as np
from scipy import stats

from tunebook.analyse.permuting import DRAWS, fine, fine_residuals, p_of, rearranged


def test_few_rearrangements_are_all_listed_once():
    """Groups of 3 and 2 have 12 rearrangements; the one as they are is left out."""
    values, groups = np.array([1.0, 2.0, 30.0, 3.0, 40.0]), np.array([0, 0, 1, 0, 1])
    found = {tuple(each) for each in rearranged(values, groups, np.random.default_rng(0)).tolist()}
    every = {(a, b, d, c, e) for a, b, c in permutations([1.0, 2.0, 3.0]) for d, e in permutations([30.0, 40.0])}

    assert found == every - {(1.0, 2.0, 30.0, 3.0, 40.0)}


def test_scores_stay_in_their_groups():
    """Groups of all sizes keep their scores, and every score comes to every place of its group equally often."""
    groups = np.repeat([0, 1, 2, 3], [1, 2, 5, 8])
    values = np.arange(16.0)
    found = rearranged(values, groups, np.random.default_rng(0))

    assert found.shape == (DRAWS, 16)
    for group in range(4):
        inside = found[:, groups == group]
        assert (np.sort(inside, axis=1) == values[groups == group]).all()
        counts = np.array([np.sum(inside == value, axis=0) for value in values[groups == group]])
        if len(counts) > 1:
            assert stats.chisquare(counts.ravel()).pvalue > 1e-4


def test_p_counts_the_scores_as_they_are():
    """(1 + how many do as well) / (1 + how many there are), so that p is never 0."""
    assert p_of(1.0, np.array([0.5, 1.0, 2.0])) == 3 / 4
    assert p_of(9.0, np.zeros(999)) == 0.001


def test_p_of_all_rearrangements_is_that_of_scipy():
    """The difference of means of 4 and 4 scores, against SciPy's exact permutation test."""
    values = np.random.default_rng(1).normal(size=8) + np.repeat([0.0, 0.7], 4)
    reference = stats.permutation_test(
        (values[:4], values[4:]), lambda a, b: abs(np.mean(a) - np.mean(b)), n_resamples=np.inf, alternative="greater"
    )
    drawn = np.array([list(each) for each in permutations(values.tolist())][1:])
    found = p_of(abs(values[:4].mean() - values[4:].mean()), abs(drawn[:, :4].mean(axis=1) - drawn[:, 4:].mean(axis=1)))

    assert np.isclose(found, reference.pvalue)


def test_too_few_rearrangements_are_no_test():
    """Two values under three seeds have 8 rearrangements: p could not go below 0.25."""
    assert not fine(np.repeat([0, 1, 2], 2), 2, error=9)
    assert fine(np.repeat(np.arange(12), 2), 2, error=9)
    assert not fine(np.repeat(np.arange(12), 2), 2, error=4)


def test_exchanging_whole_levels_is_no_other_rearrangement():
    """Five values under two seeds have 14400 rearrangements, but only 120 with different F."""
    assert not fine(np.repeat([0, 1], 5), 5, error=9)
    assert fine(np.repeat([0, 1, 2], 5), 5, error=9)


def test_residuals_of_a_model_that_explains_most_are_not_rearranged():
    """Twenty runs with nine degrees of freedom left have residuals that hang together too much."""
    assert fine_residuals(np.zeros(20, dtype=int), 2, error=10)
    assert not fine_residuals(np.zeros(20, dtype=int), 2, error=9)
