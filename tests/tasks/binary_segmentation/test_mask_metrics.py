"""Metrics of masks: what a scan contributes, and how scans join."""

import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as reference

from tunebook.analyse.scores import cell
from tunebook.records import Case, Row, RunFacts
from tunebook.tasks.binary_segmentation import boundaries
from tunebook.tasks.binary_segmentation.metrics import MEASURES, NO_BORDER, NO_FOREGROUND, THRESHOLD, contributions

SHAPE = (24, 30)


def _scans(*shares):
    """(probability, truth) of scans with these shares of foreground, and answers that are often right."""
    rng = np.random.default_rng(1)
    truths = [rng.random(SHAPE) < share for share in shares]
    return [((rng.integers(0, 180, SHAPE) + 75 * truth).astype(np.uint8), truth) for truth in truths]


def _scored(scans, threshold=0.31, tolerance=1.0):
    """Metric -> what every scan contributes."""
    given = [list(contributions(*scan, threshold=threshold, tolerance=tolerance)) for scan in scans]
    return {name: [scores[at] for scores in given] for at, name in enumerate(MEASURES)}


def _value(name, scores):
    """As the engine joins them: scores that bring something."""
    usable = [score for score in scores if score.value is not None or score.counts or score.arrays]
    return MEASURES[name].aggregate(usable) if usable else math.nan


SCANS = _scans(0.05, 0.4, 0.2)
CUT = 80
"""The level of 0.31."""


def test_a_scan_contributes_to_every_metric_once_and_in_order():
    """Whether it has foreground or not."""
    for scan in (SCANS[0], (SCANS[0][0], np.zeros(SHAPE, bool))):
        names = [score.metric for score in contributions(*scan, threshold=0.5, tolerance=2.0)]
        assert names == list(MEASURES)


@pytest.mark.parametrize(("prefix", "level"), [("", CUT), ("half.", 128)])
def test_pooled_metrics_are_scikit_learns_over_all_pixels(prefix, level):
    """Of three scans with much, little and some foreground."""
    found = _scored(SCANS)
    true = np.concatenate([truth.ravel() for _, truth in SCANS])
    said = np.concatenate([probability.ravel() for probability, _ in SCANS])
    expected = {
        "f1": reference.f1_score(true, said >= level),
        "precision": reference.precision_score(true, said >= level),
        "recall": reference.recall_score(true, said >= level),
        "iou": reference.jaccard_score(true, said >= level),
    }

    for name, value in expected.items():
        assert _value(prefix + name, found[prefix + name]) == pytest.approx(value)
    assert _value("ap", found["ap"]) == pytest.approx(reference.average_precision_score(true, said))


def test_metrics_of_scans_are_means_over_scans():
    """Each scan weighs the same; that is another number than the pooled one."""
    found = _scored(SCANS)
    f1 = np.mean([reference.f1_score(truth.ravel(), said.ravel() >= CUT) for said, truth in SCANS])
    half = np.mean([reference.f1_score(truth.ravel(), said.ravel() >= 128) for said, truth in SCANS])
    ap = np.mean([reference.average_precision_score(truth.ravel(), said.ravel()) for said, truth in SCANS])

    assert _value("scan.f1", found["scan.f1"]) == pytest.approx(f1)
    assert _value("half.scan.f1", found["half.scan.f1"]) == pytest.approx(half)
    assert _value("scan.ap", found["scan.ap"]) == pytest.approx(ap)
    for name in ("f1", "precision", "recall", "iou", "ap", "boundary_f1"):
        assert abs(_value(name, found[name]) - _value(f"scan.{name}", found[f"scan.{name}"])) > 1e-3


def test_boundary_f1_is_pooled_over_border_pixels():
    """From the counts of all scans; the mean over scans is of their own F1."""
    found = _scored(SCANS)
    each = [boundaries.borders(said >= CUT, truth, tolerance=1.0) for said, truth in SCANS]
    matched = sum(one.matched for one in each) / sum(one.predicted for one in each)
    reached = sum(one.found for one in each) / sum(one.true for one in each)

    assert _value("boundary_f1", found["boundary_f1"]) == pytest.approx(2 * matched * reached / (matched + reached))
    assert _value("scan.boundary_f1", found["scan.boundary_f1"]) == pytest.approx(np.mean([one.f1 for one in each]))


@pytest.mark.parametrize("level", [0, 200], ids=["nothing predicted", "something predicted"])
def test_a_scan_without_foreground_has_no_value_of_its_own(level):
    """Whatever is predicted there, so that all runs are scored on the same scans; the reason is said."""
    empty = (np.full(SHAPE, level, np.uint8), np.zeros(SHAPE, bool))
    for name, (score,) in _scored([empty]).items():
        assert score.reason == NO_FOREGROUND
        assert score.expected == (0 if "scan" in name else 1)  # none is missing
        assert math.isnan(_value(name, [score]))

    found = _scored([*SCANS, empty])
    assert _value("scan.f1", found["scan.f1"]) == _value("scan.f1", _scored(SCANS)["scan.f1"])


def test_its_false_positives_count_where_pixels_are_pooled():
    """Recall stays, precision falls."""
    wrong = (np.full(SHAPE, 200, np.uint8), np.zeros(SHAPE, bool))
    with_it, without = _scored([*SCANS, wrong]), _scored(SCANS)

    assert _value("precision", with_it["precision"]) < _value("precision", without["precision"]) - 0.1
    assert _value("ap", with_it["ap"]) < _value("ap", without["ap"]) - 0.1
    assert _value("recall", with_it["recall"]) == _value("recall", without["recall"])


def test_a_scan_that_is_all_foreground_has_no_border():
    """It has every other metric."""
    full = (np.full(SHAPE, 200, np.uint8), np.ones(SHAPE, bool))
    reasons = {name: score.reason for name, (score,) in _scored([full]).items() if score.reason}

    assert reasons == {"boundary_f1": NO_BORDER, "scan.boundary_f1": NO_BORDER}


def test_a_run_that_predicts_nothing_has_the_worst_scores():
    """Zeros, no missing values: it is no failed run."""
    found = _scored([(np.zeros(SHAPE, np.uint8), truth) for _, truth in SCANS], threshold=128 / 255)
    values = {name: _value(name, scores) for name, scores in found.items()}

    assert {value for name, value in values.items() if not name.endswith("ap")} == {0.0}
    assert values["ap"] == pytest.approx(np.mean([truth.mean() for _, truth in SCANS]))


def test_metrics_at_the_chosen_threshold_have_its_mode():
    """Those at 0.5 and the rankings have none."""
    of_mode = {name for name, metric in MEASURES.items() if metric.mode == THRESHOLD}

    assert of_mode == {
        prefix + name for prefix in ("", "scan.") for name in ("f1", "precision", "recall", "iou", "boundary_f1")
    }


def test_every_metric_says_what_it_is():
    """Its meaning, its range and both ends; pooled, or a mean over scans; at which threshold."""
    assert next(iter(MEASURES)) == "f1"
    for name, metric in MEASURES.items():
        facts = metric.facts
        assert (facts.name, facts.direction, facts.low, facts.high) == (name, "maximize", 0.0, 1.0)
        assert facts.zero
        assert facts.one
        assert ("mean over the scans" in facts.meaning) == ("scan." in name)
        assert ("of all scans" in facts.meaning) == ("scan." not in name)
        assert ("0.5" in facts.meaning) == name.startswith("half.")
        assert ("chosen on the selection split" in facts.meaning) == (metric.mode == THRESHOLD)


def test_other_scans_are_drawn_only_where_the_score_is_a_mean_over_scans():
    """Both have items; the analysis takes them for a sample only where their mean is the score."""
    found = _scored(SCANS)
    names = ("f1", "scan.f1", "ap", "scan.ap")
    items = {name: {f"scan {at}": _value(name, [one]) for at, one in enumerate(found[name])} for name in names}
    run = RunFacts("a", {"seed": 0}, "search", "finished",
                   scores={(name, "test"): _value(name, found[name]) for name in names},
                   items={(name, "test"): items[name] for name in names})  # fmt: skip
    row = Row("c", "c", {}, Case(), "", (run, replace(run, id="b", replicate={"seed": 1})))

    drawn = {name for name in names if cell(row, metric=name, split="test").items}
    assert drawn == {"scan.f1", "scan.ap"}
