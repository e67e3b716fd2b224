"""Small tables of embeddings, the configurations that read them, and rows as a table gives them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from tunebook.errors import DataError
from tunebook.tasks.embedding_classification import tables
from tunebook.tasks.embedding_classification.config import Data
from tunebook.tasks.embedding_classification.rows import Labelled, Rows

SPLITS = ("train", "val", "test")
WIDTH = 3


def columns(rows: int = 12, **changes: Any) -> dict[str, Any]:
    """A table of clips: four of each split, labels wren and robin in turns, three numbers each."""
    found: dict[str, Any] = {
        "clip": [f"clip{row}" for row in range(rows)],
        "label": [("wren", "robin")[row % 2] for row in range(rows)],
        "split": [SPLITS[row * 3 // rows] for row in range(rows)],
        "embedding": np.arange(rows * WIDTH, dtype=np.float32).reshape(rows, WIDTH),
    }
    return {name: values for name, values in {**found, **changes}.items() if values is not None}


def configured(table: str = "clips.parquet", **changes: Any) -> Data:
    return Data.model_validate({"table": table, "id": "clip", **changes})


def read(book: Path, values: Mapping[str, Any], **changes: Any) -> Labelled:
    """What is read of a Parquet file with these columns."""
    polars.DataFrame(values).write_parquet(book / "clips.parquet")
    return tables.read(configured(**changes), book)


def refused(make: Callable[[], object]) -> list[tuple[str, str]]:
    """Place (without folders) and message of every problem."""
    with pytest.raises(DataError) as caught:
        make()
    return [(Path(problem.place).name, problem.message) for problem in caught.value.problems]


def rows_of(
    labels: Sequence[Sequence[int]],
    *,
    quality: Sequence[str] | None = None,
    hardness: Sequence[float] | None = None,
    embeddings: np.ndarray | None = None,
) -> Rows:
    """Rows with these targets; the first number of an embedding is that of its row, unless they are given."""
    count = len(labels)
    ids = tuple(map(str, range(count)))
    numbered = np.column_stack([np.arange(count), np.ones(count)]).astype(np.float32)
    return Rows(
        ids=ids,
        embeddings=numbered if embeddings is None else embeddings,
        targets=np.array(labels, dtype=np.float32).reshape(count, -1),
        items=ids,
        groups=("",) * count,
        quality=tuple(quality or ("",) * count),
        hardness=np.array(hardness if hardness is not None else [np.nan] * count, dtype=np.float64),
    )
