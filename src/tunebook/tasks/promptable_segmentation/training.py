"""The training loop: iterative prompts and the automatic decoder, in one update or in two."""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import AdamW

from tunebook.errors import Diverged
from tunebook.records import CurvePoint
from tunebook.tasks.promptable_segmentation import losses
from tunebook.tasks.promptable_segmentation.batches import Batch, Sample, batches
from tunebook.tasks.promptable_segmentation.config import Config
from tunebook.tasks.promptable_segmentation.prompt_rounds import interactive_loss
from tunebook.tasks.promptable_segmentation.resuming import Course, Keeper
from tunebook.tasks.promptable_segmentation.sam.model import Sam, normalise
from tunebook.tasks.promptable_segmentation.schedule import Watch, rate, steps_of_a_pass, validated
from tunebook.tasks.promptable_segmentation.validation import validation_loss
from tunebook.train import adapters
from tunebook.train.seeding import generator


@dataclass(frozen=True)
class Ended:
    """How a training ended.

    Args:
        steps: How many were trained; fewer than asked for after an early stop.
        kept_step: The step whose weights the model has.
    """

    steps: int
    kept_step: int


def train(
    model: Sam,
    samples: Sequence[Sample],
    config: Config,
    *,
    seed: int,
    steps: int,
    total: int,
    device: str,
    validation: Sequence[Sample] = (),
    state: Path | None = None,
) -> Generator[CurvePoint, None, Ended]:
    """Train the tensors of `model` that require gradients, in place; yield the losses of every step.

    Args:
        samples: The training images.
        seed: Decides data order, windows, flips, objects, prompts and dropout; nothing else does.
        steps: Train from 0 to here.
        total: The length that the schedule is laid out for.
        validation: The images of val; needed when anything depends on them, see `validated`.
        state: A file from which a training that was stopped goes on, and which is written meanwhile; the points of
            the steps before come first. Or None.

    Raises:
        Diverged: when a loss or its gradient is not finite.
    """
    size = model.size.image_size
    trained = [tensor for tensor in model.parameters() if tensor.requires_grad]
    optimizer = AdamW(trained, lr=config.optimizer.lr, weight_decay=config.optimizer.weight_decay)
    clip = math.inf if config.optimizer.clip is None else config.optimizer.clip
    weights = {"interactive": 1.0, "automatic": config.loss.automatic}
    every = config.validation.every or steps_of_a_pass(config, images=len(samples))
    keeper = Keeper(state, model, optimizer, device)
    course = keeper.resumed() or Course(Watch(config.optimizer.lr))
    yield from course.curve
    stream = batches(
        samples,
        seed=seed,
        batch_size=config.batch_size,
        window=config.crop or size,
        size=size,
        objects=config.prompts.objects,
        start=course.step,
        sampler=config.sampler,
        augmentation=config.augmentation,
    )
    model.train()
    while course.step < steps and not course.watch.ends(config.early_stopping):
        step, batch = course.step, next(stream)
        for group in optimizer.param_groups:
            group["lr"] = course.watch.lr * rate(step, total=total, schedule=config.schedule)
        adapters.draw_from(model, generator(seed, "dropout", step))

        values = {"loss": 0.0}
        for names in updates(model, config):
            with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=config.precision == "bf16"):
                parts = losses_of(names, model, batch, config, seed=seed, step=step, device=device)
                loss = torch.stack([weights[name] * part for name, part in parts.items()]).sum()

            if not math.isfinite(loss.item()):
                raise Diverged(f"the loss is {loss.item()} at step {step + 1} of {total}")
            optimizer.zero_grad(set_to_none=True)
            if loss.requires_grad:  # not for a batch without objects under a frozen encoder: nothing to learn
                loss.backward()
                norm = torch.nn.utils.clip_grad_norm_(trained, clip).item()
                if not math.isfinite(norm):
                    raise Diverged(f"the gradient's norm is {norm} at step {step + 1} of {total}")
                optimizer.step()
            values["loss"] += loss.item()
            values |= {name: part.item() for name, part in parts.items()}

        course.step += 1
        if validated(config) and (course.step % every == 0 or course.step == steps):
            seen = validation_loss(model, validation, config, device=device)
            if not math.isfinite(seen):
                raise Diverged(f"the validation loss is {seen} at step {course.step} of {total}")
            course.watch = course.watch.after(seen, step=course.step, schedule=config.schedule)
            if config.keep_weights == "best" and course.watch.best_step == course.step:
                course.keep(model)
            values["validation"] = seen
        course.curve.append(CurvePoint(course.step, values))
        keeper.keep(course)
        yield course.curve[-1]

    keeper.end(course)
    if course.best:
        adapters.load(model, course.best)
    return Ended(course.step, course.watch.best_step if course.best else course.step)


def updates(model: Sam, config: Config) -> tuple[tuple[str, ...], ...]:
    """The losses of each update of a step: all at once, or one after the other."""
    automatic = model.automatic_decoder is not None and config.automatic.enabled
    names = ("interactive", "automatic") if automatic else ("interactive",)
    return (names,) if config.optimizer.scheme == "one-step" else tuple((name,) for name in names)


def losses_of(
    names: Sequence[str], model: Sam, batch: Batch, config: Config, *, seed: int, step: int, device: str
) -> dict[str, Float[Tensor, ""]]:
    """Name -> loss of a batch, from one encoding of its images."""
    images = normalise(batch.images.to(device))
    embeddings = model.encode(images)  # batch c gh gw
    found: dict[str, Tensor] = {}
    if "interactive" in names:
        found["interactive"] = interactive_loss(
            model, embeddings, batch, config.prompts, seed=seed, step=step, iou_weight=config.loss.iou
        )
    if "automatic" in names:
        maps = model.maps(embeddings, images)  # batch 3 h w
        found["automatic"] = losses.distance_loss(maps.float(), batch.maps.to(device))
    return found
