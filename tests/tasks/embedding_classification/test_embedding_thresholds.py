"""The threshold that is chosen on the selection split."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tunebook.tasks.embedding_classification import scores
from tunebook.tasks.embedding_classification.thresholds import GOALS, Threshold, best


@st.composite
def _items(draw):
    """Scores with ties and gaps in them, and truths, of one class or of three."""
    shape = (draw(st.integers(1, 20)), draw(st.sampled_from([1, 3])))
    said = draw(arrays(np.float64, shape, elements=st.integers(-4, 4))) * 1.3
    said[draw(arrays(bool, shape[0], elements=st.sampled_from([False, False, True])))] = -np.inf
    return said, draw(arrays(bool, shape))


def _value(said, truth, cut, goal):
    """Mean over classes at a threshold, written down."""
    return scores.macro(GOALS[goal](scores.counts(scores.at_least(said, cut), truth)))


@pytest.mark.parametrize("goal", ["f1", "balanced_accuracy"])
@given(items=_items())
def test_no_other_middle_is_better(goal, items):
    """Of the middles between neighbouring scores it has the largest mean, and is the nearest to 0.5 of these."""
    said, truth = items
    usable = truth.any(axis=0) & (~truth.all(axis=0) | (goal == "f1"))
    levels = np.unique(said[:, usable][said[:, usable] > -np.inf])
    found = best(said, truth, goal=goal)
    if not len(levels) > 1:
        assert found == Threshold(0.5, "only")
        return
    middles = (levels[1:] + levels[:-1]) / 2
    values = np.array([_value(said[:, usable], truth[:, usable], cut, goal) for cut in middles])
    tied = middles[values >= values.max() - 1e-9]

    assert _value(said, truth, found.cut, goal) == pytest.approx(values.max())
    distances = np.abs(scores.probabilities(tied) - 0.5)
    assert abs(found.value - 0.5) == pytest.approx(distances.min())


@given(items=_items(), at_least=st.sampled_from([0.25, 0.5, 0.9, 1.0]))
def test_the_most_recall_at_a_precision(items, at_least):
    """No threshold between neighbouring scores that is precise enough finds more; where none is, none is preciser."""
    said, truth = items[0][:, :1], items[1][:, :1]
    levels = np.unique(said[said > -np.inf])
    if not truth.any() or len(levels) < 2:
        return
    found = best(said, truth, goal="recall", at_least=at_least)
    middles = [*((levels[1:] + levels[:-1]) / 2), found.cut]
    recalls, precisions = ([_value(said, truth, cut, goal) for cut in middles] for goal in ("recall", "precision"))
    enough = [recall for recall, precision in zip(recalls, precisions, strict=True) if precision >= at_least]

    assert found.reached == bool(enough)
    assert (recalls[-1] if enough else precisions[-1]) == pytest.approx(max(enough or precisions))


def test_the_threshold_is_a_probability():
    """In the middle of two raw scores, and equal ones go to the nearest to 0.5."""
    said, truth = np.array([[-3.0], [-1.0], [2.0]]), np.array([[False], [True], [True]])

    assert best(said, truth, goal="f1").cut == pytest.approx(-2.0)
    assert best(said, truth, goal="f1").value == pytest.approx(1 / (1 + np.exp(2)))


def test_an_edge_is_said():
    """Where the best threshold is the lowest or the highest that there is, a better one may lie beyond it."""
    said = np.array([[-2.0], [-1.0], [1.0], [2.0]])

    assert best(said, np.array([[False], [True], [True], [True]]), goal="f1").edge == "lowest"
    assert best(said, np.array([[False], [False], [False], [True]]), goal="f1").edge == "highest"
    assert best(said, np.array([[False], [False], [True], [True]]), goal="f1").edge == ""
    assert best(said[:2], np.array([[False], [True]]), goal="f1").edge == "only"


@pytest.mark.parametrize(
    ("said", "truth"),
    [([[1.0], [1.0]], [[True], [False]]), ([[1.0], [2.0]], [[False], [False]]), ([[-np.inf]], [[True]]), ([[]], [[]])],
)
def test_without_a_choice_it_is_one_half(said, truth):
    """All scores alike, no positive, no score at all: there is nothing to choose by."""
    shaped = np.array(said, float).reshape(-1, 1)

    assert best(shaped, np.array(truth, bool).reshape(-1, 1), goal="f1") == Threshold(0.5, "only")


@given(arrays(np.float32, (12, 1), elements=st.floats(-200, 200, width=32)), arrays(bool, (12, 1)))
def test_what_is_stored_is_what_was_chosen(said, truth):
    """Probabilities near 1 round to one another: no threshold is chosen that would not say the same when read back."""
    found = best(said, truth, goal="f1")
    if found.edge != "only" or found.value != 0.5:
        levels = np.unique(said)
        above, below = levels[levels >= found.cut], levels[levels < found.cut]
        assert len(above)
        assert len(below)
        middle = (float(above[0]) + float(below[-1])) / 2
        assert found.value == pytest.approx(float(scores.probabilities(np.array(middle))))


def test_items_without_a_score_change_no_threshold_but_count():
    """They are never predicted; F1 falls by those that are positive."""
    said, truth = np.array([[-1.0], [1.0], [3.0]]), np.array([[False], [True], [True]])
    more = np.append(said, [[-np.inf]], axis=0), np.append(truth, [[True]], axis=0)

    assert best(*more, goal="f1") == best(said, truth, goal="f1")
