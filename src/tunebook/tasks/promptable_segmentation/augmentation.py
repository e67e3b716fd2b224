"""Training windows changed by chance.

Geometry (zoom, flips, rotations) changes image and label alike, and the distances that the automatic decoder learns
are computed from the changed label. Light (blur, contrast, brightness, noise, in this order) changes the image alone,
before it is padded, so that what lies beyond an image stays 0 as it is in testing; values stay in 0..255.

Every change but the flips draws from a generator of its own, named by step and place in the batch: switching one on
leaves the draws of the others as they were. Flips are drawn after the place of the window, from the windows' generator;
zoom changes the windows' side, and with it where they lie and how they are flipped.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from tunebook.tasks.promptable_segmentation.config import Augmentation
from tunebook.train.seeding import numpy_generator

GREATEST = 255


def zoomed(window: int, how: Augmentation, *, seed: int, number: tuple[int, int]) -> int:
    """The side of the square, in pixels of the image, that is shown in the place of a window; at least 1.

    Args:
        number: Step and place in the batch.
    """
    if not how.zoom:
        return window
    factor = math.exp(numpy_generator(seed, "zoom", *number).uniform(-how.zoom, how.zoom))
    return max(1, round(window * factor))


def turned(
    image: NDArray[np.float32],
    label: NDArray[np.int32],
    how: Augmentation,
    *,
    flips: tuple[bool, bool],
    seed: int,
    number: tuple[int, int],
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Image and label flipped and turned by quarters.

    Args:
        flips: What was drawn for rows and for columns; without effect where flips are off.
    """
    for axis in (0, 1):
        if how.flips and flips[axis]:
            image, label = np.flip(image, axis), np.flip(label, axis)
    if how.rotations:
        quarters = int(numpy_generator(seed, "rotation", *number).integers(4))
        image, label = np.rot90(image, quarters), np.rot90(label, quarters)
    return image, label


def lit(image: NDArray[np.float32], how: Augmentation, *, seed: int, number: tuple[int, int]) -> NDArray[np.float32]:
    """An image (h, w, 3) under other light, in 0..255.

    Noise is the same in all channels, so that grey stays grey.
    """
    if not (how.blur or how.contrast or how.brightness or how.noise):
        return image

    def draws(stream: str) -> np.random.Generator:
        return numpy_generator(seed, stream, *number)

    changed = image.astype(np.float64)
    if how.blur:
        deviation = draws("blur").uniform(0, how.blur)
        changed = gaussian_filter(changed, (deviation, deviation, 0), mode="nearest")
    if how.contrast:
        mean = changed.mean(dtype=np.float64)
        changed = mean + (changed - mean) * math.exp(draws("contrast").uniform(-how.contrast, how.contrast))
    if how.brightness:
        changed = changed + GREATEST * draws("brightness").uniform(-how.brightness, how.brightness)
    if how.noise:
        noise = draws("noise")
        deviation = GREATEST * noise.uniform(0, how.noise)
        changed = changed + deviation * noise.standard_normal(changed.shape[:2])[..., None]
    return np.clip(changed, 0, GREATEST).astype(np.float32)
