"""book.yaml: what all studies of a book share."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from tunebook.errors import StudyError
from tunebook.spec import places, references
from tunebook.spec.faults import Faults, shown
from tunebook.spec.fields import messages_of
from tunebook.spec.names import listed, suggestion
from tunebook.spec.parts import Part
from tunebook.spec.study import LATER

FILE = "book.yaml"
LATER_EXECUTORS = ("dask", "slurm")
URL = re.compile(r"[a-z][a-z0-9+]*://.*")


class ExecutorFile(Part):
    """Where runs happen, and what one run may take."""

    kind: Literal["processes", "inline"] = Field("processes", description="Child processes, or inside the conductor")
    processes: int | None = Field(None, ge=1, description="Runs at one time; default: by GPUs, cores and memory")
    threads: int = Field(1, ge=1, description="Threads of one run")
    run_hours: float | None = Field(None, gt=0, description="Hours that one run may take")
    run_memory_gb: float | None = Field(None, gt=0, description="Memory that one run may take, in GB")


class BookFile(Part):
    """The content of book.yaml; every key has a default."""

    book: str = Field("book", min_length=1, description="Name; default: the folder's name")
    executor: ExecutorFile = Field(ExecutorFile(), description="Where runs happen")
    ledger: str = Field("sqlite:///ledger.sqlite", pattern=URL.pattern, description="URL of the ledger's database")
    data: Mapping[str, str] = Field({}, description="Names of data roots -> path from the book, may hold ${NAME}")
    studies: tuple[str, ...] | None = Field(
        None, strict=False, description="Studies in their order; default: what starts from another comes after it"
    )


def load_book(path: Path) -> BookFile:
    """Read a book's file.

    Args:
        path: book.yaml, or the folder that holds it.

    Raises:
        StudyError: with all problems, by line.
    """
    path = path / FILE if path.is_dir() else path
    faults = Faults()
    document = places.read(path, faults)
    book = read_book(document.value, faults, name=path.resolve().parent.name or "book")
    if faults:
        raise StudyError(*faults.problems(document.place))
    return book


def read_book(raw: Any, faults: Faults, *, name: str) -> BookFile:
    """A book file's plain data; what is wrong becomes faults."""
    raw = {} if raw is None else raw
    if not isinstance(raw, Mapping):
        faults.add((), f"must be a mapping of {listed(BookFile.model_fields)}; got {shown(raw)}")
        return BookFile()
    rest = {"book": name, **_known(raw, BookFile, (), faults)}
    if isinstance(rest.get("executor"), Mapping):
        rest["executor"] = _executor(rest["executor"], faults)
    _check_studies(rest.get("studies"), faults)
    try:
        return BookFile.model_validate(rest)
    except ValidationError as error:
        for at, message in messages_of(error):
            faults.add(at, message)
        return BookFile()


def _executor(raw: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    rest = _known(raw, ExecutorFile, ("executor",), faults)
    if rest.get("kind") in LATER_EXECUTORS:
        message = f"must be processes or inline; {rest['kind']}: not yet, that {LATER}"
        faults.add(("executor", "kind"), message, "kind: processes")
        del rest["kind"]
    return rest


def _known(raw: Mapping[str, Any], model: type[Part], at: tuple[str, ...], faults: Faults) -> dict[str, Any]:
    names = tuple(model.model_fields)
    for key in raw:
        if key not in names:
            faults.add(
                (*at, str(key)), f"must be one of {listed(names)}; got the key {key}", suggestion(str(key), names)
            )
    return {str(key): value for key, value in raw.items() if key in names}


def _check_studies(raw: Any, faults: Faults) -> None:
    entries = raw if isinstance(raw, list) else []
    for i, entry in enumerate(entries):
        if isinstance(entry, str) and not re.fullmatch(references.NAME, entry):
            faults.add(("studies", i), f"must be the name of a study; got {shown(entry)}", "without .study.yaml")
        elif entry in entries[:i]:
            faults.add(("studies", i), f"must name each study once; got {shown(entry)} again")
