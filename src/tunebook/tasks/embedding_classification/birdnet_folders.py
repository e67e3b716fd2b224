"""Folders of embeddings as BirdNET-Analyzer writes them: SPLIT/CLASS/*.birdnet.embeddings.txt.

A line of a file is a window of its recording: start and end in seconds and the embedding, between tabs; the numbers of
the embedding between commas. The name of a class's folder may list several (`wren,robin`), and a leading hyphen makes
it an explicit negative (`-wren`: no wren, as in a folder of background).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from tunebook.errors import DataError, Problem
from tunebook.spec.names import listed, suggestion

ENDING = ".birdnet.embeddings.txt"
SEPARATOR = ","
COLUMNS = ("id", "label", "split", "file", "start", "end", "embedding")
"""What a folder offers as a table: id is the recording's name and the start, `XC1234@3`; file is its name alone."""


@dataclass(frozen=True)
class ClassFolder:
    """The files of one split and class, ordered by name."""

    split: str
    name: str
    files: tuple[Path, ...]

    def labels(self, separator: str) -> tuple[str, ...]:
        """The classes that its rows carry; those with a hyphen are left out."""
        return tuple(label for label in _names(self.name, separator) if not label.startswith("-"))

    def negatives(self, separator: str) -> tuple[str, ...]:
        """The classes that its rows are known not to carry."""
        return tuple(label[1:].strip() for label in _names(self.name, separator) if label.startswith("-"))


@dataclass(frozen=True)
class Windows:
    """All windows of a folder: labels are those of each window's class folder."""

    ids: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    splits: tuple[str, ...]
    files: tuple[str, ...]
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    embeddings: Float[np.ndarray, "windows width"]

    def columns(self) -> Mapping[str, object]:
        """Name of `COLUMNS` -> values."""
        values = (self.ids, self.labels, self.splits, self.files, self.starts, self.ends, self.embeddings)
        return dict(zip(COLUMNS, values, strict=True))


def class_folders(root: Path, splits: Sequence[str] | None) -> tuple[ClassFolder, ...]:
    """The folders of classes, by split and name; hidden files are passed over.

    Args:
        splits: The splits, as folders are named; None: the root itself holds the folders of classes, of split ``.

    Raises:
        DataError: all at once: a split without a folder, embeddings that lie in no class's folder, a class's folder
            without embeddings, a split without any.
    """
    problems: list[Problem] = []
    found: list[ClassFolder] = []
    for split in splits if splits is not None else ("",):
        folder = root / split
        if not folder.is_dir():
            there = [path.name for path in root.iterdir() if path.is_dir()]
            problems.append(Problem(str(folder), "must be a folder; it does not exist", suggestion(split, there)))
            continue
        loose = [path.name for path in sorted(folder.iterdir()) if path.name.endswith(ENDING)]
        if loose:
            problems.append(Problem(str(folder), f"must hold files in the folder of a class; got {listed(loose)}"))
        inner = [_class_folder(split, path) for path in sorted(folder.iterdir()) if _seen(path) and path.is_dir()]
        hint = "with data.split.fractions the folder holds the classes themselves" if splits is None else ""
        problems += [
            Problem(str(folder / each.name), f"must hold *{ENDING}; it holds none", hint)
            for each in inner
            if not each.files
        ]
        if not inner:
            problems.append(Problem(str(folder), f"must hold folders of classes with *{ENDING}; it holds none"))
        found += inner
    if problems:
        raise DataError(*problems)
    return tuple(found)


def read(root: Path, splits: Sequence[str] | None, *, separator: str = SEPARATOR) -> Windows:
    """All windows, in the order of splits, classes, files and lines.

    Args:
        splits: As of `class_folders`.
        separator: What stands between the classes in a folder's name.

    Raises:
        DataError: as `class_folders`; for every file that cannot be used, naming its first bad line; for a negative
            of a class that no folder has.
    """
    folders = class_folders(root, splits)
    return _read(folders, separator, _unknown_negatives(root, folders, separator))


def read_below(root: Path) -> Windows:
    """All windows of all files in a folder and the folders in it, whatever these are called, ordered by path.

    Raises:
        DataError: for every file that cannot be used, naming its first bad line, and when there is none.
    """
    files = tuple(path for path in sorted(root.rglob(f"*{ENDING}")) if _seen(path))
    if not files:
        raise DataError(Problem(str(root), f"must hold *{ENDING}; it holds none"))
    return _read([ClassFolder("", "", files)], SEPARATOR, [])


def _read(folders: Sequence[ClassFolder], separator: str, problems: list[Problem]) -> Windows:
    """All windows of some folders; DataError with the problems of their files and those before."""
    rows: list[tuple[str, tuple[str, ...], str, str, float, float]] = []
    embeddings: list[Float[np.ndarray, " width"]] = []
    width: int | None = None
    for folder in folders:
        labels = folder.labels(separator)
        for path in folder.files:
            name = path.name.removesuffix(ENDING)
            try:
                for start, end, embedding in _windows(path, width):
                    rows.append((f"{name}@{start:.10g}", labels, folder.split, name, start, end))
                    embeddings.append(embedding)
                    width = len(embedding)
            except DataError as error:
                problems += error.problems
    if problems:
        raise DataError(*problems)
    ids, marked, of, files, starts, ends = zip(*rows, strict=True)
    return Windows(ids, marked, of, files, starts, ends, np.stack(embeddings))


def _class_folder(split: str, path: Path) -> ClassFolder:
    files = (file for file in sorted(path.iterdir()) if _seen(file) and file.name.endswith(ENDING))
    return ClassFolder(split, path.name, tuple(files))


def _seen(path: Path) -> bool:
    return not path.name.startswith(".")


def _names(folder: str, separator: str) -> list[str]:
    return [part.strip() for part in folder.split(separator) if part.strip()]


def _unknown_negatives(root: Path, folders: Sequence[ClassFolder], separator: str) -> list[Problem]:
    known = {label for folder in folders for label in folder.labels(separator)}
    return [
        Problem(
            str(root / folder.split / folder.name),
            f"must be the negative of a class that has a folder; got -{label}",
            suggestion(label, known, also=f"there are {listed(sorted(known))}"),
        )
        for folder in folders
        for label in folder.negatives(separator)
        if label not in known
    ]


def _windows(path: Path, width: int | None) -> Iterator[tuple[float, float, Float[np.ndarray, " width"]]]:
    """(start, end, embedding) of every line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(Problem(str(path), f"must be a text file that can be read; got {error}")) from error
    if not any(lines):
        raise DataError(Problem(str(path), "must hold a line for every window; it is empty"))
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        start, end, embedding = _window(line, place=f"{path}:{number}")
        if width is not None and len(embedding) != width:
            message = f"must hold as many numbers as the embeddings before it, {width}; got {len(embedding)}"
            raise DataError(Problem(f"{path}:{number}", message))
        width = len(embedding)
        yield start, end, embedding


def _window(line: str, *, place: str) -> tuple[float, float, Float[np.ndarray, " width"]]:
    parts = line.split("\t")
    try:
        start, end, values = parts
        embedding = np.array([float(value) for value in values.split(",")])
        times = float(start), float(end)
    except ValueError as error:
        message = f"must be start, end and the embedding between tabs, its numbers between commas; {error}"
        raise DataError(Problem(place, message)) from error
    with np.errstate(over="ignore"):  # what is too large for float32 is infinite, and refused
        narrow = embedding.astype(np.float32)
    if not (np.isfinite(narrow).all() and np.isfinite(times).all()):
        raise DataError(Problem(place, "must hold finite numbers alone; got NaN or infinity"))
    return *times, narrow
