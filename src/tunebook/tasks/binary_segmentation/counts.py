"""How many pixels of background and of foreground got each probability, and what a level leaves of them.

A probability is kept in 255ths. At a level, 0 to 255, the pixels are predicted that have at least so many: a
probability of 0.5 or more is level 128. Histograms of scans add up to the histogram of all their pixels, from which
every score that depends on no neighbour is exact.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

LEVELS = 256
HALF = 128
"""The level of a probability of 0.5."""
ROUNDED = 1e-6
"""A threshold may lie so much above its level, in 255ths: it was written down."""

Histogram = Int[np.ndarray, "2 256"]
"""Pixels of the background and of the foreground, by their probability in 255ths."""


@dataclass(frozen=True)
class Confusion:
    """Numbers of pixels.

    Args:
        tp: True positives: foreground that is predicted. `fp`: background that is predicted.
        fn: Foreground that is not predicted. `tn`: background that is not.
    """

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def counts(self) -> Mapping[str, float]:
        """The same by name."""
        return asdict(self)


def histogram(probability: UInt8[np.ndarray, "h w"], truth: Bool[np.ndarray, "h w"]) -> Histogram:
    """How many pixels of the background and of the foreground got each probability.

    Args:
        probability: In 255ths.
        truth: Which pixels are foreground.
    """
    both = np.bincount(probability.ravel(), minlength=LEVELS)
    foreground = np.bincount(probability[truth], minlength=LEVELS)
    return np.stack([both - foreground, foreground])


def level_of(threshold: float) -> int:
    """The lowest level that is not below a threshold (0..1): of 0.5 it is 128, of level / 255 the level itself."""
    return math.ceil(threshold * 255 - ROUNDED)


def at_level(histogram: Histogram, level: int) -> Confusion:
    """What is right and wrong when the pixels from a level (0..255) on are predicted."""
    predicted, rest = histogram[:, level:].sum(axis=1), histogram[:, :level].sum(axis=1)
    return Confusion(tp=int(predicted[1]), fp=int(predicted[0]), fn=int(rest[1]), tn=int(rest[0]))


def from_each_level(histogram: Histogram) -> Int[np.ndarray, "2 256"]:
    """Pixels of the background and of the foreground that are predicted at each level, 0 to 255."""
    summed: np.ndarray = np.cumsum(histogram[:, ::-1], axis=1)
    return summed[:, ::-1]


def f1(found: Confusion) -> float:
    """2 TP / (2 TP + FP + FN), also called Dice; NaN without foreground."""
    return _share(2 * found.tp, 2 * found.tp + found.fp + found.fn, found)


def precision(found: Confusion) -> float:
    """TP / (TP + FP); 0 where nothing is predicted (scikit-learn's zero_division=0); NaN without foreground."""
    return _share(found.tp, max(found.tp + found.fp, 1), found)


def recall(found: Confusion) -> float:
    """TP / (TP + FN); NaN without foreground."""
    return _share(found.tp, found.tp + found.fn, found)


def iou(found: Confusion) -> float:
    """TP / (TP + FP + FN), also called Jaccard index; NaN without foreground."""
    return _share(found.tp, found.tp + found.fp + found.fn, found)


def average_precision(histogram: Histogram) -> float:
    """The sum of precisions at each probability, weighted by the rise in recall; NaN without foreground.

    As scikit-learn's `average_precision_score` of the same 255ths: no interpolation; pixels of equal probability are
    found together.
    """
    false, true = from_each_level(histogram).astype(np.float64)
    if not true[0]:
        return float("nan")
    precisions: Float[np.ndarray, " levels"] = true / np.maximum(true + false, 1)
    return float((histogram[1] * precisions).sum() / true[0])


def _share(part: float, whole: float, found: Confusion) -> float:
    return part / whole if found.tp + found.fn else float("nan")
