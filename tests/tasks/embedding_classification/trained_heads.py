"""Heads with drawn weights as a run leaves them: a checkpoint, the run, the threshold that was chosen for it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tunebook.records import Configuration, Run, Settings
from tunebook.task import Context
from tunebook.tasks.embedding_classification.config import Config
from tunebook.tasks.embedding_classification.effects import is_softmax
from tunebook.tasks.embedding_classification.rows import Kind
from tunebook.train import checkpoints

WIDTH = 6
CLASSES = {"binary": ("wren",), "multi-class": ("wren", "robin", "owl"), "multi-label": ("wren", "robin", "owl")}
CHOSEN = {"threshold": Settings("threshold", "val", "f1", {"threshold": 0.375})}
SETTINGS: Mapping[str, Mapping[str, Settings]] = {"binary": CHOSEN, "multi-class": {}, "multi-label": CHOSEN}


def drawn(kind: Kind, *, hidden: int = 0, standardise: bool = True) -> dict[str, torch.Tensor]:
    """Tensors of a head, named as in a checkpoint."""
    rng, classes = np.random.default_rng(0), len(CLASSES[kind])

    def normal(*size: int) -> torch.Tensor:
        return torch.from_numpy(rng.standard_normal(size).astype(np.float32))

    found = {"output.weight": normal(classes, hidden or WIDTH), "output.bias": normal(classes)}
    if hidden:
        found |= {"hidden.weight": normal(hidden, WIDTH), "hidden.bias": normal(hidden)}
    if standardise:
        found |= {"scale.mean": normal(WIDTH), "scale.deviation": normal(WIDTH).abs() + 0.5}
    return found


def trained(
    folder: Path, kind: Kind = "binary", *, hidden: int = 0, standardise: bool = True, **config: Any
) -> tuple[Run, Context]:
    """A run whose checkpoint lies in a folder; `config` is laid over the least that a configuration must say."""
    parsed = Config.model_validate({"data": {"table": "rows.parquet"}, **config})
    values = parsed.model_dump(mode="json")
    run = Run(
        "embedding-classification", "1", Configuration(values, {"head.hidden_units": hidden}), {"seed": 3}, {}, 50
    )
    context = Context(folder, folder / "checkpoint.safetensors", folder / "state.safetensors", 50, "cpu", 1, 3)
    activation = "softmax" if is_softmax(parsed, kind) else "sigmoid"
    facts = {"kind": kind, "classes": json.dumps(CLASSES[kind]), "activation": activation}
    checkpoints.save(context.checkpoint, drawn(kind, hidden=hidden, standardise=standardise), facts)
    return run, context


def embeddings(rows: int, *, seed: int = 1) -> np.ndarray:
    """Drawn ones; the third row has none."""
    found = np.random.default_rng(seed).standard_normal((rows, WIDTH)).astype(np.float32)
    found[2:3] = np.nan
    return found
