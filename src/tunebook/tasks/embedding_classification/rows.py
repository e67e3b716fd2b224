"""The rows of a table as training and scoring see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

Kind = Literal["binary", "multi-class", "multi-label"]


@dataclass(frozen=True)
class Rows:
    """The rows of one split, in the order of the table.

    Args:
        ids: Name of each row, unique in its split.
        embeddings: What a head is given; NaN throughout in a row without an embedding.
        targets: 1 where a class is present, else 0. A row of background is 0 throughout. One column for binary.
        items: The thing that is scored: a row's own id, or the recording (`data.item`) that it belongs to.
        groups: Values of `data.groups`, joined by ` · `; empty where there are none.
        quality: Value of the quality column; empty where a row has none.
        hardness: Value of the hardness column; NaN where a row has none.
    """

    ids: tuple[str, ...]
    embeddings: Float[np.ndarray, "rows width"]
    targets: Float[np.ndarray, "rows classes"]
    items: tuple[str, ...]
    groups: tuple[str, ...]
    quality: tuple[str, ...]
    hardness: Float[np.ndarray, " rows"]

    @property
    def embedded(self) -> Bool[np.ndarray, " rows"]:
        """Which rows have an embedding."""
        found: NDArray[np.bool_] = np.isfinite(self.embeddings).all(axis=1)
        return found


@dataclass(frozen=True)
class Labelled:
    """A table that has been read.

    Args:
        kind: binary: one class against the rest; multi-class: exactly one class a row, or background; multi-label.
        classes: Their names, in the order of the targets' columns; of binary the positive one.
        splits: Split -> its rows.
    """

    kind: Kind
    classes: tuple[str, ...]
    splits: Mapping[str, Rows]


@dataclass(frozen=True)
class TrainingSet:
    """What a head is trained or validated on, after subsets, balance and up-sampling.

    Args:
        embeddings: float32, all finite.
        targets: float32, 0..1; soft where rows were mixed.
    """

    embeddings: Float[np.ndarray, "rows width"]
    targets: Float[np.ndarray, "rows classes"]
