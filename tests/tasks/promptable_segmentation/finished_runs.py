"""Runs of promptable segmentation whose trained tensors were drawn, not trained, and images to apply them to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from sam_examples import numbers
from segmentation_examples import configured

from tunebook.records import Configuration, Run, Settings
from tunebook.task import Context
from tunebook.tasks.promptable_segmentation.starting import adapter_text, starting_model
from tunebook.tasks.promptable_segmentation.watershed import DEFAULTS
from tunebook.train import adapters, checkpoints

LORA = {"adapter.method": "lora", "adapter.rank": 2, "model.weights": "tunebook-small"}
SETTINGS: Mapping[str, Settings] = {"ais": Settings("ais", "val", "ais.msa", {**DEFAULTS, "smoothing": 1.0})}


def finished(folder: Path, changes: Mapping[str, Any] | None = None) -> tuple[Run, Context]:
    """A run whose every trained tensor was moved away from its start; its checkpoint lies in a folder."""
    config = configured({**LORA, **(changes or {})})
    values = config.model_dump(mode="json")
    context = Context(folder, folder / "checkpoint.safetensors", folder / "state", 2, "cpu", 1, 0)
    if config.model.family == "sam" and config.adapter.method != "none":
        model = starting_model(config, book=folder, seed=0)
        with torch.no_grad():
            for name, tensor in sorted(adapters.trainable(model).items()):
                if tensor.is_floating_point():
                    tensor.add_(torch.randn(tensor.shape, generator=numbers(len(name))), alpha=0.01)
        metadata = {"adapter": adapter_text(config), "base": base(config, folder)}
        checkpoints.save(context.checkpoint, adapters.trainable(model), metadata)
    return Run("promptable-segmentation", "2", Configuration(values, values), {"seed": 0}, {}, 2), context


def base(config: Any, folder: Path) -> str:
    """The starting weights as a checkpoint names them."""
    from tunebook.tasks.promptable_segmentation.starting import base_of

    return base_of(config, book=folder)
