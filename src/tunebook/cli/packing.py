"""A book as an archive: what goes in, under which names, and the bytes.

    BOOK/book.yaml, *.study.yaml, *.md, *.py, the files of own programs
    BOOK/records, inventories, surveys, pages        whole
    BOOK/runs/<id>/…                                 all but checkpoints, what own programs wrote, states, locks, and
                                                     runs that did not end
    BOOK/<folder>/…, BOOK/data/<name>/…              with --data: data of the book where they lie, others below data/
    BOOK/PACKED.md, BOOK/PACKED.json                 what it is; sha256 of every file

Study files are never changed. Data from outside the book are found through `data:` in the packed book.yaml, which gives
for what a study file calls them the place in the archive.
"""

import gzip
import hashlib
import io
import json
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from ruamel.yaml import YAML

from tunebook import __version__
from tunebook import task as tasks
from tunebook.book import Book
from tunebook.cli.packed_readme import MANIFEST, README, readme
from tunebook.errors import InputError, Problem
from tunebook.fingerprints import Input
from tunebook.folders import CHECKPOINT, OUT, REPORTS, VARIABLE, RunFolder, resolve
from tunebook.ledger.ledger import Ledger
from tunebook.records import Run, canonical_json
from tunebook.runs.surveys import SOURCES
from tunebook.spec.book import FILE
from tunebook.spec.fields import value_at
from tunebook.spec.programs import Program
from tunebook.study.again import WEIGHTS as OF_A_RUN
from tunebook.study.again import weights_in
from tunebook.study.pruning import weights_noted

TOP = ("*.study.yaml", "*.md", "*.py")
WHOLE = ("records", "inventories", "surveys", "pages")
NEVER = frozenset({"lock", CHECKPOINT, "state.safetensors", "spent.json", REPORTS})
DATA = "data"
PROGRAM, WEIGHTS = "program", "weights"
"""Roles of what a run reads; every other is that of data."""
SEND_ALONE = "pack without --data, and send the data by themselves"
LOCAL_LEDGER = "sqlite:///ledger.sqlite"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
MODE = 0o644
COMPRESSION = 1  # nearly all of it is compressed already: more takes minutes and saves a hundredth


@dataclass(frozen=True)
class Contents:
    """What goes into an archive.

    Args:
        name: The folder that it opens to.
        files: Name in that folder -> a file, or bytes.
        put_in: What is in it that a person may not expect, in words: each file of a program, each data set.
        left_out: What is not in it, in words.
    """

    name: str
    files: Mapping[str, Path | bytes]
    put_in: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class DataSet:
    """Data that runs of the book read.

    Args:
        text: What the configurations call them: a path.
        path: Where that is here.
        files: Those of them that runs read, absolute; empty where they were not looked at.
        led: Whether book.yaml can lead to them, wherever they are: a root or table of data, no other parameter.
    """

    text: str
    path: Path
    files: tuple[Path, ...]
    led: bool


def contents(book: Book, ledger: Ledger, *, data: bool) -> Contents:
    """What of a book goes into its archive.

    The caller holds the book.

    Args:
        data: Whether the data that its runs read go in.

    Raises:
        InputError: for a link that leads out of the book, or data that are asked for and not there.
    """
    runs, left_out = _runs(book, ledger), ["checkpoints"]
    sets = _data_sets(runs, book.path, read=data)
    going = [each for each in sets if each.led or each.path.is_relative_to(book.path)] if data else []
    places = _placed(going, book.path)
    files: dict[str, Path | bytes] = dict(_at_the_top(book.path))
    for name in WHOLE:
        files |= dict(_below(book.path, name))
    files |= dict(_of_runs(book.path))
    files |= dict(_notes(runs, book.path))
    programs = dict(_programs(runs, book.path, left_out))
    files |= programs
    files |= dict(_of_data(going, places))
    files[FILE] = _book_file(book, going, places, left_out)
    staying = [each for each in sets if each not in going]
    led, fixed = [each.text for each in sets if each.led], [each.text for each in staying if not each.led]
    files[README] = readme(book, led, fixed=fixed, data=bool(going)).encode()
    put_in = [f"the program {', '.join(sorted(programs))}"] if programs else []
    put_in += [f"the data {each.text}" for each in going]
    beside = ": book.yaml cannot lead to what lies outside the book under this name" if data else ""
    left_out += [f"the data {each.text}{beside}" for each in staying]
    return Contents(book.path.name, files, tuple(put_in), tuple(left_out))


def archived(found: Contents, to: Path) -> None:
    """Write an archive; equal contents give equal bytes. The manifest comes last."""
    manifest: dict[str, dict[str, object]] = {}
    with ExitStack() as stack:
        archive = _Zip(to, stack) if to.name.endswith(".zip") else _Tar(to, stack)
        for name, source in sorted(found.files.items()):
            size = len(source) if isinstance(source, bytes) else source.stat().st_size
            with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
                reading = _Hashing(cast(BinaryIO, file))
                archive.add(f"{found.name}/{name}", reading, size)
            manifest[name] = {"bytes": size, "sha256": reading.sha256.hexdigest()}
        text = json.dumps({"tunebook": __version__, "files": manifest}, indent=1, ensure_ascii=False).encode() + b"\n"
        archive.add(f"{found.name}/{MANIFEST}", io.BytesIO(text), len(text))


# What goes in -------------------------------------------------------------------------------------------


def _below(book: Path, name: str) -> Iterator[tuple[str, Path]]:
    """The files below a folder of the book, without hidden ones.

    Raises:
        InputError: for a link that leads out of that folder.
    """
    start = (book / name).resolve()
    for path in sorted(start.rglob("*")) if start.is_dir() else ():
        inner = path.relative_to(start)
        if any(part.startswith(".") for part in inner.parts) or not path.is_file():
            continue
        _check_inside(path, start, named=book / name / inner)
        yield f"{name}/{inner.as_posix()}", path


def _at_the_top(book: Path) -> Iterator[tuple[str, Path]]:
    """Study files, notes and code beside book.yaml, without hidden ones.

    Raises:
        InputError: for a link that leads out of the book.
    """
    for path in sorted(path for pattern in TOP for path in book.glob(pattern)):
        if path.is_file() and not path.name.startswith("."):
            _check_inside(path, book.resolve(), named=path)
            yield path.name, path


def _check_inside(path: Path, start: Path, *, named: Path, hint: str = "put the file itself there") -> None:
    """Refuse a link that leads out of a folder: what lies elsewhere is not sent by accident."""
    to = path.resolve()
    if not to.is_relative_to(start):
        raise InputError(Problem(str(named), f"must lie in the book; it is a link to {to}", hint))


def _of_runs(book: Path) -> Iterator[tuple[str, Path]]:
    """The files of the runs that have ended."""
    ended = {f"runs/{folder.path.name}/{folder.at.name}" for folder in RunFolder.all(book) if folder.read_outcome()}
    of_run = {at.rpartition("/")[0] for at in ended}
    for name, path in _below(book, "runs"):
        parts = name.split("/")
        within = "/".join(parts[:3]) in ended if len(parts) > 3 else "/".join(parts[:2]) in of_run
        if within and parts[-1] not in NEVER and parts[3:4] != [OUT]:
            yield name, path


def _runs(book: Book, ledger: Ledger) -> tuple[Run, ...]:
    """The runs that the studies of the book hold, of those that read the same and start from the same the first."""
    held = [entry for declared in book.studies for entry in ledger.planned(declared.study.study)]
    configured = ledger.configured(entry.run for entry in held)
    first: dict[str, tuple[str, int]] = {}
    for entry in held:
        values = configured.get((entry.run, entry.length))
        if values is not None:
            first.setdefault(canonical_json(list(_texts(values))), (entry.run, entry.length))
    return tuple(run for key in first.values() if (run := ledger.run(*key)) is not None)


def _texts(values: Any, at: str = "") -> Iterator[str]:
    """Every text of a configuration, with its place: all that can say what a run reads."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from _texts(value, f"{at}.{key}")
    elif isinstance(values, str | list | tuple):
        yield f"{at}: {values}"


def _notes(runs: Sequence[Run], book: Path) -> Iterator[tuple[str, bytes]]:
    """What was trained that runs of the book start from held: with it these can be planned without."""
    named = {each for run in runs for each in weights_in(run.configuration.values)}
    for note, content in weights_noted((RunFolder(book / "runs" / run, length) for run, length in sorted(named)), book):
        yield note.relative_to(book).as_posix(), content


def _programs(runs: Sequence[Run], book: Path, left_out: list[str]) -> Iterator[tuple[str, Path]]:
    """The files of own programs that lie in the book; one that lies elsewhere is left out, and named so.

    Raises:
        InputError: for a link that leads out of the book.
    """
    for run in runs:
        if PROGRAM in run.fingerprints:
            for file in (file for found in _inputs(run, book) if found.role == PROGRAM for file in found.files):
                if file.is_relative_to(book):
                    _check_inside(file, book.resolve(), named=file)
                    yield file.relative_to(book).as_posix(), file
                elif (said := f"the program {file}: it lies elsewhere") not in left_out:
                    left_out.append(said)


def _inputs(run: Run, book: Path) -> Sequence[Input]:
    task = tasks.task_of(run)
    return task.inputs(task.Config.model_validate(run.configuration.values), book)


# Data ---------------------------------------------------------------------------------------------------


def _data_sets(runs: Sequence[Run], book: Path, *, read: bool) -> tuple[DataSet, ...]:
    """The data of runs, by what configurations call them.

    Args:
        read: Whether their files are wanted.

    Raises:
        InputError: when files are wanted and are not there, or lie where no path of the configuration leads.
    """
    found: dict[str, DataSet] = {}
    for run in runs:
        texts = dict(_data_texts(run))
        if not read:
            found |= {text: DataSet(text, Path(text), (), led) for text, led in texts.items() if text not in found}
            continue
        files = {file for each in _inputs(run, book) if each.role not in (PROGRAM, WEIGHTS) for file in each.files}
        for text, led in texts.items():
            path = resolve(text, book, place="data")
            below = {file for file in files if file.is_relative_to(path)}
            files -= below
            earlier = found[text].files if text in found else ()
            found[text] = DataSet(text, path, tuple(sorted({*earlier, *below})), led)
        if files:
            message = f"must lie below {' or '.join(texts) or 'a path of data'}; {min(files)} does not"
            raise InputError(Problem("--data", message, SEND_ALONE))
    return tuple(found.values())


def _data_texts(run: Run) -> Iterator[tuple[str, bool]]:
    """What a configuration calls its data, and whether book.yaml can lead to them.

    These are their root or table, and of an own program every parameter that it reads.
    """
    values = run.configuration.values
    sources = [f"data.{key}" for key in SOURCES]
    inputs = Program.of(values).inputs if PROGRAM in run.fingerprints else ()
    for path in (*inputs, *sources):
        text = value_at(values, path)
        if isinstance(text, str) and not text.startswith(OF_A_RUN):
            yield text, path in sources


def _placed(sets: Sequence[DataSet], book: Path) -> dict[str, str]:
    """What configurations call data -> where they go: in the book where they lie in it, else below `data/`."""
    places: dict[str, str] = {}
    for each in sets:
        if each.path.is_relative_to(book):
            places[each.text] = each.path.relative_to(book).as_posix()
            continue
        same = [text for text, other in ((one.text, one.path) for one in sets) if other == each.path and text in places]
        name, number = f"{DATA}/{each.path.name}", 2
        while not same and name in places.values():
            name, number = f"{DATA}/{each.path.name}-{number}", number + 1
        places[each.text] = places[same[0]] if same else name
    return places


def _of_data(sets: Sequence[DataSet], places: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """The files of the data.

    Raises:
        InputError: for a link that leads out of them.
    """
    for each in sets:
        for file in each.files:
            _check_inside(file, each.path, named=file, hint=SEND_ALONE)
            inner = file.relative_to(each.path).as_posix()
            yield (places[each.text] if inner == "." else f"{places[each.text]}/{inner}"), file


# What is written for it ---------------------------------------------------------------------------------


def _book_file(book: Book, sets: Sequence[DataSet], places: Mapping[str, str], left_out: list[str]) -> bytes:
    """book.yaml as the archive holds it: the data where they lie there, and a ledger of its own."""
    yaml = YAML(typ="rt")
    path = book.path / FILE
    values = (yaml.load(path.read_text(encoding="utf-8")) if path.exists() else None) or {}
    outside = {each.text: places[each.text] for each in sets if places and not _stays(each, book.path)}
    roots = {name: outside.pop(text) for name, text in book.file.data.items() if text in outside}
    if roots or outside:
        values["data"] = {**values.get("data", {}), **outside, **roots}
    if book.file.ledger != LOCAL_LEDGER:
        values["ledger"] = LOCAL_LEDGER
        left_out.append("the address of the ledger: it is made again from the files")
    values.setdefault("book", book.file.book)
    text = io.StringIO()
    yaml.dump(values, text)
    return text.getvalue().encode()


def _stays(each: DataSet, book: Path) -> bool:
    """Whether data are found in the archive by what a study file calls them: a path below the book, and from it."""
    return each.path.is_relative_to(book) and not Path(each.text).is_absolute() and not VARIABLE.search(each.text)


# Bytes --------------------------------------------------------------------------------------------------


class _Reader(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        found = self.file.read(size)
        self.sha256.update(found)
        return found


class _Tar:
    """A .tar.gz: no times, owners or rights of this machine."""

    def __init__(self, to: Path, stack: ExitStack) -> None:
        raw = stack.enter_context(to.open("wb"))
        packed = stack.enter_context(gzip.GzipFile("", "wb", COMPRESSION, raw, mtime=0))
        self.tar = stack.enter_context(tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT))

    def add(self, name: str, file: _Reader, size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, MODE
        self.tar.addfile(info, cast(BinaryIO, file))


class _Zip:
    """A .zip, likewise."""

    def __init__(self, to: Path, stack: ExitStack) -> None:
        self.zip = stack.enter_context(zipfile.ZipFile(to, "w", compresslevel=COMPRESSION))

    def add(self, name: str, file: _Reader, size: int) -> None:
        info = zipfile.ZipInfo(name, LONG_AGO)
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, (stat.S_IFREG | MODE) << 16
        with self.zip.open(info, "w", force_zip64=size >= zipfile.ZIP64_LIMIT) as entry:
            shutil.copyfileobj(cast(BinaryIO, file), entry)
