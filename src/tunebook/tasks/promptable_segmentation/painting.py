"""One label map from many masks: how the interactive modes become instances.

Masks of different objects may overlap. Larger masks are painted first and smaller ones only into pixels that are still
free; of two masks of equal area the earlier one is painted first. Then every connected piece becomes an object of its
own (eight neighbours connect), so that fragments of a mask count as predictions too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label


@dataclass(frozen=True)
class Placed:
    """A mask cut to a window of the image.

    Args:
        mask: bool (h, w) of the window, 1 = object.
        y: Row of the window's first row in the image.
        x: Column of the window's first column in the image.
    """

    mask: NDArray[np.bool_]
    y: int
    x: int


def paint(masks: NDArray[np.bool_], *, components: bool = True) -> NDArray[np.int32]:
    """Paint whole masks into one label map; see `paint_placed`.

    Args:
        masks: bool (n, h, w).
        components: Whether connected pieces become objects of their own.
    """
    height, width = masks.shape[1:]
    return paint_placed([Placed(mask, 0, 0) for mask in masks], (height, width), components=components)


def paint_placed(placed: Sequence[Placed], shape: tuple[int, int], *, components: bool = True) -> NDArray[np.int32]:
    """Paint masks that are cut to windows into one label map.

    Args:
        placed: Masks with their places; every window lies within the image.
        shape: Height and width of the image.
        components: Whether connected pieces become objects of their own.

    Returns:
        Label map (h, w). With `components` objects are numbered from 1 in reading order; without, the object of
        `placed[i]` has the id i + 1, and an object that is covered or empty is absent.

    Raises:
        ValueError: when a window reaches beyond the image.
    """
    painted = np.zeros(shape, np.int32)
    areas = np.array([np.count_nonzero(each.mask) for each in placed], np.int64)
    for index in np.argsort(-areas, kind="stable"):
        window = _window(painted, placed[index])
        window[placed[index].mask & (window == 0)] = index + 1
    if components:
        return label(painted, connectivity=2).astype(np.int32)  # type: ignore[no-any-return]
    return painted


def _window(painted: NDArray[np.int32], placed: Placed) -> NDArray[np.int32]:
    bottom, right = placed.y + placed.mask.shape[0], placed.x + placed.mask.shape[1]
    if placed.y < 0 or placed.x < 0 or bottom > painted.shape[0] or right > painted.shape[1]:
        raise ValueError(
            f"a window must lie within the image {painted.shape}; "
            f"got rows {placed.y} to {bottom}, columns {placed.x} to {right}"
        )
    return painted[placed.y : bottom, placed.x : right]
