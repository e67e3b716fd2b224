"""What a design can tell apart, by least squares: bases, adjusted means, and what is confounded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tunebook.analyse.designs import TINY, Design, Factor, Numbers, Observed


@dataclass(frozen=True)
class Projections:
    """Orthonormal bases of what a design can tell apart; columns of length runs.

    Args:
        blocks: Of the blocks, `whole`: of blocks and all parameters.
        rest: Parameter by parameter, of all but it; `own`: of what it adds to that (Type II).
        means: Parameter by parameter, levels x runs: times the scores it gives the adjusted means.
    """

    blocks: Numbers
    whole: Numbers
    rest: tuple[Numbers, ...]
    own: tuple[Numbers, ...]
    means: tuple[Numbers, ...]


@lru_cache(maxsize=16)
def projections(design: Design) -> Projections:
    """The bases of a design, worked out once for all of its metrics."""
    nothing = np.zeros((len(design.blocks), 0))
    blocks = basis(_membership(design), nothing)
    columns = [centred(factor) for factor in design.factors]
    rest = []
    for left_out in range(len(columns)):
        others = [each for at, each in enumerate(columns) if at != left_out]
        rest.append(np.hstack([blocks, basis(np.hstack([nothing, *others]), blocks)]))
    whole = np.hstack([blocks, basis(np.hstack([nothing, *columns]), blocks)])
    own = tuple(basis(one, without) for one, without in zip(columns, rest, strict=True))
    return Projections(blocks, whole, tuple(rest), own, _means(design, columns))


def basis(columns: Numbers, given: Numbers) -> Numbers:
    """An orthonormal basis of what columns add to a space whose orthonormal basis is given."""
    if columns.shape[1] == 0:
        return columns
    left = columns - given @ (given.T @ columns)
    left -= given @ (given.T @ left)
    directions, sizes, _ = np.linalg.svd(left, full_matrices=False)
    found: Numbers = directions[:, sizes > TINY * max(1.0, float(np.linalg.norm(columns)))]
    return found


def centred(factor: Factor) -> Numbers:
    """Runs x levels: 1 - 1/levels in the column of the run's level, -1/levels in the others.

    A run without the parameter has zeros: it stands at the middle of the levels, so that the parameter on which that
    depends is judged there.
    """
    codes = np.array(factor.codes)
    columns: Numbers = np.eye(len(factor.levels))[codes] - 1 / len(factor.levels)
    columns[codes < 0] = 0
    return columns


def after_blocks(found: Observed) -> Numbers:
    """Scores with their blocks taken out, one per run; zeros where only rounding is left."""
    values, blocks = np.array(found.values), projections(found.design).blocks
    values = values - values.mean()
    left: Numbers = values - blocks @ (blocks.T @ values)
    return left if np.abs(left).max() > TINY * max(map(abs, found.values)) else np.zeros_like(left)


def hardest(columns: Numbers) -> tuple[int, int, float]:
    """The two levels of a parameter that are hardest to tell apart, and how well they are told.

    Args:
        columns: Runs x levels: what is left of the levels' columns when other things are taken out.

    Returns:
        The two levels, and ||M u||^2, where M u is -1/2 of the column of one and 1/2 of that of the other.
    """
    inner = columns.T @ columns
    diagonal = np.diag(inner)
    squares: Numbers = (diagonal[:, None] + diagonal[None, :] - 2 * inner) / 4
    one, other = np.triu_indices(len(diagonal), 1)
    least = int(np.argmin(squares[one, other].round(9)))
    return int(one[least]), int(other[least]), float(squares[one, other][least])


def left_of(design: Design, at: int) -> Numbers:
    """The columns of a parameter's levels with blocks and all other parameters taken out."""
    own = projections(design).own[at]
    columns: Numbers = own @ (own.T @ centred(design.factors[at]))
    return columns


def within(design: Design, at: int, groups: NDArray[np.intp]) -> float:
    """Share of what a design tells of a parameter that runs of the same group tell: 1 in a full grid.

    It is the share of the contrast between levels of which they tell least: at 0, some levels meet in no group.
    """
    own = projections(design).own[at]
    sums = np.zeros((int(groups.max()) + 1, own.shape[1]))
    np.add.at(sums, groups, own)
    inside = own - (sums / np.bincount(groups)[:, None])[groups]
    return float(np.linalg.eigvalsh(inside.T @ inside)[0])


def confounded(design: Design, at: int) -> str:
    """Why a parameter cannot be judged: the runs do not tell it from something else. Empty when they do."""
    projected, factor = projections(design), design.factors[at]
    if projected.own[at].shape[1] == len(factor.levels) - 1:
        return ""
    blocks, columns = projected.blocks, centred(factor)
    if basis(columns, blocks).shape[1] < len(factor.levels) - 1:
        return f"{factor.parameter} cannot be judged: the runs do not tell its levels from their blocks."
    from_one = [
        other.parameter
        for other in design.factors
        if other is not factor
        and basis(columns, np.hstack([blocks, basis(centred(other), blocks)])).shape[1] < len(factor.levels) - 1
    ]
    others = " and ".join(from_one) or "the other parameters"
    return f"{factor.parameter} cannot be judged: the runs do not tell it from {others}."


def _membership(design: Design) -> Numbers:
    shares = np.zeros((len(design.blocks), len(design.names)))
    for run, blocks in enumerate(design.blocks):
        shares[run, list(blocks)] = 1 / len(blocks)
    return shares


def _means(design: Design, columns: Sequence[Numbers]) -> tuple[Numbers, ...]:
    """Least squares: the mean prediction over the runs that have the parameter, had all of them this level."""
    together = np.hstack([_membership(design), *columns])
    inverse = np.linalg.pinv(together, rcond=TINY)
    found, start = [], len(design.names)
    for factor, own in zip(design.factors, columns, strict=True):
        here = slice(start, start + own.shape[1])
        weights = np.tile(together[np.array(factor.codes) >= 0].mean(axis=0), (own.shape[1], 1))
        weights[:, here] = np.eye(own.shape[1])  # pinv makes the effects of a parameter sum to 0
        found.append(weights @ inverse)
        start = here.stop
    return tuple(found)
