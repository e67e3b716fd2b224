"""The items of a split: which files, arrays and slices they are, and what an object in them is.

A split is one of

- a folder with `images/` and `labels/` (or `masks/`) that hold PNG and TIFF files of the same stems,
- a container (HDF5 file, Zarr folder) that holds image and label under two keys,
- a folder of such containers.

What has two dimensions is one item, named by its file's stem. A volume (TIFF stacks included) gives one item for every
slice along `data.axis`: `volume-z0012`. `[from:to]` behind the split's name takes these slices of each of its volumes.

`data.split.fractions` deals the items of one such folder out to the splits, and `data.folds` those of train and val to
parts (`images.dividing`). All slices of a volume stay together.

What an object is, is decided here, when a label is read, so that training, prompts, calibration and scores cannot
differ in it. In an image the label says it: one id is one object, even if it falls apart. In a slice of a volume
through space the ids belong to three dimensions: pieces of one id that do not touch there (eight neighbours) are
objects of their own. Slices along t are images. The distances that the automatic decoder learns are those of
connected pieces in either case.

An item without objects is as good as any other: training sees its pixels as background, anywhere in it, with nothing
to prompt, and in scores the empty prediction is right for it.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tunebook import folders
from tunebook.errors import DataError, Problem
from tunebook.images import containers, dividing
from tunebook.images.containers import Stored
from tunebook.images.dividing import Sources
from tunebook.images.pixels import (
    PNG,
    TIFF,
    Scaled,
    as_image,
    as_label,
    read_image,
    read_label,
    scaled,
)
from tunebook.images.slices import Plane, Range, channels, planes, ranged
from tunebook.tasks.promptable_segmentation.config import Config, Data

SPLITS = dividing.SPLITS
SPACE = ("z", "y", "x")
DIGITS = 4
T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True)
class Item:
    """An image and its label: files that are flat, or planes of arrays; `name` is safe as that of a file."""

    name: str
    image: Path | Plane
    label: Path | Plane


@dataclass(frozen=True)
class Pair:
    """An image and its instance label; `item` is the stem of both."""

    item: str
    image: Path
    label: Path


def items(config: Config, book: Path, split: str) -> tuple[Item, ...]:
    """The items of a split, ordered by name; no pixel is read.

    Args:
        split: train, val or test.

    Raises:
        DataError: for what cannot be found or does not fit together, all at once.
        InputError: when the data root has a variable that is not set.
    """
    root = folders.resolve(config.data.root, book, place="base.data.root")
    if dividing.is_as_given(config.data):
        return _given(root, getattr(config.data, split), config.data)
    return _divided(root, config.data)[split]


def every(config: Config, book: Path) -> Mapping[str, tuple[Item, ...]]:
    """Split -> its items, for all three.

    Raises:
        DataError: as `items`, of all splits at once, and when an image or a slice of a volume is in two splits: a
            model would be tested on what it was trained on. Copies of a file are not noticed.
    """
    if dividing.is_as_given(config.data):
        found = dict(zip(SPLITS, _all(lambda split: items(config, book, split), SPLITS), strict=True))
    else:
        found = dict(_divided(folders.resolve(config.data.root, book, place="base.data.root"), config.data))
    if problems := _shared(found):
        raise DataError(*problems)
    return found


def file_of(item: Item) -> Path:
    """The file of an item's image."""
    return item.image.array.path if isinstance(item.image, Plane) else item.image


def files(found: Iterable[Item]) -> tuple[Path, ...]:
    """All files behind items, each once: of a Zarr folder every chunk and its metadata."""
    paths = dict.fromkeys(
        source.array.path if isinstance(source, Plane) else source
        for item in found
        for source in (item.image, item.label)
    )
    return tuple(file for path in paths for file in containers.files(path))


def read(item: Item, data: Data) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """An item's image, normalised (h, w, 3) in 0..255, and its label (h, w), objects 1..n.

    Raises:
        DataError: when a file cannot be used; it names file, key and slice.
    """
    image, label = read_scaled(item, data)
    return image[:, :], label


def read_scaled(item: Item, data: Data) -> tuple[Scaled, NDArray[np.int32]]:
    """The same with the image as it was read, to be normalised where it is looked at.

    Raises:
        DataError: as `read`.
    """
    pixels, place = read_pixels(item, data)
    return scaled(pixels, data.normalize, place=place), read_objects(item, pixels.shape[:2])


def read_pixels(item: Item, data: Data) -> tuple[NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32], str]:
    """An item's image as it was read, (h, w) or (h, w, 3), and its place for messages.

    Raises:
        DataError: when the file cannot be used.
    """
    return read_image_of(item.image, data)


def read_image_of(
    image: Path | Plane, data: Data
) -> tuple[NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32], str]:
    """The same of an image that has no label.

    Raises:
        DataError: when it cannot be used; it names file, key and slice.
    """
    if isinstance(image, Plane):
        return as_image(channels(image.pixels(), data.channel, place=image.place), place=image.place), image.place
    return read_image(image, channel=data.channel), str(image)


def read_objects(item: Item, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """An item's label (h, w), objects 1..n.

    Args:
        shape: (h, w) of its image.

    Raises:
        DataError: when the file cannot be used, or has another size.
    """
    if not isinstance(item.label, Plane):
        return read_label(item.label, shape)
    label = as_label(item.label.pixels(), shape, place=item.label.place)
    return _pieces(label) if item.label.axis in SPACE else label


def pairs(
    root: Path, split: str, *, images: str = "images", labels: Sequence[str] = ("labels", "masks")
) -> tuple[Pair, ...]:
    """The images of a folder with their labels, ordered by name.

    Args:
        images: Folder of the images below the split.
        labels: Names that the folder of the labels may have; one of them is there.

    Raises:
        DataError: all at once: a missing folder, files that are no PNG or TIFF, two files of one stem, an image
            without label, a label without image, no images. Hidden files are passed over.
    """
    folder = root / split
    if not folder.is_dir():
        raise _missing(root, folder, images, labels[0])
    named = [folder / name for name in labels if (folder / name).is_dir()]
    problems = []
    if not (folder / images).is_dir():
        problems.append(Problem(str(folder / images), "must be a folder of images; it does not exist"))
    if len(named) != 1:
        found = "none of them exists" if not named else f"{' and '.join(path.name for path in named)} exist"
        problems.append(Problem(str(folder), f"must hold one folder of labels, {' or '.join(labels)}; {found}"))
    if problems:
        raise DataError(*problems)
    pictures, truths = _by_stem(folder / images, problems), _by_stem(named[0], problems)
    for stem in sorted(pictures.keys() - truths.keys()):
        problems.append(Problem(str(pictures[stem]), f"must have a label; {named[0]} has no {stem}.png or .tif"))
    for stem in sorted(truths.keys() - pictures.keys()):
        problems.append(Problem(str(truths[stem]), f"must have an image; {folder / images} has no {stem}.png or .tif"))
    if not pictures and not problems:
        problems.append(Problem(str(folder / images), "must hold at least one png, tif or tiff; it is empty"))
    if problems:
        raise DataError(*problems)
    return tuple(Pair(stem, pictures[stem], truths[stem]) for stem in sorted(pictures))


# Items ----------------------------------------------------------------------------------------------------


def _given(root: Path, split: str, data: Data) -> tuple[Item, ...]:
    """The items of one folder or container below root, ordered by name."""
    name, taken = ranged(split)
    where = root / name
    held = [where] if containers.is_container(where) and where.exists() else _containers(where)
    if held and (where / "images").exists():
        message = f"must hold either images and labels, or containers; it has images and {held[0].name}"
        raise DataError(Problem(str(where), message, "move one of them elsewhere"))
    if held:
        found = _all(lambda path: _of_container(path, data, taken), held)
    else:
        found = _all(lambda pair: _of_pair(pair, data, taken), pairs(root, name))
    ordered = sorted((item for each in found for item in each), key=lambda item: item.name)
    twice = [before for before, after in pairwise(ordered) if before.name == after.name]
    if twice:
        message = f"must hold one item of the name {twice[0].name}; it holds several"
        raise DataError(Problem(str(where), message, "rename a file"))
    return tuple(ordered)


def _divided(root: Path, data: Data) -> Mapping[str, tuple[Item, ...]]:
    """Split -> its items, where some are dealt out or groups are looked at."""

    def given(split: str) -> tuple[Item, ...] | None:
        name = getattr(data, split)
        # Folds make a val of their own.
        needless = split == "val" and data.folds is not None and name == Data.model_fields["val"].default
        return None if needless and not (root / name).exists() else _given(root, name, data)

    sources = Sources[Item](
        name=lambda item: item.name,
        file=lambda item: file_of(item).stem,
        path=lambda item: os.path.relpath(file_of(item), root),
        renamed=lambda item, name: replace(item, name=name),
    )
    return dividing.divided(data, sources, whole=lambda: _given(root, _dealt_out(root, data), data), given=given)


def _dealt_out(root: Path, data: Data) -> str:
    """The folder below root whose items fractions deal out: root itself where it holds images, or containers alone."""
    if (root / "images").is_dir():
        return "."
    return data.train if (root / ranged(data.train)[0]).exists() or not _containers(root) else "."


def _of_container(path: Path, data: Data, taken: Range | None) -> list[Item]:
    image, label = _all(lambda key: containers.stored(path, key), (data.image_key, data.label_key))
    return _of_arrays(path.stem, image, label, data, taken)


def _of_pair(pair: Pair, data: Data, taken: Range | None) -> list[Item]:
    """Two flat files, or the slices of two stacks; no file is opened where neither axis nor axes are named."""
    tiffs = all(path.suffix.lower() in TIFF for path in (pair.image, pair.label))
    if tiffs and (data.axis or data.axes):
        image, label = _all(containers.stored, (pair.image, pair.label))
        found = _of_arrays(pair.item, image, label, data, taken)
        if found[0].name != pair.item or data.axes:
            return found
    elif taken is not None:
        message = f"must be a volume to take the slices {taken}; it is read as one image"
        hint = "take the range away" if data.axis else "set data.axis to read the slices of TIFF stacks"
        raise DataError(Problem(str(pair.image), message, hint))
    return [Item(pair.item, pair.image, pair.label)]


def _of_arrays(name: str, image: Stored, label: Stored, data: Data, taken: Range | None) -> list[Item]:
    """The planes of an image with those of its label, of the same extents."""
    if label.dtype.kind not in "iub":
        raise DataError(Problem(label.place, f"must hold integer ids; it is {label.dtype}"))
    images, labels = _all(
        lambda array: planes(array, axes=data.axes, axis=data.axis, taken=taken, label=array is label), (image, label)
    )
    seen, wanted = labels[0].extents, {axis: length for axis, length in images[0].extents.items() if axis != "c"}
    if seen != wanted:
        message = f"must be as large as its image, {_sizes(wanted)}; it is {_sizes(seen)}"
        raise DataError(Problem(label.place, message))
    return [Item(f"{name}{numbered(picture)}", picture, truth) for picture, truth in zip(images, labels, strict=True)]


def numbered(plane: Plane) -> str:
    """`-z0012`, of as many digits as the last slice needs, so that names are in the order of the slices."""
    if not plane.axis:
        return ""
    digits = max(DIGITS, len(str(plane.extents[plane.axis] - 1)))
    return f"-{plane.axis}{plane.at:0{digits}d}"


def _sizes(extents: Mapping[str, int]) -> str:
    return " × ".join(f"{axis} {length}" for axis, length in extents.items())


def _pieces(label: NDArray[np.int32]) -> NDArray[np.int32]:
    """Every piece an object of its own, numbered in reading order."""
    # Only a study with volumes pays for the import.
    from skimage.measure import label as connected  # noqa: PLC0415

    found: NDArray[np.int32] = connected(label, connectivity=2).astype(np.int32)
    return found


def _all(make: Callable[[V], T], of: Iterable[V]) -> list[T]:
    """What a function makes of each; the problems of all that cannot be made, at once."""
    found: list[T] = []
    problems: list[Problem] = []
    for each in of:
        try:
            found.append(make(each))
        except DataError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    if problems:
        raise DataError(*problems)
    return found


def _shared(found: Mapping[str, Sequence[Item]]) -> list[Problem]:
    """For two splits that meet: a problem for their first flat image, one for every volume with its slices."""
    problems = []
    for one, other in combinations(found, 2):
        both = _pictures(found[one]) & _pictures(found[other])
        if flat := sorted(path for path, _, at in both if at is None):
            message = f"must not be an image of two splits; {one} and {other} both have it"
            message += f" and {len(flat) - 1} more" if len(flat) > 1 else ""
            problems.append(Problem(str(flat[0]), message, "give each split images of its own"))
        slices = defaultdict(list)
        for path, _, at in both:
            if at is not None:
                slices[path].append(at)
        for path, numbers in sorted(slices.items()):
            message = f"must not give a slice to two splits; {one} and {other} both have "
            span = f"{min(numbers)} to {max(numbers)}" if len(numbers) > 1 else f"{numbers[0]}"
            problems.append(Problem(str(path), f"{message}{span}", "let one range end where the other begins"))
    return problems


def _pictures(found: Iterable[Item]) -> set[tuple[Path, str, int | None]]:
    """File, key and slice of every image, as the disk has them: links are followed."""
    pictures: set[tuple[Path, str, int | None]] = set()
    for item in found:
        if isinstance(item.image, Plane):
            array = item.image.array
            pictures.add((array.path.resolve(), array.key, item.image.at if item.image.axis else None))
        else:
            pictures.add((item.image.resolve(), "", None))
    return pictures


# Files ----------------------------------------------------------------------------------------------------


def _containers(folder: Path) -> list[Path]:
    """The containers of a folder, by name."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if containers.is_container(path) and path.name[0] != ".")


def _missing(root: Path, folder: Path, images: str, labels: str) -> DataError:
    """What a split should be; one problem for all splits where the root itself is missing."""
    if not root.is_dir():
        return DataError(Problem(str(root), "must be a folder that holds the splits; it does not exist"))
    here = sorted(path.name for path in root.iterdir() if path.is_dir() or containers.is_container(path))
    found = f"the folder {root} has {', '.join(here) or 'no folders'}{dividing.instead(root)}"
    kind = (
        "an HDF5 file or a Zarr folder" if containers.is_container(folder) else f"a folder with {images} and {labels}"
    )
    return DataError(Problem(str(folder), f"must be {kind}; it does not exist", found))


def _by_stem(folder: Path, problems: list[Problem]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(path for path in folder.iterdir() if not path.name.startswith(".")):
        if path.is_dir() or path.suffix.lower() not in PNG + TIFF:
            inside = containers.is_container(path)
            hint = (
                f"put it into {folder.parent}, with image and label" if inside else "convert it, or move it elsewhere"
            )
            problems.append(Problem(str(path), "must be a png, tif or tiff file", hint))
        elif path.stem in found:
            message = f"must be the only file of its stem; {found[path.stem].name} has it too"
            problems.append(Problem(str(path), message, "remove or rename one of them"))
        else:
            found[path.stem] = path
    return found
