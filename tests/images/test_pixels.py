"""Images and labels: reading, normalising, cutting, joining."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tunebook.errors import DataError
from tunebook.images import pixels
from tunebook.tasks.promptable_segmentation import items

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)
RGB = np.stack([GREY, GREY + 50, GREY + 100], axis=2)


def save(path: Path, pixels: NDArray) -> Path:
    """Write a PNG or TIFF by its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".png":
        Image.fromarray(pixels).save(path)
    else:
        tifffile.imwrite(path, pixels, photometric="rgb" if pixels.shape[-1] in (3, 4) else "minisblack")
    return path


def problems(caught: pytest.ExceptionInfo[DataError]) -> list[tuple[str, str]]:
    """Name of the file and message of every problem."""
    return [(Path(problem.place).name, problem.message) for problem in caught.value.problems]


# Images -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("values", [GREY, RGB, GREY.astype(np.uint16) * 1000], ids=["grey", "rgb", "16 bit"])
def test_images_are_read_as_they_are(tmp_path: Path, suffix: str, values: NDArray):
    """Grey and RGB, 8 and 16 bit keep type and values."""
    found = pixels.read_image(save(tmp_path / f"image{suffix}", values))

    assert found.dtype == values.dtype
    assert np.array_equal(found, values)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_alpha_is_dropped(tmp_path: Path, suffix: str):
    """RGBA is read as RGB."""
    alpha = np.dstack([RGB, np.full_like(GREY, 7)])

    assert np.array_equal(pixels.read_image(save(tmp_path / f"image{suffix}", alpha)), RGB)


def test_other_forms_of_png_are_brought_to_these(tmp_path: Path):
    """Grey with alpha, palettes and single bits have an obvious meaning."""
    Image.merge("LA", [Image.fromarray(GREY)] * 2).save(tmp_path / "la.png")
    flat = np.full((6, 8, 3), (200, 10, 30), np.uint8)
    Image.fromarray(flat).convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "p.png")
    Image.fromarray(GREY > 9).save(tmp_path / "bit.png")

    assert np.array_equal(pixels.read_image(tmp_path / "la.png"), GREY)
    assert np.array_equal(pixels.read_image(tmp_path / "p.png"), flat)
    assert np.array_equal(pixels.read_image(tmp_path / "bit.png"), np.where(GREY > 9, 255, 0))


@pytest.mark.parametrize(("dtype", "read"), [(np.float32, np.float32), (np.float64, np.float32), (np.int32, np.uint16)])
def test_other_numbers_of_tiff_are_brought_to_these(tmp_path: Path, dtype: type, read: type):
    """Floats become float32, wide integers that fit become uint16."""
    found = pixels.read_image(save(tmp_path / "image.tif", GREY.astype(dtype)))

    assert found.dtype == read
    assert np.array_equal(found, GREY)


def test_planar_rgb_is_read(tmp_path: Path):
    """A TIFF whose channels lie one after the other is RGB all the same."""
    tifffile.imwrite(tmp_path / "planar.tif", RGB.transpose(2, 0, 1), photometric="rgb", planarconfig="separate")

    assert np.array_equal(pixels.read_image(tmp_path / "planar.tif"), RGB)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((5, 6, 8), np.uint8), r"stack of shape \(5, 6, 8\)"),
        (np.full((6, 8), -1, np.int16), "must hold integers of 0..65535 or floats; it is int16, -1 to -1"),
        (np.full((6, 8), np.nan, np.float32), "must hold numbers that are finite in float32; 48 pixels are not"),
        (np.full((6, 8), -1e39), "must hold numbers that are finite in float32; 48 pixels are not"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path: Path, values: NDArray, message: str):
    """The message names the file, what it must be and what it is."""
    tifffile.imwrite(tmp_path / "bad.tif", values, photometric="minisblack")

    with pytest.raises(DataError, match=rf"bad\.tif: .*{message}"):
        pixels.read_image(tmp_path / "bad.tif")


def test_five_channels_are_refused(tmp_path: Path):
    """An image is grey or RGB."""
    tifffile.imwrite(
        tmp_path / "bad.tif", np.zeros((6, 8, 5), np.uint8), photometric="minisblack", planarconfig="contig"
    )

    with pytest.raises(DataError, match=r"must be one image, grey \(h, w\) or RGB \(h, w, 3\); .*\(6, 8, 5\)"):
        pixels.read_image(tmp_path / "bad.tif")


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.9])
def test_a_cut_file_is_refused(tmp_path: Path, suffix: str, share: float):
    """Wherever it is cut, for images and for labels."""
    path = save(tmp_path / f"cut{suffix}", np.random.default_rng(0).integers(0, 9, (64, 64), dtype=np.uint16))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])

    with pytest.raises(DataError, match=rf"cut\{suffix}: must be a whole PNG or TIFF file"):
        pixels.read_image(path)
    with pytest.raises(DataError, match=rf"cut\{suffix}: must be a whole PNG or TIFF file"):
        pixels.read_label(path, (64, 64))


def test_scans_are_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What Pillow takes for an attack by its size is read, without a warning; elsewhere its limit holds."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    path = save(tmp_path / "large.png", GREY)

    assert np.array_equal(pixels.read_image(path), GREY)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(path)


def test_another_format_under_a_png_name_is_refused(tmp_path: Path):
    """The content decides, not the name."""
    Image.fromarray(GREY).save(tmp_path / "photo.png", format="JPEG")

    with pytest.raises(DataError, match=r"photo\.png: must be a whole PNG or TIFF file"):
        pixels.read_image(tmp_path / "photo.png")


# Labels -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_gaps_in_the_ids_are_closed(tmp_path: Path, suffix: str):
    """Ids become 1..n in their order."""
    ids = np.array([[0, 900, 900], [7, 0, 40000]], np.uint16)
    found = pixels.read_label(save(tmp_path / f"label{suffix}", ids), (2, 3))

    assert found.dtype == np.int32
    assert found.tolist() == [[0, 2, 2], [1, 0, 3]]


def test_a_label_without_objects_is_fine(tmp_path: Path):
    """Nothing is there: all zeros."""
    found = pixels.read_label(save(tmp_path / "label.png", np.zeros((6, 8), np.uint16)), (6, 8))

    assert not found.any()


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (np.zeros((5, 8), np.uint16), "must be as large as its image, 6 × 8; it is 5 × 8"),
        (np.zeros((6, 8, 3), np.uint8), r"must hold one instance id per pixel \(h, w\); it has the shape \(6, 8, 3\)"),
        (np.zeros((6, 8), np.float32), "must hold integer ids; it is float32"),
        (np.full((6, 8), -2, np.int16), r"must hold ids from 0 \(background\) on; the lowest is -2"),
    ],
)
def test_what_is_no_label_is_refused(tmp_path: Path, ids: NDArray, message: str):
    """The message names the file, what it must be and what it is."""
    path = save(tmp_path / "label.tif", ids)

    with pytest.raises(DataError, match=rf"label\.tif: {message}"):
        pixels.read_label(path, (6, 8))


def test_objects_are_boxed_in_the_order_of_their_ids():
    """The n-th box is that of id n; a missing id is an error."""
    label = np.array([[2, 2, 0], [0, 0, 1]], np.int32)

    assert pixels.objects(label) == [(slice(1, 2), slice(2, 3)), (slice(0, 1), slice(0, 2))]
    with pytest.raises(ValueError, match=r"all ids 1\.\.3; 1 is missing"):
        pixels.objects(label + (label > 0))


# Normalisation ------------------------------------------------------------------------------------------


def test_minmax_spans_the_whole_image():
    """The lowest pixel of all channels becomes 0, the highest 255, and those between lie linearly."""
    found = pixels.normalise(RGB, "minmax")

    assert found.dtype == np.float32
    np.testing.assert_allclose(found, RGB / RGB.max() * 255, rtol=1e-6)


def test_percentiles_do_not_follow_one_hot_pixel():
    """One pixel a thousand times brighter changes nothing for the others but by the percentile's own step."""
    plain = np.random.default_rng(0).integers(100, 200, (60, 60)).astype(np.uint16)
    hot = plain.copy()
    hot[0, 0] = 60000
    found = pixels.normalise(hot, "percentile")

    assert found.shape == (60, 60, 3)
    assert (found.min(), found.max()) == (0, 255)
    assert np.abs(found - pixels.normalise(plain, "percentile"))[1:].max() < 3


def test_percentiles_of_a_nearly_empty_image_fall_back_to_its_extremes():
    """One small object on a flat ground is kept."""
    image = np.full((100, 100), 5, np.uint8)
    image[3, 4] = 90

    assert pixels.normalise(image, "percentile")[3, 4, 0] == 255


@pytest.mark.parametrize("how", ["percentile", "minmax"])
def test_a_constant_image_becomes_zeros(how: pixels.Normalisation):
    """There is nothing to stretch, and nothing to divide by."""
    assert not pixels.normalise(np.full((4, 4), 77, np.uint8), how).any()


@pytest.mark.parametrize("how", ["percentile", "minmax", "none"])
@pytest.mark.parametrize("shape", [(21, 30), (21, 30, 3)])
def test_a_part_is_scaled_as_the_whole(how: pixels.Normalisation, shape: tuple[int, ...]):
    """Cut first or normalised first: the same in every bit, for all that images are held as."""
    rng = np.random.default_rng(0)
    for values in (rng.integers(0, 256, shape), rng.random(shape) * 255, np.full(shape, 7)):
        for dtype in (np.uint8, np.uint16, np.float32):
            image = np.asfortranarray(values.astype(dtype))
            part = pixels.scaled(image, how)[3:17, 8:29]
            assert part.flags.c_contiguous
            assert part.tobytes() == pixels.normalise(image, how)[3:17, 8:29].tobytes()


def test_none_keeps_values_and_refuses_those_out_of_range():
    """What is in 0..255 stays; a 16-bit image needs a range and the message says how to get one."""
    assert np.array_equal(pixels.normalise(RGB, "none"), RGB)
    with pytest.raises(DataError, match=r"a\.tif: must lie in 0\.\.255 .*it has 0 to 4700\n.*percentile"):
        pixels.normalise(GREY.astype(np.uint16) * 100, "none", place="a.tif")


# Windows ------------------------------------------------------------------------------------------------

shapes = st.tuples(st.integers(1, 70), st.integers(1, 70))
windows = st.integers(1, 32).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1)))


@given(shapes, windows)
def test_windows_cover_every_pixel_and_stay_inside(shape: tuple[int, int], window: tuple[int, int]):
    """Neighbours overlap by what was asked at least."""
    size, overlap = window
    seen = np.zeros(shape, int)
    found = pixels.tiles(shape, size=size, overlap=overlap)
    for tile in found:
        seen[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] += 1
        assert tile.y + tile.height <= shape[0]
        assert tile.x + tile.width <= shape[1]

    assert seen.min() >= 1
    assert len(set(found)) == len(found)
    rows = sorted({tile.y for tile in found})
    assert all(after - before <= size - overlap for before, after in itertools.pairwise(rows))


@given(shapes, windows)
def test_cutting_and_joining_gives_the_maps_back(shape: tuple[int, int], window: tuple[int, int]):
    """A constant and a slope come back, whatever the overlap."""
    size, overlap = window
    y, x = np.mgrid[: shape[0], : shape[1]] / 70
    whole = np.stack([np.full(shape, 0.7), 0.3 * y + 0.6 * x], axis=2).astype(np.float32)
    tiles = pixels.tiles(shape, size=size, overlap=overlap)
    maps = np.stack([pixels.cut(whole, tile) for tile in tiles]).transpose(0, 3, 1, 2)
    joined = pixels.stitch(tiles, maps, shape, overlap=overlap)

    assert maps.shape[2:] == (size, size)
    np.testing.assert_allclose(joined.transpose(1, 2, 0), whole, atol=1e-6)


def test_a_seam_is_blended_smoothly():
    """Between a window of zeros and one of ones, the joined map rises in even steps over the overlap."""
    tiles = pixels.tiles((4, 12), size=8, overlap=4)
    whole = np.where(np.arange(12) < 6, 0.0, 1.0)
    maps = np.zeros((len(tiles), 1, 8, 8), np.float32)
    maps[1] = 1
    joined = pixels.stitch(tiles, maps, (4, 12), overlap=4)[0, 0]

    np.testing.assert_allclose(joined, [0, 0, 0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1, 1, 1], atol=1e-6)
    assert np.array_equal(np.round(joined), whole)


def test_a_small_image_is_padded_right_and_below():
    """The window reaches beyond the image, with zeros there."""
    (tile,) = pixels.tiles((3, 20), size=32, overlap=16)
    piece = pixels.cut(np.ones((3, 20, 3), np.float32), tile)

    assert tile == pixels.Tile(0, 0, 3, 20, 32)
    assert piece.shape == (32, 32, 3)
    assert piece[:3, :20].all()
    assert piece.sum() == 3 * 20 * 3


def test_an_overlap_as_large_as_the_window_is_refused():
    """Windows must advance."""
    with pytest.raises(ValueError, match=r"overlap must be within 0\.\.7; got 8"):
        pixels.tiles((20, 20), size=8, overlap=8)


def test_an_object_is_asked_in_the_window_that_shows_it_best():
    """Whole before cut, then central; the largest part where no window holds it."""
    tiles = pixels.tiles((10, 40), size=20, overlap=10)

    assert [tile.x for tile in tiles] == [0, 10, 20]
    assert pixels.tile_of((2, 0, 8, 4), tiles) == 0
    assert pixels.tile_of((2, 12, 8, 19), tiles) == 1
    assert pixels.tile_of((2, 11, 8, 18), tiles) == 0
    assert pixels.tile_of((2, 15, 8, 25), tiles) == 1
    assert pixels.tile_of((2, 13, 8, 39), tiles) == 2
    assert pixels.tile_of((2, 2, 8, 30), tiles) == 1


# A whole image in one window ----------------------------------------------------------------------------


# Real images --------------------------------------------------------------------------------------------


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "split", "count", "instances"),
    [
        ("dsb2018_nuclei", "train", 36, 887),
        ("dsb2018_nuclei", "val", 8, 184),
        ("dsb2018_nuclei", "test", 12, 305),
        ("dsb2018_nuclei", "ood_stained", 8, 330),
        ("usiigaci_phase", "train", 40, 791),
        ("usiigaci_phase", "val", 8, 118),
        ("usiigaci_phase", "test", 12, 229),
    ],
)
def test_real_images_are_read(data_root: Path, name: str, split: str, count: int, instances: int):
    """Every image and label of a split, with as many objects as its source states."""
    found = 0
    pairs = items.pairs(data_root / name, split)
    for pair in pairs:
        image = pixels.read_image(pair.image)
        found += len(pixels.objects(pixels.read_label(pair.label, image.shape)))
        assert pixels.normalise(image, "percentile").shape == (*image.shape[:2], 3)

    assert (len(pairs), found) == (count, instances)
