"""Small configurations, images, runs and jobs of promptable segmentation, for the tests beside this file."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import torch
from numpy.typing import NDArray
from PIL import Image

from tunebook import simulate
from tunebook.execute.job import Job
from tunebook.execute.scoring import scoring_of
from tunebook.fingerprints import FingerprintCache, of_inputs
from tunebook.records import Configuration, CurvePoint, Run
from tunebook.spec.canonical import configuration
from tunebook.spec.fields import nested
from tunebook.tasks.promptable_segmentation import TASK
from tunebook.tasks.promptable_segmentation.batches import Sample
from tunebook.tasks.promptable_segmentation.config import Config
from tunebook.tasks.promptable_segmentation.sam import Sam
from tunebook.tasks.promptable_segmentation.schedule import full_length
from tunebook.tasks.promptable_segmentation.starting import starting_model
from tunebook.tasks.promptable_segmentation.training import train

QUICK = {
    "data.root": "cells",
    "model.weights": "random",
    "adapter.method": "full",
    "prompts.rounds": 2,
    "prompts.objects": 2,
    "batch_size": 1,
    "budget.steps": 2,
}
"""Dotted path -> value: two steps of one image and two objects, from a random small model."""


def canonical(changes: Mapping[str, Any] | None = None) -> Configuration:
    """The canonical configuration of QUICK with changes, by dotted path."""
    return configuration(TASK, nested({**QUICK, **(changes or {})}))


def configured(changes: Mapping[str, Any] | None = None) -> Config:
    """The same as the task's Config."""
    return Config.model_validate(canonical(changes).values)


def a_run(book: Path, changes: Mapping[str, Any] | None = None, *, seed: int = 0) -> Run:
    """A run as the conductor makes it: its inputs are fingerprinted, a seed without effect is left out."""
    found = canonical(changes)
    config = Config.model_validate(found.values)
    cache = FingerprintCache(book / "cache.sqlite")
    return Run(
        task=TASK.name,
        version=TASK.version,
        configuration=found,
        replicate={} if "seed" in TASK.without_effect(config) else {"seed": seed},
        fingerprints=of_inputs(TASK.inputs(config, book), cache=cache),
        length=TASK.length(config, book),
    )


def a_job(run: Run, book: Path, *, metric: str = "ais.msa") -> Job:
    """A job that brings a run to scores and pictures on test, with settings chosen by a metric on val."""
    return Job(
        (run,),
        worker=TASK.worker,
        task=TASK.name,
        task_object="tunebook.tasks.promptable_segmentation:TASK",
        book=book,
        splits=("test",),
        scoring=scoring_of(run.configuration, TASK, split="val", metric=metric),
        pictures=("test",),
    )


def a_sample(kind: str = "phase", *, size: int = 128, seed: int = 0) -> Sample:
    """A simulated image with its instances."""
    picture, label = simulate.image(kind, size=size, rng=np.random.default_rng(seed))
    rgb = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    return Sample(rgb.astype(np.float32), label.astype(np.int32))


def labelled(label: NDArray[Any]) -> Sample:
    """A sample whose image shows its label: every pixel's value is its id."""
    return Sample(np.repeat(label[..., None], 3, axis=2).astype(np.float32), label.astype(np.int32))


def trained(
    config: Config,
    samples: list[Sample],
    *,
    seed: int = 0,
    start: int = 0,
    steps: int | None = None,
    validation: Sequence[Sample] = (),
    state: Path | None = None,
) -> tuple[Sam, list[CurvePoint]]:
    """A model trained from the start that seed `start` draws, and its curve."""
    model = starting_model(config, book=Path(), seed=start)
    total = full_length(config, images=len(samples))
    points: Iterator[CurvePoint] = train(
        model,
        samples,
        config,
        seed=seed,
        steps=total if steps is None else steps,
        total=total,
        device="cpu",
        validation=validation,
        state=state,
    )
    return model, list(points)


def same_tensors(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    """Whether names and every bit agree."""
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def write_png(path: Path, pixels: NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write_tiff(path: Path, pixels: NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, pixels)


def write_cells(root: Path) -> None:
    """Three splits with images of every kind: grey and RGB, 8 and 16 bits, PNG and TIFF, small, large and empty."""
    phase, phase_label = simulate.image("phase", size=200, rng=np.random.default_rng(1))
    tissue, tissue_label = simulate.image("tissue", size=128, rng=np.random.default_rng(2))
    small, small_label = simulate.image("fluorescence", size=70, rng=np.random.default_rng(3))
    gaps = (tissue_label * 7).astype(np.uint16)  # ids 7, 14, 21 …
    write_png(root / "train/images/rgb.png", tissue)
    write_png(root / "train/labels/rgb.png", gaps)
    write_tiff(root / "train/images/small.tif", small[:50].astype(np.uint16) * 257)
    write_tiff(root / "train/labels/small.tif", small_label[:50].astype(np.int32))
    write_png(root / "val/images/large.png", phase[:150])
    write_tiff(root / "val/labels/large.tif", phase_label[:150])
    write_png(root / "test/images/empty.png", np.full((60, 64), 30, np.uint8))
    write_png(root / "test/labels/empty.png", np.zeros((60, 64), np.uint8))
    write_png(root / "test/images/small.png", small[:50])
    write_png(root / "test/labels/small.png", small_label[:50].astype(np.uint8))
