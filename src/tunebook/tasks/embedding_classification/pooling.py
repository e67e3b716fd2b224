"""From rows to the items that are scored: a recording's windows become one score and one truth a class."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from tunebook.errors import DataError, Problem


def numbered(names: Sequence[str]) -> Int[np.ndarray, " rows"]:
    """Numbers from 0 in the place of names, in the order in which each first appears."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], np.int64)


def of_items(
    values: Int[np.ndarray, " rows"], items: Int[np.ndarray, " rows"], *, names: Sequence[str]
) -> Int[np.ndarray, " items"]:
    """The value that the rows of an item share, such as the number of its group.

    Args:
        items: Number of each row's item, as `numbered` gives them.
        names: Name of each row's item, for the message.

    Raises:
        DataError: naming the first items whose rows differ, and their number.
    """
    first = np.unique(items, return_index=True)[1]
    found: np.ndarray = values[first]
    differing = sorted({names[row] for row in np.flatnonzero(values != found[items]).tolist()})
    if differing:
        some = ", ".join(differing[:5]) + (", …" if len(differing) > 5 else "")
        message = f"must be items whose rows are all of one group; {len(differing)} are of several: {some}"
        raise DataError(Problem("data.item", message, "group by a column that is one for an item, or by none"))
    return found


def pooled(
    scores: Float[np.ndarray, "rows classes"],
    items: Int[np.ndarray, " rows"],
    *,
    pool: Literal["max", "mean", "top-k"],
    k: int,
) -> Float[np.ndarray, "items classes"]:
    """One raw score per item and class, in the order of their numbers; -inf where no row of an item has a score.

    Args:
        scores: Raw scores; NaN throughout in a row that the model said nothing of, which is left out.
        items: Number of each row's item: 0, 1, 2 …, none left out.
        pool: The largest, the mean, or the mean of the k largest (of all, where an item has fewer).
    """
    found = np.full((int(items.max(initial=-1)) + 1, scores.shape[1]), -np.inf)
    said = ~np.isnan(scores).any(axis=1)
    order = np.flatnonzero(said)[np.argsort(items[said], kind="stable")]
    if not len(order):
        return found
    own, values = items[order], scores[order].astype(np.float64)
    starts = np.flatnonzero(np.append(True, own[1:] != own[:-1]))
    sizes = np.diff(np.append(starts, len(own)))
    if pool == "top-k":
        values = _largest(values, own, np.arange(len(own)) - np.repeat(starts, sizes), k)
        sizes = np.minimum(sizes, k)
    if pool == "max":
        found[own[starts]] = np.maximum.reduceat(values, starts)
    else:
        found[own[starts]] = np.add.reduceat(values, starts) / sizes[:, None]
    return found


def of_any_row(
    targets: Float[np.ndarray, "rows classes"], items: Int[np.ndarray, " rows"]
) -> Bool[np.ndarray, "items classes"]:
    """What an item has: every class that any of its rows has, whether or not that row has an embedding."""
    found = np.zeros((int(items.max(initial=-1)) + 1, targets.shape[1]), bool)
    rows, classes = np.nonzero(targets > 0)
    found[items[rows], classes] = True
    return found


def _largest(values: np.ndarray, items: np.ndarray, places: np.ndarray, k: int) -> np.ndarray:
    """The k largest values of each item's rows from the largest down, and 0 after them, class by class.

    Args:
        items: Sorted. `places`: the place of each row among those of its item.
    """
    columns = [column[np.lexsort((-column, items))] for column in values.T]
    return np.where((places < k)[:, None], np.stack(columns, axis=1), 0.0)
