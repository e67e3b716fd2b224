"""The baselines of every page, as heads: scikit-learn's logistic regression, and the share of each class."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from tunebook.tasks.embedding_classification.heads import OUTPUT_BIAS, OUTPUT_WEIGHT, Head, scale, scaled
from tunebook.tasks.embedding_classification.rows import Kind, TrainingSet

ITERATIONS = 2000
"""At most: seconds for 2,000 rows of 512 numbers and ten classes.

Centred columns whose deviations lie within a factor of 1,000 need some hundreds. Where these do not suffice, more of
them seldom would: the columns are to be standardised.
"""
PRESENT = 0.5
"""Targets above this are positive: logistic regression takes no soft ones."""


def fit(training: TrainingSet, *, kind: Kind, c: float = 1.0, standardise: bool = True) -> Head:
    """Logistic regression with an L2 penalty of inverse strength `c`.

    Multi-class: one multinomial model of the rows that carry a class. Else a model for each class; a class that every
    row or none carries gets the logit of its share.

    Args:
        standardise: Whether embeddings are scaled by the training rows first.

    Returns:
        The head; its facts hold `converged`: `0` where scikit-learn warned that it stopped before the optimum.
    """
    scales = dict(scale(training.embeddings)) if standardise else {}
    rows = scaled(torch.tensor(training.embeddings, dtype=torch.float32), scales).numpy().astype(np.float64)
    # The penalty leaves the bias out, so that centred rows have the same optimum, which is found in far fewer steps.
    centre = np.zeros(rows.shape[1]) if standardise else rows.mean(axis=0)
    rows -= centre
    truth = training.targets > PRESENT
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        weights, biases = _multinomial(rows, truth, c) if kind == "multi-class" else _each(rows, truth, c)
    stopped = any(issubclass(each.category, ConvergenceWarning) for each in caught)
    for each in caught:  # the run's log has them
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return _head(weights, biases - weights @ centre, scales, facts={"converged": "0"} if stopped else {})


def majority(training: TrainingSet, *, kind: Kind) -> Head:
    """The share of each class whatever the embedding: weights of 0, and as biases the shares' logits or logarithms.

    Shares are smoothed by half a row, so that none is 0 or 1.
    """
    truth = training.targets > PRESENT
    share = np.log(_shares(truth)) if kind == "multi-class" else _logit(_shares(truth))
    return _head(np.zeros((truth.shape[1], training.embeddings.shape[1])), share, {}, facts={})


def _multinomial(
    rows: Float[np.ndarray, "rows width"], truth: Bool[np.ndarray, "rows classes"], c: float
) -> tuple[Float[np.ndarray, "classes width"], Float[np.ndarray, " classes"]]:
    """Weights and biases of all classes; a class that no row carries has the logarithm of its share as bias."""
    weights, biases = np.zeros((truth.shape[1], rows.shape[1])), np.log(_shares(truth))
    carrying = truth.any(axis=1)
    labels = truth[carrying].argmax(axis=1)
    found = np.unique(labels)
    if len(found) < 2:
        return weights, biases
    model = _fitted(rows[carrying], labels, c)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(found) == 2:  # one row of weights then: the log-odds of the second class against the first
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    weights[found] = coefficients
    biases[found] = intercepts
    return weights, biases


def _each(
    rows: Float[np.ndarray, "rows width"], truth: Bool[np.ndarray, "rows classes"], c: float
) -> tuple[Float[np.ndarray, "classes width"], Float[np.ndarray, " classes"]]:
    weights, biases = np.zeros((truth.shape[1], rows.shape[1])), _logit(_shares(truth))
    for column in range(truth.shape[1]):
        if truth[:, column].any() and not truth[:, column].all():
            model = _fitted(rows, truth[:, column], c)
            weights[column], biases[column] = model.coef_[0], model.intercept_[0]
    return weights, biases


def _fitted(rows: Float[np.ndarray, "rows width"], labels: NDArray[Any], c: float) -> LogisticRegression:
    return LogisticRegression(C=c, max_iter=ITERATIONS).fit(rows, labels)


def _shares(truth: Bool[np.ndarray, "rows classes"]) -> Float[np.ndarray, " classes"]:
    found: NDArray[np.float64] = (truth.sum(axis=0) + 0.5) / (len(truth) + 1)
    return found


def _logit(shares: Float[np.ndarray, " classes"]) -> Float[np.ndarray, " classes"]:
    found: NDArray[np.float64] = np.log(shares) - np.log1p(-shares)
    return found


def _head(
    weights: NDArray[np.float64], biases: NDArray[np.float64], scales: Mapping[str, Tensor], *, facts: Mapping[str, str]
) -> Head:
    output = {OUTPUT_WEIGHT: weights, OUTPUT_BIAS: biases}
    found = {name: torch.from_numpy(value.astype(np.float32)) for name, value in output.items()}
    return Head({**scales, **found}, facts)
