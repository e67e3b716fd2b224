"""Borders of masks, and how near they lie to one another."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import distance_transform_edt
from skimage.segmentation import find_boundaries

from tunebook.tasks.binary_segmentation.boundaries import Borders, border, borders, widened

masks = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def _square(side, at, size):
    mask = np.zeros((side, side), bool)
    mask[at : at + size, at : at + size] = True
    return mask


@given(mask=masks)
def test_a_border_is_the_inner_one_of_scikit_image(mask):
    """With neighbours above, below, left and right, and without the frame of the scan."""
    np.testing.assert_array_equal(border(mask), find_boundaries(mask, connectivity=1, mode="inner") & mask)


@given(mask=masks, radius=st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 2.3, 3.0, 5.0, 40.0]))
def test_widened_masks_hold_all_that_is_near(mask, radius):
    """The pixels whose distance to the mask is at most the radius; nothing is near to nothing."""
    near = distance_transform_edt(~mask) <= radius if mask.any() else mask

    np.testing.assert_array_equal(widened(mask, radius), near)


def test_a_border_that_is_off_by_less_than_the_tolerance_is_found():
    """A square that is one pixel larger on every side: 28 border pixels around 20."""
    true, said = _square(20, 6, 6), _square(20, 5, 8)

    assert borders(said, true, tolerance=0) == Borders(predicted=28, matched=0, true=20, found=0)
    assert borders(said, true, tolerance=1) == Borders(predicted=28, matched=24, true=20, found=20)
    assert borders(said, true, tolerance=1.5).f1 == 1
    assert borders(said, true, tolerance=1).f1 == pytest.approx(2 * (24 / 28) / (24 / 28 + 1))


def test_what_is_far_away_counts_against_precision():
    """A second object that nobody drew, at the other end."""
    true = _square(30, 2, 6)
    found = borders(true | _square(30, 20, 6), true, tolerance=2)

    assert found == Borders(predicted=40, matched=20, true=20, found=20)
    assert found.f1 == pytest.approx(2 / 3)


def test_the_frame_is_no_border():
    """What lies beyond a scan is unknown: a mask that fills it has no border, and one cut by it none along it."""
    full = np.ones((5, 7), bool)
    half = full.copy()
    half[:, 4:] = False

    assert not border(full).any()
    assert border(half).sum() == 5


def test_without_a_border_there_is_no_score_or_none_but_0():
    """NaN where no border is true; 0 where none is predicted."""
    nothing, square = np.zeros((9, 9), bool), _square(9, 3, 3)

    assert np.isnan(borders(square, nothing, tolerance=2).f1)
    assert borders(nothing, square, tolerance=2).f1 == 0


def test_a_large_scan_takes_a_moment():
    """779 × 1168 pixels of noise, which is nothing but borders; a second is far more than it needs."""
    said, true = np.random.default_rng(0).random((2, 779, 1168)) < 0.3
    start = time.process_time()
    borders(said, true, tolerance=2)

    assert time.process_time() - start < 1
