"""Every metric of binary masks: what it means, how scans join, and what a scan contributes to it.

Two means are told apart. A pooled metric counts the pixels of all scans together, so that a scan weighs by its
foreground; the same under `scan.` is the mean over scans. A scan without foreground has no recall and no ranking, and
every answer but an empty one would score 0 there: it has no value of its own (as in MONAI's DiceMetric), whatever is
predicted, so that all runs are scored on the same scans. Its false positives count in the pooled metrics.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from statistics import fmean

import numpy as np
from jaxtyping import Bool, UInt8

from tunebook.records import MetricFacts
from tunebook.task import ItemScore, Metric
from tunebook.tasks.binary_segmentation import boundaries, counts
from tunebook.tasks.binary_segmentation.counts import Confusion

THRESHOLD = "threshold"
"""The mode of what is predicted at the chosen threshold, and the name of its setting (0..1)."""
NO_FOREGROUND = "no pixel is foreground"
NO_BORDER = "the foreground has no border"


# How scans join ---------------------------------------------------------------------------------------


def _pooled(score: Callable[[Confusion], float], scans: Sequence[ItemScore]) -> float:
    return score(Confusion(**{name: int(sum(scan.counts[name] for scan in scans)) for name in scans[0].counts}))


def _ranked(scans: Sequence[ItemScore]) -> float:
    return counts.average_precision(np.sum([scan.arrays["histogram"] for scan in scans], axis=0))


def _bordered(scans: Sequence[ItemScore]) -> float:
    names = scans[0].counts
    return boundaries.Borders(**{name: int(sum(scan.counts[name] for scan in scans)) for name in names}).f1


def _mean(scans: Sequence[ItemScore]) -> float:
    return fmean(scan.value for scan in scans if scan.value is not None)


# What they are ----------------------------------------------------------------------------------------

F1 = "2 TP / (2 TP + FP + FN), also called Dice"
PRECISION = "TP / (TP + FP), the share of what is predicted that is true; 0 where nothing is predicted"
RECALL = "TP / (TP + FN), the share of the foreground that is found"
IOU = "TP / (TP + FP + FN), intersection over union, also called Jaccard index"
AP = "average precision of the ranking by probability (in 255ths)"
BORDER = (
    "2 P R / (P + R), where P is the share of predicted border pixels that lie within boundary.tolerance of a true "
    "one, R that of true ones near a predicted one (Csurka et al. 2013)"
)
POOLED = "over the pixels of all scans"
SCANS = "mean over the scans with foreground"
CHOSEN = "at the threshold chosen on the selection split"
HALF = "at a probability of 0.5"
FOUND = ("no foreground found", "all foreground found, and nothing else")
RIGHT = ("nothing that is predicted is true", "everything that is predicted is true")
ALL_FOUND = ("no foreground found", "all foreground found")
FIRST = ("foreground ranked last, and rare; a constant answer has the share of foreground",
         "all foreground ranked above all background")  # fmt: skip
NEAR = ("no border pixel near one of the other mask", "all border pixels within the tolerance")

Join = Callable[[Sequence[ItemScore]], float]
Ends = tuple[str, str]
OF_COUNTS: Mapping[str, Callable[[Confusion], float]] = {
    "f1": counts.f1,
    "precision": counts.precision,
    "recall": counts.recall,
    "iou": counts.iou,
}


def _metric(name: str, join: Join, ends: Ends, *meaning: str) -> Metric:
    zero, one = ends
    facts = MetricFacts(name, "maximize", "; ".join(meaning), low=0.0, high=1.0, zero=zero, one=one)
    return Metric(facts, join, THRESHOLD if CHOSEN in meaning else "")


_f1, _precision, _recall, _iou = (partial(_pooled, score) for score in OF_COUNTS.values())

MEASURES: Mapping[str, Metric] = {
    metric.facts.name: metric
    for metric in (
        _metric("f1", _f1, FOUND, F1, POOLED, CHOSEN),
        _metric("precision", _precision, RIGHT, PRECISION, POOLED, CHOSEN),
        _metric("recall", _recall, ALL_FOUND, RECALL, POOLED, CHOSEN),
        _metric("iou", _iou, FOUND, IOU, POOLED, CHOSEN),
        _metric("ap", _ranked, FIRST, AP, POOLED),
        _metric("boundary_f1", _bordered, NEAR, BORDER, "over the border pixels of all scans", CHOSEN),
        _metric("scan.f1", _mean, FOUND, F1, SCANS, CHOSEN),
        _metric("scan.precision", _mean, RIGHT, PRECISION, SCANS, CHOSEN),
        _metric("scan.recall", _mean, ALL_FOUND, RECALL, SCANS, CHOSEN),
        _metric("scan.iou", _mean, FOUND, IOU, SCANS, CHOSEN),
        _metric("scan.ap", _mean, FIRST, AP, SCANS),
        _metric("scan.boundary_f1", _mean, NEAR, BORDER, SCANS, CHOSEN),
        _metric("half.f1", _f1, FOUND, F1, POOLED, HALF),
        _metric("half.precision", _precision, RIGHT, PRECISION, POOLED, HALF),
        _metric("half.recall", _recall, ALL_FOUND, RECALL, POOLED, HALF),
        _metric("half.iou", _iou, FOUND, IOU, POOLED, HALF),
        _metric("half.scan.f1", _mean, FOUND, F1, SCANS, HALF),
    )
}
"""Name -> metric, in the order of the task."""


# What a scan contributes ------------------------------------------------------------------------------


def contributions(
    probability: UInt8[np.ndarray, "h w"], truth: Bool[np.ndarray, "h w"], *, threshold: float, tolerance: float
) -> Iterator[ItemScore]:
    """What one scan gives for every metric, in the order of `MEASURES`.

    Args:
        probability: In 255ths, in the scan's own size.
        truth: Which pixels are foreground.
        threshold: The chosen one, 0..1.
        tolerance: Pixels within which a border pixel counts as found.
    """
    level = counts.level_of(threshold)
    found = counts.histogram(probability, truth)
    borders = boundaries.borders(probability >= level, truth, tolerance=tolerance)
    chosen, half = counts.at_level(found, level), counts.at_level(found, counts.HALF)
    for name in MEASURES:
        *how, kind = name.split(".")
        at = half if "half" in how else chosen
        reason = "" if truth.any() else NO_FOREGROUND
        if kind == "boundary_f1":
            reason = reason or ("" if borders.true else NO_BORDER)
            value, own = borders.f1, ItemScore(name, counts=borders.counts, reason=reason)
        elif kind == "ap":
            value, own = counts.average_precision(found), ItemScore(name, arrays={"histogram": found}, reason=reason)
        else:
            value, own = OF_COUNTS[kind](at), ItemScore(name, counts=at.counts, reason=reason)
        if "scan" not in how:
            yield own
        elif reason:
            yield ItemScore(name, reason=reason, expected=0)  # by definition: nothing is missing
        else:
            yield ItemScore(name, value=value)
