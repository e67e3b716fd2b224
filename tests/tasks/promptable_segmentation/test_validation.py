"""The loss on the split val."""

from pathlib import Path

import numpy as np
import pytest
import torch
from segmentation_examples import a_sample, configured, labelled, same_tensors, trained

from tunebook.tasks.promptable_segmentation import losses, validation
from tunebook.tasks.promptable_segmentation.sam import Sam
from tunebook.tasks.promptable_segmentation.starting import starting_model
from tunebook.tasks.promptable_segmentation.validation import validation_loss


@pytest.fixture(scope="module")
def images():
    """Five images, so that the kinds of prompts start again."""
    return [a_sample("phase", seed=seed) for seed in range(5)]


@pytest.fixture
def asked(monkeypatch):
    """What every call of the decoder is given."""
    found = []
    original = Sam.decode

    def decode(self, embeddings, **given):
        found.append({**given, "embeddings": embeddings})
        return original(self, embeddings, **given)

    monkeypatch.setattr(Sam, "decode", decode)
    return found


def loss(samples, changes=None, *, seed=0):
    config = configured(changes)
    return validation_loss(starting_model(config, book=Path(), seed=seed), samples, config, device="cpu")


def test_the_four_kinds_of_prompts_take_turns(images, asked):
    """A point, a box, points on and beside the object, a box with such points; one round each."""
    loss(images)

    kinds = [(call["points"] is not None, call["boxes"] is not None) for call in asked]
    assert kinds == [(True, False), (False, True), (True, False), (True, True), (True, False)]
    assert [asked[place]["labels"].shape[1] for place in (0, 4)] == [1, 1]
    for call in (asked[2], asked[3]):
        assert 1 <= (call["labels"][0] == 1).sum() <= 4
        assert 0 <= (call["labels"][0] != 1).sum() <= 4
        assert len({tuple(row) for row in call["labels"].tolist()}) == 1
    assert all(call.get("masks") is None for call in asked)


def test_points_lie_where_their_labels_say(images, asked, monkeypatch):
    """Positive ones in a cell of their object, negative ones in none."""
    truths = []
    original = validation.Truth.of.__func__

    def of(cls, batch, **more):
        truths.append(original(cls, batch, **more))
        return truths[-1]

    monkeypatch.setattr(validation.Truth, "of", classmethod(of))
    loss(images)

    for call, true in zip(asked, truths, strict=True):
        if call["points"] is None:
            continue
        for points, labels, mask in zip(call["points"], call["labels"], true.solid, strict=True):
            cells = (points / 2).long()
            inside = mask[cells[:, 1], cells[:, 0]]
            assert inside[labels == 1].all()
            assert not inside[labels == 0].any()


def test_every_validation_of_every_run_sees_the_same(images, asked):
    """Whatever the run's seed, its weights, its training prompts or its batch: same windows, objects and prompts."""
    loss(images)
    first, asked[:] = list(asked), []
    changes = {"prompts.rounds": 3, "prompts.start": "box", "prompts.box_jitter": 0.5, "batch_size": 3}
    loss(images, {**changes, "adapter.method": "lora", "optimizer.lr": 0.1}, seed=1)

    assert len(first) == len(asked) == 5
    for one, other in zip(first, asked, strict=True):
        assert not torch.equal(one["embeddings"], other["embeddings"])
        for name in ("points", "labels", "boxes", "image_of"):
            assert one[name] is other[name] is None or torch.equal(one[name], other[name])


def test_objects_that_are_not_trained_on_are_not_asked_for(asked):
    """What is background in training because it is small is background here."""
    label = np.zeros((128, 128), int)
    label[10:60, 10:60], label[100:104, 100:104] = 1, 2

    loss([labelled(label)], {"prompts.objects": 9})
    loss([labelled(label)], {"prompts.objects": 9, "sampler.min_size": 17})

    assert [len(call["image_of"]) for call in asked] == [2, 1]


def test_the_same_model_has_the_same_loss(images):
    """To the bit, as often as it is asked, also after it was trained in between and put back."""
    config = configured({"adapter.method": "lora"})
    model = starting_model(config, book=Path(), seed=0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    first = validation_loss(model, images, config, device="cpu")
    second = validation_loss(model, images, config, device="cpu")

    assert first == second
    assert same_tensors(before, dict(model.state_dict()))
    assert model.training
    assert not any(tensor.grad is not None for tensor in model.parameters())


def test_nothing_is_dropped_in_validation(images):
    """Dropout belongs to training."""
    plain = loss(images[:1], {"adapter.method": "lora"})

    assert loss(images[:1], {"adapter.method": "lora", "adapter.dropout": 0.9}) == plain


def test_a_third_of_the_automatic_loss_counts(images, monkeypatch):
    """Mask loss + automatic / 3, by the run's weights; without a decoder the mask loss alone."""
    monkeypatch.setattr(losses, "mask_loss", lambda *_, iou_weight, **__: torch.tensor([0.5 + iou_weight]))
    monkeypatch.setattr(losses, "distance_loss", lambda *_: torch.tensor(0.6))

    assert loss(images[:2]) == pytest.approx(1.5 + 0.2)
    assert loss(images[:2], {"automatic.enabled": False}) == pytest.approx(1.5)
    assert loss(images[:2], {"loss.automatic": 2, "loss.iou": 0}) == pytest.approx(0.5 + 0.4)


def test_images_without_objects_count_for_the_maps_alone(images):
    """The mask loss is the mean over images that have objects."""
    empty = labelled(np.zeros((128, 128), int))
    quiet = {"automatic.enabled": False}

    assert loss([empty], quiet) == 0
    assert loss([empty]) > 0


def test_the_loss_falls_when_the_model_learns():
    """On the image that it is trained on."""
    label = np.zeros((128, 128), int)
    label[30:90, 40:100] = 1
    one = labelled(label * 200)
    config = configured({"optimizer.lr": 3e-3, "budget.steps": 12, "keep_weights": "best", "validation.every": 6})

    _, curve = trained(config, [one], validation=[one])

    first, second = (curve[step - 1].values["validation"] for step in (6, 12))
    assert second < first < loss([one])
