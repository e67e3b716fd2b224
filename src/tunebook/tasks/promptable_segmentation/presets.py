"""Sets of defaults under one name: what a study does not say is taken from its preset.

A preset fills gaps when a configuration is made, and its name is no part of a run's identity: the values are. It says
nothing of the question itself (data, base, adapter.method), and where a method has fields, what its authors advise.
A field that is added to the task later stays at its `as_before` in every preset that was published before.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from tunebook.spec.canonical import overlaid

MICRO_SAM: Mapping[str, Any] = {
    "data": {"normalize": "minmax"},
    "prompts": {
        "start": "alternate",
        "rounds": 8,
        "objects": 25,
        "mask_probability": 0.5,
        "box_jitter": 0.025,
        "margin": 3,
    },
    "iterative": {"iterations": 8, "masks": False},
    "automatic": {"enabled": True, "settings": "micro-sam"},
    "loss": {"iou": 1.0, "automatic": 1.0},
    "optimizer": {"name": "adamw", "lr": 1e-5, "weight_decay": 0.01, "clip": None, "scheme": "two-step"},
    "schedule": {"name": "plateau", "warmup": 0.0, "factor": 0.9, "patience": 3},
    "validation": {"every": None},
    "early_stopping": 10,
    "keep_weights": "best",
    "sampler": {"min_objects": 1, "min_size": 0},
    "augmentation": {
        "flips": True,
        "rotations": False,
        "zoom": 0.0,
        "brightness": 0.0,
        "contrast": 0.0,
        "noise": 0.0,
        "blur": 0.0,
    },
    "batch_size": 1,
    "crop": 512,
    "precision": "bf16",
    "budget": {"epochs": 100},
}
"""What micro-sam's `train_sam` and peft-sam's loaders do by default (micro-sam 1.8.10, peft-sam fc2a5f0)."""

MICRO_SAM_ADAPTERS: Mapping[str, Mapping[str, Any]] = {
    "lora": {"rank": 32, "alpha": 1.0, "scaling": "alpha", "targets": ["q", "v"], "blocks": None, "dropout": None},
    "fact": {"rank": 16, "blocks": None, "dropout": 0.1, "variant": "micro-sam"},
    "adaptformer": {
        "projection": 64,
        "scale": "learnable",
        "blocks": None,
        "dropout": None,
        "variant": "micro-sam",
    },
}
"""What peft-sam recommends for each method (`get_default_peft_kwargs`)."""


def filled(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """A configuration's values with its preset's below them.

    A length in steps takes the place of the preset's epochs.
    """
    if values.get("preset", "tunebook") != "micro-sam":
        return values
    given = {name: _given(value) for name, value in values.items()}
    adapter, budget = given.get("adapter"), given.get("budget")
    method = adapter.get("method", "lora") if isinstance(adapter, Mapping) else "lora"
    below = {**MICRO_SAM, "adapter": MICRO_SAM_ADAPTERS.get(str(method), {})}
    if isinstance(budget, Mapping) and "steps" in budget:
        below.pop("budget")
    return overlaid(below, given)


def _given(value: Any) -> Any:
    """What was said of a group that was made in Python; its defaults were not."""
    return value.model_dump(exclude_unset=True) if isinstance(value, BaseModel) else value
