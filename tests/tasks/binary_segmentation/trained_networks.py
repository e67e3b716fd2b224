"""Runs of binary segmentation whose networks were drawn, not trained, and scans to apply them to."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tunebook.records import Configuration, Run, Settings
from tunebook.task import Context
from tunebook.tasks.binary_segmentation import networks
from tunebook.tasks.binary_segmentation.config import Config
from tunebook.train import checkpoints

LEVEL = 120
CHOSEN: Mapping[str, Settings] = {"threshold": Settings("threshold", "val", "f1", {"threshold": LEVEL / 255})}


def drawn_run(folder: Path, *, facts: Mapping[str, str] | None = None, **changes: object) -> tuple[Run, Context]:
    """A run whose checkpoint lies in a folder; `model__family="otsu"` sets a field of a part."""
    values: dict = {"data": {"root": "scans", "tile": 16, "overlap": 4}, "model": {"width": 4, "depth": 2}}
    for path, value in changes.items():
        part, _, name = path.partition("__")
        values[part] = values.get(part, {}) | {name: value}
    config = Config.model_validate(values)
    dumped = config.model_dump(mode="json")
    context = Context(folder, folder / "checkpoint.safetensors", folder / "state", 4, "cpu", 1, 1)
    tensors = {} if facts is not None else networks.build(config.model, seed=3).state_dict()
    checkpoints.save(context.checkpoint, tensors, facts or {"foreground": "0.1"})
    return Run("binary-segmentation", "1", Configuration(dumped, dumped), {"seed": 1}, {}, 4), context


def scan(number: int, shape: tuple[int, ...] = (40, 52, 3)) -> NDArray[np.uint8]:
    """Drawn pixels."""
    return np.random.default_rng(number).integers(0, 256, shape).astype(np.uint8)


def save(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write an image with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
