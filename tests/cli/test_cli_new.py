"""`tunebook new`: a book that `check` accepts, from whatever people have."""

import importlib.util
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars
import pytest
from PIL import Image

from tunebook.spec import places
from tunebook.spec.faults import Faults

REAL = {
    "dsb2018_nuclei": "promptable-segmentation",
    "usiigaci_phase": "promptable-segmentation",
    "hrf_vessels": "binary-segmentation",
    "idrid_exudates": "binary-segmentation",
    "fsdd_embeddings": "embedding-classification",
    "hpo_tables": "train.py:main",
}
SINGLE = ("fsdd_embeddings/fsdd_embeddings.parquet", "hpo_tables/hpolib__naval_propulsion.npz")
IGNORED_BY_GIT = ("/runs/", "/ledger.sqlite*", "/.cache/", "/.lock")


def studied(book: Path) -> dict[str, Any]:
    """What the only study file of a book says."""
    (file,) = book.glob("*.study.yaml")
    return dict(places.read(file, Faults()).value)


def pictures(folder: Path, *, count: int = 10, objects: int = 3, images: str = "images", labels: str = "masks") -> Path:
    """Images of 32 pixels with labels of so many values beside 0."""
    for number in range(count):
        label = np.zeros((32, 32), np.uint8)
        for value in range(objects):
            label[2 + value * 8 : 6 + value * 8, 4:20] = 255 if objects == 1 else value + 1
        random = np.random.default_rng(number)
        for name, pixels in ((images, random.integers(0, 255, (32, 32), dtype=np.uint8)), (labels, label)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / name / f"im{number}.png")
    return folder


def grid(file: Path, *, seeds: int = 5) -> Path:
    """A recorded grid of two parameters, best where both are largest."""
    keys = [f"{first}{second}" for first in range(3) for second in range(2)]
    values = [[0.5 + 0.1 * int(key[0]) + 0.01 * int(key[1]) + seed / 1000 for seed in range(seeds)] for key in keys]
    np.savez(file, keys=np.array(keys), vals=np.array(values, np.float32))
    return file


def program(book: Path) -> ModuleType:
    """The book's train.py."""
    spec = importlib.util.spec_from_file_location("train", book / "train.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def accepted(tunebook: Callable[..., Any], book: Path) -> None:
    said = tunebook("check", book)
    assert (said.code, said.err) == (0, "")


@pytest.mark.data
@pytest.mark.parametrize("folder", [*REAL, *SINGLE])
def test_new_begins_on_every_real_data_set(tunebook, tmp_path: Path, data_root: Path, folder: str):
    """Without a task being named, and `check` accepts what it wrote; so do the single files."""
    said = tunebook("new", tmp_path / "book", "--data", data_root / folder)

    assert said.code == 0, said.err
    assert studied(tmp_path / "book")["task"] == REAL[folder.partition("/")[0]]
    accepted(tunebook, tmp_path / "book")


@pytest.mark.parametrize(
    "task", ["script", "promptable-segmentation", "binary-segmentation", "embedding-classification"]
)
def test_a_task_alone_is_enough(tunebook, tmp_path: Path, task: str):
    """The book has data of its own, made up or bundled, and `check` accepts it from anywhere."""
    said = tunebook("new", tmp_path / "book", "--task", task)

    assert said.code == 0, said.err
    accepted(tunebook, tmp_path / "book")


def test_a_book_may_be_named_from_where_the_command_runs(tunebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its made-up data are found all the same."""
    monkeypatch.chdir(tmp_path)
    tunebook("new", "book", "--task", "embedding-classification")

    assert studied(tmp_path / "book")["base"]["data"]["table"] == "made-up/embeddings.parquet"
    accepted(tunebook, Path("book"))


def test_five_lines_say_what_to_run_next(tunebook, tmp_path: Path):
    """What was found; look, check and run with the number of runs; where the page will be."""
    said = tunebook("new", tmp_path / "book", "--data", pictures(tmp_path / "cells"))

    lines = said.out.splitlines()
    assert len(lines) == 5
    assert "10 images in one folder" in lines[0]
    assert [line.split()[1] for line in lines[1:4]] == ["look", "check", "run"]
    assert "17 runs, about" in lines[3]
    assert str(tmp_path / "book/pages/first.html") in lines[4]


def test_the_study_file_is_short_and_says_what_its_lines_are(tunebook, tmp_path: Path):
    """25 to 45 lines of at most 120 characters; each field and tuned parameter has its comment, the top the time."""
    tunebook("new", tmp_path / "book", "--data", pictures(tmp_path / "cells"))
    lines = (tmp_path / "book/first.study.yaml").read_text().splitlines()

    assert 25 <= len(lines) <= 45
    assert max(map(len, lines)) <= 120
    assert "17 runs, about" in lines[1]
    inside = [line for line in lines[lines.index("") :] if line.startswith("  ") and line.strip().endswith(("]", "}"))]
    assert [line for line in inside if "#" not in line] == [
        "  metrics: [ais.msa, ais.sa50, box.msa, point.msa]",
        "  splits: [test]",
    ]


def test_nothing_is_overwritten(tunebook, tmp_path: Path):
    """A book that has any of the files is refused, and stays as it is."""
    tunebook("new", tmp_path / "book", "--task", "script")
    before = {path: path.read_bytes() for path in (tmp_path / "book").iterdir()}
    said = tunebook("new", tmp_path / "book", "--task", "script")

    assert said.code == 2
    assert "must be a new book; it has book.yaml, first.study.yaml, .gitignore, train.py" in said.err
    assert {path: path.read_bytes() for path in (tmp_path / "book").iterdir()} == before


def test_git_keeps_studies_and_leaves_runs_out(tunebook, tmp_path: Path):
    """Runs, the ledger, caches and the lock are ignored; pages, records and notes are not."""
    tunebook("new", tmp_path / "book", "--task", "script")
    ignored = (tmp_path / "book/.gitignore").read_text().splitlines()

    assert set(IGNORED_BY_GIT) <= set(ignored)
    assert not any(word in line for line in ignored[1:] for word in ("pages", "records", "notes", "study"))


def test_paths_are_relative_where_data_lie_beside_the_book(tunebook, tmp_path: Path):
    """`../cells`; elsewhere they are absolute."""
    cells = pictures(tmp_path / "a/cells")
    for book, path in ((tmp_path / "a/book", "../cells"), (tmp_path / "b/book", str(cells))):
        tunebook("new", book, "--data", cells)

        assert dict(places.read(book / "book.yaml", Faults()).value)["data"] == {"cells": path}
        assert studied(book)["base"]["data"]["root"] == "cells"
        accepted(tunebook, book)


@pytest.mark.parametrize(("objects", "task"), [(1, "binary-segmentation"), (3, "promptable-segmentation")])
def test_values_decide_between_masks_and_objects(tunebook, tmp_path: Path, objects: int, task: str):
    """One value beside 0 is a mask, several are objects; the study says what was seen, and `check` accepts it."""
    tunebook("new", tmp_path / "book", "--data", pictures(tmp_path / "cells", objects=objects))

    assert studied(tmp_path / "book")["task"] == task
    assert "that were looked at" in (tmp_path / "book/first.study.yaml").read_text()
    accepted(tunebook, tmp_path / "book")


def test_a_named_task_that_does_not_fit_is_told_what_does(tunebook, tmp_path: Path):
    """With what it looks for, and what is there."""
    cells = pictures(tmp_path / "cells", objects=1)
    said = tunebook("new", tmp_path / "book", "--data", cells, "--task", "promptable-segmentation")

    assert said.code == 2
    assert "it has 20 .png (files by ending)" in said.err
    assert "promptable-segmentation looks for: Folder with the splits" in said.err
    assert "it looks like data of binary-segmentation: leave --task out" in said.err
    assert not (tmp_path / "book").exists()


def test_data_of_no_task_are_told_what_each_looks_for(tunebook, tmp_path: Path):
    """And that a program of one's own needs no layout."""
    (tmp_path / "text").mkdir()
    (tmp_path / "text/a.txt").write_text("a")
    said = tunebook("new", tmp_path / "book", "--data", tmp_path / "text")

    assert said.code == 2
    assert "it has 1 .txt (files by ending)" in said.err
    assert all(f"{task} looks for" in said.err for task in REAL.values() if task != "train.py:main")
    assert "--task script" in said.err


def test_folders_of_other_names_come_with_the_commands_that_rename_them(tunebook, tmp_path: Path):
    """`imgs` and `gt`: what to move where."""
    cells = pictures(tmp_path / "cells", images="imgs", labels="gt")
    said = tunebook("new", tmp_path / "book", "--data", cells)

    assert said.code == 2
    assert f"mv {cells}/imgs {cells}/images; mv {cells}/gt {cells}/labels" in said.err


def test_what_is_mistyped_is_refused_at_once(tunebook, tmp_path: Path):
    """A task, a study's name and missing data, together."""
    said = tunebook("new", tmp_path / "book", "--task", "skript", "--study", "a b", "--data", tmp_path / "nowhere")

    assert said.code == 2
    assert said.err.startswith("3 problems:")
    assert "did you mean script?" in said.err


def test_neither_task_nor_data_shows_both_ways(tunebook, tmp_path: Path):
    """Each task with the command that shows it."""
    said = tunebook("new", tmp_path / "book")

    assert said.code == 2
    assert "tunebook new BOOK --data DIR, or: " in said.err
    assert f"tunebook new {tmp_path / 'book'} --task script" in said.err


def test_a_table_stands_in_the_study_itself(tunebook, tmp_path: Path):
    """book.yaml names folders of data, not tables."""
    columns: Mapping[str, Any] = {
        "label": ["wren", "robin"] * 30,
        "embedding": np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32),
    }
    polars.DataFrame(columns).write_parquet(tmp_path / "birds.parquet")
    tunebook("new", tmp_path / "book", "--data", tmp_path / "birds.parquet")

    assert studied(tmp_path / "book")["base"]["data"]["table"] == "../birds.parquet"
    accepted(tunebook, tmp_path / "book")


# Own programs ---------------------------------------------------------------------------------------------


def test_a_place_for_own_code_runs_as_it_is(tunebook, tmp_path: Path):
    """Any folder; the program lists its files, and its made-up scores differ by seed."""
    (tmp_path / "spectra").mkdir()
    (tmp_path / "spectra/a.csv").write_text("1,2\n")
    tunebook("new", tmp_path / "book", "--data", tmp_path / "spectra", "--task", "script")
    main = program(tmp_path / "book").main
    config = {"lr": 1e-3, "size": 10, "data": {"root": str(tmp_path / "spectra")}}
    answers = [main(config, seed, tmp_path) for seed in (0, 1)]

    assert answers[0]["val"]["score"] != answers[1]["val"]["score"]
    assert (tmp_path / "files.txt").read_text() == str(tmp_path / "spectra/a.csv")
    accepted(tunebook, tmp_path / "book")


def test_the_bundled_program_scores_both_splits(tunebook, tmp_path: Path):
    """scikit-learn's digits, read well by a small forest."""
    tunebook("new", tmp_path / "book", "--task", "script")
    answer = program(tmp_path / "book").main({"trees": 10, "features": 8}, 0, tmp_path)

    assert min(answer["val"]["accuracy"], answer["test"]["accuracy"]) > 0.8


def test_recorded_scores_are_looked_up(tunebook, tmp_path: Path):
    """By the digits of the key and the seed; the last seed is the test, and choosing by it is refused."""
    tunebook("new", tmp_path / "book", "--data", grid(tmp_path / "small.npz"))
    main = program(tmp_path / "book").main
    config = {"p0": 2, "p1": 1, "table": "small", "data": {"root": str(tmp_path)}}

    assert main(config, 3, tmp_path)["val"]["score"] == pytest.approx(0.713)
    assert main(config, 3, tmp_path)["test"]["score"] == pytest.approx(0.714)
    with pytest.raises(ValueError, match="seed 4 was not recorded: 0 to 3 choose, the last one is the test"):
        main(config, 4, tmp_path)
    assert studied(tmp_path / "book")["space"] == {"p0": [0, 1, 2], "p1": [0, 1]}
    accepted(tunebook, tmp_path / "book")


def test_recorded_parameters_may_have_names(tunebook, tmp_path: Path):
    """A JSON file of the same stem says them with their values; one that does not fit is refused."""
    file = grid(tmp_path / "small.npz")
    file.with_suffix(".json").write_text(json.dumps({"lr": [0.1, 0.01, 0.001], "depth": [1, 2]}))
    tunebook("new", tmp_path / "book", "--data", file)

    config = {"lr": 0.001, "depth": 2, "table": "small", "data": {"root": str(tmp_path)}}
    assert program(tmp_path / "book").main(config, 0, tmp_path)["val"]["score"] == pytest.approx(0.71)
    assert studied(tmp_path / "book")["space"] == {"lr": [0.1, 0.01, 0.001], "depth": [1, 2]}

    file.with_suffix(".json").write_text('{"lr": [1]}')
    said = tunebook("new", tmp_path / "other", "--data", file)

    assert said.code == 2
    assert "must name the 2 parameters of small.npz with 3, 2 values each; it has [1]" in said.err


@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_which_way_is_better_is_a_guess_by_the_values(tunebook, tmp_path: Path, scale: float):
    """High between 0 and 1: shares of what is right; otherwise errors. The comment says that it is a guess."""
    with np.load(grid(tmp_path / "small.npz")) as arrays:
        np.savez(tmp_path / "small.npz", keys=arrays["keys"], vals=arrays["vals"] * scale)
    tunebook("new", tmp_path / "book", "--data", tmp_path / "small.npz")

    assert studied(tmp_path / "book")["metrics"] == {"score": "maximize" if scale == 1 else "minimize"}
    assert "# a guess: " in (tmp_path / "book/first.study.yaml").read_text()
