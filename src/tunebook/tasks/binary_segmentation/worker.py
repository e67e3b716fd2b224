"""Trains, predicts, calibrates and scores binary masks in their child process; scans are read once for all runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, overload

import numpy as np

from tunebook.records import CurvePoint, Run, Settings, canonical_json
from tunebook.task import Context, Example, ItemScore, Panels, Prediction, Progress
from tunebook.tasks.binary_segmentation import counts, floors, metrics, networks, scans, thresholds
from tunebook.tasks.binary_segmentation.config import Config, Data
from tunebook.tasks.binary_segmentation.drawing import Drawable, Epochs, Source
from tunebook.tasks.binary_segmentation.effects import BLIND, is_learned
from tunebook.tasks.binary_segmentation.metrics import THRESHOLD
from tunebook.tasks.binary_segmentation.panels import panels
from tunebook.tasks.binary_segmentation.scans import Loaded, Scan
from tunebook.tasks.binary_segmentation.stitching import enlarged
from tunebook.tasks.binary_segmentation.trained import answering, floor, threshold_of
from tunebook.tasks.binary_segmentation.training import train
from tunebook.train import checkpoints
from tunebook.train.seeding import deterministic

SCANS_BYTES = 1_000_000_000
"""Memory for scans that are kept for the next run; what does not fit is read again."""
TILES_BYTES = 1_000_000_000
"""Memory for tiles that are kept for the next run of a cohort; what does not fit is drawn again."""

Key = tuple[Scan, str]
Read = TypeVar("Read", bound=Source)


@dataclass
class SharedScans:
    """Scans that were read, for all runs of a process."""

    limit_bytes: int = SCANS_BYTES
    _kept: dict[Key, Source] = field(default_factory=dict)
    _bytes: int = 0

    def of(self, scan: Scan, data: Data) -> Loaded:
        """A scan as it is worked on; whoever asks gets the same arrays, and must not write to them.

        Raises:
            DataError: when a file cannot be used.
        """
        key = _key(scan, data)
        kept = self._kept.get(key)
        if isinstance(kept, Loaded):
            return kept
        found = scans.load(scan, data)
        self._keep(key, found)
        return found

    def drawable(self, scan: Scan, data: Data) -> Source:
        """The same for training, which needs no mask at the scan's own size: none is kept for it.

        Raises:
            DataError: as `of`.
        """
        key = _key(scan, data)
        if key in self._kept:
            return self._kept[key]
        found = scans.load(scan, data)
        needed = found if found.mask is found.small_mask else Drawable(found.image, found.small_mask)
        self._keep(key, needed)
        return needed

    def _keep(self, key: Key, found: Source) -> None:
        more = _nbytes(found) - (_nbytes(self._kept[key]) if key in self._kept else 0)
        if self._bytes + more <= self.limit_bytes:
            self._bytes += more
            self._kept[key] = found


@dataclass(frozen=True, eq=False)
class Asked(Sequence[Read], Generic[Read]):
    """Scans that are asked for one by one as they are needed, and not held.

    Args:
        ask: Reads a scan, or finds it where it is kept.
    """

    scans: Sequence[Scan]
    ask: Callable[[Scan], Read]

    def __len__(self) -> int:
        return len(self.scans)

    def __iter__(self) -> Iterator[Read]:
        return map(self.ask, self.scans)

    @overload
    def __getitem__(self, at: int) -> Read: ...
    @overload
    def __getitem__(self, at: slice) -> "Asked[Read]": ...
    def __getitem__(self, at: int | slice) -> "Read | Asked[Read]":
        return Asked(self.scans[at], self.ask) if isinstance(at, slice) else self.ask(self.scans[at])


class Worker:
    """The worker of binary segmentation; see `tunebook.task.Worker`.

    An item is a scan. `Example.image` is RGB (h × w × 3, uint8) at the size that it is worked on, `truth` its mask
    (H × W, bool) at its own size; the prediction `probability` (H × W, uint8, in 255ths) at its own size.
    """

    def __init__(self) -> None:
        self._scans = SharedScans()

    def train(self, runs: Sequence[Run], contexts: Sequence[Context]) -> Iterator[Progress]:
        """Train one run after the other, those on the same tiles together; each has its checkpoint when it ends.

        Raises:
            DataError: when a scan cannot be used.
        """
        deterministic(threads=contexts[0].threads, device=contexts[0].device)
        groups: dict[str, list[tuple[Run, Config, Context]]] = {}
        for run, context in zip(runs, contexts, strict=True):
            config = _config(run)
            tiles = [config.model_dump(include={"data", "augmentation"}), context.seed]
            groups.setdefault(canonical_json(tiles), []).append((run, config, context))
        for group in groups.values():
            epochs: Epochs | None = None
            for run, config, context in group:
                if not is_learned(config):
                    self._fit(config, context)
                    continue
                if epochs is None:
                    epochs = self._epochs(config, context)
                for point in _trained(config, epochs, context):
                    yield Progress(run.id, point)

    def quantities(self, run: Run, context: Context) -> Mapping[str, float]:
        """`trainable_parameters`; of what was trained also `foreground`, its share in the tiles of the first epoch."""
        config = _config(run)
        if not is_learned(config):
            return {"trainable_parameters": 0.0}
        network = networks.build(config.model, seed=0)
        foreground = float(checkpoints.metadata(context.checkpoint)["foreground"])
        parameters = sum(tensor.numel() for tensor in network.parameters())
        return {"trainable_parameters": float(parameters), "foreground": foreground}

    def examples(self, run: Run, split: str, context: Context) -> Iterator[Example]:
        """The scans of a split, ordered by name."""
        for loaded in self._loaded(_config(run), split, context):
            yield Example(loaded.name, loaded.image, loaded.mask)

    def predict(self, run: Run, split: str, context: Context) -> Iterator[Prediction]:
        """Probabilities of whole scans, at the size they are worked on, then brought to their own."""
        config = _config(run)
        deterministic(threads=context.threads, device=context.device)
        answer = answering(config, context)
        for loaded in self._loaded(config, split, context):
            yield Prediction(loaded.name, {"probability": enlarged(answer(loaded.image), loaded.mask.shape)})

    def calibrate(
        self, run: Run, predictions: Sequence[Prediction], examples: Sequence[Example], split: str, *, metric: str
    ) -> Sequence[Settings]:
        """The threshold that `threshold.choose` asks for over the pixels of all scans, whatever the metric.

        `edge` is with it where others do not stand on both sides, `missed` where no threshold has the precision or
        recall that `threshold.at_least` asks for.
        """
        how = _config(run).threshold
        pairs = zip(predictions, examples, strict=True)
        histograms = [
            counts.histogram(prediction.arrays["probability"], example.truth) for prediction, example in pairs
        ]
        found = thresholds.best(np.sum(histograms, axis=0), how)
        said = {name: value for name, value in (("edge", found.edge), ("missed", not found.reached)) if value}
        return (Settings(THRESHOLD, split, how.choose, {THRESHOLD: found.value, **said}),)

    def score(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings]
    ) -> Iterator[ItemScore]:
        """What a scan gives for every metric."""
        return metrics.contributions(
            prediction.arrays["probability"],
            example.truth,
            threshold=threshold_of(settings),
            tolerance=_config(run).boundary.tolerance,
        )

    def picture(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings], *, metric: str
    ) -> Panels:
        """Image, truth, and what is right and wrong at the chosen threshold."""
        probability = prediction.arrays["probability"]
        return panels(example.item, example.image, example.truth, probability, threshold=threshold_of(settings))

    def _epochs(self, config: Config, context: Context) -> Epochs:
        found = scans.scans(config, context.book, "train")
        loaded = Asked(found, lambda scan: self._scans.drawable(scan, config.data))
        return Epochs(loaded, config.data, config.augmentation, context.seed or 0, limit_bytes=TILES_BYTES)

    def _fit(self, config: Config, context: Context) -> None:
        """Write what a baseline takes from the training scans."""
        family = floor(config)
        found = () if family in BLIND else scans.scans(config, context.book, "train")
        facts = floors.fit(family, Asked(found, lambda scan: self._scans.of(scan, config.data)))
        checkpoints.save(context.checkpoint, {}, {name: repr(value) for name, value in facts.items()})

    def _loaded(self, config: Config, split: str, context: Context) -> Iterator[Loaded]:
        for scan in scans.scans(config, context.book, split):
            yield self._scans.of(scan, config.data)


def _trained(config: Config, epochs: Epochs, context: Context) -> Iterator[CurvePoint]:
    """Train one network and write its checkpoint; there is none where training did not stay finite."""
    trained = yield from train(
        config,
        epochs.of,
        seed=context.seed or 0,
        length=context.length,
        device=context.device,
        state=context.state,
    )
    if trained is not None:
        tensors = trained.network.state_dict()
        checkpoints.save(context.checkpoint, tensors, {"foreground": repr(trained.foreground)})


def _key(scan: Scan, data: Data) -> Key:
    return scan, canonical_json(data.model_dump(include={"channel", "normalize", "image_size"}))


def _nbytes(found: Source) -> int:
    """Bytes of memory that a scan takes; a mask that is worked on at its own size is one array, not two."""
    own = found.mask.nbytes if isinstance(found, Loaded) and found.mask is not found.small_mask else 0
    return found.image.nbytes + found.small_mask.nbytes + own


def _config(run: Run) -> Config:
    return Config.model_validate(run.configuration.values)
