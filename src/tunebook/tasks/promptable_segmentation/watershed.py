"""Instances from the maps of the automatic decoder, and the choice of the numbers that this takes.

    foreground ── smooth ── > threshold ───────────── mask ───────────────┐
    centre distance ── smooth ── < threshold ─┐                           │
                                              ├─ and mask ─ pieces = seeds ── watershed ── drop small ── instances
    boundary distance ── smooth ── < threshold ┘            on the boundary distance, within the mask

The values are found by trial: every combination of a grid, scored on the images of one split, the best mean wins.
Combinations share their work: maps are smoothed once per sigma, flooded once per pair of thresholds, and `min_size`
only drops objects from a finished map.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage import segmentation
from skimage.measure import label

from tunebook.errors import DataError, Problem
from tunebook.tasks.promptable_segmentation.scores import msa

Values = Mapping[str, float | int]
"""Keyword arguments of `instances` by name."""
Maps = NDArray[np.uint8] | NDArray[np.floating[Any]]
Labels = NDArray[np.integer[Any]]

DEFAULTS: Values = {
    "centre_threshold": 0.5,
    "boundary_threshold": 0.5,
    "foreground_threshold": 0.5,
    "smoothing": 1.6,
    "foreground_smoothing": 1.0,
    "min_size": 0,
}
"""micro-sam's values where nothing was chosen."""


def instances(
    maps: Maps,
    *,
    centre_threshold: float = DEFAULTS["centre_threshold"],
    boundary_threshold: float = DEFAULTS["boundary_threshold"],
    foreground_threshold: float = DEFAULTS["foreground_threshold"],
    smoothing: float = DEFAULTS["smoothing"],
    foreground_smoothing: float = DEFAULTS["foreground_smoothing"],
    min_size: float | int = DEFAULTS["min_size"],
) -> NDArray[np.int32]:
    """Objects from foreground, centre distance and boundary distance.

    Args:
        maps: (3, h, w), uint8 0..255 or floating 0..1; distances are 0 inside and 1 at the rim.
        centre_threshold: Seeds lie where the centre distance is below it, 0..1.
        boundary_threshold: Seeds lie where the boundary distance is below it, 0..1.
        foreground_threshold: Objects lie where the foreground is above it, 0..1.
        smoothing: Sigma of the Gaussian on both distances, in pixels; 0 for none.
        foreground_smoothing: Sigma of the Gaussian on the foreground, in pixels; 0 for none.
        min_size: Smaller objects are dropped, in pixels.

    Returns:
        Label map (h, w), ids from 1 without gaps. Foreground that no seed reaches is background.
    """
    foreground, centre, boundary = _unit(maps)
    mask = _smooth(foreground, foreground_smoothing) > foreground_threshold
    centre, boundary = _smooth(centre, smoothing), _smooth(boundary, smoothing)
    flooded = _flood(boundary, mask & (centre < centre_threshold) & (boundary < boundary_threshold), mask)
    return _without_small(flooded, _sizes(flooded) >= min_size)


def grid(name: str) -> tuple[Values, ...]:
    """The combinations of a named grid, in the order in which ties are broken.

    - `micro-sam`, 525: centre threshold and boundary threshold 0.3, 0.4 … 0.7; smoothing 1.0, 1.2 … 2.2; minimal size
      50, 100, 200. As published for micro-sam, its surplus smoothing of 2.2 included.
    - `small`, 36: centre threshold 0.5, 0.3, 0.7; boundary threshold 0.5, 0.7; smoothing 1.0, 0.5, 2.2; minimal size
      0, 25. For objects from 8 pixels across. On maps of nuclei that were blurred and disturbed in twelve ways it lost
      0.015 mSA against the best of 784 combinations in hindsight; choosing among all 784 lost 0.017, `DEFAULTS` 0.135.

    The last named value changes fastest. Foreground threshold and smoothing stay at `DEFAULTS`.

    Raises:
        ValueError: for another name.
    """
    if name == "micro-sam":
        thresholds: Sequence[float] = (0.3, 0.4, 0.5, 0.6, 0.7)
        return _grid(thresholds, thresholds, (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2), (50, 100, 200))
    if name == "small":
        return _grid((0.5, 0.3, 0.7), (0.5, 0.7), (1.0, 0.5, 2.2), (0, 25))
    raise ValueError(f"grid must be one of small, micro-sam; got {name}")


def best(
    maps: Sequence[Maps],
    truths: Sequence[Labels],
    *,
    grid: Sequence[Values],
    score: Callable[[NDArray[np.int32], Labels], float] = msa,
) -> tuple[Values, float]:
    """The combination with the highest mean score over images.

    Args:
        maps: One (3, h, w) per image, as `instances` takes them.
        truths: One label map (h, w) per image, in the same order.
        grid: Combinations to try; a value that one leaves out is taken from `DEFAULTS`.
        score: (prediction, truth) -> number, higher is better.

    Returns:
        All values of the winner, of several that are equal the first in the grid; and its mean score.

    Raises:
        DataError: when there is no image to choose on.
    """
    if not maps:
        raise DataError(Problem("post-processing", "must be chosen on at least one image; got none"))
    complete = [{**DEFAULTS, **values} for values in grid]
    means = np.zeros(len(complete))
    for one, truth in zip(maps, truths, strict=True):
        for position, value in _scores(one, truth, complete, score):
            means[position] += value / len(maps)
    winner = int(np.argmax(means))
    return complete[winner], float(means[winner])


def recorded(values: Mapping[str, object]) -> Values:
    """Values of `instances` as they were recorded with a run, checked.

    Raises:
        DataError: when one is missing, unknown or no number.
    """
    wrong = [
        Problem(f"post-processing.{name}", f"must be a number, one of {', '.join(DEFAULTS)}; got {values.get(name)!r}")
        for name in sorted({*values, *DEFAULTS})
        if name not in DEFAULTS or isinstance(values.get(name), bool) or not isinstance(values.get(name), (int, float))
    ]
    if wrong:
        raise DataError(*wrong)
    return {name: value for name, value in values.items() if isinstance(value, (int, float))}


# Trying every combination -----------------------------------------------------------------------------


def _grid(
    centre: Sequence[float], boundary: Sequence[float], smoothing: Sequence[float], min_size: Sequence[int]
) -> tuple[Values, ...]:
    names = ("centre_threshold", "boundary_threshold", "smoothing", "min_size")
    return tuple(
        {**DEFAULTS, **dict(zip(names, values, strict=True))}
        for values in product(centre, boundary, smoothing, min_size)
    )


def _scores(
    maps: Maps, truth: Labels, grid: Sequence[Values], score: Callable[[NDArray[np.int32], Labels], float]
) -> Iterator[tuple[int, float]]:
    """(position in the grid, score) on one image."""
    foreground, centre, boundary = _unit(maps)
    every = range(len(grid))
    for (sigma, threshold), same_mask in _groups(every, grid, "foreground_smoothing", "foreground_threshold"):
        mask = _smooth(foreground, sigma) > threshold
        for (smoothing,), same_smoothing in _groups(same_mask, grid, "smoothing"):
            smooth_centre, smooth_boundary = _smooth(centre, smoothing), _smooth(boundary, smoothing)
            for (near, inner), same in _groups(same_smoothing, grid, "centre_threshold", "boundary_threshold"):
                seeds = mask & (smooth_centre < near) & (smooth_boundary < inner)
                flooded = _flood(smooth_boundary, seeds, mask)
                sizes, known = _sizes(flooded), dict[int, float]()
                for position in same:
                    kept = sizes >= grid[position]["min_size"]
                    count = int(np.count_nonzero(kept))
                    if count not in known:
                        known[count] = score(_without_small(flooded, kept), truth)
                    yield position, known[count]


def _groups(
    positions: Iterable[int], grid: Sequence[Values], *names: str
) -> Iterable[tuple[tuple[float | int, ...], list[int]]]:
    """Positions with equal values of some names, together."""
    groups: dict[tuple[float | int, ...], list[int]] = {}
    for position in positions:
        groups.setdefault(tuple(grid[position][name] for name in names), []).append(position)
    return groups.items()


# The steps --------------------------------------------------------------------------------------------


def _unit(maps: Maps) -> NDArray[np.float32]:
    """Maps as 0..1 in single precision."""
    if maps.ndim != 3 or maps.shape[0] != 3:
        raise ValueError(f"maps must have the shape (3, h, w); got {maps.shape}")
    if maps.dtype == np.uint8:
        return maps.astype(np.float32) / np.float32(255)
    return maps.astype(np.float32)


def _smooth(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    if sigma == 0:
        return values
    smooth: NDArray[np.float32] = gaussian_filter(values, sigma, truncate=3.0)
    return smooth


def _flood(boundary: NDArray[np.float32], seeds: NDArray[np.bool_], mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Seeded watershed within the mask; ids as the seeds' pieces in reading order."""
    markers = label(seeds, connectivity=2)
    flooded: NDArray[np.int32] = segmentation.watershed(boundary, markers, mask=mask).astype(np.int32)
    return flooded


def _sizes(labels: NDArray[np.int32]) -> NDArray[np.int64]:
    """Pixels of each object, by id from 1."""
    return np.bincount(labels.ravel())[1:]


def _without_small(labels: NDArray[np.int32], kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The objects that are kept, renumbered without gaps."""
    if kept.all():
        return labels
    renumbered = np.concatenate([[0], np.cumsum(kept) * kept]).astype(np.int32)
    return renumbered[labels]
