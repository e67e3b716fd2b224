"""An aged page with annotations in pen: what is on it, layer by layer, and where the pen went.

Light that falls on paper is taken away by what lies on it: a printed grid, stains, specks, and ink. Print is as dark as
some ink, and stains are darker, so no grey value tells ink from the rest: that it is thin and bent does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebook.simulate.light import camera, field, illumination, specks

Float = NDArray[np.float32]

PAPER = (228.0, 214.0, 186.0)
INK, PRINT, BROWN = (0.8, 0.86, 0.9), (0.8, 0.85, 0.9), (0.55, 0.8, 1.0)
"""Share of red, green and blue that a full layer takes away."""
SHARE = (0.012, 0.028)
"""How much of a page the pen covers: strokes are drawn until this is reached, anywhere between the two."""
REACH = 3
"""Pixels around a point of a stroke that it can colour."""


@dataclass(frozen=True)
class PenPage:
    """A page and its truth.

    Args:
        image: uint8 RGB, (size, size, 3).
        mask: bool, (size, size): True where the pen covers at least half of a pixel.
        strokes: How many there are.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    strokes: int


def pen_page(size: int, rng: np.random.Generator, *, blank: bool = False) -> PenPage:
    """Draw a page; a blank one has all but the annotations."""
    light = np.asarray(PAPER, np.float32) * np.float32(rng.uniform(0.88, 1.05)) * _paper(size, rng)[..., None]
    light = _through(light, _grid(size, rng), PRINT)
    light = _through(light, _stains(size, rng), BROWN)
    light = _through(light, specks(size, rng, density=0.0006) * np.float32(0.6), BROWN)
    cover, strokes = (np.zeros((size, size), np.float32), 0) if blank else _annotations(size, rng)
    worn = np.clip(rng.uniform(0.5, 0.8) * (1 + 0.15 * field(size, 4, rng)), 0.35, 0.95).astype(np.float32)
    light = camera(_through(light, cover * worn, INK), rng, shot=0.05, read=2.0)
    return PenPage(np.clip(np.round(light), 0, 255).astype(np.uint8), cover >= 0.5, strokes)


def _through(light: Float, layer: Float, taken: tuple[float, float, float]) -> Float:
    """What a layer (0..1) leaves of the light."""
    return np.asarray(light * (1 - layer[..., None] * np.asarray(taken, np.float32)), np.float32)


def _paper(size: int, rng: np.random.Generator) -> Float:
    """Fibres, waves and uneven light, around 1."""
    fibres = 0.012 * field(size, 0.8, rng) + 0.015 * field(size, 2.5, rng)
    waves = np.float32(rng.uniform(0.02, 0.06)) * field(size, size / 6, rng)
    return np.asarray((1 + fibres + waves) * illumination(size, rng, strength=rng.uniform(0.1, 0.35)), np.float32)


def _grid(size: int, rng: np.random.Generator) -> Float:
    """Faint ruled lines, straight and a pixel wide; every fifth one is as dark as ink can be."""
    step, faint, dark = rng.uniform(9, 15), rng.uniform(0.12, 0.25), rng.uniform(0.6, 0.85)
    tilt = rng.uniform(-0.01, 0.01)
    along = np.arange(size, dtype=np.float32)
    lines = np.zeros((size, size), np.float32)
    for across in (along[:, None] + tilt * along[None, :], along[None, :] - tilt * along[:, None]):
        place = (across + rng.uniform(0, 5 * step)) / step
        number = np.round(place)
        cover = np.clip(1.1 - step * np.abs(place - number), 0, 1)
        lines = np.maximum(lines, cover * np.where(number % 5 == 0, dark, faint)).astype(np.float32)
    return lines


def _stains(size: int, rng: np.random.Generator) -> Float:
    """Blots of many forms, darker at their edge, where they dried last."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    layer = np.zeros((size, size), np.float32)
    for _ in range(rng.integers(2, 6)):
        radius = np.float32(size * np.exp(rng.uniform(np.log(0.02), np.log(0.15))))
        away = np.hypot(y - rng.uniform(0, size), x - rng.uniform(0, size)) / radius
        away += np.float32(0.12) * field(size, max(2.0, float(radius) / 3), rng)
        inside = np.clip((1 - away) * radius / 2 + 0.5, 0, 1) * np.float32(rng.uniform(0.1, 0.7))
        edge = np.exp(-(((away - 0.95) * radius / 2) ** 2)) * np.float32(rng.uniform(0.1, 0.7))
        layer = np.maximum(layer, np.maximum(inside, edge)).astype(np.float32)
    return layer


def _annotations(size: int, rng: np.random.Generator) -> tuple[Float, int]:
    """The pen's cover, 0..1, and the number of its strokes."""
    wanted = rng.uniform(*SHARE) * size**2
    cover = np.zeros((size, size), np.float32)
    strokes = 0
    while np.count_nonzero(cover >= 0.5) < wanted:
        strokes += 1
        for y, x, half in _stroke(size, rng):
            rows = slice(max(0, int(y) - REACH), int(y) + REACH + 1)
            columns = slice(max(0, int(x) - REACH), int(x) + REACH + 1)
            piece = cover[rows, columns]
            down, right = np.arange(piece.shape[0]) + rows.start - y, np.arange(piece.shape[1]) + columns.start - x
            away = np.hypot(down[:, None], right[None, :])
            np.maximum(piece, np.clip(half + 0.5 - away, 0, 1), out=piece)
    return cover, strokes


def _stroke(size: int, rng: np.random.Generator) -> Iterator[tuple[float, float, float]]:
    """Points half a pixel apart along a bent line, (y, x, half of its width there), as long as they lie on the page."""
    steps = int(2 * size * rng.uniform(0.06, 0.25))
    y, x = rng.uniform(0.04 * size, 0.96 * size, 2)
    heading, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.04)
    half, pressure = rng.uniform(0.8, 1.3), rng.uniform(0, 2 * np.pi)
    for step in range(steps):
        bend = 0.97 * bend + rng.normal(0, 0.02)
        heading += bend
        y, x = y + 0.5 * np.sin(heading), x + 0.5 * np.cos(heading)
        if not (0 <= y < size and 0 <= x < size):
            return
        yield float(y), float(x), float(half * (1 + 0.25 * np.sin(pressure + 0.1 * step)))
