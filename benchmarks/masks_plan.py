"""Which losses are trained, on which scans; what every process of masks.py is told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from math import ceil
from pathlib import Path
from typing import Any

from masks_loop import Job

from tunebook.records import Configuration
from tunebook.spec.canonical import configuration
from tunebook.spec.fields import nested
from tunebook.tasks.binary_segmentation import TASK
from tunebook.tasks.binary_segmentation.config import Config

GRID: Mapping[str, Sequence[float]] = {
    "loss.bce_weight": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
    "loss.dice_smooth": (1e-4, 1e-5, 1e-6),
    "loss.pos_weight": (1.0, 5.0, 10.0, 25.0),
}
"""The first run of page-masks: 72 points."""


@dataclass(frozen=True)
class Plan:
    """What is trained and how.

    Args:
        data: Folder of scans.
        values: Dotted path -> value, of every configuration.
        points: Those of the grid that are trained: their numbers among the distinct ones.
        steps: Of one run.
    """

    data: Path
    values: Mapping[str, Any]
    points: Sequence[int]
    steps: int
    device: str
    seed: int = 0

    @classmethod
    def made(cls, data: Path, values: Mapping[str, Any], *, number: int, device: str) -> "Plan":
        """A plan with so many configurations, spread over the grid."""
        every = distinct()
        points = [at * len(every) // number for at in range(min(number, len(every)))]
        batch, tiles = values["batch_size"], values["data.tiles_per_image"]
        scans = sum(1 for _ in (data / "train" / "images").iterdir())
        return cls(data, values, points, values["budget.epochs"] * ceil(scans * tiles / batch), device)

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """What `write` wrote."""
        values = json.loads(path.read_text())
        del values["jobs"]
        return cls(**{**values, "data": Path(values["data"])})

    def write(self, path: Path) -> None:
        """For the other processes; with what a plain loop is given for each point."""
        jobs = {point: asdict(self.job(point)) for point in self.points}
        path.write_text(json.dumps({**asdict(self), "jobs": jobs}, default=str))

    def job(self, point: int) -> Job:
        """A configuration as a plain loop is given it."""
        config = Config.model_validate(self.configurations([point])[0].values)
        data, how, loss = config.data, config.augmentation, config.loss
        return Job(
            folder=str(Path(data.root) / data.train),
            longest=data.image_size,
            tile=data.tile,
            tiles=data.tiles_per_image,
            foreground=data.foreground,
            brightness=how.brightness,
            contrast=how.contrast,
            width=config.model.width,
            depth=config.model.depth,
            bce_weight=loss.bce_weight,
            dice_smooth=loss.dice_smooth,
            pos_weight=loss.pos_weight,
            lr=config.optimizer.lr,
            batch=config.batch_size,
            epochs=config.budget.epochs,
            seed=self.seed,
            device=self.device,
        )

    def configurations(self, points: Sequence[int]) -> list[Configuration]:
        """As the task wants them."""
        every = distinct()
        return [
            configuration(TASK, nested({**self.values, **every[at], "data.root": str(self.data.resolve())}))
            for at in points
        ]


def distinct() -> list[dict[str, float]]:
    """Points of the grid that differ in what has an effect: 55 of 72."""
    found: dict[str, dict[str, float]] = {}
    for values in product(*GRID.values()):
        point = dict(zip(GRID, values, strict=True))
        found.setdefault(configuration(TASK, nested({"data.root": "any", **point})).id, point)
    return list(found.values())
