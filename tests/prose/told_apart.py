"""What can be told apart, by the formulas of docs/adr: written anew, pair by pair, with SciPy's own distributions.

half width² = (critical value × standard error by seeds)² + (critical value × standard error by items)²
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from raw_scores import Score, Seed
from scipy import optimize, special, stats

PAIR, BEST, CHOSEN = (0.975,), (0.995, 0.955), (0.9975, 0.9775)
"""One-sided levels: of a pair; of the best against all, in two steps; of another one against all."""
BORROWED, LOUD, ENOUGH = 4, 25, 8


@dataclass(frozen=True)
class Gap:
    """One score minus another, its 95 % interval, and the seeds and items behind it."""

    mean: float
    low: float
    high: float
    n: int
    items: int

    @property
    def apart(self) -> bool:
        return self.low > 0 or self.high < 0


def against(scores: Sequence[Score], at: int, levels: Sequence[float]) -> list[Gap | None]:
    """One score minus each; None where they cannot be compared."""
    shared = {j: _shared(scores[at], each) for j, each in enumerate(scores) if each.complete}
    shared = {j: seeds for j, seeds in shared.items() if len(seeds) > 1 or seeds == (None,)}
    found: list[Gap | None] = [None] * len(scores)
    for seeds in set(shared.values()) if at in shared else ():
        among = [j for j in shared if scores[j].fixed or set(seeds) <= set(scores[j].values)]
        gaps, halves, items = _intervals([scores[j] for j in among], among.index(at), seeds, levels, len(shared) - 1)
        for j, gap, half in zip(among, gaps, halves, strict=True):
            if shared[j] == seeds:
                found[j] = Gap(gap, gap - half, gap + half, len(seeds), items)
    return found


def best(scores: Sequence[Score], way: float) -> int | None:
    """The best of those whose runs all have a value; the first of equal ones."""
    whole = [j for j, each in enumerate(scores) if each.complete]
    return max(whole, key=lambda j: (way * scores[j].mean, -j), default=None)


def against_best(scores: Sequence[Score], way: float) -> list[Gap | None]:
    """The best score minus each, for all at once."""
    at = best(scores, way)
    return [None] * len(scores) if at is None else against(scores, at, BEST)


@lru_cache(maxsize=256)
def critical(comparisons: int, df: float, level: float) -> float:
    """Dunnett's one-sided value: over the common normal variable z and the common standard deviation s."""
    if comparisons == 1:
        return float(stats.t.ppf(level, df))
    z, over_z = np.polynomial.hermite_e.hermegauss(80)
    s = np.geomspace(1e-5, 1 + 8 / np.sqrt(df), 600)
    over_s = stats.chi.pdf(s * np.sqrt(df), df) * s

    def below(value: float) -> float:
        inside = special.ndtr(np.sqrt(2) * value * s[:, None] + z) ** comparisons @ over_z / over_z.sum()
        return float(inside @ over_s / over_s.sum()) - level

    return float(optimize.brentq(below, 0.0, 1e5, xtol=1e-6))


def _shared(one: Score, other: Score) -> tuple[Seed, ...]:
    if one.fixed:
        return tuple(sorted(other.values)) if not other.fixed else (None,)
    if other.fixed:
        return tuple(sorted(one.values))
    return tuple(sorted(set(one.values) & set(other.values)))


def _intervals(
    scores: Sequence[Score], at: int, seeds: Sequence[Seed], levels: Sequence[float], comparisons: int
) -> tuple[list[float], list[float], int]:
    """Gaps to one score, half widths, items: who is told apart at one level is left out of the next."""
    table = np.array([[_of(each.values, seed) for seed in seeds] for each in scores])
    fixed = np.array([each.fixed for each in scores])
    sets = _item_sets(scores, seeds)
    gaps = table.mean(1)[at] - table.mean(1)
    near = np.argsort(np.argsort(np.abs(gaps), kind="stable"), kind="stable") < 2 + BORROWED / max(len(seeds) - 1, 1)
    kept, halves = np.ones(len(gaps), bool), np.zeros(len(gaps))
    for level in levels:
        left = max(comparisons - int((~kept).sum()), 1)
        pool = kept | near
        squares = [_square(table, fixed, sets, (at, j), pool, left, level) for j in range(len(gaps))]
        halves = np.where(kept, np.sqrt(squares), halves)
        halves[at] = 0
        kept &= np.abs(gaps) <= halves
    return gaps.tolist(), halves.tolist(), sum(each.shape[2] for each in sets)


def _square(
    table: np.ndarray, fixed: np.ndarray, sets: Sequence[np.ndarray], pair: tuple[int, int], pool: np.ndarray,
    comparisons: int, level: float,
) -> float:  # fmt: skip
    """The squared half width of one pair."""
    seeds = _seeds(table, fixed, pair, pool, comparisons, level)
    parts = [_items(values, fixed, pair, pool, comparisons, level) for values in sets]
    return max(seeds + sum(more for more, _ in parts), sum(alone for _, alone in parts))


def _seeds(
    table: np.ndarray, fixed: np.ndarray, pair: tuple[int, int], pool: np.ndarray, comparisons: int, level: float
) -> float:
    at, j = pair
    n = table.shape[1]
    if n == 1 or (fixed[at] and fixed[j]):
        return 0.0
    variance, factor, pooled = _drawn(table, pair, pool & ~fixed, comparisons, level)
    if not fixed[at] and not fixed[j]:
        return factor * variance / n
    own = np.var(table[at] - table[j], ddof=1)
    return (factor * pooled / 2 + critical(1, n - 1, level) ** 2 * own) / n


def _items(
    values: np.ndarray, fixed: np.ndarray, pair: tuple[int, int], pool: np.ndarray, comparisons: int, level: float
) -> tuple[float, float]:
    """What items add to what seeds hold of them already, and all that they contribute."""
    at, j = pair
    _, s, n = values.shape
    rows, gap = values.mean(1), values[at] - values[j]
    alike = pool & (fixed == fixed[at])
    variance, factor, _ = _drawn(rows, pair, alike, comparisons, level)
    if not alike[j]:
        variance, factor = np.var(rows[at] - rows[j], ddof=1), critical(comparisons, n - 1, level) ** 2
    both = gap - gap.mean(0) - gap.mean(1)[:, None] + gap.mean()
    interaction = (both**2).sum() / max(s - 1, 1) / (n - 1) / s
    return factor * max(variance - interaction, 0.0) / n, factor * variance / n


def _drawn(
    rows: np.ndarray, pair: tuple[int, int], pool: np.ndarray, comparisons: int, level: float
) -> tuple[float, float, float]:
    """The variance of a pair drawn towards the mean over all pairs, its squared critical value, and that mean."""
    df = rows.shape[1] - 1
    loud = _loud(rows, pool)
    members = np.flatnonzero(pool if loud[list(pair)].any() else pool & ~loud)
    one, other = np.triu_indices(len(members), 1)
    pooled = float(np.var(rows[members[one]] - rows[members[other]], axis=1, ddof=1).mean()) if len(one) else 0.0
    most = max((len(members) - 1) * df, 1)
    own = np.var(rows[pair[0]] - rows[pair[1]], ddof=1)
    return (
        (BORROWED * pooled + df * own) / (BORROWED + df),
        critical(comparisons, min(df + BORROWED, most), level) ** 2,
        pooled,
    )


def _loud(rows: np.ndarray, pool: np.ndarray) -> np.ndarray:
    if pool.sum() < ENOUGH:
        return np.zeros(len(rows), bool)
    centred = rows - rows.mean(1, keepdims=True)
    squares = ((centred - np.median(centred[pool], axis=0)) ** 2).sum(1)
    df = rows.shape[1] - 1
    return pool & (squares > LOUD * np.median(squares[pool]) * df / stats.chi2.median(df))


def _item_sets(scores: Sequence[Score], seeds: Sequence[Seed]) -> list[np.ndarray]:
    """Arrays configurations x seeds x items: cases with items of equal names are averaged item by item."""
    found: dict[tuple[str, ...], np.ndarray] = {}
    cases = list(zip(*(each.parts or (each,) for each in scores), strict=True))
    for parts in cases:
        names = {frozenset(next(iter(part.items.values()), ())) for part in parts}
        items = tuple(sorted(next(iter(names))))
        if len(names) > 1 or len(items) < 2:
            return []
        values = np.array([[[_of(part.items, seed)[item] for item in items] for seed in seeds] for part in parts])
        found[items] = found.get(items, 0.0) + values / len(cases)
    return list(found.values())


def _of(values: dict, seed: Seed) -> object:
    return values[seed] if seed in values else values[None]
