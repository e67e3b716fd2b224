"""The baselines as heads."""

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from tests.tasks.embedding_classification.head_runs import some_rows

from tunebook.tasks.embedding_classification import heads, logistic
from tunebook.tasks.embedding_classification.rows import TrainingSet


def said(head, rows):
    return heads.logits(head.tensors, rows.embeddings)


def without(rows, *, column):
    """The rows that do not carry a class."""
    keep = rows.targets[:, column] == 0
    return TrainingSet(rows.embeddings[keep], rows.targets[keep])


@pytest.mark.parametrize("standardise", [True, False])
def test_binary_is_scikit_learns(standardise):
    """The chances are those of its own model on rows that it scaled itself."""
    rows = some_rows()
    given = StandardScaler().fit_transform(rows.embeddings) if standardise else rows.embeddings
    model = LogisticRegression(C=0.1, max_iter=2000).fit(given, rows.targets[:, 0])

    found = expit(said(logistic.fit(rows, kind="binary", c=0.1, standardise=standardise), rows)[:, 0])

    assert np.allclose(found, model.predict_proba(given)[:, 1], atol=2e-3)


def test_multi_class_is_one_multinomial_model():
    """Softmax of the logits is what it predicts."""
    rows = some_rows(rows=200, classes=4, single=True)
    given = StandardScaler().fit_transform(rows.embeddings)
    model = LogisticRegression(C=0.01, max_iter=2000).fit(given, rows.targets.argmax(axis=1))

    found = softmax(said(logistic.fit(rows, kind="multi-class", c=0.01), rows), axis=1)

    assert np.allclose(found, model.predict_proba(given), atol=2e-3)


def test_a_class_that_no_row_carries_is_unlikely():
    """Two of three classes are left: they are told apart, and the third is hardly ever said."""
    rows = without(some_rows(rows=200, classes=3, single=True), column=1)

    found = softmax(said(logistic.fit(rows, kind="multi-class"), rows), axis=1)

    assert (found.argmax(axis=1) == rows.targets.argmax(axis=1)).mean() > 0.9
    assert found[:, 1].mean() < 0.05


def test_each_class_of_many_has_a_model():
    """The model of a class is the one that it would have by itself; one that no row carries says its share."""
    rows = without(some_rows(classes=3), column=2)

    found = said(logistic.fit(rows, kind="multi-label"), rows)
    alone = logistic.fit(TrainingSet(rows.embeddings, rows.targets[:, 1:2]), kind="binary")

    assert np.allclose(found[:, 1], said(alone, rows)[:, 0], atol=1e-5)
    assert np.allclose(expit(found[:, 2]), 0.5 / (len(rows.targets) + 1))


@pytest.mark.parametrize("kind", ["multi-class", "multi-label"])
def test_majority_says_the_shares_of_the_classes(kind):
    """Whatever the embedding."""
    rows = some_rows(rows=200, classes=3, single=kind == "multi-class")
    logits = said(logistic.majority(rows, kind=kind), rows)
    found = softmax(logits, axis=1) if kind == "multi-class" else expit(logits)

    assert np.allclose(found, rows.targets.mean(axis=0), atol=0.01)
    assert np.ptp(logits, axis=0).max() == 0


def test_rows_of_one_class_alone_are_no_error():
    """Logistic regression is the majority then."""
    rows = some_rows()
    ones = TrainingSet(rows.embeddings, np.ones_like(rows.targets))
    tensors, shares = (
        each.tensors for each in (logistic.fit(ones, kind="binary"), logistic.majority(ones, kind="binary"))
    )

    assert not tensors["output.weight"].any()
    assert tensors["output.bias"] == shares["output.bias"]


@pytest.mark.parametrize("kind", ["binary", "multi-class"])
def test_where_the_embeddings_lie_changes_nothing(kind):
    """Far from 0 and unscaled it converges too, to what it says of the same rows around 0."""
    rows = some_rows(rows=200, classes=1 if kind == "binary" else 3, single=kind == "multi-class")
    far = TrainingSet(rows.embeddings + np.float32(512) * np.arange(rows.embeddings.shape[1]), rows.targets)
    near, moved = (logistic.fit(each, kind=kind, c=0.01, standardise=False) for each in (rows, far))

    assert not moved.facts
    assert np.allclose(said(near, rows), said(moved, far), atol=0.05)


@pytest.mark.parametrize("kind", ["binary", "multi-class"])
def test_a_fit_that_does_not_converge_says_so(kind):
    """Columns of very different scales are too much for it; standardised, they are not."""
    rows = some_rows(rows=200, classes=1 if kind == "binary" else 3, single=kind == "multi-class")
    scales = np.geomspace(1e-4, 1e4, rows.embeddings.shape[1], dtype=np.float32)
    uneven = TrainingSet(rows.embeddings * scales, rows.targets)

    with pytest.warns(ConvergenceWarning):
        stopped = logistic.fit(uneven, kind=kind, standardise=False)

    assert stopped.facts == {"converged": "0"}
    assert not logistic.fit(uneven, kind=kind).facts
