"""Rows mixed with other rows, labels likewise (Zhang et al. 2018)."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from tunebook.tasks.embedding_classification import streams
from tunebook.tasks.embedding_classification.config import Mixup

STREAM = "mixup"


@dataclass(frozen=True)
class Mixture:
    """How much of each row stays, and which row fills the rest."""

    kept: float
    others: Int[np.ndarray, " rows"]


def of_batch(draws: np.random.Generator, *, alpha: float, rows: int) -> Mixture:
    """One weight for the whole batch, and the batch in another order."""
    return Mixture(float(draws.beta(alpha, alpha)), draws.permutation(rows))


def mixed(values: Float[Tensor, "rows width"], mixture: Mixture) -> Float[Tensor, "rows width"]:
    """Each row with its other."""
    others = values.index_select(0, torch.from_numpy(mixture.others).to(values.device))
    return values * mixture.kept + others * (1 - mixture.kept)


def once(
    embeddings: Float[Tensor, "rows width"], targets: Float[Tensor, "rows classes"], how: Mixup, *, seed: int
) -> tuple[Float[Tensor, "rows width"], Float[Tensor, "rows classes"]]:
    """All rows, of which a share of those that carry a class is mixed with another such row (BirdNET-Analyzer).

    The others of a mixture are rows as they were given. Fewer than two rows that carry a class stay as they are.
    """
    carrying = np.flatnonzero(targets.sum(dim=1).cpu().numpy() > 0)
    if len(carrying) < 2:
        return embeddings, targets
    draws = streams.generator(seed, f"{STREAM} once")
    places = draws.permutation(len(carrying))[: round(how.fraction * len(carrying))]
    steps = draws.integers(1, len(carrying), size=len(places))
    kept = draws.beta(how.alpha, how.alpha, size=len(places))
    rows, others = carrying[places], carrying[(places + steps) % len(carrying)]
    return _filled(embeddings, rows, others, kept), _filled(targets, rows, others, kept)


def _filled(values: Tensor, rows: np.ndarray, others: np.ndarray, kept: np.ndarray) -> Tensor:
    place, other = torch.from_numpy(rows).to(values.device), torch.from_numpy(others).to(values.device)
    share = torch.from_numpy(kept).to(values)[:, None]
    found = values.clone()
    found[place] = values[place] * share + values[other] * (1 - share)
    return found
