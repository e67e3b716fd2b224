"""Simulated cells."""

import csv
import hashlib
import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from tunebook.cli.simulate import cells as command
from tunebook.errors import InputError
from tunebook.simulate import KINDS, MOST_OBJECTS, SMALLEST_OBJECT, USUAL_KINDS, cells, image
from tunebook.simulate.sheets import Weave, tile

WEAVE = Weave(diameter=24, spread=0.1, stretch=1.0, rounds=4, crooked=0.0, reach=1.6, extent="full", missing=0.0)
# Image: number of objects, mean and standard deviation of its greys
DRAWN = {
    "train/0000-fluorescence.png": (3, 29.688, 31.351),
    "train/0001-phase.png": (4, 97.719, 24.919),
    "train/0002-tissue.png": (2, 189.797, 30.502),
    "train/0003-fluorescence.png": (1, 9.977, 5.329),
    "val/0000-fluorescence.png": (1, 9.500, 12.176),
    "train/0000-membrane.png": (11, 55.220, 19.386),
    "train/0001-membrane.png": (5, 52.476, 29.446),
    "val/0000-membrane.png": (8, 27.776, 18.423),
}


def content(folder: Path) -> dict[str, str]:
    """Path below a folder -> sha256."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def walls_and_insides(label: NDArray[np.uint16]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Pixels next to another cell's (not to the ground), and pixels more than 4 px inside a cell."""
    largest = ndimage.maximum_filter(label, 3)
    smallest = ndimage.minimum_filter(np.where(label == 0, np.iinfo(np.uint16).max, label), 3)
    inside = (ndimage.maximum_filter(label, 9) == label) & (ndimage.minimum_filter(label, 9) == label) & (label > 0)
    return (label > 0) & (largest != smallest), inside


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


def test_membranes_shine_between_touching_cells():
    """The wall that two cells share is brighter than what is inside them, and no ground parts their labels."""
    differences = []
    for seed in range(16):
        picture, label = image("membrane", size=96, rng=np.random.default_rng(seed))
        wall, inside = walls_and_insides(label)
        if wall.any() and inside.any():
            differences.append(picture[wall].mean() - picture[inside].mean())

    assert len(differences) >= 12
    assert min(differences) > 0


def test_a_membrane_stain_is_told_from_bright_cells():
    """Taking bright for foreground, as it suits nuclei, finds walls and not cells."""
    overlaps = {"membrane": [], "fluorescence": []}
    for kind, found in overlaps.items():
        for seed in range(12):
            picture, label = image(kind, size=96, rng=np.random.default_rng(seed))
            bright = ndimage.gaussian_filter(picture.astype(float), 1)
            bright = bright > (bright.min() + bright.max()) / 2
            found.append((bright & (label > 0)).sum() / (bright | (label > 0)).sum())

    assert np.median(overlaps["membrane"]) < 0.5 * np.median(overlaps["fluorescence"])


def test_a_full_sheet_leaves_no_ground():
    """Where fewer than 60 cells fill the picture they do; the cells left out of an edge and of islands bare it."""
    ground = {}
    for extent in ("full", "edge", "islands"):
        sheets = [tile(replace(WEAVE, extent=extent), 128, np.random.default_rng(seed)) for seed in range(6)]
        ground[extent] = [float((sheet.label == 0).mean()) for sheet in sheets]

    assert max(ground["full"]) < 0.02
    assert min(ground["edge"]) > 0.05
    assert min(ground["islands"]) > 0.15


def test_a_sheet_of_small_cells_ends_at_the_limit():
    """With more cells than 60 in the picture, 60 stay: in one piece, and the rest is ground."""
    sheet = tile(replace(WEAVE, diameter=12.0), 160, np.random.default_rng(0))
    areas = np.bincount(sheet.label.ravel())

    assert 0.9 * MOST_OBJECTS <= sheet.label.max() <= MOST_OBJECTS
    assert areas[0] > 0.5 * 160**2
    assert ndimage.label(ndimage.binary_closing(sheet.label > 0))[1] == 1


def test_a_cell_that_falls_apart_keeps_its_largest_part():
    """Where walls are bent so far that they cut off pieces, these go to the ground."""
    sheet = tile(replace(WEAVE, crooked=0.6), 128, np.random.default_rng(0))
    numbers = range(1, sheet.label.max() + 1)

    assert (sheet.rim > 0)[sheet.label == 0].any()
    assert all(ndimage.label(sheet.label == number)[1] == 1 for number in numbers)


@pytest.mark.parametrize("stretch", [1.0, 2.5])
def test_distances_in_a_sheet_are_pixels(stretch: float):
    """A wall lies midway between pixels of two cells: its distance is that to the other cell, less half a pixel."""
    sheet = tile(replace(WEAVE, stretch=stretch), 128, np.random.default_rng(1))
    middle = np.pad(np.ones((114, 114), bool), 7)
    for number in np.unique(sheet.owner):
        mine = np.pad(sheet.owner == number, 1, constant_values=True)
        away = ndimage.distance_transform_edt(mine)[1:-1, 1:-1]
        judged = middle & (sheet.owner == number) & (away < 6)

        assert np.abs(sheet.walls[0] - (away - 0.5))[judged].max(initial=0) < 0.55


def test_a_stretched_sheet_has_long_cells():
    """Length over width of the cells follows the weave."""
    lengths = {}
    for stretch in (1.0, 2.5):
        sheet = tile(replace(WEAVE, stretch=stretch, diameter=18.0), 160, np.random.default_rng(2))
        ratios = []
        for number in range(1, sheet.label.max() + 1):
            spread = np.linalg.eigvalsh(np.cov(np.nonzero(sheet.label == number)))
            ratios.append(np.sqrt(spread[1] / spread[0]))
        lengths[stretch] = np.median(ratios)

    assert lengths[1.0] < 1.5
    assert 2 < lengths[2.5] < 3.2


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


def test_pictures_stay_what_they_were(tmp_path: Path):
    """Models were trained on them: version 1 draws these objects and greys, give or take a few roundings."""
    cells(tmp_path / "usual", seed=0, train=4, val=1, test=0, size=32)
    cells(tmp_path / "sheets", seed=0, kinds=["membrane"], train=2, val=1, test=0, size=32)
    rows = {}
    for folder in ("usual", "sheets"):
        with (tmp_path / folder / "manifest.csv").open() as file:
            rows |= {f"{row['split']}/{row['file']}": {**row, "folder": folder} for row in csv.DictReader(file)}

    assert rows.keys() == DRAWN.keys()
    for name, (objects, mean, deviation) in DRAWN.items():
        with Image.open(
            tmp_path / rows[name]["folder"] / rows[name]["split"] / "images" / rows[name]["file"]
        ) as picture:
            greys = np.asarray(picture, float)
        assert int(rows[name]["n_instances"]) == objects
        assert (greys.mean(), greys.std()) == pytest.approx((mean, deviation), abs=0.004)


def test_kinds_are_only_ever_appended():
    """The position of a kind is part of the seed of its images."""
    assert KINDS == ("fluorescence", "phase", "tissue", "membrane")


def test_the_command_draws_what_the_function_does():
    """Without kinds both draw the three that there were first; the help of the command names all."""
    kinds = inspect.signature(command).parameters["kinds"]

    assert kinds.default.split(",") == list(USUAL_KINDS) == ["fluorescence", "phase", "tissue"]
    assert ", ".join(KINDS) in kinds.annotation.__metadata__[0].help


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
        "kinds: must be one of fluorescence, phase, tissue, membrane; got x-ray",
        "train: must be a number of images >= 0; got -2",
    ]
    assert not (tmp_path / "new").exists()
