"""What of a configuration can matter: parameters without effect are no part of a run, and points fold into one."""

from collections.abc import Iterator

from tunebook.tasks.embedding_classification.config import Config, Data, Head, Subset
from tunebook.tasks.embedding_classification.rows import Kind

TRAINING = frozenset(
    {
        *("loss", "mixup", "optimizer", "schedule", "batch_size", "budget", "early_stopping", "keep_weights"),
        *("precision", "arithmetic"),
    }
)
"""What matters to a head that is trained in epochs alone; no baseline is."""


def without_effect(config: Config) -> frozenset[str]:
    """Parameters (dotted; a group by its path) and replicate factors that cannot matter here."""
    found = {*_of_data(config.data), *_of_subset(config.subset), *_of_head(config.head)}
    if config.threshold.choose not in ("recall", "precision"):
        found.add("threshold.at_least")
    if config.head.kind == "mlp":
        return frozenset({*found, *_of_training(config)})
    return frozenset({*found, *TRAINING, *(() if draws(config.subset) else ("seed",))})


def draws(subset: Subset) -> bool:
    """Whether rows are drawn: by the replicate's seed."""
    return subset.positives is not None or subset.balance or subset.upsampling.ratio > 0


def is_validated(config: Config) -> bool:
    """Whether a split that is not trained on decides when training ends or which weights are kept."""
    return config.head.kind == "mlp" and (config.early_stopping.patience is not None or config.keep_weights == "best")


def is_softmax(config: Config, kind: Kind) -> bool:
    """Whether probabilities of classes add up to 1, by their training; else each class has its own."""
    return kind == "multi-class" and (config.head.kind != "mlp" or config.loss.kind != "bce")


def _of_data(data: Data) -> Iterator[str]:
    if data.split.fractions is None and data.folds is None:
        yield "data.split.seed"
    if data.split.fractions is not None:
        yield from ("data.split.column", "data.split.names")
    if data.folds is None:
        yield "data.split.val"
    if data.item is None:
        yield from ("data.pool", "data.k")
    elif data.pool != "top-k":
        yield "data.k"


def _of_subset(subset: Subset) -> Iterator[str]:
    if subset.quality is None:
        yield "data.quality"
    if subset.negatives is None:
        yield "data.hardness"
    if subset.upsampling.ratio == 0:
        yield "subset.upsampling.mode"


def _of_head(head: Head) -> Iterator[str]:
    if head.kind != "logistic-regression":
        yield "head.c"
    if head.kind == "majority":
        yield "head.standardise"
    if head.kind != "mlp":
        yield from ("head.hidden_units", "head.dropout", "head.input_dropout")
    elif head.hidden_units == 0 and not (head.dropout and head.input_dropout):
        yield from ("head.dropout", "head.input_dropout")  # there is nothing to drop, or nothing is dropped
    elif head.dropout == 0:
        yield "head.input_dropout"


def _of_training(config: Config) -> Iterator[str]:
    if config.loss.label_smoothing == 0:
        yield "loss.smoothing"
    if config.loss.kind != "softmax" and _one_by_one(config.data):
        yield "loss.kind"  # auto is bce
    if config.mixup.kind == "none":
        yield "mixup.alpha"
    if config.mixup.kind != "once":
        yield "mixup.fraction"
    if config.optimizer.name != "adamw":
        yield "optimizer.weight_decay"
    if config.schedule.name == "constant":
        yield "schedule.final"
    if config.early_stopping.patience is None and config.keep_weights == "last":
        yield "early_stopping"


def _one_by_one(data: Data) -> bool:
    """Whether the configuration alone says that labels are not multi-class."""
    return data.positive is not None or data.separator is not None
