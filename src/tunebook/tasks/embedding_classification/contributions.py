"""What a group of items contributes to each metric."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tunebook.task import ItemScore
from tunebook.tasks.embedding_classification import scores
from tunebook.tasks.embedding_classification.metrics import MEASURES, Needs
from tunebook.tasks.embedding_classification.rows import Kind


@dataclass(frozen=True)
class Items:
    """Items with what a run says of them.

    Args:
        scores: Raw scores; -inf throughout in an item without one.
        truth: Which classes each item has.
    """

    scores: Float[np.ndarray, "items classes"]
    truth: Bool[np.ndarray, "items classes"]

    @property
    def given(self) -> Bool[np.ndarray, " items"]:
        """Which items have a score."""
        return np.asarray((self.scores > -np.inf).any(axis=1))

    def only(self, which: Bool[np.ndarray, " items"]) -> "Items":
        """Some of them, in their order."""
        return Items(self.scores[which], self.truth[which])


def contributions(items: Items, *, kind: Kind, cut: float, item: str) -> Iterator[ItemScore]:
    """What a group of items gives for every metric that its kind of labels has.

    Args:
        cut: The chosen threshold, on raw scores; of no effect for multi-class.
        item: Name of the group.
    """
    given = items.given
    n, expected = int(given.sum()), len(given)
    parts = _parts(items, items.only(given), kind, cut)
    reasons = _reasons(items, n, kind)
    for name, measure in MEASURES.items():
        if kind in measure.kinds:
            reason = reasons[measure.needs]
            yield ItemScore(name, reason=reason, item=item, arrays=parts[measure.part], n=n, expected=expected)


def _parts(items: Items, said: Items, kind: Kind, cut: float) -> Mapping[str, Mapping[str, np.ndarray]]:
    chances = scores.probabilities(said.scores)
    if kind == "multi-class":
        chosen = half = scores.largest(items.scores)
        best = scores.largest(said.scores)
        chances, came_true = chances[best], said.truth[best]
    else:
        chosen, half = scores.at_least(items.scores, cut), scores.at_least(items.scores, 0.0)
        chances, came_true = chances.ravel(), said.truth.ravel()
    return {
        "chosen": {"counts": scores.counts(chosen, items.truth)},
        "half": {"counts": scores.counts(half, items.truth)},
        "ranked": {"scores": items.scores, "truth": items.truth},
        "bins": {"bins": scores.calibration_bins(chances, came_true)},
    }


def _reasons(items: Items, n: int, kind: Kind) -> Mapping[Needs, str]:
    """Why a metric has no value, by what it needs; empty when it has one."""
    some, every = items.truth.any(axis=0), items.truth.all(axis=0)
    no_item = "" if len(items.truth) else "no item"
    no_positive = "" if some.any() else "no item is positive" if kind == "binary" else "no item has a class"
    alike = "" if (some & ~every).any() else "no class has items with it and items without it"
    no_other = "no item is negative" if kind == "binary" else alike
    return {
        "items": no_item,
        "scores": no_item or ("" if n else "no item has a score"),
        "positives": no_item or no_positive,
        "both": no_item or no_positive or (no_other if alike else ""),
        "balance": no_item or no_positive or (no_other if alike and kind == "binary" else ""),
    }
