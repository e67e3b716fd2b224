"""What embedding classification is: configuration, metrics, inputs; without torch."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from tunebook.errors import DataError, Problem
from tunebook.fingerprints import Input
from tunebook.records import DataFacts, canonical_json
from tunebook.task import Beginning, Metric
from tunebook.tasks.embedding_classification import beginning, effects, pooling, subsets, tables
from tunebook.tasks.embedding_classification.config import Config
from tunebook.tasks.embedding_classification.metrics import MEASURES, available
from tunebook.tasks.embedding_classification.rows import Labelled, Rows

BASELINES: Mapping[str, Mapping[str, Any]] = {
    "majority": {"head": {"kind": "majority"}},
    "logistic regression": {"head": {"kind": "logistic-regression"}},
}
"""Name -> values laid over a configuration."""


class EmbeddingClassification:
    """Small heads on frozen embeddings: binary, multi-class and multi-label."""

    name = "embedding-classification"
    version = "1"
    evaluator = "1"
    Config: type[BaseModel] = Config
    metrics: Mapping[str, Metric] = {name: measure.metric for name, measure in MEASURES.items()}
    worker = "tunebook.tasks.embedding_classification.worker:Worker"
    verified = (
        *("data", "subset", "early_stopping", "keep_weights"),
        *("head.kind", "loss.kind", "threshold.choose"),
    )
    largest_cohort = 64
    predictor = "tunebook.tasks.embedding_classification.applying:predict"
    predictions: Literal["file", "folder"] = "file"
    formats: Mapping[str, str] = {
        "head": "tunebook.tasks.embedding_classification.exporting:head",
        "onnx": "tunebook.tasks.embedding_classification.exporting:onnx",
    }

    def without_effect(self, config: BaseModel) -> frozenset[str]:
        """What cannot matter: of baselines everything trained in epochs, and each part's fields without the part."""
        return effects.without_effect(_ours(config))

    def inputs(self, config: BaseModel, book: Path) -> Sequence[Input]:
        """The table: one file, whatever it is called, or all files of a folder with their names.

        Raises:
            DataError: when it is not there, or when the configuration asks its labels or splits for what they lack.
        """
        config = _ours(config)
        if problems := tuple(_contradictions(config)):
            raise DataError(*problems)
        root, files = tables.located(config.data, book), tables.files(config.data, book)
        return (Input("data", root if root.is_dir() else root.parent, files, named=root.is_dir()),)

    def start(self, data: Path) -> Beginning | None:
        """A table with a column of embeddings and one of labels, or a folder of BirdNET's embeddings."""
        return beginning.start(data)

    def survey(self, config: BaseModel, book: Path, *, thumbnails: Path) -> DataFacts:
        """Classes, groups and what is odd, of every row; no pictures."""
        # Only who looks at the data pays for the import.
        from tunebook.tasks.embedding_classification import survey  # noqa: PLC0415

        return survey.survey(_ours(config), book)

    def verify(self, config: BaseModel, book: Path) -> None:
        """Read the table once.

        Raises:
            DataError: with everything that is wrong in it, and with what it cannot be used for.
        """
        config = _ours(config)
        if problems := tuple(unusable(tables.read(config.data, book), config)):
            raise DataError(*problems)

    def splits(self, config: BaseModel) -> Sequence[str]:
        """Those that the configuration names."""
        return tables.names(_ours(config).data)

    def refusal(self, config: BaseModel, book: Path, *, metric: str, split: str) -> str:
        """A metric that the kind of labels does not have, or a split that lacks positives or negatives for it."""
        labelled = tables.read(_ours(config).data, book)
        known = available(labelled.kind)
        if metric not in known:
            return f"must be a metric of {labelled.kind} labels, one of {', '.join(known)}"
        if not _two_sided(labelled.splits[split]):
            return f"must be judged on a split with rows of a class and rows without it, which {split} has not"
        return ""

    def length(self, config: BaseModel, book: Path) -> int:
        """Epochs; 1 for a baseline, which is fitted at once."""
        config = _ours(config)
        return config.budget.epochs if config.head.kind == "mlp" else 1

    def cohort(self, config: BaseModel) -> Hashable | None:
        """Heads on one training set that go through it in one order, step by step; baselines share the table alone."""
        config = _ours(config)
        if config.head.kind != "mlp":
            return canonical_json({"baseline": config.data.model_dump()})
        same = {"data", "subset", "batch_size", "budget", "schedule", "precision", "arithmetic"}
        mixed = config.mixup.model_dump() if config.mixup.kind == "once" else None
        return canonical_json(
            {**config.model_dump(include=same), "standardise": config.head.standardise, "mixed once": mixed}
        )

    def baselines(self, config: BaseModel) -> Mapping[str, Mapping[str, Any]]:
        """The share of each class whatever the embedding, and logistic regression."""
        return BASELINES


def unusable(labelled: Labelled, config: Config) -> Iterator[Problem]:
    """What a table that was read is not good for, by its labels and by its rows."""
    if config.loss.kind == "softmax" and labelled.kind != "multi-class":
        yield _no_softmax(labelled.kind)
    if config.threshold.choose in ("recall", "precision") and labelled.kind != "binary":
        message = f"must be auto, f1 or balanced_accuracy for {labelled.kind} labels; got {config.threshold.choose}"
        yield Problem("threshold.choose", message)
    yield from subsets.problems(labelled.splits[config.data.split.train], config.subset, kind=labelled.kind)
    stopping = config.early_stopping
    ranked = effects.is_validated(config) and stopping.metric != "loss"
    if ranked and not _two_sided(labelled.splits[stopping.split]):
        message = f"must be loss where its split has no class both present and absent; got {stopping.metric}"
        yield Problem("early_stopping.metric", message)
    for name, rows in labelled.splits.items():
        try:
            pooling.of_items(pooling.numbered(rows.groups), pooling.numbered(rows.items), names=rows.items)
        except DataError as error:
            yield from (replace(problem, place=f"{problem.place}, split {name}") for problem in error.problems)
    for name in _needed(config):
        rows = labelled.splits[name]
        if not rows.embedded.any():
            yield Problem("data.split", f"must have rows with an embedding in {name}; got none of {len(rows.ids)}")


def _two_sided(rows: Rows) -> bool:
    """Whether some class has rows with it and rows without it."""
    truth = rows.targets > 0
    return bool((truth.any(axis=0) & ~truth.all(axis=0)).any())


def _needed(config: Config) -> Sequence[str]:
    """The splits that training reads."""
    return (config.data.split.train, *((config.early_stopping.split,) if effects.is_validated(config) else ()))


def _contradictions(config: Config) -> Iterator[Problem]:
    """What is wrong whatever the table holds."""
    known = tables.names(config.data)
    for name in _needed(config):
        if name not in known:
            message = f"must be one of the splits {', '.join(known)}; got {name}"
            yield Problem("early_stopping.split", message, "name it in data.split.names or data.split.fractions")
    if config.data.item is not None and config.data.split.fractions is not None and not config.data.split.by:
        message = f"must keep the rows of an item together, as {config.data.item} says; got none"
        yield Problem("data.split.by", message, f"by: [{config.data.item}], or a column around it")
    if config.loss.kind == "softmax" and config.head.kind == "mlp":
        if config.data.positive is not None:
            yield _no_softmax("binary")
        elif config.data.separator is not None:
            yield _no_softmax("multi-label")


def _no_softmax(kind: str) -> Problem:
    return Problem("loss.kind", f"must be bce or auto for {kind} labels; got softmax")


def _ours(config: BaseModel) -> Config:
    if not isinstance(config, Config):
        raise TypeError(f"config must be a {Config.__name__}; got {type(config).__name__}")
    return config
