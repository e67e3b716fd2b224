"""The runs of the factorial of stage-13, and the rows that they are trained on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, product
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEEDS = (0, 1, 2)
LRS = (1e-4, 5e-4, 1e-3)
DROPOUTS = (0.0, 0.25, 0.5, 0.75, 0.9)
HIDDEN = (0, 128, 512, 1024)
QUALITIES: Mapping[str, tuple[str, ...] | None] = {"all": None, "good": ("High", "Medium")}
"""Name -> which rows are trained on."""
LARGEST_COHORT = 64
"""What the conductor makes of a study's runs at most."""
WIDTH = 1024
INPUT = "0, embedding dropped"
RATES = "0, 15 learning rates"
WHOLE = "whole sweep"

Array = NDArray[np.float32]


@dataclass(frozen=True, order=True)
class Trial:
    """One run: a point of the factorial under one seed."""

    quality: str
    seed: int
    hidden: int
    lr: float
    dropout: float
    input_dropout: bool = False


@dataclass(frozen=True)
class Rows:
    """What one quality setting trains on, and the validation rows of all; standardised, float32, targets (n, 1)."""

    x: Array
    y: Array
    val_x: Array
    val_y: Array

    @classmethod
    def load(cls, folder: Path, quality: str) -> "Rows":
        with np.load(folder / f"{quality}.npz") as stored:
            return cls(**stored)

    def save(self, folder: Path, quality: str) -> None:
        np.savez(folder / f"{quality}.npz", **vars(self))


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Args:
        folder: Where the rows of each quality lie.
        counts: Quality -> number of training rows.
        few: Runs of each family that a slow way is measured on.
        agreeing: Seeds by which the ways are compared in what they reach.
    """

    folder: Path
    counts: Mapping[str, int]
    epochs: int
    batch: int
    few: int
    agreeing: int = 10
    seeds: Sequence[int] = SEEDS
    hidden: Sequence[int] = HIDDEN

    def steps(self, trials: Sequence[Trial]) -> int:
        """Steps of all these runs together."""
        return sum(self.epochs * ceil(self.counts[trial.quality] / self.batch) for trial in trials)

    def sweep(self) -> list[Trial]:
        """The distinct runs: without a hidden layer there is no dropout, which leaves 288 of 360."""
        return [
            Trial(quality, seed, hidden, lr, dropout)
            for quality, seed, hidden, lr, dropout in product(QUALITIES, self.seeds, self.hidden, LRS, DROPOUTS)
            if hidden or not dropout
        ]

    def families(self) -> dict[str, list[Trial]]:
        """The sweep by hidden units, and without any two more of 90 distinct runs, as the others have.

        One drops the embedding; one has 15 learning rates from 1e-4 to 1e-2.
        """
        dropped = [
            Trial(quality, seed, 0, lr, dropout, input_dropout=True)
            for quality, seed, lr, dropout in product(QUALITIES, self.seeds, LRS, DROPOUTS)
        ]
        rates = [
            Trial(quality, seed, 0, lr, 0.0)
            for quality, seed, lr in product(QUALITIES, self.seeds, np.geomspace(1e-4, 1e-2, 15).tolist())
        ]
        plain = {str(hidden): [each for each in self.sweep() if each.hidden == hidden] for hidden in self.hidden}
        return {**plain, RATES: rates, INPUT: dropped}

    def alike(self) -> dict[str, list[Trial]]:
        """The runs that show whether the ways agree: without and with dropout, at the largest rate of learning."""
        found = {}
        for family in (*map(str, self.hidden), INPUT):
            dropouts = (0.75,) if family == INPUT else (0.0, 0.75) if family != "0" else (0.0,)
            hidden = 0 if family == INPUT else int(family)
            found[family] = [
                Trial("all", seed, hidden, LRS[-1], dropout, input_dropout=family == INPUT)
                for seed in range(self.agreeing)
                for dropout in dropouts
            ]
        return found


def blocks(trials: Sequence[Trial]) -> Iterator[list[Trial]]:
    """Runs that share rows, seed after seed and no more than Tunebook makes a cohort of."""
    for _, alike in groupby(sorted(trials), key=lambda trial: trial.quality):
        runs = list(alike)
        yield from (runs[at : at + LARGEST_COHORT] for at in range(0, len(runs), LARGEST_COHORT))


def spread(trials: Sequence[Trial], number: int) -> list[Trial]:
    """So many of them, at equal distances in their order, so that every quality has its share; at most all."""
    number = min(number, len(trials))
    return [sorted(trials)[at * len(trials) // number] for at in range(number)]


# Rows -------------------------------------------------------------------------------------------------


def synthetic(rows: int, *, seed: int = 0) -> dict[str, Rows]:
    """Embeddings of 1,024 numbers; one row in five is positive, and the labels of poor rows are often wrong.

    As in real embeddings, most of what varies lies in few directions (32), beside noise in all. Positives come in two
    kinds that lie apart, so that a hidden layer has something to find.
    """
    rng = np.random.default_rng(seed)
    number = rows + rows // 2
    truth = rng.random(number) < 0.2
    quality = rng.choice(["High", "Medium", "Low"], number)
    latent = rng.normal(size=(number, 32))
    latent[truth, rng.integers(2, size=truth.sum())] += 3.0
    x = latent @ rng.normal(size=(32, WIDTH)) / np.sqrt(32) + rng.normal(size=(number, WIDTH))
    wrong = (quality == "Low") & (np.arange(number) < rows) & (rng.random(number) < 0.1)
    y = (truth ^ wrong)[:, None]
    return by_quality(x[:rows], y[:rows], quality[:rows], x[rows:], y[rows:])


def from_table(table: Path, *, positive: str) -> dict[str, Rows]:
    """The rows of fsdd_embeddings, one label against the rest, as the task reads and subsets them."""
    from tunebook.tasks.embedding_classification import subsets, tables  # noqa: PLC0415  not for synthetic rows
    from tunebook.tasks.embedding_classification.config import Data, Split, Subset  # noqa: PLC0415  likewise

    data = Data(
        table=str(table.resolve()), id="clip_id", label="label", positive=positive, split=Split(names=("train", "val"))
    )
    labelled = tables.read(data, table.parent)
    val = subsets.plain_set(labelled.splits["val"])
    found = {}
    for name, kept in QUALITIES.items():
        train = subsets.training_set(labelled.splits["train"], Subset(quality=kept), kind=labelled.kind, seed=0)
        found[name] = standardised(train.embeddings, train.targets, val.embeddings, val.targets)
    return found


def by_quality(
    x: NDArray[Any], y: NDArray[Any], quality: NDArray[Any], val_x: NDArray[Any], val_y: NDArray[Any]
) -> dict[str, Rows]:
    """What each quality setting trains on."""
    kept = {name: slice(None) if them is None else np.isin(quality, them) for name, them in QUALITIES.items()}
    return {name: standardised(x[which], y[which], val_x, val_y) for name, which in kept.items()}


def standardised(x: NDArray[Any], y: NDArray[Any], val_x: NDArray[Any], val_y: NDArray[Any]) -> Rows:
    """Centred and scaled by the training rows."""
    mean, deviation = x.mean(0), x.std(0)
    deviation = np.where(deviation > 0, deviation, 1)
    scaled = [((each - mean) / deviation).astype(np.float32) for each in (x, val_x)]
    return Rows(scaled[0], y.astype(np.float32), scaled[1], val_y.astype(np.float32))
