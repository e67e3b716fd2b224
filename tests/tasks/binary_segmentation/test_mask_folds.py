"""Scans dealt out by fractions and folds, from one folder and from a CSV file."""

import numpy as np
import pytest
from test_mask_scans import BLOT, GREY, configured, refused, save, write_splits

from tunebook.errors import DataError
from tunebook.fingerprints import FingerprintCache, of_inputs
from tunebook.spec.canonical import configuration
from tunebook.tasks.binary_segmentation import TASK
from tunebook.tasks.binary_segmentation.scans import SPLITS, every

SHARES = {"train": 0.5, "val": 0.25, "test": 0.25}


def write_folder(folder, names) -> None:
    """images/ and masks/ directly in a folder."""
    for name in names:
        save(folder / "images" / f"{name}.png", GREY)
        save(folder / "masks" / f"{name}.png", BLOT)


def names(config, book) -> dict[str, list[str]]:
    return {split: [scan.name for scan in found] for split, found in every(config, book).items()}


def test_one_folder_is_dealt_out_by_slide(tmp_path):
    """Images directly below root; all tiles of a slide are in one split."""
    write_folder(tmp_path / "pages", [f"s{slide}_{at}" for slide in range(4) for at in range(2)])
    found = names(configured(split={"fractions": SHARES, "by": r"^(s\d)_"}), tmp_path)

    assert [len(found[split]) for split in SPLITS] == [4, 2, 2]
    assert len({(split, name[:2]) for split in SPLITS for name in found[split]}) == 4


def test_the_training_folder_is_dealt_out_beside_a_test_folder(tmp_path):
    """One number takes val from train; test is the folder that there is."""
    write_splits(tmp_path / "pages", train=[f"a{at}" for at in range(4)], test=["x"])
    found = names(configured(split={"fractions": 0.25}), tmp_path)

    assert [len(found[split]) for split in SPLITS] == [3, 1, 1]
    assert found["test"] == ["x"]


def test_a_csv_file_is_dealt_out_by_a_column(tmp_path):
    """It needs no column split then; a column that it has not is refused."""
    write_folder(tmp_path, [f"p{at}" for at in range(8)])
    lines = [f"images/p{at}.png,masks/p{at}.png,animal{at // 2}" for at in range(8)]
    (tmp_path / "pages.csv").write_text("\n".join(["image,mask,animal", *lines]))
    found = names(configured(root="pages.csv", split={"fractions": SHARES, "by": "animal"}), tmp_path)

    assert len({(split, int(name[1:]) // 2) for split in SPLITS for name in found[split]}) == 4
    config = configured(root="pages.csv", split={"fractions": SHARES, "by": "slide"})
    assert "it lacks slide and has image, mask, animal" in refused(every, config, tmp_path)[0][1]


def test_folds_part_train_and_val(tmp_path):
    """Every scan of both is val once; a folder val need not be there; the fingerprint is that of all files."""
    write_splits(tmp_path / "pages", train=[f"a{at}" for at in range(4)], val=["v0", "v1"], test=["x"])
    configs = [configured(folds=3, fold=fold) for fold in range(3)]
    found = [names(config, tmp_path) for config in configs]
    inputs = [TASK.inputs(config, tmp_path) for config in configs]
    cache = FingerprintCache(tmp_path / "cache.sqlite")
    given = of_inputs(TASK.inputs(configured(), tmp_path), cache=cache)

    assert sorted(name for each in found for name in each["val"]) == ["a0", "a1", "a2", "a3", "v0", "v1"]
    assert {tuple(each["test"]) for each in found} == {("x",)}
    assert inputs[0] == inputs[1] == inputs[2]
    assert of_inputs(inputs[0], cache=cache) == given
    (tmp_path / "pages" / "val").rename(tmp_path / "elsewhere")
    assert len(names(configs[0], tmp_path)["val"]) in (1, 2)
    assert refused(every, configured(folds=2, val="vall"), tmp_path)[0][0] == "vall"


def test_a_fold_without_foreground_to_train_on_is_refused(tmp_path):
    """Each fold is looked at when the scans are read, once for all folds."""
    write_splits(tmp_path / "pages", train=["a", "b"], val=["v"])
    for name in ("train/masks/b", "val/masks/v"):
        save(tmp_path / "pages" / f"{name}.png", np.zeros_like(BLOT))

    with pytest.raises(DataError, match="must have foreground to learn from") as caught:
        TASK.verify(configured(folds=3), tmp_path)
    assert "fold" in caught.value.problems[0].place


def test_the_way_of_dealing_is_part_of_a_run_and_nothing_else_is_new():
    """Configurations of before have none of it."""
    plain = configuration(TASK, {"data": {"root": "pages"}}).effective
    dealt = configuration(TASK, {"data": {"root": "pages", "split": {"fractions": 0.2, "seed": 1}}}).effective

    assert not {path for path in plain if path.startswith(("data.split", "data.fold"))}
    assert dealt["data.split.seed"] == 1
    assert "data.val" not in dealt
