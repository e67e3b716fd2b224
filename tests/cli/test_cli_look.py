"""`tunebook look`: data of a task, of a book, and of nobody."""

from pathlib import Path

import numpy as np
import polars
import pytest
from conftest import Command
from toy_study import make_book, make_data

from tunebook import simulate


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """A few small simulated images with labels."""
    simulate.cells(tmp_path / "cells", seed=0, kinds=("phase",), train=2, val=1, test=1, size=64)
    return tmp_path / "cells"


def test_a_folder_is_told_split_by_split(tunebook: Command, cells: Path):
    """The surest task is taken; nothing is written."""
    before = sorted(cells.rglob("*"))
    said = tunebook("look", cells)

    assert said.code == 0, said.err
    assert said.out.startswith("cells: promptable-segmentation")
    assert "2 train, 1 val and 1 test images of 64 × 64 px" in said.out
    assert f"with pictures: tunebook look {cells} --to data.html" in said.out
    assert sorted(cells.rglob("*")) == before


def test_what_is_odd_is_listed(tunebook: Command, cells: Path):
    """Also where a training would refuse the folder."""
    (cells / "train" / "images" / "notes.txt").write_text("by me")
    said = tunebook("look", cells, "--task", "promptable-segmentation")

    assert said.code == 0, said.err
    assert "  ! 1 file is no PNG or TIFF: train/images/notes.txt." in said.out


def test_a_page_needs_no_other_file(tunebook: Command, cells: Path, tmp_path: Path):
    """One HTML file with a contact sheet in it."""
    said = tunebook("look", cells, "--to", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()

    assert said.code == 0, said.err
    assert text.count("data:image/png;base64,") == 8
    assert "Made by Tunebook from these data" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cells", "page.html"]


def test_a_page_is_html(tunebook: Command, cells: Path, tmp_path: Path):
    """No other file is written over by mistake."""
    said = tunebook("look", cells, "--to", tmp_path / "page.md")

    assert said.code == 2
    assert "must be the name of an HTML file" in said.err


def test_a_table_is_told(tunebook: Command, tmp_path: Path):
    """Rows and classes."""
    rng = np.random.default_rng(0)
    polars.DataFrame(
        {
            "label": ["wren", "robin", "owl"] * 20,
            "split": ["train"] * 40 + ["val"] * 10 + ["test"] * 10,
            "embedding": rng.normal(size=(60, 8)).astype(np.float32),
        }
    ).write_parquet(tmp_path / "birds.parquet")
    said = tunebook("look", tmp_path / "birds.parquet")

    assert said.code == 0, said.err
    assert "40 train, 10 val and 10 test rows with 3 classes (multi-class) and embeddings of 8 numbers." in said.out


def test_data_that_nobody_knows(tunebook: Command, tmp_path: Path):
    """What was looked for, and what is there."""
    for name in ("a.docx", "b.docx", "c.xyz"):
        (tmp_path / name).write_text("?")
    said = tunebook("look", tmp_path)

    assert said.code == 2
    assert "must hold data that a task knows; it holds 2 .docx, 1 .xyz" in said.err
    assert "binary-segmentation: Folder with the splits" in said.err


def test_data_that_are_not_there(tunebook: Command, tmp_path: Path):
    """The path is named."""
    said = tunebook("look", tmp_path / "nowhere")

    assert said.code == 2
    assert f"{tmp_path / 'nowhere'}: must be a folder or a file; there is none" in said.err


def test_a_named_task_says_what_is_wrong(tunebook: Command, tmp_path: Path):
    """With the data as its own."""
    (tmp_path / "a.docx").write_text("?")
    said = tunebook("look", tmp_path, "--task", "binary-segmentation")

    assert said.code == 2
    assert "train: must be a folder with images and masks; it does not exist" in said.err


@pytest.mark.usefixtures("toy_task")
def test_a_book_shows_the_data_of_its_studies(tunebook: Command, tmp_path: Path):
    """Each data set once, by the name that the study gives it; nothing is written into the book."""
    book = make_book(tmp_path / "book", base=", data.reading: looked at", across="[{data.root: [cells, other]}]")
    make_data(book, "other", value=0.25)
    before = sorted(book.rglob("*"))
    said = tunebook("look", book)

    assert said.code == 0, said.err
    assert [line for line in said.out.splitlines() if "toy" in line] == ["cells: toy, rates", "other: toy, rates"]
    assert "  ! 1 number is <odd>: train/a.txt." in said.out
    assert sorted(book.rglob("*")) == before


@pytest.mark.usefixtures("toy_task")
def test_check_counts_what_is_odd(tunebook: Command, tmp_path: Path):
    """It hinders no run: a line, and where to look."""
    book = make_book(tmp_path / "book", base=", data.reading: looked at")
    said = tunebook("check", book)

    assert said.code == 0, said.err
    assert f"2 odd things in cells: tunebook look {book / 'rates.study.yaml'} says what" in said.out


def test_splits_that_are_dealt_out_are_told_as_such(tunebook: Command, tmp_path: Path):
    """Nothing is split in one folder, nor in a table without a column: on the terminal and on the page."""
    simulate.cells(tmp_path / "cells", seed=0, kinds=("phase",), train=10, val=0, test=0, size=64)
    said = tunebook("look", tmp_path / "cells" / "train", "--to", tmp_path / "page.html")
    note = "Not all splits are given: these are dealt out as `tunebook new` would write it, by data.split.fractions."

    assert said.code == 0, said.err
    assert note in said.out.splitlines()
    assert ", dealt out by data.split.fractions. Nothing odd" in said.out
    assert note.replace("`", "") in (tmp_path / "page.html").read_text().replace("<code>", "").replace(
        "</code>", ""
    ).replace("`", "")


def test_folds_are_told_as_such(tunebook: Command, tmp_path: Path):
    """What is shown is the first of them."""
    rng = np.random.default_rng(0)
    polars.DataFrame(
        {"label": ["wren", "robin"] * 30, "embedding": rng.normal(size=(60, 8)).astype(np.float32)}
    ).write_parquet(tmp_path / "birds.parquet")
    assert tunebook("new", tmp_path / "book", "--data", tmp_path / "birds.parquet").code == 0
    (file,) = (tmp_path / "book").glob("*.study.yaml")
    file.write_text(file.read_text().replace("    split: ", "    folds: 5\n    split: "))
    said = tunebook("look", tmp_path / "book")

    assert said.code == 0, said.err
    assert "This is the first of 5 folds: others have other items in train and val." in said.out.splitlines()
