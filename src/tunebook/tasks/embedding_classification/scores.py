"""Scores of classes from raw scores and truth: counts, rankings, calibration, and their averages over classes.

    counts       true positives, false positives, false negatives, true negatives: what thresholds and argmax leave
    rankings     average precision, area under the ROC curve: of raw scores, never of squashed ones, which round to
                 one another
    calibration  how far probabilities are from frequencies

Raw scores are logits, or the log-odds of a class in a softmax (`log_odds`): 0 is a probability of one half. A score of
-inf is that of an item that the model said nothing of; it is the last of every ranking. scikit-learn's metrics, which
refuse -inf and take longer to look at their arguments than to compute, are what the tests compare with.

A score that is not defined is NaN.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int

BINS = 15
"""Bins of the calibration error, as in Guo et al. 2017."""

Counts = Int[np.ndarray, "4 classes"]
"""True positives, false positives, false negatives, true negatives."""


def log_odds(logits: Float[np.ndarray, "items classes"]) -> Float[np.ndarray, "items classes"]:
    """Logits of a softmax as the log-odds of each class against all others, in float64.

    The logistic function of the result is the softmax, and it does not depend on what is added to all logits of an
    item. It stays exact where the softmax rounds to 0 or 1. Rows of NaN stay NaN.
    """
    rows, best = np.arange(len(logits)), _argmax(logits)
    logits = logits.astype(np.float64)
    shares = logits - _log_sum(logits)
    found: np.ndarray = shares - np.log1p(-np.exp(np.minimum(shares, np.log(0.75))))
    others = logits.copy()
    others[rows, best] = -np.inf
    found[rows, best] = logits[rows, best] - _log_sum(others)[:, 0]  # 1 - share would cancel
    return found


def probabilities(scores: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The logistic function, without overflow; 0 of -inf."""
    exponent: np.ndarray = np.exp(-np.abs(scores.astype(np.float64)))
    return np.asarray(np.where(scores >= 0, 1.0, exponent) / (1.0 + exponent))


def raw(probabilities: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """The raw scores of probabilities, the inverse of the logistic function; -inf of 0, inf of 1."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(probabilities) - np.log1p(-probabilities))


# Counts -----------------------------------------------------------------------------------------------


def at_least(scores: Float[np.ndarray, "items classes"], cut: float) -> Bool[np.ndarray, "items classes"]:
    """What is predicted by a threshold on raw scores; nothing of an item without a score, whatever the threshold."""
    return (scores >= cut) & (scores > -np.inf)


def largest(scores: Float[np.ndarray, "items classes"]) -> Bool[np.ndarray, "items classes"]:
    """The class of the largest score, the first of equal ones; none of an item without a score."""
    found = np.zeros(scores.shape, bool)
    found[np.arange(len(scores)), _argmax(scores)] = True
    return found & (scores > -np.inf)


def counts(predicted: Bool[np.ndarray, "items classes"], truth: Bool[np.ndarray, "items classes"]) -> Counts:
    """True positives, false positives, false negatives and true negatives of each class."""
    both, said, true = (predicted & truth).sum(axis=0), predicted.sum(axis=0), truth.sum(axis=0)
    return np.stack([both, said - both, true - both, len(truth) - said - true + both])


def f1(counts: Counts) -> Float[np.ndarray, " classes"]:
    """2 TP / (2 TP + FP + FN); NaN for a class that no item has."""
    true, false, missed, _ = counts
    return _share(2 * true, 2 * true + false + missed, where=true + missed > 0)


def precision(counts: Counts) -> Float[np.ndarray, " classes"]:
    """TP / (TP + FP); 0 where nothing is predicted (scikit-learn's zero_division=0); NaN for a class no item has."""
    true, false, missed, _ = counts
    return _share(true, np.maximum(true + false, 1), where=true + missed > 0)


def recall(counts: Counts) -> Float[np.ndarray, " classes"]:
    """TP / (TP + FN); NaN for a class that no item has."""
    true, _, missed, _ = counts
    return _share(true, true + missed, where=true + missed > 0)


def balanced_accuracy(counts: Counts) -> Float[np.ndarray, " classes"]:
    """The mean of recall and of the share of negatives that are not predicted; NaN without either."""
    _, false, _, rest = counts
    found: np.ndarray = (recall(counts) + _share(rest, rest + false, where=rest + false > 0)) / 2
    return found


# Rankings ---------------------------------------------------------------------------------------------


def average_precision(scores: Float[np.ndarray, " items"], truth: Bool[np.ndarray, " items"]) -> float:
    """The sum of precisions at each distinct score, weighted by the rise in recall; NaN without a positive.

    As scikit-learn's `average_precision_score`: no interpolation; items of equal scores are found together.
    """
    if not truth.any():
        return float("nan")
    true, false = _found(scores, truth)
    return float(np.sum(np.diff(true) * true[1:] / (true[1:] + false[1:])) / true[-1])


def auroc(scores: Float[np.ndarray, " items"], truth: Bool[np.ndarray, " items"]) -> float:
    """The chance that a positive stands above a negative, half of it where they are equal; NaN without either."""
    if truth.all() or not truth.any():
        return float("nan")
    true, false = _found(scores, truth)
    return float(np.sum(np.diff(false) * (true[1:] + true[:-1])) / (2 * true[-1] * false[-1]))


# Calibration ------------------------------------------------------------------------------------------


def calibration_bins(
    probabilities: Float[np.ndarray, " said"], right: Bool[np.ndarray, " said"]
) -> Float[np.ndarray, "3 bins"]:
    """Number, sum of probabilities and number of those that came true, in 15 bins of equal width.

    A bin holds its upper end, the first also 0. Bins of parts add up to the bins of the whole.
    """
    bins = np.clip(np.ceil(probabilities * BINS).astype(int) - 1, 0, BINS - 1)
    weights = (None, probabilities, right.astype(np.float64))
    return np.stack([np.bincount(bins, weight, minlength=BINS).astype(np.float64) for weight in weights])


def calibration_error(bins: Float[np.ndarray, "3 bins"]) -> float:
    """The mean distance between probability and frequency over bins, weighted by their items; NaN without any.

    Guo et al. 2017 (https://arxiv.org/abs/1706.04599), equation 3.
    """
    number, said, true = bins
    return float(np.abs(said - true).sum() / number.sum()) if number.any() else float("nan")


# Averages over classes --------------------------------------------------------------------------------


def macro(values: Float[np.ndarray, " classes"]) -> float:
    """The unweighted mean over classes that have a value; NaN when none has."""
    valued = values[~np.isnan(values)]
    return float(valued.mean()) if len(valued) else float("nan")


def each_class(
    score: Callable[[np.ndarray, np.ndarray], float],
    scores: Float[np.ndarray, "items classes"],
    truth: Bool[np.ndarray, "items classes"],
) -> Float[np.ndarray, " classes"]:
    """A score of each class by itself, against all others."""
    return np.array([score(scores[:, one], truth[:, one]) for one in range(truth.shape[1])], np.float64)


def _found(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positives and negatives above a threshold, from none of both to all of them, at each distinct score."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    true = np.cumsum(truth[order])[ends]
    return np.append(0, true), np.append(0, ends + 1 - true)


def _share(part: np.ndarray, whole: np.ndarray, *, where: np.ndarray) -> np.ndarray:
    found = np.full(np.shape(part), np.nan)
    np.divide(part, whole, out=found, where=where)
    return found


def _argmax(scores: np.ndarray) -> np.ndarray:
    """Column of each row's largest score; of a row of NaN the first."""
    found: np.ndarray = np.argmax(np.where(np.isnan(scores), -np.inf, scores), axis=1)
    return found


def _log_sum(logits: np.ndarray) -> np.ndarray:
    """log of the sum of exponentials of each row, as a column; -inf where all are."""
    top = logits.max(axis=1, keepdims=True, initial=-np.inf)
    shift = np.where(np.isinf(top), 0.0, top)
    with np.errstate(divide="ignore"):
        found: np.ndarray = shift + np.log(np.exp(logits - shift).sum(axis=1, keepdims=True))
    return found
