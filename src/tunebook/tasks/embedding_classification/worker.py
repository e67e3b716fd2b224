"""Trains, predicts, calibrates and scores heads in their child process; a table is read once for all runs of it."""

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tunebook.errors import Crashed, DataError
from tunebook.records import CurvePoint, Run, Settings
from tunebook.task import Context, Example, ItemScore, Panels, Prediction, Progress
from tunebook.tasks.embedding_classification import cohorts, heads, pooling, scores, thresholds
from tunebook.tasks.embedding_classification.config import Config
from tunebook.tasks.embedding_classification.contributions import Items, contributions
from tunebook.tasks.embedding_classification.description import unusable
from tunebook.tasks.embedding_classification.effects import is_softmax, is_validated
from tunebook.tasks.embedding_classification.metrics import THRESHOLD, available
from tunebook.tasks.embedding_classification.rows import Kind
from tunebook.tasks.embedding_classification.shared_tables import ROWS, SharedTable, SharedTables
from tunebook.train import checkpoints
from tunebook.train.seeding import deterministic


class Worker:
    """The worker of embedding classification; see `tunebook.task.Worker`.

    A split is one example and one prediction. `Example.image` holds the numbers of each row's item and group (rows ×
    2), `truth` the targets (rows × classes); the prediction raw `logits` (rows × classes, float32; NaN in a row without
    an embedding). Scores are of groups of items.
    """

    def __init__(self) -> None:
        self._tables = SharedTables()

    def train(self, runs: Sequence[Run], contexts: Sequence[Context]) -> Iterator[Progress]:
        """Train heads together, or fit baselines one by one; each checkpoint is written as soon as its head is there.

        Raises:
            DataError: when the table cannot be used as a configuration says.
        """
        deterministic(threads=contexts[0].threads, device=contexts[0].device)
        places: dict[str, Context] = {}
        members: list[cohorts.Member] = []
        for run, context in zip(runs, contexts, strict=True):
            config, seed = _config(run), context.seed or 0
            table = self._tables.of(config.data, context.book)
            if problems := tuple(unusable(table.labelled, config)):
                raise DataError(*problems)
            if config.head.kind == "mlp":
                places[run.id] = context
                members.append(_member(run.id, config, table, seed=seed))
            else:
                _save(context, _fitted(config, table, seed=seed), table, config)
        if not members:
            return
        configs = {member.name: member.config for member in members}
        for event in cohorts.train(members, kind=table.kind, device=contexts[0].device):
            if isinstance(event, cohorts.Point):
                yield Progress(event.name, CurvePoint(event.epoch, event.values))
            else:
                epochs = {"trained_epochs": str(event.trained_epochs), "kept_epoch": str(event.kept_epoch)}
                _save(places[event.name], event.head, table, configs[event.name], **epochs)

    def quantities(self, run: Run, context: Context) -> Mapping[str, float]:
        """`trainable_parameters`; of a head that was trained in epochs also `trained_epochs` and `kept_epoch`.

        `converged` is 0 for a logistic regression whose solver ran out of iterations, else absent.
        """
        tensors, facts = checkpoints.load(context.checkpoint)
        only_shares = _config(run).head.kind == "majority"
        number = len(tensors[heads.OUTPUT_BIAS]) if only_shares else heads.Head(tensors).parameters
        found = {"trainable_parameters": float(number)}
        known = ("trained_epochs", "kept_epoch", "converged")
        return found | {name: float(facts[name]) for name in known if name in facts}

    def examples(self, run: Run, split: str, context: Context) -> Iterator[Example]:
        """The rows of a split, as one example."""
        yield self._tables.of(_config(run).data, context.book).example(split)

    def predict(self, run: Run, split: str, context: Context) -> Iterator[Prediction]:
        """Raw logits of all rows of a split."""
        deterministic(threads=context.threads, device=context.device)
        rows = self._tables.of(_config(run).data, context.book).labelled.splits[split]
        tensors, _ = checkpoints.load(context.checkpoint)
        yield Prediction(ROWS, {"logits": heads.logits(tensors, rows.embeddings, device=context.device)})

    def calibrate(
        self, run: Run, predictions: Sequence[Prediction], examples: Sequence[Example], split: str, *, metric: str
    ) -> Sequence[Settings]:
        """The threshold, one for all classes; none for multi-class, of which the largest score is predicted.

        Where a split decided when training ended or which weights were kept, that is a setting too.

        `missed` is with it where no threshold has the precision or recall that `threshold.at_least` asks for.

        Raises:
            Crashed: when the labels do not have the metric that the study selects by.
        """
        config = _config(run)
        table = self._tables.known(config.data)
        if metric not in available(table.kind):
            message = f"{metric} is no metric of {table.kind} labels; select by one of"
            raise Crashed(f"{message} {', '.join(available(table.kind))}")
        stopped = _stopped(config)
        if table.kind == "multi-class":
            return stopped
        (prediction,), (example,) = predictions, examples
        items, _ = _items(config, table.kind, prediction, example)
        goal = _goal(config, metric)
        found = thresholds.best(items.scores, items.truth, goal=goal, at_least=config.threshold.at_least)
        said = {name: value for name, value in (("edge", found.edge), ("missed", not found.reached)) if value}
        maximised = "macro.f1" if table.kind == "multi-label" and goal == "f1" else goal
        return (Settings(THRESHOLD, split, maximised, {THRESHOLD: found.value, **said}), *stopped)

    def score(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings]
    ) -> Iterator[ItemScore]:
        """What each group of items gives for every metric that the labels have, ordered by the groups' names."""
        config = _config(run)
        table = self._tables.known(config.data)
        items, groups = _items(config, table.kind, prediction, example)
        # Of multi-class no threshold is chosen and none is looked at.
        threshold = 0.5 if table.kind == "multi-class" else settings[THRESHOLD].values[THRESHOLD]
        cut = thresholds.Threshold(float(threshold)).cut  # type: ignore[arg-type]  # calibrate wrote a number
        for group in np.unique(groups).tolist():
            own = items.only(groups == group)
            yield from contributions(own, kind=table.kind, cut=cut, item=table.groups[group])

    def picture(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings], *, metric: str
    ) -> Panels | None:
        """None: of an embedding there is nothing to see."""
        return None


def _member(name: str, config: Config, table: SharedTable, *, seed: int) -> cohorts.Member:
    training = table.training(config.data.split.train, config.subset, seed=seed)
    validation = table.plain(config.early_stopping.split) if is_validated(config) else None
    return cohorts.Member(name, config, seed, training, validation)


def _fitted(config: Config, table: SharedTable, *, seed: int) -> heads.Head:
    # It imports scikit-learn, for which a cohort need not wait.
    from tunebook.tasks.embedding_classification import logistic  # noqa: PLC0415

    training = table.training(config.data.split.train, config.subset, seed=seed)
    if config.head.kind == "majority":
        return logistic.majority(training, kind=table.kind)
    return logistic.fit(training, kind=table.kind, c=config.head.c, standardise=config.head.standardise)


def _save(context: Context, head: heads.Head, table: SharedTable, config: Config, **facts: str) -> None:
    activation = "softmax" if is_softmax(config, table.kind) else "sigmoid"
    classes = json.dumps(table.labelled.classes, ensure_ascii=False)
    found = {"classes": classes, "kind": table.kind, "activation": activation, **head.facts, **facts}
    checkpoints.save(context.checkpoint, head.tensors, found)


def _items(config: Config, kind: Kind, prediction: Prediction, example: Example) -> tuple[Items, np.ndarray]:
    """The items of a split with their raw scores, and the number of each one's group."""
    logits, (items, groups) = prediction.arrays["logits"], example.image.T
    said = scores.log_odds(logits) if is_softmax(config, kind) else logits
    pooled = pooling.pooled(said, items, pool=config.data.pool, k=config.data.k)
    return Items(pooled, pooling.of_any_row(example.truth, items)), pooling.of_items(groups, items, names=())


def _stopped(config: Config) -> tuple[Settings, ...]:
    """On which split early stopping looked, and for what."""
    how = config.early_stopping
    if not is_validated(config):
        return ()
    values = {"patience": how.patience, "keep_weights": config.keep_weights}
    return (Settings("early stopping", how.split, how.metric, values),)


def _goal(config: Config, metric: str) -> thresholds.Goal:
    if config.threshold.choose != "auto":
        return config.threshold.choose
    return "balanced_accuracy" if metric.endswith("balanced_accuracy") else "f1"


def _config(run: Run) -> Config:
    return Config.model_validate(run.configuration.values)
