"""How a first study on a table of embeddings may begin: what its columns mean, by their names and their values.

Every guess is said beside the line that it is written to.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan
from pathlib import Path
from typing import Any, cast

import numpy as np

from tunebook.errors import DataError, Problem
from tunebook.spec.names import listed
from tunebook.task import Beginning, Scalar
from tunebook.tasks.embedding_classification import alike, birdnet_folders, tables
from tunebook.tasks.embedding_classification.alike import DOMAINS, TOGETHER
from tunebook.tasks.embedding_classification.config import Data, Split
from tunebook.tasks.embedding_classification.rows import Kind

TRAIN = ("train", "training")
VAL = ("val", "valid", "validation", "dev")
TEST = ("test", "testing", "holdout", "eval", "evaluation")
"""Names of splits, in any case of letters."""
EMBEDDINGS = ("embedding", "embeddings", "emb", "features", "feature", "vector", "x")
LABELS = ("label", "labels", "class", "target", "species", "y", "category", "primary_label", "common_name", "diagnosis",
          "annotation", "tag", "tags", "event", "call")  # fmt: skip
SPLITS = ("split", "set", "subset", "partition", "dataset", "phase")
"""Names of columns, the likeliest first."""
NEGATIVE = (
    "negative",
    "neg",
    "no",
    "absent",
    "nocall",
    "no_call",
    "no call",
    "none",
    "normal",
    "control",
    "healthy",
    "bg",
)
SEPARATORS = (";", "|", ",")
WIDTH = 4
"""Numbers of an embedding at least."""
GROUPS, ENOUGH = 20, 10
"""Values of a column that get scores of their own at most; fewer than ENOUGH make no even shares."""
FRACTIONS = {"train": 0.6, "val": 0.2, "test": 0.2}
SPACE: Mapping[str, Sequence[Scalar]] = {
    "head.hidden_units": (0, 64, 256),
    "optimizer.lr": (3e-4, 1e-3, 3e-3),
}
WHY = {
    "budget.epochs": "at most; training ends where val no longer improves",
    "head.hidden_units": "0: a linear head; else the width of a hidden layer",
    "optimizer.lr": "the learning rate: what most often decides",
}
METRICS: Mapping[Kind, tuple[str, ...]] = {
    "binary": ("ap", "auroc", "f1", "precision", "recall"),
    "multi-class": ("macro.ap", "accuracy", "balanced_accuracy", "macro.f1"),
    "multi-label": ("macro.ap", "micro.ap", "macro.auroc", "macro.f1"),
}
"""Kind of labels -> columns of a page; the first decides."""
SECONDS = 1.2e-6
"""On one core of a CPU, for a row of 1,000 numbers in an epoch (measured)."""


@dataclass(frozen=True)
class _Column:
    """A column of a table, as far as it is looked at.

    Args:
        width: Numbers of each cell, of embeddings; 0 otherwise.
        cells: Texts of each row, more than one in a list, none where there is nothing; empty for embeddings and for
            numbers with fractions.
        lists: Whether the cells are lists of texts.
    """

    name: str
    width: int
    cells: Sequence[tuple[str, ...]] = ()
    lists: bool = False
    text: bool = False

    @cached_property
    def values(self) -> Mapping[str, int]:
        """Text of a value -> how often it is there."""
        return Counter(text for cell in self.cells for text in cell)


@dataclass(frozen=True)
class _Guess:
    """What is written, and why."""

    base: dict[str, Any]
    why: dict[str, str]


def start(data: Path) -> Beginning | None:
    """A table with a column of embeddings and one of labels; None where there is none.

    A folder that holds one such file, and a folder of BirdNET's embeddings, are tables too.

    Raises:
        DataError: when embeddings lie in a column for each number, or when the table is damaged.
    """
    if data.is_dir() and any(True for _ in data.rglob(f"*{birdnet_folders.ENDING}")):
        return _of_folder(data)
    path = _table(data)
    if path is None:
        return None
    columns, rows = _columns(path)
    embedding = _embedding(columns)
    if embedding is None:
        _refuse_wide(path, columns)
        return None
    label, sure = _label(columns)
    return None if label is None else _of_columns(path, columns, rows, embedding, label, sure=sure)


def _table(data: Path) -> Path | None:
    """The file that is meant: itself, or the only one of its kind in a folder."""
    kinds = tables.PARQUET + tables.NPZ
    if data.is_file():
        return data if data.suffix.lower() in kinds else None
    if not data.is_dir():
        return None
    found = [path for path in sorted(data.iterdir()) if path.suffix.lower() in kinds and path.name[0] != "."]
    return found[0] if len(found) == 1 else None


# Columns --------------------------------------------------------------------------------------------------


def _columns(path: Path) -> tuple[tuple[_Column, ...], int]:
    """The columns of a table and its rows; embeddings are not read where the file allows it."""
    try:
        return _of_npz(path) if path.suffix.lower() in tables.NPZ else _of_parquet(path)
    except Exception as error:  # polars, numpy, zipfile and zlib have no error in common for a damaged file
        message = f"must be a table that can be read; {type(error).__name__}: {error}"
        raise DataError(Problem(str(path), message)) from error


def _of_parquet(path: Path) -> tuple[tuple[_Column, ...], int]:
    import polars  # noqa: PLC0415  a tenth of a second

    schema = polars.read_parquet_schema(path)
    heavy = {
        name: dtype
        for name, dtype in schema.items()
        if isinstance(dtype, polars.List | polars.Array) and dtype.inner.is_numeric()
    }
    frame = polars.read_parquet(path, columns=[name for name in schema if name not in heavy], glob=False)
    rows = polars.scan_parquet(path, glob=False).select(polars.len()).collect().item()
    found = []
    for name, dtype in schema.items():
        if name in heavy:
            first = polars.scan_parquet(path, glob=False).select(name).drop_nulls().head(1).collect()[name]
            found.append(_Column(name, len(first[0]) if len(first) else 0))
        else:
            lists = isinstance(dtype, polars.List | polars.Array)
            held = dtype.inner if isinstance(dtype, polars.List | polars.Array) else dtype
            text = held in (polars.String, polars.Categorical)
            found.append(_Column(name, 0, _texts(frame[name].to_list()), lists=lists, text=text))
    return tuple(found), int(rows)


def _of_npz(path: Path) -> tuple[tuple[_Column, ...], int]:
    found, rows = [], 0
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        for name in arrays.files:
            array = arrays[name]
            if array.ndim == 2 and array.dtype.kind in "fiu":
                found.append(_Column(name, array.shape[1]))
                rows = len(array)
            elif array.ndim == 1:
                cells = np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array
                found.append(_Column(name, 0, _texts(cells.tolist()), text=array.dtype.kind in "US"))
    return tuple(found), rows


def _texts(cells: Sequence[Any]) -> tuple[tuple[str, ...], ...]:
    """The texts of each cell; of none where there are numbers with fractions."""
    rows = [cell if isinstance(cell, list) else [cell] for cell in cells]
    known = [[one for one in row if one is not None and not (isinstance(one, float) and isnan(one))] for row in rows]
    if any(isinstance(one, float) and not one.is_integer() for row in known for one in row):
        return ()
    return tuple(tuple(map(_text, row)) for row in known)


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    return str(int(cell)) if isinstance(cell, float) else str(cell)


# Guesses --------------------------------------------------------------------------------------------------


def _named(columns: Sequence[_Column], names: Sequence[str]) -> list[_Column]:
    """The columns of these names, in the order of the names."""
    return [column for name in names for column in columns if column.name.lower() == name]


def _embedding(columns: Sequence[_Column]) -> _Column | None:
    wide = [column for column in columns if column.width >= WIDTH]
    return next(iter(_named(wide, EMBEDDINGS)), max(wide, key=lambda column: column.width, default=None))


def _label(columns: Sequence[_Column]) -> tuple[_Column | None, bool]:
    """The column of labels, and whether its name says so."""
    able = [column for column in columns if len(column.values) >= 2 and not _unique(column)]
    named = _named(able, LABELS)
    if named:
        return named[0], True
    used = (*SPLITS, *DOMAINS, *TOGETHER, "quality", "id")
    left = [column for column in able if column.text and column.name.lower() not in used]
    return min(left, key=lambda column: len(column.values), default=None), False


def _unique(column: _Column) -> bool:
    return max(column.values.values(), default=0) == 1


def _refuse_wide(path: Path, columns: Sequence[_Column]) -> None:
    """Say what to do with embeddings in columns of their own: emb_0, emb_1 and so on."""
    stems = Counter(column.name.rstrip("0123456789") for column in columns if column.name[-1:].isdigit())
    stem, count = stems.most_common(1)[0] if stems else ("", 0)
    if count >= WIDTH:
        message = f"must hold each embedding in one column, as a list; it has {count} columns {stem}0, {stem}1 …"
        way = (
            f"in Python: import polars as pl; t = pl.read_parquet({str(path)!r}); c = [n for n in t.columns if "
            f"n.startswith({stem!r})]; t = t.with_columns(embedding=pl.concat_list(c)).drop(c); "
            "t.write_parquet('embeddings.parquet')"
        )
        raise DataError(Problem(str(path), message, way))


def _kind(label: _Column, guess: _Guess, rows: int) -> Kind:
    """The kind of the labels; a separator and the positive side are written where they are guessed."""
    texts = label.values
    background = {name.casefold() for name in Data.model_fields["background"].default}
    if label.lists:
        return "multi-label"
    for separator in SEPARATORS if label.text else ():
        if sum(count for text, count in texts.items() if separator in text) > rows / 20:
            guess.base["data.separator"] = separator
            guess.why["data.separator"] = f"{label.name} holds several classes in one cell"
            return "multi-label"
    if {text.lower() for text in texts} in ({"0", "1"}, {"true", "false"}):
        return "binary"
    classes = [text for text in texts if text.casefold() not in background]
    if len(classes) == 1:
        return "binary"
    if len(texts) > 2:
        return "multi-class"
    named = [text for text in texts if text.lower() in NEGATIVE]
    positive = (
        next((text for text in texts if text not in named), "") if named else min(texts, key=lambda text: texts[text])
    )
    other = next(text for text in texts if text != positive)
    guess.base["data.positive"] = positive
    guess.why["data.positive"] = (
        f"what is looked for, against {other}: a guess by {'its name' if named else 'which is rarer'}"
    )
    return "binary"


def _splits(columns: Sequence[_Column], label: _Column, kind: Kind, guess: _Guess) -> tuple[str, str, tuple[str, ...]]:
    """The splits to train on, to select by and to report, as the table names them or as they are dealt out."""
    roles = {name.lower() for name in (*TRAIN, *VAL, *TEST)}
    likely = [*_named(columns, SPLITS), *(c for c in columns if c.values and {v.lower() for v in c.values} <= roles)]
    for column in likely:
        found = divided(tuple(column.values))
        if found is not None:
            train, val, reported = found
            if column.name != "split":
                guess.base["data.split.column"] = column.name
                guess.why["data.split.column"] = "names the split of each row"
            _name_splits(train, val, reported, guess, said=f"as {column.name} names them: ")
            return found
    guess.base["data.split.fractions"] = dict(FRACTIONS)
    lacking = f"{likely[0].name} does not name a split to train, one to choose and one to report; " if likely else ""
    guess.why["data.split.fractions"] = f"{lacking}shares to train, to choose and to report on"
    _keep_together(columns, label, kind, guess)
    return "train", "val", ("test",)


def _keep_together(columns: Sequence[_Column], label: _Column, kind: Kind, guess: _Guess) -> None:
    """Have rows of one group dealt out as one: of three groups on, where training then has all classes."""
    domains = [column for column in columns if column.name in guess.base.get("data.groups", ())]
    likely = [
        column
        for column in dict.fromkeys((*_named(columns, TOGETHER), *domains))
        if len(column.values) >= len(FRACTIONS) and not _unique(column) and all(map(len, column.cells))
    ]
    if not likely:
        return
    separator = guess.base.get("data.separator")
    labels = label.cells if separator is None else [_parted(cell, separator) for cell in label.cells]
    for column in likely:
        groups, everywhere = [cell[0] for cell in column.cells], kind == "binary"
        if alike.can_be_kept(groups, labels, fractions=FRACTIONS, train="train", everywhere=everywhere):
            few = len(column.values)
            rough = f"; {few} make no even shares" if few < ENOUGH else ""
            guess.base["data.split.by"] = [column.name]
            guess.why["data.split.by"] = f"rows of one {column.name} resemble each other: they stay in one split{rough}"
            return
    guess.why["data.split.fractions"] += (
        f"; LOOK: rows of one {likely[0].name} may stand in several, and whole ones leave a split without a class"
    )


def _parted(cell: tuple[str, ...], separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for text in cell for part in text.split(separator) if part.strip())


def divided(names: Sequence[str]) -> tuple[str, str, tuple[str, ...]] | None:
    """The splits to train on, to select by and to report, the plain test first; None where one is lacking."""
    train = next((name for each in TRAIN for name in names if name.lower() == each), None)
    val = next((name for each in VAL for name in names if name.lower() == each), None)
    reported = sorted(
        (name for name in names if name not in (train, val)), key=lambda name: (name.lower() not in TEST, name)
    )
    reported.sort(key=lambda name: not name.lower().startswith(TEST))
    return (train, val, tuple(reported)) if train is not None and val is not None and reported else None


def _name_splits(train: str, val: str, reported: Sequence[str], guess: _Guess, *, said: str) -> None:
    names = (train, val, *reported)
    if names != Split().names:
        guess.base["data.split.names"] = list(names)
        guess.why["data.split.names"] = f"{said}{train} trains, {val} chooses, the others are reported"
    if train != "train":
        guess.base["data.split.train"] = train
    if val != "val":
        guess.base["early_stopping.split"] = val


def _of_columns(
    path: Path, columns: Sequence[_Column], rows: int, embedding: _Column, label: _Column, *, sure: bool
) -> Beginning:
    guess = _Guess({"data.table": str(path)}, {})
    if embedding.name != "embedding":
        guess.base["data.embedding"] = embedding.name
        guess.why["data.embedding"] = f"{embedding.width} numbers a row"
    if label.name != "label" or not sure:
        guess.base["data.label"] = label.name
    examples = listed(sorted(label.values), most=4)
    guess.why["data.label" if "data.label" in guess.base else "data.table"] = (
        f"{'' if sure else 'a guess: '}column {label.name}: {examples}"
    )
    left = [column for column in columns if column not in (embedding, label)]
    names = [column for column in left if column.text and len(column.values) == rows and _unique(column)]
    if names:
        guess.base["data.id"] = names[0].name
        guess.why["data.id"] = "names each row"
    kind = _kind(label, guess, rows)
    domains = [column for column in _named(left, DOMAINS) if 2 <= len(column.values) <= GROUPS]
    if domains:
        guess.base["data.groups"] = [domains[0].name]
        guess.why["data.groups"] = f"each of its {len(domains[0].values)} values gets scores of its own, too"
    _, val, reported = _splits(left, label, kind, guess)
    found = f"{rows:,} rows with an embedding of {embedding.width} numbers, {kind} labels"
    certainty = 0.9 if sure else 0.6
    return _beginning(guess, kind, val, reported, found=found, certainty=certainty, size=rows * embedding.width)


def _beginning(
    guess: _Guess, kind: Kind, val: str, reported: Sequence[str], *, found: str, certainty: float, size: float
) -> Beginning:
    epochs = 50
    return Beginning(
        certainty=certainty,
        base={**guess.base, "budget.epochs": epochs},
        space=SPACE,
        select=(METRICS[kind][0], val),
        splits=tuple(reported),
        why={**WHY, **guess.why},
        found=found,
        question="Which head on these embeddings, at which learning rate, tells the classes apart best?",
        metrics=METRICS[kind],
        prefer=("trainable_parameters",),
        seconds=size * epochs * SECONDS / 1000 + 0.5,
    )


# Folders --------------------------------------------------------------------------------------------------


def _of_folder(data: Path) -> Beginning:
    """BirdNET's embeddings: SPLIT/CLASS/*, or CLASS/*."""
    files = [path.relative_to(data).parts for path in data.rglob(f"*{birdnet_folders.ENDING}")]
    depths = {len(parts) for parts in files}
    if depths not in ({2}, {3}):
        message = f"must hold SPLIT/CLASS/*{birdnet_folders.ENDING}, or CLASS/*; it has such files elsewhere"
        raise DataError(Problem(str(data), message, "sort the files into folders of classes"))
    guess = _Guess({"data.table": str(data)}, {})
    val, reported = "val", cast("tuple[str, ...]", ("test",))
    if depths == {3}:
        splits = sorted({parts[0] for parts in files})
        found = divided(splits)
        if found is None:
            message = f"must have the folders train, val and test; it has {listed(splits)}"
            raise DataError(Problem(str(data), message, "rename them, or put all classes into one folder"))
        train, val, reported = found
        _name_splits(train, val, reported, guess, said="the folders: ")
    else:
        guess.base["data.split.fractions"] = dict(FRACTIONS)
        guess.why["data.split.fractions"] = "shares of the recordings to train, to choose and to report on"
    names = {parts[-2] for parts in files}
    classes = {
        part.strip() for name in names for part in name.split(birdnet_folders.SEPARATOR) if part.strip()[:1] != "-"
    }
    background = {name.casefold() for name in Data.model_fields["background"].default}
    kept = sorted(name for name in classes if name.casefold() not in background)
    several = any(birdnet_folders.SEPARATOR in name for name in names)
    kind: Kind = "multi-label" if several else "binary" if len(kept) == 1 else "multi-class"
    guess.why["data.table"] = f"the folders name the classes: {listed(kept, most=4)}"
    said = f"{len(files):,} recordings with BirdNET's embeddings, {kind} labels"
    return _beginning(guess, kind, val, reported, found=said, certainty=0.95, size=len(files) * 20 * 1024.0)
