"""The training loop of one network, on the tiles of its epochs."""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from tunebook.records import CurvePoint
from tunebook.tasks.binary_segmentation import config as configs
from tunebook.tasks.binary_segmentation.config import Config
from tunebook.tasks.binary_segmentation.drawing import Tiles
from tunebook.tasks.binary_segmentation.losses import loss as loss_of
from tunebook.tasks.binary_segmentation.networks import build, drawing, inputs
from tunebook.tasks.binary_segmentation.resuming import Keeper

MOMENTUM = 0.9
"""Of sgd."""


@dataclass(frozen=True)
class Trained:
    """What a training ends with.

    Args:
        foreground: Share of foreground in the tiles of the first epoch.
    """

    network: nn.Module
    foreground: float


def train(
    config: Config, tiles_of: Callable[[int], Tiles], *, seed: int, length: int, device: str, state: Path | None = None
) -> Generator[CurvePoint, None, Trained | None]:
    """Train a network from its initial weights; yield its mean loss at the last step of every epoch.

    Whatever else is trained in this process, before or after, the result has the same bits.

    Args:
        tiles_of: The tiles of an epoch (from 0), in the order of training; every epoch has as many. They are asked
            for once, and let go before those of the next; a training that goes on also asks for the first again.
        seed: Decides the initial weights and dropout.
        length: Steps.
        device: Where to train.
        state: A file from which a training that was stopped goes on, and which is written meanwhile; the points of the
            epochs before come first. Or None.

    Returns:
        None where training ended before its time: the last point then says what is not finite, a `loss`, the norm of a
        `gradient` or of the `weights`.
    """
    network = build(config.model, seed=seed).to(device)
    weights = list(network.parameters())
    optimizer = _optimizer(config.optimizer, weights)
    loss = loss_of(config.loss)
    tiles = tiles_of(0)
    steps, foreground = math.ceil(len(tiles.images) / config.batch_size), float(tiles.masks.mean())
    keeper = Keeper(state, network, optimizer, device)
    course = keeper.resumed()
    yield from course.curve
    network.train()
    while course.step < length:
        epoch, done = divmod(course.step, steps)
        if epoch > 0:
            del tiles  # so that no more than one epoch is held
            tiles = tiles_of(epoch)
        losses, seen = 0.0, 0
        for batch in range(done, min(steps, done + length - course.step)):
            rows = slice(batch * config.batch_size, (batch + 1) * config.batch_size)
            images = inputs(torch.from_numpy(tiles.images[rows]).to(device))  # n 3 tile tile
            masks = torch.tensor(tiles.masks[rows], device=device)  # n tile tile; a copy, which holds no epoch
            for group in optimizer.param_groups:
                share = rate(course.step, total=config.budget.epochs * steps, schedule=config.schedule)
                group["lr"] = config.optimizer.lr * share

            with (
                drawing(seed, "dropout", course.step, device=device),
                torch.autocast(torch.device(device).type, torch.bfloat16, enabled=config.precision == "bf16"),
            ):
                logits = network(images)[:, 0]
            value = loss(logits, masks)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            norms = {"loss": value.item(), "gradient": _norm([each.grad for each in weights if each.grad is not None])}
            if wrong := {name: norm for name, norm in norms.items() if not math.isfinite(norm)}:
                yield CurvePoint(course.step + 1, wrong)
                return None
            optimizer.step()
            course.step += 1
            losses, seen = losses + norms["loss"] * len(masks), seen + len(masks)

        if not math.isfinite(norm := _norm(weights)):
            yield CurvePoint(course.step, {"weights": norm})
            return None
        course.curve.append(CurvePoint(course.step, {"loss": losses / seen}))
        keeper.keep(course, last=course.step == length)
        yield course.curve[-1]

    return Trained(network, foreground)


def rate(step: int, *, total: int, schedule: configs.Schedule) -> float:
    """The learning rate of a step (from 0) as a share of its peak: linear warm-up, then cosine to zero, or one."""
    if step < schedule.warmup:
        return (step + 1) / schedule.warmup
    if schedule.name == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - schedule.warmup) / max(1, total - schedule.warmup)))


def _optimizer(how: configs.Optimizer, weights: list[nn.Parameter]) -> Optimizer:
    if how.name == "sgd":
        return SGD(weights, lr=how.lr, momentum=MOMENTUM, weight_decay=how.weight_decay)
    kind = Adam if how.name == "adam" else AdamW
    return kind(weights, lr=how.lr, weight_decay=how.weight_decay)


def _norm(tensors: list[nn.Parameter] | list[torch.Tensor]) -> float:
    with torch.no_grad():
        return float(torch.nn.utils.get_total_norm(tensors))
