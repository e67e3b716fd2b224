"""Scores against scikit-learn, where they are defined, and how groups of items join."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from tunebook.task import ItemScore
from tunebook.tasks.embedding_classification import scores
from tunebook.tasks.embedding_classification.contributions import Items, contributions
from tunebook.tasks.embedding_classification.metrics import MEASURES, available

KINDS = ("binary", "multi-class", "multi-label")


@st.composite
def _items(draw, kind="multi-label", least=1):
    """Items with scores on a coarse grid, so that there are ties, of which some have no score."""
    number, classes = draw(st.integers(least, 25)), 1 if kind == "binary" else 3
    said = draw(arrays(np.float64, (number, classes), elements=st.integers(-3, 3)))
    said[draw(arrays(bool, number, elements=st.booleans() if draw(st.booleans()) else st.just(False)))] = -np.inf
    truth = draw(arrays(bool, (number, classes)))
    if kind == "multi-class":
        truth = np.eye(classes, dtype=bool)[draw(arrays(np.int64, number, elements=st.integers(0, classes - 1)))]
    return Items(said, truth)


def _values(items, kind, *, cut=0.0):
    return _joined([items], kind, cut=cut)


def _joined(groups, kind, *, cut=0.0):
    """Metric -> value over groups."""
    found = {}
    for number, items in enumerate(groups):
        for score in contributions(items, kind=kind, cut=cut, item=str(number)):
            found.setdefault(score.metric, []).append(score)
    return {name: MEASURES[name].metric.aggregate(parts) for name, parts in found.items()}


def _finite(scores):
    return np.where(scores == -np.inf, -99.0, scores)


def _predicted(items):
    return np.array(items.scores >= 0)


# Counts and rankings ----------------------------------------------------------------------------------


@settings(max_examples=20)
@given(_items("binary"))
def test_binary_scores_are_those_of_scikit_learn(items):
    """F1, precision, recall, AP and AUROC; items without a score stand last and are not predicted."""
    found, truth, predicted = _values(items, "binary"), items.truth[:, 0], _predicted(items)[:, 0]
    if not truth.any():
        return

    assert found["f1"] == found["half.f1"] == pytest.approx(reference.f1_score(truth, predicted))
    assert found["precision"] == pytest.approx(reference.precision_score(truth, predicted, zero_division=0))
    assert found["recall"] == pytest.approx(reference.recall_score(truth, predicted))
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(truth, predicted))
    assert found["ap"] == pytest.approx(reference.average_precision_score(truth, _finite(items.scores)[:, 0]))
    if not truth.all():
        assert found["balanced_accuracy"] == pytest.approx(reference.balanced_accuracy_score(truth, predicted))
        assert found["auroc"] == pytest.approx(reference.roc_auc_score(truth, _finite(items.scores)[:, 0]))


@settings(max_examples=20)
@given(_items("multi-label"))
def test_averages_of_several_labels_are_those_of_scikit_learn(items):
    """Macro over the classes that there are, micro over all decisions."""
    found, present = _values(items, "multi-label"), np.flatnonzero(items.truth.any(axis=0))
    if not len(present):
        return
    truth, predicted, said = items.truth, _predicted(items), _finite(items.scores)
    macro = {"average": "macro", "labels": present, "zero_division": 0}

    assert found["macro.f1"] == pytest.approx(reference.f1_score(truth, predicted, **macro))
    assert found["macro.precision"] == pytest.approx(reference.precision_score(truth, predicted, **macro))
    assert found["macro.recall"] == pytest.approx(reference.recall_score(truth, predicted, **macro))
    assert found["half.micro.f1"] == pytest.approx(reference.f1_score(truth.ravel(), predicted.ravel()))
    assert found["macro.ap"] == pytest.approx(
        reference.average_precision_score(truth[:, present], said[:, present], average="macro")
    )
    assert found["micro.ap"] == pytest.approx(reference.average_precision_score(truth, said, average="micro"))


@settings(max_examples=20)
@given(_items("multi-class"))
def test_averages_of_several_classes_are_those_of_scikit_learn(items):
    """The largest score is predicted, the first of equal ones."""
    items = items.only(items.given)
    if not len(items.truth):
        return
    found, truth, predicted = _values(items, "multi-class"), items.truth.argmax(axis=1), items.scores.argmax(axis=1)
    macro = {"average": "macro", "labels": np.unique(truth), "zero_division": 0}

    assert found["accuracy"] == found["micro.f1"] == pytest.approx(reference.accuracy_score(truth, predicted))
    assert found["macro.f1"] == pytest.approx(reference.f1_score(truth, predicted, **macro))
    assert found["balanced_accuracy"] == found["macro.recall"]
    assert found["macro.recall"] == pytest.approx(reference.recall_score(truth, predicted, **macro))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_groups_join_to_the_whole(kind, data):
    """Scores of a split are those of all its items at once, however they are grouped; never a mean over groups."""
    items = data.draw(_items(kind))
    first = data.draw(arrays(bool, len(items.truth)))

    whole, joined = _values(items, kind), _joined([items.only(first), items.only(~first)], kind)

    assert whole.keys() == joined.keys() == set(available(kind))
    assert list(joined.values()) == pytest.approx(list(whole.values()), nan_ok=True)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_score_without_a_value_has_a_reason_and_no_other_has(kind, data):
    """There is a reason exactly where a group alone has no value."""
    items = data.draw(_items(kind, least=0))

    for score in contributions(items, kind=kind, cut=0.0, item="all"):
        assert bool(score.reason) == np.isnan(MEASURES[score.metric].metric.aggregate([score])), score.metric


@pytest.mark.parametrize(
    ("truth", "metric", "reason"),
    [
        ([0, 0], "f1", "no item is positive"),
        ([0, 0], "ap", "no item is positive"),
        ([1, 1], "auroc", "no item is negative"),
        ([1, 1], "balanced_accuracy", "no item is negative"),
        ([], "accuracy", "no item"),
    ],
)
def test_reasons_are_said(truth, metric, reason):
    """In words that a page can show."""
    items = Items(np.zeros((len(truth), 1)), np.array(truth, bool).reshape(-1, 1))
    found = {score.metric: score.reason for score in contributions(items, kind="binary", cut=0.0, item="all")}

    assert found[metric] == reason


def test_nothing_predicted_is_no_precision_and_no_f1():
    """A run that finds nothing has 0 of both, as in scikit-learn, not a gap in the table."""
    found = _values(Items(np.array([[-1.0], [-2.0]]), np.array([[True], [False]])), "binary")

    assert (found["precision"], found["f1"], found["recall"]) == (0, 0, 0)


def test_items_without_a_score_count_as_negative():
    """They are expected, not scored, predicted by no threshold, and below all others in every ranking."""
    items = Items(np.array([[2.0], [-9.0], [-np.inf], [-np.inf]]), np.array([[True], [False], [True], [False]]))
    found = {score.metric: score for score in contributions(items, kind="binary", cut=-np.inf, item="all")}
    value = {name: MEASURES[name].metric.aggregate([score]) for name, score in found.items()}

    assert {(score.n, score.expected) for score in found.values()} == {(2, 4)}
    assert value["recall"] == value["half.recall"] == 0.5
    assert value["auroc"] == 0.625
    assert found["ece"].arrays["bins"][0].sum() == 2


def test_an_item_without_a_score_is_of_no_class():
    """Also where the largest score is predicted."""
    items = Items(np.full((1, 3), -np.inf), np.array([[True, False, False]]))

    assert _values(items, "multi-class")["accuracy"] == 0
    assert _values(items, "multi-class")["macro.recall"] == 0


# Raw scores -------------------------------------------------------------------------------------------


@given(arrays(np.float32, (6, 4), elements=st.floats(-20, 20, width=32)))
def test_log_odds_are_the_softmax_before_the_logistic_function(logits):
    """And adding to all logits of an item changes nothing."""
    exponents = np.exp(logits.astype(np.float64))
    found = scores.log_odds(logits)

    np.testing.assert_allclose(scores.probabilities(found), exponents / exponents.sum(axis=1, keepdims=True), rtol=1e-9)
    np.testing.assert_allclose(scores.log_odds(logits.astype(np.float64) + 7), found, atol=1e-9)


def test_log_odds_do_not_round_to_one_another():
    """Where the softmax is 1 for two items, which is the surer one is still seen."""
    found = scores.log_odds(np.array([[60.0, 0.0, 0.0], [70.0, 0.0, 0.0], [np.nan, np.nan, np.nan]], np.float32))

    assert found[0, 0] == pytest.approx(60 - np.log(2))
    assert found[1, 0] == pytest.approx(70 - np.log(2))
    assert np.isnan(found[2]).all()


def test_probabilities_and_raw_scores_are_inverse():
    """From far below to far above, with both ends."""
    said = np.array([-np.inf, -700.0, -3.0, 0.0, 3.0, 30.0])

    np.testing.assert_allclose(scores.raw(scores.probabilities(said)), said, rtol=1e-3)
    assert scores.raw(np.array(1.0)) == np.inf


# Calibration ------------------------------------------------------------------------------------------


@given(arrays(np.float64, 40, elements=st.floats(0, 1)), arrays(bool, 40))
def test_calibration_error_is_that_of_its_definition(said, right):
    """Guo et al. 2017: |accuracy - confidence| of each bin ((m - 1) / 15, m / 15], weighted by its items."""
    expected = 0.0
    for number in range(15):
        inside = (said > number / 15) & (said <= (number + 1) / 15) if number else said <= 1 / 15
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - said[inside].mean())

    edges = np.abs(said * 15 - np.round(said * 15)) < 1e-9
    if not edges.any():
        assert scores.calibration_error(scores.calibration_bins(said, right)) == pytest.approx(expected)


def test_calibration_is_of_the_predicted_class_where_there_are_several():
    """An item that says 0.9 and is right is 0.1 away from the frequency 1."""
    logits = np.log(np.array([[0.9, 0.05, 0.05]], np.float32))
    items = Items(scores.log_odds(logits), np.array([[True, False, False]]))

    assert _values(items, "multi-class")["ece"] == pytest.approx(0.1, abs=1e-6)
    assert _values(Items(items.scores, ~items.truth), "multi-class")["ece"] == pytest.approx(0.9, abs=1e-6)


# The table of metrics ---------------------------------------------------------------------------------


def test_every_metric_says_what_it_is():
    """Meaning, range and both ends; only what is chosen by the threshold has a mode."""
    for name, measure in MEASURES.items():
        facts = measure.metric.facts
        assert facts.name == name
        assert facts.meaning
        assert facts.zero
        assert facts.one
        assert measure.metric.mode == ("threshold" if measure.part == "chosen" else "")
        assert (facts.direction == "minimize") == (name == "ece")


def test_scores_of_other_labels_are_not_made():
    """Binary labels have no macro averages, several labels no accuracy."""
    assert "macro.f1" not in available("binary")
    assert "accuracy" not in available("multi-label")
    assert {name for kind in KINDS for name in available(kind)} == set(MEASURES)
    assert isinstance(next(contributions(Items(np.zeros((1, 1)), np.ones((1, 1), bool)), kind="binary", cut=0.0,
                                         item="all")), ItemScore)  # fmt: skip


def test_rankings_of_classes_are_of_their_probabilities():
    """Of the softmax, as the meaning of the metrics says: logits of a class rank the items otherwise."""
    rng = np.random.default_rng(0)
    logits, classes = rng.normal(size=(60, 3)) + rng.normal(size=(60, 1)) * 3, rng.integers(0, 3, 60)
    truth = np.eye(3, dtype=bool)[classes]
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    said = scores.log_odds(logits)
    found = scores.macro(scores.each_class(scores.average_precision, said, truth))

    assert found == pytest.approx(reference.average_precision_score(truth, softmax, average="macro"))
    assert abs(found - reference.average_precision_score(truth, logits, average="macro")) > 0.01
    for name in ("macro.ap", "micro.ap", "macro.auroc"):
        assert "that of the softmax, not its logits" in MEASURES[name].metric.facts.meaning
