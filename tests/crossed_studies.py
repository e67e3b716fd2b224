"""Studies of crossed parameters, for the tests of effects."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product

import numpy as np
from study_tables import AIS, a_row, a_run, a_table

from tunebook.analyse.effects import Effects, effects
from tunebook.records import Case, Scalar, Table

POWERS = (1, 2, 4, 8, 16, 32, 64)
Point = Mapping[str, Scalar]


def grid(**levels: Sequence[Scalar]) -> tuple[Point, ...]:
    """Every combination of the levels."""
    return tuple(dict(zip(levels, values, strict=True)) for values in product(*levels.values()))


def constrained() -> tuple[Point, ...]:
    """The 33 points of a LoRA-scaling grid: alpha / rank within 0.25 and 8."""
    return tuple(each for each in grid(alpha=POWERS, rank=POWERS) if 0.25 <= each["alpha"] / each["rank"] <= 8)


def crossed(
    points: Iterable[Point],
    score: Callable[[Point, str, int], float | None],
    *,
    seeds: int = 1,
    cases: Sequence[str] = ("",),
) -> Table:
    """A study of every point in every case under every seed; a run whose score is None has no value."""
    rows = []
    for point, case in product(points, cases):
        runs = [a_run(seed, val=score(point, case, seed)) for seed in range(seeds)]
        label = " ".join(f"{name}={value}" for name, value in point.items())
        rows.append(a_row(label, *runs, parameters=point, case=Case({"data.root": case} if case else {})))
    return a_table(*rows)


def noisy(
    seed: int, *, rank: float = 0.0, alpha: float = 0.0, lost: float = 0.0, sd: float = 0.01
) -> Callable[..., float | None]:
    """A score that grows by so much with each doubling of rank and of alpha, shifted by block, with normal errors."""
    draw = np.random.default_rng(seed)
    shift: dict[tuple[str, int], float] = {}

    def score(point: Point, case: str, replicate: int) -> float | None:
        block = shift.setdefault((case, replicate), float(draw.normal(0, 0.05)))
        effect = rank * np.log2(float(point.get("rank", 1))) + alpha * np.log2(float(point.get("alpha", 1)))
        value = 0.5 + block + float(effect) + float(draw.normal(0, sd))
        return None if draw.random() < lost else value

    return score


def judged(table: Table) -> Effects:
    """The effects on the score of made-up studies, where there is one alternative."""
    found = effects(table, AIS, "val")
    assert isinstance(found, tuple)
    (one,) = found
    return one
