"""Simulated microscope images with instance labels: the data of the quickstart, endless for pre-training.

A picture is made in three steps. A scene is scattered: closed outlines in polar form, bent and stretched,
placed alone or against a neighbour. A painter of the modality turns the scene into light: fluorescence adds
emitted light and blurs it; phase contrast subtracts a blurred copy of the optical thickness, which is what
makes halos; stained tissue multiplies absorbances of two dyes. A camera adds uneven light and noise.
Everything is drawn from one generator, so equal generators give equal pictures.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from tunebook.errors import InputError, Problem
from tunebook.folders import write_atomically

Float = NDArray[np.float32]

KINDS = ("fluorescence", "phase", "tissue")
SPLITS = ("train", "val", "test")
VERSION = "1"
SMALLEST_SIZE = 32
SMALLEST_OBJECT = 12
"""Pixels of visible area that every object has at least."""
MOST_OBJECTS = 60
DIRECTIONS = 1024
"""Samples of an outline around its centre; enough that large objects have no saw teeth."""


def cells(
    out: Path,
    *,
    seed: int,
    kinds: Sequence[str] = KINDS,
    train: int = 24,
    val: int = 6,
    test: int = 8,
    size: int = 128,
) -> None:
    """Write a data set of simulated cells: `<out>/<split>/images|labels/*.png`, manifest.csv and SOURCE.md.

    Images are 8-bit, grey or (tissue) RGB; labels 16-bit, 0 = background, objects 1..n. Image k of a split
    depends on (seed, split, k, size) and its kind, `kinds[k % len(kinds)]`, alone: equal arguments give equal
    bytes, and asking for more images keeps the first ones.

    Args:
        out: A folder that is missing or empty, or holds a smaller data set of the same seed, kinds and size.
        seed: From 0.
        train, val, test: Number of images.
        size: Height and width in pixels, at least 32.

    Raises:
        InputError: for a bad argument, or when `out` holds anything else; nothing is written then.
    """
    counts = dict(zip(SPLITS, (train, val, test), strict=True))
    _check(seed=seed, kinds=kinds, counts=counts, size=size)
    drawn = f"version {VERSION}, seed {seed}, size {size}, kinds {' '.join(kinds)}"
    names = {split: [f"{k:04d}-{kinds[k % len(kinds)]}.png" for k in range(counts[split])] for split in SPLITS}
    _check_folder(out, names, drawn)
    write_atomically(out / "SOURCE.md", _source(drawn, seed=seed, kinds=kinds, counts=counts, size=size).encode())
    rows = []
    for number, split in enumerate(SPLITS):
        for k, name in enumerate(names[split]):
            kind = kinds[k % len(kinds)]
            rng = np.random.default_rng([seed, number, k, KINDS.index(kind)])
            picture, label = image(kind, size=size, rng=rng)
            write_atomically(out / split / "images" / name, _png(picture))
            write_atomically(out / split / "labels" / name, _png(label))
            foreground = f"{(label > 0).mean():.4f}"
            rows.append([split, name, kind, size, size, label.max(), foreground, picture.min(), picture.max()])
    table = io.StringIO()
    header = ["split", "file", "kind", "height", "width", "n_instances", "fg_fraction", "min", "max"]
    csv.writer(table, lineterminator="\n").writerows([header, *rows])
    write_atomically(out / "manifest.csv", table.getvalue().encode())


def image(kind: str, *, size: int = 128, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """One picture and its label.

    Returns:
        The image, (size, size), or (size, size, 3) for tissue; the label, (size, size), 0 = background and
        1..n objects (1 <= n <= 60), each of at least 12 px and in one part.

    Raises:
        InputError: for an unknown kind or a size below 32.
    """
    _check(seed=0, kinds=[kind], counts={}, size=size)
    paint = {"fluorescence": _fluorescence, "phase": _phase, "tissue": _tissue}[kind]
    picture, label = paint(size, rng)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8), label


# Scenes -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Look:
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
class _Object:
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


def _scatter(look: _Look, size: int, rng: np.random.Generator) -> tuple[list[_Object], NDArray[np.uint16]]:
    """Objects placed one after the other; where two overlap, the first has the pixel."""
    wanted = round(look.coverage * size**2 / (np.pi / 4 * look.diameter**2))
    wanted = min(max(wanted, 1), MOST_OBJECTS)
    label = np.zeros((size, size), np.uint16)
    objects: list[_Object] = []
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


def _draw(y: float, x: float, diameter: float, look: _Look, size: int, rng: np.random.Generator) -> _Object | None:
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
    return _Object(slice(top, bottom), slice(left, right), radius, angle, diameter, rounded)


def _outline(look: _Look, rng: np.random.Generator) -> Float:
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


def _visible(candidate: _Object, label: NDArray[np.uint16], overlap: float) -> NDArray[np.bool_] | None:
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


# Painters -----------------------------------------------------------------------------------------------


def _fluorescence(size: int, rng: np.random.Generator) -> tuple[Float, NDArray[np.uint16]]:
    """Bright nuclei on dark ground."""
    look = _Look(
        diameter=_diameter(size, rng),
        spread=rng.uniform(0.05, 0.3),
        elongation=(1.0, rng.uniform(1.2, 2.2)),
        lobes=rng.choice([0.03, 0.06, 0.14]),
        spikes=(0, 0),
        bend=rng.choice([0.05, 0.25]),
        coverage=0.02 + 0.38 * rng.random() ** 1.5,
        clustering=rng.choice([0.1, 0.4, 0.8]),
        overlap=rng.uniform(0.02, 0.2),
    )
    objects, label = _scatter(look, size, rng)
    grain = _Texture(look.diameter * rng.uniform(0.04, 0.12), rng)
    contrast, dome, uneven = rng.uniform(0.03, 0.35), rng.uniform(0.0, 0.5), rng.uniform(0.05, 0.45)
    condensed = rng.choice([0.0, 0.0, 0.15])
    light = np.zeros((size, size), np.float32)
    for one in objects:
        brightness = np.exp(rng.normal(0, uneven)) * (2.2 if rng.random() < condensed else 1.0)
        texture = 1 + contrast * grain.cut(one.radius.shape, rng)
        light[one.rows, one.columns] += (
            one.cover * np.clip(texture, 0.25, 2.5) * ((1 - dome * one.radius**2).clip(0.2) * np.float32(brightness))
        )
    light += _specks(size, rng, density=rng.choice([0.0, 0.0002, 0.001])) * rng.uniform(0.2, 0.8)
    focus = min(rng.uniform(0.4, 1.3) if rng.random() < 0.75 else rng.uniform(1.3, 3.0), look.diameter / 8)
    glow = ndimage.gaussian_filter(light, look.diameter * rng.uniform(0.2, 0.6), truncate=3)
    light = ndimage.gaussian_filter(light, focus, truncate=3) + rng.uniform(0.02, 0.25) * glow
    light = light + rng.uniform(0, 0.05) * np.abs(_field(size, size * rng.uniform(0.1, 0.4), rng))
    peak = np.exp(rng.uniform(np.log(28), np.log(230)))
    ground = rng.uniform(1, 0.1 * peak + 8)
    picture = ground + (peak - ground) * light / max(float(np.percentile(light[label > 0], 90)), 1e-3)
    picture *= _illumination(size, rng, strength=rng.uniform(0, 0.3))
    return _camera(picture, rng, shot=rng.choice([0.02, 0.1, 0.4]), read=rng.uniform(0.2, 0.02 * peak + 0.5)), label


def _phase(size: int, rng: np.random.Generator) -> tuple[Float, NDArray[np.uint16]]:
    """Transparent cells on grey ground, darker than it, in bright halos."""
    spindle = rng.random() < 0.5
    look = _Look(
        diameter=min(1.25 * _diameter(size, rng), 0.45 * size),
        spread=rng.uniform(0.15, 0.4),
        elongation=(1.2, rng.uniform(3, 8)) if spindle else (1.0, rng.uniform(1.5, 3)),
        lobes=rng.uniform(0.1, 0.3),
        spikes=(0, 3) if spindle else (1, 7),
        bend=rng.uniform(0.05, 0.5),
        coverage=0.04 + 0.36 * rng.random() ** 1.3,
        clustering=rng.choice([0.2, 0.5, 0.8]),
        overlap=rng.uniform(0.02, 0.15),
        rounded=rng.choice([0.0, 0.05, 0.15]),
    )
    objects, label = _scatter(look, size, rng)
    grain, fine = _Texture(rng.uniform(1.2, 2.5), rng), _Texture(rng.uniform(0.6, 0.9), rng)
    flat, granules, rim = rng.uniform(0.1, 0.7), rng.uniform(0.1, 0.6), rng.uniform(0.0, 0.5)
    thickness, shine = np.zeros((2, size, size), np.float32)
    for one in objects:
        window = (one.rows, one.columns)
        inner = np.clip(1 - one.radius, 0, 1)
        if one.rounded:
            ring = np.exp(-(((one.radius - 0.75) / 0.15) ** 2))
            shine[window] += one.cover * np.float32(rng.uniform(0.5, 2.5)) * (ring + rng.uniform(-0.5, 1) * inner)
            thickness[window] += np.exp(-(((one.radius - 1.0) / 0.12) ** 2)) * np.float32(rng.uniform(0.5, 1.5))
            continue
        height = np.exp(rng.normal(0, 0.35)) * (flat + (1 - flat) * inner)
        edge = np.exp(-(((one.radius - 0.93) / 0.1) ** 2)) * (1 + np.cos(3 * one.angle + rng.uniform(0, 6)))
        dots = np.clip(fine.cut(inner.shape, rng) - 0.8, 0, 3) - 0.5 * np.clip(grain.cut(inner.shape, rng) - 1, 0, 3)
        dots = dots * np.sqrt(inner) + 0.3 * grain.cut(inner.shape, rng)
        nucleus = np.exp(-(((one.radius - rng.uniform(0.3, 0.45)) / 0.08) ** 2)) * rng.uniform(-0.3, 0.3)
        thickness[window] += one.cover * (height + rim * edge + granules * dots + nucleus).astype(np.float32)
    thickness += _specks(size, rng, density=rng.choice([0.0, 0.001, 0.004])) * rng.uniform(0.5, 1.5)
    focus = rng.uniform(0.35, 0.9)
    sharp = ndimage.gaussian_filter(thickness - shine, focus, truncate=3)
    reach = rng.uniform(1.5, 3.5) + rng.uniform(0, 0.08) * look.diameter
    halo = ndimage.gaussian_filter(thickness - 0.6 * shine, reach, truncate=3)
    wave = sharp - rng.uniform(0.75, 1.15) * halo + rng.uniform(0, 0.03) * _field(size, 1.5, rng)
    ground, contrast = rng.uniform(70, 165), np.exp(rng.uniform(np.log(22), np.log(75)))
    spread = max(float(np.std(wave[label > 0])), 0.05)
    picture = ground - contrast * np.clip(wave / spread, -4, 4) * 0.7 + contrast * 0.15 * _dust(size, rng)
    picture = picture * _illumination(size, rng, strength=rng.uniform(0, 0.25))
    return _camera(picture, rng, shot=0.02, read=rng.uniform(0.5, 4)), label


def _tissue(size: int, rng: np.random.Generator) -> tuple[Float, NDArray[np.uint16]]:
    """Nuclei that take up a purple dye, on a white slide or in pink tissue."""
    style = rng.choice(["smear", "section", "violet"])
    look = _Look(
        diameter=_diameter(size, rng),
        spread=rng.uniform(0.1, 0.3),
        elongation=(1.0, rng.uniform(1.3, 3.5)),
        lobes=rng.choice([0.04, 0.1, 0.2]),
        spikes=(0, 0),
        bend=rng.choice([0.05, 0.3]),
        coverage=0.04 + 0.4 * rng.random() ** 1.2,
        clustering=rng.choice([0.1, 0.5, 0.8]),
        overlap=rng.uniform(0.02, 0.15),
    )
    objects, label = _scatter(look, size, rng)
    grain = _Texture(look.diameter * rng.uniform(0.04, 0.1), rng)
    contrast, rim, uneven = rng.uniform(0.1, 0.5), rng.uniform(0.0, 0.6), rng.uniform(0.1, 0.35)
    plasma = rng.uniform(0.0, 0.4)
    nuclear, pink = np.zeros((2, size, size), np.float32)
    for one in objects:
        window = (one.rows, one.columns)
        depth = np.exp(rng.normal(0, uneven))
        edge = rim * np.exp(-(((one.radius - 0.9) / 0.12) ** 2))
        texture = np.clip(1 + contrast * grain.cut(one.radius.shape, rng) + edge, 0.2, 2.5)
        nuclear[window] = np.maximum(nuclear[window], one.cover * texture * np.float32(depth))
        body = np.clip((rng.uniform(1.2, 1.9) - one.radius) * 3, 0, 1) * (1 + 0.3 * grain.cut(one.radius.shape, rng))
        pink[window] = np.maximum(pink[window], plasma * body)
    if style == "section":
        pink += _stroma(size, rng)
    elif style == "violet":
        faint = np.clip(_field(size, look.diameter * 0.4, rng) - 0.9, 0, 1.5)
        nuclear += (rng.uniform(0.1, 0.3) + rng.uniform(0, 0.35) * faint).astype(np.float32)
        nuclear += np.float32(0.03) * _field(size, 2.5, rng)
    pink += _specks(size, rng, density=rng.choice([0.0, 0.0005, 0.002]))
    # Absorbance per dye and channel
    purple = np.array([0.62, 1.0, 0.3]) * rng.uniform(0.75, 1.3, 3)
    if style == "violet":
        purple = np.array([0.5, 0.95, 0.1]) * rng.uniform(0.8, 1.2, 3)
    eosin = np.array([0.12, 0.75, 0.32]) * rng.uniform(0.7, 1.3, 3)
    absorbed = nuclear[..., None] * purple * rng.uniform(0.45, 1.3) + np.clip(pink, 0, None)[..., None] * eosin
    focus = min(rng.uniform(0.4, 1.6), look.diameter / 9)
    absorbed = ndimage.gaussian_filter(absorbed, (focus, focus, 0), truncate=3)
    white = rng.uniform(195, 250) * rng.uniform(0.93, 1.02, 3)
    picture = white * np.exp(-absorbed) * _illumination(size, rng, strength=rng.uniform(0, 0.12))[..., None]
    return _camera(picture.astype(np.float32), rng, shot=0.01, read=rng.uniform(0.3, 4)), label


def _stroma(size: int, rng: np.random.Generator) -> Float:
    """Pink ground of a section: fibres along a wandering direction, gaps, and pools of red."""
    length = rng.uniform(4, 14)
    fibres = ndimage.gaussian_filter(rng.standard_normal((2 * size, 2 * size), np.float32), (1.0, length), truncate=2)
    fibres /= fibres.std()
    turn = rng.uniform(0, np.pi)
    y, x = np.mgrid[:size, :size].astype(np.float32) - size / 2
    warp = _field(size, size * 0.2, rng) * rng.uniform(2, 9)
    rows = (x * np.sin(turn) + y * np.cos(turn) + warp + size).astype(np.intp) % (2 * size)
    columns = (x * np.cos(turn) - y * np.sin(turn) - warp + size).astype(np.intp) % (2 * size)
    ground = rng.uniform(0.4, 1.0) + rng.uniform(0.05, 0.25) * fibres[rows, columns]
    cloud = _field(size, size * rng.uniform(0.08, 0.3), rng)
    ground = ground * (1 + 0.2 * cloud)
    level = rng.uniform(0.8, 2.5)
    ground = ground * (1 - np.clip((cloud - level) * 4, 0, 0.95))
    pools = np.clip((-cloud - rng.uniform(0.8, 3.0)) * 5, 0, 1) * rng.uniform(0.5, 2.0)
    return np.asarray(ground + pools, np.float32)


# Light, noise and texture -------------------------------------------------------------------------------


class _Texture:
    """A tile of band-limited noise (mean 0, variance 1) from which objects cut pieces at random places."""

    side = 256

    def __init__(self, sigma: float, rng: np.random.Generator) -> None:
        noise = rng.standard_normal((self.side, self.side), np.float32)
        coarse = ndimage.gaussian_filter(noise, 2.5 * sigma, mode="wrap", truncate=2)
        tile = ndimage.gaussian_filter(noise, sigma, mode="wrap", truncate=3) - coarse
        self.tile: Float = tile / tile.std()

    def cut(self, shape: tuple[int, ...], rng: np.random.Generator) -> Float:
        y, x = rng.integers(0, self.side, 2)
        rows = (np.arange(shape[0]) + y) % self.side
        columns = (np.arange(shape[1]) + x) % self.side
        piece: Float = self.tile[rows[:, None], columns]
        return piece


def _diameter(size: int, rng: np.random.Generator) -> float:
    """Typical diameter of an image's objects: 8 to 45 px, at most 0.4 of a small image."""
    return float(np.exp(rng.uniform(np.log(8), np.log(min(45.0, 0.4 * size)))))


def _field(size: int, sigma: float, rng: np.random.Generator) -> Float:
    """Smooth noise of standard deviation 1, drawn on a coarse grid where sigma allows."""
    step = max(1, int(sigma / 2))
    coarse = size // step + 4
    noise = ndimage.gaussian_filter(rng.standard_normal((coarse, coarse), np.float32), sigma / step, truncate=3)
    if step > 1:
        noise = ndimage.zoom(noise, step, order=1)
    noise = noise[:size, :size]
    return np.asarray((noise - noise.mean()) / max(float(noise.std()), 1e-6), np.float32)


def _specks(size: int, rng: np.random.Generator, *, density: float) -> Float:
    """Debris: small irregular crumbs of height 0..1, `density` per pixel."""
    crumbs = np.zeros((size, size), np.float32)
    count = rng.poisson(density * size**2)
    if count:
        y, x = rng.integers(0, size, (2, count))
        steps = rng.integers(-1, 2, (2, count, 6)).cumsum(axis=2)
        rows, columns = np.clip(y[:, None] + steps[0], 0, size - 1), np.clip(x[:, None] + steps[1], 0, size - 1)
        crumbs[rows, columns] = rng.uniform(0.2, 1, (count, 1))
        crumbs = ndimage.gaussian_filter(crumbs, rng.uniform(0.4, 0.9), truncate=3)
    return crumbs


def _dust(size: int, rng: np.random.Generator) -> Float:
    """Faint rings of dust out of focus."""
    rings = np.zeros((size, size), np.float32)
    y, x = np.ogrid[:size, :size]
    for _ in range(rng.poisson(1.0)):
        radius = rng.uniform(2, 0.15 * size)
        away = np.hypot(y - rng.uniform(0, size), x - rng.uniform(0, size)) - radius
        rings += (np.exp(-((away / 1.5) ** 2)) * rng.uniform(-1, 1) * 6 / radius).astype(np.float32)
    return rings


def _illumination(size: int, rng: np.random.Generator, *, strength: float) -> Float:
    """A slope and a vignette around 1."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    turn = rng.uniform(0, 2 * np.pi)
    slope = np.cos(turn) * x + np.sin(turn) * y
    bowl = (x - rng.uniform(-0.5, 0.5)) ** 2 + (y - rng.uniform(-0.5, 0.5)) ** 2
    return np.asarray(1 + strength * (0.5 * slope - rng.uniform(0, 0.4) * bowl), np.float32)


def _camera(picture: Float, rng: np.random.Generator, *, shot: float, read: float) -> Float:
    """Noise that grows with the root of the light, and noise that does not; per channel."""
    deviation = np.sqrt(np.clip(picture, 0, None) * shot + read**2)
    return np.asarray(picture + deviation * rng.standard_normal(picture.shape, np.float32), np.float32)


# Files --------------------------------------------------------------------------------------------------


def _png(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def _source(drawn: str, *, seed: int, kinds: Sequence[str], counts: dict[str, int], size: int) -> str:
    wanted = " ".join(f"--{split} {counts[split]}" for split in SPLITS)
    command = f"tunebook simulate cells --seed {seed} --kinds {','.join(kinds)} {wanted} --size {size} --out DIR"
    return (
        "# Simulated cells: instance segmentation\n\n"
        "- Origin: simulated by Tunebook; no microscope took these images.\n"
        f"- Drawn from: {drawn}\n"
        f"- Command: `{command}`\n"
        "- Licence: CC0 1.0 (public domain dedication).\n\n"
        "`<split>/images/*.png`: 8 bit, grey or RGB. `<split>/labels/*.png`: 16 bit, 0 = background, objects 1..n.\n"
        "`manifest.csv`: one line per image.\n"
    )


def _check(*, seed: int, kinds: Sequence[str], counts: dict[str, int], size: int) -> None:
    problems = []
    if seed < 0:
        problems.append(Problem("seed", f"must be an integer >= 0; got {seed}"))
    if size < SMALLEST_SIZE:
        problems.append(Problem("size", f"must be at least {SMALLEST_SIZE} pixels; got {size}"))
    problems += [
        Problem("kinds", f"must be one of {', '.join(KINDS)}; got {kind}") for kind in kinds if kind not in KINDS
    ]
    if not kinds:
        problems.append(Problem("kinds", f"must name at least one of {', '.join(KINDS)}; got none"))
    if len(set(kinds)) < len(kinds):
        problems.append(Problem("kinds", f"must name each kind once; got {', '.join(kinds)}"))
    problems += [
        Problem(split, f"must be a number of images >= 0; got {count}") for split, count in counts.items() if count < 0
    ]
    if problems:
        raise InputError(*problems)


def _check_folder(out: Path, names: dict[str, list[str]], drawn: str) -> None:
    """Refuse a folder that holds anything but a part of what would be written."""
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(Problem(str(out), "must be a folder; it is a file", "give another --out"))
    here = [path for path in sorted(out.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    planned = {out / split / what / name for split in SPLITS for what in ("images", "labels") for name in names[split]}
    other = [path for path in here if path not in planned | {out / "manifest.csv", out / "SOURCE.md"}]
    if other:
        message = f"must be a new or empty folder; it holds {len(other)} other files, {other[0].relative_to(out)} first"
        raise InputError(Problem(str(out), message, "give another --out, or move these files away"))
    source = out / "SOURCE.md"
    if here and not (source.exists() and f"- Drawn from: {drawn}\n" in source.read_text()):
        message = f"must be a new or empty folder; it holds a data set that was not drawn from {drawn}"
        raise InputError(Problem(str(out), message, "give another --out, or delete that data set"))
