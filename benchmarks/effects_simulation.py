"""How often effects are seen that are not there, and how often those that are: simulated studies with known truth.

Each study has a parameter of interest, `alpha`, and others that do matter; scores are their effects, those of the
blocks, and an error. Where alpha does nothing, it should be called effective (p <= 0.05) in at most 5 % of studies;
where two of its levels lie `seen` apart, worked out from the true error, in about 80 %. Intervals are exact binomial
ones (Clopper and Pearson), 95 %.

    python benchmarks/effects_simulation.py [studies]
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import betaincinv

from tunebook.analyse.designs import observed
from tunebook.analyse.effects import Effect, Effects, effects
from tunebook.analyse.f_tests import detectable
from tunebook.analyse.main_effects import unit_of
from tunebook.analyse.projections import hardest, left_of
from tunebook.records import Case, MetricFacts, Row, RunFacts, Table

METRIC, SPLIT, SD = "score", "val", 0.01
Point = Mapping[str, float]
Errors = Callable[[np.random.Generator], float]
POWERS = (1, 2, 4, 8, 16, 32, 64)


def normal(draw: np.random.Generator) -> float:
    return float(draw.normal())


def heavy(draw: np.random.Generator) -> float:
    """Student's t with 3 degrees of freedom."""
    return float(draw.standard_t(3)) / 3**0.5


@dataclass(frozen=True)
class Scenario:
    """A kind of study.

    Args:
        points: Its configurations. `seeds`, `cases`: how often each is run.
        lost: Share of the runs that have no value.
        errors: Draws the error of one run, in sd.
        uneven: How many times larger errors are in the second case.
        together: Standard deviation of what rank and lr do together beyond their sum, in sd; drawn anew in each study.
    """

    name: str
    points: tuple[Point, ...]
    seeds: int = 1
    cases: int = 1
    lost: float = 0.0
    errors: Errors = normal
    uneven: float = 1.0
    together: float = 0.0


@dataclass(frozen=True)
class Rate:
    """How often of how many, with its exact 95 % interval."""

    hits: int
    studies: int

    @property
    def interval(self) -> tuple[float, float]:
        hits, others = self.hits, self.studies - self.hits
        low = float(betaincinv(hits, others + 1, 0.025)) if hits else 0.0
        high = float(betaincinv(hits + 1, others, 0.975)) if others else 1.0
        return low, high

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.hits / self.studies:.1%} ({low:.1%} to {high:.1%})"


def grid(**levels: tuple[float, ...]) -> tuple[Point, ...]:
    return tuple(dict(zip(levels, point, strict=True)) for point in product(*levels.values()))


def scaling() -> tuple[Point, ...]:
    """The constrained grid of a LoRA-scaling study: 33 points."""
    return tuple(each for each in grid(alpha=POWERS, rank=POWERS) if 0.25 <= each["alpha"] / each["rank"] <= 8)


def subset(points: tuple[Point, ...], share: float) -> tuple[Point, ...]:
    kept = np.random.default_rng(0).permutation(len(points))[: round(share * len(points))]
    return tuple(points[at] for at in sorted(kept))


SCENARIOS = (
    Scenario("full grid 4 x 5, 1 seed", grid(alpha=(1, 2, 4, 8), rank=(1, 2, 4, 8, 16))),
    Scenario("full grid 4 x 5, 3 seeds", grid(alpha=(1, 2, 4, 8), rank=(1, 2, 4, 8, 16)), seeds=3),
    Scenario("full grid 4 x 5, 1 seed, 2 cases", grid(alpha=(1, 2, 4, 8), rank=(1, 2, 4, 8, 16)), cases=2),
    Scenario("33 points, 1 seed", scaling()),
    Scenario("33 points, 3 seeds", scaling(), seeds=3),
    Scenario("33 points, 2 seeds, 2 cases, 10 % lost", scaling(), seeds=2, cases=2, lost=0.1),
    Scenario("33 points, 1 seed, heavy tails", scaling(), errors=heavy),
    Scenario("33 points, 2 cases, errors 5 times larger in one", scaling(), cases=2, uneven=5.0),
    Scenario("half of a 4 x 4 x 3 grid", subset(grid(alpha=(1, 2, 4, 8), rank=(1, 2, 4, 8), lr=(1, 2, 3)), 0.5)),
    Scenario("a third of a 4 x 4 x 3 grid, heavy tails",
             subset(grid(alpha=(1, 2, 4, 8), rank=(1, 2, 4, 8), lr=(1, 2, 3)), 0.33), errors=heavy),
    *(
        Scenario(f"a third of a 4 x 4 x 3 grid, rank and lr interact, seeds x cases {seeds} x {cases}",
                 subset(grid(alpha=(1, 2, 4, 8), rank=(1, 2, 4, 8), lr=(1, 2, 3)), 0.33), seeds, cases, together=2.0)
        for seeds, cases in ((1, 1), (3, 1), (5, 1), (3, 2))
    ),
    Scenario("a third of a 4 x 4 x 3 grid, rank and lr interact, 3 seeds, 10 % lost",
             subset(grid(alpha=(1, 2, 4, 8), rank=(1, 2, 4, 8), lr=(1, 2, 3)), 0.33), 3, lost=0.1, together=2.0),
    Scenario("grid 2 x 3, 1 seed", grid(alpha=(1, 2), rank=(1, 2, 4))),
    Scenario("grid 3 x 3, 1 seed", grid(alpha=(1, 2, 4), rank=(1, 2, 4))),
    Scenario("2 values alone, 3 seeds", grid(alpha=(1, 2)), seeds=3),
    Scenario("5 values alone, 2 seeds", grid(alpha=(1, 2, 3, 4, 5)), seeds=2),
)  # fmt: skip


def false_effects(scenario: Scenario, *, studies: int, seed: int = 0) -> Rate:
    """How often alpha is called effective where it does nothing."""
    found = [_alpha(simulated(scenario, np.random.default_rng([seed, at]), {})).p for at in range(studies)]
    return Rate(sum(p <= 0.05 for p in found), studies)


def false_interactions(scenario: Scenario, *, studies: int, seed: int = 0) -> Rate:
    """How often alpha and rank are said to interact where alpha does nothing."""
    judged = [_only(simulated(scenario, np.random.default_rng([seed, at]), {})) for at in range(studies)]
    found = [each.p for one in judged for each in one.interactions if each.parameters == ("alpha", "rank")]
    return Rate(sum(p <= 0.05 for p in found), len(found))


def found_effects(scenario: Scenario, *, studies: int, seed: int = 0) -> Rate:
    """How often alpha is called effective where its two levels that are hardest to tell apart lie `seen` apart."""
    nothing = simulated(scenario, np.random.default_rng(seed), {})
    runs = observed(nothing, "", metric=METRIC, split=SPLIT)
    unit = unit_of(runs, 0)
    design, each = unit.design, 1 if unit is runs else scenario.seeds
    seen = detectable(design, 0, _alpha(nothing).df, sd=SD * each**-0.5)
    one, other, _ = hardest(left_of(design, 0))
    levels = design.factors[0].levels
    apart = {levels[one]: -seen / 2, levels[other]: seen / 2}
    found = [_alpha(simulated(scenario, np.random.default_rng([seed, at]), apart)).p for at in range(studies)]
    return Rate(sum(p <= 0.05 for p in found), studies)


def simulated(scenario: Scenario, draw: np.random.Generator, alpha: Mapping[float, float]) -> Table:
    """A study whose scores depend on rank and lr, on block, and on alpha as said."""
    blocks = {
        (case, seed): float(draw.normal(0, 0.1)) for case in range(scenario.cases) for seed in range(scenario.seeds)
    }
    rows: list[Row] = []
    together = _together(scenario, draw)
    for point, case in product(scenario.points, range(scenario.cases)):
        effect = 0.02 * np.log2(point.get("rank", 1)) + 0.03 * point.get("lr", 0) ** 2 + alpha.get(point["alpha"], 0.0)
        effect += together.get((point.get("rank", 0), point.get("lr", 0)), 0.0)
        runs = []
        for seed in range(scenario.seeds):
            error = SD * scenario.errors(draw) * (scenario.uneven if case else 1.0)
            if draw.random() >= scenario.lost:
                score = {(METRIC, SPLIT): 0.5 + blocks[case, seed] + effect + error}
                runs.append(RunFacts(f"{len(rows)}-{seed}", {"seed": seed}, "search", "finished", scores=score))
        label = " ".join(f"{name}={value}" for name, value in point.items())
        where = Case({"data.root": f"case-{case}"})
        rows.append(Row(label, label, point, where, "", tuple(runs)))
    facts = {METRIC: MetricFacts(METRIC, "maximize", "A simulated score")}
    return Table(
        study=f"simulated-{draw.integers(2**32)}", question="", task="", metrics=facts, report=(METRIC,),
        splits=(SPLIT,), select_metric=METRIC, select_split=SPLIT, rule="best-mean",
        parameters=tuple(scenario.points[0]), rows=tuple(rows),
    )  # fmt: skip


def _together(scenario: Scenario, draw: np.random.Generator) -> dict[tuple[float, float], float]:
    if not scenario.together:
        return {}
    cells = sorted({(point["rank"], point["lr"]) for point in scenario.points})
    return {cell: float(draw.normal(0, SD * scenario.together)) for cell in cells}


def _only(table: Table) -> Effects:
    found = effects(table, METRIC, SPLIT)
    assert isinstance(found, tuple)
    return found[0]


def _alpha(table: Table) -> Effect:
    return _only(table).main[0]


def main() -> None:
    """Print the table."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print("| study | test | alpha does nothing: said to matter | `seen` apart: found | interaction that is not there |")
    print("|---|---|---|---|---|")
    for scenario in SCENARIOS:
        test = _alpha(simulated(scenario, np.random.default_rng(0), {})).test
        wrong = false_effects(scenario, studies=studies)
        plain = scenario.errors is normal and scenario.uneven == 1 and not scenario.together
        right = found_effects(scenario, studies=studies) if plain else "-"
        together = false_interactions(scenario, studies=studies)
        print(f"| {scenario.name} | {test} | {wrong} | {right} | {together if together.studies else '-'} |", flush=True)


if __name__ == "__main__":
    main()
