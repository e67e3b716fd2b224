"""`tunebook compare`."""

import json
from pathlib import Path

import pytest
from toy_study import make_book, make_study


@pytest.mark.usefixtures("toy_task")
def test_two_studies_are_compared_on_what_they_share(tunebook, tmp_path: Path):
    """In words, as Markdown and as JSON; nothing is written."""
    book = make_book(tmp_path)
    make_study(book, "more", space="{lr: [0.5, 0.75]}")
    tunebook("run", book)
    before = sorted(path for path in book.rglob("*") if path.is_file())
    said = tunebook("compare", book / "rates", book / "more")
    found = json.loads(tunebook("compare", book / "rates", book / "more", "--format", "json").out)

    assert said.code == 0
    assert "1 configuration in both; 1 in rates alone (lr=0.25); 1 in more alone (lr=0.75)." in said.out
    assert tunebook("compare", book / "rates", book / "more", "--format", "markdown").out.startswith("# rates and more")
    assert (found["runs"], found["same_runs"]) == (2, 2)
    assert {each["change"]["mean"] for each in found["scores"]} == {0.0}
    assert sorted(path for path in book.rglob("*") if path.is_file()) == before


@pytest.mark.usefixtures("toy_task")
def test_a_study_is_compared_with_its_earlier_plan(tunebook, tmp_path: Path):
    """By the number of the plan: its rows, its decision and its file are those of then."""
    book = make_book(tmp_path)
    tunebook("run", book)
    make_study(book, space="{lr: [0.25, 0.5, 0.75]}")
    tunebook("run", book)
    found = json.loads(tunebook("compare", book / "rates@0", book / "rates", "--format", "json").out)

    assert (found["first"]["study"], found["second"]["study"]) == ("rates@0", "rates")
    assert (found["first"]["decision"]["label"], found["second"]["decision"]["label"]) == ("lr=0.5", "lr=0.75")
    assert found["first"]["decision"]["place"] == 2
    assert found["configurations"] == {"both": ["lr=0.5", "lr=0.25"], "first": [], "second": ["lr=0.75"]}
    assert found["file"] == ["-space: {lr: [0.25, 0.5]}", "+space: {lr: [0.25, 0.5, 0.75]}"]


@pytest.mark.usefixtures("toy_task")
def test_scoring_again_changes_scores_and_no_run(tunebook, tmp_path: Path):
    """Another threshold: the runs are the same, and what they scored by it changed."""
    book = make_book(tmp_path, report="{metrics: [toy.large], splits: [test]}")
    tunebook("run", book)
    make_study(book, report="{metrics: [toy.large], splits: [test]}", base=", threshold: 0.7")
    tunebook("run", book)
    found = json.loads(tunebook("compare", book / "rates@0", book / "rates", "--format", "json").out)
    changes = {each["metric"]: each["change"]["mean"] for each in found["scores"]}

    assert found["runs"] == found["same_runs"] == 4
    assert changes["toy.score"] == 0
    assert changes["toy.large"] < 0


@pytest.mark.usefixtures("toy_task")
def test_books_are_told_apart(tunebook, tmp_path: Path):
    """Studies of one name in two books are called by their paths."""
    for name in ("one", "two"):
        tunebook("run", make_book(tmp_path / name))
    said = tunebook("compare", tmp_path / "one" / "rates", tmp_path / "two" / "rates", "--format", "markdown").out

    assert said.startswith(f"# {tmp_path}/one/rates and {tmp_path}/two/rates".replace("_", "\\_"))


@pytest.mark.usefixtures("toy_task")
def test_a_plan_that_is_not_there_is_refused(tunebook, tmp_path: Path):
    """With exit code 2; so is a study that was never run."""
    book = make_book(tmp_path)
    unrun = tunebook("compare", book / "rates", book / "rates")
    tunebook("run", book)
    said = tunebook("compare", book / "rates@7", book / "rates")

    assert (unrun.code, said.code) == (2, 2)
    assert "must have been run in this book" in unrun.err
    assert "rates@7: must be a plan of the study" in said.err
