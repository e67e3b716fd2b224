"""`tunebook score`: what is predicted is scored as the study asks by now."""

from pathlib import Path

import pytest
from toy_study import make_book, make_study, trained

pytestmark = pytest.mark.usefixtures("toy_task")


def test_another_threshold_is_scored_and_what_changed_is_said(tunebook, tmp_path: Path):
    """Nothing is trained or predicted; the decision before and after, and the largest change of a mean."""
    book = make_book(tmp_path, select="{metric: toy.large}")
    tunebook("run", book)
    predictions = (book / "predicted.txt").read_text()
    make_study(book, select="{metric: toy.large}", base=", threshold: 0.3")
    said = tunebook("score", book / "rates")

    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == "rates: 4 runs scored"
    assert lines[1].startswith("rates: lr=0.5 is chosen: toy.large 1.000 on val; it was lr=0.")
    assert lines[2].startswith("rates: largest change of a mean: toy.large on ")
    assert lines[3:5] == [f"rates: {book}/pages/rates.html", f"rates: {book}/pages/rates.md"]
    assert len(trained(book)) == 4
    assert (book / "predicted.txt").read_text() == predictions


def test_a_second_time_there_is_nothing_to_score(tunebook, tmp_path: Path):
    """The decision is as before."""
    book = make_book(tmp_path)
    tunebook("run", book)
    said = tunebook("score", book)

    assert said.out.splitlines()[:2] == [
        "rates: nothing to score",
        "rates: lr=0.5 is chosen: toy.score 0.474 on val, as before",
    ]


def test_runs_that_are_new_are_left(tunebook, tmp_path: Path):
    """They are counted; without them there is no decision of the study as it stands."""
    book = make_book(tmp_path)
    tunebook("run", book)
    make_study(book, space="{lr: [0.25, 0.5, 0.75]}", base=", threshold: 0.3")
    said = tunebook("score", book)

    assert "rates: 4 runs scored; 2 runs left, for tunebook run to train\n" in said.out
    assert "rates: no decision as it stands; it was lr=0.5 is chosen" in said.out
    assert len(trained(book)) == 4


def test_a_study_that_was_never_run_has_nothing_to_score(tunebook, tmp_path: Path):
    """It is said, and no page is written."""
    said = tunebook("score", make_book(tmp_path))

    assert "rates: nothing to score; 4 runs left, for tunebook run to train\n" in said.out
    assert not (tmp_path / "pages" / "rates.md").exists()


def test_data_that_changed_are_named_by_check(tunebook, tmp_path: Path):
    """Files added, edited, removed and renamed since the newest plan, the first few by name; and how many runs."""
    book = make_book(tmp_path)
    tunebook("run", book)
    same = tunebook("check", book)
    cells = book / "cells"
    (cells / "train" / "0.txt").write_text("0.9")
    (cells / "val" / "1.txt").unlink()
    (cells / "test" / "0.txt").rename(cells / "test" / "7.txt")
    for name in ("2", "3", "4", "5"):
        (cells / "train" / f"{name}.txt").write_text(f"0.{name}1")
    said = tunebook("check", book)
    (inventory,) = (book / "inventories").iterdir()
    inventory.unlink()
    unknown = tunebook("check", book)

    assert "changed" not in same.out
    assert (
        "         cells changed since it was run: 4 files added (train/2.txt, train/3.txt, train/4.txt, …), "
        "1 edited (train/0.txt), 1 removed (val/1.txt), 1 renamed (test/7.txt); 4 runs of other data\n"
    ) in said.out
    assert "       4 new\n" in said.out
    assert "cells changed since it was run: which files is not known; 4 runs of other data\n" in unknown.out


def test_a_damaged_inventory_says_so(tunebook, tmp_path: Path):
    """With the way out."""
    book = make_book(tmp_path)
    tunebook("run", book)
    (inventory,) = (book / "inventories").iterdir()
    inventory.write_bytes(b"torn")
    (book / "cells" / "train" / "0.txt").write_text("0.9")
    said = tunebook("check", book)

    assert said.code == 2
    assert "must be an inventory of data" in said.err
