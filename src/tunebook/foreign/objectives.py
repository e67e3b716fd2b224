"""By which score a foreign table chooses, and which it reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunebook.foreign import naming
from tunebook.foreign.asking import Asked
from tunebook.foreign.columns import UNSTATED, Column, Columns
from tunebook.foreign.frames import Direction, Frame
from tunebook.foreign.runs import ForeignRun
from tunebook.records import MetricFacts


@dataclass(frozen=True)
class Objective:
    """How configurations are compared.

    Args:
        metrics: Every metric. `metric`, `split`: by which the configuration is chosen.
        report: Metrics that are reported, and `splits` on which: every split that is there for no choice. Without
            one, the split of the choice, if nothing says that it is for validation.
        column: The column of the choice.
    """

    metrics: Mapping[str, MetricFacts]
    metric: str
    split: str
    report: tuple[str, ...]
    splits: tuple[str, ...]
    column: str


def objective_of(frame: Frame, columns: Columns, asked: Asked, runs: Sequence[ForeignRun]) -> Objective:
    """Choose by what the person names first, else by what the table was made for, else by the first on validation."""
    scores = columns.of("metric")
    chosen = _chosen(scores, frame, asked)
    reported = [score for score in scores if score.split not in (*naming.VALIDATION, *naming.TRAINING, UNSTATED)]
    if not reported and chosen.split == UNSTATED:
        reported = [score for score in scores if score.split == UNSTATED]
    report = dict.fromkeys(score.name for score in reported)
    splits = dict.fromkeys(score.split for score in reported)
    metrics = {name: _facts(name, scores, runs) for name in dict.fromkeys(score.name for score in scores)}
    return Objective(metrics, chosen.name, chosen.split, tuple(report) or (chosen.name,), tuple(splits), chosen.column)


def _chosen(scores: Sequence[Column], frame: Frame, asked: Asked) -> Column:
    named = (*asked.metric, *frame.directions)
    for name in named:
        return next(score for score in scores if score.column == name)
    given = [score for score in scores if score.given]
    if given:
        return given[0]
    order = (*naming.VALIDATION, UNSTATED, *naming.REPORTED, *naming.TRAINING)
    return min(
        scores,
        key=lambda score: (
            order.index(score.split) if score.split in order else len(order),
            score.direction == "minimize",
        ),
    )


def _facts(name: str, scores: Sequence[Column], runs: Sequence[ForeignRun]) -> MetricFacts:
    same = [score for score in scores if score.name == name]
    said: list[Direction] = [score.direction for score in same if score.direction is not None]
    values = [value for run in runs for (metric, _), value in run.facts.scores.items() if metric == name]
    share = any(score.share for score in same) and all(0 <= value <= 1 for value in values)
    return MetricFacts(name, said[0], "", low=0.0 if share else None, high=1.0 if share else None)
