"""The tiles of an epoch: where they lie, what chance does to them, and that they are the same whoever asks."""

import itertools
import weakref
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.tasks.binary_segmentation.config import Augmentation, Data
from tunebook.tasks.binary_segmentation.drawing import Drawable, Epochs, Tiles, around_foreground, draw
from tunebook.tasks.binary_segmentation.scans import Loaded

PLAIN = Augmentation(flips=False, rotations=False, brightness=0, contrast=0)
TILE = 16


def a_scan(height: int = 40, width: int = 50, *, at: tuple[int, int] | None = None, number: int = 0) -> Loaded:
    """A scan whose pixels say where they are: row, column and the scan's number; at most one pixel of foreground."""
    rows, columns = np.indices((height, width))
    image = np.stack([rows, columns, np.full_like(rows, number)], axis=2).astype(np.uint8)
    mask = np.zeros((height, width), bool)
    if at is not None:
        mask[at] = True
    return Loaded(f"scan-{number}", image, mask, mask)


def tiled(**data) -> Data:
    return Data(**{"root": "", "tile": TILE, "overlap": 0, "tiles_per_image": 8, "foreground": 0.5, **data})


def corners(tiles: Tiles) -> list[tuple[int, int, int]]:
    """Number of the scan, row and column of each tile's first pixel, where nothing was augmented."""
    return [(int(tile[0, 0, 2]), int(tile[0, 0, 0]), int(tile[0, 0, 1])) for tile in tiles.images]


def same(one: Tiles, other: Tiles) -> bool:
    return np.array_equal(one.images, other.images) and np.array_equal(one.masks, other.masks)


# Places -------------------------------------------------------------------------------------------------


def test_every_scan_gives_its_tiles_in_a_shuffled_order():
    """A tile is a window of one scan, with the mask of the same place."""
    scans = [a_scan(at=(20, 25), number=number) for number in range(5)]
    tiles = draw(scans, tiled(), PLAIN, seed=0, epoch=0)
    numbers = [number for number, _, _ in corners(tiles)]

    assert tiles.images.shape == (40, TILE, TILE, 3)
    assert sorted(numbers) == sorted(list(range(5)) * 8) != numbers
    for (number, y, x), image, mask in zip(corners(tiles), tiles.images, tiles.masks, strict=True):
        assert np.array_equal(image, scans[number].image[y : y + TILE, x : x + TILE])
        assert np.array_equal(mask, scans[number].small_mask[y : y + TILE, x : x + TILE])


@given(
    height=st.integers(TILE, 60),
    width=st.integers(TILE, 60),
    place=st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)),
    foreground=st.floats(0, 1),
    seed=st.integers(0, 2**70),
)
def test_the_share_of_tiles_around_foreground_shows_it(height, width, place, foreground, seed):
    """So many tiles have the pixel at their centre, or as near as the scan's border lets it; at least these show it."""
    at = int(place[0] * height), int(place[1] * width)
    data = tiled(foreground=foreground)
    tiles = draw([a_scan(height, width, at=at)], data, PLAIN, seed=seed, epoch=0)
    centred = tuple(min(max(p - TILE // 2, 0), side - TILE) for p, side in zip(at, (height, width), strict=True))

    assert corners(tiles).count((0, *centred)) >= around_foreground(data)
    assert tiles.masks.any(axis=(1, 2)).sum() >= around_foreground(data)


@pytest.mark.parametrize(
    ("foreground", "tiles_per_image", "around"),
    [(0.33, 8, 3), (0.33, 1, 0), (0.5, 1, 1), (0.5, 5, 3), (0, 8, 0), (1, 8, 8)],
)
def test_the_share_is_rounded_to_the_nearest_tile(foreground, tiles_per_image, around):
    """A half is rounded up."""
    assert around_foreground(tiled(foreground=foreground, tiles_per_image=tiles_per_image)) == around


def test_foreground_is_drawn_evenly_by_pixel():
    """Of 400 tiles around two pixels, each is the centre of about half; none of the others lies there by rule."""
    scan = a_scan(at=(10, 10))
    scan.small_mask[30, 40] = True
    found = corners(draw([scan], tiled(tiles_per_image=400, foreground=1), PLAIN, seed=0, epoch=0))

    assert set(found) == {(0, 2, 2), (0, 22, 32)}
    assert 160 < found.count((0, 2, 2)) < 240


def test_a_scan_without_foreground_is_seen_anywhere():
    """As are the rest of the tiles of one that has some: every corner of the scan is reached."""
    for scan, foreground in ((a_scan(18, 19), 1.0), (a_scan(18, 19, at=(9, 9)), 0.0)):
        found = set(corners(draw([scan], tiled(tiles_per_image=300, foreground=foreground), PLAIN, seed=0, epoch=0)))

        assert found == {(0, y, x) for y in range(3) for x in range(4)}


@given(st.integers(1, TILE + 4), st.integers(1, TILE + 4), st.integers(0, 10**6), st.booleans())
def test_a_scan_smaller_than_a_tile_is_padded_with_zeros(height, width, seed, augmented):
    """Right and below, image and mask, whatever the light and however it is turned."""
    scan = Loaded("a", np.full((height, width, 3), 200, np.uint8), *2 * [np.ones((height, width), bool)])
    tiles = draw([scan], tiled(), Augmentation() if augmented else PLAIN, seed=seed, epoch=0)
    inside = min(height, TILE) * min(width, TILE)

    for image, mask in zip(tiles.images, tiles.masks, strict=True):
        assert mask.sum() == inside
        assert mask[0, 0]
        assert mask[: mask[:, 0].sum(), : mask[0].sum()].all()
        assert (image[~mask] == 0).all()
        assert (image[mask] > 100).all()


# Chance -------------------------------------------------------------------------------------------------


def test_an_epoch_is_a_function_of_its_number_and_the_seed():
    """Whatever was drawn before; another epoch or seed has other tiles."""
    scans, data = [a_scan(at=(20, 25), number=number) for number in range(3)], tiled()

    def of(seed: int, epoch: int) -> Tiles:
        return draw(scans, data, Augmentation(), seed=seed, epoch=epoch)

    third = of(0, 3)
    np.random.default_rng(0).random(7)
    for seed, epoch in ((0, 0), (1, 3), (0, 4)):
        assert not same(of(seed, epoch), third)
    assert same(of(0, 3), third)


def test_a_scan_s_tiles_lie_where_they_lie_whoever_stands_behind_it():
    """A further scan moves none of them."""
    scans = [a_scan(number=number) for number in range(3)]
    few, more = (draw(scans[:count], tiled(), PLAIN, seed=0, epoch=1) for count in (2, 3))

    assert {corner for corner in corners(more) if corner[0] < 2} == set(corners(few))


def test_each_augmentation_draws_for_itself():
    """Contrast moves no brightness, and neither moves a tile."""
    scan = a_scan(16, 16)
    scan.image[...] = 100
    bright = draw([scan], tiled(), PLAIN.model_copy(update={"brightness": 0.2}), seed=0, epoch=0)
    both = draw([scan], tiled(), PLAIN.model_copy(update={"brightness": 0.2, "contrast": 0.5}), seed=0, epoch=0)

    assert same(bright, both)
    assert len(np.unique(bright.images)) == 8


def test_flips_and_quarter_turns_show_a_tile_from_all_eight_sides():
    """Image and mask alike."""
    rng = np.random.default_rng(0)
    image, mask = rng.integers(0, 256, (TILE, TILE, 3), np.uint8), rng.random((TILE, TILE)) < 0.3
    how = PLAIN.model_copy(update={"flips": True, "rotations": True})
    tiles = draw([Loaded("a", image, mask, mask)], tiled(tiles_per_image=100), how, seed=0, epoch=0)
    sides = [
        (np.rot90(image[:: 1 - 2 * flip], turns), np.rot90(mask[:: 1 - 2 * flip], turns))
        for flip, turns in itertools.product((0, 1), range(4))
    ]
    seen = [
        next(
            number
            for number, side in enumerate(sides)
            if np.array_equal(tile, side[0]) and np.array_equal(truth, side[1])
        )
        for tile, truth in zip(tiles.images, tiles.masks, strict=True)
    ]

    assert set(seen) == set(range(8))


@given(st.integers(0, 10**6), st.floats(0, 1), st.floats(0, 0.99))
def test_light_stays_within_its_bounds(seed, brightness, contrast):
    """A value moves by no more than both allow, the mask not at all."""
    scan = a_scan(16, 16, at=(3, 5))
    scan.image[...] = np.random.default_rng(seed).integers(0, 256, scan.image.shape)
    how = PLAIN.model_copy(update={"brightness": brightness, "contrast": contrast})
    tiles = draw([scan], tiled(), how, seed=seed, epoch=0)
    most = 255 * brightness + contrast * abs(scan.image - scan.image.mean()) + 1

    assert (abs(tiles.images - scan.image.astype(float)) <= most).all()
    assert (tiles.masks == scan.small_mask).all()


def test_contrast_is_about_the_mean_and_brightness_is_added():
    """The mean of a tile that is not clipped moves by the brightness alone, the spread by the contrast alone."""
    scan = a_scan(16, 16)
    scan.image[...] = np.where(np.indices((16, 16, 3)).sum(axis=0) % 2, 110, 140)
    brighter = draw([scan], tiled(), PLAIN.model_copy(update={"brightness": 0.2}), seed=0, epoch=0).images
    starker = draw([scan], tiled(), PLAIN.model_copy(update={"contrast": 0.5}), seed=0, epoch=0).images

    assert brighter.std(axis=(1, 2, 3)) == pytest.approx(15)
    assert np.ptp(brighter.mean(axis=(1, 2, 3))) > 20
    assert starker.mean(axis=(1, 2, 3)) == pytest.approx(125, abs=0.6)
    assert np.ptp(starker.std(axis=(1, 2, 3))) > 5


# Epochs -------------------------------------------------------------------------------------------------


def test_epochs_are_drawn_once_as_far_as_memory_goes():
    """What is kept is the same object for every run; what is not is drawn again, and the same."""
    scans, data = [a_scan(at=(20, 25))], tiled()
    one = draw(scans, data, PLAIN, seed=4, epoch=0)
    epochs = Epochs(scans, data, PLAIN, 4, limit_bytes=2 * one.nbytes)
    first = [epochs.of(epoch) for epoch in range(3)]
    again = [epochs.of(epoch) for epoch in range(3)]

    assert [one is other for one, other in zip(first, again, strict=True)] == [True, True, False]
    assert all(map(same, first, again))
    assert same(first[0], one)
    assert one.nbytes == 8 * TILE * TILE * 4


class Unheld(Sequence):
    """Scans that are made when they are asked for; `alive` are those that somebody still has."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.made: list[weakref.ref] = []
        self.most = 0

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, at: int) -> Drawable:
        if at >= self.number:
            raise IndexError
        self.most = max(self.most, self.alive())
        scan = a_scan(at=(20, 25), number=at)
        self.made.append(weakref.ref(scan))
        return Drawable(scan.image, scan.small_mask) if at % 2 else scan

    def alive(self) -> int:
        return sum(scan() is not None for scan in self.made)


def test_epochs_ask_for_scans_as_they_draw_and_hold_none():
    """Nor is any held before; the tiles are those of scans that are all there."""
    unheld = Unheld(6)
    epochs = Epochs(unheld, tiled(), PLAIN, 4, limit_bytes=1)
    drawn = [epochs.of(epoch) for epoch in range(2)]
    there = [a_scan(at=(20, 25), number=number) for number in range(6)]

    assert unheld.alive() == 0
    assert unheld.most <= 2
    assert len(unheld.made) >= 12
    for epoch, tiles in enumerate(drawn):
        assert same(tiles, draw(there, tiled(), PLAIN, seed=4, epoch=epoch))
