"""What the automatic decoder learns: foreground, and two distances within each object.

Objects that fall apart are several objects here (eight neighbours connect). Both distances run from 0 to 1 within every
object, so small and large objects weigh the same, and are 1 in the background:

- centre distance: to the pixel at the centroid, or where that is not of the object, to its deepest pixel (the first
  in reading order); divided by its largest value in the object.
- boundary distance: 1 on the object's rim, 0 at its deepest pixel. The depth of a pixel is its distance to the nearest
  rim pixel, one with a neighbour (of four) that is not of the object. The image's edge is no rim.

An object without depth (nothing but rim, as all that are one or two pixels wide) or without extent (one pixel) has
the distance 0 throughout.

One distance transform of the whole image serves all objects: a straight way from a pixel to the rim of another object
crosses the rim of its own object first, so the nearest rim pixel is always its own.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from skimage.measure import label


def targets(labels: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """Foreground, centre distance and boundary distance of a label map.

    Args:
        labels: Label map (h, w), 0 = background; ids may have gaps.

    Returns:
        (3, h, w), every value in 0 to 1.
    """
    objects: NDArray[np.int64] = label(labels, connectivity=2).astype(np.int64)
    maps = np.ones((3, *labels.shape), np.float32)
    maps[0] = objects > 0
    rows, columns = np.nonzero(objects)
    if rows.size == 0:
        return maps
    ids = objects[rows, columns]
    depth = _depth(objects)[rows, columns]
    deepest = _largest(depth, ids)
    maps[1, rows, columns] = _centre_distance(objects, rows, columns, depth)
    maps[2, rows, columns] = np.where(deepest[ids] > 0, 1 - depth / _divisor(deepest)[ids], 0)
    return maps


def _centre_distance(
    objects: NDArray[np.int64], rows: NDArray[np.int64], columns: NDArray[np.int64], depth: NDArray[np.float64]
) -> NDArray[np.float64]:
    ids = objects[rows, columns]
    sizes = _divisor(np.bincount(ids).astype(np.float64))
    centre_row = np.rint(np.bincount(ids, rows) / sizes).astype(np.int64)
    centre_column = np.rint(np.bincount(ids, columns) / sizes).astype(np.int64)
    outside = objects[centre_row, centre_column] != np.arange(len(sizes))
    for each in np.flatnonzero(outside[1:]) + 1:
        own = np.flatnonzero(ids == each)
        pixel = own[np.argmax(depth[own])]
        centre_row[each], centre_column[each] = rows[pixel], columns[pixel]
    distance: NDArray[np.float64] = np.hypot(rows - centre_row[ids], columns - centre_column[ids])
    return distance / _divisor(_largest(distance, ids))[ids]


def _depth(objects: NDArray[np.int64]) -> NDArray[np.float64]:
    """Distance of each pixel to the nearest rim pixel; 0 everywhere when one object fills the image."""
    rim = np.zeros(objects.shape, bool)
    for one, other in ((np.s_[1:, :], np.s_[:-1, :]), (np.s_[:, 1:], np.s_[:, :-1])):
        step = objects[one] != objects[other]
        rim[one] |= step
        rim[other] |= step
    rim &= objects > 0
    if not rim.any():
        return np.zeros(objects.shape)
    depth: NDArray[np.float64] = distance_transform_edt(~rim)
    return depth


def _largest(values: NDArray[np.float64], ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """Largest value of each id, by id; values are not negative."""
    largest = np.zeros(int(ids.max()) + 1)
    np.maximum.at(largest, ids, values)
    return largest


def _divisor(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values > 0, values, 1.0)
