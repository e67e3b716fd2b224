"""What folders of images seem to be: by names, and by the values of a few labels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tunebook.errors import DataError
from tunebook.images import finding
from tunebook.images.first_splits import divided


def saved(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def filled(folder: Path, names: list[str], *, images: str = "images", labels: str = "labels") -> Path:
    """Empty images and labels of these names."""
    for name in names:
        saved(folder / images / f"{name}.png", np.zeros((4, 4), np.uint8))
        saved(folder / labels / f"{name}.png", np.zeros((4, 4), np.uint8))
    return folder


def labelled(folder: Path, *labels: np.ndarray) -> finding.Held:
    for number, label in enumerate(labels):
        saved(folder / "images" / f"{number}.png", np.zeros(label.shape[:2], np.uint8))
        saved(folder / "labels" / f"{number}.png", label)
    return finding.held(finding.folders(folder))


def spots(*values: int, side: int = 24, every: int = 4, dtype: type = np.uint8) -> np.ndarray:
    """A label with these values in rows of single pixels."""
    label = np.zeros((side, side), dtype)
    for number, value in enumerate(values):
        label[1 + 2 * number, 1::every] = value
    return label


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        (("train", "val", "test", "ood"), {"train": "train", "val": "val", "test": "test"}),
        (("Training", "Validation", "Test"), {"train": "Training", "val": "Validation", "test": "Test"}),
        (("train", "valid", "dev"), {"train": "train", "val": "valid"}),
        (("a", "b"), {}),
    ],
)
def test_splits_have_several_names(names: tuple[str, ...], roles: dict[str, str]):
    """In any case of letters; the likeliest name of a split wins, and what is lacking is left out."""
    assert finding.roles(names) == roles


def test_folders_are_found_by_the_names_that_people_give_them(tmp_path: Path):
    """In the root or below it; files without a partner do not count."""
    filled(tmp_path / "Train", ["a", "b"], images="Imgs", labels="GT")
    saved(tmp_path / "Train/Imgs/alone.png", np.zeros((4, 4), np.uint8))
    (found,) = finding.folders(tmp_path)

    assert (found.name, found.images.name, found.labels.name, found.stems) == ("Train", "Imgs", "GT", ("a", "b"))
    assert finding.folders(tmp_path / "Train")[0].name == ""


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        ([spots(255), spots(255), spots()], "binary"),
        ([spots(1), spots(1)], "binary"),
        ([spots(1, every=24), spots(2, every=24)], "objects"),
        ([np.arange(64, dtype=np.uint16).reshape(8, 8)], "objects"),
        ([spots(1, 2, 3), spots(1, 2)], "classes"),
        ([spots(*range(246, 256), side=40)], "smoothed"),
        ([np.dstack([spots(255), spots(), spots()])], "binary"),
        ([np.dstack([spots(255), spots(1, 9), spots()])], "colours"),
        ([spots()], "empty"),
    ],
)
def test_values_say_what_labels_hold(tmp_path: Path, labels: list[np.ndarray], kind: str):
    """One value beside 0, objects, classes in many pieces, masks that went through JPEG, colours, nothing."""
    assert labelled(tmp_path, *labels).kind == kind


def test_a_damaged_label_is_no_crash(tmp_path: Path):
    """The task's own check names it."""
    filled(tmp_path, ["a"])
    (tmp_path / "labels/a.png").write_bytes(b"no picture")

    assert finding.held(finding.folders(tmp_path)).kind == "unreadable"


def test_labels_beside_their_images_come_with_commands_that_part_them(tmp_path: Path):
    """As Cellpose has them: what the commands leave is what tasks read."""
    for name in ("a.png", "a_masks.png", "b.png", "b_masks.png"):
        saved(tmp_path / "cells" / name, np.zeros((4, 4), np.uint8))
    with pytest.raises(DataError) as caught:
        finding.strangers(tmp_path / "cells", labels="labels")
    (problem,) = caught.value.problems
    _run(problem.hint)

    assert "a.png and a_masks.png lie together" in problem.message
    assert finding.folders(tmp_path / "cells")[0].stems == ("a", "b")


def test_splits_below_images_and_labels_come_with_commands_that_turn_them(tmp_path: Path):
    """`images/train` and `labels/train`, as YOLO has them."""
    for split in ("train", "val"):
        saved(tmp_path / "images" / split / "a.png", np.zeros((4, 4), np.uint8))
        saved(tmp_path / "labels" / split / "a.png", np.zeros((4, 4), np.uint8))
    with pytest.raises(DataError) as caught:
        finding.strangers(tmp_path, labels="labels")
    _run(caught.value.problems[0].hint)

    assert [folder.name for folder in finding.folders(tmp_path)] == ["train", "val"]


def test_other_kinds_of_files_are_named(tmp_path: Path):
    """JPEG images beside PNG masks are to be converted."""
    filled(tmp_path, [])
    for folder, ending in (("images", "jpg"), ("labels", "png")):
        saved(tmp_path / folder / f"a.{ending}", np.zeros((4, 4), np.uint8))
    (tmp_path / "labels/a.png").rename(tmp_path / "labels/b.png")
    with pytest.raises(DataError, match="it holds 1 others, a.jpg first"):
        finding.strangers(tmp_path, labels="labels")


def test_endings_are_counted(tmp_path: Path):
    """The most frequent first; hidden files do not count."""
    for name in ("a.png", "b.PNG", "c.txt", ".hidden"):
        (tmp_path / name).write_bytes(b"")

    assert finding.endings(tmp_path) == {".png": 2, ".txt": 1}


# Splits ---------------------------------------------------------------------------------------------------


def test_splits_that_are_there_are_named_where_their_names_are_others(tmp_path: Path):
    """What is as a task has it by itself is left out; folders that are none of the three are mentioned."""
    for name in ("train", "Validation", "test", "stained"):
        filled(tmp_path / name, ["a", "b"])
    found = divided(tmp_path, finding.folders(tmp_path))

    assert found.base == {"data.val": "Validation", "data.test": "test"}
    assert found.why["data.test"] == "what is reported; there is also stained"
    assert found.found == "2 train, 2 val and 2 test images"


def test_a_split_that_lacks_is_dealt_out_of_training(tmp_path: Path):
    """As Cellpose's train and test: val is a quarter of train."""
    filled(tmp_path / "train", [f"a{number}" for number in range(8)])
    filled(tmp_path / "test", ["b"])

    assert divided(tmp_path, finding.folders(tmp_path)).base == {"data.split.fractions": {"train": 0.75, "val": 0.25}}


def test_names_with_numbers_at_their_end_are_groups(tmp_path: Path):
    """Crops of one slide stay together; names that are all of one group, or each of its own, are none."""
    crops = filled(tmp_path / "crops", [f"s{slide}_x{x}_y0" for slide in "abcdef" for x in (0, 256)])
    single = filled(tmp_path / "single", [f"image_{number}" for number in range(12)])

    assert divided(crops, finding.folders(crops)).base["data.split.by"].startswith("^(.+?)")
    assert "data.split.by" not in divided(single, finding.folders(single)).base


def test_folders_without_one_for_training_are_refused(tmp_path: Path):
    """They are named with their images."""
    for name in ("north", "south"):
        filled(tmp_path / name, ["a"])
    with pytest.raises(DataError, match=r"it has north \(1 images\), south \(1 images\)"):
        divided(tmp_path, finding.folders(tmp_path))


def test_too_few_images_are_refused(tmp_path: Path):
    """Of four nothing can be chosen and reported."""
    filled(tmp_path, list("abcd"))
    with pytest.raises(DataError, match="at least 5 images"):
        divided(tmp_path, finding.folders(tmp_path))


def _run(commands: str) -> None:
    import subprocess

    subprocess.run(["bash", "-c", commands], check=True)
