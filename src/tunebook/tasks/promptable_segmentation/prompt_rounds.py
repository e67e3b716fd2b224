"""The interactive loss: a simulated user starts with a point or a box, and corrects round by round."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from tunebook.tasks.promptable_segmentation import losses, prompts
from tunebook.tasks.promptable_segmentation.batches import Batch
from tunebook.tasks.promptable_segmentation.config import Prompts
from tunebook.tasks.promptable_segmentation.sam.model import Sam
from tunebook.train.seeding import generator

CANDIDATES = slice(1, 4)
"""The decoder's masks for a single point."""
SINGLE = slice(0, 1)
"""Its mask for a prompt that says more."""


@dataclass(frozen=True)
class Truth:
    """A batch's objects as prompts and losses see them."""

    full: Bool[Tensor, "objects h w"]
    """At the model's input size."""
    cells: Float[Tensor, "objects side side"]
    """Averaged over each cell of the decoder's masks."""
    solid: Bool[Tensor, "objects side side"]
    """The cells that belong to an object."""

    @classmethod
    def of(cls, batch: Batch, *, side: int, device: torch.device) -> "Truth":
        """Of a batch with objects, for masks of `side` cells."""
        full = batch.objects.to(device)
        cells = functional.adaptive_avg_pool2d(full.float(), (side, side))
        return cls(full, cells, losses.solid(cells))

    def in_input(self, clicks: Float[Tensor, "objects n 2"]) -> Float[Tensor, "objects n 2"]:
        """Clicks on cells as places in the model's input: the middle of the cell's pixels."""
        stride = self.full.shape[-1] / self.cells.shape[-1]
        return (clicks + 0.5) * stride - 0.5


def interactive_loss(
    model: Sam,
    embeddings: Float[Tensor, "batch c gh gw"],
    batch: Batch,
    how: Prompts,
    *,
    seed: int,
    step: int,
    iou_weight: float = 1.0,
) -> Float[Tensor, ""]:
    """Mean over prompt rounds and objects of the mask loss.

    A start from a random point of the object asks for three masks, one from a box for one. Every further round adds a
    positive and a negative click where the mask is wrong and, by chance, the last mask. Masks are compared at the
    decoder's resolution with the area-averaged truth. A batch without objects has loss 0.
    """
    device = embeddings.device
    if not len(batch.objects):
        return embeddings.sum() * 0.0
    true = Truth.of(batch, side=model.size.mask_size, device=device)
    draws = generator(seed, "prompts", step)

    points, labels, boxes = None, None, None
    if how.start == "point" or (how.start == "alternate" and step % 2 == 0):
        first, _ = prompts.random_pixel(true.full, generator=draws)
        points, labels = first[:, None], torch.ones(len(first), 1, dtype=torch.long, device=device)
    else:
        tight, size = prompts.boxes(true.full), true.full.shape[-1]
        boxes = prompts.jittered(tight, fraction=how.box_jitter, size=size, generator=draws)

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
        chosen = CANDIDATES if turn == 0 and boxes is None else SINGLE
        logits, iou = logits[:, chosen].float(), iou[:, chosen].float()
        total = total + losses.mask_loss(logits, iou, true.cells, iou_weight=iou_weight).mean()
        if turn + 1 == how.rounds:
            break

        # Correct the best mask, and show it by chance.
        best, _ = losses.best_mask(logits.detach(), iou.detach())
        clicks, signs = prompts.corrections(best > 0, true.solid, margin=how.margin, generator=draws)
        clicks = true.in_input(clicks)
        points = clicks if points is None else torch.cat([points, clicks], dim=1)
        labels = signs if labels is None else torch.cat([labels, signs], dim=1)
        previous = best[:, None]
        use_mask = torch.rand(len(best), generator=draws).to(device) < how.mask_probability
    return total / how.rounds
