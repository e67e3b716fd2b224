"""Which rows of a split a head is trained on.

What is drawn is drawn in the same way for every configuration of a replicate: each row of the split has a number of its
own per stream, from the seed alone, and the smallest numbers are taken. So a smaller subset lies within a larger one,
and two configurations that keep the same rows draw the same.
"""

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from tunebook.errors import DataError, Problem
from tunebook.spec.names import listed, suggestion
from tunebook.tasks.embedding_classification.config import Subset
from tunebook.tasks.embedding_classification.rows import Kind, Rows, TrainingSet
from tunebook.tasks.embedding_classification.streams import generator
from tunebook.tasks.embedding_classification.upsampling import upsampled


def plain_set(rows: Rows) -> TrainingSet:
    """All rows that have an embedding, in their order."""
    return _taken(rows, rows.embedded)


def training_set(rows: Rows, subset: Subset, *, kind: Kind, seed: int) -> TrainingSet:
    """The rows that a head is trained on: by quality, positives and negatives, balanced, then up-sampled.

    Rows stand in the order of the split; what up-sampling adds stands behind them, class by class.

    Args:
        seed: The replicate's. The same seed draws the same.

    Raises:
        DataError: for qualities or a hardness that no row has, for more positives than there are, and when a class
            (of a binary task: a side) keeps no row: all at once where one does not hide the other.
    """
    kept, problems = _left(rows, subset, kind, seed)
    if problems:
        raise DataError(*problems)
    if subset.balance:
        kept = _balanced(rows.targets, kept, kind, _numbers(rows, seed, "balance"))
    found = _taken(rows, kept)
    return upsampled(found, subset.upsampling, kind=kind, seed=seed)


def problems(rows: Rows, subset: Subset, *, kind: Kind) -> list[Problem]:
    """What is wrong with a subset of these rows, whatever the seed; nothing is made."""
    return _left(rows, subset, kind, 0)[1]


def _left(rows: Rows, subset: Subset, kind: Kind, seed: int) -> tuple[NDArray[np.bool_], list[Problem]]:
    """Which rows quality, hardness and the number of positives leave, and what is wrong with it."""
    kept, found = _kept(rows, subset)
    if not found and subset.positives is not None:
        kept, found = _few(rows, kept, subset.positives, seed)
    return kept, found or _lost(rows, kept, kind)


def _taken(rows: Rows, kept: Bool[np.ndarray, " rows"]) -> TrainingSet:
    return TrainingSet(
        np.asarray(rows.embeddings[kept], dtype=np.float32), np.asarray(rows.targets[kept], dtype=np.float32)
    )


def _kept(rows: Rows, subset: Subset) -> tuple[NDArray[np.bool_], list[Problem]]:
    """Which rows quality and hardness leave."""
    kept: NDArray[np.bool_] = rows.embedded
    problems: list[Problem] = []
    if subset.quality is not None:
        known = {quality for quality in rows.quality if quality}
        there = (
            f"it has {listed(sorted(known))}" if known else "data.quality names the column; no row has a value in it"
        )
        problems += [
            Problem(
                "subset.quality",
                f"must be a quality of training rows; got {quality}",
                suggestion(quality, known, also=there),
            )
            for quality in subset.quality
            if quality not in known
        ]
        wanted = {*subset.quality, ""}
        kept = kept & np.array([quality in wanted for quality in rows.quality], dtype=np.bool_)
    if subset.negatives is not None:
        if np.isnan(rows.hardness).all():
            hint = "data.hardness names the column"
            problems.append(Problem("subset.negatives", "must have training rows with a hardness; got none", hint))
        with np.errstate(invalid="ignore"):
            hard: NDArray[np.bool_] = rows.hardness >= subset.negatives
        kept = kept & (_carrying(rows.targets) | hard)
    return kept, problems


def _few(
    rows: Rows, kept: Bool[np.ndarray, " rows"], wanted: float, seed: int
) -> tuple[NDArray[np.bool_], list[Problem]]:
    """So many of the rows that carry a class, spread over the classes; the rows of none stay."""
    carrying = np.flatnonzero(kept & _carrying(rows.targets))
    count = int(wanted) if wanted >= 1 else max(1, round(wanted * len(carrying)))
    if count > len(carrying):
        message = f"must be at most the {len(carrying)} training rows that carry a class; got {count}"
        return kept, [Problem("subset.positives", message, "null keeps all of them")]
    order = _spread(_strata(rows.targets[carrying]), _numbers(rows, seed, "positives")[carrying])
    found = kept.copy()
    found[carrying[order[count:]]] = False
    return found, []


def _lost(rows: Rows, kept: Bool[np.ndarray, " rows"], kind: Kind) -> list[Problem]:
    sides = _sides(rows.targets) if kind == "binary" else rows.targets > 0
    lost = np.flatnonzero(~sides[kept].any(axis=0))
    if not len(lost):
        return []
    if kind == "binary":
        message = f"must leave positive and negative rows; it leaves no {('positive', 'negative')[lost[0]]} ones"
    else:
        message = f"must leave a row of every class; it leaves none of {len(lost)} of {sides.shape[1]} classes"
    return [Problem("subset", message, "keep more qualities or more positives, or harder negatives at a lower score")]


def _balanced(
    targets: Float[np.ndarray, "rows classes"],
    kept: Bool[np.ndarray, " rows"],
    kind: Kind,
    numbers: Float[np.ndarray, " rows"],
) -> Bool[np.ndarray, " rows"]:
    """As many rows of every class as the smallest has, and of background at most as many.

    A row with several classes is taken while one of them has too few, so that a class may end with more.
    """
    sides = _sides(targets)
    counts = sides[kept].sum(axis=0)
    least = int(counts.min() if kind == "binary" else counts[:-1].min())
    chosen = np.flatnonzero(kept)
    found = np.zeros_like(kept)
    if (sides[chosen].sum(axis=1) == 1).all():
        found[chosen] = _ranks(sides[chosen].argmax(axis=1), numbers[chosen]) < least
        return found
    taken = np.zeros(sides.shape[1], dtype=np.int64)
    for row in chosen[np.argsort(numbers[chosen], kind="stable")]:
        if (taken[sides[row]] < least).any():
            found[row] = True
            taken += sides[row]
    return found


def _sides(targets: Float[np.ndarray, "rows classes"]) -> Bool[np.ndarray, "rows sides"]:
    """Which classes a row carries; the last column: none of them."""
    return np.column_stack([targets > 0, ~_carrying(targets)])


def _carrying(targets: Float[np.ndarray, "rows classes"]) -> Bool[np.ndarray, " rows"]:
    return np.asarray((targets > 0).any(axis=1))


def _numbers(rows: Rows, seed: int, stream: str) -> Float[np.ndarray, " rows"]:
    """The number of each row of the split, 0..1."""
    return generator(seed, f"subset {stream}").random(len(rows.ids))


def _strata(targets: Float[np.ndarray, "rows classes"]) -> Int[np.ndarray, " rows"]:
    """Rows with the same classes have the same number."""
    packed = np.packbits(targets > 0, axis=1)
    return np.unique(packed, axis=0, return_inverse=True)[1].reshape(-1)


def _spread(strata: Int[np.ndarray, " rows"], numbers: Float[np.ndarray, " rows"]) -> Int[np.ndarray, " rows"]:
    """An order of which every beginning has the strata in their shares: first one of each, then by turns."""
    shares = _ranks(strata, numbers) / np.bincount(strata)[strata]
    return np.lexsort((numbers, shares))


def _ranks(strata: Int[np.ndarray, " rows"], numbers: Float[np.ndarray, " rows"]) -> Int[np.ndarray, " rows"]:
    """The place of each row in its stratum, from 0, by the size of its number."""
    order = np.lexsort((numbers, strata))
    starts = np.cumsum(np.bincount(strata)) - np.bincount(strata)
    ranks = np.empty(len(strata), dtype=np.int64)
    ranks[order] = np.arange(len(strata)) - starts[strata[order]]
    return ranks
