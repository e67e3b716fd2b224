"""Small pictures of one image: as it is, with the true objects, with the predicted ones.

Colours are told apart with any colour vision, and differ in brightness too (Okabe and Ito): true objects green,
predicted ones that match sky blue, missed ones vermilion, invented ones yellow. Outlines lie within their objects,
which are tinted in the same colour.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import find_boundaries
from skimage.transform import resize

from tunebook.images.small import shown_shape, stretched
from tunebook.tasks.promptable_segmentation.scores import Matches, pairs

TRUE = (0, 158, 115)
MATCHED = (86, 180, 233)
MISSED = (213, 94, 0)
INVENTED = (240, 228, 66)
TINT = 0.3
"""Share of the colour within an outline."""

Labels = NDArray[np.integer[Any]]


def thumbnails(
    image: NDArray[np.floating[Any]] | NDArray[np.uint8], truth: Labels, predicted: Labels, *, size: int = 256
) -> dict[str, NDArray[np.uint8]]:
    """Panels `image`, `truth` and `prediction`, in the order of showing.

    The grey values are stretched for the eye: from the 0.5th to the 99.5th percentile over all channels. An image that
    is smaller than the panel is enlarged by a whole factor without smoothing, a larger one is reduced.

    Args:
        image: (h, w, 3), 0..255.
        truth: Label map (h, w).
        predicted: Label map (h, w).
        size: Longest side of a panel, in pixels; an enlarged image has the greatest multiple that is not above it.

    Returns:
        Panel name -> uint8 RGB (height, width, 3). In `prediction` matched, missed and invented objects at IoU 0.5
        have their own colours; where they meet, invented lies over matched, and missed over both.
    """
    shape = shown_shape(truth.shape, size)
    matched = pairs(predicted, truth)
    shown_truth, shown = _nearest(truth, shape), _nearest(predicted, shape)
    found = np.isin(shown, [one for one, _ in matched])
    reached = np.isin(shown_truth, [other for _, other in matched])
    seen = with_truth(image, truth, size=size)
    layers = (
        (np.where(found, shown, 0), MATCHED),
        (np.where(found, 0, shown), INVENTED),
        (np.where(reached, 0, shown_truth), MISSED),
    )
    return {**seen, "prediction": _outlined(seen["image"], *layers)}


def with_truth(
    image: NDArray[np.floating[Any]] | NDArray[np.uint8], truth: Labels, *, size: int
) -> dict[str, NDArray[np.uint8]]:
    """The panels `image` and `truth` alone; as `thumbnails`."""
    shape = shown_shape(truth.shape, size)
    plain = _resized(stretched(image), shape)
    return {"image": plain, "truth": _outlined(plain, (_nearest(truth, shape), TRUE))}


def legend(matches: Matches) -> str:
    """`12 matched (blue), 2 missed (orange), 1 invented (yellow) at IoU 0.5`: the counts and their colours."""
    counts = matches.tp(0.5), matches.fn(0.5), matches.fp(0.5)
    return "{} matched (blue), {} missed (orange), {} invented (yellow) at IoU 0.5".format(*counts)


def _nearest(labels: Labels, shape: tuple[int, int]) -> Labels:
    rows, columns = (
        (2 * np.arange(wanted) + 1) * given // (2 * wanted) for wanted, given in zip(shape, labels.shape, strict=True)
    )
    return labels[np.ix_(rows, columns)]


def _resized(image: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.uint8]:
    if shape[0] >= image.shape[0] and shape[1] >= image.shape[1]:
        factor = shape[0] // image.shape[0]
        image = image.repeat(factor, axis=0).repeat(factor, axis=1)
    else:
        image = resize(image, (*shape, 3), order=1, anti_aliasing=True)
    return np.rint(image * 255).astype(np.uint8)


def _outlined(plain: NDArray[np.uint8], *layers: tuple[Labels, tuple[int, int, int]]) -> NDArray[np.uint8]:
    """The picture with the objects of label maps tinted and outlined; later layers lie over earlier ones."""
    picture = plain.astype(np.float64)
    for labels, colour in layers:
        inside = labels > 0
        picture[inside] += TINT * (np.array(colour) - picture[inside])
    for labels, colour in layers:
        picture[find_boundaries(labels, mode="inner")] = colour
    return np.rint(picture).astype(np.uint8)
