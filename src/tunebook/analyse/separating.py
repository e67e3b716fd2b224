"""What each split can tell: how far the configurations lie apart on it, beside what seeds do to them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.analyse.comparisons import against_best, best_at
from tunebook.analyse.crossed import is_fixed
from tunebook.analyse.pooling import pooled
from tunebook.analyse.remembering import of_table
from tunebook.analyse.scores import Cell, Entry, Unavailable, cell, direction, mean_over_cases, ordered
from tunebook.records import Table

Numbers = NDArray[np.float64]
LEVEL = 0.05
CONFIDENCE = 0.95
MIDDLE = (0.25, 0.75)
"""The middle half of some means lies between these quantiles."""
NORMAL = 1.3489795003921634
"""Standard deviations between the quartiles of normal values."""
CHANCE = 1.9183
"""Standard normal point of 95 % (1.645) times the relative standard error of that distance for one value (1.573 /
1.349): over the root of their number, by how much of itself it is larger by chance."""
FEWEST = 4
"""Fewest configurations whose order is compared: three have an order by chance."""
Verdict = Literal["does not separate", "hardly separates", "separates"]


@dataclass(frozen=True)
class Share:
    """How much of the variance between the means of configurations is theirs, and not that of seeds.

    ICC(C,k) = 1 - 1/F of configurations x replicates without interaction: what a replicate does to all of them is
    taken out. Source: McGraw & Wong, Forming inferences about some intraclass correlation coefficients, Psychological
    Methods 1 (1996), 30-46, cases 2 and 3, tables 4 and 7.

    Args:
        value: 0 to 1; 0 where the means differ less than seeds alone would have them differ.
        low, high: Its 95 % interval, for normal noise that is alike in all configurations; 0 to 1 as well.
        p: How often configurations that are all equal differ as much.
        noise: Standard deviation that seeds leave in a mean.
    """

    value: float
    low: float
    high: float
    f: float
    df: tuple[int, int]
    p: float
    noise: float


@dataclass(frozen=True)
class Agreement:
    """Spearman's rank correlation of configurations between two splits.

    Args:
        value: None where one of the two has only ties.
        low, high: Its 95 % interval: Fisher's z with the variance (1 + value² / 2) / (n - 3) of Bonett & Wright,
            Psychometrika 65 (2000), 23-28. Both None where the value is, or is 1 or -1.
        n: Configurations.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Separation:
    """What one split tells of the configurations, by the metric that the study chooses by.

    Args:
        chosen: Whether the study chooses on it. `reported`: whether it reports it; both may be.
        configurations: Those whose runs all have a value; `n`: replicates of each.
        lowest, highest: The lowest and the highest mean.
        low, high: Between these lies the middle half of the means.
        ties: Configurations with the best mean, to the last digit.
        best: The configuration with the best mean (the first of equal ones).
        sd: Pooled over configurations, between replicates of one; `df`: its degrees of freedom.
        share: None where the configurations do not have the same replicates, or no two scores differ.
        by_noise: How far apart the middle half would lie by seeds alone, had the means normal noise; None likewise.
        told: Configurations that can be told from the best; `compared`: of so many others.
        agreement: With the order on the split of the choice; None for that split itself.
    """

    split: str
    chosen: bool
    reported: bool
    configurations: int
    n: int
    lowest: float
    low: float
    high: float
    highest: float
    best: str
    ties: int
    sd: float
    df: int
    share: Share | None
    by_noise: float | None
    told: int
    compared: int
    agreement: Agreement | None

    @property
    def verdict(self) -> Verdict:
        """Not at all: the means differ no more than by chance. Hardly: some do, but the middle half is all noise."""
        if self.share is None or self.by_noise is None or self.share.p >= LEVEL:
            return "does not separate"
        most = self.by_noise * (1 + CHANCE / math.sqrt(self.configurations))
        return "separates" if self.high - self.low > most else "hardly separates"


@of_table
def separations(table: Table) -> tuple[Separation, ...] | Unavailable:
    """The split of the choice, then each other reported split in their order; those without a score are left out.

    By the mean over cases, where there are several. Configurations that no replicate can change have no noise and are
    left out.
    """
    splits = tuple(dict.fromkeys((table.select_split, *table.splits)))
    scores = {split: _scores(table, split) for split in splits}
    found = [_separation(table, split, scores) for split in splits]
    held = tuple(each for each in found if each is not None)
    if not held:
        return Unavailable("fewer than four configurations have their scores from two replicates or more")
    return held


def ranks(values: Sequence[float]) -> Numbers:
    """Ranks from 1; equal values share the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    found: Numbers = (ends - (counts - 1) / 2)[places]
    return found


def agreement(one: Sequence[float], other: Sequence[float]) -> Agreement:
    """Spearman's rank correlation of two scores of the same things, and its interval."""
    n = len(one)
    if n < FEWEST or len(set(one)) == 1 or len(set(other)) == 1:
        return Agreement(None, None, None, n)
    value = float(np.corrcoef(ranks(one), ranks(other))[0, 1])
    if abs(value) > 1 - 1e-12:
        return Agreement(math.copysign(1.0, value), None, None, n)
    half = _normal_point() * math.sqrt((1 + value**2 / 2) / (n - 3))
    return Agreement(value, math.tanh(math.atanh(value) - half), math.tanh(math.atanh(value) + half), n)


def share(values: Numbers) -> Share | None:
    """How much of the variance between rows' means is theirs.

    Args:
        values: Configurations x replicates, two or more of both. None where nothing differs.
    """
    k, n = values.shape
    rest = values - values.mean(1, keepdims=True) - values.mean(0) + values.mean()
    df = (k - 1, (k - 1) * (n - 1))
    between, within = n * float(values.mean(1).var(ddof=1)), float((rest**2).sum()) / df[1]
    if within <= 1e-20 * max(1.0, float(np.abs(values).max()) ** 2):
        return None if between <= 1e-20 else Share(1.0, 1.0, 1.0, math.inf, df, 0.0, 0.0)
    from scipy.special import fdtrc, fdtri  # noqa: PLC0415  a command that compares nothing does not wait for it

    f, tail = between / within, (1 - CONFIDENCE) / 2
    low, high = f / float(fdtri(*df, 1 - tail)), f * float(fdtri(df[1], df[0], 1 - tail))
    value, least, most = (max(0.0, 1 - 1 / each) if each else 0.0 for each in (f, low, high))
    return Share(value, least, most, f, df, float(fdtrc(*df, f)), math.sqrt(within / n))


def _separation(table: Table, split: str, scores: dict[str, dict[str, tuple[Entry, Cell]]]) -> Separation | None:
    here = scores[split]
    entries, cells = [entry for entry, _ in here.values()], [each for _, each in here.values()]
    spread = pooled(cells)
    way = direction(table, table.select_metric)
    at = best_at(cells, way)
    if len(cells) < FEWEST or spread is None or at is None:
        return None
    gaps = [gap for place, gap in enumerate(against_best(cells, way)) if place != at and gap is not None]
    means = [_mean(each) for each in cells]
    whole = len({frozenset(each.by_replicate) for each in cells}) == 1
    low, high = np.quantile(means, MIDDLE).tolist()
    theirs = share(_table(cells)) if whole else None
    chosen = split == table.select_split
    return Separation(
        split=split,
        chosen=chosen,
        reported=split in table.splits,
        configurations=len(cells),
        n=min(each.n for each in cells),
        lowest=min(means),
        low=low,
        high=high,
        highest=max(means),
        best=entries[at].configuration,
        ties=sum(math.isclose(each, means[at], rel_tol=0, abs_tol=1e-12) for each in means),
        sd=spread.sd,
        df=spread.df,
        share=theirs,
        by_noise=None if theirs is None else NORMAL * theirs.noise,
        told=sum(gap.apart for gap in gaps),
        compared=len(gaps),
        agreement=None if chosen else _with_choice(scores[table.select_split], here),
    )


def _scores(table: Table, split: str) -> dict[str, tuple[Entry, Cell]]:
    """Configuration -> its whole score on a split from two replicates or more."""
    found = {}
    for entry in ordered(table):
        parts = [cell(row, metric=table.select_metric, split=split) for row in entry.rows]
        whole = mean_over_cases(parts)
        if whole.complete and whole.sd is not None and not is_fixed(whole):
            found[entry.configuration] = entry, whole
    return found


def _with_choice(chosen: dict[str, tuple[Entry, Cell]], here: dict[str, tuple[Entry, Cell]]) -> Agreement:
    both = [name for name in chosen if name in here]
    return agreement([_mean(chosen[name][1]) for name in both], [_mean(here[name][1]) for name in both])


def _mean(one: Cell) -> float:
    assert one.mean is not None  # it is complete
    return one.mean


def _table(cells: Sequence[Cell]) -> Numbers:
    names = sorted(cells[0].by_replicate)
    return np.array([[each.by_replicate[name] for name in names] for each in cells])


def _normal_point() -> float:
    from scipy.special import ndtri  # noqa: PLC0415  a command that compares nothing does not wait for it

    return float(ndtri((1 + CONFIDENCE) / 2))
