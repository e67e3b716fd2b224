"""When a run ends, and which weights it keeps."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tasks.embedding_classification.head_runs import configured, some_rows, trained

from tunebook.errors import DataError
from tunebook.tasks.embedding_classification import heads, scores
from tunebook.tasks.embedding_classification.cohorts import Member
from tunebook.tasks.embedding_classification.config import EarlyStopping
from tunebook.tasks.embedding_classification.stopping import Watch


def watched(values, **how):
    """The watch after each value, until training ends."""
    how, watch, found = EarlyStopping(**how), Watch(), []
    for epoch, value in enumerate(values, start=1):
        watch = watch.after(value, epoch=epoch, how=how)
        found.append(watch)
        if watch.ends(how):
            break
    return found


def test_training_ends_after_so_many_epochs_without_improvement():
    """Patience counts from the best epoch."""
    found = watched([3.0, 2.0, 2.5, 2.4, 1.0], patience=2)

    assert len(found) == 4
    assert (found[-1].best, found[-1].best_epoch) == (2.0, 2)


def test_an_improvement_must_be_larger_than_min_delta():
    """Two small steps down are none; together they are one."""
    found = watched([1.0, 0.95, 0.89], min_delta=0.1)

    assert [watch.best_epoch for watch in found] == [1, 1, 3]


def test_a_ranking_improves_upwards():
    """AP and AUROC are better when higher."""
    assert [watch.best_epoch for watch in watched([0.5, 0.7, 0.6], metric="ap")] == [1, 2, 2]


def test_without_patience_training_goes_on():
    """However long nothing improves."""
    assert len(watched([1.0] * 50, patience=None)) == 50


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 5),
    hidden=st.sampled_from([0, 5]),
    lr=st.sampled_from([0.003, 0.1, 0.5]),
    patience=st.integers(1, 3),
    metric=st.sampled_from(["loss", "ap", "auroc"]),
)
def test_a_stopped_runs_weights_are_those_of_its_best_epoch(seed, hidden, lr, patience, metric):
    """They are the bits of a run that was trained so far and no further, and score what its best epoch scored."""
    rows, others = some_rows(seed=seed), some_rows(seed=seed + 1)
    common = {"head__hidden_units": hidden, "optimizer__lr": lr, "schedule": {"name": "constant", "warmup": 0}}
    stops = configured(**common, budget__epochs=8, early_stopping__patience=patience, early_stopping__metric=metric)
    ended, points = trained([Member("a", stops, seed, rows, others)])
    kept = ended["a"].kept_epoch
    values = [point[f"val_{metric}"] for point in points["a"]]
    shorter = configured(**common, budget__epochs=kept, keep_weights="last")
    again, _ = trained([Member("a", shorter, seed, rows, None)])

    assert values[kept - 1] == (min(values) if metric == "loss" else max(values))
    assert len(values) == ended["a"].trained_epochs == min(8, kept + patience)
    assert all(torch.equal(again["a"].head.tensors[name], value) for name, value in ended["a"].head.tensors.items())


@pytest.mark.parametrize("metric", ["ap", "auroc"])
def test_a_ranking_is_of_the_heads_scores(metric):
    """The point says what scores.py says of the logits of the validation rows, averaged over classes."""
    rows, others = some_rows(classes=3), some_rows(seed=1, classes=3)
    config = configured(early_stopping__metric=metric, budget__epochs=1)
    ended, points = trained([Member("a", config, 0, rows, others)], kind="multi-label")
    said = heads.logits(ended["a"].head.tensors, others.embeddings)
    of = scores.average_precision if metric == "ap" else scores.auroc

    expected = np.mean([of(said[:, one], others.targets[:, one] > 0.5) for one in range(3)])

    assert points["a"][0][f"val_{metric}"] == pytest.approx(expected, abs=1e-6)


def test_the_validation_loss_is_without_smoothing():
    """It is the cross-entropy of the kept head on the validation rows."""
    rows, others = some_rows(), some_rows(seed=1)
    config = configured(loss__label_smoothing=0.3, budget__epochs=2, keep_weights="last")
    ended, points = trained([Member("a", config, 0, rows, others)])
    said = torch.from_numpy(heads.logits(ended["a"].head.tensors, others.embeddings))

    expected = torch.nn.functional.binary_cross_entropy_with_logits(said, torch.from_numpy(others.targets))

    assert points["a"][-1]["val_loss"] == pytest.approx(float(expected), rel=1e-5)


def test_the_last_weights_are_kept_on_request():
    """keep_weights: last; the epoch says so."""
    rows, others = some_rows(), some_rows(seed=1)
    ended, _ = trained([Member("a", configured(keep_weights="last", optimizer__lr=0.5), 0, rows, others)])

    assert ended["a"].kept_epoch == ended["a"].trained_epochs


def test_a_ranking_needs_both_sides():
    """A validation set in which every row is positive has no AUROC to look at."""
    rows = some_rows()
    others = type(rows)(rows.embeddings, np.ones_like(rows.targets))

    with pytest.raises(DataError, match=r"early_stopping.metric: must be loss where .*; got auroc"):
        trained([Member("a", configured(early_stopping__metric="auroc"), 0, rows, others)])


def test_a_set_without_rows_is_refused():
    """There is nothing to train on."""
    rows = some_rows()
    none = type(rows)(rows.embeddings[:0], rows.targets[:0])

    with pytest.raises(DataError, match="data: must have rows for training; got none"):
        trained([Member("a", configured(), 0, none, None)])


def test_the_first_epoch_is_the_best_so_far():
    """Whatever its value."""
    assert watched([math.inf])[0].best_epoch == 1
