"""Walls of made-up scans, for the tests of pages: thin foreground on paper, predicted more and less well."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from tunebook.records import Pixels
from tunebook.report.cards import Card, Page, Value, Wall, WallCell, WallColumn, WallPicture

LEGEND = {"blue": "true positive", "yellow": "false positive", "orange": "false negative"}


def binary(folder: Path, *, weights=(0, 0.5, 1), positives=(1, 4), pictures=2, size=(170, 256), fineness=1.0) -> Wall:
    """A wall of binary masks, one column for each weight and each positive weight; the last predicts nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    scans = [_scan(number, size) for number in range(pictures)]
    shown = []
    for number, (image, mask) in enumerate(scans):
        truth = np.where(mask[..., None], (0, 158, 115), image).astype(np.uint8)
        paths = _saved(folder, f"scan-{number}", image=image, truth=truth, mask=(255 * mask).astype(np.uint8))
        shown.append(WallPicture(f"page-{number + 1:02}", paths["image"], paths["truth"], paths["mask"]))
    points = [(weight, positive) for weight in weights for positive in positives]
    columns = [
        _column(folder, at, weight, positive, scans, black=at == len(points) - 1, fineness=fineness)
        for at, (weight, positive) in enumerate(points)
    ]
    groups = {"most of it": "true positives on most pictures", "nothing": "no true positives"}
    return Wall("gallery", "masks", "test", "the first ones of test", shown, columns, LEGEND, groups)


def instances(folder: Path) -> Wall:
    """A wall without thresholds: predictions are pictures, one of them missing."""
    wall = binary(folder, pictures=2)
    columns = [
        replace(column, cells=[replace(cell, probability="", pixels=None, below="5 matched") for cell in column.cells])
        for column in wall.columns
    ]
    columns[1] = replace(columns[1], cells=[columns[1].cells[0], None])
    pictures = [replace(picture, mask="") for picture in wall.pictures]
    return replace(wall, pictures=pictures, columns=columns, legend={"blue": "matched", "orange": "missed"})


def page_of(*walls: Wall) -> Page:
    """A page with nothing else."""
    card = Card("gallery", "Gallery", "Rows are pictures of test, columns configurations, best first.", list(walls))
    return Page(walls[0].study, "Study · binary-segmentation", "Which loss?", "None yet.", [card])


def histograms(probability: np.ndarray, mask: np.ndarray) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Pixels of the background and of the foreground by probability."""
    return tuple(
        tuple(int(number) for number in np.bincount(probability[part], minlength=256)) for part in (~mask, mask)
    )  # type: ignore[return-value]


def _scan(number: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng([6, number])
    strokes = _smooth(draw, size, 5)
    mask = (np.abs(strokes) < 0.08) & (_smooth(draw, size, 20) > 0.2)
    paper = 205 + 14 * _smooth(draw, size, 30) + draw.normal(0, 3, size)
    grey = np.where(mask, 95 + 20 * _smooth(draw, size, 6), paper)
    return np.clip(np.stack([grey, 0.96 * grey, 0.86 * grey], axis=-1), 0, 255).astype(np.uint8), mask


def _column(folder, at, weight, positive, scans, *, black, fineness) -> WallColumn:
    cells, f1s = [], []
    for number, (image, mask) in enumerate(scans):
        draw = np.random.default_rng([7, at, number])
        near = gaussian_filter(mask.astype(float), 1.2)
        noise = _smooth(draw, mask.shape, 4 * fineness)
        raised = 9 * near - 2.6 + 0.4 * positive + (0.6 + weight) * noise
        probability = np.zeros(mask.shape, np.uint8) if black else np.rint(255 / (1 + np.exp(-2 * raised)))
        probability = probability.astype(np.uint8)
        predicted = probability >= 128
        dark = np.broadcast_to(0.45 * image.mean(axis=-1, keepdims=True), image.shape).copy()
        parts = (
            (predicted & mask, (86, 180, 233)),
            (predicted & ~mask, (240, 228, 66)),
            (mask & ~predicted, (213, 94, 0)),
        )
        for part, colour in parts:
            dark[part] = colour
        paths = _saved(folder, f"run-{at}-{number}", prediction=dark.astype(np.uint8), probability=probability)
        background, foreground = histograms(probability, mask)
        pixels = Pixels(background, foreground, (100 + at) / 255)
        both = 2 * (predicted & mask).sum()
        f1s.append(both / (predicted.sum() + mask.sum()))
        cells.append(WallCell(f"run{at:04}", paths["prediction"], paths["probability"], pixels, "f1 0.5: as chosen"))
    f1 = float(np.mean(f1s))
    return WallColumn(
        configuration=f"c{at:03}",
        label=f"bce_weight={weight:g} pos_weight={positive:g}",
        parameters={
            "loss.bce_weight": Value(f"{weight:g}", sort=weight),
            "loss.pos_weight": Value(f"{positive:g}", sort=positive),
        },
        scores={"f1 val": Value(f"{f1:.3f}", sort=f1)},
        cells=cells,
        group="nothing" if black else "most of it",
        kind="all black" if black else "",
        replicate="seed 1" if black else "seed 0",
        replicates=1 if black else 3,
    )


def _smooth(draw: np.random.Generator, size: tuple[int, int], width: float) -> np.ndarray:
    noise = gaussian_filter(draw.normal(size=size), width)
    smooth: np.ndarray = noise / noise.std()
    return smooth


def _saved(folder: Path, stem: str, **arrays: np.ndarray) -> dict[str, str]:
    paths = {name: folder / f"{stem}-{name}.png" for name in arrays}
    for name, array in arrays.items():
        Image.fromarray(array).save(paths[name], compress_level=1)
    return {name: str(path) for name, path in paths.items()}
