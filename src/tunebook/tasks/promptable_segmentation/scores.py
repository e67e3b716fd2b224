"""Scores of predicted instances against true ones.

A label map holds whole numbers: 0 is background, every other number is one object; ids may have gaps. Two objects
match at a threshold when their intersection over union (IoU) reaches it. The segmentation accuracy at a threshold is
TP / (TP + FP + FN), and mSA is its mean over ten thresholds.

Two observations make it fast:

- Label maps are long runs of equal ids. Intersections and sizes are sums over runs, not over pixels.
- Above IoU 0.5 an object has at most one partner: a partner holds more than half of the union, hence of the object.
  At exactly 0.5 an object A can have two, when they halve A; then each lies within A, and has no partner but A. So
  the pairs that tie are apart from all others, a single pair or a centre with two ends, and the best assignment takes
  one pair of each: (objects predicted) + (objects true) - (pairs).
"""

from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from tunebook.errors import DataError, Problem

THRESHOLDS = (0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95)
"""IoU from which two objects match; compared as fractions of 20, so an IoU of exactly 3/4 counts at 0.75."""

Labels = NDArray[Any]
"""A label map (h, w) of any integer type; whether it is one is checked when it is counted."""


@dataclass(frozen=True)
class Matches:
    """How many objects of one image match.

    Args:
        n_pred: Objects predicted.
        n_true: Objects that are there.
        counts: Matched pairs at each of `THRESHOLDS`, in their order.
    """

    n_pred: int
    n_true: int
    counts: tuple[int, ...]

    def tp(self, threshold: float) -> int:
        """Matched pairs at one of `THRESHOLDS`."""
        return self.counts[_position(threshold)]

    def fp(self, threshold: float) -> int:
        """Objects that are predicted and match nothing."""
        return self.n_pred - self.tp(threshold)

    def fn(self, threshold: float) -> int:
        """Objects that are there and match nothing."""
        return self.n_true - self.tp(threshold)

    def accuracy(self, threshold: float) -> float:
        """TP / (TP + FP + FN) at one of `THRESHOLDS`; 1 when nothing is there and nothing is predicted."""
        return _accuracy(self.tp(threshold), self.n_pred, self.n_true)

    @property
    def msa(self) -> float:
        """Mean of the accuracy over `THRESHOLDS`."""
        return fmean(_accuracy(tp, self.n_pred, self.n_true) for tp in self.counts)


def matches(pred: Labels, true: Labels) -> Matches:
    """Count the matched pairs of two label maps at every threshold.

    Args:
        pred: Predicted label map (h, w).
        true: True label map of the same shape.

    Raises:
        DataError: when one is no label map or the shapes differ.
    """
    found = _overlaps(pred, true)
    close = 2 * found.intersection >= found.union
    intersection, union = found.intersection[close], found.union[close]
    above = (int(np.count_nonzero(20 * intersection >= twentieths * union)) for twentieths in range(11, 20))
    return Matches(found.n_pred, found.n_true, (_assigned(found.pred[close], found.true[close]), *above))


def msa(pred: Labels, true: Labels) -> float:
    """Mean segmentation accuracy over `THRESHOLDS`, 0 to 1.

    Two empty maps score 1 (nothing was there, nothing was claimed), one empty map scores 0.
    """
    return matches(pred, true).msa


def segmentation_accuracy(pred: Labels, true: Labels, threshold: float) -> float:
    """TP / (TP + FP + FN) at one of `THRESHOLDS`, 0 to 1; two empty maps score 1, one empty map scores 0."""
    return matches(pred, true).accuracy(threshold)


def msa_elf(pred: Labels, true: Labels) -> float:
    """The mean segmentation accuracy of python-elf, equal in every bit; for comparison with published tables.

    It differs from `msa` in two ways: thresholds are `numpy.arange(0.5, 1, 0.05)`, several of which lie above their
    decimals, so that an IoU of exactly 0.75 does not count at 0.75; and two empty maps score 0.
    """
    found = _overlaps(pred, true)
    iou = found.intersection / found.union
    close = iou >= 0.5
    iou, counts = iou[close], [_assigned(found.pred[close], found.true[close])]
    counts += [int(np.count_nonzero(iou >= threshold)) for threshold in np.arange(0.5, 1.0, 0.05)[1:]]
    accuracies = [tp / (found.n_pred + found.n_true - tp) if tp > 0 else 0.0 for tp in counts]
    return float(np.mean(accuracies))


def pairs(pred: Labels, true: Labels) -> tuple[tuple[int, int], ...]:
    """(predicted id, true id) of the objects that match at IoU 0.5, by predicted id; of two that tie the lower id."""
    found = _overlaps(pred, true)
    close = 2 * found.intersection >= found.union
    chosen: dict[int, int] = {}
    for one, other in zip(found.pred_ids[found.pred[close]], found.true_ids[found.true[close]], strict=True):
        if int(one) not in chosen and int(other) not in chosen.values():
            chosen[int(one)] = int(other)
    return tuple(sorted(chosen.items()))


# Overlaps ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Overlaps:
    """Pairs of objects that share a pixel; `pred` and `true` index `pred_ids` and `true_ids`."""

    pred: NDArray[np.int64]
    true: NDArray[np.int64]
    intersection: NDArray[np.int64]
    union: NDArray[np.int64]
    pred_ids: NDArray[np.int64]
    true_ids: NDArray[np.int64]
    n_pred: int
    n_true: int


def _overlaps(pred: Labels, true: Labels) -> _Overlaps:
    _check(pred, true)
    flat_pred, flat_true = pred.ravel(), true.ravel()
    changes = np.flatnonzero((flat_pred[1:] != flat_pred[:-1]) | (flat_true[1:] != flat_true[:-1]))
    ends = np.append(changes, flat_pred.size - 1)
    lengths = np.diff(ends, prepend=-1)
    pred_ids, pred_runs = _numbered(flat_pred[ends], pred.size, "prediction")
    true_ids, true_runs = _numbered(flat_true[ends], true.size, "truth")
    # Floating sums of pixel counts are exact below 2 ** 53.
    pred_sizes = np.bincount(pred_runs, lengths).astype(np.int64)
    true_sizes = np.bincount(true_runs, lengths).astype(np.int64)

    both = (pred_runs > 0) & (true_runs > 0)
    shape = (len(pred_ids), len(true_ids))
    shared = coo_array((lengths[both], (pred_runs[both], true_runs[both])), shape=shape).tocsr()
    rows = np.repeat(np.arange(shape[0]), np.diff(shared.indptr))
    columns = shared.indices.astype(np.int64)
    return _Overlaps(
        pred=rows,
        true=columns,
        intersection=shared.data,
        union=pred_sizes[rows] + true_sizes[columns] - shared.data,
        pred_ids=pred_ids,
        true_ids=true_ids,
        n_pred=int(np.count_nonzero(pred_sizes[1:])),
        n_true=int(np.count_nonzero(true_sizes[1:])),
    )


def _check(pred: Labels, true: Labels) -> None:
    for place, labels in (("prediction", pred), ("truth", true)):
        if labels.ndim != 2 or labels.size == 0 or not np.issubdtype(labels.dtype, np.integer):
            raise DataError(
                Problem(place, f"must be a label map (h, w) of integers; got {labels.dtype} {labels.shape}")
            )
    if pred.shape != true.shape:
        raise DataError(Problem("prediction", f"must have the shape of the truth, {true.shape}; got {pred.shape}"))


def _numbered(runs: Labels, pixels: int, place: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids, 0 first, and for every run the position of its id; ids that are small stay as they are."""
    wide = runs.astype(np.int64)
    if int(wide.min()) < 0:
        raise DataError(Problem(place, f"must hold ids from 0 to 2 ** 63 - 1; got {int(runs.min())}"))
    highest = int(wide.max())
    if highest <= pixels:
        return np.arange(highest + 1), wide
    ids, positions = np.unique(np.append(wide, 0), return_inverse=True)
    return ids, positions[:-1]


# Counting ---------------------------------------------------------------------------------------------


def _assigned(pred: NDArray[np.int64], true: NDArray[np.int64]) -> int:
    """Most pairs that an assignment can keep, among all pairs with an IoU of 0.5 or more."""
    return len(np.unique(pred)) + len(np.unique(true)) - len(pred)


def _accuracy(tp: int, n_pred: int, n_true: int) -> float:
    return tp / (n_pred + n_true - tp) if n_pred + n_true > 0 else 1.0


def _position(threshold: float) -> int:
    if threshold not in THRESHOLDS:
        raise ValueError(f"threshold must be one of {', '.join(f'{t:.2f}' for t in THRESHOLDS)}; got {threshold}")
    return THRESHOLDS.index(threshold)
