"""Training batches: windows of images, their truth, and the objects that are prompted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from skimage.segmentation import relabel_sequential
from torch import Tensor
from torch.nn import functional

from tunebook.tasks.promptable_segmentation.distances import targets
from tunebook.train.seeding import numpy_generator


@dataclass(frozen=True)
class Sample:
    """A whole image and its truth.

    Args:
        image: float32 (h, w, 3), 0..255.
        label: int32 (h, w), 0 = background.
    """

    image: NDArray[np.float32]
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
    samples: Sequence[Sample], *, seed: int, batch_size: int, window: int, size: int, objects: int
) -> Iterator[Batch]:
    """Endless batches; the n-th depends on the seed and n alone, never on the configuration's method.

    Images come in a fresh random order every epoch. Each gives one window of `window` pixels at a random
    place that holds an object (an image without objects: anywhere), turned by a random flip of each axis and
    resized to `size`. Distances are computed after flip and crop, so that cut objects have their own.

    Raises:
        ValueError: when there are no samples.
    """
    if not samples:
        raise ValueError("samples must not be empty")
    for step, order in enumerate(_orders(len(samples), seed=seed, batch_size=batch_size)):
        rng = numpy_generator(seed, "windows", step)
        windows = [_window(samples[index], window=window, size=size, rng=rng) for index in order]
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
    sample: Sample, *, window: int, size: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    image, label = sample.image, sample.label
    below, right = (max(0, window - side) for side in label.shape)
    if below or right:
        image = np.pad(image, ((0, below), (0, right), (0, 0)))
        label = np.pad(label, ((0, below), (0, right)))
    y, x = _corner(label, window=window, rng=rng)
    image, label = image[y : y + window, x : x + window], label[y : y + window, x : x + window]
    for axis in (0, 1):
        if rng.random() < 0.5:
            image, label = np.flip(image, axis), np.flip(label, axis)
    if window != size:
        image, label = _resized(image, label, size)
    return np.ascontiguousarray(image), relabel_sequential(np.ascontiguousarray(label))[0].astype(np.int32)


def _corner(label: NDArray[np.int32], *, window: int, rng: np.random.Generator) -> tuple[int, int]:
    """A window's upper left corner such that a randomly drawn object pixel lies inside it."""
    height, width = label.shape
    pixels = np.flatnonzero(label)
    y, x = divmod(int(pixels[rng.integers(len(pixels))]), width) if len(pixels) else (0, 0)
    low_y, low_x = (max(0, y - window + 1), max(0, x - window + 1)) if len(pixels) else (0, 0)
    high_y = min(y, height - window) if len(pixels) else height - window
    high_x = min(x, width - window) if len(pixels) else width - window
    return int(rng.integers(low_y, high_y + 1)), int(rng.integers(low_x, high_x + 1))


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
