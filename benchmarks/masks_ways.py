"""The ways of masks.py that are Tunebook's: what they train, in the process that calls them."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import masks_together
from masks_plan import Plan

from tunebook.records import Run
from tunebook.task import Context
from tunebook.tasks.binary_segmentation import TASK
from tunebook.tasks.binary_segmentation.config import Config
from tunebook.tasks.binary_segmentation.drawing import Epochs
from tunebook.tasks.binary_segmentation.scans import load, scans
from tunebook.tasks.binary_segmentation.worker import TILES_BYTES, Worker
from tunebook.train import checkpoints
from tunebook.train.seeding import deterministic

Train = Callable[[Plan, Sequence[int], Path], None]
"""Trains points of the grid, and writes each one's weights into a folder."""


def cohort(plan: Plan, points: Sequence[int], folder: Path) -> None:
    """By Tunebook, which reads scans once and draws and augments tiles once for all of them."""
    runs = [
        Run(TASK.name, TASK.version, configuration, {"seed": plan.seed}, {}, plan.steps)
        for configuration in plan.configurations(points)
    ]
    contexts = [
        Context(
            folder, at(folder, point), folder / f"{point}.state", plan.steps, plan.device, threads=1, seed=plan.seed
        )
        for point in points
    ]
    for _ in Worker().train(runs, contexts):
        pass


def alone(plan: Plan, points: Sequence[int], folder: Path) -> None:
    """By Tunebook, one after the other, and nothing is shared."""
    for point in points:
        cohort(plan, [point], folder)


def together(how: str, size: int, plan: Plan, points: Sequence[int], folder: Path) -> None:
    """Several in one step; scans and tiles are shared by all, as in a cohort.

    Args:
        how: `grouped` or `vmap`. `size`: how many in one step.
    """
    deterministic(threads=1, device=plan.device)
    configs = _configs(plan, points)
    loaded = [load(scan, configs[0].data) for scan in scans(configs[0], folder, "train")]
    epochs = Epochs(loaded, configs[0].data, configs[0].augmentation, plan.seed, limit_bytes=TILES_BYTES)
    for start in range(0, len(points), size):
        some = slice(start, start + size)
        found = masks_together.train(how, configs[some], epochs, seed=plan.seed, device=plan.device)
        for point, weights in zip(points[some], found, strict=True):
            # A checkpoint has the weights of what pads the tiles, too.
            checkpoints.save(at(folder, point), {f"network.{name}": each for name, each in weights.items()}, {})


def trainer(way: str) -> Train:
    """What trains in a way: `cohort`, `alone`, or `grouped N` and `vmap N`."""
    how, *size = way.split()
    if size:
        return partial(together, how, int(size[0]))
    return {"cohort": cohort, "alone": alone}[how]


def at(folder: Path, point: int) -> Path:
    """Where the weights of a point are."""
    return folder / f"{point}.safetensors"


def _configs(plan: Plan, points: Sequence[int]) -> list[Config]:
    return [Config.model_validate(each.values) for each in plan.configurations(points)]
