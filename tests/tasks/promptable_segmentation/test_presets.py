"""Sets of defaults under one name."""

from typing import Any

import pytest
from one_run import work
from segmentation_examples import a_job, a_run, write_cells

from tunebook.folders import RunFolder
from tunebook.spec.canonical import configuration
from tunebook.spec.plan import plan
from tunebook.spec.study import Study
from tunebook.tasks.promptable_segmentation import TASK
from tunebook.tasks.promptable_segmentation.config import Adapter, Config, Data
from tunebook.tasks.promptable_segmentation.presets import MICRO_SAM, MICRO_SAM_ADAPTERS

EXPECTED = {
    "data.normalize": "minmax",  # peft_sam/util.py: RawTrafo
    "prompts.start": "alternate",  # micro_sam/training/sam_trainer.py
    "prompts.rounds": 8,  # micro_sam/training/training.py
    "prompts.objects": 25,  # micro_sam/training/training.py
    "prompts.mask_probability": 0.5,  # micro_sam/training/training.py
    "prompts.box_jitter": 0.025,  # micro_sam/training/training.py
    "prompts.margin": 3,  # micro_sam/prompt_generators.py
    "iterative.iterations": 8,  # micro_sam/evaluation/inference.py
    "iterative.masks": False,  # micro_sam/evaluation/inference.py
    "automatic.enabled": True,  # micro_sam/training/training.py
    "automatic.settings": "micro-sam",  # micro_sam/evaluation/instance_segmentation.py
    "loss.iou": 1.0,  # micro_sam/training/sam_trainer.py
    "loss.automatic": 1.0,  # micro_sam/training/joint_sam_trainer.py
    "optimizer.name": "adamw",  # micro_sam/training/training.py
    "optimizer.lr": 1e-5,  # micro_sam/training/training.py
    "optimizer.weight_decay": 0.01,  # torch/optim/adamw.py
    "optimizer.clip": None,  # torch_em/trainer/default_trainer.py
    "optimizer.scheme": "two-step",  # micro_sam/training/joint_sam_trainer.py
    "schedule.name": "plateau",  # micro_sam/training/training.py
    "schedule.warmup": 0.0,  # micro_sam/training/training.py
    "schedule.factor": 0.9,  # micro_sam/training/training.py
    "schedule.patience": 3,  # micro_sam/training/training.py
    "validation.every": None,  # torch_em/trainer/default_trainer.py
    "early_stopping": 10,  # micro_sam/training/training.py
    "keep_weights": "best",  # torch_em/trainer/default_trainer.py
    "sampler.min_objects": 1,  # peft_sam/dataset/get_data_loaders.py: the least, 2 with the background
    "sampler.min_size": 0,  # peft_sam/dataset/get_data_loaders.py: the least
    "augmentation.flips": True,  # torch_em/transform/augmentation.py
    "augmentation.rotations": False,  # torch_em/transform/augmentation.py
    "augmentation.zoom": 0.0,  # torch_em/transform/augmentation.py
    "augmentation.brightness": 0.0,  # torch_em/transform/augmentation.py
    "augmentation.contrast": 0.0,  # torch_em/transform/augmentation.py
    "augmentation.noise": 0.0,  # torch_em/transform/augmentation.py
    "augmentation.blur": 0.0,  # torch_em/transform/augmentation.py
    "batch_size": 1,  # micro_sam/training/training.py
    "crop": 512,  # peft_sam/dataset/get_data_loaders.py
    "precision": "bf16",  # torch_em/trainer/default_trainer.py: fp16, see docs/adr/0008
    "budget.epochs": 100,  # micro_sam/training/training.py
}
"""Dotted path -> what micro-sam's training does, and the file that says so (micro-sam 1.8.10, peft-sam fc2a5f0)."""
ADAPTERS = {
    "lora": {"rank": 32, "alpha": 1.0, "scaling": "alpha", "targets": ["q", "v"], "dropout": None, "blocks": None},
    "fact": {"rank": 16, "dropout": 0.1, "variant": "micro-sam", "blocks": None},
    "adaptformer": {
        "projection": 64, "scale": "learnable", "dropout": None, "variant": "micro-sam", "blocks": None
    },
    "frozen": {},
    "full": {},
}  # fmt: skip
OTHER: dict[str, Any] = {
    "data.normalize": "percentile",
    "prompts.start": "box",
    "iterative.masks": True,
    "automatic.enabled": False,
    "automatic.settings": "small",
    "optimizer.clip": 2.0,
    "optimizer.scheme": "one-step",
    "schedule.name": "cosine",
    "validation.every": 7,
    "early_stopping": None,
    "keep_weights": "last",
    "augmentation.flips": False,
    "augmentation.rotations": True,
    "sampler.min_size": 5,
    "crop": None,
    "precision": "fp32",
}
"""Another value of the fields whose value is not simply doubled."""


def nested(flat):
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *groups, name = path.split(".")
        node = tree
        for group in groups:
            node = node.setdefault(group, {})
        node[name] = value
    return tree


def made(changes=None):
    """A canonical configuration, from values by dotted path."""
    return configuration(TASK, nested({"data.root": "cells", **(changes or {})}))


@pytest.mark.parametrize("path", EXPECTED)
def test_the_preset_sets_a_value(path):
    """Each of micro-sam's defaults."""
    assert made({"preset": "micro-sam"}).get(path) == EXPECTED[path]


def test_the_preset_sets_nothing_else():
    """What is expected above is all of it."""

    def flat(tree, prefix=""):
        for key, value in tree.items():
            yield from flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"]

    assert sorted(flat(MICRO_SAM)) == sorted(EXPECTED)
    assert set(MICRO_SAM_ADAPTERS) == {method for method, fields in ADAPTERS.items() if fields}


@pytest.mark.parametrize("method", ADAPTERS)
def test_a_method_has_what_its_authors_advise(method):
    """The defaults of an adapter are those of its method."""
    found = made({"preset": "micro-sam", "adapter.method": method})

    assert {name: found.get(f"adapter.{name}") for name in ADAPTERS[method]} == ADAPTERS[method]


@pytest.mark.parametrize("path", EXPECTED.keys() - {"optimizer.name"})
def test_what_a_study_names_counts_first(path):
    """One field differs, the others are the preset's."""
    other = OTHER[path] if path in OTHER else 2 * EXPECTED[path] or 1
    other = min(other, 0.7) if path in ("schedule.factor", "prompts.mask_probability") else other

    preset, own = made({"preset": "micro-sam"}), made({"preset": "micro-sam", path: other})

    assert own.get(path) == other
    assert {name for name in EXPECTED if own.get(name) != preset.get(name)} == {path}


def test_a_length_in_steps_takes_the_place_of_epochs():
    """A study that says how many steps it wants gets them."""
    found = made({"preset": "micro-sam", "budget.steps": 50})

    assert (found.get("budget.steps"), found.get("budget.epochs")) == (50, None)


@pytest.mark.parametrize("method", ADAPTERS)
def test_a_preset_is_the_values_that_it_stands_for(method):
    """The same id as with every value written out; another one than without."""
    short = made({"preset": "micro-sam", "adapter.method": method})
    long = made({**EXPECTED, "adapter.method": method, **{f"adapter.{k}": v for k, v in ADAPTERS[method].items()}})

    assert short.id == long.id
    assert short.id != made({"adapter.method": method}).id
    assert made({"preset": "tunebook"}).id == made().id


def test_a_resolved_configuration_stays_as_it_is():
    """A run's values are read again without the preset changing any of them."""
    found = made({"preset": "micro-sam", "adapter.rank": 2, "optimizer.clip": 0.5})

    assert configuration(TASK, found.values) == found


def test_groups_made_in_python_say_only_what_was_said():
    """Their defaults do not hide the preset's."""
    config = Config(preset="micro-sam", data=Data(root="cells"), adapter=Adapter(method="fact", rank=2))

    assert config.data.normalize == "minmax"
    assert (config.adapter.rank, config.adapter.dropout, config.adapter.variant) == (2, 0.1, "micro-sam")


# Studies ----------------------------------------------------------------------------------------------

METHODS = {
    "one_of": {
        "lora": {"adapter.method": "lora"},
        "fact": {"adapter.method": "fact"},
        "deep": {"adapter.method": "lora", "adapter.rank": [1, 2]},
    }
}


def planned(**keys):
    base = {"data": {"root": "cells"}, "preset": "micro-sam"}
    return plan(Study(**{"task": TASK.name, "base": base, "space": METHODS, **keys}), TASK)


def test_alternatives_have_the_defaults_of_their_methods():
    """The preset looks at the method of the point, wherever it stands."""
    ranks = [one.configuration.get("adapter.rank") for one in planned().configurations]

    assert ranks == [32, 16, 1, 2]
    assert planned(space={"adapter.method": ["lora", "fact"]}).configurations[1].configuration.get("adapter.rank") == 16


def test_cases_have_the_defaults_of_their_methods():
    """Also where the method is a case."""
    made = planned(space={"optimizer.lr": [1e-4]}, across=[{"adapter.method": ["lora", "fact"]}])

    assert [cell.configuration.get("adapter.rank") for cell in made.runs] == [32, 16]
    assert [cell.configuration.get("adapter.variant") for cell in made.runs] == ["tunebook", "micro-sam"]


@pytest.mark.parametrize("where", ["space", "across"])
def test_recipes_can_be_compared(where):
    """A preset may be tuned, and may be a case."""
    base = {"data": {"root": "cells"}}
    choices = {"preset": ["tunebook", "micro-sam"]}
    keys = {"space": choices} if where == "space" else {"space": {"adapter.rank": [4]}, "across": [choices]}

    made = planned(base=base, **keys)

    assert [cell.configuration.get("optimizer.lr") for cell in made.runs] == [1e-3, 1e-5]
    assert made.counts.runs == 2


def test_a_run_under_the_preset(tmp_path):
    """Two updates a step in half precision, validated with every pass, the best weights kept."""
    write_cells(tmp_path / "cells")
    values = {"preset": "micro-sam", "budget.epochs": 2, "automatic.settings": "small"}
    job = a_job(a_run(tmp_path, values), tmp_path)

    outcome = work(job)

    curve = RunFolder.of(tmp_path, job.runs[0]).read_curve()
    assert outcome.status == "finished", outcome.reason
    assert job.runs[0].configuration.get("optimizer.scheme") == "two-step"
    assert job.runs[0].length == len(curve) == 4
    assert [point.step for point in curve if "validation" in point.values] == [2, 4]
    assert outcome.quantities["kept_step"] in (2, 4)
