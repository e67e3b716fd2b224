"""Which scans a split has, and how a scan and its mask are read.

A split is a folder with `images/` and `masks/` that hold PNG and TIFF files of the same stems, or the rows of a CSV
file (columns `image`, `mask`, `split`; paths from the CSV file) that bear its name. `data.split.fractions` deals the
scans of one folder, or all rows of the file, out to the splits, and `data.folds` those of train and val to parts
(`images.dividing`); where all are dealt out, the file needs no column `split`.

A mask has one value beside 0, whichever: it is foreground. Of a mask in colour that is one colour beside black; a
palette is looked up, so that a mask means what a viewer shows.

A scan that is larger than `image_size` is reduced: the image by Lanczos resampling (Pillow, whose kernel grows with the
factor, so that nothing aliases), the mask by areas. Which small pixels are foreground: those whose area holds the most
of it, as many as keep the scan's share of foreground, and at least one. Along a wide object's border that is every
pixel with half of its area or more in it; what is thinner than a small pixel does not vanish. Where several pixels
hold the same and some of them are wanted, all are taken.
"""

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8
from numpy.typing import NDArray
from PIL import Image

from tunebook import folders
from tunebook.errors import DataError, Problem
from tunebook.images import dividing
from tunebook.images.dividing import Sources
from tunebook.images.pixels import PNG, TIFF, Scaled, read_image, scaled
from tunebook.tasks.binary_segmentation.config import Config, Data

SPLITS = dividing.SPLITS
FILES = ("image", "mask")
COLUMNS = (*FILES, "split")
STRIP = 256
"""Rows that are normalised at once, so that a large scan is never a whole array of floats."""
SHOWN = 4
"""Most values of a mask that a message lists."""


@dataclass(frozen=True)
class Scan:
    """An image and its mask; `name` is the image's stem.

    Args:
        group: What a CSV file says of it in the column `data.split.by`; empty where none is asked for.
    """

    name: str
    image: Path
    mask: Path
    group: str = ""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A scan that was read.

    Args:
        image: In 0..255, at the size it is worked on.
        mask: Foreground, at the scan's own size.
        small_mask: Foreground at the size of `image`.
    """

    name: str
    image: UInt8[np.ndarray, "h w 3"]
    mask: Bool[np.ndarray, "height width"]
    small_mask: Bool[np.ndarray, "h w"]


@dataclass
class Problems:
    """What is wrong, gathered until all of it is known."""

    found: list[Problem] = field(default_factory=list)

    @contextmanager
    def of(self) -> Iterator[None]:
        """Gather the problems of what is done within."""
        try:
            yield
        except DataError as error:
            self.add(*error.problems)

    def add(self, *problems: Problem) -> None:
        """Gather these, each once."""
        self.found += [problem for problem in problems if problem not in self.found]

    def throw(self) -> None:
        """Raise what was gathered.

        Raises:
            DataError: with all of it.
        """
        if self.found:
            raise DataError(*self.found)


# Which scans ----------------------------------------------------------------------------------------------


def scans(config: Config, book: Path, split: str) -> tuple[Scan, ...]:
    """The scans of a split, ordered by name; of train and val those that are drawn, where a number is given.

    A smaller subset of one seed lies within a larger one.

    Args:
        split: train, val or test.

    Raises:
        DataError: for what cannot be found or does not pair, all at once, and for a subset larger than its split.
        InputError: when the data root has a variable that is not set.
    """
    found = _whole(config, book, split)
    wanted = _wanted(config.data, split)
    if wanted is None:
        return found
    if problems := _too_few(found, config.data, split):
        raise DataError(*problems)
    random = np.random.Generator(np.random.Philox([config.data.subset_seed, SPLITS.index(split)]))
    return tuple(found[at] for at in sorted(random.permutation(len(found))[:wanted]))


def every(config: Config, book: Path) -> Mapping[str, tuple[Scan, ...]]:
    """Split -> all its scans, for all three, whatever the subsets.

    Raises:
        DataError: as `scans`, of all splits at once, and when an image is in two splits: a model would be tested on
            what it was trained on. Copies of a file are not noticed.
        InputError: when the data root has a variable that is not set.
    """
    found: dict[str, tuple[Scan, ...]] = {}
    problems = Problems()
    divided = {} if dividing.is_as_given(config.data) else _divided(_root(config, book), config.data)
    for split in SPLITS:
        with problems.of():
            found[split] = divided[split] if divided else _whole(config, book, split)
            problems.add(*_too_few(found[split], config.data, split))
    problems.add(*_shared(found))
    problems.throw()
    return found


def table(config: Config, book: Path) -> tuple[Path, ...]:
    """The CSV file that names the scans; none where folders hold them.

    Raises:
        InputError: when the data root has a variable that is not set.
    """
    root = _root(config, book)
    return (root,) if _is_table(root) else ()


# Reading --------------------------------------------------------------------------------------------------


def load(scan: Scan, data: Data) -> Loaded:
    """A scan as it is worked on, with its mask at both sizes.

    Raises:
        DataError: when a file cannot be used, naming it.
    """
    image, mask = read(scan, data)
    small = _reduced_image(image, data.image_size)
    if small is image:
        return Loaded(scan.name, image, mask, mask)
    height, width = small.shape[:2]
    return Loaded(scan.name, small, mask, reduced_mask(mask, (height, width)))


def load_image(path: Path, data: Data) -> tuple[UInt8[np.ndarray, "h w 3"], tuple[int, int]]:
    """An image that has no mask as it is worked on, and its own size (height, width).

    Raises:
        DataError: when the file cannot be used, naming it.
    """
    image = _read_image(path, data)
    height, width = image.shape[:2]
    return _reduced_image(image, data.image_size), (height, width)


def read(scan: Scan, data: Data) -> tuple[UInt8[np.ndarray, "height width 3"], Bool[np.ndarray, "height width"]]:
    """The image, normalised, and the mask, both at the scan's own size.

    Raises:
        DataError: when a file cannot be used, naming it: both where both cannot, and the mask where it has another
            size than its image.
    """
    problems = Problems()
    with problems.of():
        image = _read_image(scan.image, data)
    with problems.of():
        mask = read_mask(scan.mask)
    problems.throw()
    if mask.shape != image.shape[:2]:
        (rows, columns), (height, width) = mask.shape, image.shape[:2]
        message = f"must be as large as its image, {height} × {width}; it is {rows} × {columns}"
        raise DataError(Problem(str(scan.mask), message))
    return image, mask


def read_mask(path: Path) -> Bool[np.ndarray, "height width"]:
    """Where a mask is not 0.

    Raises:
        DataError: when it has more than one value (or colour) beside 0, or cannot be read.
    """
    pixels = read_image(path)
    values = pixels if pixels.ndim == 3 else pixels[..., None]
    foreground: NDArray[np.bool_] = (values != 0).any(axis=2)
    if foreground.any():
        first = values.reshape(-1, values.shape[2])[foreground.argmax()]
        if not ((values == first).all(axis=2) | ~foreground).all():
            raise DataError(Problem(str(path), *_not_binary(values)))
    return foreground


def reduced_mask(mask: Bool[np.ndarray, "height width"], shape: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """The foreground of a smaller scan: the pixels that hold the most of it, as many as keep its share.

    Args:
        shape: (h, w), no larger than the mask.
    """
    if not mask.any():
        return np.zeros(shape, bool)
    areas = Image.fromarray(mask.astype(np.float32)).resize(shape[::-1], Image.Resampling.BOX)
    shares = np.round(np.asarray(areas), 4)  # sums of floats: equal shares must be equal
    wanted = max(1, round(float(mask.mean()) * shares.size))
    least = np.partition(shares, -wanted, axis=None)[-wanted]
    return np.asarray((shares >= least) & (shares > 0))


def _read_image(path: Path, data: Data) -> UInt8[np.ndarray, "height width 3"]:
    pixels = read_image(path, channel=data.channel)
    if data.normalize == "none" and pixels.dtype.kind == "f" and pixels.max() <= 1 and (pixels % 1).any():
        message = f"must be numbers of 0..255 when normalize is none; it has {pixels.min():g} to {pixels.max():g}"
        raise DataError(Problem(str(path), message, "set data.normalize to percentile or minmax"))
    return _eight_bits(scaled(pixels, data.normalize, place=str(path)))


def _eight_bits(image: Scaled) -> UInt8[np.ndarray, "height width 3"]:
    height, width = image.pixels.shape[:2]
    found = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, STRIP):
        rows = slice(top, top + STRIP)
        found[rows] = np.rint(image[rows, :])
    return found


def _reduced_image(image: UInt8[np.ndarray, "height width 3"], longest: int | None) -> UInt8[np.ndarray, "h w 3"]:
    """The image at the size that it is worked on; itself where that is its own."""
    height, width = _reduced(image.shape[:2], longest)
    if (height, width) == image.shape[:2]:
        return image
    return np.array(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS))


def _reduced(shape: tuple[int, ...], longest: int | None) -> tuple[int, int]:
    height, width = shape
    if longest is None or max(height, width) <= longest:
        return height, width
    scale = longest / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _not_binary(values: NDArray[Any]) -> tuple[str, str]:
    """Message and hint; the values are (height, width, 1 or 3)."""
    colours = np.unique(values.reshape(-1, values.shape[2]), axis=0)
    shown = [f"{each[0]:g}" if len(each) == 1 else f"({', '.join(f'{one:g}' for one in each)})" for each in colours]
    listed = ", ".join(shown[:SHOWN]) + (f" … ({len(shown)} values)" if len(shown) > SHOWN else "")
    hint = "save it as 0 and 255, without smoothing or JPEG: mask > 127, or class == the one that is meant"
    return f"must have one value beside 0, the background; it has {listed}", hint


# Splits ---------------------------------------------------------------------------------------------------


def _root(config: Config, book: Path) -> Path:
    return folders.resolve(config.data.root, book, place="base.data.root")


def _is_table(root: Path) -> bool:
    return root.suffix.lower() == ".csv" and root.is_file()


def _whole(config: Config, book: Path, split: str) -> tuple[Scan, ...]:
    """All scans of a split."""
    root, data = _root(config, book), config.data
    return _given(root, getattr(data, split), data) if dividing.is_as_given(data) else _divided(root, data)[split]


def _given(root: Path, name: str | None, data: Data) -> tuple[Scan, ...]:
    """All scans of a folder below root, or those of a CSV file that bear a name; of None all of them."""
    if _is_table(root):
        return _of_table(root, name, by=data.split.by)
    if not root.is_dir():
        found = "it is a file" if root.exists() else "it does not exist"
        raise DataError(Problem(str(root), f"must be a folder that holds the splits, or a CSV file; {found}"))
    return _of_folder(root, "." if name is None else name)


def _divided(root: Path, data: Data) -> Mapping[str, tuple[Scan, ...]]:
    """Split -> its scans, where some are dealt out or groups are looked at."""
    is_table = _is_table(root)

    def whole() -> tuple[Scan, ...]:
        at_once = is_table or (root / "images").is_dir()
        return _given(root, None if at_once else data.train, data)

    def given(split: str) -> tuple[Scan, ...] | None:
        name = getattr(data, split)
        # Folds make a val of their own.
        needless = split == "val" and data.folds is not None and name == Data.model_fields["val"].default
        there = name in _splits_of(root) if is_table else (root / name).exists()
        return None if needless and not there else _given(root, name, data)

    sources = Sources[Scan](
        name=lambda scan: scan.name,
        file=lambda scan: scan.image.stem,
        path=lambda scan: os.path.relpath(scan.image, root.parent if is_table else root),
        renamed=lambda scan, name: replace(scan, name=name),
        column=(lambda scan: scan.group) if is_table else None,
    )
    return dividing.divided(data, sources, whole=whole, given=given)


def _wanted(data: Data, split: str) -> int | None:
    return {"train": data.train_images, "val": data.val_images, "test": None}[split]


def _too_few(found: tuple[Scan, ...], data: Data, split: str) -> tuple[Problem, ...]:
    wanted = _wanted(data, split)
    if wanted is None or wanted <= len(found):
        return ()
    message = f"must be at most {len(found)}, the scans of the split {getattr(data, split)}; got {wanted}"
    return (Problem(f"data.{split}_images", message, "null takes all"),)


def _shared(found: Mapping[str, tuple[Scan, ...]]) -> Iterator[Problem]:
    """For two splits that meet, their first image in common."""
    images = {split: _resolved(scan.image for scan in of_split) for split, of_split in found.items()}
    for one, other in combinations(found, 2):
        if both := images[one] & images[other]:
            more = f" and {len(both) - 1} more" if len(both) > 1 else ""
            message = f"must not be an image of two splits; {one} and {other} both have it{more}"
            yield Problem(str(min(both)), message, "give each split images of its own")


def _resolved(paths: Iterable[Path]) -> set[Path]:
    """The files that these are, links followed; a folder is resolved once, since a split has hundreds of files."""
    folder = cache(Path.resolve)
    return {path.resolve() if path.is_symlink() else folder(path.parent) / path.name for path in paths}


# Folders --------------------------------------------------------------------------------------------------


def _of_folder(root: Path, name: str) -> tuple[Scan, ...]:
    """The images of a folder with their masks; hidden files are passed over."""
    folder = root / name
    if not folder.is_dir():
        here = ", ".join(sorted(path.name for path in root.iterdir() if path.is_dir())) or "no folders"
        message = "must be a folder with images and masks; it does not exist"
        raise DataError(Problem(str(folder), message, f"the folder {root} has {here}{dividing.instead(root)}"))
    problems = Problems()
    with problems.of():
        images = _by_stem(folder / "images")
    with problems.of():
        masks = _by_stem(folder / "masks")
    problems.throw()
    for stem in sorted(images.keys() - masks.keys()):
        message = f"must have a mask; {folder / 'masks'} has no {stem}.png or .tif"
        problems.add(Problem(str(images[stem]), message))
    for stem in sorted(masks.keys() - images.keys()):
        message = f"must have an image; {folder / 'images'} has no {stem}.png or .tif"
        problems.add(Problem(str(masks[stem]), message))
    if not images and not masks:
        problems.add(Problem(str(folder / "images"), "must hold at least one png, tif or tiff; it is empty"))
    problems.throw()
    return tuple(Scan(stem, images[stem], masks[stem]) for stem in sorted(images))


def _by_stem(folder: Path) -> dict[str, Path]:
    """Stem -> file, of a folder that holds PNG and TIFF files alone."""
    if not folder.is_dir():
        raise DataError(Problem(str(folder), "must be a folder of png, tif or tiff files; it does not exist"))
    found: dict[str, Path] = {}
    problems = Problems()
    for path in sorted(path for path in folder.iterdir() if not path.name.startswith(".")):
        if path.is_dir() or path.suffix.lower() not in PNG + TIFF:
            problems.add(Problem(str(path), "must be a png, tif or tiff file", "convert it, or move it elsewhere"))
        elif path.stem in found:
            message = f"must be the only file of its stem; {found[path.stem].name} has it too"
            problems.add(Problem(str(path), message, "remove or rename one of them"))
        else:
            found[path.stem] = path
    problems.throw()
    return found


# Tables ---------------------------------------------------------------------------------------------------


def _of_table(path: Path, name: str | None, *, by: str | None) -> tuple[Scan, ...]:
    """The rows of a CSV file whose split has this name; of None all of them."""
    found: dict[str, Scan] = {}
    problems = Problems()
    rows = _rows(path, (*FILES, *(() if name is None else ("split",)), *(() if by is None else (by,))))
    for line, row in rows:
        if name is not None and row["split"] != name:
            continue
        image, mask = (Path(os.path.abspath(path.parent / row[column])) for column in ("image", "mask"))
        for column, file in (("image", image), ("mask", mask)):
            if not row[column]:
                problems.add(Problem(f"{path}:{line}", f"must name a file in the column {column}; it is empty"))
            elif file.suffix.lower() not in PNG + TIFF:
                problems.add(Problem(str(file), f"must be a png, tif or tiff file, as line {line} of {path} names it"))
            elif not file.is_file():
                problems.add(
                    Problem(str(file), f"must be a file, as line {line} of {path} names it; it does not exist")
                )
        if image.stem in found:
            where = "" if name is None else f" in the split {name}"
            message = f"must be the only image of the stem {image.stem}{where}; {found[image.stem].image} is one"
            problems.add(Problem(f"{path}:{line}", message, "rename a file"))
        found[image.stem] = Scan(image.stem, image, mask, "" if by is None else row[by])
    if not found and name is None:
        problems.add(Problem(str(path), "must have rows; it has none"))
    elif not found:
        named = ", ".join(sorted({row["split"] for _, row in rows})) or "no rows"
        message = f"must have rows whose split is {name}; it has {named}"
        problems.add(Problem(str(path), message, "correct data.train, data.val or data.test"))
    problems.throw()
    return tuple(found[stem] for stem in sorted(found))


def _splits_of(path: Path) -> set[str]:
    return {row["split"] for _, row in _rows(path, COLUMNS)}


def _rows(path: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Line of the file -> what it says in these columns."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            lacking = [column for column in columns if column not in (reader.fieldnames or ())]
            if lacking:
                named = ", ".join(reader.fieldnames or ()) or "none"
                message = f"must have the columns {', '.join(columns)}; it lacks {', '.join(lacking)} and has {named}"
                raise DataError(Problem(str(path), message))
            return [(reader.line_num, {name: (row[name] or "").strip() for name in columns}) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(Problem(str(path), f"must be a CSV file in UTF-8; reading it fails: {error}")) from error
