"""What stands on the embedding: its tensors, how they start, and what they say of an embedding.

    scale.mean, scale.deviation   (width)            when embeddings are standardised
    hidden.weight, hidden.bias    (units, width)     when there is a hidden layer
    output.weight, output.bias    (classes, units or width)

The same names stand in `checkpoint.safetensors`.
"""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from tunebook.tasks.embedding_classification import streams

MEAN, DEVIATION = "scale.mean", "scale.deviation"
HIDDEN_WEIGHT, HIDDEN_BIAS = "hidden.weight", "hidden.bias"
OUTPUT_WEIGHT, OUTPUT_BIAS = "output.weight", "output.bias"

CHUNK = 8192
"""Rows that are looked at together, so that memory does not grow with the table."""
TRUNCATED = 0.87962566103423978
"""Standard deviation of a standard normal cut at two of them (Keras rescales by it)."""


@dataclass(frozen=True)
class Head:
    """A trained head.

    Args:
        tensors: Name -> float32 tensor on the CPU.
        facts: What else is to be known of its training, for its checkpoint: `converged` is `0` where a solver stopped
            before its end.
    """

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """How many numbers were trained; mean and deviation are not."""
        return sum(tensor.numel() for name, tensor in self.tensors.items() if not name.startswith("scale."))


@dataclass(frozen=True)
class Shape:
    """Sizes of a head. `hidden`: 0 for a linear one."""

    width: int
    hidden: int
    classes: int

    @property
    def tensors(self) -> Mapping[str, tuple[int, ...]]:
        """Name -> shape of every tensor that is trained."""
        output = {OUTPUT_WEIGHT: (self.classes, self.hidden or self.width), OUTPUT_BIAS: (self.classes,)}
        if not self.hidden:
            return output
        return {HIDDEN_WEIGHT: (self.hidden, self.width), HIDDEN_BIAS: (self.hidden,), **output}


@functools.lru_cache(maxsize=2)
def initial(shape: Shape, *, seed: int) -> Mapping[str, NDArray[np.float64]]:
    """Weights before training, drawn by seed and shape: He normal, Glorot uniform at the output; biases 0.

    As Keras draws them: the normal is cut at two standard deviations and rescaled. Runs of one seed and shape start
    alike, so the last shapes are kept; what is returned is not to be changed.
    """
    found = {name: np.zeros(size) for name, size in shape.tensors.items()}
    if shape.hidden:
        deviation = math.sqrt(2 / shape.width) / TRUNCATED
        found[HIDDEN_WEIGHT] = deviation * _truncated(found[HIDDEN_WEIGHT].shape, seed=seed)
    classes, inputs = found[OUTPUT_WEIGHT].shape
    limit = math.sqrt(6 / (inputs + classes))
    drawn = streams.generator(seed, f"{OUTPUT_WEIGHT} {classes}x{inputs}").random((classes, inputs))
    found[OUTPUT_WEIGHT] = limit * (2 * drawn - 1)
    return found


def scale(embeddings: Float[np.ndarray, "rows width"]) -> Mapping[str, Tensor]:
    """Mean and standard deviation (of all rows, ddof 0) of each dimension, in double precision; 0 becomes 1."""
    mean = embeddings.mean(axis=0, dtype=np.float64)
    deviation = embeddings.std(axis=0, dtype=np.float64)
    deviation[deviation == 0] = 1.0
    return {MEAN: torch.from_numpy(mean.astype(np.float32)), DEVIATION: torch.from_numpy(deviation.astype(np.float32))}


def scaled(embeddings: Float[Tensor, "rows width"], tensors: Mapping[str, Tensor]) -> Float[Tensor, "rows width"]:
    """Embeddings as the first layer sees them."""
    if MEAN not in tensors:
        return embeddings
    return (embeddings - tensors[MEAN].to(embeddings)) / tensors[DEVIATION].to(embeddings)


@torch.no_grad()
def logits(
    tensors: Mapping[str, Tensor], embeddings: Float[np.ndarray, "rows width"], *, device: str = "cpu"
) -> Float[np.ndarray, "rows classes"]:
    """What a head says of embeddings, in float32. A row that is not finite throughout gets NaN."""
    here = {name: tensor.to(device, torch.float32) for name, tensor in tensors.items()}
    found = np.empty((len(embeddings), len(here[OUTPUT_BIAS])), np.float32)
    for start in range(0, len(embeddings), CHUNK):
        rows = np.array(embeddings[start : start + CHUNK], np.float32)
        said = _forward(here, torch.from_numpy(rows).to(device)).cpu().numpy()
        said[~np.isfinite(rows).all(axis=1)] = np.nan
        found[start : start + CHUNK] = said
    return found


def _forward(tensors: Mapping[str, Tensor], rows: Float[Tensor, "rows width"]) -> Float[Tensor, "rows classes"]:
    values = scaled(rows, tensors)
    if HIDDEN_WEIGHT in tensors:
        values = torch.addmm(tensors[HIDDEN_BIAS], values, tensors[HIDDEN_WEIGHT].t()).clamp_(min=0)
    return torch.addmm(tensors[OUTPUT_BIAS], values, tensors[OUTPUT_WEIGHT].t())


def _truncated(size: tuple[int, ...], *, seed: int) -> NDArray[np.float64]:
    """Standard normal draws between -2 and 2; what falls outside is drawn again."""
    draws = streams.generator(seed, f"{HIDDEN_WEIGHT} {size[0]}x{size[1]}")
    found = draws.standard_normal(size)
    while (outside := np.abs(found) > 2).any():
        found[outside] = draws.standard_normal(int(outside.sum()))
    return found
