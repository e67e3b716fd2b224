"""The tiles of an epoch: where they lie in the scans, and what chance does to them.

Every draw is of a generator of its own, named by seed, stream and epoch (Philox, a function of key and counter): it
depends on nothing that was drawn before, so any epoch can be drawn at any time, by any run, in any process. Switching
one augmentation on leaves the draws of the others as they were.

Light (contrast about the mean of the tile's pixels, then brightness) changes the image alone; flips and quarter turns
change image and mask alike. A scan smaller than a tile is padded with zeros after that, right and below, as it is in
prediction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8
from numpy.typing import NDArray

from tunebook.tasks.binary_segmentation.config import Augmentation, Data
from tunebook.tasks.binary_segmentation.scans import Loaded
from tunebook.train.seeding import numpy_generator

GREATEST = 255


@dataclass(frozen=True, eq=False)
class Tiles:
    """Tiles in the order of training."""

    images: UInt8[np.ndarray, "n tile tile 3"]
    masks: Bool[np.ndarray, "n tile tile"]

    @property
    def nbytes(self) -> int:
        """Bytes of memory that they take."""
        return self.images.nbytes + self.masks.nbytes


@dataclass(frozen=True, eq=False)
class Drawable:
    """What tiles are drawn from: a scan that was read, without its mask at its own size.

    Args:
        image: In 0..255, at the size it is worked on.
        small_mask: Foreground at the size of `image`.
    """

    image: UInt8[np.ndarray, "h w 3"]
    small_mask: Bool[np.ndarray, "h w"]


Source = Loaded | Drawable


def draw(loaded: Sequence[Source], data: Data, augmentation: Augmentation, *, seed: int, epoch: int) -> Tiles:
    """`tiles_per_image` tiles of every scan, shuffled over the scans and augmented.

    Of each scan with foreground, `around_foreground` tiles are centred on a pixel of it, as far as the scan reaches;
    the others lie anywhere in it.

    Args:
        loaded: The scans; each is asked for once, in their order, and not held.
        seed: The replicate's seed.
        epoch: From 0.
    """
    count = len(loaded) * data.tiles_per_image
    images = np.zeros((count, data.tile, data.tile, 3), np.uint8)
    masks = np.zeros((count, data.tile, data.tile), bool)
    order = numpy_generator(seed, "order", epoch).permutation(count)
    changes = _Changes.drawn(augmentation, count, seed=seed, epoch=epoch)
    windows = (
        (scan, window)
        for at, scan in enumerate(loaded)
        for window in _windows(scan.small_mask, data, seed=seed, number=(epoch, at))
    )
    for number, (scan, window) in enumerate(windows):
        image, mask = changes.made(number, scan.image[window], scan.small_mask[window])
        height, width = mask.shape
        images[order[number], :height, :width] = image
        masks[order[number], :height, :width] = mask
    return Tiles(images, masks)


def around_foreground(data: Data) -> int:
    """How many of a scan's tiles are drawn around its foreground: the share, to the nearest; a half is rounded up."""
    return int(data.foreground * data.tiles_per_image + 0.5)


class Epochs:
    """The tiles of every epoch, drawn once for all runs that ask, as far as memory goes.

    The epochs that come first are kept, since every run asks for them in the same order; what does not fit is drawn
    again whenever it is asked for, and is the same.

    Args:
        loaded: The scans, which `draw` goes through whenever it draws an epoch.
        limit_bytes: Most memory for what is kept.
    """

    def __init__(
        self, loaded: Sequence[Source], data: Data, augmentation: Augmentation, seed: int, *, limit_bytes: int
    ) -> None:
        self._loaded, self._data, self._augmentation, self._seed = loaded, data, augmentation, seed
        self._left = limit_bytes
        self._kept: dict[int, Tiles] = {}

    def of(self, epoch: int) -> Tiles:
        """The tiles of an epoch, from 0; they are shared, and must not be written to."""
        if epoch in self._kept:
            return self._kept[epoch]
        tiles = draw(self._loaded, self._data, self._augmentation, seed=self._seed, epoch=epoch)
        if tiles.nbytes <= self._left:
            self._left -= tiles.nbytes
            self._kept[epoch] = tiles
        return tiles


# Private --------------------------------------------------------------------------------------------------


def _windows(
    mask: Bool[np.ndarray, "h w"], data: Data, *, seed: int, number: tuple[int, int]
) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of a scan's tiles, those around foreground first; they may reach beyond a small scan."""
    height, width = mask.shape
    lowest, rightmost = max(height - data.tile, 0), max(width - data.tile, 0)
    centres = np.flatnonzero(mask)
    around = around_foreground(data) if centres.size else 0
    for at, (down, along) in enumerate(numpy_generator(seed, "places", *number).random((data.tiles_per_image, 2))):
        if at < around:
            y, x = divmod(int(centres[int(down * centres.size)]), width)
            top, left = min(max(y - data.tile // 2, 0), lowest), min(max(x - data.tile // 2, 0), rightmost)
        else:
            top, left = int(down * (lowest + 1)), int(along * (rightmost + 1))
        yield slice(top, top + data.tile), slice(left, left + data.tile)


@dataclass(frozen=True, eq=False)
class _Changes:
    """What each tile of an epoch undergoes, by its number before shuffling.

    Args:
        flips: Top to bottom, left to right.
        quarters: Quarter turns.
        contrast: Factor of the distance from the mean. `brightness`: what is added, of 255.
    """

    flips: Bool[np.ndarray, "n 2"]
    quarters: NDArray[np.int64]
    contrast: Float[np.ndarray, " n"]
    brightness: Float[np.ndarray, " n"]

    @classmethod
    def drawn(cls, how: Augmentation, count: int, *, seed: int, epoch: int) -> "_Changes":
        def draws(stream: str) -> np.random.Generator:
            return numpy_generator(seed, stream, epoch)

        return cls(
            flips=(draws("flips").random((count, 2)) < 0.5) & how.flips,
            quarters=draws("rotations").integers(4, size=count) * how.rotations,
            contrast=1 + how.contrast * draws("contrast").uniform(-1, 1, count),
            brightness=GREATEST * how.brightness * draws("brightness").uniform(-1, 1, count),
        )

    def made(
        self, number: int, image: UInt8[np.ndarray, "a b 3"], mask: Bool[np.ndarray, "a b"]
    ) -> tuple[UInt8[np.ndarray, "c d 3"], Bool[np.ndarray, "c d"]]:
        image = _lit(image, contrast=float(self.contrast[number]), brightness=float(self.brightness[number]))
        for axis in (0, 1):
            if self.flips[number, axis]:
                image, mask = np.flip(image, axis), np.flip(mask, axis)
        return np.rot90(image, self.quarters[number]), np.rot90(mask, self.quarters[number])


def _lit(image: UInt8[np.ndarray, "a b 3"], *, contrast: float, brightness: float) -> UInt8[np.ndarray, "a b 3"]:
    """Each of the 256 values becomes another, rounded and within 0..255."""
    if contrast == 1 and brightness == 0:
        return image
    mean = float(image.mean())
    values = mean + (np.arange(GREATEST + 1) - mean) * contrast + brightness
    return np.take(np.rint(np.clip(values, 0, GREATEST)).astype(np.uint8), image)
