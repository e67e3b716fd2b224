"""Cross-entropy of stacked runs, and its gradient by hand.

Logits lie in stacks (runs, classes, rows). A loss is summed over classes; its mean over rows is taken outside.

    bce       Σ -t log p - (1 - t) log(1 - p),  p = sigmoid(z)
    softmax   Σ -t log p,                       p = softmax(z); a row of no class adds nothing
    focal     times α(1 - p_t)^γ: of bce α is α_t = αt + (1 - α)(1 - t) and p_t = tp + (1 - t)(1 - p)
              (Lin et al. 2017, with soft targets as Keras takes them); of softmax each class has its own p

A run's numbers must not depend on its place in the stack. So what rounds otherwise at the end of a vector loop (exp,
log) runs on whole stacks of a multiple of 32 numbers alone, and sums over classes and rows are trees of additions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from tunebook.errors import InputError, Problem
from tunebook.tasks.embedding_classification.config import Loss
from tunebook.tasks.embedding_classification.rows import Kind

TINY = 1e-30
"""Keeps logarithms of 0 finite; smaller than any share that a float32 logit leaves."""


@dataclass(frozen=True)
class Spec:
    """The loss of one run.

    Args:
        smoothing: How much of a target is smoothed away.
        towards: What it is smoothed to: the target plus this share of `smoothing` (a half, 1/classes, 0).
        alpha: Of the focal loss; None: every class weighs 1.
    """

    kind: Literal["bce", "softmax"] = "bce"
    smoothing: float = 0.0
    towards: float = 0.0
    gamma: float = 0.0
    alpha: float | None = None

    @property
    def family(self) -> tuple[str, bool]:
        """Runs of one family are computed by one formula."""
        return self.kind, self.gamma != 0 or self.alpha is not None

    @property
    def unsmoothed(self) -> "Spec":
        """The loss that is looked at in validation."""
        return Spec(kind=self.kind, gamma=self.gamma, alpha=self.alpha)


def resolved(loss: Loss, *, kind: Kind, classes: int) -> Spec:
    """What a configuration's loss is for a kind of data.

    Raises:
        InputError: softmax where rows have any number of classes.
    """
    if loss.kind == "softmax" and kind != "multi-class":
        raise InputError(Problem("loss.kind", f"must be bce or auto where data are {kind}; got softmax"))
    chosen: Literal["bce", "softmax"] = "softmax" if kind == "multi-class" and loss.kind != "bce" else "bce"
    middle = 1 / classes if chosen == "softmax" else 0.5
    return Spec(
        kind=chosen,
        smoothing=loss.label_smoothing,
        towards=middle if loss.smoothing == "symmetric" and loss.label_smoothing else 0.0,
        gamma=loss.focal_gamma,
        alpha=loss.focal_alpha,
    )


class Losses:
    """The losses of a stack of runs; neighbours of one family are computed together."""

    def __init__(self, specs: Sequence[Spec], *, like: Tensor) -> None:
        starts = [0]
        self._families = []
        for (kind, focal), members in groupby(specs, key=lambda spec: spec.family):
            family = _Family(list(members), like=like, softmax=kind == "softmax", focal=focal)
            starts.append(starts[-1] + family.runs)
            self._families.append((slice(starts[-2], starts[-1]), family))

    def gradient(
        self,
        logits: Float[Tensor, "runs classes rows"],
        targets: Float[Tensor, "*runs classes rows"],
        weights: Float[Tensor, " rows"],
        *,
        out: Float[Tensor, "runs classes rows"],
    ) -> None:
        """Write the derivative of Σ weights · loss by the logits.

        Args:
            targets: Of every run, or of all.
        """
        if len(self._families) == 1:
            self._families[0][1].gradient(logits, targets, out)
        else:
            for runs, family in self._families:
                family.gradient(logits[runs], _of(targets, runs), out[runs])
        out.mul_(weights)

    def values(
        self, logits: Float[Tensor, "runs classes rows"], targets: Float[Tensor, "*runs classes rows"]
    ) -> Float[Tensor, "runs rows"]:
        """The loss of every row."""
        return torch.cat([family.values(logits[runs], _of(targets, runs)) for runs, family in self._families])


class _Family:
    """Runs whose losses differ in numbers alone."""

    def __init__(self, specs: Sequence[Spec], *, like: Tensor, softmax: bool, focal: bool) -> None:
        self.runs = len(specs)
        self.softmax = softmax
        self.focal = focal
        column = like.new_tensor
        smooth = any(spec.smoothing for spec in specs)
        self.kept = column([1 - spec.smoothing for spec in specs])[:, None, None] if smooth else None
        self.added = column([spec.smoothing * spec.towards for spec in specs])[:, None, None]
        self.gamma = column([spec.gamma for spec in specs])[:, None, None]
        self.positive = column([1.0 if spec.alpha is None else spec.alpha for spec in specs])[:, None, None]
        self.negative = column([1.0 if spec.alpha is None else 1 - spec.alpha for spec in specs])[:, None, None]

    def gradient(self, logits: Tensor, targets: Tensor, out: Tensor) -> None:
        smoothed = self._smoothed(targets)
        if self.softmax:
            out.copy_(self._softmax_gradient(logits, smoothed))
        elif self.focal:
            out.copy_(self._focal_gradient(logits, smoothed))
        else:
            torch.sigmoid(logits, out=out)
            out.sub_(smoothed)

    def values(self, logits: Tensor, targets: Tensor) -> Tensor:
        smoothed = self._smoothed(targets)
        if self.softmax:
            return self._softmax_values(logits, smoothed)
        each = cross_entropy(logits, smoothed)
        if self.focal:
            chance = torch.sigmoid(logits)
            each = each * self._weight(smoothed) * _power(_missed(chance, smoothed), self.gamma)
        return tree_sum(each, dim=1)

    def _smoothed(self, targets: Tensor) -> Tensor:
        if self.kept is None:
            return targets
        if self.softmax:
            return targets * self.kept + tree_sum(targets, dim=-2).unsqueeze(-2) * self.added
        return targets * self.kept + self.added

    def _weight(self, targets: Tensor) -> Tensor:
        return targets * self.positive + (1 - targets) * self.negative

    def _focal_gradient(self, logits: Tensor, targets: Tensor) -> Tensor:
        chance = torch.sigmoid(logits)
        missed = _missed(chance, targets)
        power = _power(missed, self.gamma)
        steep = power / missed.clamp(min=TINY) * self.gamma * chance * (1 - chance) * (2 * targets - 1)
        slope = power * (chance - targets) - steep * cross_entropy(logits, targets)
        return slope * self._weight(targets)

    def _softmax_gradient(self, logits: Tensor, targets: Tensor) -> Tensor:
        log_chance = log_softmax(logits)
        chance = torch.exp(log_chance)
        pull = targets
        if self.focal:
            power = _power(1 - chance, self.gamma)
            steep = power / (1 - chance).clamp(min=TINY) * self.gamma * chance * log_chance
            pull = targets * (power - steep) * self.positive
        return chance * tree_sum(pull, dim=-2).unsqueeze(-2) - pull

    def _softmax_values(self, logits: Tensor, targets: Tensor) -> Tensor:
        log_chance = log_softmax(logits)
        each = -targets * log_chance
        if self.focal:
            each = each * _power(1 - torch.exp(log_chance), self.gamma) * self.positive
        return tree_sum(each, dim=1)


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """-t log p - (1 - t) log(1 - p) of every class, from logits of any size."""
    return logits.clamp(min=0) - logits * targets + torch.log1p(torch.exp(-logits.abs()))


def log_softmax(logits: Float[Tensor, "runs classes rows"]) -> Float[Tensor, "runs classes rows"]:
    """Logarithms of the classes' shares."""
    centred = logits - logits.amax(dim=1, keepdim=True)
    return centred - torch.log(tree_sum(torch.exp(centred), dim=1)).unsqueeze(1)


def tree_sum(values: Tensor, *, dim: int) -> Tensor:
    """A sum of single additions in an order that the axis's length alone decides; the axis goes."""
    while (length := values.shape[dim]) > 1:
        half = length // 2
        folded = values.narrow(dim, 0, half) + values.narrow(dim, half, half)
        values = torch.cat([folded, values.narrow(dim, length - 1, 1)], dim) if length % 2 else folded
    return values.squeeze(dim)


def _of(targets: Tensor, runs: slice) -> Tensor:
    return targets if targets.dim() == 2 else targets[runs]


def _missed(chance: Tensor, targets: Tensor) -> Tensor:
    """1 - p_t."""
    return targets * (1 - chance) + (1 - targets) * chance


def _power(values: Tensor, exponents: Tensor) -> Tensor:
    """Powers of numbers in 0..1; 0 to the 0 is 1."""
    return torch.exp(torch.log(values.clamp(min=TINY)) * exponents)
