"""The classical floor."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.io import imread

from tunebook.tasks.promptable_segmentation import watershed
from tunebook.tasks.promptable_segmentation.floor import otsu_watershed
from tunebook.tasks.promptable_segmentation.scores import msa, segmentation_accuracy


def scene() -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Two touching bright discs and one apart, on a dark uneven ground."""
    rows, columns = np.mgrid[:64, :64]
    labels = np.zeros((64, 64), np.int32)
    for number, (y, x) in enumerate([(20, 16), (20, 33), (48, 40)], 1):
        labels[(rows - y) ** 2 + (columns - x) ** 2 <= 81] = number
    grey = 20 + columns / 4 + 150 * (labels > 0)
    return np.repeat(grey[..., None], 3, axis=-1).astype(np.float32), labels


def test_touching_discs_are_parted() -> None:
    """Threshold and watershed find three objects, two of which touch."""
    image, labels = scene()
    found = watershed.instances(otsu_watershed(image), smoothing=0.5)

    assert found.max() == 3
    assert msa(found, labels) > 0.8


def test_dark_objects_are_found_too() -> None:
    """The side with fewer pixels is the objects, bright or dark."""
    image, _ = scene()

    assert np.array_equal(otsu_watershed(255 - image), otsu_watershed(image))


def test_an_image_without_contrast_has_no_objects() -> None:
    """A constant image gives empty maps: no foreground, far from everything."""
    maps = otsu_watershed(np.full((8, 9, 3), 40, np.float32))

    assert maps.dtype == np.uint8
    assert np.unique(maps.reshape(3, -1), axis=1).ravel().tolist() == [0, 255, 255]


@pytest.mark.data
def test_the_floor_on_nuclei(data_root: Path) -> None:
    """Chosen on val, the floor reaches SA50 0.70 on test."""
    splits = {name: _read(data_root / "dsb2018_nuclei" / name) for name in ("val", "test")}
    values, _ = watershed.best(*zip(*splits["val"], strict=True), grid=watershed.grid("small"))
    scores = [segmentation_accuracy(watershed.instances(maps, **values), true, 0.5) for maps, true in splits["test"]]

    assert len(scores) == 12
    assert np.mean(scores) >= 0.70


def _read(folder: Path) -> list[tuple[NDArray[np.uint8], NDArray[np.uint16]]]:
    """Maps and true labels of every image."""
    found = []
    for path in sorted((folder / "images").iterdir()):
        image = np.repeat(imread(path)[..., None], 3, axis=-1).astype(np.float32)
        found.append((otsu_watershed(image), imread(folder / "labels" / path.name)))
    return found
