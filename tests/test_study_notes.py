"""A person's words on a study: where they are kept, what is refused, and that they are no facts."""

import json
from datetime import date
from pathlib import Path

import pytest
from toy_study import make_book, make_study

from tunebook import study as conductor
from tunebook.book import Book
from tunebook.errors import InputError, LedgerError
from tunebook.ledger.facts import facts
from tunebook.records import Note, Table
from tunebook.study.noting import asked_in, notes_in, notes_of

DAY = date(2030, 1, 31)


@pytest.fixture
def book(tunebook_ran: Path) -> Path:
    return tunebook_ran


@pytest.fixture
def tunebook_ran(tmp_path: Path, toy_task: object) -> Path:
    """A book whose study has been run."""
    made = make_book(tmp_path)
    loaded = Book.load(made)
    loaded.run(loaded.find("rates").study)
    return made


def noted(book: Path, text: str = "thin", choice: str = "", by: str = "Ada") -> Note:
    with Book.open(book).ledger() as ledger:
        return conductor.note(conductor.table("rates", ledger, book), ledger, text=text, by=by, choice=choice, on=DAY)


def table(book: Path) -> Table:
    with Book.open(book).look() as ledger:
        return conductor.table("rates", ledger, book)


def test_a_note_is_a_record_that_stays(book: Path):
    """One file each, in their order; the same words twice are one note; the ledger has no row of them."""
    with Book.open(book).look() as ledger:
        before = facts(ledger)
    first = noted(book)
    noted(book)
    noted(book, " on one {{toy.score on test lr=0.5}}\n", "lr=0.5")
    notes = table(book).notes

    assert first == Note("thin", "Ada", "2030-01-31")
    assert [each.text for each in notes] == ["thin", "on one {{toy.score on test lr=0.5}}"]
    assert notes[1].label == "lr=0.5"
    assert notes[1].configuration in {row.configuration for row in table(book).rows}
    assert len(list((book / "records" / "rates").glob("note-*.json"))) == 2
    with Book.open(book).ledger() as ledger:
        assert facts(ledger) == before
        assert ledger.rebuild().records == 4
        assert facts(ledger) == before


def test_an_edited_note_is_refused(book: Path):
    """By its page and by a rebuilt ledger: words that were signed are not changed."""
    noted(book)
    (path,) = (book / "records" / "rates").glob("note-*.json")
    found = json.loads(path.read_text())
    found["note"]["text"] = "thick"
    path.write_text(json.dumps(found))

    with pytest.raises(LedgerError, match="must hold the content that its name was made from"):
        table(book)
    with Book.open(book).ledger() as ledger, pytest.raises(LedgerError, match=path.name):
        ledger.rebuild()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"text": " "}, "note: must be said in words; got nothing"),
        ({"by": " "}, "by: must be a name of 1 to 60 printable characters; got ' '"),
        ({"by": "a\x1bb"}, "by: must be a name"),
        ({"choice": "lr=9"}, "note: must name a configuration; got lr=9"),
        ({"text": "{{f1}} {{toy.score on ood}}"}, "{{f1}}: must begin with a metric"),
        ({"text": "{{f1}} {{toy.score on ood}}"}, "{{toy.score on ood}}: must be on a split that has scores"),
    ],
)
def test_what_cannot_be_noted_is_refused(book: Path, said: dict[str, str], message: str):
    """With its place and all at once; nothing is kept."""
    with pytest.raises(InputError) as found:
        noted(book, **said)

    assert message in "\n".join(map(str, found.value.problems))
    assert table(book).notes == ()


def test_files_of_notes_are_read_with_the_records(book: Path):
    """The study's own, and in a book of one study that of the book; by day, unsigned words first."""
    (book / "rates.notes.md").write_text("Free.\n\n— Grace, 2030-02-01\n\nLater.\n\n-- Ada, 2030-01-01\nEarly.\n")
    (book / "notes.md").write_text("— Ada, 2030-01-02\n\n")
    (book / "other.notes.md").write_text("Of another.")
    noted(book)

    assert [(each.text, each.by, each.source) for each in table(book).notes] == [
        ("Free.", "", "rates.notes.md"),
        ("Early.", "Ada", "rates.notes.md"),
        ("thin", "Ada", ""),
        ("Later.", "Grace", "rates.notes.md"),
    ]
    (book / "notes.md").write_text("On all.")
    assert table(book).notes[0].text == "On all." or table(book).notes[1].text == "On all."
    make_study(book, "second")
    assert "On all." not in [each.text for each in notes_of("rates", book)]


def test_a_file_that_is_no_text_is_named(book: Path):
    """And there need not be one."""
    (book / "rates.notes.md").write_bytes(b"\xff\xfe\xff")

    with pytest.raises(InputError, match=r"rates\.notes\.md: must be a readable UTF-8 text file"):
        table(book)
    assert notes_in(book / "none.md") == ()


def test_notes_on_a_book_ask_studies_by_name():
    """Each is looked up once."""
    assert asked_in([Note("{{a: n}} {{ b : score }} {{n}} {{a: rule}}", "", "")]) == ("a", "b")
