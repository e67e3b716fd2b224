"""Small pictures of one scan: as it is, with its true mask, and with what a run gets right and wrong.

Scans are shown whole. Where one is reduced, a pixel of a picture stands for a rectangle of the scan: it is foreground
when any pixel of the rectangle is, and its probability is the largest there. So vessels one pixel wide do not vanish;
a rectangle's prediction is the same whether the level is applied before or after, and the colours are what a slider
over `mask` and `probability` shows. Single pixels look larger than they are, right and wrong ones; what is right within
a rectangle hides what is wrong there. The numbers are of all pixels.

Colours are told apart with any colour vision, and differ in brightness too (Okabe and Ito); they mean what those of
instances mean: true pixels green, found ones sky blue, missed ones vermilion, invented ones yellow.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, UInt8

from tunebook.images.small import largest, mean, shown_shape, stretched
from tunebook.records import Pixels
from tunebook.task import Panels
from tunebook.tasks.binary_segmentation import counts
from tunebook.tasks.binary_segmentation.counts import Confusion
from tunebook.tasks.binary_segmentation.metrics import NO_FOREGROUND

TRUE = (0, 158, 115)
FOUND = (86, 180, 233)
MISSED = (213, 94, 0)
INVENTED = (240, 228, 66)
LEGEND: Mapping[str, str] = {
    "blue": "true positive: foreground that is predicted",
    "yellow": "false positive: background that is predicted",
    "orange": "false negative: foreground that is not predicted",
}
"""Colour of the panel `prediction` -> what it stands for."""
DARKENED = 0.5
"""How bright the grey image is under the colours."""

Mask = Bool[np.ndarray, "h w"]
Picture = UInt8[np.ndarray, "h w 3"]


def panels(
    item: str,
    image: UInt8[np.ndarray, "rows columns 3"],
    truth: Bool[np.ndarray, "height width"],
    probability: UInt8[np.ndarray, "height width"],
    *,
    threshold: float,
    size: int = 256,
) -> Panels:
    """Panels `image`, `truth`, `prediction` (RGB), `mask` and `probability` (grey layers), and the numbers of pixels.

    Args:
        item: Name of the scan.
        image: RGB in 0..255; it may be smaller than the mask.
        truth: Which pixels are foreground, in the scan's own size.
        probability: In 255ths, in the scan's own size.
        threshold: From this probability (0..1) on a pixel is predicted.
        size: Longest side of a panel, in pixels; a scan that is smaller is enlarged by a whole factor.
    """
    shape = shown_shape(truth.shape, size)
    seen = with_truth(image, truth, size=size)
    dark = _darkened(seen["image"])
    mask, chance = largest(truth, shape), largest(probability, shape)
    predicted = chance >= counts.level_of(threshold)
    wrong = (predicted & ~mask, INVENTED), (~predicted & mask, MISSED)
    found = counts.histogram(probability, truth)
    background, foreground = found.tolist()
    return Panels(
        item,
        {
            **seen,
            "prediction": _painted(dark, (predicted & mask, FOUND), *wrong),
            "mask": mask.astype(np.uint8) * np.uint8(255),
            "probability": chance,
        },
        caption(counts.at_level(found, counts.level_of(threshold)), threshold=threshold),
        Pixels(tuple(background), tuple(foreground), threshold),
    )


def with_truth(
    image: UInt8[np.ndarray, "rows columns 3"], truth: Bool[np.ndarray, "height width"], *, size: int
) -> dict[str, Picture]:
    """The panels `image` and `truth` alone; as `panels`."""
    shape = shown_shape(truth.shape, size)
    plain = np.rint(stretched(mean(image, shape)) * 255).astype(np.uint8)
    return {"image": plain, "truth": _painted(_darkened(plain), (largest(truth, shape), TRUE))}


def caption(found: Confusion, *, threshold: float) -> str:
    """`threshold 0.31: 812 true positive (blue), … pixels; recall 0.91, precision 0.87`: counts, colours, scores."""
    pixels = (
        f"{found.tp:,} true positive (blue), {found.fp:,} false positive (yellow), "
        f"{found.fn:,} false negative (orange) pixels"
    )
    scores = f"recall {counts.recall(found):.2f}, precision {counts.precision(found):.2f}"
    return f"threshold {threshold:.3g}: {pixels}; {scores if found.tp + found.fn else NO_FOREGROUND}"


def _darkened(plain: Picture) -> Picture:
    """The picture in grey, for colours to lie on."""
    return np.repeat(np.rint(plain.mean(axis=2, keepdims=True) * DARKENED), 3, axis=2).astype(np.uint8)


def _painted(dark: Picture, *layers: tuple[Mask, tuple[int, int, int]]) -> Picture:
    picture = dark.copy()
    for mask, colour in layers:
        picture[mask] = colour
    return picture
