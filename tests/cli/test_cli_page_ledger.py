"""`tunebook page`, `ledger`, `schema` and `simulate`."""

import json
import shutil
from pathlib import Path

import pytest
from toy_study import make_book, make_study

from tunebook import simulate


@pytest.mark.usefixtures("toy_task")
def test_pages_are_made_again_byte_for_byte(tunebook, tmp_path: Path):
    """Deleted pages come back as they were; without costs they are those of another execution of the book."""
    one, two = make_book(tmp_path / "one"), make_book(tmp_path / "two")
    for book in (one, two):
        tunebook("run", book)
    before = files(one / "pages")
    shutil.rmtree(one / "pages")
    said = tunebook("page", one)

    assert said.out.splitlines() == [
        f"rates: {one}/pages/rates.html", f"rates: {one}/pages/rates.md", f"toys: {one}/pages/index.html"
    ]  # fmt: skip
    assert files(one / "pages") == before
    for book in (one, two):
        tunebook("page", book, "--without-costs")
    assert files(one / "pages") == files(two / "pages") != before


@pytest.mark.usefixtures("toy_task")
def test_a_study_that_was_not_run_holds_up_no_page(tunebook, tmp_path: Path):
    """The page of the other is written; exit code 2 names the one without."""
    book = make_book(tmp_path)
    make_study(book, "another")
    tunebook("run", book / "rates")
    said = tunebook("page", book)

    assert said.out.startswith("rates: ")
    assert said.code == 2
    assert "another: must have been run in this book before it has a page" in said.err


@pytest.mark.usefixtures("toy_task")
def test_the_ledger_is_dumped_and_rebuilt(tunebook, tmp_path: Path):
    """Facts are lines of JSON that a rebuilt or a lost ledger repeats; a broken study file is not in the way."""
    book = make_book(tmp_path)
    tunebook("run", book)
    facts = tunebook("ledger", "dump", "--facts", book).out
    everything = tunebook("ledger", "dump", book).out
    (book / "rates.study.yaml").write_text("task: [\n")
    rebuilt = tunebook("ledger", "rebuild", book)
    (book / "ledger.sqlite").rename(book / "kept.sqlite")

    assert {json.loads(line)["fact"] for line in facts.splitlines()} == {"run", "settings", "measurement", "decision"}
    assert any("provenance" in json.loads(line) for line in everything.splitlines())
    assert (rebuilt.code, rebuilt.out) == (0, "4 runs and 2 records\n")
    assert tunebook("ledger", "dump", "--facts", book).out == facts
    assert not (book / "ledger.sqlite").exists()


def test_the_schema_of_a_task_is_printed(tunebook):
    """As JSON; an unknown task is refused with those that there are."""
    schema = json.loads(tunebook("schema", "promptable-segmentation").out)
    refused = tunebook("schema", "nothing")

    assert {"task", "base", "space"} <= set(schema["properties"])
    assert refused.code == 2
    assert "promptable-segmentation" in refused.err


def test_cells_are_simulated(tunebook, tmp_path: Path):
    """The files are those of `tunebook.simulate` with the same seed; wrong kinds are refused."""
    words = ["--seed", "3", "--kinds", "fluorescence", "--train", "2", "--val", "1", "--test", "1", "--size", "32"]
    said = tunebook("simulate", "cells", "--out", tmp_path / "a", *words)
    simulate.cells(tmp_path / "b", seed=3, kinds=("fluorescence",), train=2, val=1, test=1, size=32)
    refused = tunebook("simulate", "cells", "--out", tmp_path / "c", "--kinds", "stars")

    assert said.out == "cells: 2 train, 1 val, 1 test\n".replace("cells", str(tmp_path / "a"))
    assert {name: content for name, content in files(tmp_path / "a").items() if name.endswith(".png")} == {
        name: content for name, content in files(tmp_path / "b").items() if name.endswith(".png")
    }
    assert refused.code == 2
    assert "stars" in refused.err


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
