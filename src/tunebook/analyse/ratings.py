"""What people think of masks: means of configurations, how far raters agree, and how far the metric agrees with them.

A rating is a person's word. Nothing else that is computed from a table looks at it.
"""

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from tunebook.analyse.designs import TINY
from tunebook.analyse.scores import Unavailable, value_of
from tunebook.records import Case, Rating, Row, RunFacts, Table

FEWEST = 3
"""Fewest configurations that are ranked by ratings and by scores."""
EVERY_ORDER = 8
"""Up to so many configurations, p is found from every order of them."""

Mask = tuple[str, str, str]
"""A run, a split and an item."""


@dataclass(frozen=True)
class RatedConfiguration:
    """What people think of one configuration on one split in one case.

    Args:
        mean: Over items, each the mean of its ratings; 1 (worst) to 5 (best). `sd`: over items (ddof 1); None of one.
        items: How many items were rated. `ratings`: how many ratings count. `blind`: how many of them were blind.
        score: Mean of the selection metric on this split, over the runs that were rated; None where it has none there.
    """

    configuration: str
    label: str
    case: Case
    split: str
    mean: float
    sd: float | None
    items: int
    ratings: int
    raters: Sequence[str]
    blind: int
    score: float | None
    baseline: bool = False


@dataclass(frozen=True)
class Agreement:
    """How far two raters agree on the masks that both rated.

    Args:
        n: So many masks.
        equal: How many of them have the same rating from both.
        kappa: Cohen's kappa with quadratic weights: 1 is full agreement, 0 what chance gives; None where it is not
            defined, because both gave every mask the same rating.
    """

    raters: tuple[str, str]
    n: int
    equal: int
    kappa: float | None


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation of mean ratings and scores, over the configurations of one case.

    Args:
        exact: Whether p is found from every order; else from Student's t.
    """

    case: Case
    split: str
    rho: float
    p: float
    n: int
    exact: bool


@dataclass(frozen=True)
class Ratings:
    """All of it.

    Args:
        rows: Best rated first, split by split and case by case; baselines among them.
        agreements: Pairs of raters in the order of their names; pairs without a mask in common are left out.
        correlations: One for each split and case, or why there is none.
    """

    rows: Sequence[RatedConfiguration]
    agreements: Sequence[Agreement]
    correlations: Sequence[RankCorrelation | Unavailable]


def ratings(table: Table) -> Ratings | None:
    """What people think of the masks of a study; None where nobody rated any.

    Of a rater's two ratings of one mask, the blind one counts.
    """
    rows = [(row, False) for row in table.rows] + [(row, True) for row in table.baselines]
    found = [each for row, baseline in rows for each in _rated(row, table, baseline=baseline)]
    if not found:
        return None
    groups: list[tuple[str, Case]] = []  # a case has no hash
    groups += (group for each in found if (group := (each.split, each.case)) not in groups)
    placed = [[each for each in found if (each.split, each.case) == group] for group in groups]
    return Ratings(
        rows=[each for group in placed for each in sorted(group, key=lambda each: -each.mean)],
        agreements=tuple(_agreements(row for row, _ in rows)),
        correlations=[_correlation(group, table.select_metric) for group in placed],
    )


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, bool]:
    """Spearman's rho, its two-sided p, and whether p is exact.

    Args:
        first, second: Of equal length, at least 3; neither is constant. Ties have the mean of their ranks.

    Returns:
        p is the share of all orders with |rho| at least as large where there are at most 8 values; else it is that of
        Student's t with n - 2 degrees of freedom, as of scipy.stats.spearmanr.
    """
    from scipy.special import stdtr  # noqa: PLC0415  a page without ratings does not wait for it
    from scipy.stats import rankdata  # noqa: PLC0415

    one, other = rankdata(first), rankdata(second)
    one, other = (one - one.mean()) / one.std(), (other - other.mean()) / other.std()
    n = len(one)
    rho = float(np.clip(one @ other / n, -1, 1))
    if n <= EVERY_ORDER:
        orders = np.array(list(permutations(range(n))))
        return rho, float(np.mean(np.abs(other[orders] @ one) / n >= abs(rho) - TINY)), True
    if abs(rho) == 1:
        return rho, 0.0, False
    return rho, float(2 * stdtr(n - 2, -abs(rho) * math.sqrt((n - 2) / (1 - rho**2)))), False


def weighted_kappa(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Cohen's kappa with quadratic weights (Cohen 1968): 1 - the mean squared difference over that of all pairings.

    None where every rating of both is the same, so that chance cannot disagree.
    """
    one, other = np.asarray(first, float), np.asarray(second, float)
    by_chance = float(np.mean((one[:, None] - other[None, :]) ** 2))
    return 1 - float(np.mean((one - other) ** 2)) / by_chance if by_chance else None


def _counting(run: RunFacts) -> Iterator[Rating]:
    """One rating of each rater and mask: the blind one where there are two."""
    blind = {(each.split, each.item, each.rater) for each in run.ratings if each.blind}
    for each in run.ratings:
        if each.blind or (each.split, each.item, each.rater) not in blind:
            yield each


def _rated(row: Row, table: Table, *, baseline: bool) -> Iterator[RatedConfiguration]:
    """A row on each split where it was rated."""
    held = [(run, each) for run in row.runs for each in _counting(run)]
    for split in dict.fromkeys(each.split for _, each in held):
        here = [(run, each) for run, each in held if each.split == split]
        items: dict[str, list[int]] = {}
        for _, each in here:
            items.setdefault(each.item, []).append(each.value)
        means = [statistics.fmean(values) for values in items.values()]
        runs = {run.id: run for run, _ in here}.values()
        scores = [value for run in runs if (value := value_of(run, table.select_metric, split)) is not None]
        yield RatedConfiguration(
            configuration=row.configuration,
            label=row.label or row.configuration,
            case=row.case,
            split=split,
            mean=statistics.fmean(means),
            sd=statistics.stdev(means) if len(means) > 1 else None,
            items=len(items),
            ratings=len(here),
            raters=sorted({each.rater for _, each in here}),
            blind=sum(each.blind for _, each in here),
            score=statistics.fmean(scores) if scores else None,
            baseline=baseline,
        )


def _agreements(rows: Iterable[Row]) -> Iterator[Agreement]:
    by_rater: dict[str, dict[Mask, int]] = {}
    for row in rows:
        for run in row.runs:
            for each in _counting(run):
                by_rater.setdefault(each.rater, {})[run.id, each.split, each.item] = each.value
    for one, other in combinations(sorted(by_rater), 2):
        yield from _agreement((one, other), by_rater[one], by_rater[other])


def _agreement(raters: tuple[str, str], one: Mapping[Mask, int], other: Mapping[Mask, int]) -> Iterator[Agreement]:
    both = [(value, other[mask]) for mask, value in one.items() if mask in other]
    if both:
        first, second = zip(*both, strict=True)
        yield Agreement(raters, len(both), sum(a == b for a, b in both), weighted_kappa(first, second))


def _correlation(rated: Sequence[RatedConfiguration], metric: str) -> RankCorrelation | Unavailable:
    """Over the configurations that are no baselines and have a score."""
    pairs = [(each.mean, each.score) for each in rated if each.score is not None and not each.baseline]
    case, split = rated[0].case, rated[0].split
    if len(pairs) < FEWEST:
        return Unavailable(f"fewer than {FEWEST} rated configurations have {metric} on {split}: {len(pairs)}")
    means, scores = zip(*pairs, strict=True)
    if len(set(means)) == 1 or len(set(scores)) == 1:
        what = "mean rating" if len(set(means)) == 1 else metric
        return Unavailable(f"all {len(pairs)} rated configurations have the same {what} on {split}")
    rho, p, exact = rank_correlation(means, scores)
    return RankCorrelation(case, split, rho, p, len(pairs), exact)
