"""What a parameter does to a score, by nested least-squares models: F, eta², what would have been seen, p.

    score = block (case and seed) + a term for every parameter + error

F compares the model with a parameter and without it (type II), p is the share of rearrangements that do as well.
"""

import math
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, islice, permutations, product

import numpy as np
from printed_numbers import Chance
from raw_scores import Run, Study
from scipy import linalg, optimize, stats

DRAWS, OWN_DRAWS, FINE, FEWEST = 999, 4000, 1000, 5
"""Of the page, at most; of this test; so many with different F are enough; fewest degrees of freedom of the error."""
NOTHING, CASE = 1e-9, ""


@dataclass(frozen=True)
class Tested:
    """An F with its degrees of freedom; None where nothing varies."""

    f: float | None
    df: tuple[int, int]
    eta2: float
    p: Chance


class Model:
    """The runs of an alternative with a value of one score, and the terms that may explain it."""

    def __init__(self, study: Study, metric: str, split: str, alternative: str = "") -> None:
        key = metric, split
        runs = [
            run for run in study.own
            if (run.role, run.repeat, run.alternative) == ("search", 0, alternative) and key in run.scores
        ]  # fmt: skip
        together: dict[tuple[str, str], list[Run]] = {}
        for run in runs:
            together.setdefault((run.configuration, run.case), []).append(run)
        self.once = len(together) < len(runs) and all(
            len({r.scores[key] for r in each}) == 1 for each in together.values()
        )
        self.runs = [each[0] for each in together.values()] if self.once else runs
        self.y = np.array([run.scores[key] for run in self.runs])
        self.levels = {name: self._levels(name) for name in study.parameters}
        self.levels = {name: levels for name, levels in self.levels.items() if len(levels) > 1}
        self.tested: dict[str, Tested] = {}
        self.seeds = [None if self.once else run.seed for run in self.runs]

    def _levels(self, name: str) -> list[object]:
        found = list(dict.fromkeys(run.parameters[name] for run in self.runs if name in run.parameters))
        return sorted(found) if all(isinstance(each, int | float) for each in found) else found

    # Terms --------------------------------------------------------------------------------------------

    @cached_property
    def blocks(self) -> np.ndarray:
        """Runs x blocks; a run that no seed can change lies in every block of its case, in equal parts."""
        names = [(run.case, seed) for run, seed in zip(self.runs, self.seeds, strict=True)]
        seeded = {case for case, seed in names if seed is not None}
        blocks = [name for name in dict.fromkeys(names) if name[1] is not None or name[0] not in seeded]
        found = np.array([[float(_lies(name, block)) for block in blocks] for name in names])
        return found / found.sum(1, keepdims=True)

    def term(self, name: str) -> np.ndarray:
        """Runs x levels, centred; zeros where a run does not have the parameter."""
        levels = self.levels[name]
        rows = [[(run.parameters.get(name) == each) - 1 / len(levels) for each in levels] for run in self.runs]
        has = np.array([name in run.parameters for run in self.runs])
        return np.array(rows, float) * has[:, None]

    def cases(self) -> np.ndarray:
        names = list(dict.fromkeys(run.case for run in self.runs))
        return np.array([[(run.case == each) - 1 / len(names) for each in names] for run in self.runs], float)

    def all_but(self, name: str = "") -> np.ndarray:
        return np.hstack([self.blocks, *(self.term(each) for each in self.levels if each != name)])

    # Tests --------------------------------------------------------------------------------------------

    def main(self, name: str) -> Tested:
        """The main effect of a parameter."""
        if name not in self.tested:
            unit = self.unit(name)
            groups, way = unit.way(name)
            without, whole = unit.all_but(name), unit.all_but()
            self.tested[name] = unit.test(without, whole, groups if way != "normal" else None)
        return self.tested[name]

    def interaction(self, one: str, other: str) -> Tested:
        """What two parameters do together beyond the sum; `other` may be what the cases differ in."""
        if self.replicated and self._mixed(self._cells(one, other), self.all_but(), [one, other]):
            return self.averaged.interaction(one, other)
        whole = np.hstack([self.all_but(), self._cells(one, other)])
        error = len(self.y) - np.linalg.matrix_rank(whole)
        groups = _numbered(self._block_names())
        return self.test(self.all_but(), whole, groups if _fine_residuals(groups, 1, error) else None)

    def seen(self, name: str) -> float:
        """The smallest range between level means that F finds with 80 % power at 5 %, for the hardest two levels."""
        unit = self.unit(name)
        without, whole = unit.all_but(name), unit.all_but()
        df = _df(without, whole)
        point = stats.f.ppf(0.95, *df)
        strength = optimize.brentq(lambda nc: stats.ncf.sf(point, *df, nc) - 0.8, 1e-6, 1e5)
        columns = unit.term(name)
        pairs = combinations(range(columns.shape[1]), 2)
        told = min(_rss(without, (columns[:, j] - columns[:, i]) / 2) for i, j in pairs)
        return math.sqrt(strength / told * _rss(whole, unit.y) / df[1])

    def means(self, name: str) -> list[float]:
        """Adjusted: the mean prediction had all runs this level, and else what they have."""
        unit, levels = self.unit(name), self.levels[name]
        whole = unit.all_but()
        solution = np.linalg.lstsq(whole, unit.y, rcond=None)[0]
        start = unit.blocks.shape[1] + sum(len(self.levels[each]) for each in self._before(name))
        has = [name in run.parameters for run in unit.runs]
        found = []
        for at in range(len(levels)):
            there = whole[has].mean(0)
            there[start : start + len(levels)] = np.eye(len(levels))[at] - 1 / len(levels)
            found.append(float(there @ solution))
        return found

    def rearrangements(self, name: str) -> int:
        """How many the page draws for a parameter; 0 when its p is that of the F distribution."""
        groups, way = self.unit(name).way(name)
        return 0 if way == "normal" or self.main(name).f is None else min(_how_many(groups) - 1, DRAWS)

    def equal(self, name: str) -> int:
        """Groups of runs that differ in this parameter alone and have equal scores; 0 unless all such groups do."""
        groups = self._alike(name)
        compared = [self.y[groups == each] for each in range(groups.max() + 1) if (groups == each).sum() > 1]
        return len(compared) if compared and all(np.ptp(each) == 0 for each in compared) else 0

    # What judges ------------------------------------------------------------------------------------------

    def unit(self, name: str) -> "Model":
        """The runs; or the means of configurations, where what others do together can pass for the parameter."""
        if not self.replicated or self.way(name)[1] == "exact":
            return self
        return self.averaged if self._mixed(self.term(name), self.all_but(name), [name]) else self

    @property
    def replicated(self) -> bool:
        """Whether a configuration has several scores in one case."""
        return len({(run.configuration, run.case) for run in self.runs}) < len(self.runs)

    @cached_property
    def averaged(self) -> "Model":
        """One score for each configuration and case, in equal parts in the blocks of its runs."""
        groups = _numbered([(run.configuration, run.case) for run in self.runs])
        members = [np.flatnonzero(groups == each) for each in range(groups.max() + 1)]
        found = copy(self)
        for name in ("blocks", "averaged"):
            found.__dict__.pop(name, None)
        blocks = np.array([(self.blocks[each] > 0).any(0) for each in members], float)
        found.runs, found.tested = [self.runs[each[0]] for each in members], {}
        found.y = np.array([self.y[each].mean() for each in members])
        found.__dict__["blocks"] = blocks / blocks.sum(1, keepdims=True)
        return found

    def _mixed(self, columns: np.ndarray, given: np.ndarray, names: Sequence[str]) -> bool:
        """Whether a term can be told from all that the other parameters and the case do together."""
        own = columns - _fit(given, columns)
        terms = {**{each: self.term(each) for each in self.levels}, CASE: self.cases()}
        for left_out in names:
            others = [term for each, term in terms.items() if each != (left_out if left_out in self.levels else CASE)]
            products = np.ones((len(self.y), 1))
            for term in others:
                products = np.hstack([products, (products[:, :, None] * term[:, None, :]).reshape(len(self.y), -1)])
            if np.abs((products - _fit(given, products)).T @ own).max() > 1e-7:
                return True
        return False

    def _cells(self, one: str, other: str) -> np.ndarray:
        second = self.term(other) if other in self.levels else self.cases()
        return (self.term(one)[:, :, None] * second[:, None, :]).reshape(len(self.y), -1)

    # Private ------------------------------------------------------------------------------------------

    def _before(self, name: str) -> Sequence[str]:
        return list(self.levels)[: list(self.levels).index(name)]

    def _block_names(self) -> list[tuple]:
        return [tuple(np.flatnonzero(row)) for row in self.blocks]

    def _alike(self, name: str) -> np.ndarray:
        """Runs that share their blocks and every other parameter."""
        others = [each for each in self.levels if each != name]
        keys = [tuple(run.parameters.get(each) for each in others) for run in self.runs]
        return _numbered(list(zip(self._block_names(), keys, strict=True)))

    def way(self, name: str) -> tuple[np.ndarray, str]:
        """Where scores may be rearranged: among equal runs where these tell nearly all, else within blocks."""
        error = _df(self.all_but(name), self.all_but())[1]
        alike, blocks = self._alike(name), _numbered(self._block_names())
        levels = len(self.levels[name])
        if self._told_within(name, alike) >= 0.9 and _fine(alike, levels, error):
            return alike, "exact"
        return blocks, "residuals" if _fine_residuals(blocks, levels, error) else "normal"

    def _told_within(self, name: str, groups: np.ndarray) -> float:
        """The least share of what a contrast between levels tells that runs of the same group tell."""
        rest = _orthonormal(self.all_but(name))
        own = self.term(name)
        own = _orthonormal(own - rest @ (rest.T @ own))
        inside = own - np.array([own[groups == each].mean(0) for each in groups])
        return float(linalg.eigvalsh(inside.T @ inside)[0])

    def test(self, without: np.ndarray, whole: np.ndarray, groups: np.ndarray | None) -> Tested:
        df, total = _df(without, whole), _rss(self.blocks, self.y)
        f = _f(without, whole, self.y, df, total)
        eta2 = (_rss(without, self.y) - _rss(whole, self.y)) / total if f is not None and total else 0.0
        if f is None or groups is None:
            return Tested(f, df, eta2, Chance(1.0 if f is None else float(stats.f.sf(f, *df))))
        fitted = _fit(without, self.y)
        drawn = _rearranged(self.y - fitted, groups)
        share = _share(without, whole, (fitted + drawn).T)
        as_is = _share(without, whole, self.y[:, None])[0]
        p = float((1 + np.sum(share >= as_is - NOTHING)) / (1 + len(drawn)))
        every = _how_many(groups) <= DRAWS + 1
        return Tested(f, df, eta2, Chance(p) if every else Chance(p, DRAWS, len(drawn)))


def shares_of(study: Study, alternative: str) -> Mapping[str, Sequence[object]]:
    """The parameters that an alternative varies, with their levels, on what the study chooses by."""
    return Model(study, study.metric, study.split, alternative).levels


def _lies(name: tuple, block: tuple) -> bool:
    return name[0] == block[0] and name[1] in (None, block[1])


def _numbered(keys: Sequence[object]) -> np.ndarray:
    numbers = {key: at for at, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys])


def _how_many(groups: np.ndarray) -> float:
    return math.prod(math.factorial(int(size)) for size in np.bincount(groups))


def _fine(groups: np.ndarray, levels: int, error: int) -> bool:
    return error >= FEWEST and _how_many(groups) / math.factorial(levels) >= FINE * (1 - NOTHING)


def _fine_residuals(groups: np.ndarray, levels: int, error: int) -> bool:
    """Of residuals, which are not quite exchangeable: the model has used up at most half of what they tell."""
    return 2 * error >= len(groups) and _fine(groups, levels, error)


def _rearranged(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Each once where they are few, else random ones; as they are is left out."""
    members = [np.flatnonzero(groups == each) for each in range(groups.max() + 1)]
    if _how_many(groups) <= DRAWS + 1:
        orders = list(islice(product(*(permutations(each) for each in members)), 1, None))
        found = np.tile(values, (len(orders), 1))
        found[:, np.concatenate(members)] = values[np.array([np.concatenate(order) for order in orders], int)]
        return found
    draw, found = np.random.default_rng(20300131), np.tile(values, (OWN_DRAWS, 1))
    for each in members:
        found[:, each] = values[each][np.argsort(draw.random((OWN_DRAWS, len(each))), axis=1)]
    return found


def _df(without: np.ndarray, whole: np.ndarray) -> tuple[int, int]:
    rank = int(np.linalg.matrix_rank(whole))
    return rank - int(np.linalg.matrix_rank(without)), len(whole) - rank


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    return linalg.orth(columns, rcond=1e-9)


def _fit(columns: np.ndarray, y: np.ndarray) -> np.ndarray:
    return columns @ np.linalg.lstsq(columns, y, rcond=None)[0]


def _rss(columns: np.ndarray, y: np.ndarray) -> float:
    return float(np.sum((y - _fit(columns, y)) ** 2))


def _f(without: np.ndarray, whole: np.ndarray, y: np.ndarray, df: tuple[int, int], total: float) -> float | None:
    left, more = _rss(whole, y), _rss(without, y) - _rss(whole, y)
    if left > NOTHING * total:
        return more / df[0] / (left / df[1])
    return math.inf if more > NOTHING * total else None


def _share(without: np.ndarray, whole: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Of what the smaller model leaves, the share that the larger one explains: it grows with F."""
    small, large = (np.sum((ys - _fit(columns, ys)) ** 2, axis=0) for columns in (without, whole))
    return (small - large) / np.maximum(small, 1e-300)
