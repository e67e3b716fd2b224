"""A trained run on images without labels: a label map for each, and a line of a table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import tifffile
from jaxtyping import Float32, Int32

from tunebook.errors import DataError, Problem
from tunebook.folders import write_atomically
from tunebook.images.listing import Listed, table
from tunebook.images.pixels import scaled
from tunebook.records import Run, Settings
from tunebook.task import Context
from tunebook.tasks.promptable_segmentation import floor, inference, new_images, prompted, watershed
from tunebook.tasks.promptable_segmentation.config import Config
from tunebook.tasks.promptable_segmentation.items import read_image_of
from tunebook.tasks.promptable_segmentation.new_images import NewImage, Numbers, Prompts
from tunebook.tasks.promptable_segmentation.starting import finds_all, finished_model
from tunebook.train.seeding import deterministic

LABELS, TABLE = "labels", "predictions.csv"
COLUMNS = ("image", "width", "height", "objects", "median_area")
MOST_IN_16_BITS = 65535

Segmented = Callable[[Float32[np.ndarray, "h w 3"], Sequence[Numbers]], Int32[np.ndarray, "h w"]]
"""An image, normalised, and its prompts, if there are any -> its label map."""


def predict(run: Run, context: Context, settings: Mapping[str, Settings], *, on: Path, to: Path) -> Sequence[str]:
    """Write `labels/` (TIFF, 0 = background, objects from 1) and `predictions.csv`; one image is held at a time.

    Without prompts all objects are found by the automatic decoder, with the settings chosen for it. Where `points.csv`
    or `boxes.csv` lies beside the images, each of its rows is an object instead.

    Every image is read once before anything is predicted, so that what cannot be used is known at once.

    Args:
        on: A PNG or TIFF file, a container, or a folder of them; folders in it are kept.
        to: A folder; files have the names of the images, slices of a volume that of the volume and their number.

    Raises:
        DataError: naming every image and prompt that cannot be used; when the run needs prompts and there are none.
            Nothing is written then.
    """
    config = Config.model_validate(run.configuration.values)
    deterministic(threads=context.threads, device=context.device)
    files, images = new_images.found(on, config.data)
    given = new_images.prompts(files, images)
    segmented = _with_prompts(config, context, given) if given else _alone(config, context, settings, files)
    rows: list[Sequence[object]] = []
    for image in images:
        pixels, place = read_image_of(image.source, config.data)
        seen = scaled(pixels, config.data.normalize, place=place)[:, :]
        rows.append(_written(segmented(seen, given.of.get(image.name, ()) if given else ()), image, to))
    write_atomically(to / TABLE, table(COLUMNS, rows))
    return tuple(_told(files, images, rows, given))


def _alone(config: Config, context: Context, settings: Mapping[str, Settings], files: Listed) -> Segmented:
    """All objects of an image, without prompts."""
    is_floor = config.model.family == "otsu-watershed"
    if not (is_floor or finds_all(config, book=context.book)):
        message = "must lie beside the images: the run has no decoder that finds objects without prompts"
        hint = "give each object a row (image, x, y) or (image, x0, y0, x1, y1), or train with automatic.enabled"
        raise DataError(Problem(str(files.root), f"points.csv or boxes.csv {message}", hint))
    values = watershed.recorded(settings["ais"].values)
    if is_floor:
        return lambda image, _: watershed.instances(floor.otsu_watershed(image), **values)
    model = finished_model(config, context)

    def segmented(image: Float32[np.ndarray, "h w 3"], _: Sequence[Numbers]) -> Int32[np.ndarray, "h w"]:
        seen = inference.embedded(model, image, crop=config.crop, device=context.device)
        return watershed.instances(inference.maps(model, seen, image.shape), **values)

    return segmented


def _with_prompts(config: Config, context: Context, given: Prompts) -> Segmented:
    """The objects of prompts."""
    if config.model.family != "sam":
        message = f"must not lie beside the images: {config.model.family} takes no prompts"
        raise DataError(Problem(str(given.path), message, "take it away"))
    model = finished_model(config, context)

    def segmented(image: Float32[np.ndarray, "h w 3"], numbers: Sequence[Numbers]) -> Int32[np.ndarray, "h w"]:
        shape = (image.shape[0], image.shape[1])
        if not numbers:
            return np.zeros(shape, np.int32)
        seen = inference.embedded(model, image, crop=config.crop, device=context.device)
        return prompted.labels(model, seen, numbers, mode=given.mode, shape=shape)

    return segmented


def _written(labels: Int32[np.ndarray, "h w"], image: NewImage, to: Path) -> Sequence[object]:
    """Write a label map; its line of the table."""
    path = to / LABELS / image.name.parent / f"{image.name.name}.tif"
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = np.uint16 if labels.max(initial=0) <= MOST_IN_16_BITS else np.uint32
    tifffile.imwrite(path, labels.astype(kind), compression="zlib")
    areas = np.bincount(labels.ravel())[1:]
    areas = areas[areas > 0]
    height, width = labels.shape
    return [image.name.as_posix(), width, height, len(areas), f"{np.median(areas):g}" if len(areas) else ""]


def _told(
    files: Listed, images: Sequence[NewImage], rows: Sequence[Sequence[object]], given: Prompts | None
) -> Iterator[str]:
    """How many images and objects; what was odd."""
    objects, empty = sum(int(str(row[3])) for row in rows), sum(row[3] == 0 for row in rows)
    how = f", from {given.count:,} {given.mode} prompts of {given.path.name}" if given else ", found without prompts"
    yield f"{_counted(len(images))}, {objects:,} objects{how}"
    if given and (without := len(images) - len(given.of)):
        yield f"{_counted(without)} without a prompt, so without objects"
    if not given and empty:
        yield f"{_counted(empty)} without objects"
    yield from files.told("PNG, TIFF, HDF5 or Zarr")


def _counted(number: int) -> str:
    return f"{number:,} image{'' if number == 1 else 's'}"
