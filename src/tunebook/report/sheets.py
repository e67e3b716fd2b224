"""Contact sheets: a wall as a few PNG files, for pages that cannot be used. Rows are pictures, columns configurations.

On the panels of binary masks a pixel of a sheet has the commonest colour of those that it stands for, and grey only
where they all are, so that thin lines and single pixels stay; all else is averaged.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tunebook.errors import DataError, Problem
from tunebook.report.cards import Wall, WallColumn

WIDE, SHEETS = 12, 3
"""Most configurations on a sheet, and most sheets of a wall."""
SIZES = (128, 96, 64)
"""Longest side of a picture on a sheet, the first that keeps the file small enough."""
LARGEST = 1_000_000
"""Bytes of a file."""
GAP, FONT, LINES = 4, 11, 4
"""Pixels between pictures, height of the letters, lines of a heading."""
PAPER, INK, NOTHING = (255, 255, 255), (40, 40, 40), (225, 225, 225)

RGB = NDArray[np.uint8]


@dataclass(frozen=True)
class Sheet:
    """Some columns of a wall.

    Args:
        name: File name without suffix beside the page.
        first: Number of its first column; columns are numbered from 1 over all sheets of a wall.
    """

    name: str
    first: int
    wall: Wall

    @property
    def alt(self) -> str:
        """What is on it, in words."""
        last = self.first + len(self.wall.columns) - 1
        which = f"configuration {self.first}" if last == self.first else f"configurations {self.first} to {last}"
        return f"Contact sheet: image, truth and the predictions of {which}."


def sheets(wall: Wall) -> list[Sheet]:
    """The sheets of a wall, in its order: the best of every visual group and the best others, as many as fit."""
    leaders = {column.group: column for column in reversed(wall.columns) if column.group}
    first = [leaders[group] for group in wall.groups if group in leaders]
    some = [*first, *(column for column in wall.columns if column not in first)][: WIDE * SHEETS]
    columns = [column for column in wall.columns if column in some]
    return [
        Sheet(f"{wall.name}-{number}", at + 1, replace(wall, columns=columns[at : at + WIDE]))
        for number, at in enumerate(range(0, len(columns), WIDE), start=1)
    ]


def drawn(sheet: Sheet) -> bytes:
    """The PNG file of a sheet; equal sheets give equal bytes.

    Raises:
        DataError: when a picture cannot be read.
    """
    for size in SIZES:
        file = io.BytesIO()
        _sheet(sheet, size).quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            file, "PNG", optimize=True
        )
        if file.tell() <= LARGEST:
            break
    return file.getvalue()


def _sheet(sheet: Sheet, size: int) -> Image.Image:
    rows = [list(_row(sheet, at, size)) for at in range(len(sheet.wall.pictures))]
    heads: list[tuple[str, list[str]]] = [("image", []), ("truth", [])]
    heads += [(str(number), _wrapped(column, size)) for number, column in enumerate(sheet.wall.columns, sheet.first)]
    head = (1 + max(len(lines) for _, lines in heads)) * (FONT + 2) + GAP
    heights = [max(cell.height for cell in row) for row in rows]
    whole = Image.new("RGB", (len(heads) * (size + GAP) + GAP, head + sum(heights) + GAP * (len(rows) + 1)), PAPER)
    draw = ImageDraw.Draw(whole)
    for column, (title, lines) in enumerate(heads):
        left = GAP + column * (size + GAP)
        for at, line in enumerate((title, *lines)):
            draw.text((left, GAP // 2 + at * (FONT + 2)), line, fill=INK, font=_font())
    top = head + GAP
    for row, height in zip(rows, heights, strict=True):
        for column, cell in enumerate(row):
            whole.paste(cell, (GAP + column * (size + GAP), top))
        top += height + GAP
    return whole


def _row(sheet: Sheet, at: int, size: int) -> Iterator[Image.Image]:
    """Image, truth and predictions of one picture; grey where there is none."""
    picture = sheet.wall.pictures[at]
    image = _small(_read(picture.image), size, keeps=False)
    yield image
    yield _small(_read(picture.truth), size, keeps=bool(picture.mask))
    for column in sheet.wall.columns:
        cell = column.cells[at]
        if cell is None:
            yield Image.new("RGB", image.size, NOTHING)
        else:
            yield _small(_read(cell.prediction), size, keeps=cell.pixels is not None)


def _small(pixels: RGB, size: int, *, keeps: bool) -> Image.Image:
    """A picture reduced by a whole factor to at most `size` on its longest side.

    Args:
        keeps: Whether the commonest colour of each block stays, the first of equally common ones, instead of the mean.
    """
    factor = -(-max(pixels.shape[:2]) // size)
    mean = Image.fromarray(pixels).reduce(factor)
    if not keeps or factor == 1:
        return mean
    height, width = mean.height, mean.width
    below, beside = height * factor - pixels.shape[0], width * factor - pixels.shape[1]
    padded = np.pad(pixels, ((0, below), (0, beside), (0, 0)), mode="edge")
    blocks = padded.reshape(height, factor, width, factor, 3).swapaxes(1, 2).reshape(height, width, factor**2, 3)
    coloured = (blocks[..., 0] != blocks[..., 1]) | (blocks[..., 1] != blocks[..., 2])
    there = coloured.any(axis=2)
    some = blocks[there]
    codes = some.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
    like = (codes[:, :, None] == codes[:, None]).sum(axis=2) * coloured[there]
    reduced = np.array(mean)
    reduced[there] = some[np.arange(len(some)), like.argmax(axis=1)]
    return Image.fromarray(reduced)


def _wrapped(column: WallColumn, size: int) -> list[str]:
    """A name in lines that fit over a picture; what does not fit is cut off."""
    lines: list[str] = []
    for word in " ".join(column.label.split()).split(" "):
        if lines and _font().getlength(f"{lines[-1]} {word}") <= size:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    cut = [_cut(line, size) for line in lines]
    return cut if len(cut) <= LINES else [*cut[: LINES - 1], _cut(f"{cut[LINES - 1]} …", size)]


def _cut(line: str, size: int) -> str:
    if _font().getlength(line) <= size:
        return line
    kept = next(n for n in range(len(line), -1, -1) if _font().getlength(f"{line[:n]}…") <= size)
    return f"{line[:kept]}…"


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(FONT)


def _read(path: str) -> RGB:
    try:
        with Image.open(Path(path)) as image:
            return np.asarray(image.convert("RGB"))
    except OSError as error:
        message = f"must be a readable PNG file; got {error.strerror or error}"
        raise DataError(Problem(path, message, "`tunebook run` draws them again")) from error
