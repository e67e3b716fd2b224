"""Targets of the automatic decoder."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from skimage.measure import label

from tunebook.tasks.promptable_segmentation.distances import targets


def slow_targets(labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Each object alone, by its definition."""
    objects = label(labels, connectivity=2)
    maps = np.stack([objects > 0, np.ones(labels.shape), np.ones(labels.shape)]).astype(float)
    for each in range(1, int(objects.max()) + 1):
        mask = objects == each
        around = np.pad(mask, 1, mode="edge")
        inner = mask & around[2:, 1:-1] & around[:-2, 1:-1] & around[1:-1, 2:] & around[1:-1, :-2]
        depth = distance_transform_edt(inner | ~mask) * mask if (mask & ~inner).any() else np.zeros(mask.shape)
        pixels = np.argwhere(mask)
        centre = np.rint(pixels.mean(axis=0)).astype(int)
        if not mask[tuple(centre)]:
            centre = np.array(np.unravel_index(np.argmax(np.where(mask, depth, -1)), mask.shape))
        reach = np.hypot(*(pixels - centre).T)
        maps[1][mask] = reach / max(reach.max(), 1e-9)
        maps[2][mask] = (depth.max() - depth[mask]) / max(depth.max(), 1e-9)
    return maps


@given(arrays(np.int32, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.sampled_from([0, 1, 1, 1, 4])))
@settings(deadline=None, max_examples=150)
def test_targets_equal_a_slow_reference(labels: NDArray[np.int32]) -> None:
    """All objects at once equal each object alone."""
    np.testing.assert_allclose(targets(labels), slow_targets(labels), atol=1e-6)


def test_large_objects_equal_a_slow_reference() -> None:
    """Touching discs, a ring and a stripe: deep objects, and a centroid outside its object."""
    rows, columns = np.mgrid[:40, :60]
    labels = np.zeros((40, 60), np.int32)
    for number, (y, x) in enumerate([(10, 10), (10, 21), (26, 14)], 1):
        labels[(rows - y) ** 2 + (columns - x) ** 2 <= 40] = number
    radius = np.hypot(rows - 22, columns - 44)
    labels[(radius > 8) & (radius < 13)] = 9
    labels[35:38] = 5

    np.testing.assert_allclose(targets(labels), slow_targets(labels), atol=1e-6)


def test_a_square_has_its_centre_and_rim() -> None:
    """Centre distance grows from the centroid to 1; boundary distance is 1 on the rim and 0 in the middle."""
    labels = np.zeros((7, 7), np.uint16)
    labels[1:6, 1:6] = 300
    foreground, centre, boundary = targets(labels)

    assert foreground.tolist() == (labels > 0).tolist()
    assert (centre[3, 3], centre[1, 1], centre[1, 3]) == (0, 1, np.float32(2 / np.sqrt(8)))
    assert boundary[3, 1:6].tolist() == [1, 0.5, 0, 0.5, 1]


def test_background_is_far_from_everything() -> None:
    """Both distances are 1 where there is no object; an empty map is nothing else."""
    maps = targets(np.zeros((3, 4), np.int32))

    assert maps.dtype == np.float32
    assert [channel.tolist() for channel in maps] == [np.full((3, 4), value).tolist() for value in (0, 1, 1)]


def test_a_single_pixel_is_all_centre() -> None:
    """An object without extent and depth has distance 0, not a division by zero."""
    labels = np.zeros((3, 3), np.int32)
    labels[1, 1] = 1

    assert targets(labels)[:, 1, 1].tolist() == [1, 0, 0]


def test_an_object_that_fills_the_image_has_no_rim() -> None:
    """The image's edge is no rim, so nothing is near it."""
    maps = targets(np.ones((5, 5), np.int32))

    assert maps[2].tolist() == np.zeros((5, 5)).tolist()
    assert maps[1].max() == 1


def test_pieces_of_one_id_are_objects() -> None:
    """Two separate pieces with one id have a centre each."""
    labels = np.zeros((5, 12), np.int32)
    labels[1:4, 1:4] = labels[1:4, 8:11] = 6

    assert np.argwhere(targets(labels)[1] == 0).tolist() == [[2, 2], [2, 9]]
