"""How a first study on masks may begin: from the names of folders or a CSV file, and from a few masks."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunebook.errors import DataError, Problem
from tunebook.images import finding, first_splits
from tunebook.images.finding import Folder
from tunebook.spec.names import listed
from tunebook.task import Beginning, Scalar
from tunebook.tasks.binary_segmentation.scans import COLUMNS

LABELS = ("masks",)
SPACE: Mapping[str, Sequence[Scalar]] = {
    "loss.bce_weight": (0.0, 0.5, 1.0),
    "optimizer.lr": (1e-3, 3e-3),
}
WHY = {
    "data.tile": "side, in pixels, of what the network sees at once",
    "data.tiles_per_image": "tiles drawn from every image in an epoch",
    "model.width": "channels of the first level: small and quick; the default is 16",
    "batch_size": "tiles of a step",
    "loss.bce_weight": "1: cross-entropy, by pixels; 0: Dice, by overlap; 0.5: half of each",
    "optimizer.lr": "the learning rate: what most often decides",
}
TILE, OVERLAP, DRAWN = 128, 32, 1280
"""Side and overlap of tiles, and how many of them a first run is trained on."""
LARGE, REDUCED = 1600, 1024
"""A page with a longer side than this is reduced to that."""
STEP, SCORED = 0.03, 0.01
"""Seconds on one core of a CPU for a tile that is trained on and for one that is predicted (measured, width 8)."""


@dataclass(frozen=True)
class _Data:
    """What the data decide.

    Args:
        train: Images to train on. `scored`: Images of val and test.
        size: Height and width of the largest that were looked at.
    """

    base: Mapping[str, Any]
    found: str
    train: float
    scored: float
    size: tuple[int, int]
    certainty: float = 0.95
    why: Mapping[str, str] = field(default_factory=dict)


def start(data: Path) -> Beginning | None:
    """Images with masks of one value beside 0, in folders or named by a CSV file; None where there are none.

    Raises:
        DataError: for such images whose folders or files are not read as they are.
    """
    found = _of_table(data) if data.is_file() else _of_folders(data) if data.is_dir() else None
    if found is None:
        return None
    work = _work(found)
    return Beginning(
        certainty=found.certainty,
        base={**found.base, **work.base},
        space=SPACE,
        select=("f1", "val"),
        splits=("test",),
        why={**WHY, **found.why, **work.why},
        found=found.found,
        question="Which loss, at which learning rate, finds the foreground of these images best?",
        metrics=("f1", "precision", "recall", "ap", "half.f1"),
        seconds=work.seconds,
    )


# What is trained ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Work:
    base: Mapping[str, Any]
    why: Mapping[str, str]
    seconds: float


def _work(found: _Data) -> _Work:
    """Tiles and epochs for a first run of about a minute on one core."""
    height, width = found.size
    longest = max(height, width)
    base: dict[str, Any] = {}
    why = {}
    if longest > LARGE:
        base["data.image_size"] = REDUCED
        why["data.image_size"] = f"longest side that pages of {height} × {width} px are reduced to"
        height, width = round(height * REDUCED / longest), round(width * REDUCED / longest)
    covering = max(1, height / (TILE - OVERLAP)) * max(1, width / (TILE - OVERLAP))
    drawn = 4 if covering < 10 else 16
    epochs = max(2, min(60, round(DRAWN / max(1, found.train * drawn))))
    base |= {"data.tile": TILE, "data.overlap": OVERLAP, "data.tiles_per_image": drawn}
    base |= {"model.width": 8, "batch_size": 16, "budget.epochs": epochs}
    why["data.overlap"] = "pixels by which tiles overlap in prediction"
    why["budget.epochs"] = "few, for a first look; five times as many score better"
    return _Work(base, why, epochs * found.train * drawn * STEP + found.scored * covering * SCORED)


# Folders --------------------------------------------------------------------------------------------------


def _of_folders(data: Path) -> _Data | None:
    found = finding.folders(data)
    if not found:
        finding.strangers(data, labels=LABELS[0])
        return None
    masks = finding.held(found)
    if masks.kind == "smoothed":
        message = f"must hold masks of one value beside 0; they hold {masks.said}"
        hint = "they were smoothed, or saved as JPEG: save mask > 127 as PNG"
        raise DataError(Problem(str(found[0].labels), message, hint))
    if masks.kind not in ("binary", "empty"):
        return None
    finding.renamed(data, found, labels=LABELS)
    divided = first_splits.divided(data, found)
    return _Data(
        base={"data.root": str(data), **divided.base},
        found=f"{divided.found}, each with a mask",
        train=divided.train,
        scored=divided.scored,
        size=finding.sides(divided.used),
        certainty=0.95 if masks.kind == "binary" else 0.3,
        why={"data.root": f"masks hold {masks.said}", **divided.why},
    )


# Tables ---------------------------------------------------------------------------------------------------


def _of_table(data: Path) -> _Data | None:
    """A CSV file with the columns image, mask and split."""
    if data.suffix.lower() != ".csv":
        return None
    with data.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        reader = csv.DictReader(file)
        if not {"image", "mask"} <= set(reader.fieldnames or ()):
            return None
        if "split" not in (reader.fieldnames or ()):
            message = f"must have the columns {', '.join(COLUMNS)}; it lacks split"
            raise DataError(Problem(str(data), message, "say in it which rows are train, val and test"))
        rows = list(reader)
    sizes = Counter((row["split"] or "").strip() for row in rows)
    roles = finding.roles(sizes)
    if lacking := [role for role in finding.ROLES if role not in roles]:
        there = listed(f"{name} ({size} rows)" for name, size in sizes.items())
        message = f"must have rows of the splits train, val and test; it lacks {listed(lacking)} and has {there}"
        raise DataError(Problem(str(data), message, "name them in the column split"))
    first = data.parent / rows[0]["image"]
    number = {role: sizes[name] for role, name in roles.items()}
    return _Data(
        base={"data.root": str(data), **{f"data.{role}": name for role, name in roles.items() if name != role}},
        found=f"{number['train']} train, {number['val']} val and {number['test']} test images, each with a mask",
        train=number["train"],
        scored=number["val"] + number["test"],
        size=finding.sides([Folder("", first.parent, first.parent, (first.stem,))]) if first.is_file() else (0, 0),
    )
