"""What light and camera add to a scene: texture, debris, uneven illumination, noise."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Float = NDArray[np.float32]


class Texture:
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


def field(size: int, sigma: float, rng: np.random.Generator) -> Float:
    """Smooth noise of standard deviation 1, drawn on a coarse grid where sigma allows."""
    step = max(1, int(sigma / 2))
    coarse = size // step + 4
    noise = ndimage.gaussian_filter(rng.standard_normal((coarse, coarse), np.float32), sigma / step, truncate=3)
    if step > 1:
        noise = ndimage.zoom(noise, step, order=1)
    noise = noise[:size, :size]
    return np.asarray((noise - noise.mean()) / max(float(noise.std()), 1e-6), np.float32)


def specks(size: int, rng: np.random.Generator, *, density: float) -> Float:
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


def dust(size: int, rng: np.random.Generator) -> Float:
    """Faint rings of dust out of focus."""
    rings = np.zeros((size, size), np.float32)
    y, x = np.ogrid[:size, :size]
    for _ in range(rng.poisson(1.0)):
        radius = rng.uniform(2, 0.15 * size)
        away = np.hypot(y - rng.uniform(0, size), x - rng.uniform(0, size)) - radius
        rings += (np.exp(-((away / 1.5) ** 2)) * rng.uniform(-1, 1) * 6 / radius).astype(np.float32)
    return rings


def illumination(size: int, rng: np.random.Generator, *, strength: float) -> Float:
    """A slope and a vignette around 1."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    turn = rng.uniform(0, 2 * np.pi)
    slope = np.cos(turn) * x + np.sin(turn) * y
    bowl = (x - rng.uniform(-0.5, 0.5)) ** 2 + (y - rng.uniform(-0.5, 0.5)) ** 2
    return np.asarray(1 + strength * (0.5 * slope - rng.uniform(0, 0.4) * bowl), np.float32)


def camera(picture: Float, rng: np.random.Generator, *, shot: float, read: float) -> Float:
    """Noise that grows with the root of the light, and noise that does not; per channel."""
    deviation = np.sqrt(np.clip(picture, 0, None) * shot + read**2)
    return np.asarray(picture + deviation * rng.standard_normal(picture.shape, np.float32), np.float32)
