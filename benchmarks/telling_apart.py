"""Where telling apart is hardest: tied sets and intervals when all true means are equal.

    python benchmarks/telling_apart.py [studies]

How often the tied set holds one of configurations that are all truly the best (stated: 95 % at least), and how large
it is when the true means do differ: with the variances of pairs as they are (each borrows four degrees of freedom from
the mean over pairs), with those of the pairs alone, and with their mean alone. Then how often the intervals of a pair,
and of the mean of one configuration, hold the truth; the latter by Student's t, by a bootstrap of seeds and items, and
by one that draws items within each seed by itself. With 2,000 studies a rate is known to 1 %. docs/adr/0010 has the
results.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from tunebook.analyse import half_widths, resampling
from tunebook.analyse.comparisons import BEST, PAIR
from tunebook.analyse.crossed import Crossed
from tunebook.analyse.half_widths import differences
from tunebook.analyse.resampling import interval

SEEDS = (2, 3, 5)
BORROWED = {"as it is": half_widths.BORROWED, "pairs": 0, "mean": 10**9}
DRAWS = 600
Values = NDArray[np.float64]
Chance = np.random.Generator


@dataclass(frozen=True)
class Law:
    """What chance does; spreads are standard deviations.

    Args:
        k: Configurations. `items`: 1 for scores without usable items.
        seed, item, both: Of a configuration's own luck with a seed, with an item, and with an item under a seed.
        uneven: Of the logarithm of how noisy a configuration is.
        first: How many times noisier the one is that the tied set must hold.
        tails: Degrees of freedom of Student's t for all luck; 0 is normal.
        floor: Whether no seed changes that one; all others then share luck with the seeds.
        effect: Of the true means.
        families: How many kinds of configurations there are that share luck of this size within; 0: none share any.
        wild: How many configurations are ten times as noisy, and far worse.
    """

    k: int = 12
    items: int = 20
    seed: float = 0.3
    item: float = 1.0
    both: float = 1.0
    uneven: float = 0.0
    first: float = 1.0
    tails: int = 0
    floor: bool = False
    effect: float = 0.0
    families: int = 0
    wild: int = 0


SCORES = Law(items=1, item=0, both=0)
EQUAL = {
    "even": Law(),
    "uneven": Law(uneven=0.5),
    "that one twice as noisy": Law(first=2.0),
    "heavy tails": Law(tails=3),
    "5 items": Law(items=5),
    "no items": SCORES,
    "no items, uneven": replace(SCORES, uneven=0.5),
    "no items, uneven, 4 configurations": replace(SCORES, k=4, uneven=0.5),
    "uneven, 40 configurations": Law(k=40, uneven=0.5),
    "2 configurations": Law(k=2),
    "two families": Law(families=2),
    "that one is a floor": Law(floor=True),
}
UNEQUAL = {
    "even": Law(effect=1.0),
    "no items": replace(SCORES, effect=1.0),
    "3 diverge": Law(effect=1.0, wild=3),
}
PAIRS = {"seeds matter more": Law(k=2, seed=1.0), "alike": Law(k=2), "items matter more": Law(k=2, seed=0.05)}
MEANS = {
    "seeds matter more": Law(k=1, seed=1.0, item=1.0),
    "alike": Law(k=1, item=1.5),
    "items matter more": Law(k=1, seed=0.1, item=4.0),
}


def main() -> None:
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    heads = [f"{seeds} seeds, {name}" for seeds in SEEDS for name in BORROWED]
    print("\nHow often the tied set holds one of 12 equal configurations\n")
    _table(heads, ((name, [f"{np.mean(held):.1%}" for held, _ in _sets(law, studies)]) for name, law in EQUAL.items()))
    print("\nHow many of 12 unequal configurations are tied, on average\n")
    _table(
        heads, ((name, [f"{np.mean(size):.1f}" for _, size in _sets(law, studies)]) for name, law in UNEQUAL.items())
    )
    print("\nHow often the interval of a pair holds the truth\n")
    pairs = ((name, [f"{rate:.1%}" for n in SEEDS for rate in _pair(law, n, studies)]) for name, law in PAIRS.items())
    _table([f"{seeds} seeds, {way}" for seeds in SEEDS for way in ("as it is", "Satterthwaite")], pairs)
    print("\nHow often the interval of a mean holds the truth\n")
    ways = ("Student", "both drawn", "items within seeds")
    rows = (
        (name, [f"{rate:.1%}" for seeds in (*SEEDS, 10) for rate in _mean(law, seeds, studies)])
        for name, law in MEANS.items()
    )
    _table([f"{seeds} seeds, {way}" for seeds in (*SEEDS, 10) for way in ways], rows)


def drawn(law: Law, seeds: int, chance: Chance) -> tuple[Crossed, Values]:
    """Scores and items, and the true means."""

    def luck(sd: float, *shape: int) -> Values:
        unit = np.sqrt(1 - 2 / law.tails) if law.tails else 1.0
        scaled: Values = sd * unit * (chance.standard_t(law.tails, shape) if law.tails else chance.normal(size=shape))
        return scaled

    truth = -np.abs(luck(law.effect, law.k))
    noise = np.exp(law.uneven * chance.normal(size=law.k))
    truth[0], noise[0] = 0.0, noise[0] * law.first
    for wild in range(1, 1 + law.wild):
        truth[wild], noise[wild] = truth[wild] - 5, 10.0
    own = (
        luck(law.seed, law.k, seeds, 1) + luck(law.item, law.k, 1, law.items) + luck(law.both, law.k, seeds, law.items)
    )
    if law.families:
        kind = np.arange(law.k) % law.families
        own += luck(law.seed, law.families, seeds, 1)[kind] + luck(law.item, law.families, 1, law.items)[kind]
    values = truth[:, None, None] + noise[:, None, None] * own
    if law.floor:
        values += luck(2 * law.seed, seeds, 1)
        values[0] = luck(law.item, law.items)
    fixed = np.array([law.floor, *[False] * (law.k - 1)])
    return Crossed(values.mean(2), (values,) if law.items > 1 else (), fixed), truth


def _sets(law: Law, studies: int) -> Iterator[tuple[list[bool], list[int]]]:
    """Whether the tied set holds the first, and its size: for every number of seeds, and every way to judge pairs."""
    for seeds in SEEDS:
        for borrowed in BORROWED.values():
            chance = np.random.default_rng(seeds)
            with patch.object(half_widths, "BORROWED", borrowed):
                tied = [_tied(drawn(law, seeds, chance)[0]) for _ in range(studies)]
            yield [bool(each[0]) for each in tied], [int(each.sum()) for each in tied]


def _tied(values: Crossed) -> NDArray[np.bool_]:
    at = int(values.scores.mean(1).argmax())
    gaps, halves = differences(values, at, levels=BEST, comparisons=len(values.scores) - 1)
    found: NDArray[np.bool_] = np.array(gaps) <= np.array(halves)
    return found


def _pair(law: Law, seeds: int, studies: int) -> list[float]:
    chance = np.random.default_rng(seeds)
    held = []
    for _ in range(studies):
        values = drawn(law, seeds, chance)[0]
        gaps, halves = differences(values, 0, levels=PAIR, comparisons=1)
        held.append(
            [abs(gaps[1]) <= halves[1], abs(gaps[1]) <= _satterthwaite(values.items[0][0] - values.items[0][1])]
        )
    return [float(each) for each in np.mean(held, axis=0)]


def _satterthwaite(gaps: Values) -> float:
    """Half width by one critical value for the sum of the variances, which is at least the larger of the two."""
    seeds, items = gaps.shape
    rest = gaps - gaps.mean(1, keepdims=True) - gaps.mean(0) + gaps.mean()
    df = np.array([seeds - 1, items - 1, (seeds - 1) * (items - 1)])
    parts = np.array(
        [gaps.mean(1).var(ddof=1) / seeds, gaps.mean(0).var(ddof=1) / items, (rest**2).sum() / df[2] / gaps.size]
    )
    whole = parts[0] + parts[1] - parts[2]
    larger = int(parts[1] > parts[0])
    if whole < parts[larger]:
        return float(stdtrit(df[larger], *PAIR) * np.sqrt(parts[larger]))
    return float(stdtrit(whole**2 / (parts**2 / df).sum(), *PAIR) * np.sqrt(whole))


def _mean(law: Law, seeds: int, studies: int) -> list[float]:
    """By Student's t, by a bootstrap of seeds and items, and by one of items within seeds."""
    chance = np.random.default_rng(seeds)
    held = []
    for _ in range(studies):
        values = drawn(law, seeds, chance)[0].items[0][0]
        with patch.object(resampling, "ENOUGH", 10**9):
            student = interval(values, draws=1, seed=0)
        with patch.object(resampling, "ENOUGH", 0):
            both = interval(values, draws=DRAWS, seed=int(chance.integers(2**31)))
        assert student is not None
        assert both is not None
        within = np.quantile(_within(values, chance), [0.025, 0.975])
        held.append([student.low <= 0 <= student.high, both.low <= 0 <= both.high, within[0] <= 0 <= within[1]])
    return [float(each) for each in np.mean(held, axis=0)]


def _within(values: Values, chance: Chance) -> Values:
    """Means of drawn seeds, each with items drawn for it alone."""
    seeds, items = values.shape
    rows = chance.integers(0, seeds, (DRAWS, seeds, 1))
    means: Values = values[rows, chance.integers(0, items, (DRAWS, seeds, items))].mean((1, 2))
    return means


def _table(heads: list[str], rows: Iterable[tuple[str, list[str]]]) -> None:
    print("| | " + " | ".join(heads) + " |\n|" + "---|" * (len(heads) + 1))
    for name, cells in rows:
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
