"""`tunebook decide`: candidates, rule, evidence, and a person's word."""

from pathlib import Path

import pytest
from toy_study import make_book, make_study

from tunebook.book import Book
from tunebook.records import Decision

pytestmark = pytest.mark.usefixtures("toy_task")
SPACE = "{lr: [0.25, 0.5, 0.75]}"
SELECT = "{rule: one-standard-error, prefer: [{lr: low}], require: [toy.score < 0.55]}"


@pytest.fixture
def book(tunebook, tmp_path: Path) -> Path:
    """A book whose study has been run: a higher rate scores better, and the highest is ruled out."""
    made = make_book(tmp_path, space=SPACE, select=SELECT, question="Which rate?")
    tunebook("run", made)
    return made


def decisions(book: Path) -> tuple[Decision, ...]:
    """What stands in the ledger, the oldest first."""
    with Book.open(book).look() as ledger:
        return tuple(ledger.decisions("rates"))


def test_candidates_rule_and_evidence_are_shown(tunebook, book: Path):
    """And nothing is written."""
    before = {path: path.stat().st_mtime_ns for path in book.rglob("*") if path.is_file()}
    said = tunebook("decide", book / "rates")

    assert (said.code, said.err) == (0, "")
    assert [" ".join(line.split()) for line in said.out.splitlines() if line.strip()] == [
        "rates: Which rate?",
        "Rule",
        "one-standard-error: of those with toy.score < 0.55, the simplest of those within one standard error of the "
        "highest mean of toy.score on val; simpler is less lr.",
        "candidate toy.score on val lr fails",
        "1 lr=0.5 0.474 ± 0.007 (n = 2) 0.5",
        "2 lr=0.25 0.284 ± 0.016 (n = 2) 0.25",
        "- lr=0.75 0.587 ± 0.002 (n = 2) 0.75 toy.score < 0.55 (toy.score is 0.587)",
        "Evidence",
        "lr=0.5 has the highest mean of toy.score on val, 0.474 ± 0.007 (n = 2), of 2 candidates.",
        "One standard error of that is 0.007: 0.0099, the pooled sd of the 3 configurations that have replicates, over "
        "the square root of 2.",
        "No other is within it, 0.467 or more: so the best mean is taken.",
        "lr=0.5 is not separated from 1 other: lr=0.25.",
        "Caveats",
        "1 configuration was not chosen among, for what is required is not met: lr=0.75: toy.score < 0.55 (toy.score "
        "is 0.587).",
        "Decision",
        "lr=0.5 is chosen by one-standard-error: toy.score 0.474 on val.",
    ]
    assert {path: path.stat().st_mtime_ns for path in book.rglob("*") if path.is_file()} == before


def test_a_person_chooses_and_withdraws(tunebook, book: Path):
    """Both stand on the page and in the ledger; the rule's choice is not forgotten."""
    chosen = tunebook("decide", book, "--choose", "lr=0.25", "--because", "it is kinder", "--by", "Ada")
    page = (book / "pages" / "rates.md").read_text()
    shown = tunebook("decide", book).out
    withdrawn = tunebook("decide", book, "--withdraw")
    found = decisions(book)

    assert chosen.code == withdrawn.code == 0
    assert chosen.out.startswith("rates: lr=0.25 is chosen by Ada on ")
    assert "because it is kinder: toy.score" in shown
    assert "it is kinder" in page
    assert [each.label for each in found] == ["lr=0.5", "lr=0.25", "lr=0.5"]
    assert (found[1].overruled.configuration, found[1].overruled.by) == (found[0].configuration, "Ada")
    assert found[0] == found[2]
    assert withdrawn.out.startswith("rates: lr=0.5 is chosen by one-standard-error: toy.score")
    assert "it is kinder" not in (book / "pages" / "rates.md").read_text()


def test_the_same_command_goes_on_with_a_persons_word(tunebook, book: Path):
    """Running the study again does not go back to the rule."""
    tunebook("decide", book, "--choose", "lr=0.25", "--because", "it is kinder", "--by", "Ada")
    said = tunebook("run", book)

    assert decisions(book)[-1].overruled.because == "it is kinder"
    assert len(decisions(book)) == 2
    assert "lr=0.25 is chosen" in said.out


def test_who_is_logged_in_has_chosen(tunebook, book: Path, monkeypatch):
    """Unless a name is given; a machine that does not know asks for one."""
    words = ["decide", book, "--choose", "lr=0.25", "--because", "so"]
    monkeypatch.setattr("getpass.getuser", lambda: "grace")
    tunebook(*words)

    def nobody() -> str:
        raise KeyError("uid")

    monkeypatch.setattr("getpass.getuser", nobody)
    refused = tunebook(*words)

    assert decisions(book)[-1].overruled.by == "grace"
    assert refused.code == 2
    assert "by: must be said: this machine does not know who is logged in" in refused.err


def test_wrong_words_are_refused(tunebook, book: Path):
    """With exit code 2, and nothing is written."""
    said = {
        words: tunebook("decide", book, *words)
        for words in (
            ("--choose", "lr=0.25"),
            ("--choose", "lr=0.25", "--because", " "),
            ("--because", "so"),
            ("--withdraw", "--by", "Ada"),
            ("--choose", "lr=1", "--because", "so"),
            ("--choose", "lr=0.5", "--because", "so"),
        )
    }
    messages = [
        "must be given with --choose; got none",
        "must be given with --choose; got none",
        "must be given with --because or --by; got none",
        "must stand alone; got it beside --choose, --because or --by",
        "choose: must name a configuration that has a score; got lr=1",
        "choose: must differ from what the rule chooses; lr=0.5 is its choice",
    ]

    assert {each.code for each in said.values()} == {2}
    assert all(message in each.err for message, each in zip(messages, said.values(), strict=True))
    assert len(decisions(book)) == 1


def test_a_study_without_a_decision_says_why(tunebook, tmp_path: Path):
    """The candidates so far are shown; it cannot be overruled, nor can one that was never run."""
    book = make_book(tmp_path, space=SPACE, limit="{runs: 2}")
    never = tunebook("decide", book)
    tunebook("run", book)
    shown = tunebook("decide", book)
    refused = tunebook("decide", book, "--choose", "lr=0.25", "--because", "so")

    assert "must have been run in this book" in never.err
    assert "have all of their runs. tunebook run rates goes on from there." in shown.out
    assert refused.code == never.code == 2


def test_one_study_is_meant(tunebook, book: Path):
    """A book with several names them."""
    make_study(book, "another")
    said = tunebook("decide", book)

    assert said.code == 2
    assert "must be one study of a book; it holds another, rates" in said.err
