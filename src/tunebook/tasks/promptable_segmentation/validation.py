"""The loss on the split val: the same windows, objects and prompts each time.

One round of prompts per image, of four kinds in turn: a point (three masks), a box, some points on and beside the
object, a box with such points (micro-sam, which draws windows and prompts anew each time). All draws are the same for
every run; what they give depends on crop, prompts.objects, sampler.min_size and the model's size alone. So losses of
runs that differ in one of these are means over other windows and objects, and are not to be compared.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from tunebook.tasks.promptable_segmentation import losses, prompts
from tunebook.tasks.promptable_segmentation.batches import Batch, Sample, batches
from tunebook.tasks.promptable_segmentation.config import Config, Sampler
from tunebook.tasks.promptable_segmentation.prompt_rounds import CANDIDATES, SINGLE, Truth
from tunebook.tasks.promptable_segmentation.sam.model import Sam, normalise
from tunebook.train.seeding import generator, numpy_generator

SEED = -1
"""What validation draws from: the seed of no replicate, for those are not negative."""
MOST = 4
"""Points on the object at most, and beside it."""
AUTOMATIC_SHARE = 1 / 3
"""Weight of the automatic loss, a sum of three Dice errors, beside the mask loss."""


def validation_loss(model: Sam, samples: Sequence[Sample], config: Config, *, device: str) -> float:
    """Mean over images of mask loss and a third of the automatic decoder's, by the run's weights; low is good.

    Images without objects count for the automatic loss alone. Leaves the model in training mode.

    Args:
        samples: The images of val; each gives one window.
    """
    size = model.size.image_size
    windows = batches(
        samples,
        seed=SEED,
        batch_size=1,
        window=config.crop or size,
        size=size,
        objects=config.prompts.objects,
        sampler=Sampler(min_size=config.sampler.min_size),
    )
    masks: list[float] = []
    automatic: list[float] = []
    model.eval()
    with torch.no_grad(), torch.autocast(torch.device(device).type, torch.bfloat16, enabled=config.precision == "bf16"):
        for index, batch in zip(range(len(samples)), windows, strict=False):
            images = normalise(batch.images.to(device))
            embeddings = model.encode(images)  # 1 c gh gw
            if len(batch.objects):
                masks.append(_mask_loss(model, embeddings, batch, index, iou_weight=config.loss.iou).item())
            if model.automatic_decoder is not None and config.automatic.enabled:
                maps = model.maps(embeddings, images)  # 1 3 h w
                automatic.append(losses.distance_loss(maps.float(), batch.maps.to(device)).item())
    model.train()
    return _mean(masks) + AUTOMATIC_SHARE * config.loss.automatic * _mean(automatic)


def _mask_loss(
    model: Sam, embeddings: Float[Tensor, "1 c gh gw"], batch: Batch, index: int, *, iou_weight: float
) -> Float[Tensor, ""]:
    """The mask loss of one image's objects after one prompt of its kind."""
    true = Truth.of(batch, side=model.size.mask_size, device=embeddings.device)
    kind = index % 4
    points, labels = _points(true, index, alone=kind == 0) if kind != 1 else (None, None)
    boxes = prompts.boxes(true.full) if kind in (1, 3) else None
    image_of = batch.image_of.to(embeddings.device)
    logits, iou = model.decode(embeddings, image_of=image_of, points=points, labels=labels, boxes=boxes)
    chosen = CANDIDATES if kind == 0 else SINGLE
    return losses.mask_loss(logits[:, chosen].float(), iou[:, chosen].float(), true.cells, iou_weight=iou_weight).mean()


def _points(true: Truth, index: int, *, alone: bool) -> tuple[Float[Tensor, "objects n 2"], Int[Tensor, "objects n"]]:
    """Random points, as many for every object of an image: 1 to 4 on it and 0 to 4 beside it, or one on it alone."""
    draws = generator(SEED, "prompts", index)
    if alone:
        points, _ = prompts.random_pixel(true.full, generator=draws)
        return points[:, None], torch.ones(len(points), 1, dtype=torch.long, device=points.device)
    counts = numpy_generator(SEED, "points", index)
    on, beside = int(counts.integers(1, MOST + 1)), int(counts.integers(0, MOST + 1))
    nothing = torch.zeros_like(true.solid)
    drawn = [prompts.corrections(nothing, true.solid, generator=draws) for _ in range(MOST)]
    clicks = [places[:, :1] for places, _ in drawn[:on]] + [places[:, 1:] for places, _ in drawn[:beside]]
    signs = [kinds[:, :1] for _, kinds in drawn[:on]] + [kinds[:, 1:] for _, kinds in drawn[:beside]]
    return true.in_input(torch.cat(clicks, dim=1)), torch.cat(signs, dim=1)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
