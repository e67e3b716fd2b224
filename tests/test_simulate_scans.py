"""Simulated scans of pages."""

import csv
import hashlib
import inspect
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.io import imread

from tunebook.cli.simulate import scans as command
from tunebook.errors import InputError
from tunebook.simulate import scans
from tunebook.simulate.pages import PenPage, pen_page

SMALL = {"train": 2, "val": 1, "test": 1, "size": 64}
# Seed of a page of 96 pixels: its strokes, its foreground in pixels, mean and standard deviation of its greys
DRAWN = {0: (8, 279, 176.403, 41.338), 1: (10, 259, 181.235, 33.032)}


def content(folder: Path) -> dict[str, str]:
    """Path below a folder -> sha256."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def page(seed: int, size: int = 96, *, blank: bool = False) -> PenPage:
    return pen_page(size, np.random.default_rng(seed), blank=blank)


def f1(predicted: NDArray[np.bool_], mask: NDArray[np.bool_]) -> float:
    return float(2 * (predicted & mask).sum() / (predicted.sum() + mask.sum()))


@pytest.mark.parametrize("size", [64, 160])
def test_little_of_a_page_is_foreground(size: int):
    """1 to 4 % at every size, in several strokes; where ink lies, the page is darker than around it."""
    for seed in range(6):
        found = page(seed, size)

        assert found.image.shape == (size, size, 3)
        assert 0.01 < found.mask.mean() < 0.04
        assert found.strokes > 1
        assert found.image[found.mask].mean() < found.image[~found.mask].mean() - 40


def test_no_threshold_finds_the_strokes():
    """Print and stains are as dark: even the best grey value, chosen with the truth at hand, is wrong half the time."""
    pages = [page(seed, 160) for seed in range(6)]
    greys, masks = np.stack([each.image.mean(axis=2) for each in pages]), np.stack([each.mask for each in pages])

    assert 0.2 < max(f1(greys < level, masks) for level in range(20, 220, 5)) < 0.6


def test_strokes_are_thin():
    """Every foreground pixel has background within three pixels: a reduced mask may lose them."""
    mask = page(3, 160).mask
    padded = np.pad(mask, 3)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (7, 7))

    assert not windows[mask].all(axis=(1, 2)).any()


def test_a_blank_page_has_all_but_the_strokes():
    """It is empty in its mask, and as dark in places."""
    found = page(4, blank=True)

    assert (found.strokes, int(found.mask.sum())) == (0, 0)
    assert np.percentile(found.image.mean(axis=2), 1) < 0.7 * np.median(found.image)


def test_files_are_what_they_say(tmp_path: Path):
    """Images are RGB, masks hold 0 and 255, and the manifest counts what is in them."""
    scans(tmp_path, seed=5, blank=1, **SMALL)
    with (tmp_path / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert [(row["split"], row["file"]) for row in rows] == [
        ("train", "page-0000.png"), ("train", "page-0001.png"), ("val", "page-0000.png"), ("test", "page-0000.png"),
    ]  # fmt: skip
    for row in rows:
        image, mask = (imread(tmp_path / row["split"] / what / row["file"]) for what in ("images", "masks"))
        assert (image.dtype, image.shape, mask.dtype, mask.shape) == (np.uint8, (64, 64, 3), np.uint8, (64, 64))
        assert set(np.unique(mask)) <= {0, 255}
        assert f"{(mask > 0).mean():.4f}" == row["fg_fraction"]
    assert [float(row["fg_fraction"]) > 0 for row in rows] == [False, True, False, False]
    assert "--seed 5 --train 2 --val 1 --test 1 --size 64 --blank 1" in (tmp_path / "SOURCE.md").read_text()


def test_equal_arguments_give_equal_bytes(tmp_path: Path):
    """And may be written again; another seed gives other pages and is refused in the same folder."""
    for name in ("one", "two", "one"):
        scans(tmp_path / name, seed=3, **SMALL)
    scans(tmp_path / "other", seed=4, **SMALL)
    one, other = content(tmp_path / "one"), content(tmp_path / "other")

    assert one == content(tmp_path / "two")
    assert len(set(one.values()) | set(other.values())) == len(one) + len(other)
    with pytest.raises(InputError, match="not drawn from version 1, seed 4"):
        scans(tmp_path / "one", seed=4, **SMALL)


def test_more_images_keep_the_first_ones(tmp_path: Path):
    """A data set can grow."""
    scans(tmp_path, seed=3, **SMALL)
    before = content(tmp_path)
    scans(tmp_path, seed=3, **{**SMALL, "train": 3})
    after = content(tmp_path)

    assert {path for path in before if before[path] != after[path]} == {"manifest.csv", "SOURCE.md"}
    assert set(after) - set(before) == {"train/images/page-0002.png", "train/masks/page-0002.png"}


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path):
    """Nothing is written beside files that are not ours."""
    (tmp_path / "page.png").write_text("precious")

    with pytest.raises(InputError, match="must be a new or empty folder; it holds 1 other files, page.png first"):
        scans(tmp_path, seed=0, **SMALL)
    assert content(tmp_path).keys() == {"page.png"}


def test_every_bad_argument_is_named(tmp_path: Path):
    """Each with what it must be and what it is."""
    with pytest.raises(InputError) as caught:
        scans(tmp_path / "new", seed=-1, train=-2, size=63, blank=-3)

    assert str(caught.value).splitlines() == [
        "seed: must be an integer >= 0; got -1",
        "size: must be at least 64 pixels; got 63",
        "train: must be a number of images >= 0; got -2",
        "blank: must be a number of images >= 0; got -3",
    ]
    assert not (tmp_path / "new").exists()


def test_the_command_has_the_functions_defaults():
    """Told nothing, both write the same pages."""
    function, options = inspect.signature(scans).parameters, inspect.signature(command).parameters

    assert list(options) == list(function)
    assert {name: options[name].default for name in options if name not in ("out", "seed")} == {
        name: function[name].default for name in function if name not in ("out", "seed")
    }


@pytest.mark.parametrize("seed", DRAWN)
def test_the_pixels_stay_those_of_this_version(seed: int):
    """Another way of drawing is another version: pages that people made must not drift."""
    found = page(seed)
    strokes, foreground, mean, deviation = DRAWN[seed]

    assert (found.strokes, int(found.mask.sum())) == (strokes, foreground)
    assert found.image.mean() == pytest.approx(mean, abs=0.02)
    assert found.image.std() == pytest.approx(deviation, abs=0.02)
