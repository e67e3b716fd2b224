"""What the validations of a run have shown, and when it ends."""

import math
from dataclasses import dataclass, replace

from tunebook.tasks.embedding_classification.config import EarlyStopping


@dataclass(frozen=True)
class Watch:
    """What is known of a run after some epochs.

    Args:
        best: The value that the next must improve on; NaN before the first.
        best_epoch: The epoch it is of, from 1; 0 before the first.
        waited: Epochs since then.
    """

    best: float = math.nan
    best_epoch: int = 0
    waited: int = 0

    def after(self, value: float, *, epoch: int, how: EarlyStopping) -> "Watch":
        """What is known after one more epoch, whose loss, AP or AUROC is `value`."""
        gain = self.best - value if how.metric == "loss" else value - self.best
        if self.best_epoch == 0 or gain > how.min_delta:
            return Watch(best=value, best_epoch=epoch)
        return replace(self, waited=self.waited + 1)

    def ends(self, how: EarlyStopping) -> bool:
        """Whether so many epochs have gone by without an improvement that the run ends."""
        return how.patience is not None and self.waited >= how.patience
