"""How a study of masks begins: on folders, on a CSV file; large pages are reduced."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tunebook.errors import DataError
from tunebook.tasks.binary_segmentation import TASK
from tunebook.tasks.binary_segmentation.beginning import start


def scans(folder: Path, *, size: tuple[int, int] = (32, 32), mask: int = 255, count: int = 6) -> Path:
    """Images and masks of one value, as `images` and `masks`."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            pixels = np.zeros(size, np.uint8)
            pixels[1:9, 1:9] = mask
            Image.fromarray(pixels).save(folder / name / f"page{number}.png")
    return folder


def test_a_csv_file_names_the_scans(tmp_path: Path):
    """By image, mask and split; splits of other names are told."""
    scans(tmp_path)
    rows = [
        f"images/page{n}.png,masks/page{n}.png,{split}" for n, split in enumerate(("train", "train", "valid", "test"))
    ]
    (tmp_path / "scans.csv").write_text("\n".join(["image,mask,split", *rows]))
    begun = TASK.start(tmp_path / "scans.csv")

    assert begun is not None
    assert begun.found == "2 train, 1 val and 1 test images, each with a mask"
    assert (begun.base["data.root"], begun.base["data.val"]) == (str(tmp_path / "scans.csv"), "valid")


@pytest.mark.parametrize(
    ("split", "message"), [(",", "it lacks split"), (",split\na.png,b.png,train", "it lacks val, test")]
)
def test_a_csv_file_without_splits_is_refused(tmp_path: Path, split: str, message: str):
    """The column, or two of its values."""
    (tmp_path / "scans.csv").write_text(f"image,mask{split.rstrip(',')}")
    with pytest.raises(DataError, match=message):
        start(tmp_path / "scans.csv")


def test_another_csv_file_is_no_list_of_scans(tmp_path: Path):
    """A table of measurements."""
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")

    assert start(tmp_path / "a.csv") is None


@pytest.mark.parametrize(("side", "reduced"), [(1700, 1024), (64, None)])
def test_large_pages_are_reduced(tmp_path: Path, side: int, reduced: int | None):
    """And the comment says from which size."""
    begun = start(scans(tmp_path, size=(40, side)))

    assert begun is not None
    assert begun.base.get("data.image_size") == reduced
    assert ("40 × 1700 px" in begun.why.get("data.image_size", "")) == (reduced is not None)


def test_the_more_images_the_fewer_epochs(tmp_path: Path):
    """A first run sees about as many tiles, however many images there are."""
    few, many = start(scans(tmp_path / "few", count=5)), start(scans(tmp_path / "many", count=40))

    assert few is not None
    assert many is not None
    assert few.base["budget.epochs"] > many.base["budget.epochs"] >= 2
    assert few.seconds <= many.seconds <= 60


def test_masks_that_were_smoothed_come_with_the_way_out(tmp_path: Path):
    """Values around 0 and 255, as JPEG leaves them."""
    for path in scans(tmp_path).glob("masks/*.png"):
        mask = np.asarray(Image.open(path)).astype(int)
        noisy = np.clip(mask + np.random.default_rng(0).integers(-9, 9, mask.shape), 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(path)
    with pytest.raises(DataError) as caught:
        start(tmp_path)

    assert "save mask > 127 as PNG" in caught.value.problems[0].hint


def test_folders_called_labels_are_renamed(tmp_path: Path):
    """This task reads masks/ alone."""
    scans(tmp_path)
    (tmp_path / "masks").rename(tmp_path / "labels")
    with pytest.raises(DataError) as caught:
        start(tmp_path)

    assert caught.value.problems[0].hint == f"mv {tmp_path}/labels {tmp_path}/masks"
