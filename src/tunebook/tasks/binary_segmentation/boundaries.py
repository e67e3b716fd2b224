"""Borders of masks: how many of their pixels lie near the border of another mask.

The boundary F1 measure (BF) of Csurka, Larlus and Perronnin 2013, "What is a good evaluation measure for semantic
segmentation?", section 3.2 (http://www.bmva.org/bmvc/2013/Papers/paper0032/). Counts of scans add up.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Bool

Mask = Bool[np.ndarray, "h w"]


@dataclass(frozen=True)
class Borders:
    """Numbers of border pixels.

    Args:
        predicted: Of the predicted mask. `matched`: those of them that lie near a true border pixel.
        true: Of the true mask. `found`: those of them that lie near a predicted border pixel.
    """

    predicted: int
    matched: int
    true: int
    found: int

    @property
    def counts(self) -> Mapping[str, float]:
        """The same by name."""
        return asdict(self)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where no border is predicted, NaN where none is true."""
        if not self.true:
            return float("nan")
        precision, recall = self.matched / max(self.predicted, 1), self.found / self.true
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def borders(predicted: Mask, truth: Mask, *, tolerance: float) -> Borders:
    """How many border pixels of each mask lie near one of the other.

    Args:
        tolerance: Largest distance of two pixels (Euclidean, of their centres) at which they are near, in pixels.
    """
    said, true = border(predicted), border(truth)
    return Borders(
        predicted=int(said.sum()),
        matched=int((said & widened(true, tolerance)).sum()),
        true=int(true.sum()),
        found=int((true & widened(said, tolerance)).sum()),
    )


def border(mask: Mask) -> Mask:
    """Foreground pixels with background above, below, left or right of them; the frame of the scan is no border."""
    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    found: np.ndarray = mask & ~inner
    return found


def widened(mask: Mask, radius: float) -> Mask:
    """Pixels within a radius of a pixel of the mask: its dilation by a disk.

    A row of a disk is a line, so rows are widened once for each length, and shifted up and down.
    """
    height, width = mask.shape
    rows, reach = mask.copy(), 0
    found = np.zeros_like(mask)
    for shift in range(min(int(radius), height - 1), -1, -1):
        half = math.isqrt(math.floor(radius**2 - shift**2))
        for across in range(reach + 1, min(half, width - 1) + 1):
            rows[:, across:] |= mask[:, :-across]
            rows[:, :-across] |= mask[:, across:]
        reach = half
        found[shift:] |= rows[: height - shift]
        found[: height - shift] |= rows[shift:]
    return found
