"""Whether what one parameter does depends on another."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from tunebook.analyse.averaging import averaged, mixed
from tunebook.analyse.designs import TINY, Design, Factor, Numbers, Observed, grouped
from tunebook.analyse.f_tests import ratio, tail
from tunebook.analyse.permuting import fine_residuals, p_of, rearranged
from tunebook.analyse.projections import after_blocks, basis, centred, projections

LEAST = 3
"""Fewest degrees of freedom of the error: with fewer, an F says next to nothing."""


@dataclass(frozen=True)
class Interaction:
    """What two parameters do together beyond the sum of what each does.

    Args:
        parameters: Dotted paths. The second may be what the cases differ in (`data.root`; several joined by commas):
            what the parameter does is not the same in every case.
        f: Mean square of the interaction over that of what blocks, all parameters and it leave unexplained; infinite
            where nothing is left, None where the interaction is nothing either.
        df: Degrees of freedom of both.
        p: From residuals rearranged within blocks (Freedman and Lane 1983); from the F distribution where there are
            too few runs to rearrange.
        eta2: Its sum of squares, as a share of the variation between runs after blocks.
    """

    parameters: tuple[str, str]
    f: float | None
    df: tuple[int, int]
    p: float
    eta2: float


@dataclass(frozen=True)
class Pair:
    """Two parameters, and an orthonormal basis of what their cells add to blocks and all parameters.

    Args:
        mixed: Whether what others do together, or with one of the two, can pass for it.
    """

    names: tuple[str, str]
    own: Numbers
    df: tuple[int, int]
    mixed: bool


def interactions(found: Observed, *, seed: int) -> tuple[Interaction, ...]:
    """The interactions that the runs can judge: of parameters, in the order of declaration, then of each with the case.

    A pair is left out where its cells cannot be told from other parameters, or where too little is left to judge by.
    Replicates are its error where nothing that others do together, or with one of the two, can pass for it; else
    the means of configurations over replicates are judged (`averaging`).

    Args:
        seed: Of the random rearrangements.
    """
    every = pairs(found.design)
    by_means = {pair.names for pair in every if found.replicated and pair.mixed}
    judged = _tested(found, [pair for pair in every if pair.names not in by_means], seed=seed)
    if by_means:
        means = averaged(found)
        judged += _tested(means, [pair for pair in pairs(means.design) if pair.names in by_means], seed=seed)
    places = {pair.names: at for at, pair in enumerate(every)}
    return tuple(sorted(judged, key=lambda each: places[each.parameters]))


def _tested(unit: Observed, judged: Sequence[Pair], *, seed: int) -> list[Interaction]:
    design, left_over = unit.design, after_blocks(unit)
    whole = projections(design).whole
    residual = left_over - whole @ (whole.T @ left_over)
    left, total = float(residual @ residual), float(left_over @ left_over)
    if not judged or left <= TINY * total:
        return [Interaction(pair.names, None, pair.df, 1.0, 0.0) for pair in judged]
    groups = grouped(design.blocks)
    drawn = rearranged(residual, groups, np.random.default_rng(seed))
    drawn -= (drawn @ whole) @ whole.T
    found = []
    for pair in judged:
        permuted = fine_residuals(groups, 1, error=pair.df[1])
        found.append(_judged(pair, residual, drawn if permuted else None, total=total))
    return found


@lru_cache(maxsize=16)
def pairs(design: Design) -> tuple[Pair, ...]:
    """The pairs that a design can judge: nothing but the two explains what their cells add."""
    projected = projections(design)
    found = []
    with_case = [(factor, design.case) for factor in design.factors if design.case is not None]
    for one, other in [*combinations(design.factors, 2), *with_case]:
        cells = _cells(one, other)
        own = basis(cells, projected.whole)
        alone = np.hstack([projected.blocks, basis(np.hstack([centred(one), centred(other)]), projected.blocks)])
        df = own.shape[1], len(design.blocks) - projected.whole.shape[1] - own.shape[1]
        if 0 < df[0] == basis(cells, alone).shape[1] and df[1] >= LEAST:
            disturbed = mixed(design, own, projected.whole, [one, other])
            found.append(Pair((one.parameter, other.parameter), own, df, disturbed))
    return tuple(found)


def _cells(one: Factor, other: Factor) -> Numbers:
    products: Numbers = centred(one)[:, :, None] * centred(other)[:, None, :]
    return products.reshape(len(one.codes), -1)


def _judged(pair: Pair, residual: Numbers, drawn: Numbers | None, *, total: float) -> Interaction:
    left = float(residual @ residual)
    explained = float(np.sum((residual @ pair.own) ** 2))
    f = ratio(explained, left - explained, pair.df, total=total)
    if f is None or drawn is None:
        p = 1.0 if f is None else tail(f, pair.df)
    else:
        free = np.maximum(np.sum(drawn**2, axis=1), TINY * left)
        p = p_of(explained / left, np.sum((drawn @ pair.own) ** 2, axis=1) / free)
    return Interaction(pair.names, f, pair.df, p, explained / total)
