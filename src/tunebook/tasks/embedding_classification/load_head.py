"""Apply head.safetensors to embeddings; needs numpy and safetensors alone.

    head = Head.load("head.safetensors")
    logits = head.logits(embeddings)        # (rows, width) -> (rows, classes)
    probabilities = head.probabilities(logits)
    decisions = head.decisions(logits)      # (rows, classes): which classes a row has; of multi-class the likeliest

What the file says of itself is in `head.facts`: classes, kind, threshold and where it was chosen, the configuration
and the run. Where they hold `item`, the threshold is one for items: pool the logits of an item's rows first, as `pool`
says (max, mean, or top-k: the mean of the `k` largest).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors import safe_open


@dataclass(frozen=True)
class Head:
    """A linear layer, or two with a ReLU between them, on embeddings."""

    tensors: Mapping[str, NDArray[np.float32]]
    facts: Mapping[str, str]

    @classmethod
    def load(cls, path: str | Path) -> "Head":
        """Read the file that `tunebook export --format head` writes."""
        with safe_open(str(path), framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no mapping
            return cls(tensors, json.loads(file.metadata()["tunebook"]))

    @property
    def classes(self) -> list[str]:
        """Their names, in the order of the logits' columns; of a binary task the positive one."""
        return list(json.loads(self.facts["classes"]))

    def logits(self, embeddings: ArrayLike) -> NDArray[np.float32]:
        """Raw scores; NaN of rows that are not finite throughout."""
        values, tensors = np.asarray(embeddings, np.float32), self.tensors
        first = tensors.get("hidden.weight", tensors["output.weight"])
        if values.ndim != 2 or values.shape[1] != first.shape[1]:
            raise ValueError(f"embeddings must be (rows, {first.shape[1]}); got {values.shape}")
        values = np.where(np.isfinite(values).all(axis=1, keepdims=True), values, np.float32(np.nan))
        if "scale.mean" in tensors:
            values = (values - tensors["scale.mean"]) / tensors["scale.deviation"]
        if "hidden.weight" in tensors:
            values = np.maximum(values @ tensors["hidden.weight"].T + tensors["hidden.bias"], 0)
        scores: NDArray[np.float32] = values @ tensors["output.weight"].T + tensors["output.bias"]
        return scores

    def probabilities(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Softmax over the classes, or the logistic function of each, as the head was trained."""
        scores = np.asarray(logits, np.float64)
        if self.facts["activation"] == "softmax":
            shares = np.exp(scores - scores.max(axis=1, keepdims=True))
            return np.asarray(shares / shares.sum(axis=1, keepdims=True))
        small = np.exp(-np.abs(scores))
        return np.asarray(np.where(scores >= 0, 1, small) / (1 + small))

    def decisions(self, logits: ArrayLike) -> NDArray[np.bool_]:
        """Where a probability reaches the threshold; of multi-class the likeliest. Nothing in rows of NaN."""
        likely = self.probabilities(logits)
        if self.facts["kind"] != "multi-class":
            return likely >= float(self.facts["threshold"])
        best: NDArray[np.bool_] = np.arange(likely.shape[1]) == likely.argmax(axis=1)[:, None]
        return best & ~np.isnan(likely)
