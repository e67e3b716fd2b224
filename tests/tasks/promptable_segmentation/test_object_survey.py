"""What is told of images and instance labels before anything is trained on them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tunebook.errors import DataError
from tunebook.tasks.promptable_segmentation import TASK
from tunebook.tasks.promptable_segmentation.config import Config, Data

LABEL = np.zeros((8, 10), np.uint16)
LABEL[1:3, 1:3], LABEL[5:7, 5:9] = 7, 9


def save(root: Path, split: str, name: str, *, label: np.ndarray | None = LABEL, image: np.ndarray | None = None):
    """A pair; the image is another for every name, the file of None is left out."""
    pixels = np.random.default_rng(sum(map(ord, split + name))).integers(0, 255, (8, 10), np.uint8)
    for folder, array in (("images", pixels if image is None else image), ("labels", label)):
        (root / split / folder).mkdir(parents=True, exist_ok=True)
        if array is not None:
            Image.fromarray(array).save(root / split / folder / f"{name}.png")


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """Two pairs in train, one in val and test."""
    for split, name in (("train", "a"), ("train", "b"), ("val", "c"), ("test", "d")):
        save(tmp_path / "cells", split, name)
    return tmp_path / "cells"


def survey(root: Path, **data):
    config = Config(data=Data(root=root.name, **data))
    return TASK.survey(config, root.parent, thumbnails=root.parent / "thumbnails")


def test_splits_are_counted_and_measured(cells: Path):
    """Images, their size and kind, objects in all and an image, and how large these are."""
    found = survey(cells)

    assert (found.name, found.noun) == ("cells", "images")
    assert [(split.name, split.items) for split in found.splits] == [("train", 2), ("val", 1), ("test", 1)]
    assert found.splits[0].facts == {
        "height × width": "8 × 10 px",
        "pixels": "grey, 8 bits",
        "objects": "4",
        "objects an image": "2",
        "diameter of an object": "3 px (2 to 3)",
    }
    assert found.together == "of 8 × 10 px, 2 objects each (median and range)"
    assert (found.odd, found.twice) == ((), [])


def test_the_contact_sheet_shows_image_and_truth(cells: Path):
    """Of up to four items of each split, as PNG files no longer than 160 pixels."""
    for name in "efghij":
        save(cells, "train", name)
    found = survey(cells)

    assert [picture.item for picture in found.pictures if picture.item.startswith("train/")] == [
        "train/a", "train/e", "train/g", "train/i",
    ]  # fmt: skip
    assert list(found.pictures[0].panels) == ["image", "truth"]
    with Image.open(found.pictures[0].panels["truth"]) as truth:
        assert truth.size == (160, 128)


def test_what_does_not_pair_is_told_and_the_rest_is_looked_at(cells: Path):
    """A training refuses such a folder; who looks at it is told what is in it."""
    save(cells, "train", "alone", label=None)
    (cells / "train" / "labels" / "other.png").write_bytes((cells / "train" / "labels" / "a.png").read_bytes())
    (cells / "train" / "images" / "notes.txt").write_text("by me")
    found = survey(cells)

    assert found.splits[0].items == 2
    assert list(found.odd) == [
        "1 file is no PNG or TIFF: train/images/notes.txt.",
        "1 image has no label: train/images/alone.png.",
        "1 label has no image: train/labels/other.png.",
    ]


def test_labels_that_are_none_are_told(cells: Path):
    """Masks of all objects together, empty labels, another size than the image, files that cannot be read."""
    save(cells, "train", "mask", label=np.where(LABEL > 0, 255, 0).astype(np.uint8))
    save(cells, "train", "nothing", label=np.zeros_like(LABEL))
    save(cells, "train", "small", label=LABEL[:4])
    (cells / "val" / "images" / "c.png").write_text("no picture")
    found = survey(cells)

    assert found.splits[0].facts["without objects"] == "1"
    assert list(found.odd) == [
        "train/labels/small.png must be as large as its image, 8 × 10; it is 4 × 10.",
        "val/images/c.png must be a whole PNG or TIFF file; reading it fails: cannot identify image file "
        "'val/images/c.png'.",
        "1 label has no object: train/labels/nothing.png.",
        "1 label has one id for several pieces, as a mask has; every object needs an id of its own: "
        "train/labels/mask.png.",
    ]


def test_an_image_unlike_the_others_is_told(cells: Path):
    """One other size among many is odd; as many sizes as images are not."""
    for name in "efgh":
        save(cells, "train", name)
    save(cells, "train", "large", label=np.zeros((16, 16), np.uint8) + 1, image=np.eye(16, dtype=np.uint8))

    assert "1 image is not 8 × 10 px like the others: train/images/large.png." in survey(cells).odd


def test_one_image_in_two_splits_is_found_by_its_pixels(cells: Path):
    """Whatever its file is called, and however it is compressed; images of one grey value are no such case."""
    with Image.open(cells / "train" / "images" / "b.png") as picture:
        picture.save(cells / "test" / "images" / "d.png", compress_level=0)
    for split in ("train", "val"):
        save(cells, split, "black", image=np.zeros((8, 10), np.uint8))
    found = survey(cells)

    assert found.twice == ["1 image is in train and in test: train/images/b.png = test/images/d.png."]


def test_dealt_out_splits_are_shown_as_they_are_dealt(cells: Path):
    """One folder and fractions: what the survey counts is what is trained on."""
    for name in "efghijkl":
        save(cells, "train", name)
    found = survey(cells, split={"fractions": {"train": 0.6, "val": 0.2, "test": 0.2}})

    assert [(split.name, split.items) for split in found.splits] == [("train", 6), ("val", 2), ("test", 2)]


def test_what_cannot_be_dealt_out_is_looked_at_as_one(cells: Path):
    """A folder that does not pair has no splits yet, and still has images."""
    save(cells, "train", "alone", label=None)
    found = survey(cells, split={"fractions": {"train": 0.6, "val": 0.2, "test": 0.2}})

    assert [(split.name, split.items) for split in found.splits] == [("undivided", 2)]
    assert list(found.odd) == ["1 image has no label: train/images/alone.png."]


def test_a_folder_without_a_pair_is_refused(tmp_path: Path):
    """There is nothing to tell of a missing folder."""
    with pytest.raises(DataError, match="must be a folder that holds the splits; it does not exist"):
        survey(tmp_path / "nowhere")
