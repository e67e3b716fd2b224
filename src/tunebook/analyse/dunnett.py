"""Dunnett's critical values: how far the luckiest of several comparisons with one configuration may reach."""

from functools import lru_cache

import numpy as np

NODES = 48
"""Of each of the two quadratures: the values agree with published tables in every digit that these print."""


@lru_cache(maxsize=1024)
def critical(comparisons: int, df: float, level: float) -> float:
    """The one-sided critical value: with probability `level` no comparison exceeds it.

    The comparisons are (Z_i - Z_0) / (√2 s) with independent standard normal Z and df s² chi-square: a multivariate t
    whose correlations are 1/2 (Dunnett, 1955, J. Am. Stat. Assoc. 50, 1096-1121). One comparison is Student's t.

    Args:
        comparisons: At least 1.
        df: Degrees of freedom of the common standard deviation, at least 1.
        level: Such as 0.95.
    """
    from scipy.special import chdtri, ndtr, stdtrit  # noqa: PLC0415  what compares nothing does not wait for it

    # P(every comparison <= value): over s by its quantiles (Legendre), over Z_0 by its density (Hermite).
    tail, share = np.polynomial.legendre.leggauss(NODES)
    zero, weight = np.polynomial.hermite_e.hermegauss(NODES)
    s = np.sqrt(chdtri(df, (tail + 1) / 2) / df)[:, None]
    weights = np.outer(share, weight) / (share.sum() * weight.sum())
    low, high = (float(stdtrit(df, each)) for each in (level, 1 - (1 - level) / comparisons))  # Student, Bonferroni
    while high - low > 1e-7 * high:
        middle = (low + high) / 2
        below = (weights * ndtr(np.sqrt(2) * middle * s + zero) ** comparisons).sum()
        low, high = (middle, high) if below < level else (low, middle)
    return (low + high) / 2
