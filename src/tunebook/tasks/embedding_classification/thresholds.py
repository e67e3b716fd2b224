"""The threshold of a run: chosen on one split, stored as a probability, applied to raw scores."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from tunebook.tasks.embedding_classification import scores as scored

Goal = Literal["f1", "balanced_accuracy", "recall", "precision"]
Edge = Literal["", "lowest", "highest", "only"]
GOALS = {
    "f1": scored.f1,
    "balanced_accuracy": scored.balanced_accuracy,
    "recall": scored.recall,
    "precision": scored.precision,
}
OTHER = {"recall": scored.precision, "precision": scored.recall}
"""Goal -> what must be large enough before it counts."""
TIE = 1e-9
"""Values that differ by less are equal: they are sums, which round."""


@dataclass(frozen=True)
class Threshold:
    """A chosen threshold.

    Args:
        value: A probability: an item has a class when its probability is at least this.
        edge: `lowest` or `highest`: no other stood beyond it to choose from, so a better one may lie there; `only`:
            there was one or none (then it is 0.5). Empty: others stood on both sides.
        reached: Whether precision (for recall as the goal; recall for precision) is as large as it must be.
    """

    value: float
    edge: Edge = ""
    reached: bool = True

    @property
    def cut(self) -> float:
        """The same on raw scores."""
        return float(scored.raw(np.array(self.value)))


def best(
    scores: Float[np.ndarray, "items classes"],
    truth: Bool[np.ndarray, "items classes"],
    *,
    goal: Goal,
    at_least: float = 0.0,
) -> Threshold:
    """The threshold, one for all classes, with the best mean over classes.

    To choose from are the middles between scores next to each other, whatever class they are of: below the lowest and
    above the highest score everything or nothing would be predicted. Of equal ones it is the nearest to 0.5, of two as
    near the lower. Classes that no item has (for balanced accuracy also those that all have) do not count.

    Args:
        scores: Raw scores; -inf where an item has none, which is never predicted.
        goal: What is maximised. recall: among the thresholds with a precision of `at_least`, and precision likewise
            with recall; where no threshold has it, the one that comes nearest to it.
        at_least: 0..1; of one class alone.
    """
    usable = truth.any(axis=0) & (~truth.all(axis=0) | (goal != "balanced_accuracy"))
    levels, reached = _levels(scores[:, usable], truth[:, usable], goal, at_least)
    values = scored.probabilities((levels[1:] + levels[:-1]) / 2)
    cuts = scored.raw(values)
    told_apart = (levels[:-1] < cuts) & (cuts <= levels[1:])  # not where probabilities round to one another, as near 1
    values, reached = values[told_apart], reached[1:][told_apart]
    if not len(values):
        return Threshold(0.5, "only")
    tied = np.flatnonzero(reached >= reached.max() - TIE)
    chosen = int(tied[np.argmin(np.abs(values[tied] - 0.5))])
    return Threshold(float(values[chosen]), _edge(chosen, len(values)), bool(reached[chosen] > -TIE))


def _levels(scores: np.ndarray, truth: np.ndarray, goal: Goal, at_least: float) -> tuple[np.ndarray, np.ndarray]:
    """Distinct scores from the lowest on, and the mean over classes when what has at least that score is predicted.

    The scores are gone through once, from the largest down: each changes the value of its own class alone.
    """
    start, classes = 0.0, max(scores.shape[1], 1)
    levels, changes = [np.empty(0)], [np.empty(0)]
    for column, true in zip(scores.T.astype(np.float64), truth.T, strict=True):
        order = np.argsort(-column, kind="stable")
        found = np.append(0, np.cumsum(true[order]))
        said, positives = np.arange(len(true) + 1), int(found[-1])
        counts = np.stack([found, said - found, positives - found, len(true) - positives - said + found])
        values = _values(counts, goal, at_least) / classes
        start += float(values[0])
        levels.append(column[order])
        changes.append(np.diff(values))
    every = np.concatenate(levels)
    order = np.argsort(-every, kind="stable")
    reached, every = start + np.cumsum(np.concatenate(changes)[order]), every[order]
    ends = (every > -np.inf) & (np.append(every[1:], np.nan) != every)
    return every[ends][::-1], reached[ends][::-1]


def _values(counts: np.ndarray, goal: Goal, at_least: float) -> np.ndarray:
    """The goal, 0..1; below 0 where what must be large enough is not, and the more so the less it is."""
    values: np.ndarray = GOALS[goal](counts)
    if goal not in OTHER:
        return values
    other = OTHER[goal](counts)
    return np.where(other >= at_least - TIE, values, other - 1 - TIE)


def _edge(chosen: int, number: int) -> Edge:
    if number == 1:
        return "only"
    return "lowest" if chosen == 0 else "highest" if chosen == number - 1 else ""
