"""More rows for small classes: copies, means, points between two rows, or SMOTE.

Of the training split alone, and after the splits were made, so that no row that is scored is near a copy of itself.
"""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from tunebook.tasks.embedding_classification.config import Upsampling
from tunebook.tasks.embedding_classification.rows import Kind, TrainingSet
from tunebook.tasks.embedding_classification.streams import generator

NEIGHBOURS = 5
CHUNK = 256
"""Rows whose distances to all others are held at once."""
Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]
"""Places of two rows, and how far from the first towards the second the point between them lies."""


def upsampled(rows: TrainingSet, upsampling: Upsampling, *, kind: Kind, seed: int) -> TrainingSet:
    """The rows, and behind them so many more that every class has its share of the largest one's rows.

    In a binary task negatives are a class too; elsewhere rows of background are none, and stay as they are. What a
    class is short of is counted when its turn comes: rows that were added for a class before it and carry it as well
    count. A class with one row has it repeated, in every mode. Where two rows of a multi-label task differ in other
    classes, the targets of a point between them lie between theirs.

    Args:
        rows: At least one of every class, with targets of 0 and 1.
        seed: The replicate's; each class draws from a stream of its own.
    """
    if upsampling.ratio == 0:
        return rows
    sides = np.column_stack([rows.targets, 1 - rows.targets]) if kind == "binary" else rows.targets
    wanted = round(upsampling.ratio * float(sides.sum(axis=0).max()))
    embeddings, targets = [rows.embeddings], [rows.targets]
    counts = sides.sum(axis=0)
    for number in range(sides.shape[1]):
        own = np.flatnonzero(sides[:, number])
        short = wanted - int(counts[number])
        if short <= 0:
            continue
        draws = generator(seed, f"upsampling {number}")
        choose = CHOICES[upsampling.mode] if len(own) > 1 else _repeated
        base, other, part = choose(rows.embeddings[own], short, draws)
        embeddings.append(_between(rows.embeddings[own], base, other, part))
        targets.append(_between(rows.targets[own], base, other, part))
        counts = counts + (_between(sides[own], base, other, part) == 1).sum(axis=0)
    return TrainingSet(np.concatenate(embeddings), np.concatenate(targets))


def _between(
    values: Float[np.ndarray, "rows width"],
    base: Int[np.ndarray, " more"],
    other: Int[np.ndarray, " more"],
    part: Float[np.ndarray, " more"],
) -> Float[np.ndarray, "more width"]:
    if base is other:
        repeated: NDArray[np.float32] = values[base]
        return repeated
    found: NDArray[np.float32] = values[base] + part[:, None] * (values[other] - values[base])
    return found


def _repeated(embeddings: Float[np.ndarray, "rows width"], count: int, draws: np.random.Generator) -> Pairs:
    """Every row as often as every other, give or take one."""
    base = np.resize(draws.permutation(len(embeddings)), count)
    return base, base, np.zeros(count, dtype=np.float32)


def _halfway(embeddings: Float[np.ndarray, "rows width"], count: int, draws: np.random.Generator) -> Pairs:
    base, other = _two(len(embeddings), count, draws)
    return base, other, np.full(count, 0.5, dtype=np.float32)


def _anywhere(embeddings: Float[np.ndarray, "rows width"], count: int, draws: np.random.Generator) -> Pairs:
    base, other = _two(len(embeddings), count, draws)
    return base, other, draws.random(count, dtype=np.float32)


def _near(embeddings: Float[np.ndarray, "rows width"], count: int, draws: np.random.Generator) -> Pairs:
    """Towards one of the nearest rows (Chawla et al. 2002, https://doi.org/10.1613/jair.953)."""
    base = np.resize(draws.permutation(len(embeddings)), count)
    distinct, places = np.unique(base, return_inverse=True)
    nearest = neighbours(embeddings, distinct, k=min(NEIGHBOURS, len(embeddings) - 1))
    other = nearest[places, draws.integers(nearest.shape[1], size=count)]
    return base, other, draws.random(count, dtype=np.float32)


CHOICES: Mapping[str, Callable[[NDArray[np.float32], int, np.random.Generator], Pairs]] = {
    "repeat": _repeated,
    "mean": _halfway,
    "linear": _anywhere,
    "smote": _near,
}


def neighbours(
    embeddings: Float[np.ndarray, "rows width"], of: Int[np.ndarray, " some"], *, k: int
) -> Int[np.ndarray, "some {k}"]:
    """The k rows nearest to each of some rows, itself left out, nearest first; the earlier row where two are as near.

    Distances are Euclidean, each summed up by itself in fp64, so that no number of threads changes them.
    """
    from scipy.spatial.distance import cdist  # noqa: PLC0415  a tenth of a second that only SMOTE waits for

    found = []
    for start in range(0, len(of), CHUNK):
        some = of[start : start + CHUNK]
        distances = cdist(embeddings[some], embeddings, "sqeuclidean")
        distances[np.arange(len(some)), some] = np.inf
        found.append(np.argsort(distances, axis=1, kind="stable")[:, :k])
    return np.concatenate(found)


def _two(rows: int, count: int, draws: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of different rows; the first of each pair takes turns."""
    base = np.resize(draws.permutation(rows), count)
    return base, (base + draws.integers(1, rows, size=count)) % rows
