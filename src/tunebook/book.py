"""A book: a folder of studies, the order in which they follow from each other, and one ledger."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tunebook import task as tasks
from tunebook.errors import InputError, Problem, StudyError
from tunebook.fingerprints import FingerprintCache
from tunebook.folders import Busy, lock
from tunebook.ledger.ledger import Ledger
from tunebook.runs import Shelf
from tunebook.spec.book import FILE, BookFile, load_book
from tunebook.spec.reading import ENDING, load, name_in
from tunebook.spec.study import Study


@dataclass(frozen=True)
class Declared:
    """A study as a person wrote it."""

    path: Path
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
    studies: tuple[Declared, ...] = ()

    @classmethod
    def load(cls, path: Path, *, only: Path | None = None) -> "Book":
        """Read a book.

        Args:
            path: The book's folder.
            only: Read this study file and those it builds on; None: all of them.

        Raises:
            StudyError: with the problems of all files that were read.
        """
        book, problems = _opened(path)
        files = _named(book.path)
        found = _read(files, only=None if only is None else only.resolve(), problems=problems)
        problems += _unknown(book.file.studies or (), files)
        if problems:
            raise StudyError(*problems)
        return cls(book.path, book.file, _ordered(found, first=book.file.studies or ()))

    @classmethod
    def open(cls, path: Path) -> "Book":
        """A book without its studies, whatever is wrong with them.

        Raises:
            StudyError: with the problems of book.yaml.
        """
        book, problems = _opened(path)
        if problems:
            raise StudyError(*problems)
        return book

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
        """The book's ledger, to write; a fresh one is filled from the book's files."""
        return Ledger.open(self.file.ledger, book=self.path)

    def look(self) -> Ledger:
        """The book's ledger, to read: no file is made where there is none."""
        return Ledger.look(self.file.ledger, book=self.path)

    def shelf(self, ledger: Ledger) -> Shelf:
        """Where the runs of a study find what they read."""
        return Shelf(self.path, ledger, FingerprintCache(self.path / ".cache" / "fingerprints.sqlite"), self.file.data)

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


def place(path: Path) -> tuple[Path, Path | None]:
    """The book's folder and the study file that a path means: a folder, a study file, or one without its ending.

    Raises:
        InputError: when it is none of them.
    """
    if path.is_dir():
        return path, None
    for file in (path, path.with_name(path.name + ENDING)):
        if file.name.endswith(ENDING) and file.is_file():
            return file.parent, file
    message = f"must be a book's folder or a study file (NAME{ENDING}); there is none"
    raise InputError(Problem(str(path), message, f"tunebook run BOOK, or tunebook run BOOK/NAME{ENDING}"))


def _opened(path: Path) -> tuple[Book, list[Problem]]:
    """A book without its studies, and what is wrong with its file."""
    path = path.resolve()
    if not path.is_dir():
        raise InputError(Problem(str(path), "must be a book: a folder with study files; there is no such folder"))
    if not (path / FILE).exists():
        return Book(path, BookFile(book=path.name or "book")), []
    try:
        return Book(path, load_book(path)), []
    except StudyError as error:
        return Book(path, BookFile()), list(error.problems)


def _named(book: Path) -> dict[str, Path]:
    """Study name -> file, in the order of the files.

    Raises:
        StudyError: when two files have one name.
        InputError: when there is no study file.
    """
    files: dict[str, Path] = {}
    problems = []
    for file in sorted(book.glob(f"*{ENDING}")):
        name = name_in(file)
        if name in files:
            message = f"must be a study of another name; {files[name].name} is called {name} too"
            problems.append(Problem(file.name, message, "change study: in one of them"))
        files.setdefault(name, file)
    if problems:
        raise StudyError(*problems)
    if not files:
        raise InputError(Problem(str(book), f"must hold a study file, NAME{ENDING}; it holds none"))
    return files


def _read(files: Mapping[str, Path], *, only: Path | None, problems: list[Problem]) -> dict[str, Declared]:
    """Read the wanted studies and what they refer to, collecting the problems of all of them."""
    wanted = [name for name, file in files.items() if only in (None, file)]
    found: dict[str, Declared] = {}
    seen: set[str] = set()
    while wanted:
        name = wanted.pop(0)
        if name in seen:
            continue
        seen.add(name)
        try:
            study = load(files[name], tasks.find)
        except StudyError as error:
            problems += error.problems
            continue
        found[name] = Declared(files[name], study, files[name].read_text(encoding="utf-8"))
        for reference in study.references:
            if reference in files:
                wanted.append(reference)
            else:
                message = f"must refer to studies of the book ({', '.join(files)}); got {reference}"
                problems.append(Problem(files[name].name, message))
    return found


def _unknown(listed: Sequence[str], files: Mapping[str, Path]) -> list[Problem]:
    """What book.yaml lists and the book does not hold."""
    message = f"studies must be studies of the book ({', '.join(files)}); got {{}}"
    return [Problem(FILE, message.format(name)) for name in listed if name not in files]


def _ordered(declared: Mapping[str, Declared], *, first: Sequence[str]) -> tuple[Declared, ...]:
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
