"""The spread of one score between replicates, of several configurations together."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tunebook.analyse.scores import Cell

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Pooled:
    """A standard deviation within configurations.

    Args:
        sd: Root of the squared deviations from each configuration's own mean, over the degrees of freedom.
        df: Degrees of freedom: replicates less one, summed over configurations.
        configurations: How many have two replicates or more.
    """

    sd: float
    df: int
    configurations: int


def pooled(cells: Iterable[Cell]) -> Pooled | None:
    """The pooled standard deviation of some scores; None when none of them has two replicates."""
    spread = [(each.sd, each.n - 1) for each in cells if each.sd is not None]
    freedom = sum(df for _, df in spread)
    if not freedom:
        return None
    return Pooled(math.sqrt(sum(sd**2 * df for sd, df in spread) / freedom), freedom, len(spread))


def sd_interval(sd: float, df: int) -> tuple[float, float]:
    """The 95 % interval of a standard deviation: df sd² / σ² follows chi-square, for normal noise of one size.

    Args:
        df: Degrees of freedom, 1 or more.
    """
    from scipy.special import chdtri  # noqa: PLC0415  a command that measures no noise does not wait for it

    tail = (1 - CONFIDENCE) / 2
    return sd * math.sqrt(df / float(chdtri(df, tail))), sd * math.sqrt(df / float(chdtri(df, 1 - tail)))
