"""The images that a person points at: one file, or all files of a kind below a folder."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunebook.errors import DataError, Problem
from tunebook.images.containers import ZARR
from tunebook.spec.names import listed as enumerated

TRUTHS = ("labels", "masks")
"""Folders beside `images` in which a split of a data set keeps what is true."""
SHOWN = 3
"""Most files that are named where they are passed over."""


@dataclass(frozen=True)
class Listed:
    """Files that were found.

    Args:
        root: The folder that was pointed at, or that of the one file.
        paths: Below root, in the order of their names; a Zarr folder is one of them.
        others: Files of another kind, which are passed over.
    """

    root: Path
    paths: tuple[Path, ...]
    others: tuple[Path, ...] = ()

    def named(self, path: Path) -> Path:
        """Where a file lies below root, without its suffix; its parts may hold dots."""
        relative = path.relative_to(self.root)
        return relative.parent / relative.name.removesuffix(relative.suffix)

    def told(self, kinds: str) -> Sequence[str]:
        """That files were passed over, because they are none of some kinds; nothing where none was."""
        if not self.others:
            return ()
        names = [str(path.relative_to(self.root)) for path in self.others]
        shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
        return (f"{len(names):,} passed over, which {'is' if len(names) == 1 else 'are'} no {kinds}: {shown}",)


def listed(on: Path, suffixes: Sequence[str], *, beside: Sequence[str] = ()) -> Listed:
    """The files of some suffixes at a path, or below it; what is hidden is not looked at.

    Args:
        on: A file or a folder.
        suffixes: In small letters, with their dot; `.zarr` are folders.
        beside: Names of files that lie with them on purpose.

    Raises:
        DataError: when there is no such file, when two would give one name, and for a split of a data set, whose
            masks are no images.
    """
    if on.is_file() or on.suffix.lower() == ZARR:
        if on.suffix.lower() not in suffixes:
            raise DataError(Problem(str(on), f"must be a {_kinds(suffixes)} file", "convert it"))
        return Listed(on.parent, (on,))
    if (on / "images").is_dir() and (beyond := [name for name in TRUTHS if (on / name).is_dir()]):
        message = f"must hold images alone; it holds images and {beyond[0]}, which would be read as images too"
        raise DataError(Problem(str(on), message, f"name {on / 'images'}"))
    paths: list[Path] = []
    others: list[Path] = []
    for path in _below(on):
        (paths if path.suffix.lower() in suffixes else others).append(path)
    found = Listed(on, tuple(paths), tuple(path for path in others if path.name not in beside))
    if not paths:
        raise DataError(Problem(str(on), f"must hold {_kinds(suffixes)} files; it holds none", *found.told("such")[:1]))
    if problems := _twice(found):
        raise DataError(*problems)
    return found


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file: UTF-8, commas, one line end for all systems."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([columns, *rows])
    return text.getvalue().encode()


def _below(folder: Path) -> list[Path]:
    """All files below a folder, by name; a Zarr folder counts as one."""
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and path.suffix.lower() != ZARR:
            found += _below(path)
        else:
            found.append(path)
    return found


def _twice(found: Listed) -> list[Problem]:
    first: dict[Path, Path] = {}
    problems = []
    for path in found.paths:
        if (other := first.setdefault(found.named(path), path)) != path:
            message = f"must be the only file of its stem; {other.name} has it too"
            problems.append(Problem(str(path), message, "remove or rename one of them"))
    return problems


def _kinds(suffixes: Sequence[str]) -> str:
    return enumerated([suffix.removeprefix(".") for suffix in suffixes])
