"""The threshold that is chosen over the pixels of the selection split."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tunebook.tasks.binary_segmentation import counts
from tunebook.tasks.binary_segmentation.config import OperatingPoint
from tunebook.tasks.binary_segmentation.thresholds import Threshold, best

F1 = OperatingPoint()
GOALS = {"recall": (counts.recall, counts.precision), "precision": (counts.precision, counts.recall)}


def _histogram(background, foreground):
    """From level -> number of pixels."""
    found = np.zeros((2, 256), np.int64)
    for row, pixels in zip(found, (background, foreground), strict=True):
        row[list(pixels)] = list(pixels.values())
    return found


@st.composite
def _histograms(draw):
    """A few probabilities with a few pixels each, one of them of the foreground at least."""
    found = np.zeros((2, 256), np.int64)
    levels = draw(st.lists(st.integers(0, 255), min_size=1, max_size=6, unique=True))
    found[:, levels] = draw(arrays(np.int64, (2, len(levels)), elements=st.integers(0, 5)))
    found[1, levels[0]] += 1
    return found


def _values(histogram, score):
    return np.array([score(counts.at_level(histogram, level)) for level in range(1, 256)])


@given(histogram=_histograms())
def test_no_other_level_has_a_better_f1(histogram):
    """Among 1 to 255; of equal ones it is the nearest to 128."""
    values, found = _values(histogram, counts.f1), best(histogram, F1)
    tied = 1 + np.flatnonzero(values >= values.max() - 1e-9)

    assert found.level in tied
    assert abs(found.level - 128) == np.abs(tied - 128).min()
    assert found.reached


@given(
    histogram=_histograms(), choose=st.sampled_from(["recall", "precision"]), at_least=st.sampled_from([0.3, 0.8, 1])
)
def test_the_most_of_one_among_those_with_enough_of_the_other(histogram, choose, at_least):
    """Where no level has enough, none has more than the chosen one."""
    goal, other = (_values(histogram, score) for score in GOALS[choose])
    found = best(histogram, OperatingPoint(choose=choose, at_least=at_least))
    enough = other >= at_least

    assert found.reached == enough.any()
    if enough.any():
        assert enough[found.level - 1]
        assert goal[found.level - 1] == pytest.approx(goal[enough].max())
    else:
        assert other[found.level - 1] == pytest.approx(other.max())


def test_a_threshold_is_a_probability_in_255ths():
    """51 of 255 is 0.2, and its level is found again."""
    found = best(_histogram({0: 90, 50: 5}, {51: 5}), F1)

    assert (found.level, found.value) == (51, 0.2)
    assert counts.level_of(found.value) == 51


def test_in_a_gap_it_is_the_level_nearest_to_a_half():
    """Nothing tells the levels between two probabilities apart."""
    assert best(_histogram({0: 90}, {255: 9}), F1).level == 128
    assert best(_histogram({10: 90}, {100: 9}), F1).level == 100
    assert best(_histogram({200: 90}, {220: 9}), F1).level == 201


@pytest.mark.parametrize(
    ("background", "foreground", "edge"),
    [
        ({0: 90}, {255: 9}, "only"),
        ({40: 90}, {40: 9}, "only"),
        ({0: 90}, {200: 9}, "only"),
        ({0: 90, 200: 1}, {40: 9}, "lowest"),
        ({0: 90, 40: 9}, {200: 9}, "highest"),
        ({0: 90, 40: 9, 220: 1}, {150: 9, 230: 1}, ""),
    ],
    ids=["two values", "all alike", "0 and another", "no level below", "no level above", "levels on both sides"],
)
def test_the_edge_of_the_scale_is_said(background, foreground, edge):
    """Beyond an edge no level predicts other pixels, so a better threshold may lie there."""
    assert best(_histogram(background, foreground), F1).edge == edge


def test_nothing_predicted_stays_nothing():
    """An answer of 0 everywhere is not made one of everything by a threshold of 0."""
    found = best(_histogram({0: 99}, {0: 1}), F1)

    assert found == Threshold(128, "only")


def test_without_foreground_it_is_a_half():
    """There is nothing to choose by."""
    assert best(_histogram({0: 9, 30: 9}, {}), F1) == Threshold(128, "only")
