"""Small volumes and the files that hold them, for the tests beside this file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile
import zarr
from numpy.typing import NDArray

WRITERS = ("h5", "zarr2", "zarr3", "tif")
"""Kinds of files that a volume can be written to."""


def a_volume(*, depth: int = 6, side: int = 40, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Pixels and instances (z, y, x): columns of two sizes; the last slice is empty."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((depth, side, side), np.uint16)
    labels[:-1, 4:16, 5:17] = 7
    labels[:-1, 20:35, 22:36] = 300
    raw = rng.integers(0, 60, labels.shape) + 100 * (labels > 0) + 5 * np.arange(depth)[:, None, None]
    return raw.astype(np.uint8), labels


def write_hdf5(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Key -> array, in chunks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for key, array in arrays.items():
            file.create_dataset(key, data=array, chunks=True, compression="gzip")


def write_zarr(path: Path, arrays: Mapping[str, NDArray[Any]], *, version: int = 3, names: str = "") -> None:
    """Key -> array, in chunks of one along the first axis; version 3 can name the axes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    group = zarr.open_group(str(path), mode="w", zarr_format=version)
    for key, array in arrays.items():
        chunks = (1, *array.shape[1:])
        group.create_array(
            key, data=array, chunks=chunks, dimension_names=tuple(names) if names and len(names) == array.ndim else None
        )


def write_stack(path: Path, pixels: NDArray[Any], *, axes: str | None = "ZYX") -> None:
    """A TIFF stack."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, pixels, photometric="minisblack", metadata={"axes": axes} if axes else None)


def write_volume(root: Path, kind: str, raw: NDArray[Any], labels: NDArray[Any]) -> str:
    """A volume below a data root in one of the kinds of files; the name of the split that means all of it."""
    arrays = {"raw": raw, "labels": labels}
    if kind == "h5":
        write_hdf5(root / "volume.h5", arrays)
        return "volume.h5"
    if kind == "tif":
        write_stack(root / "stacks/images/volume.tif", raw)
        write_stack(root / "stacks/labels/volume.tif", labels)
        return "stacks"
    write_zarr(root / "volume.zarr", arrays, version=int(kind[-1]))
    return "volume.zarr"
