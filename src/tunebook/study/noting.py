"""A person's words: noting them for good, and reading what has been noted.

    records/<study>/note-<digest12>.json   by `tunebook note`: never edited
    <study>.notes.md                       beside the study file: written and changed by hand
    notes.md                               beside book.yaml: on the whole book, and on its study where it has only one

In the two Markdown files, a line `— Ada, 2030-01-31` begins a note that is signed so; what stands before the first
of them is unsigned.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from tunebook import analyse
from tunebook.errors import DataError, InputError, Problem
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import read_notes, write_note
from tunebook.records import Note, Table
from tunebook.report.quoting import PLACE, numbers_of, unresolved
from tunebook.spec.reading import ENDING

FILE = "notes.md"
SIGNATURE = re.compile(r"[ \t]*(?:—|–|--)[ \t]*(?P<by>[^\s,][^,]*?)[ \t]*,[ \t]*(?P<on>\d{4}-\d\d-\d\d)[ \t]*")
LONGEST_NAME = 60


def note(found: Table, ledger: Ledger, *, text: str, by: str, choice: str = "", on: date) -> Note:
    """Keep a person's words on a study or on one of its configurations.

    It is a file of its own, named by what it says, so that it may be kept while a command holds the book; two that are
    kept at once have one number and stand in the order of their names.

    Args:
        found: The study as its page shows it.
        text: May hold `{{…}}`, for which the page shows a number of the ledger.
        by: Who says it. `on`: the day.
        choice: Values that single a configuration out, or the beginning of its id; empty: the whole study.

    Raises:
        InputError: when there are no words or no name, the choice names no configuration or several, or a `{{…}}` has
            nothing behind it; nothing is kept then.
    """
    problems = [*_without_words(text, by)]
    entry = analyse.single_out(found, choice, place="note", scored=False) if choice else None
    problems += [
        Problem(f"{{{{{each.asked}}}}}", each.reason, "leave it out, or write the number yourself: it is yours then")
        for each in unresolved(text, numbers_of(found))
    ]
    if problems:
        raise InputError(*problems)
    about = {"configuration": entry.configuration, "label": entry.label} if entry else {}
    said = Note(text.strip(), by.strip(), on.isoformat(), **about)
    write_note(ledger.book, found.study, said)  # no row of the ledger: pages read the file
    return said


def notes_of(study: str, book: Path) -> tuple[Note, ...]:
    """What people say of a study, the oldest first; what has no day is first of all.

    Raises:
        LedgerError: when a record is damaged.
        InputError: when a file of notes cannot be read.
    """
    files = [f"{study}.{FILE}", *([FILE] if len(list(book.glob(f"*{ENDING}"))) == 1 else [])]
    written = [note for name in files for note in notes_in(book / name)]
    return tuple(sorted([*written, *(noted.note for noted in read_notes(book, study))], key=lambda each: each.on))


def notes_in(path: Path) -> tuple[Note, ...]:
    """The notes of a Markdown file, in its order; none where there is no file, or nothing in it.

    Raises:
        InputError: when it cannot be read.
    """
    if not path.exists():
        return ()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(Problem(str(path), f"must be a readable UTF-8 text file; got {error}")) from None
    return tuple(replace(note, source=path.name) for note in _parted(text.splitlines()) if note.text)


def asked_in(notes: Sequence[Note]) -> tuple[str, ...]:
    """The studies that notes on a whole book ask numbers of: `lora` of `{{lora: score}}`; each once."""
    asked = (found[1].partition(":") for note in notes for found in PLACE.finditer(note.text))
    return tuple(dict.fromkeys(name.strip() for name, colon, _ in asked if colon))


# Private ----------------------------------------------------------------------------------------------


def _parted(lines: Sequence[str]) -> Iterator[Note]:
    """One note for what stands below each signature."""
    held: list[str] = []
    by = on = ""
    for line in lines:
        signed = SIGNATURE.fullmatch(line)
        if signed is None:
            held.append(line)
            continue
        yield Note("\n".join(held).strip("\n"), by, on)
        held, by, on = [], signed["by"], signed["on"]
    yield Note("\n".join(held).strip("\n"), by, on)


def _without_words(text: str, by: str) -> Iterator[Problem]:
    if not text.strip():
        yield Problem("note", "must be said in words; got nothing", 'tunebook note STUDY "what you saw"')
    if not by.strip() or len(by) > LONGEST_NAME or not by.isprintable():
        yield Problem("by", f"must be a name of 1 to {LONGEST_NAME} printable characters; got {by!r}", '--by "NAME"')
