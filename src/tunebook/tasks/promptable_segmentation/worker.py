"""Trains, predicts, calibrates and scores one run in its child process."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from tunebook.records import CurvePoint, Run, Settings
from tunebook.task import Context, Example, ItemScore, Panels, Prediction, Progress
from tunebook.tasks.promptable_segmentation import floor, inference, scores, watershed
from tunebook.tasks.promptable_segmentation.batches import Sample
from tunebook.tasks.promptable_segmentation.config import Config
from tunebook.tasks.promptable_segmentation.description import MODES, PIECES
from tunebook.tasks.promptable_segmentation.items import items, read, read_scaled
from tunebook.tasks.promptable_segmentation.sam import SIZES
from tunebook.tasks.promptable_segmentation.schedule import full_length, validated
from tunebook.tasks.promptable_segmentation.starting import (
    adapter_text,
    finds_all,
    finished_model,
    starting_model,
)
from tunebook.tasks.promptable_segmentation.thumbnails import legend, thumbnails
from tunebook.tasks.promptable_segmentation.training import train
from tunebook.train import adapters, checkpoints
from tunebook.train.seeding import deterministic

SCORED: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "msa": scores.msa,
    "sa50": partial(scores.segmentation_accuracy, threshold=0.5),
    "sa75": partial(scores.segmentation_accuracy, threshold=0.75),
    "msa-elf": scores.msa_elf,
}
"""Score -> function of (prediction, truth)."""


class Worker:
    """The worker of promptable segmentation; see `tunebook.task.Worker`."""

    def train(self, runs: Sequence[Run], contexts: Sequence[Context]) -> Iterator[Progress]:
        """Train one run after the other."""
        for run, context in zip(runs, contexts, strict=True):
            for point in self._train(run, context):
                yield Progress(run.id, point)

    def _train(self, run: Run, context: Context) -> Iterator[CurvePoint]:
        """Train the adapter and the decoders; the checkpoint holds the trained tensors and their adapter.

        Where validation decides, it also says how many steps were trained and which one's weights are kept.
        """
        config = _config(run)
        deterministic(threads=context.threads, device=context.device)
        seed = context.seed or 0
        model = starting_model(config, book=context.book, seed=seed).to(context.device)
        samples = self._samples(run, "train", context)
        ended = yield from train(
            model,
            samples,
            config,
            seed=seed,
            steps=context.length,
            total=full_length(config, images=len(samples)),
            device=context.device,
            validation=self._samples(run, "val", context) if validated(config) else (),
            state=context.state,
        )
        metadata = {"adapter": adapter_text(config), "base": run.fingerprints.get("weights", "random")}
        if validated(config):
            metadata |= {"trained_steps": str(ended.steps), "kept_step": str(ended.kept_step)}
        checkpoints.save(context.checkpoint, adapters.trainable(model), metadata)

    def quantities(self, run: Run, context: Context) -> Mapping[str, float]:
        """`trainable_parameters`, `parameters`; where validation decides, `trained_steps` and `kept_step`."""
        config = _config(run)
        if config.model.family == "otsu-watershed":
            return {"trainable_parameters": 0.0, "parameters": 0.0}
        model = starting_model(config, book=context.book, seed=context.seed or 0)
        found = {
            "trainable_parameters": float(adapters.count(model)),
            "parameters": float(sum(tensor.numel() for tensor in model.parameters())),
        }
        if context.length and validated(config):
            metadata = checkpoints.metadata(context.checkpoint)
            found |= {name: float(metadata[name]) for name in ("trained_steps", "kept_step")}
        return found

    def examples(self, run: Run, split: str, context: Context) -> Iterator[Example]:
        """Images (float32, h × w × 3, normalised to 0..255) and instance labels (h × w), ordered by name."""
        config = _config(run)
        for item in items(config, context.book, split):
            yield Example(item.name, *read(item, config.data))

    def predict(self, run: Run, split: str, context: Context) -> Iterator[Prediction]:
        """Raw maps and mask logits; see `inference`."""
        config = _config(run)
        deterministic(threads=context.threads, device=context.device)
        model = finished_model(config, context) if config.model.family == "sam" else None
        automatic = model is not None and finds_all(config, book=context.book)
        for example in self.examples(run, split, context):
            if model is None:
                yield Prediction(example.item, {"ais": floor.otsu_watershed(example.image)})
            else:
                arrays = inference.predict(
                    model,
                    example.image,
                    example.truth,
                    item=example.item,
                    crop=config.crop,
                    automatic=automatic,
                    iterative=config.iterative,
                    device=context.device,
                )
                yield Prediction(example.item, arrays)

    def calibrate(
        self, run: Run, predictions: Sequence[Prediction], examples: Sequence[Example], split: str, *, metric: str
    ) -> Sequence[Settings]:
        """Post-processing of ais: the combination of the grid with the best mean on the split.

        The mean is that of the metric if it is one of ais, else of ais.msa.
        """
        if not predictions or any("ais" not in prediction.arrays for prediction in predictions):
            return ()
        mode, _, name = metric.partition(".")
        score = name if mode == "ais" else "msa"
        values, _ = watershed.best(
            [prediction.arrays["ais"] for prediction in predictions],
            [example.truth for example in examples],
            grid=watershed.grid(_config(run).automatic.settings),
            score=SCORED[score],
        )
        return (Settings("ais", split, f"ais.{score}", values),)

    def score(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings]
    ) -> Iterator[ItemScore]:
        """Segmentation accuracies of every mode; a mode that the model does not have says why."""
        config = _config(run)
        for mode in MODES:
            predicted = _label_map(config, mode, prediction, example, settings)
            if predicted is None:
                reason = _why_not(config, mode)
                for score in SCORED:
                    yield ItemScore(f"{mode}.{score}", reason=reason)
                continue
            found = scores.matches(predicted, example.truth)
            yield ItemScore(f"{mode}.msa", found.msa)
            yield ItemScore(f"{mode}.sa50", found.accuracy(0.5))
            yield ItemScore(f"{mode}.sa75", found.accuracy(0.75))
            yield ItemScore(f"{mode}.msa-elf", scores.msa_elf(predicted, example.truth))

    def picture(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings], *, metric: str
    ) -> Panels:
        """Image, truth and the objects of the metric's mode; where there is none, the automatic ones, else of boxes."""
        config = _config(run)
        mode = next(mode for mode in (metric.partition(".")[0], "ais", "box") if mode in prediction.arrays)
        predicted = _label_map(config, mode, prediction, example, settings)
        assert predicted is not None, "the mode is one that was predicted"
        panels = thumbnails(example.image, example.truth, predicted)
        caption = f"{mode}: {legend(scores.matches(predicted, example.truth))}"
        return Panels(example.item, panels, caption if mode == "ais" else f"{caption}, {PIECES}")

    def _samples(self, run: Run, split: str, context: Context) -> list[Sample]:
        config = _config(run)
        return [Sample(*read_scaled(item, config.data)) for item in items(config, context.book, split)]


def _label_map(
    config: Config, mode: str, prediction: Prediction, example: Example, settings: Mapping[str, Settings]
) -> np.ndarray | None:
    if mode not in prediction.arrays:
        return None
    if mode == "ais":
        return watershed.instances(prediction.arrays["ais"], **watershed.recorded(settings["ais"].values))
    window = config.crop or SIZES[config.model.size].image_size
    return inference.label_map(prediction.arrays, mode, shape=example.truth.shape, window=window)


def _why_not(config: Config, mode: str) -> str:
    """Why the predictions of a run lack a mode."""
    if mode != "ais":
        assert config.model.family == "otsu-watershed", "a model is asked in every interactive mode"
        return "takes no prompts"
    if not config.automatic.enabled:
        return "automatic.enabled is false"
    return f"the base {config.model.weights} brings no decoder for {mode}"


def _config(run: Run) -> Config:
    return Config.model_validate(run.configuration.values)
