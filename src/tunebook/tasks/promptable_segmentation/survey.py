"""What images and their instance labels hold: sizes, objects, what is odd, and a few of them to look at.

Every item is read once. What a training would refuse is told instead: a file that cannot be used is left out of the
counts, and images without a label are paired as far as they go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tunebook import folders
from tunebook.errors import DataError, Problem
from tunebook.images import surveying
from tunebook.images.slices import Plane, ranged
from tunebook.images.surveying import Seen, named, said_of, spread
from tunebook.records import DataFacts, Picture, SplitFacts
from tunebook.tasks.promptable_segmentation.config import Config, Data
from tunebook.tasks.promptable_segmentation.items import Item, items, read_objects, read_pixels
from tunebook.tasks.promptable_segmentation.thumbnails import with_truth

EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True)
class _Objects:
    """The objects of one label: their areas in pixels, and whether it looks like a mask of all of them together."""

    label: str
    areas: tuple[int, ...]
    masked: bool


@dataclass(frozen=True)
class _Split:
    """What was read of one split."""

    name: str
    seen: Sequence[Seen]
    objects: Sequence[_Objects]
    pictures: Sequence[Picture]


def survey(config: Config, book: Path, *, thumbnails: Path) -> DataFacts:
    """See `Task.survey`.

    Raises:
        DataError: when no split has a pair of image and label.
    """
    root = folders.resolve(config.data.root, book, place="base.data.root")
    odd: list[str] = []
    found = surveying.by_split(
        config.data,
        root,
        odd,
        read=lambda split: items(config, book, split),
        as_far_as_they_go=lambda folder: _as_far_as_they_go(root, folder),
    )
    splits = [_read(split, of, config.data, root, thumbnails, odd) for split, of in found.items()]
    return _facts(config.data, [split for split in splits if split.seen], dict.fromkeys(odd))


def _as_far_as_they_go(root: Path, split: str) -> tuple[list[Item], list[str]]:
    """The pairs of a folder that is refused as a whole, and why it is."""
    folder = root / ranged(split)[0]
    labels = [folder / each for each in ("labels", "masks") if (folder / each).is_dir()]
    if not (folder / "images").is_dir() or len(labels) != 1:
        return [], []
    pairs, odd = surveying.paired(folder / "images", labels[0], root, truth="label")
    return [Item(stem, image, label) for stem, image, label in pairs], odd


def _read(split: str, found: Sequence[Item], data: Data, root: Path, thumbnails: Path, odd: list[str]) -> _Split:
    """Read the items of a split; what cannot be used is told among the odd things."""
    seen: list[Seen] = []
    objects: list[_Objects] = []
    pictures: list[Picture] = []
    problems: list[Problem] = []
    shown = surveying.chosen(found)
    for item in found:
        try:
            pixels, place = read_pixels(item, data)
            label = read_objects(item, pixels.shape[:2])
        except DataError as error:
            problems += error.problems
            continue
        seen.append(Seen.of(pixels, split=split, name=named(place, root)))
        objects.append(_objects(label, named(_place(item), root)))
        if item in shown:
            coloured = np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels
            panels = with_truth(coloured.astype(np.float32), label, size=surveying.LONGEST)
            pictures.append(surveying.drawn(split, item.name, panels, to=thumbnails))
    odd += surveying.told(problems, root)
    return _Split(split, seen, objects, pictures)


def _place(item: Item) -> str:
    return item.label.place if isinstance(item.label, Plane) else str(item.label)


def _objects(label: NDArray[np.int32], name: str) -> _Objects:
    areas = np.bincount(label.ravel())[1:]
    masked = len(areas) == 1 and ndimage.label(label, structure=EIGHT)[1] > 1
    return _Objects(name, tuple(areas.tolist()), masked)


def _facts(data: Data, splits: Sequence[_Split], odd: dict[str, None]) -> DataFacts:
    seen = [each for split in splits for each in split.seen]
    objects = [each for split in splits for each in split.objects]
    counts = [len(each.areas) for each in objects]
    odd |= dict.fromkeys(
        [
            *surveying.alike_by_name(seen, data.split.by),
            *surveying.unlike(seen),
            *surveying.repeated(seen),
            *said_of(
                [each.label for each in objects if not each.areas], "label has no object", "labels have no object"
            ),
            *said_of(
                [each.label for each in objects if each.masked],
                "label has one id for several pieces, as a mask has; every object needs an id of its own",
                "labels have one id for several pieces, as a mask has; every object needs an id of its own",
            ),
        ]
    )
    dealt = surveying.dealing(data.split.fractions)
    return DataFacts(
        name=data.root,
        noun="images",
        splits=[SplitFacts(split.name, len(split.seen), _of_split(split)) for split in splits],
        odd=tuple(odd),
        pictures=[picture for split in splits for picture in split.pictures],
        together=f"of {surveying.sizes(seen)}, {spread(counts)} objects each (median and range){dealt}" if seen else "",
        twice=surveying.in_two_splits(surveying.contents(seen), "image", "images"),
    )


def _of_split(split: _Split) -> dict[str, str]:
    counts = [len(each.areas) for each in split.objects]
    across = [2 * (area / np.pi) ** 0.5 for each in split.objects for area in each.areas]
    facts = surveying.looks(split.seen) | {
        "objects": f"{sum(counts):,}",
        "objects an image": spread(counts),
        "diameter of an object": spread(across, unit=" px"),
    }
    empty = sum(not each.areas for each in split.objects)
    return facts | ({"without objects": str(empty)} if empty else {})
