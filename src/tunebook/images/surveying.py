"""What images have in common and what is odd among them, in the words of a survey.

Names are told from the data's folder, so that what is said does not depend on where that lies; two images are the same
where all their pixels are.
"""

import hashlib
import io
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tunebook.errors import DataError, Problem
from tunebook.folders import write_atomically
from tunebook.images import crops, dividing
from tunebook.images.dividing import SPLITS, Divided
from tunebook.images.pixels import PNG, TIFF
from tunebook.records import Picture

NAMED = 3
"""Most files that a sentence names."""
USUAL = 0.8
"""A size that at least this share of the images has is that of all but a few."""
SHOWN = 4
"""Items of each split on a contact sheet."""
LONGEST = 160
"""Longest side of a thumbnail on it, in pixels."""
COLOURS = 128
"""Of a thumbnail: a third of the bytes, and no eye sees it at this size."""
UNDIVIDED = "undivided"
"""What stands in the place of splits where images are to be dealt out and cannot be, for what is odd among them."""
T = TypeVar("T")


@dataclass(frozen=True)
class Seen:
    """One image that was read.

    Args:
        split: Of `name`, which is told from the data's folder.
        size: Height and width. `kind`: `grey, 8 bits`.
        content: Of all pixels; empty where all are equal: nothing is learnt from an empty image.
    """

    split: str
    name: str
    size: tuple[int, int]
    kind: str
    content: str

    @classmethod
    def of(cls, pixels: NDArray[Any], *, split: str, name: str) -> "Seen":
        """What is kept of pixels (h, w) or (h, w, 3)."""
        flat = pixels.min() == pixels.max()
        digest = hashlib.blake2b(f"{pixels.dtype.str} {pixels.shape}".encode(), digest_size=16)
        digest.update(np.ascontiguousarray(pixels).data)
        return cls(split, name, (pixels.shape[0], pixels.shape[1]), _kind(pixels), "" if flat else digest.hexdigest())


# Facts ----------------------------------------------------------------------------------------------------


def looks(seen: Sequence[Seen]) -> dict[str, str]:
    """What the images of a split are: `height × width` and `pixels`."""
    kinds = Counter(each.kind for each in seen)
    several = "; ".join(f"{kind} ({number})" for kind, number in kinds.most_common())
    return {"height × width": sizes(seen), "pixels": several if len(kinds) > 1 else next(iter(kinds), "")}


def sizes(seen: Iterable[Seen]) -> str:
    """`512 × 512 px`, `64 × 80 to 512 × 512 px (12 sizes)`; the smallest and the largest area."""
    found = sorted({each.size for each in seen}, key=lambda size: (size[0] * size[1], size))
    if len(found) < 2:
        return f"{found[0][0]} × {found[0][1]} px" if found else ""
    (top, left), (bottom, right) = found[0], found[-1]
    return f"{top} × {left} to {bottom} × {right} px ({len(found)} sizes)"


def spread(values: Sequence[float], *, unit: str = "", digits: int = 0) -> str:
    """The median, and the range where there is one: `14 (3 to 40)`, `1.1 % (0.3 to 4.5)`; what is small as `<0.1`."""
    if not values:
        return "none"
    low, middle, high = (_short(each, digits) for each in (min(values), median(values), max(values)))
    return f"{middle}{unit}" if low == high else f"{middle}{unit} ({low} to {high})"


def _short(value: float, digits: int) -> str:
    least = 10.0**-digits
    return f"<{least:g}" if 0 < value < least / 2 else f"{value:,.{digits}f}"


# What is odd ----------------------------------------------------------------------------------------------


def said_of(names: Sequence[str], one: str, many: str) -> list[str]:
    """`2 images have no label: a.png, b.png`; nothing of no names.

    Args:
        one: What follows the number 1, `image has no label`. `many`: what follows the others.
    """
    return [f"{len(names):,} {one if len(names) == 1 else many}: {listed(names)}."] if names else []


def listed(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def told(problems: Sequence[Problem], root: Path) -> list[str]:
    """What cannot be used, in the words of whoever refused it."""
    found = [f"{named(problem.place, root)} {named(problem.message, root)}" for problem in problems[:NAMED]]
    more = len(problems) - NAMED
    return [f"{each}." for each in found] + ([f"{more:,} more files cannot be used."] if more > 0 else [])


def named(text: str, root: Path) -> str:
    """A place, or a message with places, told from the data's folder."""
    return text.replace(f"{root}{os.sep}", "").replace(str(root), root.name)


def unlike(seen: Sequence[Seen]) -> list[str]:
    """Images of another size or kind than nearly all."""
    found = []
    for values in ([_size(each) for each in seen], [each.kind for each in seen]):
        (usual, number), *others = Counter(values).most_common() or [("", 0)]
        if others and number >= USUAL * len(seen):
            odd = [each.name for each, value in zip(seen, values, strict=True) if value != usual]
            found += said_of(odd, f"image is not {usual} like the others", f"images are not {usual} like the others")
    return found


def repeated(seen: Iterable[Seen]) -> list[str]:
    """Images that are in one split several times, under different names."""
    within: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in seen:
        if each.content:
            within[each.split, each.content].append(each.name)
    return said_of(
        [" = ".join(names) for names in within.values() if len(names) > 1],
        "image is in one split more than once",
        "images are in one split more than once",
    )


def in_two_splits(contents: Mapping[str, Mapping[str, str]], one: str, many: str) -> list[str]:
    """What is in two splits with the same content, a sentence for every two splits.

    Args:
        contents: Split -> content -> name of what has it first.
        one: What such a thing is called, `image`. `many`: several of them.
    """
    found = []
    for first, second in combinations(contents, 2):
        both = [content for content in contents[first] if content in contents[second]]
        pairs = [f"{contents[first][content]} = {contents[second][content]}" for content in both]
        found += said_of(pairs, f"{one} is in {first} and in {second}", f"{many} are in {first} and in {second}")
    return found


def alike_by_name(seen: Iterable[Seen], by: str | None) -> list[str]:
    """Where names look like those of crops of one picture, and such names stand in train and in another split.

    Args:
        by: What keeps names in one split already; None: nothing.
    """
    files: dict[str, list[str]] = defaultdict(list)
    for each in seen:
        if each.name.lower().endswith(PNG + TIFF):
            files[each.split].append(Path(each.name).stem)
    found = crops.expression([name for names in files.values() for name in names]) if by is None else None
    if found is None:
        return []
    groups = {split: _groups(names, found[0]) for split, names in files.items()}
    trained = groups.get("train", {})
    both = {split: [name for name in own if name in trained] for split, own in groups.items() if split != "train"}
    told = [f"{len(names):,} of {len(groups[split]):,} in {split}" for split, names in both.items() if names]
    if not told:
        return []
    example = next(name for names in both.values() for name in names)
    return [
        f"Images of {example} and of other such names stand in train and elsewhere, {' and '.join(told)}: if they are "
        "crops of one picture, or of one slide or animal, scores there are of what training has seen; data.split.by: "
        f"'{found[0]}' with data.split.fractions keeps each name in one split."
    ]


def _groups(names: Iterable[str], found: str) -> dict[str, None]:
    """What stands before the ends of names, of those that have such an end."""
    return {group: None for name in names if (group := crops.group(found, name)) != name}


def dealing(fractions: Mapping[str, float] | None) -> str:
    """`, dealt out by data.split.fractions`, behind what the items are; nothing where splits are given."""
    return "" if fractions is None else ", dealt out by data.split.fractions"


def contents(seen: Iterable[Seen]) -> dict[str, dict[str, str]]:
    """Split -> content -> name, of all images that have any."""
    found: dict[str, dict[str, str]] = {}
    for each in seen:
        if each.content:
            found.setdefault(each.split, {}).setdefault(each.content, each.name)
    return found


# Splits ---------------------------------------------------------------------------------------------------


def by_split(
    data: Divided,
    root: Path,
    odd: list[str],
    *,
    read: Callable[[str], Sequence[T]],
    as_far_as_they_go: Callable[[str], tuple[Sequence[T], list[str]]],
) -> dict[str, Sequence[T]]:
    """Split -> its items; what is in their way is told among the odd things.

    Args:
        read: The items of a split, as a run reads them.
        as_far_as_they_go: The pairs of a folder, by its name from the root, that is refused as a whole, and why it is.

    Raises:
        DataError: when there is no item at all.
    """
    problems: list[Problem] = []
    found: dict[str, Sequence[T]] = {}
    for split in SPLITS:
        try:
            found[split] = read(split)
        except DataError as error:
            problems += error.problems
            given = dividing.is_as_given(data)
            folder = str(getattr(data, split if given else "train"))
            pairs, said = as_far_as_they_go("." if not given and (root / "images").is_dir() else folder)
            odd += said or told(error.problems, root if root.is_dir() else root.parent)
            if not given:
                found = {UNDIVIDED: pairs}
                break
            found[split] = pairs
    if not any(found.values()):
        raise DataError(*dict.fromkeys(problems))
    return found


# Files ----------------------------------------------------------------------------------------------------


def paired(images: Path, truths: Path, root: Path, *, truth: str) -> tuple[list[tuple[str, Path, Path]], list[str]]:
    """The images of a folder that have a truth, whatever else lies there, and what else lies there.

    Args:
        root: Names are told from here.
        truth: What a truth is called, `label`.

    Returns:
        Stem, image and truth, by stem; and a sentence for each thing that is odd.
    """
    pictures, answers = _by_stem(images), _by_stem(truths)
    odd = said_of([named(str(path), root) for path in (*_others(images), *_others(truths))],
                  "file is no PNG or TIFF", "files are no PNG or TIFF")  # fmt: skip
    alone = [named(str(paths[0]), root) for stem, paths in pictures.items() if stem not in answers]
    odd += said_of(alone, f"image has no {truth}", f"images have no {truth}")
    alone = [named(str(paths[0]), root) for stem, paths in answers.items() if stem not in pictures]
    odd += said_of(alone, f"{truth} has no image", f"{truth}s have no image")
    several = [named(str(path), root) for paths in (*pictures.values(), *answers.values()) for path in paths[1:]]
    odd += said_of(several, "file has the stem of another", "files have the stem of another")
    both = [stem for stem in pictures if stem in answers]
    return [(stem, pictures[stem][0], answers[stem][0]) for stem in both], odd


def _by_stem(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in _entries(folder):
        if path.is_file() and path.suffix.lower() in PNG + TIFF:
            found[path.stem].append(path)
    return dict(sorted(found.items()))


def _others(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_dir() or path.suffix.lower() not in PNG + TIFF]


def _entries(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))


# Contact sheets -------------------------------------------------------------------------------------------


def chosen(items: Sequence[T]) -> list[T]:
    """A few of many, at equal distances."""
    return [items[at * len(items) // min(SHOWN, len(items))] for at in range(min(SHOWN, len(items)))]


def drawn(split: str, item: str, panels: Mapping[str, NDArray[np.uint8]], *, to: Path) -> Picture:
    """Write the thumbnails of an item as `<split>-<item>-<panel>.png`."""
    paths = {panel: to / f"{split}-{item}-{panel}.png" for panel in panels}
    for panel, path in paths.items():
        write_atomically(path, _png(panels[panel]))
    return Picture(f"{split}/{item}", {panel: str(path) for panel, path in paths.items()})


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).quantize(COLOURS).save(file, format="PNG", optimize=True)
    return file.getvalue()


def _size(seen: Seen) -> str:
    return f"{seen.size[0]} × {seen.size[1]} px"


def _kind(pixels: NDArray[Any]) -> str:
    colour = "RGB" if pixels.ndim == 3 else "grey"
    return f"{colour}, 32-bit floats" if pixels.dtype.kind == "f" else f"{colour}, {pixels.dtype.itemsize * 8} bits"
