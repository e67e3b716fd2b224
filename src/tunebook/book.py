"""A book: a folder of studies, the order in which they follow from each other, and one ledger."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tunebook import study as conductor
from tunebook import task as tasks
from tunebook.errors import InputError, Problem, StudyError
from tunebook.fingerprints import IN_BOOK, FingerprintCache
from tunebook.folders import Busy, lock
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.stopping import stop_of
from tunebook.records import Chapter, Decision
from tunebook.runs import Shelf
from tunebook.spec.book import FILE, BookFile, load_book
from tunebook.spec.program_files import installed_imports
from tunebook.spec.programs import Program
from tunebook.spec.reading import ENDING, load, name_in
from tunebook.spec.study import Study

if TYPE_CHECKING:  # to look at a book needs no analysis, no page and no executor: each is imported where it is used
    from tunebook.execute.job import Executor
    from tunebook.report import Published, Remarks, Rendered
    from tunebook.study import Allowance, Prepared

NOTES = "notes.md"
"""What people say of the whole book, beside book.yaml."""
OWN = ("runs", "records", "pages")
"""Folders of a book that Tunebook writes into."""
EXPECTED_GB = 2.0
"""Memory that a run is expected to need where book.yaml gives no `run_memory_gb`, in 10^9 bytes."""


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
        return Shelf(self.path, ledger, FingerprintCache(self.path / IN_BOOK), self.file.data)

    @contextmanager
    def place(self, prepared: "Prepared", *, needed: bool = True) -> "Iterator[Place]":
        """Where a study's runs happen, as book.yaml says; no process is started when nothing is needed."""
        from tunebook.execute.inline import Inline  # noqa: PLC0415  # heavy, and not to look at a book
        from tunebook.execute.processes import Processes  # noqa: PLC0415  # as above

        wanted = self.file.executor
        seconds = None if wanted.run_hours is None else wanted.run_hours * 3600
        allowance = conductor.Allowance(threads=wanted.threads, seconds=seconds, memory_gb=wanted.run_memory_gb)
        device = prepared.study.device
        if wanted.kind == "inline" or not needed:
            with Inline() as inline:
                reason = "1 run at once, in this process, on the CPU unless the study names a device"
                yield Place(inline, allowance, reason)
            return
        program = prepared.study.task
        worker = prepared.task.worker.partition(":")[0]  # it imports what every run needs, torch too
        with Processes(
            processes=wanted.processes,
            threads=wanted.threads,
            preload=("numpy", worker),
            warm=installed_imports(program, self.path) if isinstance(program, Program) else (),
            devices=None if device in ("auto", "cuda") else (device,),
            memory_gb=wanted.run_memory_gb or EXPECTED_GB,
        ) as processes:
            yield Place(processes, allowance.among(len(processes.places)), processes.reason)

    def run(self, study: Study, *, retry_failed: bool = False) -> Decision | None:
        """Run a study built in Python: what is missing is trained, decided and shown on its page.

        Returns:
            The decision; None while runs are missing (a limit), or when no configuration finished.

        Raises:
            InputError: for a study, data or weights that cannot be used, or a book in use.
        """
        with self.writing(), self.ledger() as ledger:
            prepared = conductor.prepare(study, self.shelf(ledger))
            whole = conductor.with_finalists(prepared, ledger)
            needed = conductor.still_to_confirm(prepared, whole) or conductor.missing(whole, retry_failed=retry_failed)
            with self.place(prepared, needed=bool(needed)) as where:
                for _ in conductor.conduct(
                    prepared, ledger, where.executor, allowance=where.allowance, retry_failed=retry_failed
                ):
                    pass
            decision = conductor.decide(prepared, ledger)
            conductor.page(study.study, ledger, self.path)
            return decision

    def chapters(self, ledger: Ledger) -> tuple[Chapter, ...]:
        """Its studies as the index shows them, in the order in which they run."""
        return tuple(_chapter(declared.study, ledger, self.path) for declared in self.studies)

    def remarks(self, ledger: Ledger) -> "Remarks":
        """What people say of the whole book in notes.md, and the tables that they ask numbers of."""
        notes = conductor.notes_in(self.path / NOTES)
        names = [declared.study.study for declared in self.studies]
        only = names[0] if len(names) == 1 else ""
        asked = [name for name in names if name == only or name in conductor.asked_in(notes)] if notes else []
        run = [name for name in asked if ledger.declared(name) is not None]
        from tunebook.report import Remarks  # noqa: PLC0415  # heavy, and not to look at a book

        return Remarks(notes, {name: conductor.table(name, ledger, self.path) for name in run}, only)

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


@dataclass(frozen=True)
class Place:
    """Where the runs of a study happen, what they may use, and a line that says why."""

    executor: "Executor"
    allowance: "Allowance"
    reason: str


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


def write_index(path: Path, ledger: Ledger) -> "Rendered":
    """Write the index of a whole book into its pages.

    Raises:
        StudyError: when a study of the book cannot be read.
    """
    from tunebook import report  # noqa: PLC0415  # heavy, and not to look at a book

    book = Book.load(path)
    chapters, remarks = book.chapters(ledger), book.remarks(ledger)
    return report.index(book.file.book, chapters, to=book.path / "pages", remarks=remarks)


def publish(
    book: Book, ledger: Ledger, *, to: Path, without_costs: bool = False, with_html: bool = False, force: bool = False
) -> "Published":
    """Write the pages of every study that was run, and the index, into a folder for GitHub and GitBook.

    Args:
        book: With all of its studies.
        to: The folder; made when it is missing. `with_html`, `force`: as `report.publish` has them.

    Raises:
        InputError: when the folder is one of the book's own, or files of somebody else are in the way.
    """
    from tunebook import report  # noqa: PLC0415  # heavy, and not to look at a book

    for name in OWN:
        if to.resolve().is_relative_to(book.path / name):
            message = f"must not be the folder {name} of the book, or in it; Tunebook keeps its own files there"
            raise InputError(Problem(str(to), message, "name another folder: docs/pages"))
    if to.exists() and not to.is_dir():
        raise InputError(Problem(str(to), "must be a folder; got a file", "name another folder"))
    run = [each.study.study for each in book.studies if ledger.declared(each.study.study) is not None]
    pages = [report.compose(conductor.table(name, ledger, book.path), without_costs=without_costs) for name in run]
    index = report.compose_index(book.file.book, book.chapters(ledger), linked=run, remarks=book.remarks(ledger))
    return report.publish(index, pages, to=to, with_html=with_html, force=force)


def _chapter(study: Study, ledger: Ledger, book: Path) -> Chapter:
    """How far a study is, what it decided, and what it takes from others."""
    from tunebook import analyse  # noqa: PLC0415  # heavy, and not to look at a book

    planned = {(entry.run, entry.length) for entry in ledger.planned(study.study)}
    outcomes = ledger.outcomes(run for run, _ in planned)
    ended = [outcomes[run].status for run in planned if run in outcomes]
    decision = ledger.decision(study.study)
    state, why = conductor.state_of(study.study, ledger), ""
    if state == "decided" and decision is not None and decision.stopped:
        why = f"its search was stopped by {decision.stopped}"
    elif state == "outdated":
        why = analyse.outdated(conductor.table(study.study, ledger, book))
    elif state == "undecided":
        why = analyse.judge(conductor.table(study.study, ledger, book)).reason
    elif state == "stopped" and (stop := stop_of(study.study, ledger)) is not None:
        why = f"stopped by {stop.reason} on {stop.on}"
    return Chapter(
        study=study.study,
        question=study.question,
        task=str(study.task),
        state=state,
        done=ended.count("finished"),
        failed=ended.count("failed"),
        planned=len(planned),
        decision=decision,
        after=tuple(_taken(study)),
        why=why,
    )


def _taken(study: Study) -> Iterator[tuple[str, str]]:
    """What a study takes from others: (study, how)."""
    if study.refine is not None:
        yield study.refine.study, "refine"
    if isinstance(study.base.get("from"), str):
        yield study.base["from"], "base"
    for name in dict.fromkeys(each.source for each in study.space.alternatives() if each.source is not None):
        yield name, "alternative"
    for name in dict.fromkeys(reference.study for reference in study.weights):
        yield name, "weights"


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
