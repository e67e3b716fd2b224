"""What a folder of images and labels seems to be: its splits by the names that people give them, and what labels hold.

Names are looked at and a few labels read. What a task makes of it is the task's.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from tunebook.errors import DataError, Problem
from tunebook.images.pixels import PNG, TIFF, UNREADABLE, read_image
from tunebook.spec.names import listed

IMAGES = ("images", "image", "imgs", "img", "raw", "inputs", "input", "scans", "pages")
LABELS = ("labels", "masks", "label", "mask", "gt", "groundtruth", "ground_truth", "annotations", "annotation",
          "segmentations", "segmentation", "seg", "targets", "truth")  # fmt: skip
"""Names of folders that hold images, and labels or masks; in any case of letters."""
ROLES: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training", "tr"),
    "val": ("val", "validation", "valid", "dev", "tune"),
    "test": ("test", "testing", "holdout", "eval", "evaluation"),
}
"""Split -> what people call it; in any case of letters."""
OTHERS = (
    ".jpg",
    ".jpeg",
    ".bmp",
    ".gif",
    ".webp",
    ".npy",
    ".npz",
    ".mat",
    ".czi",
    ".nd2",
    ".lif",
    ".nii",
    ".gz",
    ".jp2",
)
"""Endings of files that may be images, and that no task reads as they are."""
SUFFIX = re.compile(r"(?P<stem>.+?)[_-](?P<kind>masks?|labels?|seg|gt|annotations?)", re.IGNORECASE)
"""Stem of a label that lies beside its image: `cell_masks`, `cell-label`."""
MOST = 8
"""Labels that are read."""
CLASSES, PIECES = 12, 3.0
"""Labels of so few values in all images, each in more pieces of an image than this, are classes and no objects."""
BRIGHT, MUCH = 200, 0.9
"""A mask that was smoothed or went through JPEG has this share of its foreground beyond this value."""

Kind = Literal["binary", "objects", "classes", "smoothed", "colours", "empty", "unreadable"]


@dataclass(frozen=True)
class Folder:
    """A folder that holds a folder of images and one of labels.

    Args:
        name: Below the data; empty: the data themselves.
        images: The folder of images.
        labels: That of labels.
        stems: Of files that are in both, in order.
    """

    name: str
    images: Path
    labels: Path
    stems: tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """What labels hold, by a few of them.

    Args:
        kind: binary: one value beside 0, in all of them; objects: several; classes: a few values for all images, each
            in many pieces; smoothed: a binary mask with values between; colours; empty: nothing but 0.
        said: What was found, as a sentence goes on: `0 and 255 in all 8 that were looked at`.
        looked: How many were read.
    """

    kind: Kind
    said: str
    looked: int


def folders(root: Path) -> tuple[Folder, ...]:
    """The folders with images and labels: the root itself, or those below it, by name."""
    here = _folder(root, "")
    if here is not None:
        return (here,)
    below = (_folder(path, path.name) for path in sorted(root.iterdir()) if path.is_dir() and path.name[0] != ".")
    return tuple(found for found in below if found is not None and found.stems)


def roles(names: Iterable[str]) -> dict[str, str]:
    """Split (train, val, test) -> which of the names is meant; splits that none of them means are left out.

    The exact name comes first, then the likeliest of its other names.
    """
    known = list(names)
    found = {}
    for role, called in ROLES.items():
        fitting = [name for name in called for each in known if each.lower() == name]
        if fitting:
            found[role] = next(each for each in known if each.lower() == fitting[0])
    return found


def held(found: Sequence[Folder]) -> Held:
    """What the labels of folders hold, by a few of each."""
    each = max(1, MOST // max(len(found), 1))
    files = [path for folder in found for path in _spread(_files(folder.labels, folder.stems), each)]
    return _held(files[:MOST])


def sides(found: Sequence[Folder]) -> tuple[int, int]:
    """Height and width, in pixels, of the largest of a few images; (0, 0) where none can be read."""
    files = [path for folder in found for path in _spread(_files(folder.images, folder.stems), 2)]
    return max((_size(path) for path in files), key=lambda size: size[0] * size[1], default=(0, 0))


def endings(root: Path, *, most: int = 5000) -> Mapping[str, int]:
    """Ending -> how many files of it lie in a folder and those below it, the most frequent first.

    Args:
        most: Files that are looked at.
    """
    if not root.is_dir():
        return {root.suffix.lower() or "(none)": 1}
    counts: Counter[str] = Counter()
    for number, path in enumerate(path for path in root.rglob("[!.]*") if path.is_file()):
        if number == most:
            break
        counts[path.suffix.lower() or "(none)"] += 1
    return dict(counts.most_common())


def renamed(root: Path, found: Sequence[Folder], *, labels: Sequence[str]) -> None:
    """Refuse folders whose names nobody reads, with the commands that give them others.

    Args:
        labels: Names that a folder of labels may have; the first is proposed.

    Raises:
        DataError: with every folder to rename.
    """
    moves = []
    for folder in found:
        if folder.images.name != "images":
            moves.append((folder.images, "images"))
        if folder.labels.name not in labels:
            moves.append((folder.labels, labels[0]))
    if moves:
        commands = "; ".join(f"mv {path} {path.with_name(name)}" for path, name in moves)
        names = listed(str(path.relative_to(root)) for path, _ in moves)
        message = f"must have its images in images/ and its labels in {'/ or '.join(labels)}/; it has {names}"
        raise DataError(Problem(str(root), message, commands))


def strangers(root: Path, *, labels: str) -> None:
    """Refuse what looks like images with labels and is laid out, or saved, as no task reads it.

    Args:
        labels: What the folder of labels must be called.

    Raises:
        DataError: for labels beside their images (`a.tif`, `a_masks.tif`), for images and labels above their splits
            (`images/train`), for files that are no PNG or TIFF.
    """
    for folder in (root, *(path for path in sorted(root.iterdir()) if path.is_dir() and path.name[0] != ".")):
        if pair := _beside(folder):
            image, label = pair
            end = label.stem[len(image.stem) :]
            message = f"must have images and labels in folders of their own; {image.name} and {label.name} lie together"
            way = (
                f'cd {folder}; mkdir images {labels}; for f in *{end}.*; do mv "$f" "{labels}/${{f/{end}./.}}"; '
                "done; mv *.* images/"
            )
            raise DataError(Problem(str(folder), message, way))
    named = {path.name.lower(): path for path in root.iterdir() if path.is_dir()}
    images = next((named[name] for name in IMAGES if name in named), None)
    truths = next((named[name] for name in LABELS if name in named), None)
    if images is None or truths is None:
        return
    inside = sorted(path.name for path in images.iterdir() if path.is_dir() and (truths / path.name).is_dir())
    if inside:
        commands = "; ".join(
            f"mkdir -p {root / name}; mv {images / name} {root / name}/images; "
            f"mv {truths / name} {root / name}/{labels}"
            for name in inside
        )
        message = (
            f"must have a folder for each split, with images/ and {labels}/ in it; it has {images.name}/{inside[0]}"
        )
        raise DataError(Problem(str(root), message, commands))
    other = [path for folder in (images, truths) for path in sorted(folder.iterdir()) if path.suffix.lower() in OTHERS]
    if other:
        message = f"must hold png, tif or tiff files; it holds {len(other)} others, {other[0].name} first"
        way = "convert them, without loss, with ImageMagick: magick mogrify -format png FOLDER/*"
        raise DataError(Problem(str(other[0].parent), message, way))


# Folders --------------------------------------------------------------------------------------------------


def _folder(path: Path, name: str) -> Folder | None:
    named = {each.name.lower(): each for each in sorted(path.iterdir()) if each.is_dir()}
    images = next((named[each] for each in IMAGES if each in named), None)
    labels = next((named[each] for each in LABELS if each in named), None)
    if images is None or labels is None:
        return None
    stems = _stems(images) & _stems(labels)
    return Folder(name, images, labels, tuple(sorted(stems))) if stems else None


def _stems(folder: Path) -> set[str]:
    return {path.stem for path in folder.iterdir() if path.suffix.lower() in PNG + TIFF and path.name[0] != "."}


def _files(folder: Path, stems: Sequence[str]) -> list[Path]:
    wanted = set(stems)
    return sorted(path for path in folder.iterdir() if path.stem in wanted and path.suffix.lower() in PNG + TIFF)


def _spread(files: Sequence[Path], most: int) -> list[Path]:
    """So many of the files, from the first to the last."""
    places = np.linspace(0, len(files) - 1, min(most, len(files))).astype(int)
    return [files[place] for place in dict.fromkeys(places.tolist())]


def _beside(folder: Path) -> tuple[Path, Path] | None:
    """An image and the label that lies beside it."""
    files = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in PNG + TIFF}
    for stem, path in files.items():
        named = SUFFIX.fullmatch(stem)
        if named is not None and named["stem"] in files:
            return files[named["stem"]], path
    return None


# Labels ---------------------------------------------------------------------------------------------------


def _held(files: Sequence[Path]) -> Held:
    looked = len(files)
    try:
        labels = [read_image(path) for path in files]
    except DataError as error:
        return Held("unreadable", str(error.problems[0]), looked)
    if any(label.ndim == 3 for label in labels):
        return _of_colours(labels)
    beside = [set(np.unique(label).tolist()) - {0} for label in labels]
    union, largest = set().union(*beside), max((len(values) for values in beside), default=0)
    if not union:
        return Held("empty", f"nothing but 0 in all {looked} that were looked at", looked)
    if largest == 1 and len(union) == 1:
        return Held("binary", f"0 and {union.pop():g} in all {looked} that were looked at", looked)
    if _smoothed(labels):
        return Held("smoothed", f"{len(union)} values, nearly all of them above {BRIGHT}", looked)
    numbers = f"up to {largest} values beside 0 in the {looked} that were looked at"
    if len(union) <= CLASSES and _pieces(labels) > PIECES:
        return Held("classes", f"{numbers}, each in many pieces", looked)
    return Held("objects", numbers, looked)


def _of_colours(labels: Sequence[NDArray[np.generic]]) -> Held:
    """A palette or a mask in colour: one colour beside black is a mask."""
    found: set[tuple[int, ...]] = set()
    for label in labels:
        pixels = label.reshape(-1, label.shape[2]) if label.ndim == 3 else np.repeat(label.reshape(-1, 1), 3, axis=1)
        found |= {tuple(map(int, colour)) for colour in np.unique(pixels, axis=0)}
    beside = {colour for colour in found if any(colour)}
    if len(beside) == 1:
        return Held("binary", f"black and one colour in all {len(labels)} that were looked at", len(labels))
    return Held("colours", f"{len(beside)} colours beside black", len(labels))


def _smoothed(labels: Sequence[NDArray[np.generic]]) -> bool:
    """Whether nearly all that is not 0 lies at the bright end, with values all the way up to it."""
    values = np.concatenate([label.ravel() for label in labels if label.dtype == np.uint8] or [np.zeros(0, np.uint8)])
    above = values[values > 127]
    return bool(len(above)) and len(np.unique(values)) > 2 and bool((above > BRIGHT).mean() > MUCH) and _twofold(values)


def _twofold(values: NDArray[np.uint8]) -> bool:
    """Whether both ends hold nearly all pixels."""
    return bool(((values < 255 - BRIGHT) | (values > BRIGHT)).mean() > MUCH) and int(values.max()) >= 250


def _pieces(labels: Sequence[NDArray[np.generic]]) -> float:
    """In how many pieces a value lies in an image, in the middle over values and images."""
    from scipy.ndimage import label as pieces  # noqa: PLC0415  as in pixels.objects

    counts = [pieces(label == value)[1] for label in labels for value in np.unique(label) if value != 0]
    return float(np.median(counts))


def _size(path: Path) -> tuple[int, int]:
    try:
        if path.suffix.lower() in PNG:
            with Image.open(path, formats=["PNG"]) as picture:
                return picture.height, picture.width
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            return page.imagelength, page.imagewidth
    except UNREADABLE:  # the task's own check names the file
        return 0, 0
