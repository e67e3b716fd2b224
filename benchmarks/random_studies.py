"""Random studies of every make whose truth is known: what `judging.py` judges the judging with.

The value of a configuration in a case, with a seed, on an item is

    truth + what the case, the seed, the item, and the seed on this item do to all configurations
          + noisiness * (luck with the seed + how it differs on this item + luck with the seed on this item)

and a score is the mean of its items. The truth is the mean over all seeds and items that might have been drawn. A
parameter that is silent changes nothing: configurations that differ in silent ones alone differ by luck with seeds. One
that is mixed changes single items, and nothing on average over all items that might have been drawn.

These studies know nothing of how they are judged: no part of `tunebook.analyse` is used here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.records import Case, MetricFacts, Row, RunFacts, Scalar, Table, digest

METRIC, SPLIT = "score", "val"
SPREAD = 0.01
"""Standard deviation of the true means of configurations, unless no parameter does anything."""
MOST_SEEDS = 5
FEWEST, MOST = 4, 36
SIZES = {1: (4, 9), 2: (2, 8), 3: (2, 5)}
"""Number of parameters -> fewest and most levels of each."""
NOISIER = 5.0
"""How many times noisier a bad configuration is, in studies that have such."""
Role = Literal["matters", "silent", "mixed"]
ROLES: tuple[Role, ...] = ("matters", "silent", "mixed")
Point = Mapping[str, Scalar]
Levels = NDArray[np.intp]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Study:
    """A study whose truth is known.

    Args:
        roles: What each parameter does.
        points: Its configurations, `levels` (points x parameters) the same as numbers from 0.
        means: (points, cases): the true means.
        values: (points, cases, `MOST_SEEDS` seeds, items).
        floor: (cases, items) of a configuration that no seed can change, and its true means; None: there is none.
        has_items: Whether scores are given with their items; else there is one item that nobody sees.
        own_items: Whether items of the cases have names of their own.
        traits: What kind of study it is, for tables.
    """

    name: str
    roles: Mapping[str, Role]
    points: tuple[Point, ...]
    means: Values
    values: Values
    floor: tuple[Values, Values] | None
    has_items: bool
    own_items: bool
    way: Literal["maximize", "minimize"]
    traits: tuple[str, ...]

    @property
    def truth(self) -> dict[str, float]:
        """Configuration -> true mean over the cases."""
        found = dict(zip(map(_id, self.points), self.means.mean(1).tolist(), strict=True))
        return found if self.floor is None else {**found, "floor": float(self.floor[1].mean())}

    def table(self, *, seeds: int) -> Table:
        """What a study with the first seeds would see."""
        rows = [row for at in range(len(self.points)) for row in self._rows(at, seeds)]
        return self._table([*rows, *self._floor()])

    def true_table(self) -> Table:
        """What a study without chance would see: true means, with a seed that makes all of them better or worse."""
        rows = []
        for at, case in product(range(len(self.points)), range(self.means.shape[1])):
            runs = [_run(seed, float(self.means[at, case]) + seed * SPREAD, {}) for seed in range(2)]
            rows.append(self._row(at, case, runs))
        return self._table(rows)

    def _table(self, rows: list[Row]) -> Table:
        facts = {METRIC: MetricFacts(METRIC, self.way, "A simulated score")}
        return Table(
            study=self.name, question="", task="", metrics=facts, report=(METRIC,), splits=(SPLIT,),
            select_metric=METRIC, select_split=SPLIT, rule="best-mean", parameters=tuple(self.roles), rows=tuple(rows),
            prefer=tuple((name, "low") for name in self.roles),
        )  # fmt: skip

    def _rows(self, at: int, seeds: int) -> Iterator[Row]:
        for case in range(self.means.shape[1]):
            runs = [self._scored(seed, case, self.values[at, case, seed]) for seed in range(seeds)]
            yield self._row(at, case, runs)

    def _row(self, at: int, case: int, runs: list[RunFacts]) -> Row:
        point = self.points[at]
        label = " ".join(f"{name}={value}" for name, value in point.items())
        return Row(_id(point), label, point, self._case(case), "grid" if self.floor else "", tuple(runs))

    def _floor(self) -> Iterator[Row]:
        for case in range(self.means.shape[1] if self.floor else 0):
            assert self.floor is not None  # the loop is empty without it
            yield Row("floor", "floor", {}, self._case(case), "floor", (self._scored(None, case, self.floor[0][case]),))

    def _scored(self, seed: int | None, case: int, values: Values) -> RunFacts:
        prefix = f"{case}-" if self.own_items else ""
        items = {f"{prefix}{at:02}": value for at, value in enumerate(values.tolist())}
        return _run(seed, float(np.mean(values)), items if self.has_items else {})

    def _case(self, case: int) -> Case:
        return Case({"data.root": f"case-{case}"} if self.means.shape[1] > 1 else {})


def random_study(number: int, *, seed: int = 0) -> Study:
    """The study of this number; equal numbers and seeds give equal studies."""
    draw = np.random.default_rng([seed, number])
    points, levels = _grid(draw)
    cases = 2 if draw.random() < 0.3 else 1
    has_items = bool(draw.random() < 0.8)
    chances = [0.55, 0.33, 0.12] if has_items else [0.55, 0.45, 0.0]
    roles = {name: ROLES[int(draw.choice(3, p=chances))] for name in points[0]}
    items = int(draw.integers(8, 61)) if has_items else 1
    means = _means(levels, list(roles.values()), cases, draw)
    uneven = bool(draw.random() < 0.3)
    overall = means.mean(1)
    noisier = np.where(uneven & (overall < np.median(overall) - SPREAD / 1e6), NOISIER, 1.0)
    with_floor = bool(draw.random() < 0.25)
    values, floor = _values(means, _alike(levels, list(roles.values())), noisier, items, draw, has_items=has_items)
    way: Literal["maximize", "minimize"] = "minimize" if draw.random() < 0.25 else "maximize"
    sign = -1.0 if way == "minimize" else 1.0
    traits = {
        "two cases": cases > 1, "no items": not has_items, "bad ones noisier": uneven,
        "a row without seeds": with_floor, "nothing matters": "matters" not in roles.values(),
        "incomplete grid": len(points) < np.prod(levels.max(0) + 1),
    }  # fmt: skip
    return Study(
        name=f"random-{seed}-{number}",
        roles=roles,
        points=points,
        means=sign * means,
        values=sign * values,
        floor=(sign * floor[0], sign * floor[1]) if with_floor else None,
        has_items=has_items,
        own_items=bool(draw.random() < 0.5),
        way=way,
        traits=tuple(name for name, has in traits.items() if has),
    )


# Space ------------------------------------------------------------------------------------------------


def _grid(draw: np.random.Generator) -> tuple[tuple[Point, ...], Levels]:
    """1 to 3 parameters: a full grid, one bounded by the ratio of two, or a random part of one."""
    count = int(draw.choice([1, 2, 3], p=[0.2, 0.4, 0.4]))
    fewest, most = SIZES[count]
    while True:
        sizes = draw.integers(fewest, most + 1, count)
        levels: Levels = np.array(list(product(*map(range, sizes.tolist()))), dtype=np.intp)
        kind = draw.random()
        if count > 1 and kind < 0.25:
            apart = levels[:, 0] - levels[:, 1]
            levels = levels[(apart >= -2) & (apart <= 3)]
        elif count > 1 and kind < 0.5:
            kept = draw.permutation(len(levels))[: round(draw.uniform(0.4, 0.9) * len(levels))]
            levels = levels[np.sort(kept)]
        if FEWEST <= len(levels) <= MOST and all(len(np.unique(column)) > 1 for column in levels.T):
            names = ("alpha", "rank", "dropout")[:count]
            return tuple(dict(zip(names, (2**each).tolist(), strict=True)) for each in levels), levels


def _alike(levels: Levels, roles: list[Role]) -> NDArray[np.intp]:
    """Points that differ in silent parameters alone have the same number."""
    heard = [at for at, role in enumerate(roles) if role != "silent"]
    found: NDArray[np.intp] = np.unique(levels[:, heard], axis=0, return_inverse=True)[1].reshape(-1)
    return found if heard else np.zeros(len(levels), np.intp)


# Truth ------------------------------------------------------------------------------------------------


def _means(levels: Levels, roles: list[Role], cases: int, draw: np.random.Generator) -> Values:
    """(points, cases): main effects, in a part of the studies interactions, and what differs between cases."""
    active = [at for at, role in enumerate(roles) if role == "matters"]
    if not active:
        return np.zeros((len(levels), cases))
    effect = _effects(levels, active, draw, together=draw.random() < 0.5)
    found = []
    for _ in range(cases):
        own = _effects(levels, active, draw, together=True) if cases > 1 else np.zeros(len(levels))
        found.append(draw.uniform(0.5, 1.5) * effect + draw.uniform(0, 0.7) * own)
    stacked = np.stack(found, axis=1)
    means: Values = stacked * SPREAD / stacked.mean(1).std()
    return means


def _effects(levels: Levels, active: list[int], draw: np.random.Generator, *, together: bool) -> Values:
    """One value a point, with standard deviation 1."""
    found = np.zeros(len(levels))
    for at in active:
        found += draw.lognormal(0, 0.8) * _curve(int(levels[:, at].max()) + 1, draw)[levels[:, at]]
    for one, other in combinations(active, 2) if together else ():
        sizes = levels[:, [one, other]].max(0) + 1
        found += draw.uniform(0.2, 1) * draw.normal(size=sizes)[levels[:, one], levels[:, other]]
    scaled: Values = (found - found.mean()) / found.std()
    return scaled


def _curve(size: int, draw: np.random.Generator) -> Values:
    """The effect of each level: rising, with a best one inside, or without order."""
    at = np.linspace(-1, 1, size)
    shapes = (at, -((at - draw.uniform(-1, 1)) ** 2), draw.normal(size=size))
    found: Values = shapes[int(draw.integers(3))]
    return found * draw.choice([-1.0, 1.0]) if np.ptp(found) > 0 else at


# Chance -----------------------------------------------------------------------------------------------


def _values(
    means: Values, alike: NDArray[np.intp], noisier: Values, items: int, draw: np.random.Generator, *, has_items: bool
) -> tuple[Values, tuple[Values, Values]]:
    """The values of all points, and those of the configuration that no seed can change with its true means."""
    (points, cases), seeds = means.shape, MOST_SEEDS
    # Standard deviations between configurations: of one seed, of what one is good at, and of both; of an item each.
    luck = SPREAD * _between(0.2, 2.0, draw)
    good_at = SPREAD * _between(0.1, 1.5, draw) * np.sqrt(items) if has_items else 0.0
    both = SPREAD * _between(0.1, 1.0, draw) * np.sqrt(items) if has_items else 0.0
    shared = draw.normal(0, 0.1, (cases, 1, 1)) + draw.normal(0, 15 * SPREAD, (cases, 1, items))
    by_seed = draw.normal(0, draw.uniform(0, 2) * SPREAD, (cases, seeds, 1))
    by_seed = by_seed + draw.normal(0, both, (cases, seeds, items))
    own_items = draw.normal(0, good_at, (int(alike.max()) + 2, cases, 1, items))
    own = draw.normal(0, luck, (points, cases, seeds, 1)) + own_items[alike]
    own = own + draw.normal(0, both, (points, cases, seeds, items))
    values = means[:, :, None, None] + 0.5 + shared + by_seed + noisier[:, None, None, None] * own
    floor_means = np.full(cases, means.mean() + SPREAD * draw.normal(-1.0, 1.5))
    floor = floor_means[:, None] + 0.5 + shared[:, 0] + own_items[-1, :, 0]
    return values, (floor, floor_means)


def _between(low: float, high: float, draw: np.random.Generator) -> float:
    """Evenly on a logarithmic scale."""
    return float(np.exp(draw.uniform(np.log(low), np.log(high))))


# Table ------------------------------------------------------------------------------------------------


def _run(seed: int | None, score: float, items: Mapping[str, float]) -> RunFacts:
    key = (METRIC, SPLIT)
    replicate = {} if seed is None else {"seed": seed}
    return RunFacts(
        f"run-{seed}", replicate, "search", "finished", scores={key: score}, items={key: items} if items else {}
    )


def _id(point: Point) -> str:
    return digest(point)[:12]
