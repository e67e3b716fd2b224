"""Sets of defaults under one name: what a study does not say is taken from its preset."""

from collections.abc import Mapping
from typing import Any

from tunebook.spec.canonical import overlaid

MICRO_SAM: Mapping[str, Any] = {
    "data": {"normalize": "minmax"},
    "prompts": {"start": "alternate", "rounds": 8, "objects": 25, "mask_probability": 0.5, "box_jitter": 0.025},
    "iterative": {"iterations": 8, "masks": False},
    "automatic": {"enabled": True, "settings": "micro-sam"},
    "loss": {"iou": 1.0, "automatic": 1.0},
    "optimizer": {"name": "adamw", "lr": 1e-5, "weight_decay": 0.01, "clip": None, "scheme": "two-step"},
    "schedule": {"name": "plateau", "warmup": 0.0, "factor": 0.9, "patience": 3},
    "validation": {"every": None},
    "early_stopping": 10,
    "keep_weights": "best",
    "batch_size": 1,
    "crop": 512,
    "precision": "bf16",
    "budget": {"epochs": 100},
}
"""What micro-sam's `train_sam` and peft-sam's loaders do by default (micro-sam 1.8.10, peft-sam fc2a5f0)."""

MICRO_SAM_ADAPTERS: Mapping[str, Mapping[str, Any]] = {
    "lora": {"rank": 32, "alpha": 1.0, "scaling": "alpha", "targets": ["q", "v"]},
    "fact": {"rank": 16, "dropout": 0.1, "variant": "micro-sam"},
    "adaptformer": {"projection": 64, "scale": "learnable", "dropout": None, "variant": "micro-sam"},
}
"""What peft-sam recommends for each method (`get_default_peft_kwargs`)."""


def filled(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """A configuration's values with its preset's below them.

    A length in steps takes the place of the preset's epochs.
    """
    if values.get("preset", "tunebook") != "micro-sam":
        return values
    adapter = values.get("adapter")
    method = adapter.get("method", "lora") if isinstance(adapter, Mapping) else "lora"
    below = {**MICRO_SAM, "adapter": MICRO_SAM_ADAPTERS.get(method, {})}
    budget = values.get("budget")
    if isinstance(budget, Mapping) and "steps" in budget:
        below.pop("budget")
    return overlaid(below, values)
