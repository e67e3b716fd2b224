"""A book: a folder of studies, the order in which they follow from each other, and one ledger."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tunebook import task as tasks
from tunebook.errors import InputError, Problem, StudyError
from tunebook.fingerprints import FingerprintCache
from tunebook.folders import Busy, lock
from tunebook.ledger.ledger import Ledger
from tunebook.spec.book import BookFile, load_book
from tunebook.spec.reading import load
from tunebook.spec.study import Study

SUFFIX = ".study.yaml"


@dataclass(frozen=True)
class Declared:
    """A study as a person wrote it."""

    file: str
    """Name of its file, without the ending."""
    study: Study
    text: str


@dataclass(frozen=True)
class Book:
    """A folder of studies.

    Args:
        path: Absolute; every path in a study starts here.
        file: What book.yaml says; its defaults when there is none.
        studies: In the order in which they run.
    """

    path: Path
    file: BookFile
    studies: tuple[Declared, ...]

    @classmethod
    def load(cls, path: Path, *, only: str | None = None) -> "Book":
        """Read a book.

        Args:
            path: The book's folder.
            only: Read this study and those it builds on; None: all of them.

        Raises:
            StudyError: with the problems of all files that were read.
        """
        path = path.resolve()
        if not path.is_dir():
            raise InputError(Problem(str(path), "must be a book: a folder with study files; there is no such folder"))
        files = {file.name.removesuffix(SUFFIX): file for file in sorted(path.glob(f"*{SUFFIX}"))}
        if not files:
            raise InputError(Problem(str(path), f"must hold a study file, NAME{SUFFIX}; it holds none"))
        book_file = load_book(path / "book.yaml") if (path / "book.yaml").exists() else BookFile(book=path.name)
        declared = _read(files, only=only)
        return cls(path, book_file, _ordered(declared, first=book_file.studies or ()))

    def find(self, name: str) -> Declared:
        """The study of this name.

        Raises:
            InputError: when there is none, listing what there is.
        """
        for declared in self.studies:
            if declared.study.study == name:
                return declared
        names = ", ".join(declared.study.study for declared in self.studies)
        raise InputError(Problem(str(self.path), f"must hold the study {name}; it holds {names}"))

    def ledger(self) -> Ledger:
        """Open the book's ledger."""
        return Ledger.open(self.file.ledger, book=self.path)

    @property
    def cache(self) -> FingerprintCache:
        """Where content hashes are remembered."""
        return FingerprintCache(self.path / ".cache" / "fingerprints.sqlite")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the book: one command writes at a time.

        Raises:
            InputError: when another command holds it.
        """
        try:
            with lock(self.path / ".lock"):
                yield
        except Busy as busy:
            raise InputError(
                Problem(str(self.path), "must not be in use; another tunebook command writes into it", "wait for it")
            ) from busy


def place(path: Path) -> tuple[Path, str | None]:
    """The book's folder and the study that a path means: a folder, or a study file in one.

    Raises:
        InputError: when it is neither.
    """
    if path.is_dir():
        return path, None
    if path.name.endswith(SUFFIX) and path.is_file():
        return path.parent, path.name.removesuffix(SUFFIX)
    hint = "tunebook run BOOK, or tunebook run BOOK/NAME.study.yaml"
    raise InputError(Problem(str(path), f"must be a book's folder or a study file (NAME{SUFFIX})", hint))


def _read(files: dict[str, Path], *, only: str | None) -> dict[str, Declared]:
    """Read the wanted studies and what they refer to, collecting the problems of all of them."""
    wanted = list(files) if only is None else [only]
    found: dict[str, Declared] = {}
    problems: list[Problem] = []
    while wanted:
        name = wanted.pop(0)
        if name in found or name not in files:
            continue
        try:
            study = load(files[name], tasks.find)
        except StudyError as error:
            problems += error.problems
            continue
        found[name] = Declared(name, study, files[name].read_text())
        for reference in study.references:
            if reference not in files:
                known = ", ".join(files)
                message = f"must refer to studies of the book ({known}); got {reference}"
                problems.append(Problem(files[name].name, message))
            wanted.append(reference)
    if problems:
        raise StudyError(*problems)
    return found


def _ordered(declared: dict[str, Declared], *, first: Sequence[str]) -> tuple[Declared, ...]:
    """Every study after those it refers to; else as book.yaml lists them, then by name."""
    names = [name for name in first if name in declared]
    names += sorted(name for name in declared if name not in names)
    ordered: list[str] = []

    def add(name: str, *, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            raise StudyError(Problem("book", f"must be a chain of studies; these refer to each other: {circle}"))
        if name in ordered:
            return
        for reference in declared[name].study.references:
            add(reference, path=(*path, name))
        ordered.append(name)

    for name in names:
        add(name, path=())
    return tuple(declared[name] for name in ordered)
