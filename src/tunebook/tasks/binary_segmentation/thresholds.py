"""The threshold of a run: chosen on one split over the pixels of all its scans, among the 255 above 0."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from tunebook.tasks.binary_segmentation.config import OperatingPoint
from tunebook.tasks.binary_segmentation.counts import HALF, Histogram, from_each_level

Edge = Literal["", "lowest", "highest", "only"]
TIE = 1e-9
"""Values that differ by less are equal."""


@dataclass(frozen=True)
class Threshold:
    """A chosen threshold.

    Args:
        level: In 255ths, 1 to 255: a pixel is predicted when its probability is at least this.
        edge: `lowest` or `highest`: no level beyond it predicts other pixels (and any), so a better one may lie there;
            `only`: every level that predicts anything predicts the same, or there is no foreground to choose by (then
            it is 128). Empty: others stood on both sides.
        reached: Whether precision (for recall as the goal; recall for precision) is as large as it must be.
    """

    level: int
    edge: Edge = ""
    reached: bool = True

    @property
    def value(self) -> float:
        """The same as a probability, 0..1."""
        return self.level / 255


def best(histogram: Histogram, how: OperatingPoint) -> Threshold:
    """The level that is best over all pixels of a split; of equal ones the nearest to 128, of two as near the lower.

    Level 0, at which every pixel is predicted whatever is said of it, is none to choose: a run that says 0 everywhere
    stays one that predicts nothing.

    Args:
        histogram: Summed over the scans.
        how: What is maximised: f1; recall, among the levels with a precision of `at_least`; or precision likewise with
            recall. Where no level has it, the one that comes nearest to it.
    """
    false, true = from_each_level(histogram)[:, 1:].astype(np.float64)
    positives = float(histogram[1].sum())
    if not positives:
        return Threshold(HALF, "only")
    values = _values(true, false, positives, how)
    levels = 1 + np.flatnonzero(values >= values.max() - TIE)
    level = int(levels[np.argmin(np.abs(levels - HALF))])
    return Threshold(level, _edge(histogram, level), bool(values[level - 1] > -TIE))


def _values(
    true: Float[np.ndarray, " levels"], false: Float[np.ndarray, " levels"], positives: float, how: OperatingPoint
) -> Float[np.ndarray, " levels"]:
    """The goal, 0..1; below 0 where what must be large enough is not, and the more so the less it is."""
    if how.choose == "f1":
        f1: np.ndarray = 2 * true / (true + false + positives)
        return f1
    precision, recall = true / np.maximum(true + false, 1), true / positives
    goal, other = (recall, precision) if how.choose == "recall" else (precision, recall)
    return np.where(other >= how.at_least - TIE, goal, other - 1 - TIE)


def _edge(histogram: Histogram, level: int) -> Edge:
    present = 1 + np.flatnonzero(histogram[:, 1:].any(axis=0))
    lower, higher = bool((present < level).any()), bool((present[:-1] >= level).any())
    if lower or higher:
        return "" if lower and higher else "highest" if lower else "lowest"
    return "only"
