"""The runs of a cohort, what they share, and which of them take their steps together."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tunebook.errors import DataError, Problem
from tunebook.tasks.embedding_classification import batches, heads
from tunebook.tasks.embedding_classification.batches import Table
from tunebook.tasks.embedding_classification.config import Config, Mixup
from tunebook.tasks.embedding_classification.heads import Shape
from tunebook.tasks.embedding_classification.rows import TrainingSet

LINEAR_RUNS = 512
"""Linear heads of a stack at most, whatever they are trained on, as long as their batches are.

CPU µs per run and step: 15 heads 9.4, 32 5.2, 90 3.4, 270 2.7.
"""
STACKED_BYTES = 8 * 2**20
"""Weights and moments of a stack of other heads at most; one head may be larger.

Measured with `benchmarks/stack_sizes.py` (512 dimensions, batch 32, CPU µs per run and step): 128 units, 1 run 279,
4 runs 202, 8 runs 193, 30 runs 220; 512 units, 1 run 688, 2 runs 612, 4 runs 720; 1024 units, 1 run 1427, 2 runs 1545.
What is more than the processor's cache costs more than sharing batches saves.
"""


@dataclass(frozen=True)
class Member:
    """One run of a cohort.

    Args:
        training: Members that hold the same object share its tensors and batches.
        validation: What early stopping and the choice of weights look at; None: neither happens.
    """

    name: str
    config: Config
    seed: int
    training: TrainingSet
    validation: TrainingSet | None


@dataclass(frozen=True)
class Batched:
    """What members must share to be stacked.

    Args:
        source: What they are trained and validated on and in which order; None of linear heads, which share steps, not
            batches.
        rows: How many they are trained and validated on.
    """

    source: tuple[int, int, int] | None
    rows: tuple[int, int]
    batch_size: int
    epochs: int
    mixup: tuple[str, float, float]
    standardise: bool
    precision: str
    arithmetic: str


def batched(member: Member) -> Batched:
    """What a member shares with those that it can be stacked with."""
    config = member.config
    linear = not config.head.hidden_units
    return Batched(
        source=None if linear else source(member),
        rows=(len(member.training.targets), 0 if member.validation is None else len(member.validation.targets)),
        batch_size=config.batch_size,
        epochs=config.budget.epochs,
        mixup=_mixup(config),
        standardise=config.head.standardise,
        precision=config.precision,
        arithmetic=config.arithmetic,
    )


def source(member: Member) -> tuple[int, int, int]:
    """What a member of a stack shares with others that see what it sees: the objects behind its rows, and its seed."""
    return id(member.training), member.seed, id(member.validation)


def _mixup(config: Config) -> tuple[str, float, float]:
    mixup = config.mixup if config.mixup.kind != "none" else Mixup()
    return mixup.kind, mixup.alpha, mixup.fraction


class Tables:
    """Rows on the device, once for all members that hold them."""

    def __init__(self, device: str) -> None:
        self.device = device
        self._kept: dict[tuple[object, ...], tuple[object, Table]] = {}
        self._scales: dict[int, tuple[object, dict[str, Tensor]]] = {}

    def scale(self, member: Member) -> dict[str, Tensor]:
        """Mean and deviation of a member's training rows, where it is standardised."""
        if not member.config.head.standardise:
            return {}
        key = id(member.training)
        if key not in self._scales:
            self._scales[key] = (member.training, dict(heads.scale(member.training.embeddings)))
        return self._scales[key][1]

    def training(self, member: Member) -> Table:
        """The rows that a member is trained on, mixed where it mixes them once."""
        mixup = member.config.mixup
        if mixup.kind != "once":
            return self._table(member, member.training)
        key = ("once", id(member.training), member.seed, *_mixup(member.config), *self._form(member))
        if key not in self._kept:
            table = batches.once_mixed(self._table(member, member.training), mixup, seed=member.seed)
            self._kept[key] = (member.training, table)
        return self._kept[key][1]

    def validation(self, member: Member) -> Table | None:
        """The rows that it is validated on, scaled as those that it is trained on."""
        return None if member.validation is None else self._table(member, member.validation)

    def _table(self, member: Member, rows: TrainingSet) -> Table:
        key = (id(rows), id(member.training) if member.config.head.standardise else None, *self._form(member))
        if key not in self._kept:
            table = batches.table(rows, self.scale(member), device=self.device, dtype=_dtype(member.config))
            self._kept[key] = (rows, table)
        return self._kept[key][1]

    @staticmethod
    def _form(member: Member) -> tuple[object, ...]:
        return member.config.head.standardise, _dtype(member.config)


def check(member: Member) -> None:
    """Refuse what cannot be trained.

    Raises:
        DataError: when a set has no rows, or early stopping looks at a ranking that the validation set cannot give.
    """
    metric = member.config.early_stopping.metric
    for what, rows in (("training", member.training), ("validation", member.validation)):
        if rows is not None and not len(rows.embeddings):
            raise DataError(Problem("data", f"must have rows for {what}; got none"))
    if member.validation is None or metric == "loss":
        return
    positive = (member.validation.targets > 0.5).sum(axis=0)
    if not ((positive > 0) & (positive < len(member.validation.targets))).any():
        message = f"must be loss where no class is both present and absent in its split; got {metric}"
        raise DataError(Problem("early_stopping.metric", message))


def stacked(members: Sequence[Member]) -> Iterator[list[Member]]:
    """Members in stacks: those of one stack share what they must, and are no more than pays."""
    alike: dict[Batched, list[Member]] = {}
    for member in members:
        alike.setdefault(batched(member), []).append(member)
    for together in alike.values():
        yield from _chunks(together)


def _chunks(members: Sequence[Member]) -> Iterator[list[Member]]:
    found: list[Member] = []
    size = 0
    for member in sorted(members, key=_size_and_rate):
        more = _bytes(member)
        full = len(found) >= LINEAR_RUNS or (size + more > STACKED_BYTES and member.config.head.hidden_units > 0)
        if found and full:
            yield found
            found, size = [], 0
        found.append(member)
        size += more
    if found:
        yield found


def _size_and_rate(member: Member) -> tuple[int, bool, float]:
    head = member.config.head
    return head.hidden_units, head.input_dropout, head.dropout


def _bytes(member: Member) -> int:
    """Weights and two moments."""
    shape = Shape(
        member.training.embeddings.shape[1], member.config.head.hidden_units, member.training.targets.shape[1]
    )
    return 3 * _dtype(member.config).itemsize * sum(math.prod(size) for size in shape.tensors.values())


def _dtype(config: Config) -> torch.dtype:
    return torch.float64 if config.precision == "fp64" else torch.float32
