"""Sheets: cells that tile the ground and share their walls, as soap bubbles do.

Every cell is a disc; neighbouring discs press each other flat where they meet (the cells of a power diagram) and stay
round towards empty ground. Moving each disc to the middle of its cell a few times makes a sheet regular (Lloyd);
measuring distances unequally along and across a direction makes cells long; bent coordinates make walls crooked.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from tunebook.simulate.light import field
from tunebook.simulate.scenes import MOST_OBJECTS, SMALLEST_OBJECT, Float

Points = NDArray[np.float64]

NEIGHBOURS = 8
"""Discs around a pixel among which its walls are sought, its own included."""


@dataclass(frozen=True)
class Weave:
    """How the cells of one image tile it, in pixels and shares."""

    diameter: float
    spread: float
    """Standard deviation of the logarithm of the discs' diameters within the image."""
    stretch: float
    """Length over width of a typical cell, along one direction for the whole image."""
    rounds: int
    """Of moving every disc to the middle of its cell: 0 is ragged, 5 a honeycomb."""
    crooked: float
    """How far walls are bent, as a share of the diameter."""
    reach: float
    """Distance from a disc's centre to its cell's free edge, in radii of the disc; from 1.4 there are hardly gaps."""
    extent: Literal["full", "edge", "islands"]
    missing: float
    """Share of cells that left a hole."""


@dataclass(frozen=True)
class Sheet:
    """Cells pixel by pixel.

    Args:
        label: 0 = ground, 1..n the cells; touching, with the pixels of a shared wall at the nearer cell.
        owner: Number of the disc that a pixel is nearest to, also on the ground.
        facing: (2, size, size). Numbers of the discs behind the nearest and the second nearest wall.
        walls: (2, size, size). Distance to these walls in pixels; inf where there is none.
        rim: Distance to the free edge in pixels; < 0 on the ground.
        radius: Distance from the disc's centre as a share of its radius.
        discs: How many discs there are, visible or not.
    """

    label: NDArray[np.uint16]
    owner: NDArray[np.intp]
    facing: NDArray[np.intp]
    walls: Float
    rim: Float
    radius: Float
    discs: int


def tile(weave: Weave, size: int, rng: np.random.Generator) -> Sheet:
    """Cells of one weave, without the outermost where more than 60 would be in the picture.

    Cells that the picture's edge cuts down to less than 12 px are there, but have no label.
    """
    turn = rng.uniform(0, np.pi)
    turned = np.array([[np.sin(turn), np.cos(turn)], [np.cos(turn), -np.sin(turn)]])
    metric = turned * np.sqrt([[1 / weave.stretch], [weave.stretch]])
    margin = 1.5 * weave.diameter * np.sqrt(weave.stretch)
    number = round((size + 2 * margin) ** 2 / (np.pi / 4 * weave.diameter**2))
    radii = weave.diameter / 2 * np.exp(rng.normal(0, weave.spread, number))
    centres = _relaxed(rng.uniform(-margin, size + margin, (number, 2)), radii, metric, weave, margin=margin, size=size)
    pixels = np.moveaxis(np.mgrid[:size, :size].astype(np.float64), 0, -1)
    for wave, share in ((0.7, 0.65), (0.2, 0.35)):
        sigma = max(wave * weave.diameter, 1.5)
        bend = np.stack([field(size, sigma, rng), field(size, sigma, rng)], axis=-1)
        pixels += share * weave.crooked * weave.diameter * bend
    order = np.argsort(_remoteness(weave, centres, size, rng), kind="stable")
    order = order[rng.random(number) >= weave.missing]
    share = {"full": 1.0, "edge": rng.uniform(0.3, 0.85), "islands": rng.uniform(0.1, 0.5)}[weave.extent]
    reach = weave.reach * (1 + rng.uniform(0.02, 0.2) * field(size, 0.5 * weave.diameter, rng))
    sheet = _lay(centres[order], radii[order], metric, pixels, reach)
    shown = _shown(sheet)
    wanted = max(min(round(share * len(shown)), MOST_OBJECTS), 1)
    # A cell never shrinks when others go, so the first ones stay
    while len(shown) > wanted:
        order = order[: shown[wanted]]
        sheet = _lay(centres[order], radii[order], metric, pixels, reach)
        shown = _shown(sheet)
    return sheet


def _relaxed(centres: Points, radii: Points, metric: Points, weave: Weave, *, margin: float, size: int) -> Points:
    """Discs after they moved to the middles of their cells."""
    samples = np.arange(-margin, size + margin, weave.diameter / 7)
    ground = np.stack(np.meshgrid(samples, samples), axis=-1).reshape(-1, 2)
    for _ in range(weave.rounds):
        owner = _tree(centres, radii, metric).query(_lifted(ground, metric))[1]
        area = np.bincount(owner, minlength=len(radii))
        total = np.stack([np.bincount(owner, ground[:, axis], len(radii)) for axis in (0, 1)], axis=-1)
        centres = np.where(area[:, None] > 0, total / np.maximum(area, 1)[:, None], centres)
    return centres


def _remoteness(weave: Weave, centres: Points, size: int, rng: np.random.Generator) -> Points:
    """Which cells are left away first: those far behind a line or far from the islands' middles."""
    ragged = rng.normal(0, rng.uniform(0, 0.6) * weave.diameter, len(centres))
    middles = rng.uniform(0.15, 0.85, (int(rng.integers(1, 4)), 2)) * size
    turn = rng.uniform(0, 2 * np.pi)
    if weave.extent == "edge":
        return np.asarray(centres @ [np.sin(turn), np.cos(turn)] + ragged)
    if weave.extent == "full":
        middles = middles[:1]
    return np.asarray(np.hypot(*(centres[:, None] - middles).transpose(2, 0, 1)).min(axis=1) + ragged)


def _lay(centres: Points, radii: Points, metric: Points, pixels: Points, reach: Float) -> Sheet:
    """The cells of these discs, with the distance of every pixel to what surrounds it."""
    found, near = _tree(centres, radii, metric).query(_lifted(pixels, metric), k=NEIGHBOURS)
    near = np.minimum(near, len(radii) - 1)
    owner = near[..., 0]
    # Towards a neighbour, the difference of the two powers falls by this much per pixel
    others = np.moveaxis(near[..., 1:], -1, 0)
    falls = [2 * np.linalg.norm((centres[other] - centres[owner]) @ metric.T @ metric, axis=-1) for other in others]
    walls = (found**2 - found[..., :1] ** 2)[..., 1:] / np.maximum(np.stack(falls, axis=-1), 1e-6)
    two = np.argsort(walls, axis=-1)[..., :2]
    out = (pixels - centres[owner]) @ metric.T
    away = np.linalg.norm(out, axis=-1)
    slope = np.linalg.norm(out @ metric, axis=-1) / np.maximum(away, 1e-6)
    rim = (reach * radii[owner] - away) / np.maximum(slope, 1e-6)
    return Sheet(
        label=_numbered(owner, rim > 0),
        owner=owner,
        facing=np.moveaxis(np.take_along_axis(near[..., 1:], two, axis=-1), -1, 0),
        walls=np.moveaxis(np.take_along_axis(walls, two, axis=-1), -1, 0).astype(np.float32),
        rim=rim.astype(np.float32),
        radius=(away / radii[owner]).astype(np.float32),
        discs=len(radii),
    )


def _tree(centres: Points, radii: Points, metric: Points) -> cKDTree:
    """Discs as points whose squared distance to a pixel is its power: small discs are lifted off the plane."""
    lift = np.sqrt((radii**2).max() - radii**2)
    return cKDTree(np.concatenate([centres @ metric.T, lift[:, None]], axis=1))


def _lifted(points: Points, metric: Points) -> Points:
    """Points of the plane in the coordinates of the tree."""
    flat = points @ metric.T
    return np.concatenate([flat, np.zeros_like(flat[..., :1])], axis=-1)


def _numbered(owner: NDArray[np.intp], inside: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """Cells 1..n in the order of their discs: the largest part of each, if it is large enough."""
    label = np.zeros(owner.shape, np.uint16)
    number = 0
    cells = np.where(inside, owner + 1, 0)
    for cell, window in enumerate(ndimage.find_objects(cells), start=1):
        if window is None:
            continue
        parts, _ = ndimage.label(cells[window] == cell)
        areas = np.bincount(parts.ravel())[1:]
        if areas.max() >= SMALLEST_OBJECT:
            number += 1
            label[window][parts == 1 + int(np.argmax(areas))] = number
    return label


def _shown(sheet: Sheet) -> NDArray[np.intp]:
    """Numbers of the discs whose cells are in the picture, ascending."""
    return np.unique(sheet.owner[sheet.label > 0])
