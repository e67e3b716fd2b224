"""A trained run on scans without masks: for each a mask, the probabilities behind it, and a line of a table."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tunebook.folders import write_atomically
from tunebook.images.listing import Listed, listed, table
from tunebook.images.pixels import PNG, TIFF
from tunebook.records import Run, Settings
from tunebook.task import Context
from tunebook.tasks.binary_segmentation import scans
from tunebook.tasks.binary_segmentation.config import Config
from tunebook.tasks.binary_segmentation.counts import level_of
from tunebook.tasks.binary_segmentation.effects import is_learned
from tunebook.tasks.binary_segmentation.stitching import enlarged
from tunebook.tasks.binary_segmentation.trained import answering, threshold_of
from tunebook.train.seeding import deterministic

MASKS, PROBABILITIES, TABLE = "masks", "probabilities", "predictions.csv"
COLUMNS = ("scan", "width", "height", "foreground", "share")


def predict(run: Run, context: Context, settings: Mapping[str, Settings], *, on: Path, to: Path) -> Sequence[str]:
    """Write `masks/` (0 and 255), `probabilities/` (255ths) and `predictions.csv`; one scan is held at a time.

    Every scan is read once before anything is predicted, so that what cannot be used is known at once.

    Args:
        on: A PNG or TIFF file, or a folder of them; folders in it are kept.
        to: A folder; files have the names of the scans, with the suffix .png, at the scans' own sizes.

    Raises:
        DataError: naming every scan that cannot be used; nothing is written then.
    """
    config = Config.model_validate(run.configuration.values)
    deterministic(threads=context.threads, device=context.device)
    found = listed(on, PNG + TIFF)
    small = _checked(found, config)
    level, answer = level_of(threshold_of(settings)), answering(config, context)
    rows: list[Sequence[object]] = []
    for path in found.paths:
        image, (height, width) = scans.load_image(path, config.data)
        probability = enlarged(answer(image), (height, width))
        mask = probability >= level
        name = found.named(path)
        _save(to / MASKS, name, mask.astype(np.uint8) * np.uint8(255))
        _save(to / PROBABILITIES, name, probability)
        pixels = int(mask.sum())
        rows.append([path.relative_to(found.root), width, height, pixels, f"{pixels / mask.size:.6g}"])
    write_atomically(to / TABLE, table(COLUMNS, rows))
    return tuple(_told(found, rows, small, config))


def _checked(found: Listed, config: Config) -> int:
    """How many scans are smaller than a tile.

    Raises:
        DataError: naming all that cannot be read.
    """
    problems, small = scans.Problems(), 0
    for path in found.paths:
        with problems.of():
            image, _ = scans.load_image(path, config.data)
            small += min(image.shape[:2]) < config.data.tile
    problems.throw()
    return small


def _save(folder: Path, name: Path, pixels: NDArray[np.uint8]) -> None:
    path = folder / name.parent / f"{name.name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def _told(found: Listed, rows: Sequence[Sequence[object]], small: int, config: Config) -> Iterator[str]:
    """How many scans, how much foreground; what was odd."""
    pixels = sum(int(str(row[1])) * int(str(row[2])) for row in rows)
    foreground = sum(int(str(row[3])) for row in rows)
    empty = sum(row[3] == 0 for row in rows)
    yield f"{_counted(len(rows))} of {pixels:,} pixels; {foreground / pixels:.2%} foreground"
    if empty:
        yield f"{_counted(empty)} without foreground"
    if small and is_learned(config):
        yield f"{_counted(small)} smaller than a tile of {config.data.tile} pixels, continued by zeros"
    yield from found.told("PNG or TIFF")


def _counted(number: int) -> str:
    return f"{number:,} scan{'' if number == 1 else 's'}"
