"""Where a stopped training goes on: weights, moments of the optimizer, and the curve so far, in one file.

Draws need no state: tiles and dropout are named by seed and number. So a training that goes on from here has the bits
of one that was never stopped, on the same kind of device with as many threads.
"""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from tunebook.errors import DataError, Problem
from tunebook.records import CurvePoint
from tunebook.train import checkpoints
from tunebook.train.seeding import circumstances

SECONDS = 30.0
"""From one writing of the state to the next, at least; the last one is written in any case."""
LAYOUT = "1"
"""Version of what the file holds."""
WEIGHT, MOMENT = "network.", "optimizer."
"""What a tensor's name starts with."""


@dataclass
class Course:
    """How far a training has come.

    Args:
        step: Steps that have been trained.
        curve: One point for each epoch.
    """

    step: int = 0
    curve: list[CurvePoint] = field(default_factory=list)


@dataclass
class Keeper:
    """Writes a training's state into a file, now and then, and reads it back.

    Args:
        path: None: nothing is written and nothing is there.
        device: Where the network is.
    """

    path: Path | None
    network: nn.Module
    optimizer: Optimizer
    device: str
    written: float = field(default_factory=time.monotonic)

    def keep(self, course: Course, *, last: bool) -> None:
        """Write the state if it is time to, or if it is the last: what follows training may be stopped too.

        Training does not depend on it: where there is no room for it, the file stays as it was.
        """
        if self.path is None or not (last or time.monotonic() - self.written >= SECONDS):
            return
        tensors = {f"{WEIGHT}{name}": tensor for name, tensor in self.network.state_dict().items()}
        for number, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"{MOMENT}{number}.{name}": moment for name, moment in moments.items() if moment is not None}
        try:
            checkpoints.save(self.path, tensors, {"course": json.dumps(asdict(course)), "where": self._where()})
        except OSError as error:
            print(f"the state of step {course.step} is not kept: {error}", flush=True)
        self.written = time.monotonic()

    def resumed(self) -> Course:
        """How far the training had come, with network and optimizer as they were then.

        A file that is damaged or was written under other circumstances is told about and left alone: training starts
        anew.
        """
        if self.path is None or not self.path.exists():
            return Course()
        try:
            return self._read(self.path)
        except DataError as error:
            print(f"training starts anew: {error}", flush=True)
            return Course()

    def _read(self, path: Path) -> Course:
        tensors, metadata = checkpoints.load(path)
        if metadata.get("where") != self._where():
            message = f"must be of a training on {self._where()}; got {metadata.get('where')}"
            raise DataError(Problem(str(path), message))
        weights = {name[len(WEIGHT) :]: tensor for name, tensor in tensors.items() if name.startswith(WEIGHT)}
        self.network.load_state_dict(weights)
        parameters = [tensor for group in self.optimizer.param_groups for tensor in group["params"]]
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith(MOMENT):
                number, _, moment = name[len(MOMENT) :].partition(".")
                state.setdefault(int(number), {})[moment] = _laid_out_as(parameters[int(number)], tensor)
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        known = json.loads(metadata["course"])
        return Course(known["step"], [CurvePoint(**point) for point in known["curve"]])

    def _where(self) -> str:
        return f"{circumstances(self.device)}, layout {LAYOUT}"


def _laid_out_as(parameter: Tensor, moment: Tensor) -> Tensor:
    """A moment with the strides of its parameter, beside which it is stepped through; counts stay as they are."""
    return torch.empty_like(parameter).copy_(moment) if moment.shape == parameter.shape else moment
