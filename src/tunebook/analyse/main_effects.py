"""The main effect of a parameter: adjusted means, F, p, and what would have been seen."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.analyse.averaging import averaged, mixed
from tunebook.analyse.designs import TINY, Design, Numbers, Observed, alike, grouped
from tunebook.analyse.f_tests import LEVEL, detectable, ratio, tail
from tunebook.analyse.permuting import fine, fine_residuals, p_of, rearranged
from tunebook.analyse.projections import after_blocks, projections, within
from tunebook.records import Scalar

ENOUGH = 0.9
"""Share of what the runs tell of a parameter that those that share all else must tell, to be judged by them alone."""
Test = Literal["exact", "residuals", "normal"]


@dataclass(frozen=True)
class Level:
    """One value of a parameter.

    Args:
        mean: Adjusted: the mean prediction had all runs this value and else what they have. The plain mean in a full
            grid.
        low, high: Its 95 % interval for these blocks (Student's t with the degrees of freedom of the error).
        n: Runs that have this value.
    """

    value: Scalar
    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Effect:
    """What one parameter does, all others and the blocks taken out.

    Args:
        levels: Its values: ascending when they are numbers, else in the order of the rows.
        f: Type II: (SS / df) / (error SS / df), where SS is what the parameter adds to blocks and all other
            parameters. Infinite where no error is left, None where SS is nothing too: no run differs.
        df: Degrees of freedom of the parameter and of the error.
        p: How often chance alone does as well (see `test`); 1 where all that is compared is equal.
        eta2: SS / (sum of squares between runs, or means, after blocks): the share of the variation that is the
            parameter's. In a full grid the shares of all terms and of the error sum to 1.
        seen: The smallest range between level means that would have been found with 80 % power at 5 %
            (`f_tests.detectable`).
        permutations: Rearrangements behind p, beside the scores as they are; 0 for `normal`.
        test: `exact`: scores rearranged among runs that share block and all other parameters, which is right
            whatever the errors and the other parameters are. `residuals`: where too few runs do, residuals of the
            model without the parameter, within blocks (Freedman and Lane 1983). `normal`: where there are too few
            runs for either (for residuals, twice as many as what blocks and parameters explain), the tail of the F
            distribution. For the last two, replicated configurations count by their means where `unit_of` says so.
        equal: Groups of runs that differ in this parameter alone, when all runs of each such group have equal scores
            to the last digit, and the groups join all levels: it does nothing at all. Else 0.
    """

    parameter: str
    levels: tuple[Level, ...]
    f: float | None
    df: tuple[int, int]
    p: float
    eta2: float
    seen: float
    permutations: int
    test: Test
    equal: int


def unit_of(found: Observed, at: int) -> Observed:
    """What judges a parameter: the runs, or the means of configurations over replicates and cases (`averaging`).

    Means, where p is not found by rearranging among runs that share all else, and what other parameters and the case
    do together can pass for the parameter.
    """
    design = found.design
    once = len(set(found.configurations)) == len(found.values)
    if once or _way(design, at)[0] == "exact":
        return found
    projected = projections(design)
    disturbed = mixed(design, projected.own[at], projected.rest[at], [design.factors[at]])
    return averaged(replace(found, design=replace(design, case=None))) if disturbed else found


def main_effect(found: Observed, unit: Observed, at: int, *, seed: int) -> Effect:
    """The effect of one parameter that the design can tell from the others and from the blocks.

    Args:
        found: The runs. `unit`: what judges the parameter (`unit_of`).
        at: Index of the parameter in the design.
        seed: Of the random rearrangements.
    """
    design, left_over = unit.design, after_blocks(unit)
    projected, df = projections(design), _df(design, at)
    total = float(left_over @ left_over)
    explained = float(np.sum((left_over @ projected.own[at]) ** 2))
    left = max(0.0, total - float(np.sum((left_over @ projected.whole) ** 2)))
    f = ratio(explained, left, df, total=total)
    sd = math.sqrt(left / df[1]) if left > TINY * total else 0.0
    test, groups = _way(design, at)
    if f is None or test == "normal":
        test, p, permutations = "normal", 1.0 if f is None else tail(f, df), 0
    else:
        generator = np.random.default_rng(seed)
        p, permutations = _rearranged(design, at, left_over, groups, generator, exact=test == "exact")
    equal = _equal(found.design, at, np.array(found.values))
    return Effect(
        parameter=design.factors[at].parameter,
        levels=_levels(found, unit, at, sd),
        f=f,
        df=df,
        p=1.0 if equal else p,
        eta2=explained / total if f is not None else 0.0,
        seen=detectable(design, at, df, sd=sd),
        permutations=permutations,
        test=test,
        equal=equal,
    )


def _df(design: Design, at: int) -> tuple[int, int]:
    projected = projections(design)
    return projected.own[at].shape[1], len(design.blocks) - projected.whole.shape[1]


def _way(design: Design, at: int) -> tuple[Test, NDArray[np.intp]]:
    """How p is found, and the groups within which scores or residuals are rearranged."""
    factor, blocks, df = design.factors[at], grouped(design.blocks), _df(design, at)
    groups = alike(design, factor)
    if within(design, at, groups) >= ENOUGH and fine(groups, len(factor.levels), error=df[1]):
        return "exact", groups
    return "residuals" if fine_residuals(blocks, len(factor.levels), error=df[1]) else "normal", blocks


def _rearranged(
    design: Design,
    at: int,
    left_over: Numbers,
    groups: NDArray[np.intp],
    generator: np.random.Generator,
    *,
    exact: bool,
) -> tuple[float, int]:
    """p and the number of rearrangements behind it.

    Residuals of the model without the parameter are rearranged. Within runs that are alike but for the parameter they
    are the scores less a constant, so that there it is the exact test, and the model without the parameter explains
    nothing of them, however they are rearranged.
    """
    rest, own = projections(design).rest[at], projections(design).own[at]
    residual = left_over - rest @ (rest.T @ left_over)
    drawn = rearranged(residual, groups, generator)
    explained = np.sum((drawn @ own) ** 2, axis=1)
    everything = float(residual @ residual)
    free = everything if exact else everything - np.sum((drawn @ rest) ** 2, axis=1)
    share = float(np.sum((residual @ own) ** 2)) / everything
    return p_of(share, explained / np.maximum(free, TINY * everything)), len(drawn)


def _levels(found: Observed, unit: Observed, at: int, sd: float) -> tuple[Level, ...]:
    from scipy.special import stdtrit  # noqa: PLC0415  a command that judges nothing does not wait for it

    factor, means = found.design.factors[at], projections(unit.design).means[at]
    centres = means @ np.array(unit.values)
    halves = float(stdtrit(_df(unit.design, at)[1], 1 - LEVEL / 2)) * sd * np.sqrt(np.sum(means**2, axis=1))
    counts = np.bincount([code for code in factor.codes if code >= 0]).tolist()
    return tuple(
        Level(value, mean, mean - half, mean + half, n)
        for value, mean, half, n in zip(factor.levels, centres.tolist(), halves.tolist(), counts, strict=True)
    )


def _equal(design: Design, at: int, values: Numbers) -> int:
    groups = alike(design, design.factors[at])
    if within(design, at, groups) < TINY:
        return 0
    members: dict[int, list[int]] = {}
    for run, group in enumerate(groups.tolist()):
        members.setdefault(group, []).append(run)
    codes = design.factors[at].codes
    compared = [runs for runs in members.values() if len({codes[run] for run in runs}) > 1]
    return len(compared) if all(np.ptp(values[runs]) == 0 for runs in compared) else 0
