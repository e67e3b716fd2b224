"""`tunebook note`: ratings that a person exported from a gallery."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from toy_study import make_book, make_study

from tunebook.book import Book
from tunebook.folders import RunFolder
from tunebook.ledger.records_files import PlannedEntry
from tunebook.records import Rating
from tunebook.runs.ratings import Noted, note_ratings

pytestmark = pytest.mark.usefixtures("toy_task")


@pytest.fixture
def book(tunebook, tmp_path: Path) -> Path:
    """A book whose study has been run: two rates on two seeds, items 0 and 1 on test."""
    made = make_book(tmp_path / "book")
    tunebook("run", made)
    return made


def planned(book: Path, study: str = "rates") -> tuple[PlannedEntry, ...]:
    with Book.open(book).look() as ledger:
        return ledger.planned(study)


def rating(entry: PlannedEntry, value: int = 4, **other: object) -> dict[str, Any]:
    """One rating as a gallery exports it."""
    usual = {"item": "0", "value": value, "blind": True, "threshold": 0.5, "on": "2030-01-31"}
    return {"run": entry.run, "configuration": entry.configuration, **usual, **other}


def export(book: Path, *ratings: object, **other: object) -> Path:
    """The file of a gallery, beside the book."""
    usual = {"format": "tunebook-ratings-1", "study": "rates", "split": "test", "rater": "Ada"}
    path = book.parent / "ratings.json"
    path.write_text(json.dumps({**usual, "ratings": list(ratings), **other}))
    return path


def kept(book: Path, entry: PlannedEntry) -> tuple[Rating, ...]:
    return RunFolder(book / "runs" / entry.run, entry.length).read_ratings()


def noted(book: Path, path: Path) -> Noted:
    """What the command does, without a page."""
    with Book.open(book).ledger() as ledger:
        return note_ratings(path, "rates", ledger, book)


def files(book: Path) -> Mapping[str, bytes]:
    """Everything in the book but its locks and its ledger."""
    return {
        str(path.relative_to(book)): path.read_bytes()
        for path in sorted(book.rglob("*"))
        if path.is_file() and "lock" not in path.name and "sqlite" not in path.name
    }


def test_ratings_are_kept_beside_their_runs(tunebook, book: Path):
    """Each with its rater, and the command says what it did."""
    first, second, *_ = planned(book)
    low = rating(second, 2, item="1", blind=False, threshold=None)
    said = tunebook("note", book, "--ratings", export(book, rating(first), low))

    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0] == "rates: 2 ratings by Ada, of 2 configurations on test: 2 new"
    assert kept(book, first) == (Rating("test", "0", 4, "Ada", True, "2030-01-31", 0.5),)
    assert kept(book, second) == (Rating("test", "1", 2, "Ada", False, "2030-01-31", None),)
    assert json.loads((book / "runs" / first.run / "ratings.jsonl").read_text()) == {
        "metric": "rating", "length": first.length, "split": "test", "item": "0", "value": 4, "rater": "Ada",
        "blind": True, "threshold": 0.5, "on": "2030-01-31",
    }  # fmt: skip


def test_the_same_file_twice_changes_nothing(tunebook, book: Path):
    """Not even a page."""
    path = export(book, *map(rating, planned(book)))
    tunebook("note", book, "--ratings", path)
    before = files(book)
    said = tunebook("note", book, "--ratings", path)

    assert said.out.splitlines()[0] == "rates: 4 ratings by Ada, of 2 configurations on test: 4 known already"
    assert files(book) == before


def test_a_later_rating_replaces_the_raters_earlier_one(book: Path):
    """The earlier one stays in the file and counts no more; another rater's, and a blind one, stand beside it."""
    first, *_ = planned(book)
    for value, other in ((4, {}), (2, {"on": "2030-02-01"}), (5, {"blind": False})):
        noted(book, export(book, rating(first, value, **other)))
    noted(book, export(book, rating(first, 1), rater=" Grace "))

    assert [(each.rater, each.blind, each.value) for each in kept(book, first)] == [
        ("Ada", False, 5), ("Ada", True, 2), ("Grace", True, 1),
    ]  # fmt: skip
    lines = (book / "runs" / first.run / "ratings.jsonl").read_text().splitlines()
    assert [json.loads(line)["value"] for line in lines] == [4, 2, 5, 1]


def test_a_rating_of_an_earlier_day_replaces_none(book: Path):
    """Files may be read in any order; of one day, what is read last counts."""
    first, *_ = planned(book)
    given = ((3, "2030-02-01"), (4, "2030-01-31"), (5, "2030-02-01"))
    found = [noted(book, export(book, rating(first, value, on=on))) for value, on in given]

    assert found == [
        Noted("Ada", "test", 1, new=1), Noted("Ada", "test", 1, outrun=1), Noted("Ada", "test", 1, replaced=1),
    ]  # fmt: skip
    assert [each.value for each in kept(book, first)] == [5]


def test_everything_wrong_is_said_at_once(tunebook, book: Path):
    """With its place, what it must be, what it is, and exit code 2; nothing is written."""
    first, second, *_ = planned(book)
    bad = [
        rating(first, 6),
        rating(first, True, item="1", on="31.1.2030"),
        rating(second, run="beef"),
        rating(second, item="7", threshold=1.5),
        rating(second, configuration="cafe", blind="yes"),
        rating(second, run="beef", colour="red"),
        rating(first),
        7,
    ]
    before = files(book)
    path = export(book, *bad, study="other", split="ood", rater="\u202e")
    said = tunebook("note", book, "--ratings", path)

    assert said.code == 2
    assert [line.removeprefix(f"  {path}: ") for line in said.err.splitlines() if not line.startswith("    ")] == [
        "14 problems:",
        'study: must be rates, the study that is noted; got "other"',
        'split: must be a split that the study judges (val, test); got "ood"',
        'rater: must be a name of 1 to 60 printable characters; got "\\u202e"',
        "ratings[0].value: must be a whole number from 1 to 5; got 6",
        "ratings[1].value: must be a whole number from 1 to 5; got true",
        'ratings[1].on: must be a day like 2030-01-31; got "31.1.2030"',
        'ratings[2].run and 1 more: must be a run of rates; got "beef"',
        "ratings[3].threshold: must be a number from 0 to 1, or null; got 1.5",
        'ratings[4].blind: must be true or false; got "yes"',
        f'ratings[4].configuration: must be that of run {second.run}, {second.configuration}; got "cafe"',
        'ratings[5]: must have no fields but run, configuration, item, value, blind, threshold, on; got "colour"',
        "ratings[7]: must be an object; got a number",
        "ratings[5]: must be of a mask that ratings[2] is not of; got the same",
        "ratings[6]: must be of a mask that ratings[0] is not of; got the same",
    ]
    assert said.err.count("\n    ") == 14
    assert files(book) == before


def test_an_item_must_have_been_predicted(tunebook, book: Path):
    """By that run, on that split; the page is of another data set else."""
    first, *_ = planned(book)
    said = tunebook("note", book, "--ratings", export(book, rating(first, item="7"), rating(first, item="../0")))

    assert said.code == 2
    assert f'must be an item of test that run {first.run} predicted (0, 1); got "7"' in said.err
    assert f'must be an item of test that run {first.run} predicted (0, 1); got "../0"' in said.err


def test_what_is_no_export_is_refused(tunebook, book: Path):
    """It says what the file must be."""
    path = book.parent / "ratings.json"
    texts = {
        "{": "must be JSON as a gallery exports it; got Expecting property name",
        "[]": "must be an object with the format tunebook-ratings-1; got a list",
        '{"format": "ratings-9"}': 'must be an object with the format tunebook-ratings-1; got "ratings-9"',
        '{"format": "tunebook-ratings-1"}': "ratings: must be given; got none",
    }
    for text, got in texts.items():
        path.write_text(text)
        said = tunebook("note", book, "--ratings", path)

        assert said.code == 2
        assert got in said.err


def test_a_study_without_runs_cannot_be_rated(tunebook, book: Path):
    """It says what to do first; a file that is not there is named."""
    make_study(book, "later")
    unrun = tunebook("note", book / "later", "--ratings", export(book, study="later"))
    gone = tunebook("note", book / "rates", "--ratings", book / "gone.json")

    assert (unrun.code, gone.code) == (2, 2)
    assert "later: must have been run in this book before it is rated\n    tunebook run later" in unrun.err
    assert "gone.json: must be a file or a folder that can be used" in gone.err


def test_runs_of_an_earlier_plan_can_be_rated(tunebook, book: Path):
    """A page that was made before the study changed is still of its runs."""
    first, *_ = planned(book)
    make_study(book, space="{lr: [0.75]}")
    tunebook("run", book)
    said = tunebook("note", book, "--ratings", export(book, rating(first)))

    assert first.run not in {entry.run for entry in planned(book)}
    assert said.code == 0
    assert len(kept(book, first)) == 1


def test_ratings_are_facts_and_change_no_decision(tunebook, book: Path):
    """They are on the page under a heading of their own, and in the dump of facts; all other facts stay."""
    before = tunebook("ledger", "dump", book, "--facts").out.splitlines()
    tunebook(
        "note", book, "--ratings", export(book, *(rating(entry, 5 - at) for at, entry in enumerate(planned(book))))
    )
    after = tunebook("ledger", "dump", book, "--facts").out.splitlines()
    added = [json.loads(line) for line in after if line not in before]

    assert set(before) < set(after)
    assert sorted((line["fact"], line["rater"], line["value"]) for line in added) == [
        ("rating", "Ada", value) for value in (2, 3, 4, 5)
    ]  # fmt: skip
    assert "## Ratings" in (book / "pages" / "rates.md").read_text()
