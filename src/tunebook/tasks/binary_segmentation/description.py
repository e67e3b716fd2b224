"""What binary segmentation is: configuration, metrics, inputs; without torch."""

import os
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from tunebook.errors import DataError, Problem
from tunebook.fingerprints import Input
from tunebook.images import dividing
from tunebook.records import DataFacts, canonical_json
from tunebook.task import Beginning, Metric
from tunebook.tasks.binary_segmentation import beginning, effects, scans
from tunebook.tasks.binary_segmentation.config import Config
from tunebook.tasks.binary_segmentation.metrics import MEASURES

BASELINES: Mapping[str, Mapping[str, Any]] = {
    "all black": {"model": {"family": "black"}},
    "all white": {"model": {"family": "white"}},
    "constant": {"model": {"family": "constant"}},
    "Otsu": {"model": {"family": "otsu"}},
}
"""Name -> values laid over a configuration."""


class BinarySegmentation:
    """Masks of sparse foreground on large scans, by networks that are trained on tiles."""

    name = "binary-segmentation"
    version = "1"
    evaluator = "1"
    Config: type[BaseModel] = Config
    metrics: Mapping[str, Metric] = MEASURES
    worker = "tunebook.tasks.binary_segmentation.worker:Worker"
    verified = (
        *("data.root", "data.train", "data.val", "data.test", "data.channel", "data.normalize"),
        *("data.split", "data.folds"),
    )
    largest_cohort = 8
    predictor = "tunebook.tasks.binary_segmentation.applying:predict"
    predictions: Literal["file", "folder"] = "folder"
    formats: Mapping[str, str] = {
        "weights": "tunebook.tasks.binary_segmentation.exporting:weights",
        "onnx": "tunebook.tasks.binary_segmentation.exporting:onnx",
    }

    def without_effect(self, config: BaseModel) -> frozenset[str]:
        """What cannot matter: a loss's fields without their part of it, and of baselines everything trained."""
        return effects.without_effect(_ours(config))

    def inputs(self, config: BaseModel, book: Path) -> Sequence[Input]:
        """Images and masks of all splits, whatever the subsets, and the CSV file that names them if there is one.

        Raises:
            DataError: for what is missing, does not pair, or is too little for a subset, all at once.
        """
        config = _ours(config)
        found = [scan for split in scans.every(config, book).values() for scan in split]
        if not dividing.is_as_given(config.data):
            found.sort(key=lambda scan: scan.image)  # however they are dealt out
        files = (*scans.table(config, book), *(path for scan in found for path in (scan.image, scan.mask)))
        return (Input("data", Path(os.path.commonpath([path.parent for path in files])), files),)

    def start(self, data: Path) -> Beginning | None:
        """Folders of images with masks of one value, or a CSV file that names them, by names and a few masks."""
        return beginning.start(data)

    def survey(self, config: BaseModel, book: Path, *, thumbnails: Path) -> DataFacts:
        """Sizes, foreground and what is odd, of every scan and mask."""
        # Only who looks at the data pays for the import.
        from tunebook.tasks.binary_segmentation import survey  # noqa: PLC0415

        return survey.survey(_ours(config), book, thumbnails=thumbnails)

    def verify(self, config: BaseModel, book: Path) -> None:
        """Read every image and mask of the three splits.

        Raises:
            DataError: naming every file that cannot be used, all at once; or when nothing is foreground in training.
        """
        config = _ours(config)
        problems = scans.Problems()
        drawn: set[Path] = set()
        every = scans.every(config, book)
        for found in every.values():
            for scan in found:
                with problems.of():
                    _, mask = scans.read(scan, config.data)
                    drawn |= {scan.image} if mask.any() else set()
        problems.throw()
        for fold in range(config.data.folds or 1):
            train = every["train"] if config.data.folds is None else scans.every(_in_fold(config, fold), book)["train"]
            if not any(scan.image in drawn for scan in train):
                message = f"must have foreground to learn from; the masks of its {len(train)} scans are all 0"
                place = f"data.train, {config.data.train}" + ("" if config.data.folds is None else f", fold {fold}")
                raise DataError(Problem(place, message, "look at the masks, or at data.train"))

    def splits(self, config: BaseModel) -> Sequence[str]:
        """train, val and test, whatever they are called in the data."""
        return scans.SPLITS

    def refusal(self, config: BaseModel, book: Path, *, metric: str, split: str) -> str:
        """Every metric can be had where a scan of the split has foreground; without any, none says anything."""
        if any(scans.read_mask(scan.mask).any() for scan in scans.scans(_ours(config), book, split)):
            return ""
        return f"must be judged on a split with foreground, which {split} has not"

    def length(self, config: BaseModel, book: Path) -> int:
        """Steps: epochs times the batches of an epoch, the last of which may be smaller; 1 for a baseline.

        Raises:
            DataError: when the training scans, which are counted, cannot be found.
        """
        config = _ours(config)
        if not effects.is_learned(config):
            return 1
        tiles = len(scans.scans(config, book, "train")) * config.data.tiles_per_image
        return config.budget.epochs * -(-tiles // config.batch_size)

    def cohort(self, config: BaseModel) -> Hashable | None:
        """Models that are trained on the same tiles, one after the other, from scans that are decoded once.

        Baselines share the scans alone.
        """
        config = _ours(config)
        if not effects.is_learned(config):
            return canonical_json({"baseline": config.data.model_dump()})
        return canonical_json(config.model_dump(include={"data", "augmentation"}))

    def baselines(self, config: BaseModel) -> Mapping[str, Mapping[str, Any]]:
        """What answers the same everywhere, and each scan's grey values cut in two."""
        return BASELINES


def _in_fold(config: Config, fold: int) -> Config:
    return config.model_copy(update={"data": config.data.model_copy(update={"fold": fold})})


def _ours(config: BaseModel) -> Config:
    if not isinstance(config, Config):
        raise TypeError(f"config must be a {Config.__name__}; got {type(config).__name__}")
    return config
