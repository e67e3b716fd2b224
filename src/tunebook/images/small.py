"""Small pictures: how large one is shown, and images and masks brought to that size."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Layer = TypeVar("Layer", NDArray[np.uint8], NDArray[np.bool_])


def shown_shape(shape: tuple[int, ...], size: int) -> tuple[int, int]:
    """(height, width) of a picture whose longest side is `size`; of a smaller image the greatest multiple below it."""
    height, width = shape
    longest = max(height, width)
    if longest <= size:
        return height * (size // longest), width * (size // longest)
    return max(1, round(height * size / longest)), max(1, round(width * size / longest))


def stretched(image: NDArray[np.floating[Any]] | NDArray[np.uint8]) -> NDArray[np.float64]:
    """Values as 0..1 for the eye: from the 0.5th to the 99.5th percentile over all channels.

    An image without contrast is black.
    """
    low, high = np.percentile(image, (0.5, 99.5))
    if high <= low:
        low, high = float(image.min()), float(image.max())
    if high <= low:
        return np.zeros(image.shape)
    found: NDArray[np.float64] = np.clip((image.astype(np.float64) - low) / (high - low), 0, 1)
    return found


def mean(image: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """An image (h, w, 3) in another size: each pixel is the mean of its part; enlarged ones are not smoothed."""
    height, width = shape
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BOX))


def largest(layer: Layer, shape: tuple[int, int]) -> Layer:
    """A layer (h, w) in the size of `shown_shape`, which keeps what is thin: each pixel is the largest of its part.

    The parts of a layer that is reduced are rectangles that share no pixel and cover all of it; a smaller layer is
    enlarged by a whole factor. The largest reaches a level where any pixel does, so a level may be applied before or
    after.
    """
    if shape[0] > layer.shape[0]:
        factor = shape[0] // layer.shape[0]
        return layer.repeat(factor, axis=0).repeat(factor, axis=1)
    rows, columns = (np.arange(wanted) * given // wanted for wanted, given in zip(shape, layer.shape, strict=True))
    found: Layer = np.maximum.reduceat(np.maximum.reduceat(layer, rows, axis=0), columns, axis=1)
    return found
