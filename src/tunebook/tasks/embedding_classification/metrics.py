"""Every metric of embedding classification: what it means, which labels have it, and how groups of items join.

A group of items gives counts (summed), scores with truths (put together and ranked again) or calibration bins (summed):
the value of a split is that of all its items, never a mean over groups.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from tunebook.records import MetricFacts
from tunebook.task import ItemScore, Metric
from tunebook.tasks.embedding_classification import scores
from tunebook.tasks.embedding_classification.rows import Kind

Part = Literal["chosen", "half", "ranked", "bins"]
"""What a group gives: counts at the chosen threshold (of multi-class: of the largest score), counts at 0.5, scores and
truth, calibration bins."""
Needs = Literal["positives", "both", "balance", "items", "scores"]
"""Without what there is no value: positives; positives and negatives; these for binary and positives for multi-class;
any item; any item with a score."""

THRESHOLD = "threshold"
"""The mode of what is predicted at the chosen threshold."""
BINARY: tuple[Kind, ...] = ("binary",)
SINGLE: tuple[Kind, ...] = ("binary", "multi-class")
SEVERAL: tuple[Kind, ...] = ("multi-class", "multi-label")
MULTI_LABEL: tuple[Kind, ...] = ("multi-label",)
ALL: tuple[Kind, ...] = ("binary", "multi-class", "multi-label")


@dataclass(frozen=True)
class Measure:
    """A metric, the kinds of labels that have it, and what a group gives for it."""

    metric: Metric
    kinds: tuple[Kind, ...]
    part: Part
    needs: Needs


def available(kind: Kind) -> tuple[str, ...]:
    """Names of the metrics that labels of a kind have."""
    return tuple(name for name, measure in MEASURES.items() if kind in measure.kinds)


# How groups join --------------------------------------------------------------------------------------

Join = Callable[[Sequence[ItemScore]], float]


def _summed(parts: Sequence[ItemScore], name: str) -> np.ndarray:
    total: np.ndarray = np.sum([one.arrays[name] for one in parts], axis=0)
    return total


def _together(parts: Sequence[ItemScore], name: str) -> np.ndarray:
    return parts[0].arrays[name] if len(parts) == 1 else np.concatenate([one.arrays[name] for one in parts])


def _macro(score: Callable[[np.ndarray], np.ndarray], parts: Sequence[ItemScore]) -> float:
    return scores.macro(score(_summed(parts, "counts")))


def _micro(score: Callable[[np.ndarray], np.ndarray], parts: Sequence[ItemScore]) -> float:
    return float(score(_summed(parts, "counts").sum(axis=1, keepdims=True))[0])


def _balanced(parts: Sequence[ItemScore]) -> float:
    """Of several classes, of which an item has one, it is the mean of their recalls."""
    counts = _summed(parts, "counts")
    return scores.macro((scores.balanced_accuracy if counts.shape[1] == 1 else scores.recall)(counts))


def _accuracy(parts: Sequence[ItemScore]) -> float:
    """Of several classes, of which one is predicted, the true positives are what is right."""
    counts = _summed(parts, "counts")
    right, items = counts[0].sum() + (counts[3].sum() if counts.shape[1] == 1 else 0), counts[:, 0].sum()
    return float(right / items) if items else float("nan")


def _macro_ranked(score: Callable[[np.ndarray, np.ndarray], float], parts: Sequence[ItemScore]) -> float:
    return scores.macro(scores.each_class(score, _together(parts, "scores"), _together(parts, "truth")))


def _micro_ranked(score: Callable[[np.ndarray, np.ndarray], float], parts: Sequence[ItemScore]) -> float:
    return score(_together(parts, "scores").ravel(), _together(parts, "truth").ravel())


def _calibration(parts: Sequence[ItemScore]) -> float:
    return scores.calibration_error(_summed(parts, "bins"))


# What they are ----------------------------------------------------------------------------------------

F1 = "2 TP / (2 TP + FP + FN)"
PRECISION = "TP / (TP + FP), the share of what is predicted that is true; 0 where nothing is predicted"
RECALL = "TP / (TP + FN), the share of the positives that are found"
AP = "average precision of the ranking by raw scores"
AUROC = "area under the ROC curve of the ranking by raw scores"
RANKED = "of the ranking by each class's probability, as it is before rounding"
SOFTMAX = "multi-class: that of the softmax, not its logits (of loss.kind bce each class has its own)"
AP_OF_CLASSES, AUROC_OF_CLASSES = f"average precision {RANKED}", f"area under the ROC curve {RANKED}"
BALANCED = (
    "mean of the shares of positives and of negatives that are right (multi-class: of the recalls of the classes)"
)
ACCURACY = "share of the items whose prediction is right (multi-class: one of no class never is)"
ECE = (
    "expected calibration error: mean distance between probability and frequency over 15 bins of equal width (Guo et "
    "al. 2017), of each class's probability (multi-class: of the predicted class's); items without a score have none"
)
CHOSEN = "at the threshold chosen on the selection split"
LARGEST = "multi-class: the class of the largest score is predicted"
PREDICTED = f"multi-label: predicted {CHOSEN}; {LARGEST}"
HALF = "at a probability of 0.5"
MACRO = "unweighted mean over the classes that an item of the split has"
MICRO = "all classes counted together"
FOUND = ("no positive found", "all positives found, and nothing else")
RIGHT = ("nothing that is predicted is true", "everything that is predicted is true")
ALL_FOUND = ("no positive found", "every positive found")
EVEN = ("nothing right", "everything right; a constant answer has 0.5 (multi-class: 1 / classes)")
NOTHING_OR_ALL = ("nothing right", "everything right")
CALIBRATED = ("probabilities are frequencies", "certain, and always wrong")
FIRST = ("no positive ranked before the end", "all positives ranked above all negatives")
ABOVE = ("every negative ranked above every positive", "every positive ranked above every negative; 0.5 is chance")


Ends = tuple[str, str]


def _measure(
    name: str, kinds: tuple[Kind, ...], part: Part, needs: Needs, join: Join, ends: Ends, *meaning: str
) -> Measure:
    least, (zero, one) = name == "ece", ends
    text = "; ".join(meaning)
    facts = MetricFacts(name, "minimize" if least else "maximize", text, low=0.0, high=1.0, zero=zero, one=one)
    return Measure(Metric(facts, join, THRESHOLD if part == "chosen" else ""), kinds, part, needs)


_f1, _precision, _recall = (partial(_macro, score) for score in (scores.f1, scores.precision, scores.recall))
_ap, _auroc = (partial(_macro_ranked, score) for score in (scores.average_precision, scores.auroc))
_all_f1, _all_ap = partial(_micro, scores.f1), partial(_micro_ranked, scores.average_precision)

MEASURES: Mapping[str, Measure] = {
    measure.metric.facts.name: measure
    for measure in (
        _measure("f1", BINARY, "chosen", "positives", _f1, FOUND, F1, CHOSEN),
        _measure("precision", BINARY, "chosen", "positives", _precision, RIGHT, PRECISION, CHOSEN),
        _measure("recall", BINARY, "chosen", "positives", _recall, ALL_FOUND, RECALL, CHOSEN),
        _measure("balanced_accuracy", SINGLE, "chosen", "balance", _balanced, EVEN, BALANCED, CHOSEN, LARGEST),
        _measure("accuracy", SINGLE, "chosen", "items", _accuracy, NOTHING_OR_ALL, ACCURACY, CHOSEN, LARGEST),
        _measure("ap", BINARY, "ranked", "positives", _ap, FIRST, AP),
        _measure("auroc", BINARY, "ranked", "both", _auroc, ABOVE, AUROC),
        _measure("ece", ALL, "bins", "scores", _calibration, CALIBRATED, ECE),
        _measure("macro.f1", SEVERAL, "chosen", "positives", _f1, FOUND, F1, MACRO, PREDICTED),
        _measure("macro.precision", SEVERAL, "chosen", "positives", _precision, RIGHT, PRECISION, MACRO, PREDICTED),
        _measure("macro.recall", SEVERAL, "chosen", "positives", _recall, ALL_FOUND, RECALL, MACRO, PREDICTED),
        _measure("micro.f1", SEVERAL, "chosen", "positives", _all_f1, FOUND, F1, MICRO, PREDICTED),
        _measure("macro.ap", SEVERAL, "ranked", "positives", _ap, FIRST, AP_OF_CLASSES, SOFTMAX, MACRO),
        _measure("micro.ap", SEVERAL, "ranked", "positives", _all_ap, FIRST, AP_OF_CLASSES, SOFTMAX, MICRO),
        _measure("macro.auroc", SEVERAL, "ranked", "both", _auroc, ABOVE, AUROC_OF_CLASSES, SOFTMAX, MACRO),
        _measure("half.f1", BINARY, "half", "positives", _f1, FOUND, F1, HALF),
        _measure("half.precision", BINARY, "half", "positives", _precision, RIGHT, PRECISION, HALF),
        _measure("half.recall", BINARY, "half", "positives", _recall, ALL_FOUND, RECALL, HALF),
        _measure("half.balanced_accuracy", BINARY, "half", "balance", _balanced, EVEN, BALANCED, HALF),
        _measure("half.macro.f1", MULTI_LABEL, "half", "positives", _f1, FOUND, F1, MACRO, HALF),
        _measure("half.micro.f1", MULTI_LABEL, "half", "positives", _all_f1, FOUND, F1, MICRO, HALF),
    )
}
"""Name -> metric, in the order of the task."""
