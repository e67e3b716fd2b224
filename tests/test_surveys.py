"""A study's data are surveyed once, the survey is kept in the book, and the page opens with it."""

import json
import shutil
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from toy_study import make_book, make_data, make_study

from tunebook import study as conductor
from tunebook.book import Book
from tunebook.errors import InputError
from tunebook.ledger.facts import facts
from tunebook.runs import Surveyed, make_surveys, surveys
from tunebook.tasks.binary_segmentation import TASK

LOOKED_AT = ", data.reading: looked at"


@pytest.fixture
def book(tmp_path: Path, toy_task: Path) -> Path:
    """A book with one study on data that the toy can survey."""
    make_book(tmp_path / "book")
    make_study(tmp_path / "book", base=LOOKED_AT)
    return tmp_path / "book"


def plan(book: Path, name: str = "rates"):
    """The study prepared, with its plan in the ledger."""
    loaded = Book.load(book)
    declared = loaded.find(name)
    with loaded.ledger() as ledger:
        prepared = conductor.prepare(declared.study, loaded.shelf(ledger), text=declared.text)
        conductor.record_plan(prepared, ledger)
    return prepared


def page(book: Path, name: str = "rates") -> str:
    with Book.load(book).ledger() as ledger:
        return conductor.page(name, ledger, book).markdown.read_text()


def test_the_page_opens_with_the_data(book: Path):
    """In words, split by split, with what is odd and with pictures; rendered twice it is the same."""
    plan(book)
    text = page(book)

    assert text.index("## The data") < text.index("## Decision")
    assert "2 train, 2 val and 2 test numbers of one digit. 2 things are odd." in text
    assert "1 number is &lt;odd&gt;: train/a.txt." in text
    assert "(rates/data-1-1-1.png)" in text
    assert (book / "pages" / "rates" / "data-1-1-1.png").is_file()
    assert "<odd>" not in (book / "pages" / "rates.html").read_text()
    assert page(book) == text


def test_what_is_in_two_splits_is_a_finding(book: Path):
    """T406, with the items; it is looked for where there is a survey alone."""
    plan(book)

    assert "### T406" in page(book)
    assert "Splits of cells share items: the same content is in both." in page(book)


def test_a_task_that_surveys_nothing_has_no_card(tmp_path: Path, toy_task: Path):
    """Nor a folder, nor a word of T406."""
    book = make_book(tmp_path / "book")
    plan(book)

    assert "## The data" not in page(book)
    assert "T406" not in page(book)
    assert not (book / "surveys").exists()


def test_data_are_surveyed_once(book: Path):
    """Planning again changes no file of the survey, and plans nothing anew."""
    first = plan(book).surveyed
    before = {path: path.stat().st_mtime_ns for path in (book / "surveys").rglob("*")}
    plans = sorted((book / "records").rglob("plan-*"))
    again = plan(book).surveyed

    assert [each.id for each in again] == [each.id for each in first]
    assert {path: path.stat().st_mtime_ns for path in (book / "surveys").rglob("*")} == before
    assert sorted((book / "records").rglob("plan-*")) == plans


def test_edited_data_have_another_survey_and_an_older_page_keeps_its_own(book: Path):
    """A survey is of the data's content, and a plan says which of them are its own."""
    first = plan(book).surveyed[0].id
    (book / "cells" / "train" / "0.txt").write_text("0.125")
    second = plan(book).surveyed[0].id
    loaded = Book.load(book)
    with loaded.ledger() as ledger:
        older, newer = (conductor.table("rates", ledger, book, plan=number) for number in (0, 1))

    assert first != second
    assert [split.facts["least"] for split in (older.data[0].splits[0], newer.data[0].splits[0])] == ["0.5", "0.125"]


def test_moved_data_are_surveyed_no_second_time(book: Path):
    """The id holds no path; the page calls the data as the study does."""
    first = plan(book).surveyed
    (book / "cells").rename(book / "moved")
    (book / "book.yaml").write_text("book: toys\nexecutor: {kind: inline}\ndata: {cells: moved}\n")
    second = plan(book).surveyed

    assert [each.id for each in second] == [each.id for each in first]
    assert [each.name for each in second] == ["cells"]


def test_cases_are_surveyed_each(book: Path):
    """Two data sets: two surveys on one card, with their names."""
    make_data(book, "other", value=0.25)
    make_study(book, "crossed", base=LOOKED_AT, across="[{data.root: [cells, other]}]")
    plan(book, "crossed")

    assert "cells: 2 train, 2 val and 2 test numbers of one digit." in page(book, "crossed")
    assert "other: 2 train, 2 val and 2 test numbers of one digit." in page(book, "crossed")


def test_lost_pictures_leave_what_was_found_until_the_next_run(book: Path):
    """They are a copy of what the data hold, and may be deleted; what was found, T406 too, is a record of the book."""
    known = plan(book).surveyed[0].id
    whole = page(book)
    shutil.rmtree(book / "surveys")

    assert "2 train, 2 val and 2 test numbers of one digit. 2 things are odd." in page(book)
    assert "### T406" in page(book)
    assert "train-a-image.png" not in page(book)
    plan(book)
    assert page(book) == whole
    (book / "surveys" / known / "train-a-image.png").unlink()
    plan(book)
    assert page(book) == whole


def test_a_damaged_survey_is_named(book: Path):
    """With the way out."""
    known = plan(book).surveyed[0].id
    (book / "records" / f"survey-{known}.json").write_text(json.dumps({"name": "cells"}))

    with pytest.raises(InputError, match="must be a survey; got KeyError"):
        page(book)


def test_a_survey_read_back_is_the_same(book: Path):
    """Facts keep their order, and pictures lie where they are cached."""
    known = plan(book).surveyed[0]
    found = next(surveys(book, [(known.id, known.name)]))

    assert found.splits[0].name == "train"
    assert dict(found.splits[0].facts) == {"least": "0.5"}
    assert [Path(path) for path in found.pictures[0].panels.values()] == [
        book / "surveys" / known.id / "train-a-image.png"
    ]
    assert list(surveys(book, [(known.id, known.name), (known.id, known.name)])) == [replace(found, name="cells")]


def test_equal_content_is_found_in_whichever_folds_it_stands(tmp_path: Path):
    """Two equal scans in other parts than the first are both in train there, and apart in another fold."""
    pixels = {name: np.random.default_rng(at).integers(0, 255, (8, 10, 3), np.uint8) for at, name in enumerate("abct")}
    found = []
    for at, (one, other) in enumerate(combinations("abc", 2)):
        for name in "abct":
            for folder in ("images", "masks"):
                path = tmp_path / f"pages-{at}" / ("test" if name == "t" else "train") / folder / f"{name}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                held = pixels[one if name == other else name]
                Image.fromarray(held if folder == "images" else np.eye(8, 10, dtype=np.uint8)).save(path)
        values = resolved({"data": {"root": f"pages-{at}", "folds": 3, "fold": 0}})
        make_surveys([Surveyed(str(at), "pages", values)], TASK, tmp_path)
        found += [facts.twice for facts in surveys(tmp_path, [(str(at), "pages")])]

    assert all(found)
    assert [any(said.startswith("In fold ") for said in twice[:1]) for twice in found].count(True) == 1


def resolved(values: dict) -> dict:
    """A configuration of masks with every default."""
    return TASK.Config.model_validate(values).model_dump(mode="json")


def test_surveys_are_no_facts_of_the_ledger(book: Path):
    """`ledger dump --facts` is that of a book without them."""
    plan(book)
    with Book.load(book).ledger() as ledger:
        assert "survey" not in facts(ledger)
