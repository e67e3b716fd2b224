"""Made-up studies of binary masks: what each configuration predicts is set by hand, so that all counts are known."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from study_tables import a_row, a_run, a_table, failed

from tunebook.records import MetricFacts, Picture, Pixels, Role, Row, Table
from tunebook.tasks.binary_segmentation.panels import panels

FOREGROUND, BACKGROUND = 400, 3600
F1 = MetricFacts("f1", "maximize", "2 TP / (2 TP + FP + FN)", zero="none found", one="all found")
Mask = tuple[float, float]
"""Share of the foreground that is found, and false positives in multiples of the foreground."""


def pixels(found: float, wrong: float, *, threshold: float = 0.25, low: int = 26, high: int = 102) -> Pixels:
    """An item whose pixels have the probability `high` (in 255ths) where something is predicted, else `low`."""
    tp, fp = round(found * FOREGROUND), round(wrong * FOREGROUND)
    background, foreground = [0] * 256, [0] * 256
    background[low], background[high] = BACKGROUND - fp, fp
    foreground[low], foreground[high] = FOREGROUND - tp, tp
    return Pixels(tuple(background), tuple(foreground), threshold)


def seen(masks: Sequence[Mask | Pixels]) -> tuple[Picture, ...]:
    """Pictures by their masks; their files are not there."""
    held = (each if isinstance(each, Pixels) else pixels(*each) for each in masks)
    panels = {panel: f"/{panel}.png" for panel in ("image", "truth", "prediction", "mask", "probability")}
    return tuple(Picture(f"scan-{at}", panels, pixels=each) for at, each in enumerate(held, start=1))


def masked(name: str, f1: float, masks: Sequence[Mask | Pixels], *, role: Role = "search", **facts: object) -> Row:
    """A configuration of one run that scores `f1` and makes these masks."""
    scores = {("f1", "val"): f1, ("f1", "test"): f1 - 0.02}
    return a_row(name, a_run(0, scores=scores, id=f"run-{name}", role=role, pictures=seen(masks)), **facts)


def masked_table(*rows: Row, **facts: object) -> Table:
    """A study of masks that chooses by f1 on val and reports it on test."""
    known = {"task": "binary-segmentation", "metrics": {"f1": F1}, "report": ("f1",), "select_metric": "f1"}
    return a_table(*rows, study="masks", question="Which loss?", **{**known, **facts})


def drawn_study(folder: Path, *, weights: Sequence[float] = (0, 0.5, 1), pos: Sequence[float] = (1, 5)) -> Table:
    """Three scans drawn to files; a grid of losses, one of which failed and one of which predicts nothing, and floors.

    The larger both parameters, the more is predicted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scans = {f"scan-{at}": _scan(at) for at in (1, 2, 3)}
    rows = []
    for weight in weights:
        for by in pos:
            drive = (weight + by / max(pos)) / 2
            point = {"loss.bce_weight": weight, "loss.pos_weight": by}
            name = f"bce_weight={weight:g} pos_weight={by:g}"
            if weight == weights[-1] and by == pos[0]:
                rows.append(a_row(name, failed(0), parameters=point))
                continue
            strength = 0.0 if (weight, by) == (weights[0], pos[0]) else drive
            rows.append(_drawn(folder, scans, name, strength, parameters=point))
    floors = [_drawn(folder, scans, "black", None, role="baseline")]
    return masked_table(*rows, baselines=floors, declared=len(rows))


def _scan(at: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An image of vessels on an orange ground, where they are, and how likely each pixel looks."""
    draw = np.random.default_rng(at)
    y, x = np.mgrid[:120, :160]
    far = np.min([np.abs(y - 30 * k - 9 * np.sin((x + 20 * at) / 15 + k)) for k in range(1, 4)], axis=0)
    truth = far < 1
    grain = draw.normal(0, 0.12, truth.shape)
    image = np.stack([200 - 70 * truth, 110 - 60 * truth, 60 - 20 * truth], axis=2) + 60 * grain[..., None]
    return np.clip(image, 0, 255).astype(np.uint8), truth, np.exp(-far / 3) + grain


def _drawn(
    folder: Path,
    scans: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]],
    name: str,
    strength: float | None,
    *,
    role: Role = "search",
    **facts: object,
) -> Row:
    pictures = []
    for item, (image, truth, likely) in scans.items():
        chance = np.zeros(truth.shape) if strength is None else 0.2 + 0.6 * strength * np.clip(likely, 0, 1)
        probability = np.rint(255 * np.clip(chance, 0, 1)).astype(np.uint8)
        made = panels(item, image, truth, probability, threshold=0.4)
        paths = {}
        for panel, drawn in made.panels.items():
            path = folder / f"{name}-{item}-{panel}.png".replace(" ", "-")
            Image.fromarray(drawn).save(path)
            paths[panel] = str(path)
        pictures.append(Picture(item, paths, made.caption, made.pixels))
    score = 0.0 if strength is None else strength * (1.2 - strength)
    items = {("f1", "test"): {item: score - 0.01 * at for at, item in enumerate(scans)}}
    scores = {("f1", "val"): score, ("f1", "test"): score}
    run = a_run(0, scores=scores, items=items, id=f"run-{name}", role=role, pictures=tuple(pictures))
    return a_row(name, run, **facts)
