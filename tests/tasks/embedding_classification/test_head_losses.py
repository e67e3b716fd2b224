"""Losses of stacked runs and their gradients."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tunebook.errors import InputError
from tunebook.tasks.embedding_classification.config import Loss
from tunebook.tasks.embedding_classification.losses import Losses, Spec, resolved, tree_sum

CLASSES, PLACES = 3, 32
BCE = [
    Spec(),
    Spec(smoothing=0.1, towards=0.5),
    Spec(smoothing=0.2),
    Spec(gamma=2.0, alpha=0.25),
    Spec(gamma=0.5, smoothing=0.1, towards=0.5),
    Spec(alpha=0.3),
]
SOFTMAX = [
    Spec("softmax"),
    Spec("softmax", smoothing=0.1, towards=1 / CLASSES),
    Spec("softmax", gamma=2.0, alpha=0.25),
    Spec("softmax", gamma=0.5, smoothing=0.1),
]


def drawn(runs, *, dtype=torch.float64, seed=0):
    draws = torch.Generator().manual_seed(seed)
    logits = 4 * torch.randn(runs, CLASSES, PLACES, generator=draws, dtype=dtype)
    classes = torch.randint(CLASSES, (PLACES,), generator=draws)
    targets = F.one_hot(classes, CLASSES).t().to(dtype).contiguous()
    targets[:, :5] = torch.rand(CLASSES, 5, generator=draws, dtype=dtype)  # mixed
    targets[:, 5] = 0  # background
    return logits, targets


def expected(spec, logits, targets):
    """The loss of every row as the formulas say it; torch differentiates it."""
    mass = targets.sum(dim=0) if spec.kind == "softmax" else 1.0
    truth = targets * (1 - spec.smoothing) + spec.smoothing * spec.towards * mass
    if spec.kind == "softmax":
        share = logits.softmax(dim=0)
        weight = 1.0 if spec.alpha is None else spec.alpha
        return (-weight * truth * (1 - share) ** spec.gamma * share.log()).sum(dim=0)
    chance = logits.sigmoid()
    right = truth * chance + (1 - truth) * (1 - chance)
    weight = 1.0 if spec.alpha is None else truth * spec.alpha + (1 - truth) * (1 - spec.alpha)
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return (weight * (1 - right) ** spec.gamma * entropy).sum(dim=0)


@pytest.mark.parametrize("spec", BCE + SOFTMAX)
def test_values_and_gradients_are_those_of_autograd(spec):
    """What is written by hand is what torch finds from the formula."""
    logits, targets = drawn(1)
    given = logits.clone().requires_grad_()
    weights = torch.rand(PLACES, dtype=torch.float64)
    truth = expected(spec, given[0], targets)
    (truth * weights).sum().backward()

    losses, out = Losses([spec], like=logits), torch.empty_like(logits)
    losses.gradient(logits, targets, weights, out=out)

    assert torch.allclose(losses.values(logits, targets)[0], truth.detach(), rtol=1e-9, atol=1e-12)
    assert torch.allclose(out, given.grad, rtol=1e-8, atol=1e-12)


def test_plain_losses_are_torchs():
    """Without smoothing or focus they are torch's cross-entropies, summed over classes."""
    logits, targets = drawn(2)
    binary = F.binary_cross_entropy_with_logits(logits[0], targets, reduction="none").sum(dim=0)
    multinomial = F.cross_entropy(logits[1].t(), targets.t(), reduction="none")

    found = Losses([Spec(), Spec("softmax")], like=logits).values(logits, targets)

    assert torch.allclose(found, torch.stack([binary, multinomial]))


@pytest.mark.parametrize("specs", [BCE, SOFTMAX, BCE + SOFTMAX])
def test_the_place_in_a_stack_changes_no_bit(specs):
    """A run's losses and gradients are those of the run alone."""
    logits, targets = drawn(len(specs), dtype=torch.float32)
    weights, out, alone = torch.full((PLACES,), 1 / 7), torch.empty_like(logits), torch.empty_like(logits[:1])
    together = Losses(specs, like=logits)
    together.gradient(logits, targets, weights, out=out)

    for place, spec in enumerate(specs):
        losses = Losses([spec], like=logits)
        losses.gradient(logits[place : place + 1], targets, weights, out=alone)

        assert torch.equal(alone[0], out[place])
        assert torch.equal(
            losses.values(logits[place : place + 1], targets)[0], together.values(logits, targets)[place]
        )


@pytest.mark.parametrize("spec", BCE + SOFTMAX)
def test_sure_logits_stay_finite(spec):
    """Far from 0 a loss and its gradient are finite, right or wrong."""
    logits = torch.tensor([-200.0, 0.0, 200.0]).view(1, 3, 1).expand(1, 3, PLACES).contiguous()
    targets = torch.eye(3).repeat(1, 11)[:, :PLACES].contiguous()
    losses, out = Losses([spec], like=logits), torch.empty_like(logits)
    losses.gradient(logits, targets, torch.ones(PLACES), out=out)

    assert torch.isfinite(out).all()
    assert torch.isfinite(losses.values(logits, targets)).all()


def test_a_row_of_no_class_teaches_a_softmax_nothing():
    """Its loss and its gradient are 0, with smoothing too."""
    logits, targets = drawn(1)
    spec = SOFTMAX[1]
    out = torch.empty_like(logits)
    Losses([spec], like=logits).gradient(logits, targets, torch.ones(PLACES, dtype=torch.float64), out=out)

    assert not out[:, :, 5].any()
    assert not Losses([spec], like=logits).values(logits, targets)[0, 5]


def test_golden_losses():
    """One row of known logits and targets: numbers that were computed apart, by scipy."""
    logits = torch.tensor([1.0, -2.0]).view(1, 2, 1).expand(1, 2, 32).contiguous()
    targets = torch.tensor([1.0, 0.0])[:, None].expand(2, 32).contiguous()
    found = [
        float(Losses([spec], like=logits).values(logits, targets)[0, 0])
        for spec in (Spec(), Spec(smoothing=0.1, towards=0.5), Spec(smoothing=0.1), Spec(gamma=2.0, alpha=0.25))
    ]

    assert found == pytest.approx([0.4401897, 0.5901897, 0.5401897, 0.0070172], abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "given", "spec"),
    [
        ("binary", {}, Spec()),
        ("multi-class", {"label_smoothing": 0.1}, Spec("softmax", smoothing=0.1, towards=0.25)),
        ("multi-class", {"kind": "bce"}, Spec()),
        ("multi-label", {"label_smoothing": True, "smoothing": "positives"}, Spec(smoothing=0.1)),
        ("binary", {"focal": True}, Spec(gamma=2.0, alpha=0.25)),
    ],
)
def test_a_configuration_says_its_loss(kind, given, spec):
    """auto is softmax for multi-class data and bce for others."""
    assert resolved(Loss.model_validate(given), kind=kind, classes=4) == spec


def test_softmax_needs_one_class_a_row():
    """It is refused for data whose rows have any number of classes."""
    with pytest.raises(InputError, match="loss.kind: must be bce or auto where data are multi-label; got softmax"):
        resolved(Loss(kind="softmax"), kind="multi-label", classes=4)


@pytest.mark.parametrize("length", [1, 2, 7, 32, 53])
def test_a_tree_adds_everything_once(length):
    """Whatever the length of the axis."""
    values = torch.arange(2 * length, dtype=torch.float64).view(2, length)

    assert np.array_equal(tree_sum(values, dim=1), values.sum(dim=1))
    assert np.array_equal(tree_sum(values.t(), dim=0), values.sum(dim=1))
