"""What of a wall goes into an HTML page: facts as JSON, thumbnails small enough for hundreds of them, counts.

Layers keep every level (WebP without loss), so that a slider is right to 1/255; colours lose what nobody sees. Values
are lists of pairs where their order matters. A column is a JSON text of its own: it is decoded when it comes into view.
"""

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from tunebook.errors import DataError, Problem
from tunebook.report.cards import Value, Wall, WallCell, WallColumn, WallPicture

PLAIN = 4
"""How many columns a reader without JavaScript sees."""
QUALITY = 80
EXACT = {"lossless": True, "quality": 20, "method": 2}
"""More effort makes layers 4 to 12 % smaller and takes a hundred times as long (256 x 170, measured)."""


@dataclass(frozen=True)
class WallData:
    """What a template writes.

    Args:
        facts: All but thumbnails and histograms.
        pictures: Of each picture, the thumbnails `image`, `truth` and, where masks are binary, `mask`, in base64.
        columns: Of each column, its cells: `probability` and histograms, or `prediction`; None where there is none.
        heads: Labels of the columns that need no JavaScript, with the replicates that they show.
        plain: Item -> data URIs of its image, its truth and the predictions of these columns, with what they show
            and what is written below; an empty URI where there is no picture.
    """

    facts: Mapping[str, Any]
    pictures: Sequence[Mapping[str, str]]
    columns: Sequence[Sequence[Mapping[str, str] | None]]
    heads: Sequence[tuple[str, str]]
    plain: Sequence[tuple[str, Sequence[tuple[str, str, str]]]]


def wall_files(wall: Wall) -> Iterator[str]:
    """The paths of all thumbnails that a page needs."""
    for picture in wall.pictures:
        yield from (picture.image, picture.truth, *([picture.mask] if picture.mask else []))
    for at, column in enumerate(wall.columns):
        for cell, picture in zip(column.cells, wall.pictures, strict=True):
            if cell is None:
                continue
            if _layered(cell, picture):
                yield cell.probability
            if at < PLAIN or not _layered(cell, picture):
                yield cell.prediction


def wall_data(wall: Wall, files: Mapping[str, bytes]) -> WallData:
    """Facts, thumbnails and counts of a wall.

    Args:
        files: Path -> PNG, for every one of `wall_files`.

    Raises:
        DataError: when a layer of probabilities is not of the size of its mask.
    """
    masks = [_size(files[picture.mask]) if picture.mask else None for picture in wall.pictures]
    for column in wall.columns:
        for cell, picture, size in zip(column.cells, wall.pictures, masks, strict=True):
            if cell is not None and _layered(cell, picture) and _size(files[cell.probability]) != size:
                message = f"must be of the size of {picture.mask}, {size}; got {_size(files[cell.probability])}"
                raise DataError(Problem(cell.probability, message, "`tunebook run` draws them again"))
    colours = {path: _colour(files[path]) for path in dict.fromkeys(wall_files(wall)) if _is_colour(path, wall)}
    return WallData(
        facts=_facts(wall, [_size(files[picture.image]) for picture in wall.pictures]),
        pictures=[
            {"image": colours[picture.image], "truth": colours[picture.truth]}
            | ({"mask": _exact(files[picture.mask])} if picture.mask else {})
            for picture in wall.pictures
        ],
        columns=[
            [
                None if cell is None else _cell(cell, picture, files, colours)
                for cell, picture in zip(column.cells, wall.pictures, strict=True)
            ]
            for column in wall.columns
        ],
        heads=[(column.label, column.replicate) for column in wall.columns[:PLAIN]],
        plain=[
            (picture.item, [*_references(picture, colours), *_predictions(wall, at, colours)])
            for at, picture in enumerate(wall.pictures)
        ],
    )


def _layered(cell: WallCell, picture: WallPicture) -> bool:
    """Whether a cell is painted from its probabilities, at any threshold."""
    return bool(cell.probability and picture.mask) and cell.pixels is not None


def _is_colour(path: str, wall: Wall) -> bool:
    layers = {picture.mask for picture in wall.pictures}
    layers |= {cell.probability for column in wall.columns for cell in column.cells if cell is not None}
    return path not in layers


def _facts(wall: Wall, sizes: Sequence[tuple[int, int]]) -> dict[str, Any]:
    return {
        "name": wall.name,
        "study": wall.study,
        "split": wall.split,
        "about": wall.title,
        "pictures": [
            {"item": picture.item, "width": size[0], "height": size[1]}
            for picture, size in zip(wall.pictures, sizes, strict=True)
        ],
        "columns": [_column(column, wall.pictures) for column in wall.columns],
        "groups": list(wall.groups.items()),
        "direction": wall.direction,
    }


def _column(column: WallColumn, pictures: Sequence[WallPicture]) -> dict[str, Any]:
    return {
        "configuration": column.configuration,
        "label": column.label,
        "parameters": [_value(name, value) for name, value in column.parameters.items()],
        "scores": [_value(name, value) for name, value in column.scores.items()],
        "group": column.group,
        "kind": column.kind,
        "replicate": column.replicate,
        "replicates": column.replicates,
        "cells": [
            None
            if cell is None
            else {
                "run": cell.run,
                "below": cell.below,
                "threshold": cell.pixels.threshold if cell.pixels is not None and _layered(cell, picture) else None,
            }
            for cell, picture in zip(column.cells, pictures, strict=True)
        ],
    }


def _value(name: str, value: Value) -> dict[str, Any]:
    return {"name": name, "text": value.text, "sort": value.sort}


def _cell(
    cell: WallCell, picture: WallPicture, files: Mapping[str, bytes], colours: Mapping[str, str]
) -> dict[str, str]:
    if cell.pixels is None or not _layered(cell, picture):
        return {"prediction": colours[cell.prediction]}
    return {
        "probability": _exact(files[cell.probability]),
        "background": _counts(cell.pixels.background),
        "foreground": _counts(cell.pixels.foreground),
    }


def _references(picture: WallPicture, colours: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    yield _uri(colours[picture.image]), f"image of {picture.item}", "image"
    yield _uri(colours[picture.truth]), f"truth of {picture.item}", "truth"


def _predictions(wall: Wall, at: int, colours: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for column in wall.columns[:PLAIN]:
        cell = column.cells[at]
        if cell is None:
            yield "", "", "no picture"
        else:
            alt = f"prediction of {wall.pictures[at].item} by {column.label}"
            yield _uri(colours[cell.prediction]), alt, cell.below


def _counts(histogram: Sequence[int]) -> str:
    return _base64(np.asarray(histogram, dtype="<u4").tobytes())


def _size(png: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(png)) as image:
        return image.size


def _exact(png: bytes) -> str:
    return _webp(png, "L", EXACT)


def _colour(png: bytes) -> str:
    return _webp(png, "RGB", {"quality": QUALITY, "method": 4})


def _webp(png: bytes, mode: str, how: Mapping[str, Any]) -> str:
    written = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert(mode).save(written, "WEBP", **how)
    return _base64(written.getvalue())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _uri(webp: str) -> str:
    return f"data:image/webp;base64,{webp}"
