"""A trained head with all that it takes to use it: its checkpoint, its classes, and the threshold chosen for it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float
from torch import Tensor

from tunebook import __version__
from tunebook.records import Run, Settings, canonical_json
from tunebook.task import Context
from tunebook.tasks.embedding_classification import heads, scores
from tunebook.tasks.embedding_classification.config import Config
from tunebook.tasks.embedding_classification.metrics import THRESHOLD
from tunebook.tasks.embedding_classification.rows import Kind
from tunebook.tasks.embedding_classification.thresholds import Threshold
from tunebook.train import checkpoints


@dataclass(frozen=True)
class ChosenHead:
    """A head and what was chosen for it.

    Args:
        tensors: Named as in `heads`.
        classes: In the order of the logits; of a binary task the positive one.
        softmax: Whether probabilities add up to 1 over the classes; else each class has its own.
        chosen: The threshold's settings; None for multi-class, which takes the likeliest class.
    """

    run: Run
    config: Config
    tensors: Mapping[str, Tensor]
    kind: Kind
    classes: tuple[str, ...]
    softmax: bool
    chosen: Settings | None

    @classmethod
    def read(cls, run: Run, context: Context, settings: Mapping[str, Settings]) -> "ChosenHead":
        """The head of a run.

        Raises:
            DataError: when the checkpoint cannot be read.
        """
        tensors, facts = checkpoints.load(context.checkpoint)
        config = Config.model_validate(run.configuration.values)
        return cls(
            run,
            config,
            tensors,
            kind=cast(Kind, facts["kind"]),
            classes=tuple(json.loads(facts["classes"])),
            softmax=facts["activation"] == "softmax",
            chosen=settings.get(THRESHOLD),
        )

    @property
    def width(self) -> int:
        """How many numbers an embedding has."""
        return int(self.tensors.get(heads.HIDDEN_WEIGHT, self.tensors[heads.OUTPUT_WEIGHT]).shape[1])

    @property
    def threshold(self) -> Threshold:
        """From where on an item has a class; not for multi-class."""
        assert self.chosen is not None
        return Threshold(float(cast(float, self.chosen.values[THRESHOLD])))

    def raw_scores(
        self, embeddings: Float[np.ndarray, "rows width"], *, device: str
    ) -> Float[np.ndarray, "rows classes"]:
        """Scores that pooling, thresholds and probabilities start from; NaN of a row without an embedding."""
        writable = np.require(embeddings, requirements="W")  # as torch wants it; polars lends its own
        logits = heads.logits(self.tensors, writable, device=device)
        return scores.log_odds(logits) if self.softmax else logits

    def facts(self) -> Mapping[str, str]:
        """What an exported head says of itself: name -> text; lists and the configuration are JSON."""
        data, configuration = self.config.data, self.run.configuration
        found = {
            "activation": "softmax" if self.softmax else "sigmoid",
            "classes": json.dumps(self.classes, ensure_ascii=False),
            "configuration": canonical_json(configuration.effective),
            "kind": self.kind,
            "run": self.run.id,
            "standardise": str(heads.MEAN in self.tensors).lower(),
            "task": f"{self.run.task} {self.run.version}",
            "tunebook": __version__,
            "width": str(self.width),
            **{factor: str(number) for factor, number in self.run.replicate.items()},
        }
        if self.chosen is not None:
            found["threshold"] = repr(self.threshold.value)
            found["threshold chosen"] = f"on {self.chosen.split} by {self.chosen.metric}"
        if data.item is not None:
            found |= {"item": data.item, "pool": data.pool} | ({"k": str(data.k)} if data.pool == "top-k" else {})
        return found
