"""Sets of defaults under one name: what a study does not say is taken from its preset.

Its name is no part of a run's identity: the values are. It says nothing of the data.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from tunebook.spec.canonical import overlaid

BIRDNET: Mapping[str, Any] = {
    "subset": {"balance": False, "upsampling": {"mode": "repeat", "ratio": 0.0}},
    "head": {"kind": "mlp", "hidden_units": 0, "dropout": 0.0, "input_dropout": True, "standardise": False},
    "loss": {"kind": "bce", "label_smoothing": 0.0, "smoothing": "positives"},
    "mixup": {"kind": "none", "alpha": 0.2, "fraction": 0.25},
    "optimizer": {"name": "adam", "lr": 1e-4, "weight_decay": 0.0, "l2": 1e-5},
    "schedule": {"name": "cosine", "warmup": 0.1, "final": 0.1},
    "batch_size": 32,
    "budget": {"epochs": 50},
    "early_stopping": {"patience": 5, "metric": "loss", "min_delta": 0.001},
    "keep_weights": "best",
    "precision": "fp32",
}
"""BirdNET-Analyzer 2.4.0's custom classifiers (`birdnet_analyzer.train`).

Flags and their defaults: `cli.py:train_parser`. The rest: `model.py`, in `build_linear_classifier` (dropout on the
embedding, L2, no hidden layer), `mixup` (a quarter of the rows that carry a class, once, Beta(0.2, 0.2)),
`label_smoothing` (positives lose 0.1) and `train_linear_classifier` (Adam, warm-up, cosine, patience, best weights).
Focal loss is off: loss.focal true stands for gamma 2 and alpha 0.25.

What differs on purpose:

- The learning rate moves at every step, there once an epoch.
- A negative that is smoothed stays 0, there it becomes 0.1 over the number of rows. A positive is multiplied, of mixed
  rows too (0.5 becomes 0.45), there 0.1 is subtracted (0.5 becomes 0.4).
- Mixing and smoothing work in binary tasks too, where they are left out there without a word.
- Splits may keep recordings together (`data.split.by`), there segments are dealt at random.
- SMOTE takes the 5 nearest rows of the class, there of all rows. Mean and linear up-sampling mix the labels of both
  rows, there the first row's are kept.
- Early stopping looks at the loss without the L2 penalty, which Keras's val_loss holds: min_delta acts otherwise.
- Adam's epsilon is 1e-8 (PyTorch), there 1e-7 (Keras).
- Numbers of rows that follow from a share are rounded, there they are cut.

Later versions use AdamW with weight decay 0.004: name both to have them.
"""


def filled(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """A configuration's values with its preset's below them."""
    if values.get("preset", "tunebook") != "birdnet":
        return values
    given = {name: _given(value) for name, value in values.items()}
    epochs = _epochs(given)
    patience = BIRDNET["early_stopping"]["patience"] if epochs is None else birdnet_patience(epochs)
    below = overlaid(BIRDNET, {"early_stopping": {"patience": patience}})
    return overlaid(below, given)


def birdnet_patience(epochs: int) -> int:
    """A tenth of the epochs, at least 5 and at most 10 (`train_linear_classifier`)."""
    return min(10, max(5, epochs // 10))


def _epochs(given: Mapping[str, Any]) -> int | None:
    """None where it is not given, or is no number: the field says so itself."""
    budget = given.get("budget")
    epochs = budget.get("epochs") if isinstance(budget, Mapping) else None
    return int(epochs) if isinstance(epochs, int | float) else None


def _given(value: Any) -> Any:
    """What was said of a group that was made in Python; its defaults were not."""
    return value.model_dump(exclude_unset=True) if isinstance(value, BaseModel) else value
