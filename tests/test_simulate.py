"""Simulated cells."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from tunebook.errors import InputError
from tunebook.simulate import KINDS, MOST_OBJECTS, SMALLEST_OBJECT, cells, image


def content(folder: Path) -> dict[str, str]:
    """Path below a folder -> sha256."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("kind", KINDS)
def test_image_has_the_form_of_its_kind(kind: str):
    """Grey images have two axes, tissue three channels; the label is as large as its image."""
    picture, label = image(kind, size=64, rng=np.random.default_rng(3))

    assert picture.shape == ((64, 64, 3) if kind == "tissue" else (64, 64))
    assert picture.dtype == np.uint8
    assert label.shape == (64, 64)
    assert label.dtype == np.uint16


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [32, 96])
def test_every_object_is_one_visible_part(kind: str, size: int):
    """There are 1..60 objects with ids 1..n, each of at least 12 px, each connected, at every size."""
    for seed in range(8):
        _, label = image(kind, size=size, rng=np.random.default_rng(seed))
        areas = np.bincount(label.ravel())[1:]

        assert 1 <= len(areas) <= MOST_OBJECTS
        assert areas.min() >= SMALLEST_OBJECT
        assert all(ndimage.label(label == number)[1] == 1 for number in range(1, len(areas) + 1))


def test_nuclei_are_brighter_than_their_ground_and_stained_ones_darker():
    """A label tells where the light is: fluorescent nuclei give it, stained nuclei take it."""
    for seed in range(6):
        light, nuclei = image("fluorescence", size=96, rng=np.random.default_rng(seed))
        stained, purple = image("tissue", size=96, rng=np.random.default_rng(seed))
        grey = stained.mean(axis=2)

        assert light[nuclei > 0].mean() > light[nuclei == 0].mean()
        assert grey[purple > 0].mean() < grey[purple == 0].mean()


@pytest.mark.parametrize("kind", KINDS)
def test_images_vary_and_equal_generators_agree(kind: str):
    """Nothing but the generator decides."""
    first, again, other = (image(kind, size=48, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))

    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_cells_writes_a_data_set(tmp_path: Path):
    """Every image has a 16-bit label of its name, and the manifest and the source say what they are."""
    cells(tmp_path / "cells", seed=5, train=3, val=2, test=1, size=40)
    with (tmp_path / "cells/manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    source = (tmp_path / "cells/SOURCE.md").read_text()

    assert [row["split"] for row in rows] == ["train"] * 3 + ["val"] * 2 + ["test"]
    for row in rows:
        with Image.open(tmp_path / "cells" / row["split"] / "labels" / row["file"]) as label:
            assert label.mode == "I;16"
            assert np.asarray(label).max() == int(row["n_instances"])
        with Image.open(tmp_path / "cells" / row["split"] / "images" / row["file"]) as picture:
            assert picture.mode == ("RGB" if row["kind"] == "tissue" else "L")
            assert picture.size == (40, 40)
    assert "--seed 5" in source
    assert "CC0" in source


def test_cells_are_the_same_bytes_for_equal_arguments(tmp_path: Path):
    """Two folders of one command are equal; another seed gives others."""
    for name, seed in (("one", 0), ("two", 0), ("other", 1)):
        cells(tmp_path / name, seed=seed, train=2, val=1, test=1, size=32)
    other = content(tmp_path / "other")

    assert content(tmp_path / "one") == content(tmp_path / "two")
    assert (
        other["train/images/0000-fluorescence.png"] != content(tmp_path / "one")["train/images/0000-fluorescence.png"]
    )


def test_asking_for_more_keeps_the_first(tmp_path: Path):
    """A larger set of the same seed holds the smaller one, and may be written over it."""
    cells(tmp_path, seed=0, kinds=["phase"], train=2, val=1, test=1, size=32)
    before = content(tmp_path)
    cells(tmp_path, seed=0, kinds=["phase"], train=4, val=1, test=2, size=32)
    after = content(tmp_path)

    assert len(after) == len(before) + 6
    assert {name for name in before if before[name] != after[name]} == {"manifest.csv", "SOURCE.md"}


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path):
    """Nothing is written beside files that are not ours."""
    (tmp_path / "thesis.txt").write_text("precious")

    with pytest.raises(InputError, match=r"must be a new or empty folder; it holds 1 other files, thesis.txt first"):
        cells(tmp_path, seed=0, size=32)
    assert content(tmp_path).keys() == {"thesis.txt"}


def test_a_data_set_of_another_seed_is_left_alone(tmp_path: Path):
    """Sets of two seeds are never mixed in one folder."""
    cells(tmp_path, seed=0, train=1, val=0, test=0, size=32)
    before = content(tmp_path)

    with pytest.raises(InputError, match="not drawn from version 1, seed 1"):
        cells(tmp_path, seed=1, train=1, val=0, test=0, size=32)
    assert content(tmp_path) == before


def test_all_bad_arguments_are_named_at_once(tmp_path: Path):
    """Each problem says what the argument must be and what it is; no folder is made."""
    with pytest.raises(InputError) as caught:
        cells(tmp_path / "new", seed=-1, kinds=["phase", "x-ray"], train=-2, size=16)

    assert str(caught.value).splitlines() == [
        "seed: must be an integer >= 0; got -1",
        "size: must be at least 32 pixels; got 16",
        "kinds: must be one of fluorescence, phase, tissue; got x-ray",
        "train: must be a number of images >= 0; got -2",
    ]
    assert not (tmp_path / "new").exists()
