"""How far the judging can be trusted: random studies whose truth is known, each seen with 2, 3 and 5 seeds.

    python benchmarks/judging.py [studies] [--seed 0] [--processes 2]

For the tied set (bold): how often it holds the truly best configuration, stated 95 % at least. For effects: how often a
parameter that does nothing is said to matter (p < 0.05), stated 5 % at most, one parameter a study so that the trials
are independent; and how often one is found, by its true range beside `seen`, which is stated to be found in 80 %. For
the rules: what their choice loses against the truly best, and how far the best mean of a search flatters its
configuration, both in units of the standard deviation of the true means. Intervals of rates are exact binomial ones
(Clopper and Pearson), 95 %. See docs/judging.md for the results.
"""

import argparse
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
from random_studies import METRIC, SPLIT, SPREAD, Role, Study, random_study

from tunebook.analyse import Column, Effect, Unavailable, effects, judge, ordered, standings
from tunebook.records import Table

SEEDS = (2, 3, 5)
RULES = ("best-mean", "one-standard-error", "lower-bound", "most-stable")
LEVEL = 0.05
SHARES = (0.0, 0.5, 1.0, 1.5, np.inf)
"""Bounds between classes of (true range of the level means / `seen`)."""


@dataclass(frozen=True)
class Tested:
    """One parameter as it was judged.

    Args:
        share: The true range of its level means, as a share of the range that would have been seen.
    """

    role: Role
    p: float
    share: float
    test: str


@dataclass(frozen=True)
class Judged:
    """One study as it was judged with a number of seeds.

    Args:
        held: Whether the tied set holds the truly best configuration; of several truly equal ones, one drawn by lot.
        tied: Size of the tied set, `of` so many configurations.
        losses: Rule -> how much worse its choice truly is than the truly best.
        flattered: How much better the best mean looks than it truly is, beside the mean over all configurations.
    """

    traits: tuple[str, ...]
    held: bool
    tied: int
    of: int
    tested: tuple[Tested, ...]
    losses: dict[str, float]
    flattered: float


@dataclass(frozen=True)
class Rate:
    """How often of how many."""

    hits: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Its exact 95 % interval; all there is where nothing was tried."""
        from scipy.stats import binomtest  # noqa: PLC0415  heavy, and wanted once

        if self.of == 0:
            return 0.0, 1.0
        found = binomtest(self.hits, self.of).proportion_ci(confidence_level=0.95, method="exact")
        return float(found.low), float(found.high)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.hits / self.of:.1%} ({low:.1%} to {high:.1%}) of {self.of}" if self.of else "-"


def judged(number: int, *, seeds: int, seed: int = 0) -> Judged:
    """Judge the study of this number as it is seen with its first seeds."""
    study = random_study(number, seed=seed)
    table, truth = study.table(seeds=seeds), study.truth
    sign = 1.0 if study.way == "maximize" else -1.0
    best = _truly_best(study, np.random.default_rng([seed, number, 1]))
    tied = _tied(table)
    losses = {rule: sign * (truth[best] - truth[_chosen(table, rule)]) / SPREAD for rule in RULES}
    return Judged(
        study.traits,
        best in tied,
        len(tied),
        len(truth),
        tuple(_tested(study, table)),
        losses,
        _flattered(study, table),
    )


def rate(found: Iterable[bool]) -> Rate:
    """How often it is so."""
    every = list(found)
    return Rate(sum(every), len(every))


def found_silent(found: Iterable[Judged], *, role: Role = "silent", trait: str = "") -> Rate:
    """How often the first parameter of a study that has this role is said to matter.

    Args:
        trait: Only studies that have it; empty for all.
    """
    kept = [each for each in found if not trait or trait in each.traits]
    first = (next((one.p for one in each.tested if one.role == role), None) for each in kept)
    return rate(p < LEVEL for p in first if p is not None)


def found_matters(found: Iterable[Judged], low: float, high: float) -> Rate:
    """How often parameters are found whose true range is such a share of the range that would have been seen."""
    every = [one for each in found for one in each.tested if one.role == "matters"]
    return rate(one.p < LEVEL for one in every if low <= one.share < high)


# One study --------------------------------------------------------------------------------------------


def _truly_best(study: Study, draw: np.random.Generator) -> str:
    """The truly best configuration; of equal ones, one drawn by lot, so that none is favoured by its place."""
    top = (max if study.way == "maximize" else min)(study.truth.values())
    equal = [name for name, mean in study.truth.items() if abs(mean - top) < SPREAD / 1e6]
    return equal[int(draw.integers(len(equal)))]


def _tied(table: Table) -> frozenset[str]:
    """The configurations that stand in bold in the column of the choice."""
    column = Column(METRIC, SPLIT, None, chosen=True)
    return frozenset(each.entry.configuration for each in standings(table, ordered(table), [column]) if each.best[0])


def _chosen(table: Table, rule: str) -> str:
    decision = judge(replace(table, rule=rule)).decision
    assert decision is not None  # every study has two seeds and no failures
    return decision.configuration


def _tested(study: Study, table: Table) -> Iterator[Tested]:
    """The parameters that can be judged, beside the true range of their level means by the same model."""
    ranges = {one.parameter: _range(one) for one in _effects(study.true_table())}
    for one in _effects(table):
        share = ranges[one.parameter] / one.seen if one.seen > 0 else np.inf
        yield Tested(study.roles[one.parameter], one.p, share, one.test)


def _effects(table: Table) -> Sequence[Effect]:
    found = effects(table, METRIC, SPLIT)
    return () if isinstance(found, Unavailable) else found[0].main


def _range(effect: Effect) -> float:
    means = [level.mean for level in effect.levels]
    return max(means) - min(means)


def _flattered(study: Study, table: Table) -> float:
    """What all configurations share (an easy seed, easy items) is taken out: it flatters none against another."""
    entries = {entry.configuration: entry.selection.mean or 0.0 for entry in ordered(table)}
    sign, best = (1.0, max) if study.way == "maximize" else (-1.0, min)
    top = best(entries, key=lambda name: entries[name])
    seen, true = entries[top] - np.mean(list(entries.values())), study.truth[top] - np.mean(list(study.truth.values()))
    return float(sign * (seen - true) / SPREAD)


# Report -----------------------------------------------------------------------------------------------


def tables(found: dict[int, list[Judged]]) -> Iterator[str]:
    """What is printed, line by line."""
    yield "| seeds | the tied set holds the truly best | size of the set, mean | of, mean | it is everything |"
    yield "|---|---|---|---|---|"
    for seeds, each in found.items():
        size, of = np.mean([one.tied for one in each]), np.mean([one.of for one in each])
        everything = rate(one.tied == one.of for one in each)
        yield f"| {seeds} | {rate(one.held for one in each)} | {size:.1f} | {of:.1f} | {everything} |"
    yield from ("", "The tied set by kind of study:", "", f"| studies with | {_heads(found)} |", _rule(len(found) + 1))
    for trait in sorted({trait for each in found.values() for one in each for trait in one.traits}):
        yield _line(trait, found, partial(_held, trait=trait))
    yield from ("", "Effects:", "", f"| parameters | {_heads(found)} |", _rule(len(found) + 1))
    yield _line("that do nothing: said to matter", found, found_silent)
    for trait in ("incomplete grid", "two cases", "bad ones noisier"):
        yield _line(f"the same, studies with {trait}", found, partial(found_silent, trait=trait))
    yield _line("that change single items, and nothing on average", found, partial(found_silent, role="mixed"))
    for low, high in pairwise(SHARES):
        said = f"{low:g} to {high:g}" if high < np.inf else f"at least {low:g}"
        yield _line(f"that matter, range {said} × seen: found", found, partial(found_matters, low=low, high=high))
    yield from ("", "True loss of the choice:", "", "| seeds | rule | median | mean | 90 % | most | none |", _rule(7))
    for seeds, each in found.items():
        for rule in RULES:
            yield f"| {seeds} | {rule} | {_spread([one.losses[rule] for one in each])} |"
    yield from ("", "What the best mean flatters:", "", "| seeds | median | mean | 90 % | most | none |", _rule(6))
    for seeds, each in found.items():
        yield f"| {seeds} | {_spread([one.flattered for one in each])} |"


def _held(found: Iterable[Judged], *, trait: str) -> Rate:
    return rate(one.held for one in found if trait in one.traits)


def _line(name: str, found: dict[int, list[Judged]], rate_of: Callable[[list[Judged]], Rate]) -> str:
    return f"| {name} | {' | '.join(str(rate_of(each)) for each in found.values())} |"


def _heads(found: dict[int, list[Judged]]) -> str:
    return " | ".join(f"{seeds} seeds" for seeds in found)


def _rule(columns: int) -> str:
    return "|" + "---|" * columns


def _spread(values: Sequence[float]) -> str:
    found = np.round(values, 6) + 0.0  # no -0.00
    middle, high = np.percentile(found, [50, 90])
    return f"{middle:.2f} | {found.mean():.2f} | {high:.2f} | {found.max():.2f} | {np.mean(found == 0):.0%}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", nargs="?", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    with ProcessPoolExecutor(asked.processes, initializer=os.nice, initargs=(10,)) as pool:
        found = {
            seeds: list(pool.map(partial(judged, seeds=seeds, seed=asked.seed), range(asked.studies), chunksize=5))
            for seeds in SEEDS
        }
    print("\n".join(tables(found)))


if __name__ == "__main__":
    main()
