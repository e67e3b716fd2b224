"""A trained run at work: from an image to the probability of foreground, whatever the family."""

from collections.abc import Callable, Mapping
from typing import cast

import numpy as np
from jaxtyping import UInt8
from torch import nn

from tunebook.records import Settings
from tunebook.task import Context
from tunebook.tasks.binary_segmentation import floors, inference, networks
from tunebook.tasks.binary_segmentation.config import Config
from tunebook.tasks.binary_segmentation.effects import is_learned
from tunebook.tasks.binary_segmentation.metrics import THRESHOLD
from tunebook.train import checkpoints

Answer = Callable[[UInt8[np.ndarray, "h w 3"]], UInt8[np.ndarray, "h w"]]
"""An image at the size that it is worked on -> probabilities in 255ths."""


def answering(config: Config, context: Context) -> Answer:
    """What a run answers to an image; its checkpoint is read once.

    Raises:
        DataError: when the checkpoint cannot be read, or its network cannot be made here.
    """
    if not is_learned(config):
        _, facts = checkpoints.load(context.checkpoint)
        known = {name: float(value) for name, value in facts.items()}
        return lambda image: floors.probability(floor(config), known, image)
    trained = network(config, context).to(context.device)
    return lambda image: inference.probabilities(trained, image, config.data, device=context.device)


def network(config: Config, context: Context) -> nn.Module:
    """The trained network, on the CPU.

    Raises:
        DataError: as `answering`.
    """
    tensors, _ = checkpoints.load(context.checkpoint)
    made = networks.build(config.model, seed=0)
    made.load_state_dict(tensors)
    return made


def floor(config: Config) -> floors.Floor:
    """The family of a baseline."""
    assert not is_learned(config), "it is a baseline"
    return cast(floors.Floor, config.model.family)


def threshold_of(settings: Mapping[str, Settings]) -> float:
    """The chosen one, 0..1."""
    value = settings[THRESHOLD].values[THRESHOLD]
    assert isinstance(value, float), "calibrate wrote a number"
    return value
