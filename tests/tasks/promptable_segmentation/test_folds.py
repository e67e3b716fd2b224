"""Images dealt out by fractions and folds; slices of a volume stay together."""

import numpy as np
import pytest
from segmentation_examples import canonical, configured, write_png
from tests.images.container_examples import a_volume, write_hdf5

from tunebook.errors import DataError
from tunebook.fingerprints import FingerprintCache, of_inputs
from tunebook.tasks.promptable_segmentation import TASK
from tunebook.tasks.promptable_segmentation.items import SPLITS, every, items

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)
SHARES = {"train": 0.5, "val": 0.25, "test": 0.25}
RAW, LABELS = a_volume()


def write_folder(folder, names, labels="labels") -> None:
    for name in names:
        write_png(folder / "images" / f"{name}.png", GREY)
        write_png(folder / labels / f"{name}.png", (GREY > 40).astype(np.uint8))


def named(book, changes) -> dict[str, list[str]]:
    found = every(configured(changes), book)
    return {split: [item.name for item in found[split]] for split in SPLITS}


def test_one_folder_is_dealt_out_by_slide(tmp_path):
    """images/ and masks/ directly below root: all of a slide is in one split."""
    write_folder(tmp_path / "mine", [f"s{slide}_{at}" for slide in range(4) for at in range(2)], "masks")
    found = named(tmp_path, {"data.root": "mine", "data.split.fractions": SHARES, "data.split.by": r"^(s\d)_"})

    assert [len(found[split]) for split in SPLITS] == [4, 2, 2]
    assert len({(split, name[:2]) for split in SPLITS for name in found[split]}) == 4


def test_volumes_are_dealt_out_whole(tmp_path):
    """Containers directly below root: neighbouring slices never stand in two splits."""
    for number in range(4):
        write_hdf5(tmp_path / "mine" / f"v{number}.h5", {"raw": RAW, "labels": LABELS})
    found = named(tmp_path, {"data.root": "mine", "data.axis": "z", "data.split.fractions": SHARES})

    assert {split: len({name.split("-")[0] for name in names}) for split, names in found.items()} == {
        "train": 2, "val": 1, "test": 1,
    }  # fmt: skip
    assert sum(map(len, found.values())) == 4 * len(RAW)


def test_folds_part_train_and_val(tmp_path):
    """Each image of both is val once; the length and the fingerprint are those of the fold's training images."""
    for split, names in {"train": "abcd", "val": "ef", "test": "xy"}.items():
        write_folder(tmp_path / "mine" / split, names)
    plain, base = {"data.root": "mine"}, {"data.root": "mine", "data.folds": 3}
    every_fold = [{**base, "data.fold": fold} for fold in range(3)]
    found = [named(tmp_path, changes) for changes in every_fold]
    cache = FingerprintCache(tmp_path / "cache.sqlite")
    prints = [
        of_inputs([TASK.inputs(configured(each), tmp_path)[0]], cache=cache)["data"] for each in (plain, *every_fold)
    ]

    assert sorted(name for each in found for name in each["val"]) == list("abcdef")
    assert {tuple(each["test"]) for each in found} == {("x", "y")}
    assert len(items(configured(every_fold[0]), tmp_path, "train")) == 4
    assert len(set(prints)) == 1
    TASK.verify(configured(every_fold[0]), tmp_path)


def test_a_slide_in_two_given_splits_is_refused(tmp_path):
    """Where the study says what a slide is."""
    for split, name in {"train": "s1_a", "val": "s2_a", "test": "s1_b"}.items():
        write_folder(tmp_path / "mine" / split, [name])

    with pytest.raises(DataError, match="must keep every group in one split; got s1 in train and test"):
        named(tmp_path, {"data.root": "mine", "data.split.by": r"^s\d"})


def test_runs_of_before_keep_their_configuration():
    """What nobody asks for is no part of an id."""
    assert not {path for path in canonical({}).effective if path.startswith(("data.split", "data.fold"))}
    assert {"data.folds", "data.fold"} <= canonical({"data.folds": 3, "data.fold": 1}).effective.keys()
