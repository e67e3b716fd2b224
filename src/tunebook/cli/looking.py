"""What data hold: who knows them, and how that is said on the terminal and on a page of its own."""

import os
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table as Columns
from rich.text import Text

from tunebook import study as conductor
from tunebook import task as tasks
from tunebook.book import Book
from tunebook.cli.paths import chosen
from tunebook.errors import InputError, Problem
from tunebook.ledger.ledger import Ledger
from tunebook.records import DataFacts
from tunebook.report.data import grid, oddities, page, said
from tunebook.report.writing import write_alone
from tunebook.runs import survey_identity, with_roots
from tunebook.spec.fields import fields_of, nested, value_at
from tunebook.spec.reading import ENDING
from tunebook.task import Beginning, Task

MOST_FILES = 20_000
"""So many files of a folder are looked at, to say what is there."""
ENDINGS = 6
"""Endings that a message counts."""


@dataclass(frozen=True)
class Seen:
    """One data set, and what it is taken for.

    Args:
        task: Name of the task. `why`: how it was found out, behind the name.
        note: A sentence on the splits; empty where they are given.
    """

    task: str
    facts: DataFacts
    why: str = ""
    note: str = ""


def seen(data: Path, task: str, *, thumbnails: Path) -> tuple[Seen, ...]:
    """The data sets that an argument means: itself, or those of a book's studies.

    Args:
        task: Name of the task; empty: the one that is surest.
        thumbnails: A folder for the pictures of contact sheets.

    Raises:
        InputError: for data that are missing, or that no task knows.
    """
    if _is_book(data):
        return tuple(_of_book(data, task, thumbnails))
    if not data.exists():
        raise InputError(Problem(str(data), "must be a folder or a file; there is none", "correct the path"))
    data = data.resolve()
    found, beginning, others = _known(data, task)
    values = nested(dict(beginning.base)) if beginning is not None else _plain(found, data)
    facts = _surveyed(found, values, data.parent, thumbnails)
    if facts is None:
        raise InputError(Problem(str(data), f"must be data that {found.name} looks at; it looks at none"))
    also = f"; --task {' or '.join(others)} may read them too" if others else ""
    return (Seen(found.name, replace(facts, name=data.name), also, _undivided(beginning)),)


def show(found: Sequence[Seen], data: Path, *, to: Path | None) -> None:
    """Print each data set, and write the page."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for each in found:
        console.print(Text(f"{each.facts.name}: {each.task}", style="bold") + Text(each.why, style="dim"))
        console.print(Text(said(each.facts)))
        if each.note:
            console.print(Text(each.note))
        console.print(_table(each.facts), soft_wrap=False)
        for odd in oddities(each.facts):
            console.print(Text(f"  ! {odd}"))
        console.print()
    if to is None:
        console.print(Text(f"with pictures: tunebook look {shlex.quote(str(data))} --to data.html", style="dim"))
        return
    kinds = ", ".join(dict.fromkeys(each.task for each in found))
    facts = [each.facts for each in found]
    notes = [each.note for each in found if each.note]
    write_alone(page(facts, name=data.resolve().name, kind=f"Data · {kinds}", notes=notes), to)
    console.print(Text(str(to)))


def _table(facts: DataFacts) -> Columns:
    """A column for every split: what is told of them may be long, and the terminal narrow."""
    shown = grid(facts)
    columns = Columns(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    columns.add_column(style="dim")
    for row in shown.rows:
        columns.add_column(Text(row[0].text), overflow="fold")
    for at, heading in enumerate(shown.headings[1:], start=1):
        columns.add_row(heading.text, *(Text(row[at].text) for row in shown.rows))
    return columns


def _undivided(beginning: Beginning | None) -> str:
    """That the splits are those that a first study would have."""
    if beginning is None or "data.split.fractions" not in beginning.base:
        return ""
    by = beginning.base.get("data.split.by")
    whole = f", and data.split.by {', '.join([by] if isinstance(by, str) else by)}" if by else ""
    dealt = f"by data.split.fractions{whole}"
    return f"Not all splits are given: these are dealt out as `tunebook new` would write it, {dealt}."


def _in_folds(values: Mapping[str, Any]) -> str:
    """Which of several folds is shown."""
    folds = values.get("data", {}).get("folds")
    return f"This is the first of {folds} folds: others have other items in train and val." if folds else ""


# Which task -----------------------------------------------------------------------------------------------


def _known(data: Path, task: str) -> tuple[Task, Beginning | None, tuple[str, ...]]:
    """Who reads the data, how, and who else may.

    Raises:
        InputError: when no task knows them, or there is no task of this name.
    """
    if task:
        found = tasks.find(task)
        return found, found.start(data), ()
    asked = [tasks.find(name) for name in tasks.names()]
    guesses = [(beginning.certainty, found, beginning) for found in asked if (beginning := found.start(data))]
    if not guesses:
        raise InputError(_unknown(data, asked))
    guesses.sort(key=lambda guess: (-guess[0], guess[1].name))
    (_, found, beginning), *others = guesses
    return found, beginning, tuple(other.name for _, other, _ in others)


def _plain(task: Task, data: Path) -> dict[str, Any]:
    """The configuration that says where the data are and leaves all else as it is by default."""
    paths = list(_sources(task))
    if not paths:
        raise InputError(Problem("--task", f"must be a task that reads data; {task.name} reads none by itself"))
    return nested({paths[0]: str(data)})


def _surveyed(task: Task, values: Mapping[str, Any], book: Path, thumbnails: Path) -> DataFacts | None:
    try:
        config = task.Config.model_validate(values)
    except ValidationError as error:
        lacking = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
        hint = "name a study that uses them: tunebook look BOOK/NAME"
        raise InputError(
            Problem("--task", f"must be a task that needs no more than data; {lacking} too", hint)
        ) from error
    return task.survey(config, book, thumbnails=thumbnails)


def _sources(task: Task) -> dict[str, str]:
    """The fields of a task that say where data lie -> what they mean."""
    leaves = fields_of(task.Config).leaves
    return {
        path: leaf.info.description or ""
        for path, leaf in leaves.items()
        if path.startswith("data.") and leaf.identity == "path"
    }


def _unknown(data: Path, asked: Sequence[Task]) -> Problem:
    looked_for = [f"{task.name}: {meaning}" for task in asked for meaning in list(_sources(task).values())[:1]]
    lines = "\n".join(f"      {line}" for line in looked_for)
    hint = f"looked for\n{lines}\n    --task NAME says what is wrong with them as data of one task"
    return Problem(str(data), f"must hold data that a task knows; {_there(data)}", hint)


def _there(data: Path) -> str:
    """`it holds 12 .csv, 3 .txt and 1 folder`."""
    if data.is_file():
        return f"it is a {data.suffix or 'file without an ending'} file"
    counts: Counter[str] = Counter()
    for _, _, files in os.walk(data):
        counts.update(Path(name).suffix.lower() or "without an ending" for name in files)
        if counts.total() >= MOST_FILES:
            break
    listed = [f"{number:,} {ending}" for ending, number in counts.most_common(ENDINGS)]
    more = len(counts) - len(listed)
    return f"it holds {', '.join(listed) or 'no files'}{f' and {more} other kinds' if more > 0 else ''}"


# Books ----------------------------------------------------------------------------------------------------


def _is_book(data: Path) -> bool:
    if data.is_dir():
        return any(data.glob(f"*{ENDING}"))
    return data.name.endswith(ENDING) or data.with_name(data.name + ENDING).is_file()


def _of_book(where: Path, task: str, thumbnails: Path) -> Iterator[Seen]:
    """The data of a book's studies, each once, whatever is wrong with them for a run.

    Raises:
        InputError: when no study can be laid out yet, or its data are missing.
    """
    if task:
        raise InputError(Problem("--task", "must not be given with a book, whose studies name their tasks"))
    book, names = chosen(where)
    known: dict[str, None] = {}
    waiting: list[Problem] = []
    with book.look() as ledger:
        for name in names:
            study = book.find(name).study
            undecided = conductor.undecided(study, ledger)
            if set(undecided) & set(study.decisions):
                waiting.append(Problem(name, f"must wait until {', '.join(undecided)} is decided"))
                continue
            yield from _of_study(name, book, ledger, known, thumbnails)
    if waiting and not known:
        raise InputError(*waiting)


def _of_study(name: str, book: Book, ledger: Ledger, known: dict[str, None], thumbnails: Path) -> Iterator[Seen]:
    laid_out = conductor.lay_out(book.find(name).study, ledger)
    task = laid_out.task
    for cell in laid_out.plan.runs:
        values = with_roots(cell.configuration.values, book.file.data)
        sources = [str(value_at(cell.configuration.values, path)) for path in _sources(task)]
        identity = survey_identity(task, values, " ".join(sources))
        if identity in known:
            continue
        known[identity] = None
        facts = _surveyed(task, values, book.path, thumbnails / identity)
        if facts is not None:
            yield Seen(
                task.name, replace(facts, name=sources[0] if sources else facts.name), f", {name}", _in_folds(values)
            )
