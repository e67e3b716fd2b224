"""The learning rate of every step, as a share of its peak."""

import math

from tunebook.tasks.embedding_classification.config import Schedule

LONGEST_WARMUP = 5
"""Epochs of warm-up at most (BirdNET-Analyzer)."""


def factor(step: int, *, steps_per_epoch: int, epochs: int, schedule: Schedule) -> float:
    """Share of the peak learning rate at a step (from 0): linear from 0, then cosine to `final`, or 1."""
    warm = round(min(LONGEST_WARMUP, schedule.warmup * epochs) * steps_per_epoch)
    if step < warm:
        return (step + 1) / warm
    if schedule.name == "constant":
        return 1.0
    passed = (step - warm) / max(1, steps_per_epoch * epochs - warm)
    return schedule.final + (1 - schedule.final) * 0.5 * (1 + math.cos(math.pi * passed))
