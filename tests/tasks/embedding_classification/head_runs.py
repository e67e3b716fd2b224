"""Small runs of heads, for tests of their training."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from tunebook.tasks.embedding_classification.cohorts import Ended, Member, Point, train
from tunebook.tasks.embedding_classification.config import Config
from tunebook.tasks.embedding_classification.rows import Kind, TrainingSet

WIDTH = 37
ROWS = 53
"""Neither is a multiple of what vectors hold."""


def some_rows(
    *, seed: int = 0, rows: int = ROWS, width: int = WIDTH, classes: int = 1, single: bool = False
) -> TrainingSet:
    """Embeddings whose classes a plane separates, with a little noise. `single`: exactly one class a row."""
    draws = np.random.default_rng(seed)
    planes = np.random.default_rng(99).normal(size=(width, classes))
    embeddings = draws.normal(2, 3, size=(rows, width)).astype(np.float32)
    said = (embeddings - 2) @ planes + draws.normal(size=(rows, classes))
    targets = said == said.max(axis=1, keepdims=True) if single else said > 0
    return TrainingSet(embeddings, targets.astype(np.float32))


def configured(**values: Any) -> Config:
    """A configuration of three epochs; dotted names are written with two underscores."""
    found: dict[str, Any] = {
        "data": {"table": "x"},
        "budget": {"epochs": 3},
        "batch_size": 13,
        "optimizer": {"lr": 0.01},
    }
    for name, value in values.items():
        *groups, last = name.split("__")
        place = found
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return Config.model_validate(found)


def trained(
    members: Sequence[Member], *, kind: Kind = "binary", device: str = "cpu"
) -> tuple[dict[str, Ended], dict[str, list[Mapping[str, float]]]]:
    """What each member ended as, and its points."""
    ended: dict[str, Ended] = {}
    points: dict[str, list[Mapping[str, float]]] = {member.name: [] for member in members}
    for event in train(members, kind=kind, device=device):
        if isinstance(event, Point):
            points[event.name].append(event.values)
        else:
            ended[event.name] = event
    return ended, points


def same(one: Ended, other: Ended) -> bool:
    """Whether two ended in the same bits after the same epochs."""
    mine, theirs = one.head.tensors, other.head.tensors
    return (
        mine.keys() == theirs.keys()
        and all(torch.equal(mine[name], theirs[name]) for name in mine)
        and (one.trained_epochs, one.kept_epoch) == (other.trained_epochs, other.kept_epoch)
    )
