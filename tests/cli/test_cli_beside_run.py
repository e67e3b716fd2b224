"""What may be done while `tunebook run` holds a book."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from toy_study import make_book, make_study

from tunebook.book import Book
from tunebook.study.handed_out import UnderWay, write_under_way

pytestmark = pytest.mark.usefixtures("toy_task")


@pytest.fixture
def book(tunebook, tmp_path: Path) -> Path:
    """A book whose study has been run."""
    made = make_book(tmp_path / "book")
    tunebook("run", made)
    return made


@contextmanager
def running(book: Path) -> Iterator[None]:
    """As if a command ran the study `rates`."""
    with Book.open(book).writing():
        write_under_way(book, UnderWay("rates", [], waiting=1, kept=0, at_once=1))
        yield


def test_a_note_is_kept_while_a_study_runs(tunebook, book: Path):
    """At once, without the book's lock; the next page shows it, and a ledger that is made anew knows it."""
    page = book / "pages" / "rates.md"
    before = page.read_text()
    with running(book):
        said = tunebook("note", book, "looks good", "--by", "Ada")
        other = tunebook("note", book, "not to me", "--by", "Grace")
        meanwhile = page.read_text()
    after = tunebook("page", book)
    rebuilt = tunebook("ledger", "rebuild", book)

    assert (said.code, other.code, after.code, rebuilt.code) == (0, 0, 0, 0)
    assert "rates: tunebook run holds the book and shows it on the next page that it writes\n" in said.out
    assert meanwhile == before
    assert page.read_text().index("looks good") < page.read_text().index("not to me")


def test_the_page_of_a_running_study_is_where_run_writes_it(tunebook, book: Path):
    """It is named, and not written; a page that the command does not write is refused as ever."""
    make_study(book, "other")
    with running(book):
        said = tunebook("page", book / "rates")
        refused = tunebook("page", book / "other")

    path = book / "pages" / "rates.html"
    assert said.code == 0
    assert said.out == f"rates: {path}: tunebook run holds the book and writes it again about every minute\n"
    assert refused.code == 2
    assert "must not be in use" in refused.err


def test_ratings_wait_for_the_book(tunebook, book: Path, tmp_path: Path):
    """They are written into the folders of runs."""
    file = tmp_path / "ratings.json"
    file.write_text("{}")
    with running(book):
        said = tunebook("note", book, "--ratings", file)

    assert said.code == 2
    assert "must not be in use" in said.err
