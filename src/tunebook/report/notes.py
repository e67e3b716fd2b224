"""The card of what people say of a study, in their words and signed, apart from everything that is computed."""

from collections.abc import Sequence

from tunebook.records import Note, Table
from tunebook.report.cards import Card, Words
from tunebook.report.prose import formatted, plain
from tunebook.report.quoting import Source, numbers_of
from tunebook.report.wording import counted, joined

ANCHOR, HEADING = "notes", "Notes"
NAMED = 3
"""Most authors that a sentence names."""


def notes_card(table: Table) -> Card | None:
    """Every note, the oldest first; None where nobody noted anything."""
    if not table.notes:
        return None
    known = {row.configuration: row.label or row.configuration for row in table.rows}
    source = numbers_of(table)
    return Card(
        ANCHOR, HEADING, _sentence(table.notes), [_words(note, source, _about(note, known)) for note in table.notes]
    )


def words_of(notes: Sequence[Note], source: Source) -> Card:
    """The card of notes on a whole book."""
    return Card(ANCHOR, HEADING, _sentence(notes), [_words(note, source, "") for note in notes])


def mark(table: Table, configuration: str) -> str:
    """`noted by Ada`, beside a configuration that somebody noted something on; else empty."""
    names = [note.by or "somebody" for note in table.notes if configuration and note.configuration == configuration]
    return f"noted by {joined(list(dict.fromkeys(names)))}" if names else ""


def _words(note: Note, source: Source, about: str) -> Words:
    passages = formatted(note.text, source) if note.source else plain(note.text, source)
    return Words(passages, _signed(note), about)


def _about(note: Note, known: dict[str, str]) -> str:
    """What the note is on, as it is called by now."""
    if not note.configuration:
        return ""
    if note.configuration in known:
        return f"On {known[note.configuration]}"
    return f"On {note.label or note.configuration}, which is no configuration of the study as it stands"


def _signed(note: Note) -> str:
    by, on = f" by {note.by}" if note.by else "", f" on {note.on}" if note.on else ""
    if not note.source:
        return f"noted{by}{on}"
    return f"from {note.source}, {f'written{by}{on}' if by else 'unsigned'}"


def _sentence(notes: Sequence[Note]) -> str:
    names = list(dict.fromkeys(note.by for note in notes if note.by))
    who = f" by {joined(names) if len(names) <= NAMED else counted(len(names), 'person', 'people')}" if names else ""
    return (
        f"{counted(len(notes), 'note')}{who}, in their own words. Nothing that is computed here follows from them; "
        "underlined numbers in them are the ledger's, all others were typed."
    )
