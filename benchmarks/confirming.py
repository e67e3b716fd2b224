"""Whether confirming pays: choices replayed on recorded results of whole grids, and scored on a seed they did not see.

    TUNEBOOK_DATA=… python benchmarks/confirming.py [repetitions] [--share 0.2] [--processes 2]

The tables (`$TUNEBOOK_DATA/hpo_tables`) hold every point of real grids with 5 seeds (HPOBench) or 4 (HPOLib). In each
repetition a study is drawn: configurations from a pool of good ones, and which seed is searched, which seeds confirm,
and which is held out. Tunebook (`finalists`, `judge`; rule best-mean) chooses in a study with one seed whose finalists
are confirmed on fresh seeds, and in studies of as many runs that go by their declared seeds alone: the same
configurations with two seeds, fewer ones with more seeds, more with one. All of them take the first configurations of
one list. The difference of two choices on the held-out seed, repetition by repetition, has its 95 % interval (Student's
t). HPOLib's errors are judged as log10.

Good are configurations whose neighbours in the grid (one parameter, one step) are good, so that what makes the pool is
no seed's luck with its members. See docs/judging.md for the results.
"""

import argparse
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunebook.analyse import finalists, judge
from tunebook.records import Case, MetricFacts, Role, Row, RunFacts, Table, digest

METRIC, SPLIT = "score", "val"
TOP = 5
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Recorded:
    """The recorded results of one grid.

    Args:
        keys: One for each configuration; `values`: (configurations, seeds).
        pool: The best configurations by their neighbours: indices.
        maximized: Whether more is better.
    """

    name: str
    keys: tuple[str, ...]
    values: Values
    pool: NDArray[np.intp]
    maximized: bool

    @property
    def noise(self) -> float:
        """Standard deviation between seeds, pooled over the pool."""
        return float(np.sqrt(self.values[self.pool].var(1, ddof=1).mean()))


@dataclass(frozen=True)
class Plan:
    """How a study spends its runs.

    Args:
        fresh: Seeds on which the finalists are confirmed; 0 for a study that goes by its declared seeds.
    """

    configurations: int
    seeds: int = 1
    fresh: int = 0

    @property
    def runs(self) -> int:
        """All of them."""
        return self.configurations * self.seeds + TOP * self.fresh

    def __str__(self) -> str:
        searched = f"{self.configurations} × {self.seeds}"
        return f"{searched} + {TOP} × {self.fresh}" if self.fresh else searched


@dataclass(frozen=True)
class Comparison:
    """A plan that confirms beside one that goes by its declared seeds; `what` is the other's way."""

    what: str
    confirmed: Plan
    declared: Plan


@dataclass(frozen=True)
class Gap:
    """A mean of paired differences with its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Whether the interval leaves out 0, and on which side."""
        if self.low <= 0 <= self.high:
            return "no difference shown"
        return "better" if self.mean > 0 else "worse"

    def __str__(self) -> str:
        return f"{self.mean:+.4f} ({self.low:+.4f} to {self.high:+.4f})"


def read(path: Path, *, share: float) -> Recorded:
    """A table of recorded results.

    Args:
        share: The part of its configurations that is the pool.
    """
    with np.load(path, allow_pickle=False) as found:
        keys, values = tuple(found["keys"].tolist()), found["vals"].astype(np.float64)
    maximized = not path.stem.startswith("hpolib")
    values = values if maximized else np.log10(values)
    around = _around(keys, values.mean(1))
    order = np.argsort(-around if maximized else around, kind="stable")
    return Recorded(path.stem, keys, values, order[: round(share * len(keys))], maximized)


def comparisons(seeds: int) -> tuple[Comparison, ...]:
    """Plans that confirm, beside plans with declared seeds alone that take as many runs, or one or two more.

    Args:
        seeds: How many a table has; one is held out.
    """
    fresh = seeds - 2
    few, many = Plan(TOP * fresh, 1, fresh), Plan(33, 1, fresh)
    others = [Plan(math.ceil(many.runs / each), each) for each in range(1, seeds)]
    return (
        Comparison("the same configurations, 2 seeds", few, Plan(few.configurations, 2)),
        Comparison("more configurations, 1 seed", many, others[0]),
        *(Comparison(f"fewer configurations, {each.seeds} seeds", many, each) for each in others[1:]),
    )


def references(seeds: int) -> tuple[Plan, ...]:
    """Plans of 33 configurations with other numbers of runs."""
    return tuple(Plan(33, each) for each in range(1, seeds))


def gains(recorded: Recorded, wanted: Sequence[Plan], *, repetition: int, seed: int = 0) -> Mapping[Plan, float]:
    """What each plan's choice has on the held-out seed more than the mean of the pool; negative when it is worse."""
    draw = np.random.default_rng([seed, repetition])
    members = draw.choice(recorded.pool, max(plan.configurations for plan in wanted), replace=False)
    seeds = draw.permutation(recorded.values.shape[1])
    held_out, mean = recorded.values[members, seeds[-1]], recorded.values[recorded.pool, seeds[-1]].mean()
    ids = [digest(recorded.keys[at])[:12] for at in members]
    seen = recorded.values[members][:, seeds[:-1]]
    sign = 1.0 if recorded.maximized else -1.0
    return {
        plan: sign * float(held_out[ids.index(choice(plan, ids, seen, maximized=recorded.maximized))] - mean)
        for plan in wanted
    }


def choice(plan: Plan, ids: Sequence[str], seen: Values, *, maximized: bool) -> str:
    """The configuration that Tunebook chooses by a plan, among the first ones.

    Args:
        seen: (configurations, seeds): the declared seeds come first, the fresh ones after them.
    """
    table = _table(ids[: plan.configurations], seen[:, : plan.seeds], maximized=maximized)
    if plan.fresh:
        table = replace(table, confirm=(TOP, plan.fresh))
        finals = finalists(table)
        rows = (
            replace(row, runs=(*row.runs, *_runs(scores[plan.seeds :][: plan.fresh], plan.seeds, "confirm")))
            if row.configuration in finals
            else row
            for row, scores in zip(table.rows, seen, strict=False)
        )
        table = replace(table, rows=tuple(rows))
    decision = judge(table).decision
    assert decision is not None  # every run has a value
    assert decision.role == ("confirm" if plan.fresh else "search")
    return decision.configuration


def gap(differences: Values) -> Gap:
    """The mean of some differences with its interval."""
    from scipy.stats import t  # noqa: PLC0415  heavy, and wanted once

    mean, n = float(differences.mean()), len(differences)
    half = float(t.ppf(0.975, n - 1) * differences.std(ddof=1) / math.sqrt(n))
    return Gap(mean, mean - half, mean + half)


# Tables -----------------------------------------------------------------------------------------------


def _around(keys: Sequence[str], means: Values) -> Values:
    """The mean of the neighbours of each configuration; keys have one digit for each parameter."""
    levels = np.array([[int(digit) for digit in key] for key in keys])
    shape = levels.max(0) + 1
    places = np.ravel_multi_index(levels.T, shape)
    grid = np.full(shape, np.nan).reshape(-1)
    grid[places] = means
    grid = grid.reshape(shape)
    assert not np.isnan(grid).any()  # the tables hold every point
    total, count = np.zeros(shape), np.zeros(shape)
    for axis in range(grid.ndim):
        upper = tuple(slice(1, None) if each == axis else slice(None) for each in range(grid.ndim))
        lower = tuple(slice(None, -1) if each == axis else slice(None) for each in range(grid.ndim))
        for here, there in ((upper, lower), (lower, upper)):
            total[here] += grid[there]
            count[here] += 1
    around: Values = (total / count).reshape(-1)[places]
    return around


def _table(ids: Sequence[str], scores: Values, *, maximized: bool) -> Table:
    facts = MetricFacts(METRIC, "maximize" if maximized else "minimize", "A recorded score")
    rows = tuple(
        Row(name, name, {}, Case(), "", tuple(_runs(each, 0, "search")))
        for name, each in zip(ids, scores, strict=False)
    )
    return Table(
        study="replayed", question="", task="", metrics={METRIC: facts}, report=(METRIC,), splits=(SPLIT,),
        select_metric=METRIC, select_split=SPLIT, rule="best-mean", parameters=(), rows=rows,
    )  # fmt: skip


def _runs(scores: Values, first: int, role: Role) -> Iterator[RunFacts]:
    for seed, score in enumerate(scores.tolist(), start=first):
        yield RunFacts(f"{role}-{seed}", {"seed": seed}, role, "finished", scores={(METRIC, SPLIT): score})


# Report -----------------------------------------------------------------------------------------------


Found = Mapping[str, Sequence[Mapping[Plan, float]]]
"""Table -> what the plans gained, repetition by repetition."""


@cache
def _held(path: Path, share: float) -> Recorded:
    """A table, read once in each process."""
    return read(path, share=share)


def _gains(asked: tuple[Path, int], *, share: float) -> Mapping[Plan, float]:
    path, repetition = asked
    recorded = _held(path, share)
    seeds = recorded.values.shape[1]
    every = [plan for each in comparisons(seeds) for plan in (each.confirmed, each.declared)]
    return gains(recorded, list(dict.fromkeys([*every, *references(seeds)])), repetition=repetition)


def lines(found: Found, recorded: Mapping[str, Recorded]) -> Iterator[str]:
    """What is printed: each comparison in each table, in each family, and in all tables in units of their noise."""
    yield "| by declared seeds | table | confirmed | declared | difference on the held-out seed | confirmed is |"
    yield "|---|---|---|---|---|---|"
    seeds = {name: each.values.shape[1] for name, each in recorded.items()}
    for what in [each.what for each in comparisons(max(seeds.values()))]:
        plans = {name: each for name in found for each in comparisons(seeds[name]) if each.what == what}
        gaps = {name: _differences(found[name], each) for name, each in plans.items()}
        for name, each in plans.items():
            yield _line(what, name, f"{each.confirmed} | {each.declared}", gap(gaps[name]))
        for family in dict.fromkeys(name.partition("__")[0] for name in plans):
            pooled = [each for name, each in gaps.items() if name.startswith(family)]
            yield _line(what, f"**{family}, all {len(pooled)}**", " | ", gap(np.mean(pooled, axis=0)))
        scaled = [each / recorded[name].noise for name, each in gaps.items()]
        yield _line(what, f"**all {len(scaled)}**, in sd between seeds", " | ", gap(np.mean(scaled, axis=0)))


def _differences(found: Sequence[Mapping[Plan, float]], asked: Comparison) -> Values:
    return np.array([each[asked.confirmed] - each[asked.declared] for each in found])


def _line(what: str, name: str, plans: str, found: Gap) -> str:
    return f"| {what} | {name} | {plans} | {found} | {found.verdict} |"


def _gained(found: Found) -> Iterator[str]:
    """Mean gains over a random configuration of the pool, beside those that hpo_tables/SOURCE.md gives."""
    bench = [each for name, each in found.items() if name.startswith("hpobench")]
    yield "| HPOBench | runs | mean gain over a random one |"
    yield "|---|---|---|"
    for plan in (*references(5), comparisons(5)[1].confirmed):
        yield f"| {plan} | {plan.runs} | {np.mean([[one[plan] for one in each] for each in bench]):.5f} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repetitions", nargs="?", type=int, default=500)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    paths = sorted((Path(os.environ["TUNEBOOK_DATA"]) / "hpo_tables").glob("*.npz"))
    work = [(path, repetition) for path in paths for repetition in range(asked.repetitions)]
    with ProcessPoolExecutor(asked.processes, initializer=os.nice, initargs=(10,)) as pool:
        every = list(pool.map(partial(_gains, share=asked.share), work, chunksize=25))
    size = asked.repetitions
    found = {path.stem: every[at * size : (at + 1) * size] for at, path in enumerate(paths)}
    print("\n".join(lines(found, {path.stem: _held(path, asked.share) for path in paths})))
    print()
    print("\n".join(_gained(found)))


if __name__ == "__main__":
    main()
