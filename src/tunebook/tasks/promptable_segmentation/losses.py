"""The losses of joint training (micro-sam's recipe; Archit et al. 2025)."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

EPSILON = 1e-7


def dice_error(pred: Float[Tensor, "*batch h w"], true: Float[Tensor, "*batch h w"]) -> Float[Tensor, "*batch"]:
    """1 − 2·Σpt / (Σp² + Σt²): 0 when equal, 1 when disjoint; `pred` in 0..1."""
    both = (pred * true).sum(dim=(-2, -1))
    size = pred.square().sum(dim=(-2, -1)) + true.square().sum(dim=(-2, -1))
    return 1 - 2 * both / size.clamp(min=EPSILON)


def mask_loss(
    logits: Float[Tensor, "objects masks h w"],
    iou: Float[Tensor, "objects masks"],
    true: Float[Tensor, "objects h w"],
    *,
    iou_weight: float = 1.0,
) -> Float[Tensor, " objects"]:
    """Dice error of the best mask, plus the weighted squared error of every predicted IoU, per object."""
    target = true[:, None].expand_as(logits)
    error = dice_error(logits.sigmoid(), target)
    return error.min(dim=1).values + iou_weight * (iou - true_iou(logits, true)).square().mean(dim=1)


def true_iou(
    logits: Float[Tensor, "objects masks h w"], true: Float[Tensor, "objects h w"]
) -> Float[Tensor, "objects masks"]:
    """IoU of masks cut at logit 0 with the `solid` truth; no gradient."""
    with torch.no_grad():
        pred, inside = logits > 0, solid(true)[:, None]
        both = (pred & inside).sum(dim=(-2, -1))
        either = (pred | inside).sum(dim=(-2, -1))
        return both / either.clamp(min=1)


def solid(true: Float[Tensor, "objects h w"]) -> Bool[Tensor, "objects h w"]:
    """Area-averaged truth cut at one half; an object too thin to fill half a cell keeps its fullest ones."""
    fullest = true.flatten(1).max(dim=1).values[:, None, None]
    return (true > 0) & (true >= fullest.clamp(max=0.5))


def distance_loss(maps: Float[Tensor, "batch 3 h w"], target: Float[Tensor, "batch 3 h w"]) -> Float[Tensor, ""]:
    """Dice errors of foreground, centre distance and boundary distance, the distances inside objects only.

    Sums run over the whole batch, so an image without objects still says where nothing is.
    """
    inside = target[:, :1]
    pred = torch.cat([maps[:, :1], maps[:, 1:] * inside], dim=1)
    true = torch.cat([target[:, :1], target[:, 1:] * inside], dim=1)
    both = (pred * true).sum(dim=(0, 2, 3))
    size = pred.square().sum(dim=(0, 2, 3)) + true.square().sum(dim=(0, 2, 3))
    return (1 - 2 * both / size.clamp(min=EPSILON)).sum()


def best_mask(
    logits: Float[Tensor, "objects masks h w"], iou: Float[Tensor, "objects masks"]
) -> tuple[Float[Tensor, "objects h w"], Int[Tensor, " objects"]]:
    """The mask of highest predicted IoU of each object, and its index."""
    index = iou.argmax(dim=1)
    return logits[torch.arange(len(logits), device=logits.device), index], index
