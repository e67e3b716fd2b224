"""Whether configurations differ in their spread over replicates: each by itself, and by their parameters.

The spread of one configuration over three seeds is hardly known (2 degrees of freedom), and with so few the test of
Brown and Forsythe never finds a difference: of three values one is the median. So configurations are compared by
Bartlett's test, which errs the other way: where noise has long tails it finds differences in spread that are none.
Parameters are judged by what pools many configurations: their standard deviations are the scores, and p is found by
rearranging them, whatever the noise is like.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tunebook.analyse.designs import Numbers, Observed, grouped, observed
from tunebook.analyse.effects import GRID
from tunebook.analyse.main_effects import Effect, main_effect
from tunebook.analyse.pooling import CONFIDENCE, pooled, sd_interval
from tunebook.analyse.projections import confounded, projections
from tunebook.analyse.remembering import of_table
from tunebook.analyse.scores import Cell, Entry, Unavailable, cell, ordered
from tunebook.records import Scalar, Table, digest

FEWEST = 4
"""Fewest configurations whose spreads are compared."""


@dataclass(frozen=True)
class Spread:
    """A standard deviation over replicates, pooled within configurations and cases, with its 95 % interval.

    Args:
        low, high: For normal noise of one size: by chi-square for a single configuration. What a replicate does to all
            configurations alike is seen only once for each replicate, however many configurations are pooled, so that
            it and the rest keep their own degrees of freedom: Graybill & Wang, J. Am. Stat. Assoc. 75 (1980), 869-873.
        df: Degrees of freedom: replicates less one, summed over configurations and cases. `common`: those of what a
            replicate does to all; 0 where that is not told from the rest.
    """

    sd: float
    low: float
    high: float
    df: int
    common: int = 0


@dataclass(frozen=True)
class LevelSpread:
    """The pooled spread of the configurations that have one value of a parameter."""

    parameter: str
    value: Scalar
    spread: Spread


@dataclass(frozen=True)
class Parameters:
    """What the parameters of one alternative do to the spread.

    Args:
        effects: On the standard deviation of each configuration (`main_effects`); parameters that cannot be judged,
            or that have too few configurations, are absent.
        levels: Of the parameters that are judged.
    """

    alternative: str
    effects: tuple[Effect, ...]
    levels: tuple[LevelSpread, ...]


@dataclass(frozen=True)
class Stability:
    """The spread over replicates on one split, by the metric that the study chooses by.

    Args:
        pooled: Over all configurations and cases that are compared.
        configurations: Those whose runs all have a value, two or more; `n`: replicates of each.
        unmoved: Configurations that have the same score with every replicate, in some case: scores move in steps.
        chi2, df, p: Bartlett's test that all have one spread beyond what a replicate does to all of them. None where
            some do not move, and where configurations do not have the same replicates.
    """

    metric: str
    split: str
    pooled: Spread
    configurations: int
    n: int
    unmoved: int
    chi2: float | None
    df: int
    p: float | None
    parameters: tuple[Parameters, ...]


@of_table
def stability(table: Table) -> tuple[Stability, ...] | Unavailable:
    """On the split of the choice, then on each other reported split."""
    splits = dict.fromkeys((table.select_split, *table.splits))
    found = tuple(each for split in splits if (each := _stability(table, split)) is not None)
    if found:
        return found
    return Unavailable("fewer than four configurations have their scores from two replicates or more")


def own_spread(one: Cell) -> Spread | None:
    """The spread of one configuration in one case; None with fewer than two replicates."""
    return None if one.sd is None else _spread(one.sd, one.n - 1)


def bartlett(sds: Sequence[float], n: int) -> tuple[float, int, float]:
    """Bartlett's test of k standard deviations of n values each, all above 0: statistic, degrees of freedom, p.

    Source: Bartlett, Properties of sufficiency and statistical tests, Proc. R. Soc. A 160 (1937), 268-282.
    """
    from scipy.special import chdtrc  # noqa: PLC0415  a command that compares nothing does not wait for it

    k, variances = len(sds), np.square(sds)
    ratio = (n - 1) * k * math.log(float(variances.mean())) - (n - 1) * float(np.log(variances).sum())
    chi2 = ratio / (1 + (k + 1) / (3 * k * (n - 1)))
    return chi2, k - 1, float(chdtrc(k - 1, chi2))


def pooled_spread(tables: Iterable[Numbers]) -> Spread:
    """The spread within the rows of tables of configurations x replicates (two or more), pooled over rows."""
    from scipy.special import chdtri  # noqa: PLC0415  a command that compares nothing does not wait for it

    parts: list[tuple[float, int]] = []
    for values in tables:
        k, n = values.shape
        common = k * n * float(values.mean(0).var())
        within = float(((values - values.mean(1, keepdims=True)) ** 2).sum())
        parts += [(common, n - 1), (max(within - common, 0.0), (k - 1) * (n - 1))]
    df = sum(each for _, each in parts)
    shares = [(square / df, each) for square, each in parts if each]
    variance, tail = sum(share for share, _ in shares), (1 - CONFIDENCE) / 2
    below = math.hypot(*(share * (1 - each / float(chdtri(each, tail))) for share, each in shares))
    above = math.hypot(*(share * (each / float(chdtri(each, 1 - tail)) - 1) for share, each in shares))
    low, high = max(variance - below, 0.0), variance + above
    return Spread(math.sqrt(variance), math.sqrt(low), math.sqrt(high), df, sum(each for _, each in parts[::2]))


def _stability(table: Table, split: str) -> Stability | None:
    compared = [(entry, cells) for entry in ordered(table) if (cells := _cells(table, entry, split))]
    every = [each for _, cells in compared for each in cells]
    together = pooled(every)
    if len(compared) < FEWEST or together is None:
        return None
    tables = [_table(cells) for cells in zip(*(cells for _, cells in compared), strict=True)]
    whole = [each for each in tables if each is not None]
    sds = [sd for each in tables for sd in _beyond_common(each)]
    counts, moved = {each.n for each in every}, all(each.sd for each in every)
    test = bartlett(sds, min(counts)) if moved and sds and min(sds) > 0 else None
    names = dict.fromkeys(entry.alternative for entry, _ in compared)
    return Stability(
        metric=table.select_metric,
        split=split,
        pooled=pooled_spread(whole) if len(whole) == len(tables) else _spread(together.sd, together.df),
        configurations=len(compared),
        n=min(counts),
        unmoved=sum(any(each.sd == 0 for each in cells) for _, cells in compared),
        chi2=test[0] if test else None,
        df=test[1] if test else 0,
        p=test[2] if test else None,
        parameters=tuple(each for name in names if (each := _parameters(table, split, name)).effects),
    )


def _cells(table: Table, entry: Entry, split: str) -> list[Cell]:
    """The scores of a configuration, case by case; none unless each has all of its two replicates or more."""
    cells = [cell(row, metric=table.select_metric, split=split) for row in entry.rows]
    return cells if all(each.complete and each.sd is not None for each in cells) else []


def _table(cells: Sequence[Cell]) -> Numbers | None:
    """Configurations x replicates of one case; None where they do not have the same."""
    names = sorted(cells[0].by_replicate)
    if any(sorted(each.by_replicate) != names for each in cells):
        return None
    return np.array([[each.by_replicate[name] for name in names] for each in cells])


def _beyond_common(values: Numbers | None) -> list[float]:
    """The standard deviations of configurations in one case, what a replicate does to all of them taken out.

    None where they do not have the same replicates. Configurations share their seeds: a seed that is good for all
    would make their spreads alike, however they differ by themselves.
    """
    if values is None:
        return []
    k, n = values.shape
    rest = values - values.mean(1, keepdims=True) - values.mean(0) + values.mean()
    found: list[float] = np.sqrt((rest**2).sum(1) / (n - 1) * k / (k - 1)).tolist()
    return found


def _spread(sd: float, df: int) -> Spread:
    return Spread(sd, *sd_interval(sd, df), df)


# Parameters -----------------------------------------------------------------------------------------------


def _parameters(table: Table, split: str, alternative: str) -> Parameters:
    found = observed(table, alternative, metric=table.select_metric, split=split)
    nothing = Parameters(alternative, (), ())
    unit, rows = _of_spreads(found)
    factors = unit.design.factors if unit is not None else ()
    if unit is None or not factors or any(len(each.levels) > max(FEWEST, GRID * len(unit.values)) for each in factors):
        return nothing
    if len(unit.values) <= projections(unit.design).whole.shape[1]:
        return nothing
    key = (table.study, "spread", table.select_metric, split, alternative)
    effects = tuple(
        main_effect(unit, unit, at, seed=int(digest((*key, factor.parameter))[:16], 16))
        for at, factor in enumerate(factors)
        if not confounded(unit.design, at)
    )
    judged = {effect.parameter for effect in effects}
    return Parameters(alternative, effects, tuple(each for each in _levels(unit, rows) if each.parameter in judged))


def _of_spreads(found: Observed) -> tuple[Observed | None, list[dict[tuple[int, ...], float]]]:
    """The standard deviations of configurations as scores, case by case, and block -> value of the runs behind each.

    Those with fewer values than most have no part. What is left of blocks is the case.
    """
    design = found.design
    cases = design.case.codes if design.case is not None else (0,) * len(found.values)
    groups = grouped(zip(found.configurations, cases, strict=True))
    members = [np.flatnonzero(groups == group).tolist() for group in range(len(set(groups.tolist())))]
    most = max(map(len, members), default=0)
    members = [runs for runs in members if len(runs) == most]
    if most < 2 or len(members) < FEWEST:
        return None, []
    firsts = [runs[0] for runs in members]
    factors = (replace(each, codes=tuple(each.codes[at] for at in firsts)) for each in design.factors)
    kept = tuple(each for each in factors if len({code for code in each.codes if code >= 0}) == len(each.levels))
    names = design.case.levels if design.case is not None else ("",)
    unit = Observed(
        values=tuple(float(np.std([found.values[run] for run in runs], ddof=1)) for runs in members),
        configurations=tuple(found.configurations[at] for at in firsts),
        design=replace(
            design, factors=kept, blocks=tuple((cases[at],) for at in firsts), names=tuple(map(str, names)), case=None
        ),
        once=False,
        replicated=False,
        without=found.without,
    )
    return unit, [{design.blocks[run]: found.values[run] for run in runs} for runs in members]


def _levels(unit: Observed, rows: Sequence[Mapping[tuple[int, ...], float]]) -> Iterator[LevelSpread]:
    """The spread at each value of each parameter, pooled over the configurations that have it."""
    for factor in unit.design.factors:
        for code, value in enumerate(factor.levels):
            alike: dict[tuple[tuple[int, ...], ...], list[list[float]]] = {}
            for row, here in zip(rows, factor.codes, strict=True):
                if here == code:
                    blocks = tuple(sorted(row))
                    alike.setdefault(blocks, []).append([row[block] for block in blocks])
            yield LevelSpread(factor.parameter, value, pooled_spread(np.array(each) for each in alike.values()))
