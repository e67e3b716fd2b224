"""How far a run is trained, at which learning rate, and what its validations decide; without torch."""

import math
from dataclasses import dataclass, replace

from tunebook.tasks.promptable_segmentation.config import Config, Schedule

THRESHOLD = 1e-4
"""Fraction by which a loss must fall for plateau to call it an improvement (PyTorch's ReduceLROnPlateau)."""
LEAST = 1e-8
"""A learning rate that would fall by no more stays as it is (PyTorch's ReduceLROnPlateau)."""


def full_length(config: Config, *, images: int) -> int:
    """The steps of a whole run on this many training images; schedules are laid out for it."""
    if config.budget.epochs is None:
        return config.budget.steps
    return math.ceil(config.budget.epochs * images / config.batch_size)


def steps_of_a_pass(config: Config, *, images: int) -> int:
    """The steps after which every training image was seen once; the last batch may begin the next pass."""
    return math.ceil(images / config.batch_size)


def validated(config: Config) -> bool:
    """Whether anything depends on the loss on the split val."""
    return config.schedule.name == "plateau" or config.early_stopping is not None or config.keep_weights == "best"


def rate(step: int, *, total: int, schedule: Schedule) -> float:
    """The learning rate of a step (from 0) as a fraction of its peak: linear warm-up, then cosine to zero or one.

    What plateau does to the peak comes on top; see `Watch`.
    """
    warm = round(schedule.warmup * total)
    if step < warm:
        return (step + 1) / warm
    if schedule.name != "cosine":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))


@dataclass(frozen=True)
class Watch:
    """What the validations of a run have shown so far.

    Args:
        lr: The peak learning rate, as plateau has left it.
        best: The lowest loss; infinite before the first validation.
        best_step: The steps that had been trained then.
        waited: Validations since then.
        reference: The loss that plateau compares with.
        stalled: Validations without improvement that plateau has counted.
    """

    lr: float
    best: float = math.inf
    best_step: int = 0
    waited: int = 0
    reference: float = math.inf
    stalled: int = 0

    def after(self, loss: float, *, step: int, schedule: Schedule) -> "Watch":
        """What is known after one more validation."""
        if loss < self.best:
            seen = replace(self, best=loss, best_step=step, waited=0)
        else:
            seen = replace(self, waited=self.waited + 1)
        return seen._lowered(loss, schedule) if schedule.name == "plateau" else seen

    def ends(self, early_stopping: int | None) -> bool:
        """Whether training ends here: more than so many validations without improvement."""
        return early_stopping is not None and self.waited > early_stopping

    def _lowered(self, loss: float, schedule: Schedule) -> "Watch":
        """PyTorch's ReduceLROnPlateau, mode min, relative threshold, no cool-down."""
        if loss < self.reference * (1 - THRESHOLD):
            return replace(self, reference=loss, stalled=0)
        if self.stalled < schedule.patience:
            return replace(self, stalled=self.stalled + 1)
        lr = self.lr * schedule.factor
        return replace(self, stalled=0, lr=lr if self.lr - lr > LEAST else self.lr)
