"""Losses of masks are those of the papers, also of half-precision logits and of tiles without foreground."""

import pytest
import torch
import torch.nn.functional as F
from monai.losses import DiceLoss, TverskyLoss

from tunebook.tasks.binary_segmentation import losses
from tunebook.tasks.binary_segmentation.config import Loss


def batch(seed=0, n=3):
    """Logits and masks of a few tiles, one without foreground."""
    source = torch.Generator().manual_seed(seed)
    masks = torch.rand(n, 6, 7, generator=source) < 0.3
    masks[-1] = False
    return 3 * torch.randn(n, 6, 7, generator=source, dtype=torch.float32), masks


def by_hand(logits, masks, *, weight, pos_weight, smooth, per):
    """bce-dice as its formula says it, in double precision."""
    p, t = logits.double().sigmoid(), masks.double()
    bce = -(pos_weight * t * p.log() + (1 - t) * (1 - p).log()).mean()
    dims = (1, 2) if per == "image" else (0, 1, 2)
    dice = 1 - (2 * (p * t).sum(dims) + smooth) / (p.sum(dims) + t.sum(dims) + smooth)
    return weight * bce + (1 - weight) * dice.mean()


@pytest.mark.parametrize("per", ["image", "batch"])
@pytest.mark.parametrize("weight", [0, 0.3, 1])
@pytest.mark.parametrize(("pos_weight", "smooth"), [(1, 1), (20, 1e-4)])
def test_cross_entropy_and_dice_are_weighted(per: str, weight: float, pos_weight: float, smooth: float):
    """w · BCE + (1 - w) · Dice, with 1 - (2·I + s) / (P + T + s) of each tile, or of all."""
    config = Loss(bce_weight=weight, pos_weight=pos_weight, dice_smooth=smooth, per=per)
    logits, masks = batch()
    found = losses.loss(config)(logits, masks)
    expected = by_hand(logits, masks, weight=weight, pos_weight=pos_weight, smooth=smooth, per=per)

    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_cross_entropy_is_torch_s():
    """With the weight of foreground pixels."""
    logits, masks = batch()
    expected = F.binary_cross_entropy_with_logits(logits, masks.float(), pos_weight=torch.tensor(7.0))

    assert torch.equal(losses.bce(logits, masks, pos_weight=7), expected)


@pytest.mark.parametrize("per_image", [True, False])
def test_dice_and_tversky_are_monai_s(per_image: bool):
    """Per tile and per batch, with the same smoothing above and below."""
    logits, masks = batch()
    pair = logits[:, None], masks[:, None].float()
    how = {"sigmoid": True, "batch": not per_image, "smooth_nr": 0.5, "smooth_dr": 0.5}

    assert losses.dice(logits, masks, smooth=0.5, per_image=per_image).item() == pytest.approx(
        DiceLoss(**how)(*pair).item(), rel=1e-5
    )
    assert losses.tversky(logits, masks, alpha=0.3, beta=0.7, smooth=0.5, per_image=per_image).item() == pytest.approx(
        TverskyLoss(alpha=0.3, beta=0.7, **how)(*pair).item(), rel=1e-5
    )


def test_even_tversky_is_dice():
    """With half a weight on both kinds of errors, and half the smoothing."""
    logits, masks = batch()
    found = losses.tversky(logits, masks, alpha=0.5, beta=0.5, smooth=1, per_image=True)

    assert found.item() == pytest.approx(losses.dice(logits, masks, smooth=2, per_image=True).item(), rel=1e-6)


def test_tversky_weighs_what_is_missed():
    """beta is of false negatives: where it is larger, missing everything costs more than inventing."""
    masks = torch.zeros(1, 4, 4, dtype=torch.bool)
    masks[:, :2] = True
    missing, inventing = torch.full((1, 4, 4), -9.0), torch.full((1, 4, 4), 9.0)

    def cost(logits):
        return losses.tversky(logits, masks, alpha=0.1, beta=0.9, smooth=1, per_image=True)

    assert cost(missing) > cost(inventing)


@pytest.mark.parametrize("alpha", [None, 0.25])
@pytest.mark.parametrize("gamma", [0, 0.5, 2])
def test_the_focal_loss_is_that_of_the_paper(alpha: float | None, gamma: float):
    """Lin et al. 2017, equation 5, in double precision."""
    logits, masks = batch()
    p = logits.double().sigmoid()
    q = torch.where(masks, p, 1 - p)
    weight = 1.0 if alpha is None else torch.where(masks, alpha, 1 - alpha)
    expected = (-weight * (1 - q) ** gamma * q.log()).mean()
    found = losses.loss(Loss(kind="focal", focal_gamma=gamma, focal_alpha=alpha))(logits, masks)

    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_without_focusing_it_is_cross_entropy():
    """gamma 0 and no alpha."""
    logits, masks = batch()

    assert losses.focal(logits, masks, gamma=0, alpha=None).item() == pytest.approx(
        losses.bce(logits, masks, pos_weight=1).item(), rel=1e-6
    )


ALL = [
    Loss(),
    Loss(bce_weight=0, per="image"),
    Loss(kind="tversky"),
    Loss(kind="focal"),
    Loss(kind="focal", focal_gamma=0.5),
]


@pytest.mark.parametrize("config", ALL, ids=lambda config: f"{config.kind} {config.bce_weight} {config.focal_gamma}")
@pytest.mark.parametrize("scale", [1, 1e4])
def test_sure_logits_leave_loss_and_gradient_finite(config: Loss, scale: float):
    """Right or wrong by far: nothing is infinite, nothing is no number."""
    logits, masks = batch()
    leaf = (scale * logits).requires_grad_()
    value = losses.loss(config)(leaf, masks)
    value.backward()

    assert value.isfinite()
    assert leaf.grad.isfinite().all()


@pytest.mark.parametrize("config", ALL, ids=lambda config: f"{config.kind} {config.bce_weight} {config.focal_gamma}")
def test_half_precision_logits_are_summed_in_single_precision(config: Loss):
    """Also under autocast: a sum of many pixels would stand still in bf16."""
    masks = torch.zeros(2, 128, 128, dtype=torch.bool)
    logits = torch.full((2, 128, 128), -4.0, dtype=torch.bfloat16)
    expected = losses.loss(config)(logits.float(), masks)
    with torch.autocast("cpu", torch.bfloat16):
        found = losses.loss(config)(logits, masks)

    assert found.dtype == torch.float32
    assert torch.equal(found, expected)


@pytest.mark.parametrize(("smooth", "least"), [(1, 0.9), (1e-4, 0)])
def test_only_a_smooth_dice_punishes_what_is_invented_on_an_empty_tile(smooth: float, least: float):
    """The fact for which `dice_smooth` is a parameter: at 1e-4 the gradient is next to nothing."""
    logits = torch.zeros(1, 8, 8, requires_grad=True)
    losses.dice(logits, torch.zeros(1, 8, 8, dtype=torch.bool), smooth=smooth, per_image=True).backward()
    push = logits.grad.sum().item()

    assert push > 0
    assert (push > 0.01) == (least > 0)
