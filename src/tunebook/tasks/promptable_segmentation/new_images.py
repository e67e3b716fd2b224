"""Images without labels: files, slices of stacks, arrays of containers, and prompts for them in a table.

A table lies beside the images: `points.csv` (image, x, y) or `boxes.csv` (image, x0, y0, x1, y1), in pixels from 0, x
to the right, y down; a box ends before x1 and y1, as an array's slice does. `image` is a file's name, with or without
its suffix and the folder in front, or that of a slice (`volume-z0012`). Each row is an object.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunebook.errors import DataError, Problem
from tunebook.images import containers
from tunebook.images.containers import HDF5, ZARR
from tunebook.images.listing import Listed, listed
from tunebook.images.pixels import PNG, TIFF
from tunebook.images.slices import Plane, planes
from tunebook.tasks.promptable_segmentation.config import Data
from tunebook.tasks.promptable_segmentation.items import numbered, read_image_of

SUFFIXES = (*PNG, *TIFF, *HDF5, ZARR)
TABLES: Mapping[str, tuple[str, ...]] = {"point": ("x", "y"), "box": ("x0", "y0", "x1", "y1")}
"""Mode -> the columns of its table beside `image`."""
NAMES = {"point": "points.csv", "box": "boxes.csv"}

Numbers = tuple[float, ...]
"""x and y of a point; x0, y0, x1, y1 of a box."""


@dataclass(frozen=True)
class NewImage:
    """An image to segment.

    Args:
        name: Where its label map goes, below the folder that was pointed at, without a suffix.
        source: A flat file, or a plane of an array.
        shape: (h, w).
    """

    name: Path
    source: Path | Plane
    shape: tuple[int, int]


@dataclass(frozen=True)
class Prompts:
    """What a person says of objects.

    Args:
        mode: point or box.
        path: The table.
        of: Name of an image -> the prompts of its objects, in the order of the table's rows.
    """

    mode: str
    path: Path
    of: Mapping[Path, Sequence[Numbers]]

    @property
    def count(self) -> int:
        """How many objects there are."""
        return sum(map(len, self.of.values()))


def found(on: Path, data: Data) -> tuple[Listed, tuple[NewImage, ...]]:
    """Every image at a path or below it, each read once, ordered by name.

    Raises:
        DataError: naming all that cannot be used, or that there is none.
    """
    files = listed(on, SUFFIXES, beside=tuple(NAMES.values()))
    images: list[NewImage] = []
    problems: list[Problem] = []
    for path in files.paths:
        try:
            for source in _sources(path, data):
                pixels, _ = read_image_of(source, data)
                name = files.named(path)
                number = numbered(source) if isinstance(source, Plane) else ""
                images.append(NewImage(name.with_name(f"{name.name}{number}"), source, pixels.shape[:2]))
        except DataError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    if problems:
        raise DataError(*problems)
    return files, tuple(images)


def prompts(files: Listed, images: Sequence[NewImage]) -> Prompts | None:
    """The prompts of the table that lies beside the images; None where there is none.

    Raises:
        DataError: when two tables lie there; naming every row that is no prompt of an image.
    """
    there = {mode: files.root / name for mode, name in NAMES.items() if (files.root / name).is_file()}
    if len(there) > 1:
        message = f"must hold points.csv or boxes.csv; it holds {' and '.join(path.name for path in there.values())}"
        raise DataError(Problem(str(files.root), message, "take one of them away"))
    for mode, path in there.items():
        return Prompts(mode, path, _read(path, TABLES[mode], files, images))
    return None


def _sources(path: Path, data: Data) -> Sequence[Path | Plane]:
    if containers.is_container(path):
        return planes(containers.stored(path, data.image_key), axes=data.axes, axis=data.axis, taken=None)
    if path.suffix.lower() in TIFF and (data.axis or data.axes):
        held = planes(containers.stored(path), axes=data.axes, axis=data.axis, taken=None)
        if held[0].axis or data.axes:
            return held
    return (path,)


def _read(
    path: Path, columns: Sequence[str], files: Listed, images: Sequence[NewImage]
) -> Mapping[Path, Sequence[Numbers]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = [column for column in ("image", *columns) if column not in (reader.fieldnames or ())]
        if missing:
            message = f"must have the columns image, {', '.join(columns)}; it lacks {', '.join(missing)}"
            raise DataError(Problem(str(path), message))
        rows = [(reader.line_num, row) for row in reader]
    by_name = _by_name(files, images)
    given: dict[Path, list[Numbers]] = {}
    problems: list[Problem] = []
    for line, row in rows:
        numbers, image = _numbers([row[column] for column in columns]), by_name.get((row["image"] or "").strip())
        wrong = _wrong(row["image"], numbers, image)
        if wrong or image is None or numbers is None:
            problems.append(Problem(f"{path}:{line}", wrong))
        else:
            given.setdefault(image.name, []).append(numbers)
    if not rows:
        problems.append(Problem(str(path), "must hold a row for each object; it is empty"))
    if problems:
        raise DataError(*problems)
    return given


def _by_name(files: Listed, images: Sequence[NewImage]) -> dict[str, NewImage]:
    """What a table may call an image -> it; names that several have are those of none."""
    found: dict[str, set[NewImage]] = {}
    for image in images:
        whole = [image.name]
        if isinstance(image.source, Path) or not image.source.axis:
            path = image.source if isinstance(image.source, Path) else image.source.array.path
            whole.append(path.relative_to(files.root))
        for name in whole:
            for called in {name.as_posix(), name.name}:
                found.setdefault(called, set()).add(image)
    return {called: next(iter(those)) for called, those in found.items() if len(those) == 1}


def _numbers(texts: Sequence[str | None]) -> Numbers | None:
    try:
        return tuple(float(text or "") for text in texts)
    except ValueError:
        return None


def _wrong(called: str | None, numbers: Numbers | None, image: NewImage | None) -> str:
    """Why a row is no prompt of an image; empty where it is one."""
    if image is None:
        return f"must name one of the images; got {called or 'nothing'}"
    if numbers is None:
        return "must hold a number in each column"
    height, width = image.shape
    x0, y0, x1, y1 = numbers if len(numbers) == 4 else (*numbers, numbers[0] + 1, numbers[1] + 1)
    shown = ", ".join(f"{number:g}" for number in numbers)
    if not (x0 < x1 and y0 < y1):
        return f"must have x0 < x1 and y0 < y1; got {shown}"
    inside = -0.5 <= x0 < width and -0.5 <= y0 < height if len(numbers) == 2 else _within(numbers, width, height)
    return "" if inside else f"must lie in its image of {width} × {height} pixels; got {shown}"


def _within(box: Numbers, width: int, height: int) -> bool:
    x0, y0, x1, y1 = box
    return x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height
