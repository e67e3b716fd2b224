"""What data held when a study was run on them, file by file, so that a change can be named.

    inventories/<16 digits of the fingerprint>.json.gz    {"files": {name: first 16 digits of its sha256}}

Names are relative to the folder that the fingerprint starts from. A file is written once; without it all that can be
said of data is that they changed. 100,000 files take about 2 MB.
"""

import gzip
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tunebook.errors import DataError, Problem
from tunebook.fingerprints import FingerprintCache, Input
from tunebook.folders import write_atomically
from tunebook.records import canonical_json
from tunebook.runs.inputs import Inputs

FOLDER = "inventories"
DIGITS = 16
NAMED = 3
Files = Mapping[str, str]
"""Name -> the beginning of the sha256 of its content."""


@dataclass(frozen=True)
class Changes:
    """What differs between two states of data: names in order. A file that has another name by now was renamed."""

    added: tuple[str, ...]
    edited: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: tuple[str, ...]

    def __str__(self) -> str:
        """`3 files added (a.tif, b.tif, c.tif), 1 edited (labels/a.tif)`."""
        parts = {"added": self.added, "edited": self.edited, "removed": self.removed, "renamed": self.renamed}
        said = [(word, names) for word, names in parts.items() if names]
        return ", ".join(
            f"{len(names):,}{'' if at else ' file' if len(names) == 1 else ' files'} {word} ({_some(names)})"
            for at, (word, names) in enumerate(said)
        )


def write_inventories(inputs: Inputs, book: Path) -> None:
    """Write down what the data of a study hold, each state of them once."""
    for read, fingerprints in inputs.fingerprints.items():
        path = _path(book, fingerprints["data"]) if "data" in fingerprints else None
        if path is None or path.exists():
            continue
        file = io.BytesIO()
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            packed.write(canonical_json({"files": files_of(read, inputs.shelf.cache)}).encode())
        write_atomically(path, file.getvalue())


def files_of(inputs: tuple[Input, ...], cache: FingerprintCache) -> Files:
    """What the data of a run hold by now.

    Raises:
        DataError: when a file cannot be read.
    """
    found: dict[str, str] = {}
    for each in inputs:
        if each.role == "data":
            hashes = cache.hashes(each.files)
            found |= {file.relative_to(each.root).as_posix(): hashes[file][:DIGITS] for file in each.files}
    return found


def read_inventory(book: Path, fingerprint: str) -> Files | None:
    """What data of a fingerprint held; None where it was not written down.

    Raises:
        DataError: when the file is damaged.
    """
    path = _path(book, fingerprint)
    if not path.exists():
        return None
    try:
        found: Files = json.loads(gzip.decompress(path.read_bytes()))["files"]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        hint = "remove it; without it a change of the data cannot be named"
        raise DataError(Problem(str(path), f"must be an inventory of data; got {error}", hint)) from error
    return found


def changes(before: Files, now: Files) -> Changes:
    """What differs."""
    gone = {name: sha256 for name, sha256 in before.items() if name not in now}
    come = {name: sha256 for name, sha256 in now.items() if name not in before}
    renamed = set(gone.values()) & set(come.values())
    return Changes(
        added=tuple(sorted(name for name, sha256 in come.items() if sha256 not in renamed)),
        edited=tuple(sorted(name for name, sha256 in now.items() if before.get(name, sha256) != sha256)),
        removed=tuple(sorted(name for name, sha256 in gone.items() if sha256 not in renamed)),
        renamed=tuple(sorted(name for name, sha256 in come.items() if sha256 in renamed)),
    )


def _path(book: Path, fingerprint: str) -> Path:
    return book / FOLDER / f"{fingerprint[:DIGITS]}.json.gz"


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")


def inputs_by_data(inputs: Inputs) -> Iterator[tuple[str, tuple[Input, ...]]]:
    """(fingerprint of data, what is read) of all that a study reads."""
    for read, fingerprints in inputs.fingerprints.items():
        if "data" in fingerprints:
            yield fingerprints["data"], read
