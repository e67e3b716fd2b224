"""Rows mixed with other rows."""

import numpy as np
import torch

from tunebook.tasks.embedding_classification import mixing, streams
from tunebook.tasks.embedding_classification.config import Mixup


def test_a_batch_is_mixed_with_itself_in_another_order():
    """Each row keeps one weight for the batch, and another row fills the rest."""
    rows = torch.arange(10.0)[:, None]
    mixture = mixing.of_batch(streams.generator(0, "mixup"), alpha=0.4, rows=10)

    found = mixing.mixed(rows, mixture)

    assert sorted(mixture.others.tolist()) == list(range(10))
    assert torch.allclose(found[:, 0], mixture.kept * rows[:, 0] + (1 - mixture.kept) * torch.tensor(mixture.others))
    assert torch.isclose(found.sum(), rows.sum())


def test_once_mixes_a_quarter_of_the_rows_that_carry_a_class():
    """The others stay as they were, and a mixed row stands between itself and another row that carries one."""
    embeddings = torch.arange(80.0)[:, None]
    targets = torch.zeros(80, 2)
    targets[:20, 0], targets[20:40, 1] = 1, 1

    rows, labels = mixing.once(embeddings, targets, Mixup(kind="once", alpha=5.0), seed=3)
    changed = (rows != embeddings).squeeze().nonzero().squeeze()

    assert len(changed) == 10
    assert changed.max() < 40
    assert rows[:40].max() < 40
    assert torch.allclose(labels[:40].sum(dim=1), torch.ones(40))
    assert torch.equal(labels[40:], targets[40:])


def test_labels_are_mixed_as_embeddings_are():
    """Where the embedding is the label, it still is after mixing."""
    targets = torch.from_numpy(np.random.default_rng(0).random((30, 2)).astype(np.float32))

    rows, labels = mixing.once(targets, targets, Mixup(kind="once"), seed=0)

    assert torch.equal(rows, labels)
    assert not torch.equal(rows, targets)


def test_a_single_row_of_a_class_stays():
    """There is nothing to mix it with."""
    rows, targets = torch.randn(3, 2), torch.tensor([[0.0], [1.0], [0.0]])

    assert mixing.once(rows, targets, Mixup(kind="once"), seed=0) == (rows, targets)
