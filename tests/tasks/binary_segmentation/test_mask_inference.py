"""Whole scans from tiles: nothing is lost, nothing is made up, and no seam shows."""

import itertools
import tracemalloc

import numpy as np
import pytest
import torch
from torch import nn

from tunebook.errors import Diverged
from tunebook.images import pixels
from tunebook.tasks.binary_segmentation.config import Data
from tunebook.tasks.binary_segmentation.inference import probabilities
from tunebook.tasks.binary_segmentation.networks import inputs
from tunebook.tasks.binary_segmentation.stitching import enlarged, stitched, weights_of_tile

BLENDS = ("gaussian", "linear", "uniform")


def data(**more) -> Data:
    """Tiles of 16 pixels."""
    return Data(**{"root": "scans", "tile": 16, "overlap": 6, **more})


def cut_and_joined(whole: np.ndarray, how: Data) -> np.ndarray:
    """Probabilities of a scan, cut into tiles and joined."""
    tiles = pixels.tiles(whole.shape, size=how.tile, overlap=how.overlap)
    shares = np.stack([pixels.cut(whole, tile) for tile in tiles]).astype(np.float32)
    return stitched(tiles, shares, whole.shape, how)


class Bright(nn.Module):
    """Says of every pixel how bright it is: a probability of value / 255."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        share = (x.mean(dim=1, keepdim=True) + 2) / 4
        return torch.logit(share)


class Blurred(nn.Module):
    """Says how bright the 5 × 5 pixels around are, zeros beyond the tile: what a network sees of a tile's border."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.avg_pool2d(x.mean(dim=1, keepdim=True) + 2, 5, stride=1, padding=2) - 2


def noise(height=50, width=41) -> np.ndarray:
    """A scan (h, w, 3)."""
    grey = np.random.default_rng(0).integers(0, 256, (height, width, 1), np.uint8)
    return np.repeat(grey, 3, axis=2)


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("overlap", [0, 1, 6, 15])
@pytest.mark.parametrize("shape", [(50, 41), (16, 16), (9, 40), (3, 5)])
def test_constants_and_gradients_come_back_exactly(blend: str, overlap: int, shape: tuple[int, int]):
    """In 255ths, whatever the weights and the overlap, and where a scan is smaller than a tile."""
    how = data(blend=blend, overlap=overlap)
    y, x = np.mgrid[: shape[0], : shape[1]]
    for levels in (*(np.full(shape, level) for level in (0, 1, 77, 128, 254, 255)), 3 * y + 2 * x):
        found = cut_and_joined(levels / 255, how)
        assert found.dtype == np.uint8
        assert np.array_equal(found, levels)


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("overlap", [0, 6])
@pytest.mark.parametrize("shape", [(50, 41), (9, 40), (3, 5), (1, 1)])
def test_a_scan_that_is_predicted_pixel_by_pixel_comes_back(blend: str, overlap: int, shape: tuple[int, int]):
    """From the colours through the network's logits to 255ths."""
    image = noise(*shape)

    assert np.array_equal(
        probabilities(Bright(), image, data(blend=blend, overlap=overlap), device="cpu"), image[..., 0]
    )


@pytest.mark.parametrize("blend", BLENDS)
def test_overlap_changes_nothing_away_from_borders(blend: str):
    """Where every tile that has a pixel sees all that decides it; nearer to a border, tiles know less."""
    image = noise(100, 90)
    hows = [data(tile=32, blend=blend, overlap=overlap) for overlap in (0, 8)]
    found = [probabilities(Blurred(), image, how, device="cpu") for how in hows]
    away = np.ones(image.shape[:2], bool)
    for how in hows:
        for tile in pixels.tiles(image.shape, size=32, overlap=how.overlap):
            inner = np.zeros_like(away)
            inner[tile.y + 2 : tile.y + tile.height - 2, tile.x + 2 : tile.x + tile.width - 2] = True
            whole = np.zeros_like(away)
            whole[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = True
            away &= inner | ~whole

    assert 0.2 < away.mean() < 0.8
    assert np.array_equal(found[0][away], found[1][away])
    assert not np.array_equal(*found)


def test_gaussian_weights_are_a_bell():
    """Its standard deviation is an eighth of the tile (nnU-Net), along rows and columns: here 3 pixels."""
    weights = weights_of_tile(data(tile=24))
    half, three_and_a_half = (np.exp(-(away**2) / (2 * 3**2)) for away in (0.5, 3.5))

    assert weights.max() == pytest.approx(half**2)
    assert weights[12, 15] == pytest.approx(half * three_and_a_half)
    assert weights[8, 15] == pytest.approx(three_and_a_half**2)


@pytest.mark.parametrize("tile", [16, 17, 100])
def test_weights_are_the_same_from_all_sides(tile: int):
    """And all above 0, so that every pixel has a mean."""
    weights = weights_of_tile(data(tile=tile))

    for turn, flip in itertools.product(range(4), (False, True)):
        other = np.rot90(weights[::-1] if flip else weights, turn)
        np.testing.assert_allclose(other, weights, rtol=1e-12)
    assert weights.min() > 0
    assert weights_of_tile(data(blend="linear")) is None
    assert (weights_of_tile(data(blend="uniform")) == 1).all()


def test_the_middle_of_a_tile_says_more_with_gaussian_weights():
    """Between a tile of zeros and one of ones the map rises without a step, faster than linearly."""
    tiles = pixels.tiles((16, 26), size=16, overlap=6)
    shares = np.zeros((2, 16, 16), np.float32)
    shares[1] = 1
    rows = {blend: stitched(tiles, shares, (16, 26), data(blend=blend))[0].astype(int) for blend in BLENDS}

    assert rows["uniform"].tolist() == [0] * 10 + [128] * 6 + [255] * 10
    assert rows["linear"][10:16].tolist() == [21, 64, 106, 149, 191, 234]
    assert (np.diff(rows["gaussian"]) >= 0).all()
    assert rows["gaussian"][10] < 21
    assert (rows["gaussian"] + rows["gaussian"][::-1] == 255).all()


def test_a_network_is_left_in_evaluation_mode():
    """Nothing is dropped in prediction, and it repeats itself."""
    network = nn.Sequential(nn.Dropout(0.5), Bright())
    image = noise()

    assert np.array_equal(probabilities(network, image, data(), device="cpu"), image[..., 0])
    assert not network.training


def test_few_tiles_at_a_time_say_the_same(monkeypatch: pytest.MonkeyPatch):
    """How many fit into memory is nobody's concern."""
    image = noise()
    whole = probabilities(Blurred(), image, data(), device="cpu")
    monkeypatch.setattr("tunebook.tasks.binary_segmentation.inference.PIXELS_AT_ONCE", 3 * 16 * 16)

    assert np.array_equal(probabilities(Blurred(), image, data(), device="cpu"), whole)


@pytest.mark.parametrize("blend", BLENDS)
def test_memory_is_that_of_a_scan_however_many_tiles(blend: str, monkeypatch: pytest.MonkeyPatch):
    """Tiles are added as they come, to the bits of all of them joined at once."""
    monkeypatch.setattr("tunebook.tasks.binary_segmentation.inference.PIXELS_AT_ONCE", 4 * 32 * 32)
    image, how = noise(64, 64), data(tile=32, overlap=31, blend=blend)
    tiles = pixels.tiles(image.shape, size=32, overlap=31)
    with torch.inference_mode():
        cuts = torch.from_numpy(np.stack([pixels.cut(image, tile) for tile in tiles]))
        shares = np.concatenate([Blurred()(inputs(part))[:, 0].sigmoid().numpy() for part in cuts.split(4)])
    expected = stitched(tiles, shares, (64, 64), how)
    tracemalloc.start()
    found = probabilities(Blurred(), image, how, device="cpu")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert np.array_equal(found, expected)
    assert peak < shares.nbytes / 3


def test_a_map_is_brought_to_the_scan_s_size():
    """Bilinearly: values stay, and between them it is a line."""
    small = np.array([[0, 200], [0, 200]], np.uint8)

    assert enlarged(small, (2, 2)) is small
    assert enlarged(small, (2, 8))[0].tolist() == [0, 0, 25, 75, 125, 175, 200, 200]
    assert (enlarged(np.full((5, 7), 131, np.uint8), (13, 20)) == 131).all()


def test_a_network_that_says_no_number_has_diverged():
    """Weights may be finite and logits not; a black mask would be a finished run."""

    class Nowhere(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.full_like(x[:, :1], torch.nan)

    with pytest.raises(Diverged, match="what it predicts is not finite"):
        probabilities(Nowhere(), noise(), data(), device="cpu")
