"""Which fields of the recipe cannot matter, so that points that differ in them alone are one run."""

from pathlib import Path

import pytest
from segmentation_examples import canonical, configured, write_cells

from tunebook.errors import DataError
from tunebook.tasks.promptable_segmentation import TASK

RECIPE = {
    "prompts.start": "box",
    "prompts.margin": 9,
    "loss.iou": 0.5,
    "loss.automatic": 0.5,
    "optimizer.clip": None,
    "optimizer.scheme": "two-step",
    "schedule.name": "plateau",
    "schedule.factor": 0.5,
    "schedule.patience": 1,
    "validation.every": 3,
    "early_stopping": 2,
    "keep_weights": "best",
    "sampler.min_objects": 2,
    "sampler.min_size": 5,
    "augmentation.flips": False,
    "augmentation.rotations": True,
    "augmentation.zoom": 0.1,
    "augmentation.brightness": 0.1,
    "augmentation.contrast": 0.1,
    "augmentation.noise": 0.1,
    "augmentation.blur": 1.0,
    "budget.epochs": 2,
}
"""Field of training -> a value that is not its default."""
WATCHED = {"schedule.name": "plateau"}
NEEDS = {"schedule.factor": WATCHED, "schedule.patience": WATCHED, "validation.every": WATCHED}
"""Field -> what must be there for it to matter."""


def same(one, other):
    return canonical(one).id == canonical(other).id


@pytest.mark.parametrize("path", RECIPE)
def test_every_field_of_the_recipe_is_part_of_a_run(path):
    """Where something is trained, each has an effect."""
    needed = NEEDS.get(path, {})

    assert not same(needed, {**needed, path: RECIPE[path]})


@pytest.mark.parametrize("floor", [{"adapter.method": "none"}, {"model.family": "otsu-watershed"}])
def test_none_matters_where_nothing_is_trained(floor):
    """Neither to a model as it is nor to the classical floor."""
    assert same(floor, {**floor, **RECIPE})
    assert TASK.length(configured({**floor, **RECIPE}), Path()) == 0


def test_the_simulated_user_of_the_scores_matters_to_every_model():
    """Predictions depend on it, trained or not; the floor takes no prompts."""
    floor = {"model.family": "otsu-watershed"}

    for change in ({"iterative.iterations": 2}, {"iterative.masks": True}):
        assert not same({}, change)
        assert not same({"adapter.method": "none"}, {"adapter.method": "none", **change})
        assert same(floor, {**floor, **change})


@pytest.mark.parametrize(
    ("without", "where", "change"),
    [
        ({"prompts.rounds": 1}, {}, {"prompts.mask_probability": 0.9}),
        ({"prompts.rounds": 1}, {}, {"prompts.margin": 9}),
        ({"prompts.start": "point"}, {}, {"prompts.box_jitter": 0.9}),
        ({"iterative.iterations": 1}, {}, {"iterative.masks": True}),
        ({"iterative.iterations": 1, "adapter.method": "none"}, {"adapter.method": "none"}, {"iterative.masks": True}),
        ({"automatic.enabled": False}, {}, {"loss.automatic": 3.0}),
        ({"automatic.enabled": False}, {}, {"optimizer.scheme": "two-step"}),
        ({"early_stopping": 3}, WATCHED, {"schedule.factor": 0.5}),
        ({"keep_weights": "best"}, WATCHED, {"schedule.patience": 9}),
        ({}, WATCHED, {"validation.every": 9}),
        ({"budget.epochs": 2}, {}, {"budget.steps": 9}),
    ],
)
def test_a_field_has_no_effect_without_what_it_belongs_to(without, where, change):
    """And has one with it."""
    assert same(without, {**without, **change})
    assert not same(where, {**where, **change})


def test_every_object_has_a_pixel():
    """A least size of one pixel asks for nothing."""
    assert same({"sampler.min_size": 0}, {"sampler.min_size": 1})
    assert configured({"sampler.min_size": 1}).sampler.min_size == 0


@pytest.mark.parametrize("need", [{"schedule.name": "plateau"}, {"early_stopping": 3}, {"keep_weights": "best"}])
def test_how_often_is_validated_matters_where_something_looks(need):
    """Plateau, early stopping and the best weights each do."""
    assert not same(need, {**need, "validation.every": 9})


def test_epochs_are_counted_in_training_images(tmp_path):
    """Five passes over two images are ten, in batches of three four steps."""
    write_cells(tmp_path / "cells")

    for batch_size, length in ((1, 10), (2, 5), (3, 4)):
        assert TASK.length(configured({"budget.epochs": 5, "batch_size": batch_size}), tmp_path) == length
    assert TASK.length(configured({"budget.steps": 7}), Path("nowhere")) == 7


def test_epochs_of_missing_images_are_refused(tmp_path):
    """The folder is named."""
    with pytest.raises(DataError, match="cells"):
        TASK.length(configured({"budget.epochs": 5}), tmp_path)
