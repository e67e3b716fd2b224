"""Small tables of embeddings, with their configurations, runs and jobs, for the tests beside this file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tunebook.execute.job import Job
from tunebook.execute.scoring import scoring_of
from tunebook.fingerprints import FingerprintCache, of_inputs
from tunebook.records import Configuration, Run
from tunebook.spec.canonical import configuration
from tunebook.spec.fields import nested
from tunebook.task import Context
from tunebook.tasks.embedding_classification import TASK
from tunebook.tasks.embedding_classification.config import Config

QUICK = {"data.table": "rows.npz", "data.positive": "owl", "budget.epochs": 3, "optimizer.lr": 0.05}
"""Dotted path -> value: owls against the rest, three epochs."""
CLASSES = ("owl", "robin", "wren")
WIDTH = 6


def canonical(changes: Mapping[str, Any] | None = None) -> Configuration:
    """The canonical configuration of QUICK with changes, by dotted path."""
    return configuration(TASK, nested({**QUICK, **(changes or {})}))


def configured(changes: Mapping[str, Any] | None = None) -> Config:
    """The same as the task's Config."""
    return Config.model_validate(canonical(changes).values)


def write_rows(book: Path, *, rows: int = 60, seed: int = 0, labels: Sequence[str] = CLASSES, **more: Any) -> None:
    """rows.npz: three splits, three classes apart in the first dimensions, two sites, recordings of four rows.

    Args:
        labels: Of the rows, again and again.
        more: Columns that are added, or stand in the place of these.
    """
    rng = np.random.default_rng(seed)
    label = np.resize(np.array(labels), rows)
    embedding = rng.standard_normal((rows, WIDTH)).astype(np.float32)
    embedding[np.arange(rows), np.unique(label, return_inverse=True)[1] % WIDTH] += 2.0
    number = np.arange(rows)
    columns = {
        "embedding": embedding,
        "label": label,
        "split": np.array(["train", "train", "val", "test"])[number // 4 % 4],
        "site": np.array(["marsh", "wood"])[number // 16 % 2],
        "recording": np.array([f"r{each // 4}" for each in number]),
        **more,
    }
    book.mkdir(exist_ok=True)
    np.savez(book / "rows.npz", **columns)


def a_run(book: Path, changes: Mapping[str, Any] | None = None, *, seed: int = 0) -> Run:
    """A run as the conductor makes it: its table is fingerprinted, a seed without effect is left out."""
    found = canonical(changes)
    config = Config.model_validate(found.values)
    return Run(
        task=TASK.name,
        version=TASK.version,
        configuration=found,
        replicate={} if "seed" in TASK.without_effect(config) else {"seed": seed},
        fingerprints=of_inputs(TASK.inputs(config, book), cache=FingerprintCache(book / "cache.sqlite")),
        length=TASK.length(config, book),
    )


def a_job(runs: Sequence[Run], book: Path, *, metric: str = "f1", split: str = "val") -> Job:
    """A job that brings runs to scores on test, with settings chosen by a metric on a split."""
    return Job(
        tuple(runs),
        worker=TASK.worker,
        task=TASK.name,
        task_object="tunebook.tasks.embedding_classification:TASK",
        book=book,
        splits=("test",),
        scoring=scoring_of(runs[0].configuration, TASK, split=split, metric=metric),
    )


def a_context(run: Run, book: Path, folder: Path) -> Context:
    """A context that keeps the checkpoint in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    return Context(
        book=book,
        checkpoint=folder / f"{run.id}.safetensors",
        state=folder / f"{run.id}.state",
        length=run.length,
        device="cpu",
        threads=1,
        seed=run.replicate.get("seed"),
    )
