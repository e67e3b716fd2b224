"""Label maps from masks."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tunebook.tasks.promptable_segmentation.painting import Placed, paint, paint_placed
from tunebook.tasks.promptable_segmentation.scores import matches


def stripes(*spans: tuple[int, int]) -> NDArray[np.bool_]:
    """Masks (n, 1, 10) that cover columns from first to before last."""
    columns = np.arange(10)
    return np.stack([((columns >= first) & (columns < last))[None] for first, last in spans])


def test_larger_masks_keep_their_pixels() -> None:
    """A smaller mask gets only what is free, whatever the order of the masks."""
    labels = paint(stripes((4, 8), (0, 6)), components=False)

    assert labels.tolist() == [[2, 2, 2, 2, 2, 2, 1, 1, 0, 0]]


def test_of_equal_masks_the_earlier_one_is_first() -> None:
    """Ties are broken by the order of the masks."""
    labels = paint(stripes((0, 4), (2, 6)), components=False)

    assert labels.tolist() == [[1, 1, 1, 1, 2, 2, 0, 0, 0, 0]]


def test_fragments_are_objects() -> None:
    """A mask that a larger one cuts in two counts twice; objects are numbered in reading order."""
    masks = np.zeros((2, 3, 5), bool)
    masks[0, :, 2] = True
    masks[1, 1, 1:5:2] = masks[1, 1, 2] = True
    masks[0, 0] = True

    assert paint(masks, components=False).tolist() == [[1, 1, 1, 1, 1], [0, 2, 1, 2, 0], [0, 0, 1, 0, 0]]
    assert paint(masks).tolist() == [[1, 1, 1, 1, 1], [0, 2, 1, 3, 0], [0, 0, 1, 0, 0]]


def test_a_covered_mask_is_absent() -> None:
    """Empty masks and masks below larger ones leave no object."""
    labels = paint(stripes((0, 6), (2, 4), (0, 0)), components=False)

    assert np.unique(labels).tolist() == [0, 1]


def test_no_masks_paint_nothing() -> None:
    """Without objects the map is empty."""
    assert paint(np.zeros((0, 2, 3), bool)).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_windows_paint_as_whole_masks() -> None:
    """Masks that are cut to windows give the same map."""
    rng = np.random.default_rng(0)
    masks = np.zeros((6, 20, 24), bool)
    placed = []
    for mask, y, x in zip(masks, rng.integers(0, 12, 6), rng.integers(0, 16, 6), strict=True):
        mask[y : y + 8, x : x + 8] = rng.random((8, 8)) < 0.7
        placed.append(Placed(mask[y : y + 8, x : x + 8], int(y), int(x)))

    for components in (True, False):
        whole = paint(masks, components=components)
        assert np.array_equal(paint_placed(placed, (20, 24), components=components), whole)


@pytest.mark.parametrize(("y", "x"), [(-1, 0), (0, -1), (3, 0), (0, 3)])
def test_a_window_beyond_the_image_is_refused(y: int, x: int) -> None:
    """Nothing is cut off silently."""
    with pytest.raises(ValueError, match=r"a window must lie within the image \(4, 4\)"):
        paint_placed([Placed(np.ones((2, 2), bool), y, x)], (4, 4))


def test_painting_in_any_order_is_the_same_map() -> None:
    """Masks of different areas are told apart by their areas alone."""
    masks = stripes((0, 5), (3, 7), (6, 9), (8, 10))

    assert np.array_equal(paint(masks), paint(masks[::-1]))


def test_a_fragment_costs_a_score() -> None:
    """A larger mask across an object cuts it in two: two predictions for one object, whose pixels are all painted."""
    truth = np.array([[1, 1, 1, 1, 1, 1], [0, 0, 2, 2, 0, 0], [0, 0, 2, 2, 0, 0], [0, 0, 2, 2, 0, 0]])
    one, two = truth == 1, truth == 2
    two[0, 2:4] = True

    found = matches(paint(np.stack([one, two])), truth)

    assert (found.n_pred, found.tp(0.5), found.fp(0.5)) == (3, 1, 2)
