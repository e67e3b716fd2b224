"""Images and instance labels: reading them, bringing them to one range, cutting them into windows.

An image of any size is seen through square windows that overlap; what is smaller than a window is padded with zeros
on the right and at the bottom. Normalisation looks at the whole image before any window is cut, in training as in
testing; the image of a volume is its slice.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from tunebook.errors import DataError, Problem
from tunebook.images import deep_png
from tunebook.images.slices import channels, way_out

PNG = (".png",)
TIFF = (".tif", ".tiff")
PERCENTILES = (1.0, 99.8)
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error,
              tifffile.TiffFileError, Image.DecompressionBombError)  # fmt: skip
"""What the readers raise on files that are damaged or of another kind."""

Normalisation = Literal["percentile", "minmax", "none"]
Reader = Callable[[Path], tuple[NDArray[Any], str]]
"""A file -> its pixels and the names of their axes."""


# Pixels -------------------------------------------------------------------------------------------------


def read_image(
    path: Path, *, channel: int | None = None
) -> NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]:
    """The pixels of a PNG or TIFF, grey (h, w) or RGB (h, w, 3), in the file's own values; see `as_image`.

    An alpha channel is dropped, a PNG palette is looked up, 1-bit pixels become 0 and 255.

    Args:
        channel: The one channel to read, from 0; None: grey or RGB.

    Raises:
        DataError: for anything else, a damaged file included; it names the file, what it must be and what it is.
    """
    pixels, axes = _opened(path, _read_png_image, _read_tiff)
    if channel is None and "S" in axes and pixels.shape[2] in (2, 4):
        pixels = pixels[..., 0] if pixels.shape[2] == 2 else pixels[..., :3]
    return as_image(channels(pixels, channel, place=str(path)), place=str(path))


def read_label(path: Path, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """The instance ids of a PNG or TIFF; see `as_label`. A palette PNG is read as its indices.

    Raises:
        DataError: as `as_label`, and for a damaged file.
    """
    ids, _ = _opened(path, _read_png_label, _read_tiff)
    return as_label(ids, shape, place=str(path))


def as_image(pixels: NDArray[Any], *, place: str) -> NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]:
    """Pixels (h, w) or (h, w, 3) as one of three types: uint8, uint16, float32.

    Bits become 0 and 255, integers of more than 16 bits become uint16 where they fit, and floats become float32.

    Raises:
        DataError: for other shapes and values; it says `place`, what it must be and what it is.
    """
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3) or 0 in pixels.shape:
        raise _wrong(place, "must be one image, grey (h, w) or RGB (h, w, 3)", f"it has the shape {pixels.shape}")
    if pixels.dtype in (np.uint8, np.uint16):
        return pixels
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype.kind in "iu" and int(pixels.min()) >= 0 and int(pixels.max()) <= 65535:
        return pixels.astype(np.uint16)
    if pixels.dtype.kind == "f":
        with np.errstate(over="ignore"):  # too large for float32: infinite
            single = pixels.astype(np.float32)
        if not np.isfinite(single).all():
            found = f"{int((~np.isfinite(single)).sum())} pixels are not"
            raise _wrong(place, "must hold numbers that are finite in float32", found)
        return single
    found = f"it is {pixels.dtype}" + (f", {pixels.min()} to {pixels.max()}" if pixels.dtype.kind in "iu" else "")
    raise _wrong(place, "must hold integers of 0..65535 or floats", found)


def as_label(ids: NDArray[Any], shape: tuple[int, ...], *, place: str) -> NDArray[np.int32]:
    """Instance ids, (h, w): 0 = background, objects 1..n in the order of the file's ids, which may have gaps.

    A label without objects is all zeros.

    Args:
        shape: (h, w) of the image.

    Raises:
        DataError: for another shape, colour, floats, negative ids; it says `place`.
    """
    if ids.ndim != 2:
        raise _wrong(place, "must hold one instance id per pixel (h, w)", f"it has the shape {ids.shape}")
    if ids.shape != tuple(shape[:2]):
        height, width = shape[:2]
        raise _wrong(
            place, f"must be as large as its image, {height} × {width}", f"it is {ids.shape[0]} × {ids.shape[1]}"
        )
    if ids.dtype.kind not in "iub":
        raise _wrong(place, "must hold integer ids", f"it is {ids.dtype}")
    if int(ids.min(initial=0)) < 0:
        raise _wrong(place, "must hold ids from 0 (background) on", f"the lowest is {ids.min()}")
    return _sequential(ids)


@dataclass(frozen=True, eq=False)
class Scaled:
    """An image as its file has it, which is normalised where it is looked at: `scaled[rows, columns]`.

    A part is that part of the normalised image, in every bit.

    Args:
        pixels: (h, w) or (h, w, 3).
        span: What goes to 0 and to 255; equal: all becomes 0. None: values stay.
    """

    pixels: NDArray[Any]
    span: tuple[float, float] | None

    def __getitem__(self, there: tuple[slice, slice]) -> NDArray[np.float32]:
        values = self.pixels[there].astype(np.float32)
        if self.span is not None:
            low, high = self.span
            values = np.clip((values - low) * (255 / (high - low)), 0, 255) if low < high else np.zeros_like(values)
        if values.ndim == 2:
            values = np.repeat(values[..., None], 3, axis=2)
        return np.ascontiguousarray(values, np.float32)


def normalise(image: NDArray[Any], how: Normalisation, *, place: str = "image") -> NDArray[np.float32]:
    """An image as (h, w, 3) in 0..255, from all of its pixels and channels together; grey is tripled.

    Args:
        how: `percentile`: the 1st goes to 0, the 99.8th to 255, beyond them is clipped; where the two are equal
            (almost nothing but background) as minmax. `minmax`: the extremes go to 0 and 255. `none`: values as
            they are. A constant image becomes zeros, except under `none`.
        place: Names the image in an error.

    Raises:
        DataError: under `none`, for values outside 0..255, which would need a range.
    """
    return scaled(image, how, place=place)[:, :]


def scaled(image: NDArray[Any], how: Normalisation, *, place: str = "image") -> Scaled:
    """The same, to be normalised later, of which a grey image of 8 bits takes a twelfth of the memory.

    Raises:
        DataError: as `normalise`.
    """
    values = image.astype(np.float32)
    kept = np.ascontiguousarray(image)
    if how == "none":
        if values.size and (values.min() < 0 or values.max() > 255):
            message = f"must lie in 0..255 when normalize is none; it has {values.min():g} to {values.max():g}"
            raise DataError(Problem(place, message, "set data.normalize to percentile or minmax"))
        return Scaled(kept, None)
    low, high = float(values.min()), float(values.max())
    if how == "percentile":
        inner = np.percentile(values, PERCENTILES)
        low, high = (float(inner[0]), float(inner[1])) if inner[0] < inner[1] else (low, high)
    return Scaled(kept, (low, high))


def objects(label: NDArray[Any]) -> list[tuple[slice, slice]]:
    """Rows and columns of every object's tight box, in the order of ids 1..n.

    Raises:
        ValueError: when an id between 1 and the largest does not occur.
    """
    from scipy.ndimage import find_objects  # noqa: PLC0415  a page, which reads no label, does not wait for it

    places: list[tuple[slice, slice] | None] = find_objects(label.astype(np.int32, copy=False))
    missing = [number for number, place in enumerate(places, start=1) if place is None]
    if missing:
        raise ValueError(f"label must hold all ids 1..{len(places)}; {missing[0]} is missing")
    return [place for place in places if place is not None]


def _opened(path: Path, png: Reader, tiff: Reader) -> tuple[NDArray[Any], str]:
    try:
        return png(path) if path.suffix.lower() in PNG else tiff(path)
    except UNREADABLE as error:
        reason = str(error) or type(error).__name__
        hint = "save it uncompressed, or install imagecodecs" if "imagecodecs" in reason else ""
        raise _wrong(str(path), "must be a whole PNG or TIFF file", f"reading it fails: {reason}", hint) from error


def _read_png_image(path: Path) -> tuple[NDArray[Any], str]:
    return _named(deep_png.read(path) if deep_png.is_deep(path) else _read_png(path, colours=True))


def _read_png_label(path: Path) -> tuple[NDArray[Any], str]:
    return _named(_read_png(path, colours=False))


def _named(pixels: NDArray[Any]) -> tuple[NDArray[Any], str]:
    return pixels, "YXS"[: pixels.ndim]


def _read_png(path: Path, *, colours: bool) -> NDArray[Any]:
    """The pixels; those of a palette as their colours or as their indices."""
    with _of_any_size(), Image.open(path, formats=["PNG"]) as picture:
        if getattr(picture, "n_frames", 1) > 1:
            raise ValueError("it is an animation")
        return np.asarray(picture.convert("RGB") if colours and picture.mode == "P" else picture)


@contextmanager
def _of_any_size() -> Iterator[None]:
    """Let Pillow open what is larger than it takes for an attack: the scans are the user's own."""
    most = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = most


def _read_tiff(path: Path) -> tuple[NDArray[Any], str]:
    """The pixels with the axes Y, X and, if there are any, S (samples, alpha may be among them) or C (channels)."""
    with tifffile.TiffFile(path) as file:
        if len(file.series) != 1:
            raise ValueError(f"it holds {len(file.series)} images")
        series = file.series[0]
        axes = series.axes
        if len(axes) > 2 and axes not in ("YXS", "SYX", "YXC", "CYX"):
            found = f"it is a stack of shape {tuple(series.shape)} with the axes {axes}"
            raise _wrong(str(path), "must be one image", found, way_out(axes.lower()))
        pixels = np.asarray(series.asarray())
    if axes in ("SYX", "CYX"):
        return np.moveaxis(pixels, 0, -1), f"YX{axes[0]}"
    return pixels, axes


def _sequential(ids: NDArray[Any]) -> NDArray[np.int32]:
    present = np.unique(ids)
    return np.searchsorted(present[present > 0], ids).astype(np.int32) + (ids > 0)


def _wrong(place: str, must: str, found: str, hint: str = "") -> DataError:
    return DataError(Problem(place, f"{must}; {found}", hint))


# Windows ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tile:
    """A square window: its upper left corner, the part of it that lies in the image, and its side."""

    y: int
    x: int
    height: int
    width: int
    size: int


def tiles(shape: tuple[int, ...], *, size: int, overlap: int) -> tuple[Tile, ...]:
    """Windows that cover an image, row by row.

    Neighbours overlap by `overlap` pixels, the last of a row or column by more, so that it ends with the image.
    Along a side shorter than `size` there is one window, which reaches beyond the image.

    Args:
        shape: (h, w, …) of the image.
        size: Side in pixels.
        overlap: Pixels, less than `size`.

    Raises:
        ValueError: when overlap is not within 0..size - 1.
    """
    if not 0 <= overlap < size:
        raise ValueError(f"overlap must be within 0..{size - 1}; got {overlap}")
    height, width = shape[:2]
    return tuple(
        Tile(y, x, min(size, height), min(size, width), size)
        for y in _corners(height, size, overlap)
        for x in _corners(width, size, overlap)
    )


def cut(image: NDArray[Any], tile: Tile) -> NDArray[Any]:
    """The window (size, size, …) of an image (h, w, …); beyond the image, right and below, it is zero."""
    piece = image[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width]
    beyond = [(0, tile.size - tile.height), (0, tile.size - tile.width)]
    return np.pad(piece, beyond + [(0, 0)] * (image.ndim - 2))


def stitch(
    tiles: Sequence[Tile],
    maps: Iterable[NDArray[np.float32]],
    shape: tuple[int, ...],
    *,
    overlap: int,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float32]:
    """Maps of windows (n of c, size, size) joined to (c, h, w): where windows overlap, their weighted mean.

    A window's weight rises linearly from its border over `overlap` pixels, so that no seam shows; equal maps
    come back as they are. Maps are added in their order as they come, and none is held.

    Args:
        weights: What the pixels (size, size) of a window weigh instead, all above 0.
    """
    height, width = shape[:2]
    total = np.zeros((0, height, width))  # the first map says how many channels there are
    summed = np.zeros((height, width))
    for tile, part in zip(tiles, maps, strict=True):
        if len(total) == 0:
            total = np.zeros((len(part), height, width))
        ramp = _ramp(tile.size, overlap)
        weight = (np.outer(ramp, ramp) if weights is None else weights)[: tile.height, : tile.width]
        rows, columns = slice(tile.y, tile.y + tile.height), slice(tile.x, tile.x + tile.width)
        total[:, rows, columns] += weight * part[:, : tile.height, : tile.width]
        summed[rows, columns] += weight
    return np.asarray(total / summed, np.float32)


def tile_of(box: tuple[int, int, int, int], tiles: Sequence[Tile]) -> int:
    """Index of the window to ask for an object.

    Among the windows that hold the box whole, the one whose centre is nearest to the box's; if none does, among
    those that cover most of it. Ties go to the first.

    Args:
        box: (y0, x0, y1, x1) in pixels, the ends excluded.
    """
    y0, x0, y1, x1 = box

    def rank(index: int) -> tuple[int, int]:
        tile = tiles[index]
        rows = min(y1, tile.y + tile.height) - max(y0, tile.y)
        columns = min(x1, tile.x + tile.width) - max(x0, tile.x)
        away = (2 * tile.y + tile.height - y0 - y1) ** 2 + (2 * tile.x + tile.width - x0 - x1) ** 2
        return -max(rows, 0) * max(columns, 0), away

    return min(range(len(tiles)), key=rank)


def _corners(length: int, size: int, overlap: int) -> list[int]:
    last = max(length - size, 0)
    return [*range(0, last, size - overlap), last]


def _ramp(size: int, overlap: int) -> NDArray[np.float64]:
    inwards = np.arange(size) + 0.5
    ramp: NDArray[np.float64] = np.minimum(np.minimum(inwards, inwards[::-1]) / max(overlap, 0.5), 1)
    return ramp
