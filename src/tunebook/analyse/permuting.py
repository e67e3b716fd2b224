"""How often chance alone does as well: rearranging scores that would be exchangeable if a parameter did nothing."""

import math
from itertools import islice, permutations, product

import numpy as np
from numpy.typing import NDArray

from tunebook.analyse.designs import TINY, Numbers

DRAWS = 999
"""Most rearrangements beside the scores as they are."""
LEAST = 1000
ERROR = 5
"""Fewest degrees of freedom of the error, and fewest rearrangements with different F, that p is found from."""
SMALL = 5
"""Up to this size, every order of a group is listed and one is drawn; larger groups are sorted by random numbers."""


def rearranged(values: Numbers, groups: NDArray[np.intp], generator: np.random.Generator) -> Numbers:
    """Rearrangements x runs: scores rearranged within their groups; as they are is left out.

    All of them when there are at most `DRAWS`, each once; else `DRAWS` random ones.
    """
    if many(groups) <= math.log(DRAWS + 1) + TINY:
        return values[_every(groups)]
    found = np.tile(values, (DRAWS, 1))
    for members in _by_size(groups):
        order = _orders(members.shape[0], members.shape[1], generator)
        found[:, members] = np.take_along_axis(values[members][None], order, axis=2)
    return found


def many(groups: NDArray[np.intp]) -> float:
    """The natural logarithm of the number of rearrangements, as they are among them."""
    return sum(math.lgamma(size + 1) for size in np.bincount(groups).tolist())


def fine(groups: NDArray[np.intp], levels: int, *, error: int) -> bool:
    """Whether rearranging tells p = 0.05 from its neighbours: there are `LEAST` with different F, and some error.

    Args:
        levels: Exchanging whole levels changes no F, so that of N rearrangements levels! share one.
        error: Degrees of freedom of the error.
    """
    return error >= ERROR and many(groups) - math.lgamma(levels + 1) >= math.log(LEAST) - TINY


def fine_residuals(groups: NDArray[np.intp], levels: int, *, error: int) -> bool:
    """The same of residuals, which are not quite exchangeable: the model has used up at most half of what they tell."""
    return 2 * error >= len(groups) and fine(groups, levels, error=error)


def p_of(as_is: float, rearrangements: Numbers) -> float:
    """(1 + how many are at least as large) / (1 + how many there are); equal but for rounding is as large."""
    return float((1 + np.sum(rearrangements >= as_is - TINY)) / (1 + len(rearrangements)))


def _every(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    members = [np.flatnonzero(groups == group).tolist() for group in range(int(groups.max()) + 1)]
    places = np.concatenate(members).astype(np.intp)
    orders = list(islice(product(*(permutations(each) for each in members)), 1, None))
    found = np.zeros((len(orders), len(groups)), dtype=np.intp)
    for row, order in enumerate(orders):
        found[row, places] = np.concatenate(order)
    return found


def _orders(groups: int, size: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """Draws x groups x size: a random order of the members of each group of one size."""
    if size <= SMALL:
        every = np.array(list(permutations(range(size))), dtype=np.intp)
        return every[generator.integers(len(every), size=(DRAWS, groups), dtype=np.uint8)]
    return np.argsort(generator.random((DRAWS, groups, size), dtype=np.float32), axis=2)


def _by_size(groups: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Groups of one size as one array, groups x members; groups of one are left out."""
    counts = np.bincount(groups)
    order = np.argsort(groups, kind="stable")
    sizes = counts[groups[order]]
    return [order[sizes == size].reshape(-1, size) for size in np.unique(counts).tolist() if size > 1]
