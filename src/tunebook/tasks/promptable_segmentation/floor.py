"""The classical floor: what thresholding and a watershed find without learning anything.

Otsu's threshold parts the grey values; the side with fewer pixels is the objects, whether they are bright
(fluorescence) or dark (bright field). Touching objects are split at the necks of the distance transform. The result is
given as the maps that the automatic decoder would predict for it, so that it is stored, post-processed, calibrated and
scored in the same way as a trained model.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter
from skimage.filters import threshold_otsu
from skimage.measure import label
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from tunebook.tasks.promptable_segmentation.distances import targets

SMOOTHING = 1.0
"""Sigma of the Gaussian on the distance transform, in pixels."""
NECK = 0.75
"""Objects are split where the distance transform falls by more than this below the lower of two peaks, in pixels."""


def otsu_watershed(image: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Maps of the objects that Otsu's threshold and a watershed find.

    Args:
        image: (h, w, 3), 0..255; the mean of the channels is thresholded. Without contrast nothing is found; when
            both sides are equally large the bright one is the objects.

    Returns:
        (3, h, w): foreground, centre distance, boundary distance; 0..255 for 0..1.
    """
    maps: NDArray[np.uint8] = np.rint(targets(_split(_objects(image.mean(axis=-1)))) * 255).astype(np.uint8)
    return maps


def _objects(grey: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    if grey.min() == grey.max():
        return np.zeros(grey.shape, bool)
    # The threshold comes as the centre of the last dark one of 256 bins; the bin's upper edge parts the sides.
    half_bin = (grey.max() - grey.min()) / 512
    bright: NDArray[np.bool_] = grey > threshold_otsu(grey) + half_bin
    return bright if 2 * np.count_nonzero(bright) <= bright.size else ~bright


def _split(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """One object for every peak of the smoothed distance transform that stands out."""
    if not mask.any():
        return np.zeros(mask.shape, np.int32)
    depth = gaussian_filter(distance_transform_edt(mask), SMOOTHING)
    peaks = label(h_maxima(depth, NECK) > 0, connectivity=2)
    split: NDArray[np.int32] = watershed(-depth, peaks, mask=mask).astype(np.int32)
    return split
