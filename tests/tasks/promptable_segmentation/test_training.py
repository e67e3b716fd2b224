"""The training loop."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from segmentation_examples import a_sample, configured, labelled, same_tensors, trained
from torch.optim import AdamW

from tunebook.errors import Diverged
from tunebook.tasks.promptable_segmentation import training
from tunebook.tasks.promptable_segmentation.batches import Batch, batches
from tunebook.tasks.promptable_segmentation.config import Prompts, Schedule
from tunebook.tasks.promptable_segmentation.prompt_rounds import interactive_loss
from tunebook.tasks.promptable_segmentation.prompts import boxes
from tunebook.tasks.promptable_segmentation.sam import SIZES, Sam
from tunebook.tasks.promptable_segmentation.schedule import rate
from tunebook.tasks.promptable_segmentation.starting import starting_model
from tunebook.tasks.promptable_segmentation.training import Ended, train
from tunebook.train import adapters
from tunebook.train.seeding import deterministic

METHODS = ("lora", "frozen", "full", "fact", "adaptformer")
DROPPING = {method: {"adapter.dropout": 0.3} for method in ("fact", "adaptformer")}
STEPS = 2


@pytest.fixture(scope="module")
def samples():
    return [a_sample("phase", seed=0), a_sample("tissue", seed=1)]


@pytest.fixture(scope="module")
def by_method(samples):
    """Method -> (start, trained model, curve, prompts that the decoder was given)."""
    found = {}
    for method in METHODS:
        config = configured({"adapter.method": method, "budget.steps": STEPS, **DROPPING.get(method, {})})
        start = dict(starting_model(config, book=Path(), seed=0).state_dict())
        with _recorded() as asked:
            found[method] = (start, *trained(config, samples), asked)
    return found


@contextmanager
def _recorded() -> Iterator[list[Mapping[str, Any]]]:
    """What every call of the decoder is given meanwhile."""
    asked: list[Mapping[str, Any]] = []
    original = Sam.decode

    def decode(self, embeddings, **given):
        asked.append(given)
        return original(self, embeddings, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sam, "decode", decode)
        yield asked


def _encoder(tensors):
    """The tensors of the image encoder that its base has."""
    added = (".attn.qkv.a.", ".attn.qkv.b.")
    return {
        name.replace(".qkv.base.", ".qkv."): tensor
        for name, tensor in tensors.items()
        if name.startswith("vision_encoder.") and not any(part in name for part in added)
    }


# Repeating --------------------------------------------------------------------------------------------


def test_the_same_run_twice_is_the_same_in_every_bit(samples, by_method):
    """Losses and all trained tensors repeat exactly."""
    _, first, curve, _ = by_method["lora"]

    again, curve_again = trained(configured({"adapter.method": "lora"}), samples)

    assert curve == curve_again
    assert same_tensors(adapters.trainable(first), adapters.trainable(again))


def test_another_seed_trains_another_model(samples, by_method):
    """From the same start, other data order and prompts, the same for every method."""
    _, first, curve, before = by_method["lora"]
    with _recorded() as asked:
        model, other = trained(configured({"adapter.method": "lora"}), samples, seed=1)
    with _recorded() as again:
        trained(configured({"adapter.method": "adaptformer", **DROPPING["adaptformer"]}), samples, seed=1)

    assert other[0] != curve[0]
    assert not same_tensors(adapters.trainable(first), adapters.trainable(model))
    assert torch.equal(asked[0]["points"], again[0]["points"])
    assert torch.equal(asked[2]["boxes"], again[2]["boxes"])
    assert not torch.equal(asked[0]["points"], before[0]["points"])
    assert not torch.equal(asked[2]["boxes"], before[2]["boxes"])


def test_training_does_not_depend_on_the_process_wide_generators(samples, by_method):
    """Whatever else drew numbers before, the run is the same."""
    state = torch.get_rng_state()
    torch.manual_seed(99)

    _, curve = trained(configured({"adapter.method": "frozen"}), samples)
    after = torch.get_rng_state()
    torch.set_rng_state(state)

    assert curve == by_method["frozen"][2]
    assert torch.equal(after, torch.Generator().manual_seed(99).get_state())


def test_golden_losses(by_method):
    """What is trained is fixed: a change of these numbers is another training version of the task."""
    _, _, (first, second), _ = by_method["full"]

    assert first.values == pytest.approx({"loss": 1.817, "interactive": 0.9987, "automatic": 0.8184}, rel=1e-3)
    assert second.values == pytest.approx({"loss": 1.531, "interactive": 0.7399, "automatic": 0.7914}, rel=1e-2)


# Methods ----------------------------------------------------------------------------------------------


def test_methods_start_from_the_same_model(by_method):
    """Every update starts at zero, dropout or not, so the first loss of every method is the same in every bit."""
    first, second = ([found[2][step].values for found in by_method.values()] for step in (0, 1))

    assert all(values == first[0] for values in first)
    assert len({str(values) for values in second}) == len(METHODS)


def test_every_method_sees_the_same_prompts(by_method):
    """Start prompts and the chance of a mask prompt are drawn alike, however the models' masks differ."""
    asked = [by_method[method][3] for method in METHODS]

    assert {len(calls) for calls in asked} == {2 * STEPS}
    for calls in zip(*asked, strict=True):
        assert len({str(call["image_of"].tolist()) for call in calls}) == 1
        assert len({str(call["has_mask"]) for call in calls}) == 1
        assert len({str(None if call["boxes"] is None else call["boxes"].tolist()) for call in calls}) == 1
    assert all(torch.equal(calls[0]["points"], asked[0][0]["points"]) for calls in asked)
    assert not torch.equal(asked[0][3]["masks"], asked[1][3]["masks"])


@pytest.mark.parametrize("method", ["lora", "frozen"])
def test_the_encoder_is_left_alone(by_method, method):
    """Under lora and frozen the base tensors of the image encoder do not change."""
    start, model, _, _ = by_method[method]

    assert same_tensors(_encoder(start), _encoder(model.state_dict()))


def test_full_trains_the_encoder(by_method):
    """Under full every tensor of the image encoder changes."""
    start, model, _, _ = by_method["full"]
    before, after = _encoder(start), _encoder(model.state_dict())

    assert not [name for name in before if torch.equal(before[name], after[name])]


@pytest.mark.parametrize("method", METHODS)
def test_decoders_are_trained_by_every_method(by_method, method):
    """Mask decoder, prompt encoder and the automatic decoder change; the random projection never does."""
    start, model, _, _ = by_method[method]
    same = {name for name, tensor in model.state_dict().items() if name in start and torch.equal(tensor, start[name])}
    decoders = {name for name in start if name.startswith(("mask_decoder.", "automatic_decoder."))}

    assert not {name for name in decoders & same if "weight" in name}
    assert "prompt_encoder.point_embed.1.weight" not in same
    assert "shared_image_embedding.positional_embedding" in same


def test_nothing_is_trainable_under_none():
    """Zero-shot: no tensor asks for a gradient."""
    model = starting_model(configured({"adapter.method": "none"}), book=Path(), seed=0)

    assert adapters.trainable(model) == {}


# Prompts ----------------------------------------------------------------------------------------------


def test_points_and_boxes_take_turns(by_method):
    """Even steps start from one positive point per object, odd ones from a box; corrections add two clicks."""
    first, second, third, fourth = by_method["full"][3]

    assert first["boxes"] is None
    assert first["points"].shape[1] == 1
    assert first["labels"].tolist() == [[1]] * len(first["points"])
    assert second["points"].shape[1] == 3
    assert torch.equal(second["points"][:, :1], first["points"])
    assert third["points"] is None
    assert fourth["points"].shape[1] == 2
    assert torch.equal(fourth["boxes"], third["boxes"])


def _asked(samples, changes, steps=1):
    with _recorded() as asked:
        trained(configured(changes), samples, steps=steps)
    return asked


def test_a_mask_is_shown_with_the_given_chance(samples):
    """Never with probability 0, always with 1, and none in the first round."""
    never = _asked(samples, {"prompts.mask_probability": 0})
    always = _asked(samples, {"prompts.mask_probability": 1})

    assert not never[1]["has_mask"].any()
    assert always[1]["has_mask"].all()
    assert always[0]["masks"] is None


def test_clicks_are_centres_of_the_decoders_cells(samples):
    """A click at the decoder's resolution becomes a place in the input: the middle of the cell's pixels."""
    _, second = _asked(samples, {})

    clicks = second["points"][:, 1:]
    assert (clicks % 2 == 0.5).all()  # cells of two pixels
    assert (clicks >= 0).all()
    assert (clicks <= 127).all()


class _Blind(Sam):
    """A decoder that sees nothing: the same masks whatever it is asked."""

    def __init__(self, size, logits):
        torch.nn.Module.__init__(self)
        self.size, self.logits, self.asked = size, logits, []

    def decode(self, embeddings, **given):
        self.asked.append(given)
        count = len(given["image_of"])
        return self.logits.expand(count, 4, -1, -1), torch.zeros(count, 4)


def _one_object(mask):
    masks = torch.from_numpy(mask)[None]
    return Batch(torch.zeros(1, 3, 128, 128), torch.zeros(1, 3, 128, 128), masks, torch.zeros(1, dtype=torch.long))


@pytest.mark.parametrize("step", [0, 1])
def test_an_object_of_one_pixel_can_be_asked_and_corrected(step):
    """An object smaller than a cell of the decoder keeps its cell: it is clicked there, and the loss is finite."""
    mask = np.zeros((128, 128), bool)
    mask[77, 30] = True
    size = SIZES["small"]
    model = _Blind(size, torch.full((1, 1, 64, 64), -3.0))

    loss = interactive_loss(model, torch.zeros(1, 64, 16, 16), _one_object(mask), Prompts(rounds=3), seed=0, step=step)

    clicks, labels = model.asked[2]["points"][0], model.asked[2]["labels"][0]
    assert torch.isfinite(loss)
    assert clicks[labels == 1][-1].tolist() == [30.5, 76.5]
    if step == 0:
        assert clicks[0].tolist() == [30, 77]


def test_seeds_and_steps_click_elsewhere():
    """Start points and corrections are drawn anew in every step and under every seed, and repeat for the same two."""
    mask = np.zeros((128, 128), bool)
    mask[20:60, 30:90] = True
    size = SIZES["small"]

    def clicks(seed, step):
        model = _Blind(size, torch.full((1, 1, 64, 64), -3.0))
        interactive_loss(model, torch.zeros(1, 64, 16, 16), _one_object(mask), Prompts(rounds=2), seed=seed, step=step)
        return tuple(model.asked[1]["points"].flatten().tolist())

    assert clicks(0, 0) == clicks(0, 0)
    assert len({clicks(seed, step) for seed in (0, 1) for step in (0, 2)}) == 4


def test_rounds_are_averaged():
    """With the same masks in every round the loss does not depend on their number."""
    mask = np.zeros((128, 128), bool)
    mask[20:60, 30:90] = True
    size = SIZES["small"]
    one, three = (
        interactive_loss(
            _Blind(size, torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0)) - 0.5),
            torch.zeros(1, 64, 16, 16),
            _one_object(mask),
            Prompts(rounds=rounds),
            seed=0,
            step=1,
        )
        for rounds in (1, 3)
    )

    assert one.item() == pytest.approx(three.item(), rel=1e-6)


def test_prompting_starts_where_it_is_told(samples):
    """point: every step with one positive click; box: every step with a box."""
    points = _asked(samples, {"prompts.start": "point", "prompts.rounds": 1}, steps=2)
    boxed = _asked(samples, {"prompts.start": "box", "prompts.rounds": 1}, steps=2)

    assert [(call["boxes"] is None, call["points"].shape[1]) for call in points] == [(True, 1)] * 2
    assert [(call["boxes"] is not None, call["points"]) for call in boxed] == [(True, None)] * 2


def test_negative_clicks_fall_within_the_margin():
    """Where the mask invents nothing, a negative click falls into the object's box grown by the margin in cells."""
    mask = np.zeros((128, 128), bool)
    mask[40:80, 40:80] = True  # cells 20 to 39
    size = SIZES["small"]
    model = _Blind(size, torch.full((1, 1, 64, 64), -3.0))
    how = Prompts(rounds=12, margin=1, start="point")

    interactive_loss(model, torch.zeros(1, 64, 16, 16), _one_object(mask), how, seed=0, step=0)

    last = model.asked[-1]
    negative = last["points"][0][last["labels"][0] == 0]
    assert len(negative) == 11
    assert (negative >= 38.5).all()
    assert (negative <= 80.5).all()


# Updates ----------------------------------------------------------------------------------------------


@contextmanager
def _counted(name: str) -> Iterator[list[Any]]:
    """What a method of the model is called with meanwhile."""
    calls: list[Any] = []
    original = getattr(Sam, name)

    def counting(self, *given, **more):
        calls.append(given)
        return original(self, *given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sam, name, counting)
        yield calls


def _changed(model, before):
    """The parts of a model with a tensor that differs from before."""
    now = model.state_dict()
    return {name.split(".")[0] for name, tensor in before.items() if not torch.equal(tensor, now[name])}


def test_two_steps_update_one_loss_after_the_other(samples, monkeypatch):
    """Prompt encoder and mask decoder change with the first update, the automatic decoder with the second alone."""
    config = configured({"optimizer.scheme": "two-step", "adapter.method": "full"})
    model = starting_model(config, book=Path(), seed=0)
    changes, before = [], {name: tensor.clone() for name, tensor in model.state_dict().items()}
    original = AdamW.step

    def step(self, *given, **more):
        done = original(self, *given, **more)
        changes.append(_changed(model, before))
        before.update({name: tensor.clone() for name, tensor in model.state_dict().items()})
        return done

    monkeypatch.setattr(AdamW, "step", step)
    with _counted("encode") as encoded:
        list(train(model, samples, config, seed=0, steps=1, total=2, device="cpu"))

    assert len(encoded) == 2
    assert changes == [
        {"vision_encoder", "prompt_encoder", "mask_decoder"},
        {"vision_encoder", "automatic_decoder"},
    ]


def test_the_second_update_sees_what_the_first_one_did(samples):
    """The automatic loss is that of the encoder after the interactive update; the interactive loss is as ever."""
    at_once, in_turn = (trained(configured({"optimizer.scheme": s}), samples)[1] for s in ("one-step", "two-step"))

    first, second = at_once[0].values, in_turn[0].values
    assert second["interactive"] == first["interactive"]
    assert second["automatic"] != first["automatic"]
    assert second["loss"] == pytest.approx(second["interactive"] + second["automatic"])


def test_two_steps_without_an_automatic_decoder_are_one(samples):
    """There is one loss and one update."""
    one, other = (
        trained(configured({"automatic.enabled": False, "optimizer.scheme": scheme}), samples)
        for scheme in ("one-step", "two-step")
    )

    assert one[1] == other[1]
    assert same_tensors(one[0].state_dict(), other[0].state_dict())


def test_gradients_are_not_clipped_where_nothing_clips(samples):
    """null is as a norm that no gradient reaches."""
    free, large, small = (trained(configured({"optimizer.clip": clip}), samples)[1] for clip in (None, 1e9, 1e-6))

    assert free == large
    assert free[1] != small[1]


def test_a_gradient_that_is_not_finite_ends_a_run_without_clipping_too(samples):
    """No tensor is spoiled unseen."""
    with pytest.raises(Diverged, match="is (nan|inf) at step"):
        trained(configured({"optimizer.clip": None, "optimizer.lr": 1e30, "schedule.warmup": 0}), samples)


def test_losses_are_weighed(samples, by_method):
    """The automatic loss counts by its weight; parts are recorded as they are."""
    plain = by_method["full"][2][0].values
    _, (weighed,) = trained(configured({"loss.automatic": 0.25}), samples, steps=1)
    _, (dice,) = trained(configured({"loss.iou": 0}), samples, steps=1)

    assert weighed.values["automatic"] == plain["automatic"]
    assert weighed.values["loss"] == pytest.approx(plain["interactive"] + 0.25 * plain["automatic"])
    assert dice.values["interactive"] < plain["interactive"]


def test_what_is_dropped_depends_on_seed_and_step_alone(samples):
    """A run with dropout repeats in every bit, and differs from one without and from another seed's."""
    dropping = {"adapter.method": "lora", "adapter.dropout": 0.5, "budget.steps": 3}
    plain, one, again = (
        trained(configured(change), samples)[1]
        for change in ({**dropping, "adapter.dropout": None}, dropping, dropping)
    )

    assert one == again
    assert one[2] != plain[2]


# Validation -------------------------------------------------------------------------------------------


def _validating(monkeypatch, losses):
    """Let validation give these losses, one after the other."""
    given = iter(losses)
    monkeypatch.setattr(training, "validation_loss", lambda *_, **__: next(given))


class _Ending:
    """A training, and what it returned."""

    def __init__(self, running):
        self.running = running

    def __iter__(self):
        self.ended = yield from self.running


def test_nothing_is_validated_where_nothing_needs_it(samples, monkeypatch):
    """It would cost time, and the images of val are not even read."""
    _validating(monkeypatch, [])

    _, curve = trained(configured(), samples)

    assert all("validation" not in point.values for point in curve)


def test_validation_comes_with_every_pass_and_at_the_end(samples, monkeypatch):
    """Two images, one a step: after steps 2 and 4; and after the last, so that there is always one."""
    _validating(monkeypatch, [0.5, 0.4, 0.3])

    _, curve = trained(configured({"budget.steps": 5, "early_stopping": 9}), samples, validation=samples)

    found = {point.step: point.values["validation"] for point in curve if "validation" in point.values}
    assert found == {2: 0.5, 4: 0.4, 5: 0.3}


def test_watching_changes_nothing_of_the_training(samples):
    """Losses are those of a run without validation, in every bit."""
    plain, watched = (
        trained(configured({"budget.steps": 4, **change}), samples, validation=samples)[1]
        for change in ({}, {"early_stopping": 99, "validation.every": 1})
    )

    for one, other in zip(plain, watched, strict=True):
        assert one.values == {name: value for name, value in other.values.items() if name != "validation"}


@pytest.mark.parametrize("best", [1, 3, 4])
def test_the_best_weights_are_kept(samples, monkeypatch, best):
    """The model ends as it was at the best validation, running statistics and all, and the run says which it was."""
    change = {"budget.steps": 4, "validation.every": 1, "keep_weights": "best"}
    _validating(monkeypatch, [0.1 if step == best else 0.5 + step for step in range(1, 5)])
    config = configured(change)
    model = starting_model(config, book=Path(), seed=0)
    running = _Ending(train(model, samples, config, seed=0, steps=4, total=4, device="cpu", validation=samples))
    curve = list(running)
    monkeypatch.undo()

    until, _ = trained(configured({"budget.steps": 4}), samples, steps=best)
    assert len(curve) == 4
    assert running.ended == Ended(steps=4, kept_step=best)
    assert same_tensors(model.state_dict(), until.state_dict())


def test_training_stops_early(samples, monkeypatch):
    """More than one validation without improvement: the curve ends there, the last weights are kept."""
    _validating(monkeypatch, [0.5, 0.4, 0.4, 0.4, 0.3])

    _, curve = trained(
        configured({"budget.steps": 9, "validation.every": 1, "early_stopping": 1}), samples, validation=samples
    )

    assert [point.step for point in curve] == [1, 2, 3, 4]


def test_plateau_lowers_the_rate_of_the_next_step(samples, monkeypatch):
    """What the optimizer is given, step by step."""
    _validating(monkeypatch, [0.5] * 4)
    rates, original = [], AdamW.step

    def step(self, *given, **more):
        rates.append(self.param_groups[0]["lr"])
        return original(self, *given, **more)

    monkeypatch.setattr(AdamW, "step", step)
    plateau = {"schedule.name": "plateau", "schedule.patience": 1, "schedule.factor": 0.5, "schedule.warmup": 0}
    change = {**plateau, "budget.steps": 4, "validation.every": 1, "optimizer.lr": 1e-3}
    trained(configured(change), samples, validation=samples)

    assert rates == [1e-3, 1e-3, 1e-3, 5e-4]


def test_a_validation_that_is_not_finite_ends_the_run(samples, monkeypatch):
    """No weights are the best then."""
    _validating(monkeypatch, [math.nan])

    with pytest.raises(Diverged, match="the validation loss is nan at step 2 of 2"):
        trained(configured({"keep_weights": "best"}), samples, validation=samples)


# Trouble ----------------------------------------------------------------------------------------------


def test_images_without_objects_train_the_automatic_decoder_alone():
    """A batch without objects has no interactive loss."""
    _, (point,) = trained(configured(), [labelled(np.zeros((128, 128), int))], steps=1)

    assert point.values["interactive"] == 0
    assert point.values["loss"] == point.values["automatic"]


def test_a_batch_that_teaches_nothing_changes_nothing():
    """Without objects, maps and encoder there is nothing to learn from: the step leaves the model as it is."""
    config = configured({"adapter.method": "frozen", "automatic.enabled": False})
    start = starting_model(config, book=Path(), seed=0)

    model, (point,) = trained(config, [labelled(np.zeros((40, 40), int))], steps=1)

    assert point.values == {"loss": 0, "interactive": 0}
    assert same_tensors(start.state_dict(), model.state_dict())


def test_a_loss_that_is_not_finite_ends_the_run(samples):
    """An absurd learning rate is a divergence, at a named step."""
    with pytest.raises(Diverged, match=r"the (loss|gradient's norm) is (nan|inf) at step \d of 9"):
        trained(configured({"optimizer.lr": 1e9, "budget.steps": 9, "schedule.warmup": 0}), samples)


def test_the_loss_is_looked_at_before_its_gradient():
    """The message says what went wrong first."""
    broken = a_sample()
    broken.image[:] = math.nan

    with pytest.raises(Diverged, match="the loss is nan at step 1 of 2"):
        trained(configured(), [broken], steps=1)


def test_a_gradient_that_is_not_finite_ends_the_run(samples, monkeypatch):
    """It would spoil every tensor while the loss still looked sound, in the last step unseen."""
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: torch.tensor(math.nan))

    with pytest.raises(Diverged, match="the gradient's norm is nan at step 1 of 2"):
        trained(configured(), samples, steps=1)


# Learning ---------------------------------------------------------------------------------------------


def test_training_lowers_the_losses():
    """On one image with one large object both losses fall within a dozen steps."""
    label = np.zeros((128, 128), int)
    label[30:90, 40:100] = 1
    config = configured({"optimizer.lr": 3e-3, "budget.steps": 12, "prompts.rounds": 1, "schedule.warmup": 0.1})

    _, curve = trained(config, [labelled(label * 200)])

    for name in ("interactive", "automatic"):
        assert curve[-1].values[name] < 0.9 * curve[1].values[name]


def test_without_the_automatic_decoder_there_is_one_loss(samples):
    """automatic.enabled: false trains the interactive part alone."""
    _, (point,) = trained(configured({"automatic.enabled": False}), samples, steps=1)

    assert set(point.values) == {"loss", "interactive"}


def test_a_smaller_window_is_enlarged_for_the_model(samples):
    """crop: windows of that side, resized to the model's input; every object is seen larger."""
    with _recorded() as asked:
        trained(configured({"crop": 32, "prompts.rounds": 1, "prompts.objects": 1}), samples, steps=2)

    box = asked[1]["boxes"][0]
    (batch,) = islice(batches(samples, seed=0, batch_size=1, window=32, size=128, objects=1), 1, 2)
    assert torch.allclose(box, boxes(batch.objects)[0], atol=0.025 * 128)


def test_the_schedule_warms_up_and_falls_to_zero():
    """Linear up over the first steps, then half a cosine over the rest."""
    rates = [rate(step, total=100, schedule=Schedule(warmup=0.1)) for step in range(100)]

    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert rates[10] == 1
    assert rates[55] == pytest.approx(0.5)
    assert 0 < rates[99] < 0.001
    assert all(rates[step] > rates[step + 1] for step in range(10, 99))


def test_the_constant_schedule_stays():
    """After its warm-up."""
    schedule = Schedule(name="constant", warmup=0.02)

    assert [rate(step, total=100, schedule=schedule) for step in (0, 1, 2, 99)] == [0.5, 1, 1, 1]


def test_the_schedule_is_laid_out_for_the_full_length(samples):
    """A run that stops earlier has the losses of the first steps of the whole run."""
    config = configured({"budget.steps": 3, "schedule.warmup": 1})

    (_, whole), (_, short) = trained(config, samples), trained(config, samples, steps=2)

    assert short == whole[:2]


# Precision --------------------------------------------------------------------------------------------


def test_half_precision_is_near_single_precision(samples, by_method):
    """bf16 autocast: the losses of the first step agree to a few percent, weights stay float32."""
    model, (point,) = trained(configured({"precision": "bf16"}), samples, steps=1)

    assert point.values["loss"] == pytest.approx(by_method["full"][2][0].values["loss"], rel=0.05)
    assert point.values["loss"] != by_method["full"][2][0].values["loss"]
    assert {tensor.dtype for tensor in model.parameters()} == {torch.float32}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_trains_in_half_precision_and_repeats(samples):
    """One short bf16 run on the GPU: finite, and the same twice in every bit."""
    deterministic(threads=1, device="cuda:0")
    config = configured({"precision": "bf16", "adapter.method": "lora"})
    curves, models = [], []
    for _ in range(2):
        model = starting_model(config, book=Path(), seed=0).to("cuda:0")
        curves.append(list(train(model, samples, config, seed=0, steps=2, total=2, device="cuda:0")))
        models.append(adapters.trainable(model))

    assert curves[0] == curves[1]
    assert same_tensors(*models)
