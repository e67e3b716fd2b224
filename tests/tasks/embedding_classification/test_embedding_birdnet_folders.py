"""Folders of embeddings as BirdNET-Analyzer writes them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from table_examples import refused

from tunebook.tasks.embedding_classification import tables
from tunebook.tasks.embedding_classification.config import Data

LINES = "0.0\t3.0\t1.0,2.0\n3.0\t6.0\t3.0,4.5\n"
SPLITS = {"names": ["train", "val"]}


def folder(root: Path, files: Mapping[str, str] | list[str]) -> Path:
    """A folder with these files; those without content have two windows."""
    for name in files:
        path = root / f"{name}.birdnet.embeddings.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[name] if isinstance(files, Mapping) else LINES)
    return root


def configured(root: Path, **changes) -> Data:
    return Data.model_validate({"table": str(root), "split": SPLITS, **changes})


def test_a_window_is_a_row(tmp_path: Path):
    """Named by its recording and start; the recording is a column that rows can be pooled and split by."""
    folder(tmp_path, ["train/wren/XC1", "train/robin/XC2.x", "val/wren/XC3"])
    found = tables.read(configured(tmp_path, item="file", split={**SPLITS, "by": ["file"]}), tmp_path)
    train = found.splits["train"]

    assert (found.kind, found.classes) == ("multi-class", ("robin", "wren"))
    assert train.ids == ("XC2.x@0", "XC2.x@3", "XC1@0", "XC1@3")
    assert train.items == ("XC2.x", "XC2.x", "XC1", "XC1")
    assert train.embeddings.tolist() == [[1, 2], [3, 4.5]] * 2
    assert train.targets.tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]


def test_a_folder_may_list_several_classes(tmp_path: Path):
    """The task is multi-label then; folders of background and explicit negatives carry none of them."""
    folder(tmp_path, ["train/wren,robin/a", "train/wren/b", "train/-wren/c", "train/Noise/d", "val/robin/e"])
    found = tables.read(configured(tmp_path), tmp_path)
    train = found.splits["train"]

    assert (found.kind, found.classes) == ("multi-label", ("robin", "wren"))
    assert dict(zip(train.ids, train.targets.tolist(), strict=True)) == {
        "a@0": [1, 1],
        "a@3": [1, 1],
        "b@0": [0, 1],
        "b@3": [0, 1],
        "c@0": [0, 0],
        "c@3": [0, 0],
        "d@0": [0, 0],
        "d@3": [0, 0],
    }


def test_one_class_against_background_is_binary(tmp_path: Path):
    """As most custom classifiers are."""
    folder(tmp_path, ["train/wren/a", "train/background/b", "val/wren/c"])
    found = tables.read(configured(tmp_path), tmp_path)

    assert (found.kind, found.classes) == ("binary", ("wren",))
    assert found.splits["train"].targets.ravel().tolist() == [0, 0, 1, 1]


def test_without_folders_of_splits_recordings_are_dealt_out_whole(tmp_path: Path):
    """With fractions the folder holds classes; no recording stands in two splits."""
    folder(tmp_path, [f"{label}/{label}{number}" for label in ("robin", "wren") for number in range(5)])
    split = {"fractions": {"train": 0.6, "val": 0.4}, "by": ["file"]}
    found = tables.read(configured(tmp_path, split=split, item="file"), tmp_path)
    recordings = {name: set(rows.items) for name, rows in found.splits.items()}

    assert [len(each) for each in recordings.values()] == [6, 4]
    assert recordings["train"].isdisjoint(recordings["val"])


def test_a_recording_in_two_splits_is_refused(tmp_path: Path):
    """Windows of one recording are nearly copies."""
    folder(tmp_path, ["train/wren/a", "train/robin/b", "val/wren/a"])
    found = refused(lambda: tables.read(configured(tmp_path, split={**SPLITS, "by": ["file"]}), tmp_path))

    assert found == [(f"{tmp_path.name}, column file", "must keep every value in one split; got a in train and val")]


def test_only_the_files_of_the_splits_are_fingerprinted(tmp_path: Path):
    """In order; hidden files and other splits are passed over."""
    folder(tmp_path, ["train/wren/b", "train/wren/a", "train/.cache/x", "train/wren/._a", "val/wren/c", "other/wren/d"])
    (tmp_path / "train" / "wren" / "notes.txt").write_text("loud")
    found = tables.files(configured(tmp_path), tmp_path)

    assert [path.name.split(".")[0] for path in found] == ["a", "b", "c"]


def test_everything_wrong_with_the_folders_is_said_at_once(tmp_path: Path):
    """A missing split, a class without embeddings, embeddings outside a class, a split without classes."""
    folder(tmp_path, ["train/loose", "train/wren/a"])
    (tmp_path / "train" / "robin").mkdir()
    (tmp_path / "test").mkdir()
    found = refused(lambda: tables.files(configured(tmp_path, split={"names": ["train", "vall", "test"]}), tmp_path))

    assert found == [
        ("train", "must hold files in the folder of a class; got loose.birdnet.embeddings.txt"),
        ("robin", "must hold *.birdnet.embeddings.txt; it holds none"),
        ("vall", "must be a folder; it does not exist"),
        ("test", "must hold folders of classes with *.birdnet.embeddings.txt; it holds none"),
    ]


def test_everything_wrong_with_the_files_is_said_at_once(tmp_path: Path):
    """The first bad line of every file, by its number; and negatives of classes that are not there."""
    files = {
        "a": LINES,
        "b": "0.0\t3.0\t1.0,2.0\n3.0\t6.0\t1.0\n",
        "c": "0.0\t3.0\n",
        "d": "0.0\t3.0\tx,2.0\n",
        "e": "0.0\t3.0\tnan,2.0\n",
        "f": "\n",
    }
    folder(tmp_path, {f"train/wren/{name}": content for name, content in files.items()})
    folder(tmp_path, ["val/wren/g", "train/-wrenn/h"])
    found = dict(refused(lambda: tables.read(configured(tmp_path), tmp_path)))

    assert found.pop("-wrenn") == "must be the negative of a class that has a folder; got -wrenn"
    assert [place.replace(".birdnet.embeddings.txt", "") for place in found] == ["b:2", "c:1", "d:1", "e:1", "f"]
    assert found["b.birdnet.embeddings.txt:2"] == "must hold as many numbers as the embeddings before it, 2; got 1"


def test_new_recordings_need_no_folders_of_classes(tmp_path: Path):
    """All files below a folder, named as before."""
    folder(tmp_path, ["b/c/two", "one"])
    ids, embeddings, items = tables.unlabelled(configured(tmp_path, item="file"), tmp_path)

    assert ids == ("two@0", "two@3", "one@0", "one@3")
    assert embeddings.dtype == np.float32
    assert items == ("two", "two", "one", "one")


def test_a_folder_without_recordings_is_refused(tmp_path: Path):
    """As no table of new rows."""
    found = refused(lambda: tables.unlabelled(configured(tmp_path), tmp_path))

    assert found == [(tmp_path.name, "must hold *.birdnet.embeddings.txt; it holds none")]
