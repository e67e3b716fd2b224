"""Painters: from a scene to the picture that a modality makes of it.

Fluorescence adds emitted light and blurs it. Phase contrast subtracts a blurred copy of the optical thickness, which is
what makes halos. Stained tissue multiplies the absorbances of two dyes. A membrane stain lights the walls of cells.
Every painter takes the side of the picture and a generator, and returns the picture (0..255 before rounding) and its
label.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tunebook.simulate.light import Texture, camera, dust, field, illumination, specks
from tunebook.simulate.scenes import Float, Look, scatter
from tunebook.simulate.sheets import Sheet, Weave, tile


def fluorescence(size: int, rng: np.random.Generator) -> tuple[Float, NDArray[np.uint16]]:
    """Bright nuclei on dark ground."""
    look = Look(
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
    objects, label = scatter(look, size, rng)
    grain = Texture(look.diameter * rng.uniform(0.04, 0.12), rng)
    contrast, dome, uneven = rng.uniform(0.03, 0.35), rng.uniform(0.0, 0.5), rng.uniform(0.05, 0.45)
    condensed = rng.choice([0.0, 0.0, 0.15])
    light = np.zeros((size, size), np.float32)
    for one in objects:
        brightness = np.exp(rng.normal(0, uneven)) * (2.2 if rng.random() < condensed else 1.0)
        texture = 1 + contrast * grain.cut(one.radius.shape, rng)
        light[one.rows, one.columns] += (
            one.cover * np.clip(texture, 0.25, 2.5) * ((1 - dome * one.radius**2).clip(0.2) * np.float32(brightness))
        )
    light += specks(size, rng, density=rng.choice([0.0, 0.0002, 0.001])) * rng.uniform(0.2, 0.8)
    focus = min(rng.uniform(0.4, 1.3) if rng.random() < 0.75 else rng.uniform(1.3, 3.0), look.diameter / 8)
    glow = ndimage.gaussian_filter(light, look.diameter * rng.uniform(0.2, 0.6), truncate=3)
    light = ndimage.gaussian_filter(light, focus, truncate=3) + rng.uniform(0.02, 0.25) * glow
    light = light + rng.uniform(0, 0.05) * np.abs(field(size, size * rng.uniform(0.1, 0.4), rng))
    peak = np.exp(rng.uniform(np.log(28), np.log(230)))
    ground = rng.uniform(1, 0.1 * peak + 8)
    picture = ground + (peak - ground) * light / max(float(np.percentile(light[label > 0], 90)), 1e-3)
    picture *= illumination(size, rng, strength=rng.uniform(0, 0.3))
    return camera(picture, rng, shot=rng.choice([0.02, 0.1, 0.4]), read=rng.uniform(0.2, 0.02 * peak + 0.5)), label


def phase(size: int, rng: np.random.Generator) -> tuple[Float, NDArray[np.uint16]]:
    """Transparent cells on grey ground, darker than it, in bright halos."""
    spindle = rng.random() < 0.5
    look = Look(
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
    objects, label = scatter(look, size, rng)
    grain, fine = Texture(rng.uniform(1.2, 2.5), rng), Texture(rng.uniform(0.6, 0.9), rng)
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
    thickness += specks(size, rng, density=rng.choice([0.0, 0.001, 0.004])) * rng.uniform(0.5, 1.5)
    focus = rng.uniform(0.35, 0.9)
    sharp = ndimage.gaussian_filter(thickness - shine, focus, truncate=3)
    reach = rng.uniform(1.5, 3.5) + rng.uniform(0, 0.08) * look.diameter
    halo = ndimage.gaussian_filter(thickness - 0.6 * shine, reach, truncate=3)
    wave = sharp - rng.uniform(0.75, 1.15) * halo + rng.uniform(0, 0.03) * field(size, 1.5, rng)
    ground, contrast = rng.uniform(70, 165), np.exp(rng.uniform(np.log(22), np.log(75)))
    spread = max(float(np.std(wave[label > 0])), 0.05)
    picture = ground - contrast * np.clip(wave / spread, -4, 4) * 0.7 + contrast * 0.15 * dust(size, rng)
    picture = picture * illumination(size, rng, strength=rng.uniform(0, 0.25))
    return camera(picture, rng, shot=0.02, read=rng.uniform(0.5, 4)), label


def tissue(size: int, rng: np.random.Generator) -> tuple[Float, NDArray[np.uint16]]:
    """Nuclei that take up a purple dye, on a white slide or in pink tissue."""
    style = rng.choice(["smear", "section", "violet"])
    look = Look(
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
    objects, label = scatter(look, size, rng)
    grain = Texture(look.diameter * rng.uniform(0.04, 0.1), rng)
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
        faint = np.clip(field(size, look.diameter * 0.4, rng) - 0.9, 0, 1.5)
        nuclear += (rng.uniform(0.1, 0.3) + rng.uniform(0, 0.35) * faint).astype(np.float32)
        nuclear += np.float32(0.03) * field(size, 2.5, rng)
    pink += specks(size, rng, density=rng.choice([0.0, 0.0005, 0.002]))
    # Absorbance per dye and channel
    purple = np.array([0.62, 1.0, 0.3]) * rng.uniform(0.75, 1.3, 3)
    if style == "violet":
        purple = np.array([0.5, 0.95, 0.1]) * rng.uniform(0.8, 1.2, 3)
    eosin = np.array([0.12, 0.75, 0.32]) * rng.uniform(0.7, 1.3, 3)
    absorbed = nuclear[..., None] * purple * rng.uniform(0.45, 1.3) + np.clip(pink, 0, None)[..., None] * eosin
    focus = min(rng.uniform(0.4, 1.6), look.diameter / 9)
    absorbed = ndimage.gaussian_filter(absorbed, (focus, focus, 0), truncate=3)
    white = rng.uniform(195, 250) * rng.uniform(0.93, 1.02, 3)
    picture = white * np.exp(-absorbed) * illumination(size, rng, strength=rng.uniform(0, 0.12))[..., None]
    return camera(picture.astype(np.float32), rng, shot=0.01, read=rng.uniform(0.3, 4)), label


def membrane(size: int, rng: np.random.Generator) -> tuple[Float, NDArray[np.uint16]]:
    """Cells that tile the ground: bright walls, shared by neighbours, around dim interiors."""
    extent = rng.choice(["full", "full", "edge", "islands"])
    # Cells that fill a picture are large enough for 60 to do so
    smallest = max(12.0, min(0.17 * size, 30.0)) if extent == "full" else 12.0
    diameter = rng.uniform(smallest, min(40.0, 0.4 * size))
    weave = Weave(
        diameter=diameter,
        spread=rng.uniform(0.05, 0.25),
        stretch=rng.choice([1.0, 1.0, rng.uniform(1.2, 2.5)]),
        rounds=int(rng.integers(1, 6)),
        crooked=rng.uniform(0.02, 0.12),
        reach=rng.uniform(1.4, 1.8) if extent == "full" else rng.uniform(1.15, 1.6),
        extent=extent,
        missing=rng.choice([0.0, 0.0, 0.06]),
    )
    sheet = tile(weave, size, rng)
    cover = np.clip(sheet.rim + 0.5, 0, 1)
    light = _walls(sheet, diameter, rng)
    # Dye inside: less in the nucleus, unequal between cells, in vesicles
    haze = rng.uniform(0.02, 0.35) * np.exp(rng.normal(0, rng.uniform(0.1, 0.6), sheet.discs))[sheet.owner]
    haze = np.minimum(haze, 0.6) * (1 - rng.uniform(0, 0.8) * np.exp(-((sheet.radius / rng.uniform(0.4, 0.65)) ** 4)))
    grain = 1 + rng.uniform(0.1, 0.6) * Texture(diameter * rng.uniform(0.04, 0.1), rng).cut(cover.shape, rng)
    vesicles = np.clip(Texture(rng.uniform(0.6, 1.0), rng).cut(cover.shape, rng) - 1.8, 0, 2)
    light += cover * (haze * np.clip(grain, 0.1, 3) + rng.choice([0.0, 0.0, 0.4]) * vesicles).astype(np.float32)
    light += specks(size, rng, density=rng.choice([0.0, 0.0005, 0.002])) * rng.uniform(0.5, 2.0)
    light += ndimage.gaussian_filter(specks(size, rng, density=rng.choice([0.0, 0.0004])), 1.2, truncate=3) * 4
    # Walls that lean: their lower ends show beside them, out of focus
    lean = ndimage.shift(light, rng.uniform(-0.15, 0.15, 2) * diameter, order=1, mode="nearest")
    light += rng.choice([0.0, rng.uniform(0.1, 0.6)]) * ndimage.gaussian_filter(lean, 0.06 * diameter, truncate=3)
    glow = ndimage.gaussian_filter(light, diameter * rng.uniform(0.15, 0.5), truncate=3)
    focus = min(rng.uniform(0.4, 1.4), diameter / 14)
    light = ndimage.gaussian_filter(light, focus, truncate=3) + rng.uniform(0.02, 0.4) * glow
    peak = np.exp(rng.uniform(np.log(55), np.log(240)))
    ground = rng.uniform(1, 0.15 * peak + 6)
    picture = ground + (peak - ground) * light / max(float(np.percentile(light[sheet.label > 0], 95)), 1e-3)
    picture *= illumination(size, rng, strength=rng.uniform(0, 0.4))
    read = rng.uniform(0.2, 0.03 * peak + 0.5)
    return camera(picture, rng, shot=rng.choice([0.02, 0.1, 0.4, 0.8]), read=read), sheet.label


def _walls(sheet: Sheet, diameter: float, rng: np.random.Generator) -> Float:
    """Light of the stain: unequal between walls, in beads and with gaps along one, more where three cells meet."""
    size = len(sheet.label)
    width = min(np.exp(rng.uniform(np.log(0.5), np.log(2.0))), diameter / 10)
    between = np.exp(rng.normal(0, rng.uniform(0.05, 0.5), (sheet.discs, sheet.discs)))
    between = np.triu(between) + np.triu(between, 1).T
    nearest, second = np.exp(-((sheet.walls / width) ** 2)) * between[sheet.owner, sheet.facing]
    light = np.maximum(nearest, second) + rng.uniform(0, 1.2) * np.minimum(nearest, second)
    free = np.exp(-(((sheet.rim - width / 2) / width) ** 2))
    light = np.maximum(light * np.clip(sheet.rim + 0.5, 0, 1), free * rng.uniform(0.3, 1.0))
    beads = 1 + rng.uniform(0, 0.6) * Texture(rng.uniform(0.6, 1.5), rng).cut(light.shape, rng)
    gaps = np.clip(2 * (field(size, rng.uniform(1.5, 4), rng) - rng.uniform(0.2, 2.0)), 0, 1)
    lost = np.clip(2 * (field(size, size * rng.uniform(0.1, 0.3), rng) - rng.uniform(0.5, 2.0)), 0, 1)
    light = light * np.clip(beads, 0.2, 3) * (1 - rng.uniform(0.3, 1.0) * gaps) * (1 - rng.uniform(0.2, 0.8) * lost)
    return np.asarray(light, np.float32)


def _stroma(size: int, rng: np.random.Generator) -> Float:
    """Pink ground of a section: fibres along a wandering direction, gaps, and pools of red."""
    length = rng.uniform(4, 14)
    fibres = ndimage.gaussian_filter(rng.standard_normal((2 * size, 2 * size), np.float32), (1.0, length), truncate=2)
    fibres /= fibres.std()
    turn = rng.uniform(0, np.pi)
    y, x = np.mgrid[:size, :size].astype(np.float32) - size / 2
    warp = field(size, size * 0.2, rng) * rng.uniform(2, 9)
    rows = (x * np.sin(turn) + y * np.cos(turn) + warp + size).astype(np.intp) % (2 * size)
    columns = (x * np.cos(turn) - y * np.sin(turn) - warp + size).astype(np.intp) % (2 * size)
    ground = rng.uniform(0.4, 1.0) + rng.uniform(0.05, 0.25) * fibres[rows, columns]
    cloud = field(size, size * rng.uniform(0.08, 0.3), rng)
    ground = ground * (1 + 0.2 * cloud)
    level = rng.uniform(0.8, 2.5)
    ground = ground * (1 - np.clip((cloud - level) * 4, 0, 0.95))
    pools = np.clip((-cloud - rng.uniform(0.8, 3.0)) * 5, 0, 1) * rng.uniform(0.5, 2.0)
    return np.asarray(ground + pools, np.float32)


def _diameter(size: int, rng: np.random.Generator) -> float:
    """Typical diameter of an image's objects: 8 to 45 px, at most 0.4 of a small image."""
    return float(np.exp(rng.uniform(np.log(8), np.log(min(45.0, 0.4 * size)))))
