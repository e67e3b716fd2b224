"""What scans and their masks hold: sizes, foreground, what is odd, and a few of them to look at.

Every scan is read once, whatever the subsets. What a training would refuse is told instead: a file that cannot be used
is left out of the counts, and images without a mask are paired as far as they go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tunebook import folders
from tunebook.errors import DataError, Problem
from tunebook.images import surveying
from tunebook.images.pixels import normalise, read_image
from tunebook.images.surveying import Seen, named, said_of, spread
from tunebook.records import DataFacts, Picture, SplitFacts
from tunebook.tasks.binary_segmentation.config import Config, Data
from tunebook.tasks.binary_segmentation.panels import with_truth
from tunebook.tasks.binary_segmentation.scans import Scan, read_mask, scans


@dataclass(frozen=True)
class _Split:
    """What was read of one split.

    Args:
        foreground: Name of a mask -> its share of foreground, in the order of `seen`.
    """

    name: str
    seen: Sequence[Seen]
    foreground: dict[str, float]
    pictures: Sequence[Picture]


def survey(config: Config, book: Path, *, thumbnails: Path) -> DataFacts:
    """See `Task.survey`.

    Raises:
        DataError: when no split has a pair of image and mask.
    """
    whole = config.model_copy(
        update={"data": config.data.model_copy(update={"train_images": None, "val_images": None})}
    )
    root = folders.resolve(config.data.root, book, place="base.data.root")
    start = root if root.is_dir() else root.parent
    odd: list[str] = []
    found = surveying.by_split(
        config.data,
        root,
        odd,
        read=lambda split: scans(whole, book, split),
        as_far_as_they_go=lambda folder: _as_far_as_they_go(root, folder),
    )
    splits = [_read(split, of, config.data, start, thumbnails, odd) for split, of in found.items()]
    return _facts(config.data, [split for split in splits if split.seen], dict.fromkeys(odd))


def _as_far_as_they_go(root: Path, split: str) -> tuple[list[Scan], list[str]]:
    """The pairs of a folder that is refused as a whole, and why it is."""
    images, masks = root / split / "images", root / split / "masks"
    if not images.is_dir() or not masks.is_dir():
        return [], []
    pairs, odd = surveying.paired(images, masks, root, truth="mask")
    return [Scan(stem, image=image, mask=mask) for stem, image, mask in pairs], odd


def _read(split: str, found: Sequence[Scan], data: Data, start: Path, thumbnails: Path, odd: list[str]) -> _Split:
    """Read the scans of a split; what cannot be used is told among the odd things."""
    seen: list[Seen] = []
    foreground: dict[str, float] = {}
    pictures: list[Picture] = []
    problems: list[Problem] = []
    shown = surveying.chosen(found)
    for scan in found:
        try:
            pixels, mask = read_image(scan.image, channel=data.channel), read_mask(scan.mask)
            if mask.shape != pixels.shape[:2]:
                (rows, columns), (height, width) = mask.shape, pixels.shape[:2]
                message = f"must be as large as its image, {height} × {width}; it is {rows} × {columns}"
                raise DataError(Problem(str(scan.mask), message))
        except DataError as error:
            problems += error.problems
            continue
        seen.append(Seen.of(pixels, split=split, name=named(str(scan.image), start)))
        foreground[named(str(scan.mask), start)] = float(mask.mean())
        if scan in shown:
            image = np.rint(normalise(pixels, "minmax")).astype(np.uint8)
            pictures.append(
                surveying.drawn(split, scan.name, with_truth(image, mask, size=surveying.LONGEST), to=thumbnails)
            )
    odd += surveying.told(problems, start)
    return _Split(split, seen, foreground, pictures)


def _facts(data: Data, splits: Sequence[_Split], odd: dict[str, None]) -> DataFacts:
    seen = [each for split in splits for each in split.seen]
    shares = [100 * share for split in splits for share in split.foreground.values()]
    empty = [mask for split in splits for mask, share in split.foreground.items() if not share]
    full = [mask for split in splits for mask, share in split.foreground.items() if share == 1]
    odd |= dict.fromkeys(
        [
            *surveying.alike_by_name(seen, data.split.by),
            *surveying.unlike(seen),
            *surveying.repeated(seen),
            *said_of(empty, "mask has no foreground", "masks have no foreground"),
            *said_of(full, "mask is foreground throughout", "masks are foreground throughout"),
        ]
    )
    dealt = surveying.dealing(data.split.fractions)
    return DataFacts(
        name=data.root,
        noun="scans",
        splits=[SplitFacts(split.name, len(split.seen), _of_split(split)) for split in splits],
        odd=tuple(odd),
        pictures=[picture for split in splits for picture in split.pictures],
        together=f"of {surveying.sizes(seen)}, {spread(shares, unit=' %', digits=1)} foreground each "
        f"(median and range){dealt}"
        if seen
        else "",
        twice=surveying.in_two_splits(surveying.contents(seen), "image", "images"),
    )


def _of_split(split: _Split) -> dict[str, str]:
    shares = [100 * share for share in split.foreground.values()]
    facts = surveying.looks(split.seen) | {"foreground": spread(shares, unit=" %", digits=1)}
    empty = sum(not share for share in shares)
    return facts | ({"without foreground": str(empty)} if empty else {})
