"""What training minimises, of logits and masks of the tiles of a batch; always in single precision."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from tunebook.tasks.binary_segmentation.config import Loss

Logits = Float[Tensor, "n h w"]
Masks = Float[Tensor, "n h w"] | Bool[Tensor, "n h w"]


def loss(config: Loss) -> Callable[[Logits, Masks], Float[Tensor, ""]]:
    """The loss that a configuration asks for: of logits and masks (1 = foreground) of a batch -> one number."""
    return {"bce-dice": _bce_dice, "tversky": _tversky, "focal": _focal}[config.kind](config)


def bce(logits: Logits, masks: Masks, *, pos_weight: float) -> Float[Tensor, ""]:
    """Cross-entropy, averaged over pixels; those of the foreground weigh `pos_weight`."""
    weight = torch.tensor(pos_weight, device=logits.device)
    return F.binary_cross_entropy_with_logits(logits.float(), masks.float(), pos_weight=weight)


def dice(logits: Logits, masks: Masks, *, smooth: float, per_image: bool) -> Float[Tensor, ""]:
    """1 - (2·I + s) / (P + T + s): I, P, T are sums of p·t, p and t over a tile, or over the batch.

    Args:
        smooth: s.
        per_image: Whether of each tile, then averaged.
    """
    shares, true = logits.float().sigmoid(), masks.float()
    both, said, is_ = (_sums(each, per_image=per_image) for each in (shares * true, shares, true))
    return (1 - (2 * both + smooth) / (said + is_ + smooth)).mean()


def tversky(
    logits: Logits, masks: Masks, *, alpha: float, beta: float, smooth: float, per_image: bool
) -> Float[Tensor, ""]:
    """1 - (I + s) / (I + alpha·FP + beta·FN + s), FP and FN being sums of p·(1 - t) and (1 - p)·t.

    Salehi et al. 2017, equation 3; with alpha = beta = 1/2 it is `dice` with a smoothing of 2 s.
    """
    shares, true = logits.float().sigmoid(), masks.float()
    parts = (shares * true, shares * (1 - true), (1 - shares) * true)
    both, false, missed = (_sums(each, per_image=per_image) for each in parts)
    return (1 - (both + smooth) / (both + alpha * false + beta * missed + smooth)).mean()


def focal(logits: Logits, masks: Masks, *, gamma: float, alpha: float | None) -> Float[Tensor, ""]:
    """-a·(1 - q)^gamma·log q, averaged over pixels; q is the probability of what is true (Lin et al. 2017, equation 5).

    Args:
        gamma: Focusing.
        alpha: a of foreground, 1 - a of background; None: 1 of both.
    """
    true = masks.float()
    towards = logits.float() * (2 * true - 1)  # logit of q
    # By logarithms: a power of 1 - q has no gradient where 1 - q is 0.
    values = -torch.exp(gamma * F.logsigmoid(-towards)) * F.logsigmoid(towards)
    if alpha is not None:
        values = values * (alpha * true + (1 - alpha) * (1 - true))
    return values.mean()


def _bce_dice(config: Loss) -> Callable[[Logits, Masks], Float[Tensor, ""]]:
    weight, per_image = config.bce_weight, config.per == "image"

    def value(logits: Logits, masks: Masks) -> Float[Tensor, ""]:
        if weight == 1:
            return bce(logits, masks, pos_weight=config.pos_weight)
        overlap = dice(logits, masks, smooth=config.dice_smooth, per_image=per_image)
        if weight == 0:
            return overlap
        return weight * bce(logits, masks, pos_weight=config.pos_weight) + (1 - weight) * overlap

    return value


def _tversky(config: Loss) -> Callable[[Logits, Masks], Float[Tensor, ""]]:
    return lambda logits, masks: tversky(
        logits,
        masks,
        alpha=config.tversky_alpha,
        beta=config.tversky_beta,
        smooth=config.dice_smooth,
        per_image=config.per == "image",
    )


def _focal(config: Loss) -> Callable[[Logits, Masks], Float[Tensor, ""]]:
    return lambda logits, masks: focal(logits, masks, gamma=config.focal_gamma, alpha=config.focal_alpha)


def _sums(values: Float[Tensor, "n h w"], *, per_image: bool) -> Tensor:
    return values.sum(dim=(1, 2)) if per_image else values.sum()
