"""The table of a configuration: its splits, its files, its rows.

A table is a Parquet file, an NPZ file with an array per column, or a folder as BirdNET-Analyzer writes it
(`birdnet_folders`).
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from tunebook import folders
from tunebook.errors import DataError, Problem
from tunebook.tasks.embedding_classification import birdnet_folders
from tunebook.tasks.embedding_classification.config import Data
from tunebook.tasks.embedding_classification.rows import Labelled

PARQUET = (".parquet", ".pq")
NPZ = (".npz",)


def names(data: Data) -> tuple[str, ...]:
    """Names of the splits, from the configuration alone."""
    found = before_folds(data)
    return found if data.folds is None or data.split.val in found else (*found, data.split.val)


def before_folds(data: Data) -> tuple[str, ...]:
    """Names of the splits that the table has, or that fractions make: without the val of folds where it is none."""
    return data.split.names if data.split.fractions is None else tuple(data.split.fractions)


def files(data: Data, book: Path) -> tuple[Path, ...]:
    """What decides what a table says: the file, or all files of embeddings below a folder, in order.

    Raises:
        DataError: when there is no such table.
        InputError: when its path has a variable that is not set.
    """
    path = located(data, book)
    if not path.is_dir():
        return (path,)
    return tuple(file for folder in birdnet_folders.class_folders(path, folder_splits(data)) for file in folder.files)


def read(data: Data, book: Path) -> Labelled:
    """Everything of the table: rows by split, in the order of the table, and what there is to learn.

    Raises:
        DataError: with all problems of the table at once, each with file, column and rows.
        InputError: when its path has a variable that is not set.
    """
    from tunebook.tasks.embedding_classification import reading  # noqa: PLC0415  imports polars: a tenth of a second

    return reading.read(located(data, book), data)


def read_beside(data: Data, book: Path) -> tuple[Labelled, dict[str, dict[str, tuple[str | None, ...]]]]:
    """The same, and what other columns hold that may be groups by their names: column -> split -> values.

    Raises:
        DataError: as `read`.
        InputError: as `read`.
    """
    from tunebook.tasks.embedding_classification import reading  # noqa: PLC0415  as in read

    return reading.read_beside(located(data, book), data)


def unlabelled(
    data: Data, path: Path
) -> tuple[tuple[str, ...], Float[np.ndarray, "rows width"], tuple[str, ...] | None]:
    """Names, embeddings and items of the rows of a new table, whose columns are called as in the table of a study.

    It needs no labels and no splits; of BirdNET's files, all below a folder are read. Rows without an embedding are
    NaN throughout.

    Returns:
        The items are None where the configuration or the table has no column for them.

    Raises:
        DataError: with all problems of the table at once.
    """
    from tunebook.tasks.embedding_classification import reading  # noqa: PLC0415  as in read

    return reading.unlabelled(checked(path), data)


def located(data: Data, book: Path) -> Path:
    """The absolute path of the table.

    Raises:
        DataError: when nothing is there, or a file of another kind.
        InputError: when the path has a variable that is not set.
    """
    return checked(folders.resolve(data.table, book, place="base.data.table"))


def checked(path: Path) -> Path:
    """The path, when a table is there.

    Raises:
        DataError: when nothing is there, or a file of another kind.
    """
    if not path.exists():
        raise DataError(Problem(str(path), "must be a table of embeddings; it does not exist"))
    if path.is_file() and path.suffix.lower() not in PARQUET + NPZ:
        hint = "polars.read_csv(…).write_parquet(…) makes one of text"
        raise DataError(Problem(str(path), "must be a Parquet file (.parquet), an NPZ file or a folder", hint))
    return path


def folder_splits(data: Data) -> tuple[str, ...] | None:
    """The splits that a folder is divided into; None where its rows are dealt out by fractions."""
    return data.split.names if data.split.fractions is None else None
