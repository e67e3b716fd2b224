"""Opens a table, checks it and makes rows of it; `tables.read` is what others call."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars
from jaxtyping import Float, Int
from numpy.typing import NDArray

from tunebook.errors import DataError, Problem
from tunebook.spec.names import listed, suggestion
from tunebook.splitting import BETWEEN, LEFT_OUT, Group, dealt, folded
from tunebook.tasks.embedding_classification import alike, birdnet_folders, splits, tables, targets
from tunebook.tasks.embedding_classification.cells import Cells, collected
from tunebook.tasks.embedding_classification.config import Data
from tunebook.tasks.embedding_classification.rows import Labelled, Rows

KINDS = "biufUSM"
"""Kinds of NumPy arrays that a column may have: numbers, true or false, text and dates."""

Asked = Callable[[Data, Collection[str]], list[tuple[str, str]]]
"""Which columns a reader wants of a table with these columns: fields of `Data` and their columns."""


@dataclass(frozen=True)
class Content:
    """The columns of some rows, checked each by itself."""

    ids: tuple[str, ...]
    embeddings: Float[np.ndarray, "rows width"]
    labels: tuple[tuple[str, ...], ...]
    items: tuple[str, ...]
    groups: tuple[str, ...]
    together: tuple[Group, ...]
    quality: tuple[str, ...]
    hardness: Float[np.ndarray, " rows"]


def read(path: Path, data: Data) -> Labelled:
    """As `tables.read`."""
    return _read(path, _naming_rows(path, data), _fields)[0]


def read_beside(path: Path, data: Data) -> tuple[Labelled, dict[str, dict[str, tuple[str | None, ...]]]]:
    """The same, and what the other columns hold that may be groups by their names: column -> split -> values.

    Raises:
        DataError: as `tables.read`.
    """
    data = _naming_rows(path, data)
    known = {data.embedding, data.label, data.id, data.split.column, *data.split.by}
    looked_at: list[str] = []

    def asked(data: Data, there: Collection[str]) -> list[tuple[str, str]]:
        looked_at.extend(column for column in alike.by_name(there) if column not in known)
        return [*_fields(data, there), *(("split.by", column) for column in looked_at)]

    try:
        labelled, cells, assigned = _read(path, data, asked)
    except DataError:  # what is wrong with a column that no study names is no matter
        return _read(path, data, _fields)[0], {}
    found: dict[str, dict[str, tuple[str | None, ...]]] = {}
    for column in looked_at:
        with collected([]):  # of numbers with fractions, of lists: no groups
            values = cells.texts(column)
            found[column] = {
                name: tuple(values[row] for row in np.flatnonzero(assigned == split))
                for split, name in enumerate(tables.names(data))
            }
    return labelled, found


def _read(path: Path, data: Data, asked: Asked) -> tuple[Labelled, Cells, Int[np.ndarray, " rows"]]:
    """What there is to learn, the cells that it was made of, and the place of each row's split among the names."""
    cells = _opened(path, data, asked)
    names = tables.before_folds(data)
    problems: list[Problem] = []
    if data.split.fractions is None:
        column = cells.texts(data.split.column)
        assigned = splits.given(column, names)
        needed = [name for name in names if data.folds is None or name != data.split.val]
        problems += splits.empty(column, needed, place=cells.at(data.split.column))
        inside = assigned != LEFT_OUT
        cells, assigned = cells.where(inside), assigned[inside]
        with collected(problems):
            by, whole = _kept_together(data), _pooled(assigned, data)
            problems += splits.spanning(whole, cells.combined(by), names, by=by, place=cells.place)
    if not cells.frame.height:
        raise DataError(*(problems or [Problem(cells.place, "must hold rows; it holds none")]))
    with collected(problems):
        content = _content(cells, data)
    if problems:
        raise DataError(*dict.fromkeys(problems))
    if data.split.fractions is not None:
        assigned = dealt(
            content.together,
            content.labels,
            fractions=data.split.fractions,
            seed=data.split.seed,
            place=cells.place,
        )
    if data.folds is not None:
        assigned = _in_folds(assigned, content, data, folds=data.folds, place=cells.place)
    return _labelled(cells, content, assigned, data), cells, assigned


def _kept_together(data: Data) -> tuple[str, ...]:
    """The columns whose combined value never stands in two splits; none: each row is by itself."""
    return data.split.by or ((data.item,) if data.item is not None else ())


def _pooled(assigned: Int[np.ndarray, " rows"], data: Data) -> Int[np.ndarray, " rows"]:
    """The same with train and val as one, where folds part them anew."""
    names = tables.names(data)
    if data.folds is None:
        return assigned
    train, val = names.index(data.split.train), names.index(data.split.val)
    return np.where(assigned == val, train, assigned)


def _in_folds(
    assigned: Int[np.ndarray, " rows"], content: Content, data: Data, *, folds: int, place: str
) -> Int[np.ndarray, " rows"]:
    """The rows of train and val parted anew: those of the fold's part are val."""
    names = tables.names(data)
    train, val = names.index(data.split.train), names.index(data.split.val)
    rows = np.flatnonzero(_pooled(assigned, data) == train)
    groups, labels = [content.together[row] for row in rows], [content.labels[row] for row in rows]
    part = folded(groups, labels, folds=folds, seed=data.split.seed, place=place)
    found = assigned.copy()
    found[rows] = np.where(part == (data.fold or 0), val, train)
    return found


def unlabelled(
    path: Path, data: Data
) -> tuple[tuple[str, ...], Float[np.ndarray, "rows width"], tuple[str, ...] | None]:
    """As `tables.unlabelled`."""
    data = _naming_rows(path, data)
    cells = _opened(path, data, _fields_of_unlabelled)
    problems: list[Problem] = []
    with collected(problems):
        ids = _ids(cells, data)
    with collected(problems):
        embeddings = cells.embeddings(data.embedding)
    with collected(problems):
        items = cells.named(data.item) if data.item is not None and data.item in cells.frame else None
    if problems:
        raise DataError(*problems)
    return ids, embeddings, items


def _naming_rows(path: Path, data: Data) -> Data:
    """A folder names its rows by itself, and keeps those of a recording together where nothing else is said."""
    if not path.is_dir():
        return data
    split = data.split.model_copy(update={"by": data.split.by or ("file",)})
    return data.model_copy(update={"id": data.id or "id", "split": split})


def _ids(cells: Cells, data: Data) -> tuple[str, ...]:
    return cells.named(data.id) if data.id else tuple(map(str, cells.numbers))


def _labelled(cells: Cells, content: Content, assigned: Int[np.ndarray, " rows"], data: Data) -> Labelled:
    names, place = tables.names(data), cells.at(data.label)
    several = data.separator is not None or cells.has_lists(data.label)
    if data.separator is None and Path(cells.place).is_dir():
        several = any(len(own) > 1 for own in content.labels)
    learnt = targets.of_labels(content.labels, data, several=several, place=place)
    embedded = np.isfinite(content.embeddings).all(axis=1)
    problems = _repeated(content.ids, assigned, names, place=cells.at(data.id or "id"))
    problems += targets.uncovered(learnt, assigned, embedded, names=names, train=data.split.train, place=place)
    if problems:
        raise DataError(*problems)
    rows = {name: _rows(content, learnt.values, np.flatnonzero(assigned == split)) for split, name in enumerate(names)}
    return Labelled(learnt.kind, learnt.classes, rows)


def _rows(content: Content, values: NDArray[np.float32], chosen: NDArray[np.int64]) -> Rows:
    def of(column: Sequence[str]) -> tuple[str, ...]:
        return tuple(column[row] for row in chosen)

    return Rows(
        ids=of(content.ids),
        embeddings=content.embeddings[chosen],
        targets=values[chosen],
        items=of(content.items),
        groups=of(content.groups),
        quality=of(content.quality),
        hardness=content.hardness[chosen],
    )


def _content(cells: Cells, data: Data) -> Content:
    """The columns; DataError with the problems of all of them."""
    height = cells.frame.height
    problems: list[Problem] = []
    with collected(problems):
        ids = _ids(cells, data)
    with collected(problems):
        embeddings = cells.embeddings(data.embedding)
    with collected(problems):
        labels = cells.labels(data.label, separator=data.separator)
    with collected(problems):
        items = cells.named(data.item) if data.item else ()
    with collected(problems):
        groups = _groups(cells, data.groups)
    with collected(problems):
        together = cells.combined(by) if (by := _kept_together(data)) else ()
    with collected(problems):
        quality = cells.texts(data.quality) if data.quality in cells.frame else (None,) * height
    with collected(problems):
        hardness = cells.measured(data.hardness) if data.hardness in cells.frame else np.full(height, np.nan)
    if problems:
        raise DataError(*problems)
    return Content(
        ids=ids,
        embeddings=embeddings,
        labels=labels,
        items=items or ids,
        groups=groups,
        together=together or tuple((each,) for each in ids),
        quality=tuple(value or "" for value in quality),
        hardness=hardness,
    )


def _groups(cells: Cells, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The values of the columns, joined; of those that a row lacks `none`, and nothing where it lacks all."""
    problems: list[Problem] = []
    found: list[tuple[str | None, ...]] = []
    for column in columns:
        with collected(problems):
            found.append(cells.texts(column))
    if problems:
        raise DataError(*problems)
    rows = zip(*found, strict=True) if columns else ((),) * cells.frame.height
    return tuple(BETWEEN.join(value or "none" for value in row) if any(row) else "" for row in rows)


def _repeated(
    ids: Sequence[str], assigned: Int[np.ndarray, " rows"], names: Sequence[str], *, place: str
) -> list[Problem]:
    counts = Counter(zip(assigned.tolist(), ids, strict=True))
    twice = [f"{name} {count} times in {names[split]}" for (split, name), count in sorted(counts.items()) if count > 1]
    hint = "data.item joins rows of one recording; data.id names each row"
    return [Problem(place, f"must be another in every row of a split; got {listed(twice)}", hint)] if twice else []


# Opening --------------------------------------------------------------------------------------------------


def _opened(path: Path, data: Data, asked: Asked) -> Cells:
    """The columns that are asked for; DataError when the table lacks some of them."""
    if path.is_dir():
        return Cells.of(str(path), _of_folder(path, data, asked))
    try:
        frame = (_of_npz if path.suffix.lower() in tables.NPZ else _of_parquet)(path, data, asked)
    except DataError:
        raise
    # Polars, numpy, zipfile and zlib have no error in common for a damaged file; a panic of polars is no Exception.
    except (Exception, polars.exceptions.PanicException) as error:
        message = f"must be a table that can be read; {type(error).__name__}: {error}"
        raise DataError(Problem(str(path), message)) from error
    return Cells.of(str(path), frame)


def _of_parquet(path: Path, data: Data, asked: Asked) -> polars.DataFrame:
    columns = _wanted(polars.read_parquet_schema(path), data, asked, place=str(path))
    return polars.read_parquet(path, columns=columns, glob=False)


def _of_npz(path: Path, data: Data, asked: Asked) -> polars.DataFrame:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        columns = _wanted(arrays.files, data, asked, place=str(path))
        found = {column: arrays[column] for column in columns}
    problems = [
        Problem(f"{path}, column {column}", f"must be {wanted} of numbers or text; got {_shape(array)}")
        for column, array in found.items()
        for axes, wanted in [(2, "a 2-D array") if column == data.embedding else (1, "a 1-D array")]
        if array.ndim != axes or array.dtype.kind not in KINDS or 0 in array.shape[1:]
    ]
    rows = {column: len(array) for column, array in found.items() if array.ndim}
    if len(set(rows.values())) > 1:
        sizes = listed(f"{column} {count}" for column, count in rows.items())
        problems.append(Problem(str(path), f"must hold arrays with one entry a row; got {sizes}"))
    if problems:
        raise DataError(*problems)
    return polars.DataFrame([polars.Series(column, _plain(array)) for column, array in found.items()])


def _of_folder(path: Path, data: Data, asked: Asked) -> polars.DataFrame:
    columns = _wanted(birdnet_folders.COLUMNS, data, asked, place=str(path))
    if asked is _fields_of_unlabelled:
        windows = birdnet_folders.read_below(path)
    else:
        separator = data.separator or birdnet_folders.SEPARATOR
        windows = birdnet_folders.read(path, tables.folder_splits(data), separator=separator)
    return polars.DataFrame({column: values for column, values in windows.columns().items() if column in columns})


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8")
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _shape(array: NDArray[Any]) -> str:
    return f"{array.dtype} of shape {array.shape}"


def _wanted(there: Collection[str], data: Data, asked: Asked, *, place: str) -> list[str]:
    """The columns that are asked for, each once; DataError when some are not there."""
    fields = asked(data, there)
    problems = [
        Problem(
            place,
            f"must have the column {column} (data.{field}); it has none",
            suggestion(column, there, also=_instead(field, data) or f"it has {listed(there)}"),
        )
        for field, column in fields
        if column not in there
    ]
    if problems:
        raise DataError(*problems)
    return list(dict.fromkeys(column for _, column in fields))


def _instead(field: str, data: Data) -> str:
    """What a study may say where a table names no splits."""
    if field != "split.column":
        return ""
    if data.folds is None:
        return "data.split.fractions: {train: 0.6, val: 0.2, test: 0.2} deals the rows out where no column names splits"
    return "with folds and without a test, data.split.fractions: {train: 1.0} deals all rows out to the folds"


def _fields(data: Data, there: Collection[str]) -> list[tuple[str, str]]:
    """Fields of `Data` with their columns; quality and hardness by their usual names may be missing."""
    fields = [("embedding", data.embedding), ("label", data.label)]
    fields += [("id", data.id)] if data.id else []
    fields += [("split.column", data.split.column)] if data.split.fractions is None else []
    fields += [("split.by", column) for column in data.split.by]
    fields += [("groups", column) for column in data.groups]
    fields += [("item", data.item)] if data.item else []
    for name, column in (("quality", data.quality), ("hardness", data.hardness)):
        if column in there or column != Data.model_fields[name].default:
            fields.append((name, column))
    return fields


def _fields_of_unlabelled(data: Data, there: Collection[str]) -> list[tuple[str, str]]:
    fields = [("embedding", data.embedding)]
    fields += [("id", data.id)] if data.id else []
    return fields + ([("item", data.item)] if data.item is not None and data.item in there else [])
