"""How a first study on images of objects may begin: from the names of folders, and from a few labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunebook.errors import DataError, Problem
from tunebook.images import containers, finding, first_splits
from tunebook.images.containers import Stored
from tunebook.images.finding import Folder
from tunebook.spec.names import listed
from tunebook.task import Beginning, Scalar

LABELS = ("labels", "masks")
IMAGE_KEYS = ("raw", "image", "images", "img", "data", "volumes/raw", "x")
LABEL_KEYS = ("labels", "label", "masks", "mask", "gt", "instances", "segmentation", "volumes/labels", "y")
"""Keys of containers, the likeliest first; in any case of letters."""
SPACE: Mapping[str, Sequence[Scalar]] = {
    "adapter.method": ("none", "lora", "full"),
    "optimizer.lr": (3e-4, 1e-3, 3e-3),
}
WHY = {
    "model.weights": "small and quick, ships with Tunebook; a large one is micro-sam:vit_b_lm",
    "prompts": "6 objects of an image: a click or a box, then one correction",
    "budget.steps": "few, for a first look; 300 and more score better",
    "batch_size": "images of a step",
    "adapter.method": "none: nothing is trained; lora: a small addition; full: all of it",
    "optimizer.lr": "the learning rate: what most often decides",
}
BASE: Mapping[str, Any] = {
    "model.weights": "tunebook-small",
    "prompts": {"rounds": 2, "objects": 6},
    "batch_size": 3,
    "budget.steps": 60,
}
STEP, ITEM = 0.2, 0.7
"""Seconds on one core of a CPU: of a step, and of the scores of one window of 256 pixels (measured, small model)."""
WINDOW = 256


@dataclass(frozen=True)
class _Data:
    """What the data decide."""

    base: Mapping[str, Any]
    found: str
    certainty: float
    why: Mapping[str, str] = field(default_factory=dict)
    windows: float = 20.0
    """Windows of 256 pixels that are scored."""


def start(data: Path) -> Beginning | None:
    """Images with labels whose values are objects, in folders or containers; None where there are none.

    Raises:
        DataError: for such images whose folders or files no task reads as they are.
    """
    held = _of_containers(data) if _containers(data) else _of_folders(data) if data.is_dir() else None
    if held is None:
        return None
    return Beginning(
        certainty=held.certainty,
        base={**held.base, **BASE},
        space=SPACE,
        select=("ais.msa", "val"),
        splits=("test",),
        why={**WHY, **held.why},
        found=held.found,
        question="Which way of adapting the model, at which learning rate, finds the objects of these images best?",
        metrics=("ais.msa", "ais.sa50", "box.msa", "point.msa"),
        prefer=("trainable_parameters",),
        seconds=BASE["budget.steps"] * STEP + held.windows * ITEM,
    )


# Folders --------------------------------------------------------------------------------------------------


def _of_folders(data: Path) -> _Data | None:
    found = finding.folders(data)
    if not found:
        finding.strangers(data, labels=LABELS[0])
        return None
    labels = finding.held(found)
    if labels.kind in ("binary", "empty", "smoothed"):
        return None
    if labels.kind == "colours":
        message = f"must hold one number a pixel, 0 for background and one for each object; it has {labels.said}"
        hint = "give each colour a number and save it as PNG of 16 bits or as TIFF"
        raise DataError(Problem(str(found[0].labels), message, hint))
    finding.renamed(data, found, labels=LABELS)
    divided = first_splits.divided(data, found)
    why = {**divided.why, "data.root": f"labels hold {labels.said}"}
    if labels.kind == "classes":
        why["data.root"] = f"LOOK: {labels.said}; classes? Every value must be one object"
    certainty = {"objects": 0.95, "classes": 0.5, "unreadable": 0.4}[labels.kind]
    return _Data(
        base={"data.root": str(data), **divided.base},
        found=f"{divided.found}, labels with a number for each object",
        certainty=certainty,
        why=why,
        windows=divided.scored * _windows(divided.used),
    )


def _windows(found: Sequence[Folder]) -> float:
    height, width = finding.sides(found)
    return max(1, height / WINDOW) * max(1, width / WINDOW)


# Containers -----------------------------------------------------------------------------------------------


def _containers(data: Path) -> list[Path]:
    """The containers that data are or hold, or those of the folders below."""
    if containers.is_container(data):
        return [data]
    if not data.is_dir():
        return []
    here = [path for path in sorted(data.iterdir()) if containers.is_container(path)]
    below = [path for folder in sorted(data.iterdir()) if folder.is_dir() for path in sorted(folder.iterdir())]
    return here or [
        path for path in below if containers.is_container(path) and not containers.is_container(path.parent)
    ]


def _of_containers(data: Path) -> _Data | None:
    every = _containers(data)
    known = containers.keys(every[0])
    image, label = _key(known, IMAGE_KEYS), _key(known, LABEL_KEYS)
    if image is None or label is None:
        message = f"must hold an array of images and one of labels; its arrays are {listed(known) or 'none'}"
        raise DataError(Problem(str(every[0]), message, f"call them {IMAGE_KEYS[0]} and {LABEL_KEYS[0]}"))
    stored = containers.stored(every[0], label)
    if stored.dtype.kind not in "iu":
        return None
    base, slices = _placed(data, every, stored)
    base |= {
        f"data.{field}": key for field, key in (("image_key", image), ("label_key", label)) if key != DEFAULT[field]
    }
    why = {"data.image_key": "array of the images", "data.label_key": "array of the labels"}
    if slices:
        base["data.axis"] = _axis(stored)
        why["data.axis"] = f"volumes of {slices} slices: every slice is an image"
        for split in ("train", "val", "test"):
            why[f"data.{split}"] = (
                "[from:to]: these slices of the volume" if "[" in str(base.get(f"data.{split}")) else ""
            )
    return _Data(
        base=base,
        found=f"{len(every)} container{'' if len(every) == 1 else 's'} with {image} and {label}",
        certainty=0.8,
        why={path: said for path, said in why.items() if said},
    )


DEFAULT = {"image_key": "raw", "label_key": "labels"}


def _key(known: Sequence[str], likely: Sequence[str]) -> str | None:
    """The key of this name, or whose last part is."""
    for name in likely:
        for key in known:
            if key.lower() == name or key.lower().rpartition("/")[2] == name:
                return key
    return None


def _placed(data: Path, every: Sequence[Path], label: Stored) -> tuple[dict[str, Any], int]:
    """Root and splits, and how many slices a volume has; 0 where containers hold flat images.

    Raises:
        DataError: where containers bear no names of splits.
    """
    slices = label.shape[0] if len(label.shape) == 3 else 0
    if len(every) == 1 and slices >= 5:
        name, root = every[0].name, every[0].parent
        first, second = round(slices * 0.6), round(slices * 0.8)
        parts = {"train": f"[0:{first}]", "val": f"[{first}:{second}]", "test": f"[{second}:]"}
        return {"data.root": str(root), **{f"data.{split}": f"{name}{part}" for split, part in parts.items()}}, slices
    above = [path if path.parent == data else path.parent for path in every]
    names = {path.stem if containers.is_container(path) else path.name: path.name for path in above}
    roles = finding.roles(names)
    if len(roles) < 3:
        message = (
            f"must have a container, or a folder of containers, for each of train, val and test; it has {listed(names)}"
        )
        raise DataError(Problem(str(data), message, "rename them, or put them into folders train, val and test"))
    called = {f"data.{split}": names[name] for split, name in roles.items() if names[name] != split}
    return {"data.root": str(data), **called}, slices


def _axis(label: Stored) -> str:
    return label.axes[0] if label.axes and label.axes[0] in "tzyx" else "z"
