"""The values of several scores as arrays: configurations by replicates by items.

One seed means the same data order and prompts for every configuration, and all are scored on the same items: seeds and
items are crossed, with each other and with configurations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tunebook.analyse.scores import Cell, covering

Array = NDArray[np.float64]
Value = TypeVar("Value")
FOLD = "fold="
ANY = ""
"""The replicate of a value that no replicate can change."""


@dataclass(frozen=True)
class Crossed:
    """Scores of k configurations on S common replicates.

    Args:
        scores: (k, S); a score that no replicate can change stands in every column.
        items: (k, S, I) for every set of items: of one data set, or of several cases that have items of equal names.
            They are scaled so that their means over items, added up over the sets, are `scores`. Empty where a score
            is not the mean of its items, and where configurations do not have the same ones.
        fixed: (k,) whether no replicate can change the score.
        shared: What folds add to the variance of a mean, as a share of the variance between replicates; 0 without
            folds (`shared_by_folds`).
    """

    scores: Array
    items: tuple[Array, ...]
    fixed: NDArray[np.bool_]
    shared: float = 0.0

    @property
    def item_count(self) -> int:
        """Items behind a score; 0 when nothing is known of them."""
        return sum(each.shape[2] for each in self.items)


def is_fixed(cell: Cell) -> bool:
    """Whether no replicate can change a score."""
    return set(cell.by_replicate) == {ANY}


def common(one: Cell, other: Cell) -> tuple[str, ...]:
    """The replicates of two scores that pair them; `("",)` where no replicate can change either."""
    names = one.by_replicate.keys() | other.by_replicate.keys()
    return tuple(sorted(name for name in names if has(one, name) and has(other, name)))


def has(one: Cell, replicate: str) -> bool:
    """Whether a score has a value for a replicate: its own, or one that the rest of the replicate cannot change."""
    return covering(one.by_replicate, replicate) is not None


def shared_by_folds(replicates: Sequence[str]) -> float:
    """What folds add to the variance of a mean, as a share of the variance between replicates; 0 without folds.

    The trainings of k folds share most of their data, so that their scores go together and their mean varies more than
    theirs over n. Nadeau and Bengio (2003, Machine Learning 52, 239-281) add tested over trained data to 1/n, here
    1 / (k - 1); for several seeds on the same folds as Bouckaert and Frank (2004) do.
    """
    folds = {part for name in replicates for part in name.split() if part.startswith(FOLD)}
    return 1 / (len(folds) - 1) if len(folds) > 1 else 0.0


def crossed(cells: Sequence[Cell], replicates: Sequence[str]) -> Crossed:
    """The values of some scores on replicates that each of them has, or that cannot change it."""
    scores = np.array([[_at(cell.by_replicate, name) for name in replicates] for cell in cells])
    fixed = np.array([is_fixed(cell) for cell in cells])
    return Crossed(scores, _items(cells, replicates), fixed, shared_by_folds(replicates))


def _items(cells: Sequence[Cell], replicates: Sequence[str]) -> tuple[Array, ...]:
    """Cases with items of equal names are averaged item by item: right for the same items, and for others too."""
    cases = list(zip(*(cell.parts or (cell,) for cell in cells), strict=True))
    found: dict[tuple[str, ...], Array] = {}
    for parts in cases:
        names = _names(parts)
        if len(names) < 2:
            return ()
        values = [[_row(_at(part.items, name), names) for name in replicates] for part in parts]
        found[names] = found.get(names, np.zeros(1)) + np.array(values) / len(cases)
    return tuple(found.values())


def _names(parts: Sequence[Cell]) -> tuple[str, ...]:
    """The items of one case; none unless all configurations have the same."""
    names = {frozenset(next(iter(part.items.values()), ())) for part in parts}
    return tuple(sorted(names.pop())) if len(names) == 1 else ()


def _row(items: Mapping[str, float], names: Sequence[str]) -> list[float]:
    return [items[name] for name in names]


def _at(values: Mapping[str, Value], replicate: str) -> Value:
    found = covering(values, replicate)
    assert found is not None  # `common` names no others
    return values[found]
