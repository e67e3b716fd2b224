"""How the weights of stacked runs move: torch's fused Adam, AdamW and SGD on slices of flat buffers.

The fused kernels are called as torch.optim calls them, without its bookkeeping of every step; a test compares the two.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tunebook.tasks.embedding_classification import schedules
from tunebook.tasks.embedding_classification.config import Optimizer as OptimizerConfig
from tunebook.tasks.embedding_classification.config import Schedule
from tunebook.tasks.embedding_classification.layouts import Place

MOMENTUM = 0.9
"""Of sgd."""
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
"""Of adam and adamw: torch's defaults."""


@dataclass(frozen=True)
class Rule:
    """How one run's weights move; runs of one rule move in one call.

    Args:
        coupled: What multiplies a kernel and is added to its gradient: the derivative of l2 · Σ w².
        decoupled: What multiplies lr and a kernel and is taken from it; of adamw alone.
    """

    name: str
    lr: float
    coupled: float
    decoupled: float
    schedule: Schedule


def rule(optimizer: OptimizerConfig, schedule: Schedule) -> Rule:
    """The rule of a configuration."""
    decoupled = optimizer.weight_decay if optimizer.name == "adamw" else 0.0
    return Rule(optimizer.name, optimizer.lr, 2 * optimizer.l2, decoupled, schedule)


@dataclass(frozen=True)
class Buffers:
    """Numbers of all runs of a stack, side by side.

    Args:
        weights: What is trained. `best`: copies of it, where runs remember an earlier epoch; else empty.
        first: Adam's means of gradients, or sgd's momentum. `second`: Adam's means of their squares.
    """

    weights: Tensor
    first: Tensor
    second: Tensor
    best: Tensor

    @classmethod
    def zeros(cls, count: int, *, remembers: bool, like: Tensor) -> "Buffers":
        """Buffers of so many numbers, all 0."""
        weights, first, second = (like.new_zeros(count) for _ in range(3))
        return cls(weights, first, second, best=like.new_zeros(count if remembers else 0))

    @property
    def all(self) -> tuple[Tensor, ...]:
        """What a run takes along when it goes on in another stack."""
        return tuple(each for each in (self.weights, self.first, self.second, self.best) if len(each))


@dataclass(frozen=True)
class Piece:
    """One tensor of one run. `decays`: whether it is a kernel."""

    rule: Rule
    place: Place
    decays: bool


@dataclass
class Pace:
    """A schedule, and what it multiplies learning rates by in the step that is taken."""

    schedule: Schedule
    factor: float = math.nan


class Clock:
    """The steps that the runs of a stack have behind them, and the pace of the one that they take."""

    def __init__(self, step: int, *, steps_per_epoch: int, epochs: int, like: Tensor) -> None:
        self.step = step
        self.count = torch.full((), float(step), dtype=torch.float32, device=like.device)
        self._steps_per_epoch = steps_per_epoch
        self._epochs = epochs
        self._paces: dict[Schedule, Pace] = {}

    def tick(self) -> None:
        """Go on to the next step."""
        for pace in self._paces.values():
            pace.factor = schedules.factor(
                self.step, steps_per_epoch=self._steps_per_epoch, epochs=self._epochs, schedule=pace.schedule
            )
        self.step += 1
        self.count += 1

    def pace(self, schedule: Schedule) -> Pace:
        """What a schedule gives from the next tick on."""
        return self._paces.setdefault(schedule, Pace(schedule))


class Mover:
    """Moves some tensors of a stack by their gradients.

    Args:
        gradients: Memory that holds their gradients; it begins where the buffers are at `offset`.
    """

    def __init__(
        self, pieces: Iterable[Piece], buffers: Buffers, gradients: Tensor, clock: Clock, *, offset: int
    ) -> None:
        groups: dict[tuple[Rule, bool], list[Place]] = {}
        for piece in pieces:
            decays = piece.decays and bool(piece.rule.coupled or piece.rule.decoupled)
            groups.setdefault((piece.rule, decays), []).append(piece.place)
        self._groups = [
            (
                one,
                clock.pace(one.schedule),
                decays,
                _Slices(buffers, gradients, _joined(places), offset=offset, count=clock.count),
            )
            for (one, decays), places in groups.items()
        ]

    def move(self) -> None:
        """One step."""
        for one, pace, decays, slices in self._groups:
            _move(one, one.lr * pace.factor, slices, decays=decays)


class _Slices:
    """The same slices of every buffer."""

    def __init__(
        self, buffers: Buffers, gradients: Tensor, places: Sequence[slice], *, offset: int, count: Tensor
    ) -> None:
        self.weights = [buffers.weights[place] for place in places]
        self.gradients = [gradients[place.start - offset : place.stop - offset] for place in places]
        self.first = [buffers.first[place] for place in places]
        self.second = [buffers.second[place] for place in places]
        self.counts = [count] * len(places)


def _move(one: Rule, lr: float, slices: _Slices, *, decays: bool) -> None:
    coupled = one.coupled if decays else 0.0
    if one.name == "sgd":
        torch._fused_sgd_(
            slices.weights, slices.gradients, slices.first, weight_decay=coupled, momentum=MOMENTUM, lr=lr,
            dampening=0.0, nesterov=False, maximize=False, is_first_step=False,
        )  # fmt: skip
        return
    decay, move = coupled, torch._fused_adam_
    if one.name == "adamw":
        if coupled:
            torch._foreach_add_(slices.gradients, torch._foreach_mul(slices.weights, coupled))
        decay, move = one.decoupled if decays else 0.0, torch._fused_adamw_
    move(
        slices.weights, slices.gradients, slices.first, slices.second, [], slices.counts, lr=lr, beta1=BETA1,
        beta2=BETA2, weight_decay=decay, eps=EPSILON, amsgrad=False, maximize=False,
    )  # fmt: skip


def _joined(places: Sequence[Place]) -> list[slice]:
    """Neighbours as one slice."""
    found: list[slice] = []
    for place in sorted(places, key=lambda place: place.start):
        if found and found[-1].stop == place.start:
            found[-1] = slice(found[-1].start, place.stop)
        else:
            found.append(slice(place.start, place.stop))
    return found
