"""The training loop: iterative prompts and the automatic decoder, one optimizer step on the summed losses."""

import math
from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional
from torch.optim import AdamW

from tunebook.errors import Diverged
from tunebook.records import CurvePoint
from tunebook.tasks.promptable_segmentation import losses, prompts
from tunebook.tasks.promptable_segmentation.batches import Batch, Sample, batches
from tunebook.tasks.promptable_segmentation.config import Config, Prompts, Schedule
from tunebook.tasks.promptable_segmentation.sam.model import Sam, normalise
from tunebook.train.seeding import generator


def train(
    model: Sam, samples: Sequence[Sample], config: Config, *, seed: int, steps: int, device: str
) -> Iterator[CurvePoint]:
    """Train the tensors of `model` that require gradients, in place; yield the losses of every step.

    Args:
        samples: The training images.
        seed: Decides data order, windows, flips, objects and prompts; nothing else does.
        steps: Train from 0 to here; the schedule is laid out for `config.budget.steps`.

    Raises:
        Diverged: when a loss or its gradient is not finite.
    """
    size = model.size.image_size
    trained = [tensor for tensor in model.parameters() if tensor.requires_grad]
    optimizer = AdamW(trained, lr=config.optimizer.lr, weight_decay=config.optimizer.weight_decay)
    stream = batches(
        samples,
        seed=seed,
        batch_size=config.batch_size,
        window=config.crop or size,
        size=size,
        objects=config.prompts.objects,
    )
    model.train()
    for step in range(steps):
        batch = next(stream)
        for group in optimizer.param_groups:
            group["lr"] = config.optimizer.lr * rate(step, total=config.budget.steps, schedule=config.schedule)

        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=config.precision == "bf16"):
            images = normalise(batch.images.to(device))
            embeddings = model.encode(images)  # batch c gh gw
            parts = {"interactive": interactive_loss(model, embeddings, batch, config.prompts, seed=seed, step=step)}
            if model.automatic_decoder is not None and config.automatic.enabled:
                maps = model.maps(embeddings, images)  # batch 3 h w
                parts["automatic"] = losses.distance_loss(maps.float(), batch.maps.to(device))
            loss = torch.stack(list(parts.values())).sum()

        if not math.isfinite(loss.item()):
            raise Diverged(f"the loss is {loss.item()} at step {step + 1} of {config.budget.steps}")
        optimizer.zero_grad(set_to_none=True)
        if loss.requires_grad:  # not for a batch without objects under a frozen encoder without maps: nothing to learn
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(trained, config.optimizer.clip).item()
            if not math.isfinite(norm):
                raise Diverged(f"the gradient's norm is {norm} at step {step + 1} of {config.budget.steps}")
            optimizer.step()
        yield CurvePoint(step + 1, {"loss": loss.item(), **{name: part.item() for name, part in parts.items()}})


def rate(step: int, *, total: int, schedule: Schedule) -> float:
    """The learning rate of a step (from 0) as a fraction of its peak: linear warm-up, then cosine or constant."""
    warm = round(schedule.warmup * total)
    if step < warm:
        return (step + 1) / warm
    if schedule.name == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))


def interactive_loss(
    model: Sam, embeddings: Float[Tensor, "batch c gh gw"], batch: Batch, how: Prompts, *, seed: int, step: int
) -> Float[Tensor, ""]:
    """Mean over prompt rounds and objects of the mask loss.

    Even steps start from a random point of each object and three masks, odd ones from a box and one mask.
    Every further round adds a positive and a negative click where the mask is wrong and, by chance, the last
    mask. Masks are compared at the decoder's resolution with the area-averaged truth. A batch without
    objects has loss 0.
    """
    device = embeddings.device
    if not len(batch.objects):
        return embeddings.sum() * 0.0
    full = batch.objects.to(device)
    side = model.size.mask_size
    stride = full.shape[-1] / side
    true = functional.adaptive_avg_pool2d(full.float(), (side, side))  # objects h/s w/s
    solid = losses.solid(true)
    draws = generator(seed, "prompts", step)

    points, labels, boxes = None, None, None
    if step % 2 == 0:
        first, _ = prompts.random_pixel(full, generator=draws)
        points, labels = first[:, None], torch.ones(len(full), 1, dtype=torch.long, device=device)
    else:
        boxes = prompts.jittered(prompts.boxes(full), fraction=how.box_jitter, size=full.shape[-1], generator=draws)

    total = embeddings.new_zeros(())
    previous, use_mask = None, None
    for turn in range(how.rounds):
        logits, iou = model.decode(
            embeddings,
            image_of=batch.image_of.to(device),
            points=points,
            labels=labels,
            boxes=boxes,
            masks=previous,
            has_mask=use_mask,
        )  # objects 4 side side, objects 4
        chosen = slice(1, 4) if turn == 0 and boxes is None else slice(0, 1)
        logits, iou = logits[:, chosen].float(), iou[:, chosen].float()
        total = total + losses.mask_loss(logits, iou, true).mean()
        if turn + 1 == how.rounds:
            break

        # Correct the best mask, and show it by chance.
        best, _ = losses.best_mask(logits.detach(), iou.detach())
        clicks, signs = prompts.corrections(best > 0, solid, generator=draws)
        clicks = (clicks + 0.5) * stride - 0.5
        points = clicks if points is None else torch.cat([points, clicks], dim=1)
        labels = signs if labels is None else torch.cat([labels, signs], dim=1)
        previous = best[:, None]
        use_mask = torch.rand(len(full), generator=draws).to(device) < how.mask_probability
    return total / how.rounds
