"""The losses of joint training."""

import pytest
import torch

from tunebook.tasks.promptable_segmentation.losses import best_mask, dice_error, distance_loss, mask_loss, true_iou

BIG = 50.0


def _square(rows, columns, side=8):
    mask = torch.zeros(side, side)
    mask[rows, columns] = 1
    return mask


LEFT, RIGHT, TOP = _square(slice(8), slice(4)), _square(slice(8), slice(4, 8)), _square(slice(4), slice(8))


def _logits(mask):
    return (mask - 0.5) * 2 * BIG


def test_equal_masks_have_no_error():
    """The error is 0 for equal masks and 1 for disjoint ones."""
    assert dice_error(LEFT, LEFT).item() == pytest.approx(0, abs=1e-6)
    assert dice_error(LEFT, RIGHT).item() == pytest.approx(1, abs=1e-6)


def test_the_error_is_that_of_the_squared_dice_coefficient():
    """1 - 2 Σpt / (Σp² + Σt²), for soft masks."""
    p, t = torch.rand(2, 3, 5, 5, generator=torch.Generator().manual_seed(0)).unbind()

    expected = 1 - 2 * (p * t).sum(dim=(1, 2)) / ((p**2).sum(dim=(1, 2)) + (t**2).sum(dim=(1, 2)))

    assert torch.allclose(dice_error(p, t), expected)


def test_the_best_of_three_masks_counts():
    """Only the mask nearest to the object adds to the mask loss: the others may answer another question."""
    iou = torch.zeros(1, 3)
    logits = torch.stack([_logits(RIGHT), _logits(LEFT), _logits(TOP)])[None]

    loss = mask_loss(logits, true_iou(logits, LEFT[None]), LEFT[None])
    with_wrong_iou = mask_loss(logits, iou, LEFT[None])

    assert loss.item() == pytest.approx(0, abs=1e-5)
    assert with_wrong_iou.item() == pytest.approx((0 + 1 + (1 / 3) ** 2) / 3, abs=1e-5)


def test_the_gradient_reaches_the_best_mask_and_every_quality():
    """A worse mask gets no gradient; the predicted IoU of every mask does."""
    logits = torch.stack([LEFT * 2 - 1, RIGHT * 2 - 1])[None].requires_grad_()
    iou = torch.tensor([[0.2, 0.7]], requires_grad=True)

    mask_loss(logits, iou, LEFT[None]).sum().backward()

    assert logits.grad[0, 0].abs().sum() > 0
    assert logits.grad[0, 1].abs().sum() == 0
    assert (iou.grad != 0).all()


def test_the_iou_is_that_of_masks_cut_at_logit_zero():
    """Intersection over union of solid masks; without gradient."""
    logits = torch.stack([LEFT, TOP, RIGHT])[None].sub(0.5).requires_grad_()

    found = true_iou(logits, LEFT[None])

    assert found[0].tolist() == pytest.approx([1, 16 / 48, 0])
    assert not found.requires_grad


def test_the_iou_of_two_empty_masks_is_a_number():
    """Nothing predicted for nothing: 0, not 0 / 0."""
    assert true_iou(torch.full((1, 1, 4, 4), -1.0), torch.zeros(1, 4, 4)).item() == 0


def test_the_mask_with_the_highest_predicted_iou_is_best():
    """Per object, with its index; of equal ones the first."""
    logits = torch.arange(2 * 3 * 2 * 2, dtype=torch.float32).reshape(2, 3, 2, 2)

    best, index = best_mask(logits, torch.tensor([[0.1, 0.9, 0.3], [0.5, 0.2, 0.5]]))

    assert index.tolist() == [1, 0]
    assert torch.equal(best, torch.stack([logits[0, 1], logits[1, 0]]))


def _maps(foreground, centre, boundary):
    return torch.stack([foreground, centre, boundary])[None]


def test_perfect_maps_have_no_loss():
    """Three errors, each 0."""
    target = _maps(LEFT, TOP * LEFT, LEFT)

    assert distance_loss(target, target).item() == pytest.approx(0, abs=1e-5)


def test_distances_count_inside_objects_only():
    """What the distance maps say of the background does not matter; what the foreground map says does."""
    target = _maps(LEFT, LEFT * 0.5, LEFT * 0.7)
    disturbed = target + _maps(torch.zeros(8, 8), RIGHT, RIGHT)

    assert distance_loss(disturbed, target).item() == pytest.approx(0, abs=1e-5)
    assert distance_loss(target + _maps(RIGHT, RIGHT, RIGHT), target).item() > 0.1


def test_an_image_without_objects_counts_beside_others():
    """Foreground invented in an empty image raises the loss of the batch and gets a gradient."""
    target = torch.cat([_maps(LEFT, LEFT, LEFT), torch.ones(1, 3, 8, 8)])
    target[1, 0] = 0
    maps = torch.full((2, 3, 8, 8), 0.5, requires_grad=True)

    loss = distance_loss(maps, target)
    loss.backward()

    assert loss > distance_loss(torch.cat([maps[:1], maps[1:] * 0]), target)
    assert (maps.grad[1, 0] > 0).all()


def test_a_batch_without_objects_has_a_finite_loss_and_gradient():
    """No object at all is no division by zero."""
    target = torch.ones(1, 3, 8, 8)
    target[:, 0] = 0
    maps = torch.full((1, 3, 8, 8), 0.5, requires_grad=True)

    loss = distance_loss(maps, target)
    loss.backward()

    assert torch.isfinite(loss)
    assert torch.isfinite(maps.grad).all()
