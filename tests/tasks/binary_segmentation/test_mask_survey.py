"""What is told of scans and masks before anything is trained on them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tunebook.errors import DataError
from tunebook.tasks.binary_segmentation import TASK
from tunebook.tasks.binary_segmentation.config import Config, Data

MASK = np.zeros((8, 10), np.uint8)
MASK[:2, :4] = 255


def save(root: Path, split: str, name: str, *, mask: np.ndarray = MASK) -> None:
    """A pair; the scan is another for every name."""
    pixels = np.random.default_rng(sum(map(ord, split + name))).integers(0, 255, (8, 10, 3), np.uint8)
    for folder, array in (("images", pixels), ("masks", mask)):
        (root / split / folder).mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(root / split / folder / f"{name}.png")


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Two scans in train, one in val and test."""
    for split, name in (("train", "a"), ("train", "b"), ("val", "c"), ("test", "d")):
        save(tmp_path / "pages", split, name)
    return tmp_path / "pages"


def survey(root: Path, **data):
    config = Config(data=Data(root=root.name, **data))
    return TASK.survey(config, root.parent, thumbnails=root.parent / "thumbnails")


def test_splits_are_counted_and_measured(pages: Path):
    """Scans, their size and kind, and the share of foreground; all of them, whatever the subset."""
    found = survey(pages, train_images=1)

    assert [(split.name, split.items) for split in found.splits] == [("train", 2), ("val", 1), ("test", 1)]
    assert found.splits[0].facts == {"height × width": "8 × 10 px", "pixels": "RGB, 8 bits", "foreground": "10.0 %"}
    assert found.together == "of 8 × 10 px, 10.0 % foreground each (median and range)"
    assert (found.odd, found.twice) == ((), [])
    assert [list(picture.panels) for picture in found.pictures] == [["image", "truth"]] * 4


def test_masks_that_say_nothing_are_told(pages: Path):
    """Without foreground, foreground throughout, grey values, another size than the scan."""
    save(pages, "train", "empty", mask=MASK * 0)
    save(pages, "train", "full", mask=MASK * 0 + 255)
    save(pages, "train", "grey", mask=np.arange(80, dtype=np.uint8).reshape(8, 10))
    save(pages, "val", "small", mask=MASK[:4])
    found = survey(pages)

    assert found.splits[0].facts["foreground"] == "10.0 % (0.0 to 100.0)"
    assert found.splits[0].facts["without foreground"] == "1"
    assert list(found.odd) == [
        "train/masks/grey.png must have one value beside 0, the background; it has 0, 1, 2, 3 … (80 values).",
        "val/masks/small.png must be as large as its image, 8 × 10; it is 4 × 10.",
        "1 mask has no foreground: train/masks/empty.png.",
        "1 mask is foreground throughout: train/masks/full.png.",
    ]


def test_what_does_not_pair_is_told_and_the_rest_is_looked_at(pages: Path):
    """Of many such files three are named."""
    for name in "vwxyz":
        save(pages, "val", name)
        (pages / "val" / "masks" / f"{name}.png").unlink()
    found = survey(pages)

    assert found.splits[1].items == 1
    assert list(found.odd) == [
        "5 images have no mask: val/images/v.png, val/images/w.png, val/images/x.png and 2 more.",
    ]


def test_one_scan_in_two_splits_is_found(pages: Path):
    """By its pixels."""
    (pages / "val" / "images" / "c.png").write_bytes((pages / "train" / "images" / "a.png").read_bytes())

    assert survey(pages).twice == ["1 image is in train and in val: train/images/a.png = val/images/c.png."]


def test_a_table_names_the_scans(pages: Path):
    """Names are told from the folder of a CSV file."""
    rows = [f"{split}/images/{name}.png,{split}/masks/{name}.png,{split}" for split, name in
            (("train", "a"), ("val", "c"), ("test", "d"))]  # fmt: skip
    (pages / "scans.csv").write_text("\n".join(["image,mask,split", *rows]))
    save(pages, "val", "c", mask=MASK * 0)
    found = TASK.survey(Config(data=Data(root="scans.csv")), pages, thumbnails=pages / "thumbnails")

    assert [split.items for split in found.splits] == [1, 1, 1]
    assert list(found.odd) == ["1 mask has no foreground: val/masks/c.png."]


def test_a_folder_without_a_pair_is_refused(tmp_path: Path):
    """There is nothing to tell of a missing folder."""
    with pytest.raises(DataError, match="it does not exist"):
        survey(tmp_path / "nowhere")
