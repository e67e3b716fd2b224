"""Fingerprints of folders: what their files hold, whatever the folder is called and wherever it lies.

Content is hashed once and remembered by the file's size, times and inode. A file that was written within two seconds
of being hashed may change again without a trace in its times, so it is not remembered.
"""

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tunebook.errors import DataError, Problem
from tunebook.folders import CHECKPOINT, OUT, note_of, noted_out

IN_BOOK = Path(".cache", "fingerprints.sqlite")
"""Where a book remembers fingerprints, from its folder."""
RACY_SECONDS = 2.0
CHUNK = 500
TABLE = "CREATE TABLE IF NOT EXISTS content (path BLOB PRIMARY KEY, state TEXT NOT NULL, sha256 TEXT NOT NULL)"


@dataclass(frozen=True)
class FingerprintCache:
    """Remembers the hashes of files in a small SQLite file, which may be deleted at any time.

    Args:
        path: The file; made when first needed. Several processes may use it.
        reading: Only read what is remembered; nothing is written, and no file is made.
    """

    path: Path
    reading: bool = False

    def hashes(self, files: Iterable[Path]) -> Mapping[Path, str]:
        """sha256 (64 hex digits) of each file's content; of what a run trained and was removed, what it held.

        Args:
            files: Absolute paths.

        Raises:
            DataError: naming all files that cannot be read.
        """
        files = tuple(files)
        with self._open() as database:
            known = _known(database, files)
            found: dict[Path, str] = {}
            fresh: list[tuple[bytes, str, str]] = []
            problems: list[Problem] = []
            for file in files:
                try:
                    state = _state(file.stat())
                    if known.get(file, ("", ""))[0] == state:
                        found[file] = known[file][1]
                        continue
                    found[file], trusted = _hash(file)
                    if trusted:
                        fresh.append((os.fsencode(file), trusted, found[file]))
                except OSError as error:
                    if noted := _noted(file):
                        found[file] = noted
                        continue
                    problems.append(Problem(str(file), f"must be a file that can be read; got {error.strerror}"))
            if problems:
                raise DataError(*problems)
            if self.reading:
                return found
            with database:
                database.executemany("INSERT OR REPLACE INTO content VALUES (?, ?, ?)", fresh)
        return found

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(self._connected()) as database:
            try:
                database.execute(TABLE)
            except sqlite3.DatabaseError as error:
                hint = "delete it; it holds nothing that cannot be computed again"
                raise DataError(
                    Problem(str(self.path), f"must be Tunebook's cache of fingerprints; got {error}", hint)
                ) from error
            yield database

    def _connected(self) -> sqlite3.Connection:
        if not self.reading:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return sqlite3.connect(self.path, timeout=60.0)
        if self.path.exists():
            return sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=60.0)
        return sqlite3.connect(":memory:")


@dataclass(frozen=True)
class Input:
    """Files whose content decides a run's result.

    Args:
        role: `data` or `weights`.
        root: The folder that names start from; never part of the fingerprint.
        files: Absolute paths below it.
        named: Whether the names of the files matter beside their content: which image has which label.
    """

    role: str
    root: Path
    files: tuple[Path, ...]
    named: bool = True


def of_inputs(inputs: Iterable[Input], *, cache: FingerprintCache) -> dict[str, str]:
    """Role -> sha256 of what a run reads. One file whose name does not matter has the sha256 of its content.

    Raises:
        DataError: when a file cannot be read.
    """
    return {
        found.role: fingerprint(found.root, found.files, cache=cache) if found.named else _content(found.files, cache)
        for found in inputs
    }


def fingerprint(root: Path, files: Iterable[Path], *, cache: FingerprintCache) -> str:
    """sha256 (64 hex digits) over names relative to a folder and contents, in the order of the names.

    The same files below another folder have the same fingerprint; an edited, renamed, added or missing file
    gives another. A file named twice counts once.

    Args:
        root: The folder that names start from.
        files: Files below it, in any order.

    Raises:
        DataError: when a file cannot be read or does not lie below the folder.
    """
    root = Path(os.path.abspath(root))
    absolute = sorted({Path(os.path.abspath(file)) for file in files})
    outside = [Problem(str(file), f"must lie below {root}") for file in absolute if not file.is_relative_to(root)]
    if outside:
        raise DataError(*outside)
    hashes = cache.hashes(absolute)
    total = hashlib.sha256()
    for name, content in sorted((file.relative_to(root).as_posix(), hashes[file]) for file in absolute):
        total.update(os.fsencode(name) + b"\0" + content.encode() + b"\n")
    return total.hexdigest()


def _content(files: tuple[Path, ...], cache: FingerprintCache) -> str:
    hashes = cache.hashes(files)
    if len(files) == 1:
        return hashes[files[0]]
    return hashlib.sha256("\n".join(hashes[file] for file in files).encode()).hexdigest()


def _noted(file: Path) -> str:
    """What a file held that was removed to give back space: a checkpoint, or one of an own program's; else empty."""
    if file.exists():
        return ""
    for out in (folder for folder in file.parents if folder.name == OUT):
        if file in (held := noted_out(out)):
            return held[file]
    note = note_of(file)
    return note.read_text().strip() if file.name == CHECKPOINT and note.is_file() else ""


def _hash(file: Path) -> tuple[str, str]:
    """Hash of the content, and the state it may be remembered under (empty when it may not)."""
    begun = time.time()
    with file.open("rb") as content:
        before = os.fstat(content.fileno())
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        after = os.fstat(content.fileno())
    settled = max(before.st_mtime, before.st_ctime) + RACY_SECONDS < begun
    return digest, _state(before) if settled and _state(before) == _state(after) else ""


def _state(stat: os.stat_result) -> str:
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"


def _known(database: sqlite3.Connection, files: tuple[Path, ...]) -> dict[Path, tuple[str, str]]:
    found: dict[Path, tuple[str, str]] = {}
    for start in range(0, len(files), CHUNK):
        names = [os.fsencode(file) for file in files[start : start + CHUNK]]
        marks = ", ".join("?" * len(names))
        rows = database.execute(f"SELECT path, state, sha256 FROM content WHERE path IN ({marks})", names)
        found.update({Path(os.fsdecode(path)): (state, sha256) for path, state, sha256 in rows})
    return found
