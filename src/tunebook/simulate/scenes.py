"""Scenes: closed outlines in polar form, bent and stretched, placed alone or against a neighbour."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Float = NDArray[np.float32]

SMALLEST_OBJECT = 12
"""Pixels of visible area that every object has at least."""
MOST_OBJECTS = 60
DIRECTIONS = 1024
"""Samples of an outline around its centre; enough that large objects have no saw teeth."""


@dataclass(frozen=True)
class Look:
    """How the objects of one image are formed, in pixels and shares."""

    diameter: float
    spread: float
    """Standard deviation of the logarithm of diameters within the image."""
    elongation: tuple[float, float]
    lobes: float
    """Strength of slow waves in the outline."""
    spikes: tuple[int, int]
    bend: float
    coverage: float
    clustering: float
    overlap: float
    """Share of an object that may lie under others."""
    rounded: float = 0.0
    """Share of small round objects among irregular ones: cells in division."""


@dataclass(frozen=True)
class Body:
    """A placed object in its window of the image.

    Args:
        rows, columns: The window; it reaches to twice the outline.
        radius: Distance from the centre as a share of the outline's: < 1 inside.
        angle: Direction from the centre, radians.
        diameter: Of the disc of equal area, about.
    """

    rows: slice
    columns: slice
    radius: Float
    angle: Float
    diameter: float
    rounded: bool

    @property
    def cover(self) -> Float:
        """1 inside, 0 outside, with an edge one pixel wide."""
        return np.clip((1 - self.radius) * self.diameter / 2 + 0.5, 0, 1)


def scatter(look: Look, size: int, rng: np.random.Generator) -> tuple[list[Body], NDArray[np.uint16]]:
    """Objects placed one after the other; where two overlap, the first has the pixel."""
    wanted = round(look.coverage * size**2 / (np.pi / 4 * look.diameter**2))
    wanted = min(max(wanted, 1), MOST_OBJECTS)
    label = np.zeros((size, size), np.uint16)
    objects: list[Body] = []
    centres: list[tuple[float, float, float]] = []
    attempts = 0
    while len(objects) < wanted and (not objects or attempts < 4 * wanted):
        attempts += 1
        diameter = float(np.clip(look.diameter * np.exp(rng.normal(0, look.spread)), 6, 0.7 * size))
        y, x = _place(centres, diameter, look.clustering, size, rng)
        candidate = _draw(y, x, diameter, look, size, rng)
        if candidate is None:
            continue
        visible = _visible(candidate, label, look.overlap)
        if visible is None:
            continue
        objects.append(candidate)
        centres.append((y, x, diameter))
        label[candidate.rows, candidate.columns][visible] = len(objects)
    return objects, label


def _place(
    centres: list[tuple[float, float, float]], diameter: float, clustering: float, size: int, rng: np.random.Generator
) -> tuple[float, float]:
    """A centre: the first in the middle, others anywhere or against an earlier one."""
    if not centres:
        y, x = rng.uniform(0.3, 0.7, 2) * size
    elif rng.random() < clustering:
        near = centres[rng.integers(len(centres))]
        distance = (near[2] + diameter) / 2 * rng.uniform(0.85, 1.15)
        direction = rng.uniform(0, 2 * np.pi)
        y, x = near[0] + distance * np.sin(direction), near[1] + distance * np.cos(direction)
    else:
        y, x = rng.uniform(-0.03, 1.03, 2) * size
    return float(y), float(x)


def _draw(y: float, x: float, diameter: float, look: Look, size: int, rng: np.random.Generator) -> Body | None:
    """One outline in its window; None when the window lies outside the image."""
    outline = _outline(look, rng)
    stretch = float(np.sqrt(rng.uniform(*look.elongation)))
    turn = rng.uniform(0, 2 * np.pi)
    bend = rng.normal(0, look.bend)
    rounded = bool(rng.random() < look.rounded)
    if rounded:
        outline = np.ones(DIRECTIONS, np.float32)
        stretch, bend, diameter = 1.0, 0.0, max(0.7 * diameter, 6.0)
    reach = int(diameter * stretch * outline.max()) + 3
    top, bottom = max(int(y) - reach, 0), min(int(y) + reach + 1, size)
    left, right = max(int(x) - reach, 0), min(int(x) + reach + 1, size)
    if top >= bottom or left >= right:
        return None
    dy = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(y)
    dx = np.arange(left, right, dtype=np.float32)[None, :] - np.float32(x)
    along = (dx * np.float32(np.cos(turn)) + dy * np.float32(np.sin(turn))) / np.float32(stretch)
    across = (dy * np.float32(np.cos(turn)) - dx * np.float32(np.sin(turn))) * np.float32(stretch)
    across += along**2 * np.float32(bend / diameter)
    angle = np.arctan2(across, along)
    index = ((angle + np.pi) * (len(outline) / (2 * np.pi))).astype(np.intp) % len(outline)
    radius = np.asarray(np.hypot(across, along) / (outline[index] * np.float32(diameter / 2)), np.float32)
    return Body(slice(top, bottom), slice(left, right), radius, angle, diameter, rounded)


def _outline(look: Look, rng: np.random.Generator) -> Float:
    """Radius by direction, mean square 1: slow waves and, for spread cells, protrusions."""
    theta = np.linspace(-np.pi, np.pi, DIRECTIONS, endpoint=False)
    orders = np.arange(2, 7)[:, None]
    strength = look.lobes / orders**1.2 * rng.normal(0, 1, orders.shape)
    radius = 1 + (strength * np.cos(orders * theta + rng.uniform(0, 2 * np.pi, orders.shape))).sum(axis=0)
    spikes = int(rng.integers(look.spikes[0], look.spikes[1] + 1))
    if spikes:
        where = rng.uniform(-np.pi, np.pi, (spikes, 1))
        width = rng.uniform(0.1, 0.45, (spikes, 1))
        away = np.angle(np.exp(1j * (theta - where)))
        radius = 0.75 * radius + (rng.uniform(0.3, 1.5, (spikes, 1)) * np.exp(-(np.abs(away / width) ** 1.4))).sum(
            axis=0
        )
    radius = np.maximum(radius, 0.35)
    return np.asarray(radius / np.sqrt((radius**2).mean()), np.float32)


def _visible(candidate: Body, label: NDArray[np.uint16], overlap: float) -> NDArray[np.bool_] | None:
    """The pixels that a new object gets, in one part; None when they are too few or hide too much of it."""
    inside = candidate.radius < 1
    free = inside & (label[candidate.rows, candidate.columns] == 0)
    area, left = int(inside.sum()), int(free.sum())
    if left < SMALLEST_OBJECT or area - left > overlap * area:
        return None
    parts, count = ndimage.label(free)
    if count > 1:
        free = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    return free if int(free.sum()) >= SMALLEST_OBJECT else None
