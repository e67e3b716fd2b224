"""One head trained by PyTorch as people write it, and as somebody writes it who counts microseconds.

The same network, first weights (He and Glorot, as BirdNET has them), loss, optimizer and batches in both; nothing of
Tunebook, so that `sweep_one.py` imports no more than a user's script does.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Job:
    """What one run is given.

    Args:
        dropout: Rate, on the hidden layer; with `input_dropout` on the embedding as well.
    """

    seed: int
    hidden: int
    lr: float
    dropout: float
    input_dropout: bool
    epochs: int
    batch: int


def usual(job: Job, x: Array, y: Array) -> nn.Module:
    """Module, DataLoader that shuffles, Adam, BCEWithLogitsLoss, and the running loss."""
    torch.manual_seed(job.seed)  # the process-wide generator, as such scripts do
    model = network(x.shape[1], job)
    loader = DataLoader(TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), batch_size=job.batch, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=job.lr)
    criterion = nn.BCEWithLogitsLoss()
    model.train()
    for _ in range(job.epochs):
        total = 0.0
        for embeddings, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(embeddings), targets)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(embeddings)
    return model


def tuned(job: Job, x: Array, y: Array) -> nn.Module:
    """Rows by a permutation, the fused optimizer, and no number asked for between steps."""
    torch.manual_seed(job.seed)
    model = network(x.shape[1], job)
    embeddings, targets = torch.from_numpy(x), torch.from_numpy(y)
    optimizer = torch.optim.Adam(model.parameters(), lr=job.lr, fused=True)
    model.train()
    for _ in range(job.epochs):
        for rows in torch.randperm(len(x)).split(job.batch):
            F.binary_cross_entropy_with_logits(model(embeddings[rows]), targets[rows]).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
    return model


def network(width: int, job: Job) -> nn.Sequential:
    """[Dropout] Linear, or [Dropout] Linear ReLU Dropout Linear."""
    layers: list[nn.Module] = [nn.Dropout(job.dropout)] if job.input_dropout else []
    if job.hidden:
        hidden = nn.Linear(width, job.hidden)
        nn.init.kaiming_normal_(hidden.weight, nonlinearity="relu")
        nn.init.zeros_(hidden.bias)
        layers += [hidden, nn.ReLU(), nn.Dropout(job.dropout)]
    output = nn.Linear(job.hidden or width, 1)
    nn.init.xavier_uniform_(output.weight)
    nn.init.zeros_(output.bias)
    return nn.Sequential(*layers, output)


def scorer(model: nn.Module) -> Callable[[Array], Array]:
    """A trained model as a function from embeddings to logits, one a row."""

    @torch.no_grad()
    def score(x: Array) -> Array:
        logits: Tensor = model.eval()(torch.from_numpy(x))
        found: Array = logits[:, 0].numpy()
        return found

    return score


def average_precision(scores: Array, y: Array) -> float:
    """Precision at each positive, by descending score, on average; equal scores count as one cut."""
    order = np.argsort(-scores, kind="stable")
    cuts = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    true = np.cumsum(y.ravel()[order])[cuts]
    gained = np.diff(true, prepend=0) / true[-1]
    return float(gained @ (true / (cuts + 1)))
