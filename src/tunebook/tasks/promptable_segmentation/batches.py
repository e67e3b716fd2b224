"""Training batches: windows of images, their truth, and the objects that are prompted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from skimage.segmentation import relabel_sequential
from torch import Tensor
from torch.nn import functional

from tunebook.images.pixels import Scaled, Tile, cut
from tunebook.tasks.promptable_segmentation.augmentation import lit, turned, zoomed
from tunebook.tasks.promptable_segmentation.config import Augmentation, Sampler
from tunebook.tasks.promptable_segmentation.distances import targets
from tunebook.train.seeding import numpy_generator

DRAWS = 50
"""Windows that are drawn at most where objects are asked for."""
EVERY = Sampler()
FLIPS = Augmentation()


@dataclass(frozen=True)
class Sample:
    """A whole image and its truth.

    Args:
        image: float32 (h, w, 3), 0..255, or an image of which every part becomes that.
        label: int32 (h, w), 0 = background.
    """

    image: NDArray[np.float32] | Scaled
    label: NDArray[np.int32]


@dataclass(frozen=True)
class Batch:
    """What one training step sees; everything at the model's input size."""

    images: Float[Tensor, "batch 3 h w"]
    """0..255."""
    maps: Float[Tensor, "batch 3 h w"]
    """Foreground, centre distance, boundary distance."""
    objects: Bool[Tensor, "objects h w"]
    """The prompted objects of all images."""
    image_of: Int[Tensor, " objects"]
    """Index into the batch for every object."""


def batches(
    samples: Sequence[Sample],
    *,
    seed: int,
    batch_size: int,
    window: int,
    size: int,
    objects: int,
    start: int = 0,
    sampler: Sampler = EVERY,
    augmentation: Augmentation = FLIPS,
) -> Iterator[Batch]:
    """Endless batches; the n-th depends on the seed and n alone, never on the configuration's method.

    Images come in a fresh random order every epoch. Each gives one window of `window` pixels at a random
    place that holds enough objects (an image without objects: anywhere), changed by chance and resized to
    `size`. Distances are computed afterwards, so that cut objects have their own.

    Args:
        start: Number of the first batch, from 0; those before it are not drawn.
        sampler: Which windows are taken. One with fewer objects than asked for is drawn again; the best of 50 is
            taken, so an image that never shows so many gives what it has. Objects that are smaller within a window
            than `min_size` are background there: they are not prompted, not in the maps, and do not count.
        augmentation: How windows are changed; see `augmentation`.

    Raises:
        ValueError: when there are no samples.
    """
    if not samples:
        raise ValueError("samples must not be empty")
    orders = enumerate(_orders(len(samples), seed=seed, batch_size=batch_size))
    for step, order in islice(orders, start, None):
        rng = numpy_generator(seed, "windows", step)
        windows = [
            _window(samples[index], window, size, sampler, augmentation, rng=rng, seed=seed, number=(step, place))
            for place, index in enumerate(order)
        ]
        yield _batch(windows, objects=objects, rng=numpy_generator(seed, "objects", step))


def _orders(count: int, *, seed: int, batch_size: int) -> Iterator[list[int]]:
    waiting: list[int] = []
    epoch = 0
    while True:
        while len(waiting) < batch_size:
            waiting += numpy_generator(seed, "order", epoch).permutation(count).tolist()
            epoch += 1
        yield waiting[:batch_size]
        waiting = waiting[batch_size:]


def _window(
    sample: Sample,
    window: int,
    size: int,
    sampler: Sampler,
    augmentation: Augmentation,
    *,
    rng: np.random.Generator,
    seed: int,
    number: tuple[int, int],
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    side = zoomed(window, augmentation, seed=seed, number=number)
    tile = _tile(sample.label, side, sampler, rng=rng, again=numpy_generator(seed, "windows again", *number))
    flips = (rng.random() < 0.5, rng.random() < 0.5)
    there = (slice(tile.y, tile.y + tile.height), slice(tile.x, tile.x + tile.width))
    corner = replace(tile, y=0, x=0)
    image = cut(lit(sample.image[there], augmentation, seed=seed, number=number), corner)
    label = cut(_large(sample.label[there], sampler.min_size), corner)
    image, label = turned(image, label, augmentation, flips=flips, seed=seed, number=number)
    if side != size:
        image, label = _resized(image, label, size)
    return np.ascontiguousarray(image), relabel_sequential(np.ascontiguousarray(label))[0].astype(np.int32)


def _tile(
    label: NDArray[np.int32], side: int, sampler: Sampler, *, rng: np.random.Generator, again: np.random.Generator
) -> Tile:
    """A window with as many objects as asked for, or as the image has, or the most of those drawn."""
    label = _large(label, sampler.min_size)
    aimed = sampler.min_objects > 0
    first = _drawn(label, side, aimed=aimed, rng=rng)
    if sampler.min_objects <= 1 and sampler.min_size <= 1:
        return first  # the pixel that it was drawn around is of an object
    wanted = min(sampler.min_objects, _count(label, sampler.min_size))
    best, most = first, -1
    for number in range(DRAWS):
        tile = _drawn(label, side, aimed=aimed, rng=again) if number else first
        held = _count(label[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width], sampler.min_size)
        if held > most:
            best, most = tile, held
        if held >= wanted:
            break
    return best


def _drawn(label: NDArray[np.int32], side: int, *, aimed: bool, rng: np.random.Generator) -> Tile:
    """A window such that a randomly drawn object pixel lies inside it; anywhere when not aimed or there is none."""
    height, width = label.shape
    pixels = np.flatnonzero(label) if aimed else np.zeros(0, np.int64)
    bottom, right = max(0, height - side), max(0, width - side)
    low_y, low_x, high_y, high_x = 0, 0, bottom, right
    if len(pixels):
        y, x = divmod(int(pixels[rng.integers(len(pixels))]), width)
        low_y, low_x = max(0, y - side + 1), max(0, x - side + 1)
        high_y, high_x = min(y, bottom), min(x, right)
    top, left = int(rng.integers(low_y, high_y + 1)), int(rng.integers(low_x, high_x + 1))
    return Tile(top, left, min(side, height), min(side, width), side)


def _count(label: NDArray[np.int32], min_size: int) -> int:
    """Objects of at least so many pixels; the background is none."""
    return int((np.bincount(label.ravel())[1:] >= max(1, min_size)).sum())


def _large(label: NDArray[np.int32], min_size: int) -> NDArray[np.int32]:
    """A label without objects that have fewer pixels."""
    if min_size <= 1:
        return label
    return np.where(np.bincount(label.ravel())[label] >= min_size, label, 0).astype(np.int32)


def _resized(
    image: NDArray[np.float32], label: NDArray[np.int32], size: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None]
    ids = torch.from_numpy(np.ascontiguousarray(label)).double()[None, None]
    pixels = functional.interpolate(pixels, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
    ids = functional.interpolate(ids, size=(size, size), mode="nearest-exact")
    return pixels[0].permute(1, 2, 0).numpy(), ids[0, 0].numpy().astype(np.int32)


def _batch(
    windows: Sequence[tuple[NDArray[np.float32], NDArray[np.int32]]], *, objects: int, rng: np.random.Generator
) -> Batch:
    masks: list[NDArray[np.bool_]] = []
    image_of: list[int] = []
    for index, (_, label) in enumerate(windows):
        ids = rng.permutation(int(label.max()))[:objects] + 1
        masks += [label == number for number in ids]
        image_of += [index] * len(ids)
    side = windows[0][1].shape
    return Batch(
        images=torch.from_numpy(np.stack([image for image, _ in windows])).permute(0, 3, 1, 2).contiguous(),
        maps=torch.from_numpy(np.stack([targets(label) for _, label in windows])),
        objects=torch.from_numpy(np.stack(masks)) if masks else torch.zeros(0, *side, dtype=torch.bool),
        image_of=torch.tensor(image_of, dtype=torch.long),
    )
