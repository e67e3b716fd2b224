"""A new book: which task its data are of, its files, and what to run next."""

import json
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tunebook import simulate
from tunebook import study as conductor
from tunebook import task as tasks
from tunebook.book import Book
from tunebook.cli import first_program
from tunebook.cli.first_program import OwnProgram
from tunebook.cli.first_study import TOP, First, named
from tunebook.errors import DataError, InputError, Problem
from tunebook.folders import write_atomically
from tunebook.images.finding import endings
from tunebook.report.wording import counted
from tunebook.runs import baseline_cells
from tunebook.spec.book import FILE
from tunebook.spec.names import listed, suggestion
from tunebook.spec.reading import ENDING
from tunebook.spec.references import NAME
from tunebook.task import Beginning

SCRIPT = "script"
CORES = 2
"""Cores that the forecast is for."""
SLACK = 1.5
"""Seconds that a run takes to start and to score, beside its own."""
IGNORED = """\
# What `tunebook run` makes again: runs, their index, caches. Study files, notes, records and pages are kept.
/runs/
/ledger.sqlite*
/.cache/
/surveys/
/inventories/
/.lock
__pycache__/
"""
MADE_UP = "made-up"
"""Folder of the data of a book that was given none."""


@dataclass(frozen=True)
class _Plan:
    """What is to be written.

    Args:
        program: Code of train.py; empty where there is none.
        root: What book.yaml calls the data, and their path from the book; empty where the study names a file itself.
        made: Makes the data of the book, in a folder that is given; None where they are there.
        lines: What is said of the choice.
    """

    study: First
    program: str = ""
    root: Mapping[str, str] = field(default_factory=dict)
    made: Callable[[Path], None] | None = None
    lines: Sequence[str] = ()


def written(book: Path, *, task: str, data: Path | None, study: str) -> list[str]:
    """Write a book, and say what it holds and what to run next.

    Args:
        task: Name of an installed task, or `script`; empty: what the data look like.
        data: A folder or file; None: made-up data.

    Raises:
        InputError: when there is something already, or no task can use the data.
    """
    _check(book, task=task, data=data, study=study)
    if data is None:
        plan = _without_data(task, book, study)
    else:
        plan = _on_data(Path(os.path.abspath(data)), task, book, study)
    _write(plan, book)
    forecast = _forecast(book, plan.study)
    write_atomically(book / f"{study}{ENDING}", plan.study.text(forecast).encode())
    return _said(plan, book, forecast)


def _check(book: Path, *, task: str, data: Path | None, study: str) -> None:
    """Refuse what cannot begin: mistyped names, missing data, a book that is there."""
    problems = []
    known = (*tasks.names(), SCRIPT)
    if task and task not in known:
        hint = suggestion(task, known)
        problems.append(Problem("--task", f"must be one of {listed(known)}; got {task}", hint))
    if not re.fullmatch(NAME, study):
        problems.append(Problem("--study", f"must be a name of letters, digits, -, _ and .; got {study}"))
    if data is not None and not data.exists():
        problems.append(Problem(str(data), "must be a folder or a file of data; it does not exist", "correct --data"))
    if data is None and not task:
        message = "must say what it is about: --data names a folder or a file, --task a task to see on made-up data"
        tried = "; ".join(f"tunebook new {shlex.quote(str(book))} --task {name}" for name in known)
        problems.append(Problem("tunebook new", message, f"tunebook new BOOK --data DIR, or: {tried}"))
    if book.exists() and not book.is_dir():
        problems.append(Problem(str(book), "must be a folder; it is a file", "give another BOOK"))
    wanted = [FILE, f"{study}{ENDING}", ".gitignore", *([first_program.FILE] if task == SCRIPT else [])]
    wanted += [MADE_UP] if data is None else []
    there = [name for name in wanted if (book / name).exists()]
    if there:
        message = f"must be a new book; it has {listed(there)}, and nothing is overwritten"
        problems.append(Problem(str(book), message, "give another BOOK, or move what is there away"))
    if problems:
        raise InputError(*problems)


# With data ------------------------------------------------------------------------------------------------


def _on_data(data: Path, task: str, book: Path, study: str) -> _Plan:
    name, path = named(data.stem if data.is_file() else data.name), _path_from(book, data)
    if task == SCRIPT:
        return _of_program(first_program.template(study, name), {name: path})
    found, refused = _beginnings(data, [task] if task else tasks.names())
    if not found and not task and (recorded := first_program.recorded(data)) is not None:
        root = recorded_root(data)
        name = named(root.name)
        return _of_program(first_program.replay(study, name, recorded), {name: _path_from(book, root)})
    if not found:
        raise InputError(*refused, *_unfit(data, task))
    chosen = max(found, key=lambda each: found[each].certainty)
    also = [each for each in found if each != chosen]
    plan = _of_beginning(found[chosen], chosen, study, name, book)
    return replace(plan, lines=[f"  --task {each} would fit, too" for each in also])


def _beginnings(data: Path, names: Sequence[str]) -> tuple[dict[str, Beginning], list[Problem]]:
    """Task -> how it would begin, and what those say that would if the data were laid out otherwise."""
    found: dict[str, Beginning] = {}
    refused: dict[Problem, None] = {}
    for name in names:
        try:
            beginning = tasks.find(name).start(data)
        except DataError as error:
            refused |= dict.fromkeys(error.problems)
        else:
            if beginning is not None:
                found[name] = beginning
    return found, list(refused)


def _unfit(data: Path, task: str) -> list[Problem]:
    """What every task looked for, and what is there."""
    there = listed(f"{count} {ending}" for ending, count in endings(data).items()) or "nothing"
    looked = [
        f"{name} looks for: {meaning}" for name in ([task] if task else tasks.names()) if (meaning := _wanted(name))
    ]
    message = f"must hold data of {f'the task {task}' if task else 'a task'}; it has {there} (files by ending)"
    others = _beginnings(data, [name for name in tasks.names() if name != task])[0] if task else {}
    ways = [
        *looked,
        *(f"it looks like data of {other}: leave --task out" for other in others),
        f"--task {SCRIPT} writes a program of your own for any data",
    ]
    return [Problem(str(data), message, "\n    ".join(ways))]


def _wanted(task: str) -> str:
    """What the task says of the field that its data are named by."""
    fields = tasks.find(task).Config.model_fields
    data: Any = fields["data"].annotation if "data" in fields else None
    inner: Mapping[str, Any] = getattr(data, "model_fields", {})
    said = next((str(inner[name].description) for name in ("root", "table") if name in inner), "")
    return said.replace(", from the book; may hold ${NAME}", "")


def _of_beginning(beginning: Beginning, task: str, study: str, name: str, book: Path) -> _Plan:
    base, roots = dict(beginning.base), {}
    if "data.root" in base:
        roots = {name: _path_from(book, Path(base["data.root"]))}
        base["data.root"] = name
    if "data.table" in base:
        base["data.table"] = _path_from(book, Path(base["data.table"]))
    first = First(
        study=study,
        question=beginning.question or "Put your question here; it stands at the top of the page.",
        task=task,
        found=beginning.found or name,
        base=base,
        space=beginning.space,
        why=beginning.why,
        select=beginning.select,
        splits=beginning.splits,
        metrics=beginning.metrics,
        prefer=beginning.prefer,
        seconds=beginning.seconds,
    )
    return _Plan(first, root=roots)


# Own programs ---------------------------------------------------------------------------------------------


def _of_program(program: OwnProgram, roots: Mapping[str, str]) -> _Plan:
    return _Plan(program.study, program=program.code, root=roots)


def recorded_root(data: Path) -> Path:
    """The folder of recorded tables."""
    return data.parent if data.is_file() else data


# Without data ---------------------------------------------------------------------------------------------


def _without_data(task: str, book: Path, study: str) -> _Plan:
    """A program on bundled data, or a task on data that are made up below the book."""
    if task == SCRIPT:
        return _of_program(first_program.bundled(study), {})
    if task not in SIMULATED:
        message = f"must be given data: none can be made up for {task}"
        raise InputError(Problem("--data", message, f"tunebook new {shlex.quote(str(book))} --task {task} --data DIR"))
    data = Path(os.path.abspath(book)) / MADE_UP
    SIMULATED[task](data)
    found, refused = _beginnings(data, [task])
    if task not in found:
        raise InputError(*refused)
    return _of_beginning(found[task], task, study, MADE_UP, book)


def _cells(out: Path) -> None:
    simulate.cells(out, seed=0, kinds=("membrane",), train=12, val=4, test=6, size=128)


def _scans(out: Path) -> None:
    simulate.scans(out, seed=0, train=6, val=3, test=3, size=192)


def _embeddings(out: Path) -> None:
    simulate.embeddings(out, seed=0)


SIMULATED: Mapping[str, Callable[[Path], None]] = {
    "binary-segmentation": _scans,
    "embedding-classification": _embeddings,
    "promptable-segmentation": _cells,
}
"""Task -> what makes up data for it."""


# Writing --------------------------------------------------------------------------------------------------


def _path_from(book: Path, data: Path) -> str:
    """A path as the book writes it: from the book where both lie in one folder, else absolute."""
    home = Path(os.path.abspath(book))
    if data.is_relative_to(home.parent) and home.parent != Path(home.anchor):
        return Path(os.path.relpath(data, home)).as_posix()
    return data.as_posix()


def _write(plan: _Plan, book: Path) -> None:
    book.mkdir(parents=True, exist_ok=True)
    name = named(Path(os.path.abspath(book)).name)
    lines = [
        "# What all studies of this book share: where their data are, and where runs happen.",
        f"book: {name}",
    ]
    if plan.root:
        lines += ["data:                                       # a name for each data set -> its path from this folder"]
        lines += [f"  {root}: {json.dumps(path, ensure_ascii=False)}" for root, path in plan.root.items()]
    lines += ["# executor: {processes: 2, threads: 1}      # runs at one time, and the threads of each"]
    write_atomically(book / FILE, ("\n".join(lines) + "\n").encode())
    write_atomically(book / ".gitignore", IGNORED.encode())
    if plan.program:
        write_atomically(book / first_program.FILE, plan.program.encode())
    write_atomically(book / f"{plan.study.study}{ENDING}", plan.study.text().encode())


def _said(plan: _Plan, book: Path, forecast: str) -> list[str]:
    """What was written, and what to run next."""
    here, study = shlex.quote(str(book)), plan.study
    what = f"edit {book / first_program.FILE}; " if plan.program else ""
    rows = (
        [f"tunebook look {here}", "what the data hold"],
        [f"tunebook check {here}", "what the study would run, and every mistake in it"],
        [f"tunebook run {here}", forecast],
        [
            f"{book / 'pages' / study.study}.html",
            f"the page, once it ran; {what}the study is {book / study.study}{ENDING}",
        ],
    )
    width = max(len(row[0]) for row in rows)
    return [
        f"{book}: {study.task} for {study.found}",
        *plan.lines,
        *(f"  {words:<{width}}  {said}" for words, said in rows),
    ]


def _forecast(book: Path, study: First) -> str:
    """How many runs the study has, with its baselines and those that confirm its best, and how long they take."""
    loaded = Book.load(book)
    declared = loaded.find(study.study).study
    with loaded.look() as ledger:
        plan = conductor.lay_out(declared, ledger).plan
    baselines = baseline_cells(plan, tasks.find(declared.task))
    runs = plan.counts.runs + len(baselines) + TOP * study.fresh
    if not study.seconds:
        return counted(runs, "run")
    minutes = max(1, round(runs * (study.seconds + SLACK) / 60 / CORES))
    return f"{counted(runs, 'run')}, about {counted(minutes, 'minute')} on {CORES} CPU cores"
