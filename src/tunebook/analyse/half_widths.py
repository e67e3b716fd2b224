"""How far a difference of two means may be from the truth, for other seeds and other items.

Every configuration has the same seeds and the same items, so that what these do to all of them cancels. What remains of
a difference of two means varies with the seeds and with the items, and each of the two keeps its own critical value:

    half width² = (critical value × standard error by seeds)² + (critical value × standard error by items)²

(Howe, 1974, J. Am. Stat. Assoc. 69, 789-794), where the second is what the items add to the first, since a difference
between seeds holds some chance of the items already. Folds share training data, which widens the first
(`crossed.shared_by_folds`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunebook.analyse.crossed import Array, Crossed
from tunebook.analyse.dunnett import critical

BORROWED = 4
"""Degrees of freedom that the variance of a pair borrows from the mean over all pairs."""
LOUD = 25
"""A configuration whose variance is so many times that of the middle one, of so many as `ENOUGH`, is loud: others do
not borrow from it. One that diverges would hide all differences between the rest."""
ENOUGH = 8
Mask = NDArray[np.bool_]


def differences(
    values: Crossed, at: int, *, levels: Sequence[float], comparisons: int
) -> tuple[list[float], list[float]]:
    """One configuration minus each, and the half widths of the intervals.

    Args:
        at: The one that all are compared with.
        levels: One-sided; a configuration that is told apart at one level is left out at the next, where the
            remaining ones are compared.
        comparisons: With how many configurations it is compared, here and elsewhere.
    """
    means = values.scores.mean(1)
    gaps = means[at] - means
    halves = np.zeros_like(gaps)
    kept = np.ones(len(gaps), bool)
    for level in levels:
        remaining = max(comparisons - int((~kept).sum()), 1)
        pool = kept | _nearest(gaps, values.scores.shape[1] - 1)
        halves = np.where(kept, np.sqrt(_squares(values, at, pool, remaining, level)), halves)
        halves[at] = 0.0
        kept &= np.abs(gaps) <= halves
    return gaps.tolist(), halves.tolist()


def _nearest(gaps: Array, df: int) -> Mask:
    """As many as it takes, themselves included, to have all the degrees of freedom that a pair can have."""
    found: Mask = np.argsort(np.argsort(np.abs(gaps), kind="stable"), kind="stable") < 2 + BORROWED / max(df, 1)
    return found


def _squares(values: Crossed, at: int, pool: Mask, comparisons: int, level: float) -> Array:
    """The squared half width of each difference to one configuration.

    Args:
        pool: The configurations over which variances are pooled.
    """
    by_seeds = _by_seeds(values, at, pool, comparisons, level)
    alike = pool & (values.fixed == values.fixed[at])
    beyond, alone = np.zeros_like(by_seeds), np.zeros_like(by_seeds)
    for items in values.items:
        more, all_of_it = _by_items(items, at, alike, comparisons, level)
        beyond, alone = beyond + more, alone + all_of_it
    squares: Array = np.maximum(by_seeds + beyond, alone)
    return squares


def _by_seeds(values: Crossed, at: int, pool: Mask, comparisons: int, level: float) -> Array:
    """What the seeds contribute.

    What all trained configurations share with a seed cancels between them, but not against a row that no seed can
    change: there the pair's own variance counts by itself, beside what differs between the trained ones.
    """
    scores, trained = values.scores, ~values.fixed
    n = scores.shape[1]
    if n == 1:
        return np.zeros(len(scores))
    own = (scores[at] - scores).var(1, ddof=1)
    variance, factor, pooled = _borrowed(own, scores, at, pool & trained, comparisons, level)
    against_fixed = (factor * pooled / 2 + critical(1, n - 1, level) ** 2 * own) / n
    found = np.select([trained & trained[at], trained | trained[at]], [factor * variance / n, against_fixed])
    squares: Array = found * (1 + n * values.shared)
    return squares


def _by_items(items: Array, at: int, alike: Mask, comparisons: int, level: float) -> tuple[Array, Array]:
    """What the items contribute beyond what the seeds have of it, and what they would alone."""
    _, seeds, n = items.shape
    gaps = items[at] - items
    over_seeds = items.mean(1)
    own = (over_seeds[at] - over_seeds).var(1, ddof=1)
    borrowed, factor, _ = _borrowed(own, over_seeds, at, alike, comparisons, level)
    variance = np.where(alike, borrowed, own)
    factors = np.where(alike, factor, critical(comparisons, n - 1, level) ** 2)
    rest = gaps - gaps.mean(1, keepdims=True) - gaps.mean(2, keepdims=True) + gaps.mean((1, 2), keepdims=True)
    both = (rest**2).sum((1, 2)) / max(seeds - 1, 1) / (n - 1) / seeds
    return factors * np.maximum(variance - both, 0.0) / n, factors * variance / n


def _borrowed(
    own: Array, rows: Array, at: int, pool: Mask, comparisons: int, level: float
) -> tuple[Array, Array, Array]:
    """Each pair's variance drawn towards the mean over pairs (Smyth, 2004), its squared critical value, and that mean.

    Args:
        own: The variances of the pairs between the units of `rows` (configurations x seeds, or x items).
        pool: The rows over which the mean is taken; for a pair without a loud one, over those that are not loud.
    """
    df = rows.shape[1] - 1
    loud = _loud(rows, pool)
    pooled, factors = np.zeros_like(own), np.zeros_like(own)
    for pairs, members in ((loud | loud[at], pool), (~(loud | loud[at]), pool & ~loud)):
        mean, most = _pooled(rows[members])
        pooled[pairs] = mean
        factors[pairs] = critical(comparisons, min(df + BORROWED, max(most, 1)), level) ** 2
    return (BORROWED * pooled + df * own) / (BORROWED + df), factors, pooled


def _loud(rows: Array, pool: Mask) -> Mask:
    """Rows that differ from the middle of all far more than most rows do."""
    if pool.sum() < ENOUGH:
        return np.zeros_like(pool)
    centred = rows - rows.mean(1, keepdims=True)
    squares = ((centred - np.median(centred[pool], axis=0)) ** 2).sum(1)
    loud: Mask = squares > LOUD * np.median(squares[pool]) * _to_mean(rows.shape[1] - 1)
    return pool & loud


def _to_mean(df: int) -> float:
    """The mean of chi-square over its median."""
    from scipy.special import chdtri  # noqa: PLC0415  a command that compares nothing does not wait for it

    return df / float(chdtri(df, 0.5))


def _pooled(rows: Array) -> tuple[float, int]:
    """The mean variance of a difference of two rows, over all pairs of rows, and its degrees of freedom."""
    df = (len(rows) - 1) * (rows.shape[1] - 1)
    if df < 1:
        return 0.0, 0
    centred = rows - rows.mean(1, keepdims=True)
    return 2 * float(((centred - centred.mean(0)) ** 2).sum()) / df, df
