"""The baselines of every page: answers that need no training, or nearly none.

black     0 everywhere: nothing is predicted
white     1 everywhere: everything is
constant  the share of foreground in the training scans everywhere, in 255ths and at least one: calibrated, and
          blind; at the threshold with the best F1 it predicts everything
otsu      one side of Otsu's threshold (1979) on the grey values of each scan; which side is a matter of the data,
          and the training scans say it
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image
from skimage.filters import threshold_otsu

from tunebook.tasks.binary_segmentation.scans import Loaded

Floor = Literal["black", "white", "constant", "otsu"]
RGB = UInt8[np.ndarray, "h w 3"]


def fit(family: Floor, loaded: Iterable[Loaded]) -> dict[str, float]:
    """What a baseline takes from the training scans: `share` of foreground; whether the `bright` side is foreground.

    The side has the larger F1 over the pixels of all scans in working size; of equal ones it is the bright one.
    """
    if family == "constant":
        sizes = [(int(scan.mask.sum()), scan.mask.size) for scan in loaded]
        return {"share": sum(found for found, _ in sizes) / sum(size for _, size in sizes)}
    if family == "otsu":
        counts = [(_counts(scan, bright=True), _counts(scan, bright=False)) for scan in loaded]
        bright, dark = zip(*counts, strict=True)
        return {"bright": float(_f1(bright) >= _f1(dark))}
    return {}


def probability(family: Floor, facts: Mapping[str, float], image: RGB) -> UInt8[np.ndarray, "h w"]:
    """The answer to a scan, in 255ths.

    Args:
        facts: What `fit` returned.
    """
    if family == "otsu":
        return side(image, bright=facts["bright"] > 0).astype(np.uint8) * np.uint8(255)
    level = {"black": 0, "white": 255}.get(family)
    return np.full(image.shape[:2], _level(facts["share"]) if level is None else level, np.uint8)


def side(image: RGB, *, bright: bool) -> Bool[np.ndarray, "h w"]:
    """The pixels above Otsu's threshold of the grey values (ITU-R 601), or all others; none of a scan of one value.

    The threshold is of all pixels of the scan, a black surround included.
    """
    grey = np.asarray(Image.fromarray(image).convert("L"))
    if grey.min() == grey.max():
        return np.zeros(grey.shape, bool)
    above: np.ndarray = grey > threshold_otsu(grey)
    return above if bright else ~above


def _level(share: float) -> int:
    """At least 1 where there is any foreground: 0 would be the answer of `black`."""
    return max(round(255 * share), 1) if share else 0


def _counts(scan: Loaded, *, bright: bool) -> tuple[int, int]:
    """TP, and predicted + true."""
    said = side(scan.image, bright=bright)
    return int((said & scan.small_mask).sum()), int(said.sum()) + int(scan.small_mask.sum())


def _f1(counts: Iterable[tuple[int, int]]) -> float:
    """2 TP / (predicted + true), of the counts of all scans."""
    both, either = map(sum, zip(*counts, strict=True))
    return 2 * both / max(either, 1)
