"""From stored predictions to settings, measurements and pictures.

Nothing here trains or predicts: another selection split or another evaluator starts from the files of the run.
What each way of scoring makes has a folder of its own, so that studies which share a run do not disturb each other.
"""

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from PIL import Image

from tunebook.errors import Crashed
from tunebook.folders import RunFolder, write_atomically, write_lines
from tunebook.records import Configuration, Measurement, Run, Scoring, Settings
from tunebook.spec.fields import fields_of
from tunebook.task import Context, Example, ItemScore, Metric, Panels, Prediction, Task, Worker

NAMED = 5


def scoring_of(configuration: Configuration, task: Task, *, split: str, metric: str) -> Scoring:
    """How a study scores a run.

    Args:
        configuration: That of the run; its scoring settings are taken.
        split: The split on which the study chooses settings.
        metric: The metric by which it selects there.
    """
    leaves = fields_of(task.Config).leaves.items()
    values = {path: configuration.get(path) for path, leaf in leaves if leaf.identity == "scoring"}
    return Scoring(split=split, metric=metric, values=values, evaluator=task.evaluator)


@dataclass(frozen=True)
class Scorer:
    """Scores one run with one worker.

    Args:
        folder: Where the predictions lie and the results go.
    """

    run: Run
    scoring: Scoring
    task: Task
    worker: Worker
    folder: RunFolder
    context: Context

    def calibrate(self) -> Mapping[str, Settings]:
        """Choose the settings on the split of the scoring: mode -> settings.

        Raises:
            Crashed: when predictions and items of the split do not correspond.
        """
        split, metric = self.scoring.split, self.scoring.metric
        pairs = tuple(self._pairs(split))
        predictions, examples = [prediction for _, prediction in pairs], [example for example, _ in pairs]
        chosen = tuple(self.worker.calibrate(self.run, predictions, examples, split, metric=metric))
        return {settings.mode: settings for settings in chosen}

    def measure(self, split: str, settings: Mapping[str, Settings], *, draw: bool) -> tuple[Measurement, ...]:
        """Every metric of the task on one split: the aggregate first, then the items in their order.

        Args:
            settings: Mode -> settings, from `calibrate`.
            draw: Whether the items are drawn as well.

        Raises:
            Crashed: when predictions and items of the split do not correspond, or a score cannot be placed.
        """
        scores: dict[str, dict[str, ItemScore]] = {}
        whole: dict[str, ItemScore] = {}
        drawn: list[Panels] = []
        for example, prediction in self._pairs(split):
            for item, found in self._item_scores(prediction, example, settings, whole, split=split).items():
                if item in scores:
                    raise Crashed(f"two examples of {split} were scored as {item}")
                scores[item] = found
            if draw:
                metric = self.scoring.metric
                picture = self.worker.picture(self.run, prediction, example, settings, metric=metric)
                drawn += [] if picture is None else [picture]
        if draw:
            write_pictures(self.folder, self.scoring.id, split, drawn)
        return tuple(
            measurement
            for name, metric in self.task.metrics.items()
            for measurement in (
                self._measured_whole(metric, split, whole.get(name, _absent(name)), settings)
                if name in whole or not scores
                else self._measurements(
                    metric, split, {item: found.get(name, _absent(name)) for item, found in scores.items()}, settings
                )
            )
        )

    def _pairs(self, split: str) -> Iterator[tuple[Example, Prediction]]:
        """Items with their stored predictions, in the worker's order; complaints come at the end, all at once."""
        seen: dict[str, None] = {}
        missing: list[str] = []
        for example in self.worker.examples(self.run, split, self.context):
            if example.item in seen:
                raise Crashed(f"split {split} has two items named {example.item}")
            seen[example.item] = None
            arrays = self.folder.read_prediction(split, example.item)
            if arrays is None:
                missing.append(example.item)
            else:
                yield example, Prediction(example.item, arrays)
        if not seen:
            raise Crashed(f"split {split} has no items")
        if missing:
            raise Crashed(f"{len(missing)} of {len(seen)} items of {split} have no prediction: {_some(missing)}")
        extra = [item for item in self.folder.predicted(split) if item not in seen]
        if extra:
            raise Crashed(f"{len(extra)} predictions of {split} belong to no item: {_some(extra)}")

    def _item_scores(
        self,
        prediction: Prediction,
        example: Example,
        settings: Mapping[str, Settings],
        whole: dict[str, ItemScore],
        *,
        split: str,
    ) -> dict[str, dict[str, ItemScore]]:
        """Item -> metric -> score: of the whole example, or of its parts.

        Args:
            whole: Metric -> score of the whole split; those of this example are added.
        """
        found: dict[str, dict[str, ItemScore]] = {}
        known = len(whole)
        for score in self.worker.score(self.run, prediction, example, settings):
            item = score.item or example.item
            if score.metric not in self.task.metrics:
                raise Crashed(f"{item} was scored with {score.metric}, which is no metric of {self.task.name}")
            if score.whole:
                if score.metric in whole:
                    raise Crashed(f"the whole of {split} was scored with {score.metric} twice")
                whole[score.metric] = score
                continue
            if score.metric in found.setdefault(item, {}):
                raise Crashed(f"{item} was scored with {score.metric} twice")
            found[item][score.metric] = score
        return found or ({example.item: {}} if len(whole) == known else {})

    def _measured_whole(
        self, metric: Metric, split: str, score: ItemScore, settings: Mapping[str, Settings]
    ) -> Iterator[Measurement]:
        """The aggregate as it stands, without items."""
        used = settings[metric.mode].values if metric.mode in settings else {}
        value = score.value if score.value is not None and math.isfinite(score.value) else None
        reason = "" if value is not None else score.reason or f"the value is {score.value}"
        yield Measurement(
            metric=metric.facts.name,
            split=split,
            item="",
            value=value,
            n=0 if value is None else score.n,
            expected=score.expected,
            evaluator=self.scoring.evaluator,
            settings=used,
            reason=reason,
        )

    def _measurements(
        self, metric: Metric, split: str, scores: Mapping[str, ItemScore], settings: Mapping[str, Settings]
    ) -> Iterator[Measurement]:
        used = settings[metric.mode].values if metric.mode in settings else {}

        def measurement(item: str, scored: Sequence[ItemScore]) -> Measurement:
            value, n, reason = _joined(metric, scored)
            return Measurement(
                metric=metric.facts.name,
                split=split,
                item=item,
                value=value,
                n=n,
                expected=sum(each.expected for each in scored),
                evaluator=self.scoring.evaluator,
                settings=used,
                reason=reason,
            )

        yield measurement("", tuple(scores.values()))
        for item, score in scores.items():
            yield measurement(item, (score,))


def write_pictures(folder: RunFolder, scoring: str, split: str, drawn: Sequence[Panels]) -> None:
    """Put thumbnails in the folder of a scoring (its id) as PNG, and their list last."""
    for picture in drawn:
        for panel, pixels in picture.panels.items():
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, format="PNG", optimize=True)
            write_atomically(folder.picture_path(scoring, split, picture.item, panel), file.getvalue())
    write_lines(
        folder.picture_list(scoring, split),
        (
            {
                "item": picture.item,
                "panels": list(picture.panels),
                "caption": picture.caption,
                **({} if picture.pixels is None else {"pixels": asdict(picture.pixels)}),
            }
            for picture in drawn
        ),
    )


def _joined(metric: Metric, scores: Sequence[ItemScore]) -> tuple[float | None, int, str]:
    """Value, number of items behind it, and why there is no value."""
    usable = [score for score in scores if score.value is not None or score.counts or score.arrays]
    n = sum(score.n for score in usable)
    if not usable:
        return None, 0, scores[0].reason or "no value and no reason was given"
    value = float(metric.aggregate(usable))
    if math.isfinite(value):
        return value, n, ""
    return None, n, next((score.reason for score in usable if score.reason), f"the value is {value}")


def _absent(metric: str) -> ItemScore:
    return ItemScore(metric, reason=f"{metric} was not scored for this configuration")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
