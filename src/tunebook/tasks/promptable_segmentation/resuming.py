"""Where a stopped training goes on: weights, moments of the optimizer, and all that was seen so far, in one file.

Draws need no state: generators are made from seed, name and step. So a training that goes on from here has the bits of
one that was never stopped, on the same kind of device with as many threads.
"""

import hashlib
import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from tunebook.errors import DataError, Problem
from tunebook.records import CurvePoint, canonical_json
from tunebook.tasks.promptable_segmentation.schedule import Watch
from tunebook.train import adapters, checkpoints
from tunebook.train.seeding import circumstances

SECONDS = 60.0
"""From one writing of the state to the next, at least."""
SECONDS_OF_WRITING = 3.0
"""A state that takes longer to write is written more rarely, in proportion, so that writing stays below a twentieth."""
LAYOUT = "1"
"""Version of what the file holds."""
TRAINED, MOMENT, BEST, CURVE = "trained.", "optimizer.", "best.", "curve."
"""What a tensor's name starts with."""


@dataclass
class Course:
    """How far a training has come, beside what the model and the optimizer hold.

    Args:
        step: Steps that have been trained.
        curve: One point for each of them.
        best: The trained tensors at the best validation, on the CPU; empty where they are not kept.
    """

    watch: Watch
    step: int = 0
    curve: list[CurvePoint] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)

    def keep(self, model: nn.Module) -> None:
        """Remember the model's weights as the best."""
        self.best = {name: tensor.detach().cpu().clone() for name, tensor in adapters.trainable(model).items()}


@dataclass
class Keeper:
    """Writes a training's state into a file, now and then, and reads it back.

    Args:
        path: None: nothing is written and nothing is there.
        device: Where the model is.
        held: Step of the state that the file holds, as far as it was written or read here.
    """

    path: Path | None
    model: nn.Module
    optimizer: Optimizer
    device: str
    written: float = field(default_factory=time.monotonic)
    wait: float = field(default_factory=lambda: SECONDS)
    held: int | None = None

    def keep(self, course: Course) -> None:
        """Write the state if it is time to."""
        if self.path is not None and time.monotonic() - self.written >= self.wait:
            self._write(self.path, course)

    def end(self, course: Course) -> None:
        """Write the state of the last step where an earlier one is there: what follows training may be stopped too."""
        if self.path is not None and self.held is not None and self.held != course.step:
            self._write(self.path, course)

    def _write(self, path: Path, course: Course) -> None:
        """Training does not depend on it: where there is no room for it, the file stays as it was."""
        started = time.monotonic()
        tensors = {f"{TRAINED}{name}": tensor for name, tensor in adapters.trainable(self.model).items()}
        tensors |= {f"{MOMENT}{name}": tensor for name, tensor in self._moments().items()}
        tensors |= {f"{BEST}{name}": tensor for name, tensor in course.best.items()}
        tensors |= {f"{CURVE}{name}": tensor for name, tensor in _columns(course.curve).items()}
        facts = json.dumps({"step": course.step, "watch": asdict(course.watch)}, sort_keys=True)
        metadata = {"facts": facts, "where": self._where(), "sha256": _digest(tensors, facts)}
        try:
            checkpoints.save(path, tensors, metadata)
            self.held = course.step
        except OSError as error:
            print(f"the state of step {course.step} is not kept: {error}", flush=True)
        self.written = time.monotonic()
        self.wait = SECONDS * max(1.0, (self.written - started) / SECONDS_OF_WRITING)

    def resumed(self) -> Course | None:
        """How far the training had come, with the model and the optimizer as they were; None: it starts anew.

        A file that is damaged or was written under other circumstances is told about and left alone.
        """
        if self.path is None or not self.path.exists():
            return None
        try:
            return self._read(self.path)
        except DataError as error:
            print(f"training starts anew: {error}", flush=True)
            return None

    def _read(self, path: Path) -> Course:
        tensors, metadata = checkpoints.load(path)
        facts = metadata.get("facts", "")
        if metadata.get("sha256") != _digest(tensors, facts):
            raise DataError(Problem(str(path), "must hold what was written; its content has another digest"))
        if metadata.get("where") != self._where():
            message = f"must be of a training on {self._where()}; got {metadata.get('where')}"
            raise DataError(Problem(str(path), message))
        trained, moments, best, curve = (_under(prefix, tensors) for prefix in (TRAINED, MOMENT, BEST, CURVE))
        adapters.load(self.model, trained, place=str(path))
        for name, tensor in self.model.named_parameters():
            found = _under(f"{name}/", moments)
            if found:
                self.optimizer.state[tensor] = {
                    key: moment.to(_home(key, tensor.device)) for key, moment in found.items()
                }
        known = json.loads(facts)
        self.held = known["step"]
        return Course(Watch(**known["watch"]), known["step"], list(_points(curve)), best)

    def _moments(self) -> dict[str, Tensor]:
        """What the optimizer remembers of each tensor that it has changed."""
        return {
            f"{name}/{key}": moment
            for name, tensor in self.model.named_parameters()
            for key, moment in self.optimizer.state.get(tensor, {}).items()
        }

    def _where(self) -> str:
        return f"{circumstances(self.device)}, layout {LAYOUT}"


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _home(key: str, device: torch.device) -> torch.device:
    """Where the optimizer keeps what it remembers: it counts steps on the CPU."""
    return torch.device("cpu") if key == "step" else device


def _columns(curve: list[CurvePoint]) -> dict[str, Tensor]:
    """Name -> its value at steps 1, 2 …; NaN where a step has none."""
    names = sorted({name for point in curve for name in point.values})
    return {
        name: torch.tensor([point.values.get(name, math.nan) for point in curve], dtype=torch.float64) for name in names
    }


def _points(columns: Mapping[str, Tensor]) -> Iterator[CurvePoint]:
    lists = {name: column.tolist() for name, column in columns.items()}
    for number, values in enumerate(zip(*lists.values(), strict=True)):
        yield CurvePoint(
            number + 1, {name: value for name, value in zip(lists, values, strict=True) if not math.isnan(value)}
        )


def _digest(tensors: Mapping[str, Tensor], facts: str) -> str:
    """sha256 of names, types, shapes, numbers and facts."""
    found = hashlib.sha256(facts.encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        found.update(canonical_json([name, str(tensor.dtype), list(tensor.shape)]).encode())
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
