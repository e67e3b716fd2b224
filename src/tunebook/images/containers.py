"""Arrays in HDF5, Zarr and TIFF files: which there are, how they are laid out, and a part of one at a time.

Every call opens its file and closes it again: nothing is open where a process forks, and no more of a volume is in
memory than what was asked for.
"""

import difflib
import json
import lzma
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from tunebook.errors import DataError, Problem
from tunebook.spec.names import listed

HDF5 = (".h5", ".hdf", ".hdf5")
ZARR = ".zarr"
UNREADABLE = (OSError, ValueError, LookupError, TypeError, RuntimeError, ArithmeticError, AssertionError, EOFError,
              struct.error, zlib.error, lzma.LZMAError, tifffile.TiffFileError)  # fmt: skip
"""What the libraries raise on files that are damaged or of another kind; only their calls stand where it is caught."""
LETTERS = "tzyxc"


@dataclass(frozen=True)
class Stored:
    """An array in a file, not read yet.

    Args:
        path: The HDF5 or TIFF file, or the Zarr folder.
        key: The array's name within; empty in a TIFF, which holds one.
        shape: Its extents.
        dtype: Its numbers.
        axes: One of the letters tzyxc for every axis, as the file names them; empty when it does not.
    """

    path: Path
    key: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    axes: str

    @property
    def place(self) -> str:
        """File and key, for a message."""
        return f"{self.path}, {self.key}" if self.key else str(self.path)


def is_container(path: Path) -> bool:
    """Whether a path is named as an HDF5 file or a Zarr folder."""
    return path.suffix.lower() in (*HDF5, ZARR)


def files(path: Path) -> tuple[Path, ...]:
    """All files behind a path, ordered: of a Zarr folder its chunks and metadata, hidden ones too; else itself."""
    if not path.is_dir():
        return (path,)
    found = (Path(folder, name) for folder, _, names in os.walk(path, followlinks=True) for name in names)
    return tuple(sorted(found))


def stored(path: Path, key: str = "") -> Stored:
    """What is known of an array without reading it.

    Args:
        path: An HDF5 file, a Zarr folder or a TIFF.
        key: Name of the array in HDF5 and Zarr, as in `volumes/raw`.

    Raises:
        DataError: when the file is missing or damaged, when it has no such array (naming those it has, nearest
            first), when the array's numbers lie in other files, and when a TIFF holds several images.
    """
    if path.suffix.lower() in HDF5:
        return _of_hdf5(path, key)
    return _of_zarr(path, key) if path.suffix.lower() == ZARR else _of_tiff(path)


def keys(path: Path) -> tuple[str, ...]:
    """Names of the arrays in an HDF5 file or a Zarr folder, ordered.

    Raises:
        DataError: when the file is damaged.
    """
    with _reading(path, ""):
        return tuple(sorted(_hdf5_keys(path) if path.suffix.lower() in HDF5 else _zarr_keys(path)))


def read(array: Stored, index: tuple[int | slice, ...], *, place: str) -> NDArray[Any]:
    """A part of an array, by one number or slice for every axis.

    Args:
        place: Names the part in an error.

    Raises:
        DataError: when the file is damaged, or has changed its shape.
    """
    assert len(index) == len(array.shape), f"{index} for {array.shape}"
    with _reading(array.path, array.key, place):
        if array.path.suffix.lower() in HDF5:
            part = _hdf5_part(array, index)
        elif array.path.suffix.lower() == ZARR:
            part = np.asarray(_zarr_array(array.path, array.key)[index])
        else:
            part = _tiff_part(array, index)
    expected = tuple(length for length, at in zip(array.shape, index, strict=True) if isinstance(at, slice))
    if part.shape != expected:
        raise DataError(Problem(place, f"must have the shape {expected}; it has {part.shape}"))
    return part


@contextmanager
def _reading(path: Path, key: str, place: str = "") -> Iterator[None]:
    """Turn what a library raises into a message on the file."""
    suffix = path.suffix.lower()
    kind = "an HDF5 file" if suffix in HDF5 else "a Zarr folder" if suffix == ZARR else "a TIFF file"
    try:
        yield
    except UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        where = place or (f"{path}, {key}" if key else str(path))
        hint = "save it uncompressed, or install imagecodecs" if "imagecodecs" in reason else ""
        raise DataError(Problem(where, f"must be {kind} that is whole; reading it fails: {reason}", hint)) from error


def _missing(path: Path, key: str, found: list[str]) -> DataError:
    near = sorted(found, key=lambda other: -difflib.SequenceMatcher(None, key, other).ratio())
    have = f"its arrays are {listed(near)}" if found else "it holds no array below a key"
    hint = "set data.image_key or data.label_key" if found else "put image and label under two keys of one container"
    return DataError(Problem(f"{path}, {key}", f"must be an array; {have}", hint))


def _letters(names: Any, count: int) -> str:
    """Names of axes as letters; empty when they are not all of ours."""
    letters = "".join(str(name).lower() for name in names or ())
    fit = len(letters) == count and set(letters) <= set(LETTERS) and len(set(letters)) == count
    return letters if fit else ""


def _numbers(path: Path, key: str, shape: tuple[int, ...], dtype: np.dtype[Any], names: Any) -> Stored:
    """An array with the axes that its file names.

    Raises:
        DataError: when it holds something else than numbers.
    """
    if dtype.kind not in "iufb":
        raise DataError(Problem(f"{path}, {key}", f"must hold numbers; it holds {dtype}"))
    return Stored(path, key, shape, dtype, _letters(names, len(shape)))


# HDF5 ---------------------------------------------------------------------------------------------------


def _of_hdf5(path: Path, key: str) -> Stored:
    # Only a study with such a file pays for the import.
    import h5py  # noqa: PLC0415

    every: list[str] = []
    with _reading(path, key), h5py.File(path, "r", locking="best-effort") as file:
        found = file.get(key)
        there = isinstance(found, h5py.Dataset)
        if there:
            away = bool(found.is_virtual or found.external) or Path(found.file.filename).resolve() != path.resolve()
            shape, dtype, names = found.shape, found.dtype, [axis.label for axis in found.dims]
        else:
            file.visititems(lambda name, at: every.append(os.fsdecode(name)) if isinstance(at, h5py.Dataset) else None)
    if not there:
        raise _missing(path, key, every)
    if away:
        message = "must lie in this file, so that the run's id covers it; it points to another file"
        raise DataError(Problem(f"{path}, {key}", message, "copy the array into one file"))
    return _numbers(path, key, shape, dtype, names)


def _hdf5_keys(path: Path) -> list[str]:
    # Only a study with such a file pays for the import.
    import h5py  # noqa: PLC0415

    found: list[str] = []
    with h5py.File(path, "r", locking="best-effort") as file:
        file.visititems(lambda name, at: found.append(os.fsdecode(name)) if isinstance(at, h5py.Dataset) else None)
    return found


def _hdf5_part(array: Stored, index: tuple[int | slice, ...]) -> NDArray[Any]:
    # Only a study with such a file pays for the import.
    import h5py  # noqa: PLC0415

    with h5py.File(array.path, "r", locking="best-effort") as file:
        return np.asarray(file[array.key][index])


# Zarr ---------------------------------------------------------------------------------------------------


def _of_zarr(path: Path, key: str) -> Stored:
    with _reading(path, key):
        if not path.is_dir():
            raise FileNotFoundError("there is no such folder")
        there = bool(key) and _is_array(path / key)
        every = [] if there else _zarr_keys(path)
    if not there:
        raise _missing(path, key, every)
    with _reading(path, key):
        found = _zarr_array(path, key)
        shape, dtype = found.shape, found.dtype
        names = getattr(found.metadata, "dimension_names", None) or found.attrs.get("_ARRAY_DIMENSIONS")
        names = names or _ome_names(path / key)
    return _numbers(path, key, shape, dtype, names)


def _zarr_array(path: Path, key: str) -> Any:
    # Only a study with such a folder pays for the import.
    import zarr  # noqa: PLC0415

    return zarr.open_array(str(path), path=key, mode="r")


def _zarr_keys(path: Path) -> list[str]:
    found = []
    for folder, below, _ in os.walk(path, followlinks=True):
        if _is_array(Path(folder)):
            below.clear()  # chunks
            if Path(folder) != path:
                found.append(Path(folder).relative_to(path).as_posix())
    return sorted(found)


def _is_array(folder: Path) -> bool:
    return (folder / ".zarray").is_file() or _json(folder / "zarr.json").get("node_type") == "array"


def _ome_names(array: Path) -> list[str]:
    """Names of the axes of an OME-Zarr array, which version 0.4 keeps in the group around it."""
    for image in _json(array.parent / ".zattrs").get("multiscales", ()):
        if array.name in [level["path"] for level in image["datasets"]]:
            return [axis["name"] for axis in image["axes"]]
    return []


def _json(path: Path) -> Mapping[str, Any]:
    found = json.loads(path.read_bytes()) if path.is_file() else {}
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} holds no JSON object")  # the file is damaged
    return found


# TIFF ---------------------------------------------------------------------------------------------------


def _of_tiff(path: Path) -> Stored:
    with _reading(path, ""), tifffile.TiffFile(path) as file:
        series = _only(file)
        shape, dtype, axes = tuple(series.shape), np.dtype(series.dtype), series.axes
    return Stored(path, "", shape, dtype, _tiff_axes(axes))


def _tiff_part(array: Stored, index: tuple[int | slice, ...]) -> NDArray[Any]:
    # Only a study with stacks pays for the import.
    import zarr  # noqa: PLC0415

    # A pyramid holds smaller copies too: level 0 is the array itself.
    with tifffile.TiffFile(array.path) as file, _only(file).aszarr(level=0) as store:
        return np.asarray(zarr.open_array(store, mode="r")[index])


def _only(file: tifffile.TiffFile) -> tifffile.TiffPageSeries:
    if len(file.series) != 1:
        raise ValueError(f"it holds {len(file.series)} images")
    return file.series[0]


def _tiff_axes(axes: str) -> str:
    """tifffile's letters as ours: samples are channels; one axis without a meaning of its own is z."""
    letters = axes.lower().replace("s", "c")
    if "z" not in letters and sum(letter in "qi" for letter in letters) == 1:
        letters = letters.replace("q", "z").replace("i", "z")
    return _letters(letters, len(axes))
