"""The interval of one mean over seeds and items: a bootstrap where there is enough to draw from, else Student's t.

Items are shared by all seeds, so both are drawn, each once: the drawn items are the same for every drawn seed (Owen,
2007, Ann. Appl. Stat. 1, 386-411). Items drawn within each seed by itself would average out what makes an item hard,
which no number of seeds does. With a handful of seeds every bootstrap is too narrow; docs/adr/0010 has the numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tunebook.analyse.crossed import Array, Crossed
from tunebook.analyse.half_widths import differences

CONFIDENCE = 0.95
ENOUGH = 10
"""Fewest seeds, and fewest items, for a bootstrap."""


@dataclass(frozen=True)
class Interval:
    """The 95 % interval of a mean.

    Args:
        seeds: 1 when no seed can change the values.
        items: 1 when there are no items: then the interval is for these items.
        method: `bootstrap` of seeds and items, by percentiles; `BCa`, bias-corrected and accelerated, where one of the
            two alone is drawn; `Student` where there are fewer than ten of what is drawn.
    """

    low: float
    high: float
    seeds: int
    items: int
    method: Literal["bootstrap", "BCa", "Student"]


def interval(
    values: Sequence[Sequence[float]] | Array, *, draws: int, seed: int, shared: float = 0.0
) -> Interval | None:
    """The interval of the mean of some values, as other seeds and other items would give it.

    Args:
        values: Seeds x items, of a score or of a difference. One row: no seed can change it. One column: scores.
        draws: Bootstrap samples, 2,000 or more.
        seed: Of the draws; equal seeds give equal intervals.
        shared: What folds add to the variance (`crossed.shared_by_folds`). No bootstrap of replicates knows that they
            go together, so it is Student's t then.

    Returns:
        None for a single value.
    """
    table = np.asarray(values, float)
    seeds, items = table.shape
    drawn = [size for size in (seeds, items) if size > 1]
    if not drawn:
        return None
    if min(drawn) < ENOUGH or shared:
        return Interval(*_student(table, shared), seeds, items, "Student")
    chance = np.random.default_rng(seed)
    if len(drawn) == 1:
        return Interval(*_bca(table.ravel(), draws, chance), seeds, items, "BCa")
    tail = (1 - CONFIDENCE) / 2
    means = np.einsum("ds,si,di->d", _weights(seeds, draws, chance), table, _weights(items, draws, chance))
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(low), float(high), seeds, items, "bootstrap")


def _student(table: Array, shared: float) -> tuple[float, float]:
    """As for a difference of two scores: that to a score which is always 0."""
    both = np.stack([table, np.zeros_like(table)])
    values = Crossed(both.mean(2), (both,) if table.shape[1] > 1 else (), np.zeros(2, bool), shared)
    gaps, halves = differences(values, 0, levels=((1 + CONFIDENCE) / 2,), comparisons=1)
    return gaps[1] - halves[1], gaps[1] + halves[1]


def _bca(values: Array, draws: int, chance: np.random.Generator) -> tuple[float, float]:
    """Efron's bias-corrected and accelerated interval (1987, J. Am. Stat. Assoc. 82, 171-185, eq. 2.3 and 6.6)."""
    from scipy.special import ndtr, ndtri  # noqa: PLC0415  a command that resamples nothing does not wait for it

    n, mean = len(values), values.mean()
    means = _weights(n, draws, chance) @ values
    bias = ndtri(((means < mean).sum() + (means == mean).sum() / 2) / draws)
    away = mean - values  # (n - 1) times what leaving one out moves the mean by
    spread = (away**2).sum()
    acceleration = -(away**3).sum() / (6 * spread**1.5) if spread else 0.0
    ends = bias + ndtri([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    low, high = np.quantile(means, ndtr(bias + ends / (1 - acceleration * ends)))
    return float(low), float(high)


def _weights(n: int, draws: int, chance: np.random.Generator) -> Array:
    """(draws, n): how often each is drawn, over n."""
    return chance.multinomial(n, [1 / n] * n, draws) / n
