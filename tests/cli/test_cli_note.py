"""`tunebook note` with words; and the page that shows them."""

from pathlib import Path

import pytest
from toy_study import make_book

pytestmark = pytest.mark.usefixtures("toy_task")


@pytest.fixture
def book(tunebook, tmp_path: Path) -> Path:
    """A book whose study has been run."""
    made = make_book(tmp_path / "book")
    tunebook("run", made)
    return made


def test_words_are_kept_and_shown(tunebook, book: Path, monkeypatch: pytest.MonkeyPatch):
    """On the study, or on the configuration that the words before them single out; signed by who is logged in."""
    monkeypatch.setenv("LOGNAME", "grace")
    whole = tunebook("note", book, "as {{decision}} hoped", "--by", "Ada")
    one = tunebook("note", book / "rates", "lr=0.25", "loses thin cells: {{toy.score on test lr=0.25}}")
    page = (book / "pages" / "rates.md").read_text()

    assert (whole.code, one.code, whole.err, one.err) == (0, 0, "", "")
    assert whole.out.startswith("rates: noted by Ada, ")
    assert one.out.startswith("rates: noted on lr=0.25 by grace, ")
    assert "> as <ins>lr=0.5</ins> hoped" in page
    assert "**On lr=0.25**\n\n> loses thin cells: <ins>" in page
    assert "| lr=0.25 (noted by grace) |" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lr=9", "text"], "note: must name a configuration; got lr=9\n    name one of lr=0.5"),
        (["lr=0.25"], 'note: must end with a text; got lr=0.25\n    tunebook note rates "what you saw"'),
        (["loses", "thin", "cells"], 'must have its text as one word\n    tunebook note rates "what you saw"'),
        (["it has {{f1}}"], "{{f1}}: must begin with a metric (toy.score"),
        ([], 'must be given: "what you saw", or --ratings FILE'),
        (["text", "--ratings", "x.json"], "must stand alone: a file of ratings names its rater"),
    ],
)
def test_what_is_not_meant_is_refused(tunebook, book: Path, words: list[str], said: str):
    """With the way out; nothing is kept."""
    found = tunebook("note", book, *words)

    assert found.code == 2
    assert said in found.err
    assert not list((book / "records" / "rates").glob("note-*"))


def test_a_page_says_what_its_notes_ask_in_vain(tunebook, book: Path):
    """The page is made all the same, with the reason in it; so is the index."""
    (book / "rates.notes.md").write_text("{{score}} and {{f1}}")
    (book / "notes.md").write_text("— Ada, 2030-01-31\n\n{{rates: decision}}, {{other: n}}")
    said = tunebook("page", book)

    assert said.code == 0
    assert "rates: not known, from rates.notes.md, unsigned: {{f1}}: must begin with a metric" in said.err
    assert "toys: not known, from notes.md, written by Ada on 2030-01-31: {{other: n}}: must begin with" in said.err
    assert "⚠ \\{\\{f1\\}\\} (not known: " in (book / "pages" / "rates.md").read_text()
    assert "> <ins>lr=0.5</ins>, ⚠" in (book / "pages" / "index.md").read_text()
