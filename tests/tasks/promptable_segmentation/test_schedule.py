"""Lengths, learning rates and what validations decide."""

import json
import math
from dataclasses import asdict
from itertools import islice

import numpy as np
import pytest
import torch
from segmentation_examples import configured
from torch.optim import SGD
from torch.optim.lr_scheduler import ReduceLROnPlateau

from tunebook.tasks.promptable_segmentation.batches import _orders
from tunebook.tasks.promptable_segmentation.config import Schedule
from tunebook.tasks.promptable_segmentation.schedule import Watch, full_length, rate, steps_of_a_pass, validated

PLATEAU = Schedule(name="plateau", factor=0.5, patience=2)
CONSTANT = Schedule(name="constant")


def watched(losses, schedule=CONSTANT, lr=1.0):
    """What is known after each of some validations, ten steps apart."""
    seen = [Watch(lr)]
    for number, loss in enumerate(losses):
        seen.append(seen[-1].after(loss, step=10 * (number + 1), schedule=schedule))
    return seen[1:]


# Lengths ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("images", "batch", "steps"), [(1, 4, 1), (4, 4, 1), (5, 4, 2), (7, 1, 7)])
def test_a_pass_ends_with_the_batch_that_holds_the_last_image(images, batch, steps):
    """As many steps as it takes to see every image once."""
    assert steps_of_a_pass(configured({"batch_size": batch}), images=images) == steps


def test_epochs_take_the_place_of_steps():
    """Four passes over five images are twenty images, in batches of two ten steps: batches run over passes."""
    config = configured({"batch_size": 2, "budget.steps": 9})

    assert full_length(config, images=5) == 9
    assert full_length(configured({"batch_size": 2, "budget.steps": 9, "budget.epochs": 4}), images=5) == 10


@pytest.mark.parametrize(("images", "batch", "epochs"), [(5, 2, 4), (5, 4, 3), (2, 3, 5), (3, 7, 1), (4, 4, 2)])
def test_epochs_are_passes_over_the_images(images, batch, epochs):
    """The batches of the whole length hold every image that often, but for what fills the last batch."""
    config = configured({"batch_size": batch, "budget.epochs": epochs})
    steps = full_length(config, images=images)

    seen = [image for order in islice(_orders(images, seed=0, batch_size=batch), steps) for image in order]

    assert [seen[: epochs * images].count(image) for image in range(images)] == [epochs] * images
    assert len(seen) - epochs * images < batch


@pytest.mark.parametrize("change", [{"schedule.name": "plateau"}, {"early_stopping": 1}, {"keep_weights": "best"}])
def test_validation_is_done_where_something_needs_it(change):
    """By default nothing does."""
    assert not validated(configured())
    assert validated(configured(change))


# Rates ------------------------------------------------------------------------------------------------


def test_plateau_warms_up_and_then_stays():
    """What it does to the peak comes from validation alone."""
    schedule = Schedule(name="plateau", warmup=0.02)

    assert [rate(step, total=100, schedule=schedule) for step in (0, 1, 2, 99)] == [0.5, 1, 1, 1]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("factor", "patience", "lr"), [(0.9, 3, 1e-5), (0.5, 0, 1e-3), (0.1, 1, 1e-6)])
def test_plateau_is_that_of_pytorch(seed, factor, patience, lr):
    """The same learning rate after every validation, to the bit, on losses that fall, stall and rise."""
    rng = np.random.default_rng(seed)
    losses = (1 + np.cumsum(rng.normal(-0.001, 0.01, 200)).clip(-0.9)).round(3).tolist()
    lowest = min(losses) - 0.1
    losses[50:60] = [lowest - 1e-5 * lowest * step for step in range(10)]  # better, but by less than counts
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    theirs = ReduceLROnPlateau(optimizer, factor=factor, patience=patience)
    watch, ours, expected = Watch(lr), [], []
    schedule = Schedule(name="plateau", factor=factor, patience=patience)

    for step, loss in enumerate(losses):
        watch = watch.after(loss, step=step, schedule=schedule)
        theirs.step(loss)
        ours.append(watch.lr)
        expected.append(optimizer.param_groups[0]["lr"])

    assert ours == expected
    assert len(set(ours)) > 1


def test_plateau_waits_and_lowers():
    """With a patience of two, the third validation without improvement halves the rate, and waiting starts again."""
    rates = [watch.lr for watch in watched([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5], PLATEAU)]

    assert rates == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_other_schedules_lower_nothing():
    """Validation may be there for early stopping alone."""
    assert {watch.lr for watch in watched([1.0] * 20)} == {1.0}


# Best and end -----------------------------------------------------------------------------------------


def test_the_best_validation_is_the_first_of_the_lowest():
    """A loss that equals the best is no improvement."""
    last = watched([0.5, 0.4, 0.4, 0.6])[-1]

    assert (last.best, last.best_step, last.waited) == (0.4, 20, 2)


def test_training_ends_after_more_validations_without_improvement_than_given():
    """Strictly more: with two, the third one ends it (micro-sam)."""
    seen = watched([0.5, 0.6, 0.6, 0.6])

    assert [watch.ends(2) for watch in seen] == [False, False, False, True]
    assert not seen[-1].ends(None)


def test_what_was_seen_survives_json():
    """A state file holds it as text: every bit comes back, and the infinity before the first validation."""
    for watch in (Watch(0.1), *watched([1 / 3, 0.1 + 0.2], PLATEAU, lr=1e-5 / 3)):
        assert Watch(**json.loads(json.dumps(asdict(watch)))) == watch
    assert Watch(0.1).best == math.inf
