"""Arrays in HDF5, Zarr and TIFF files: what is in them, and reading a part."""

import json
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import psutil
import pytest
import tifffile
import zarr
from tests.images.container_examples import WRITERS, a_volume, write_hdf5, write_stack, write_volume, write_zarr

from tunebook.errors import DataError
from tunebook.images import containers

RAW, LABELS = a_volume()
ARRAYS = {"raw": RAW, "labels": LABELS}
FILES = {"h5": "volume.h5", "zarr2": "volume.zarr", "zarr3": "volume.zarr", "tif": "stacks/images/volume.tif"}


def _stored(root: Path, kind: str) -> containers.Stored:
    write_volume(root, kind, RAW, LABELS)
    return containers.stored(root / FILES[kind], "" if kind == "tif" else "raw")


def _all_slices(path: Path) -> None:
    array = containers.stored(path, "" if path.suffix == ".tif" else "raw")
    for at in range(array.shape[0]):
        containers.read(array, (at, slice(None), slice(None)), place=f"{path}, z = {at}")


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("index", [(2, slice(None), slice(None)), (slice(None), 3, slice(None)), (0, slice(None), 5)])
def test_a_part_is_read_as_it_was_written(tmp_path, kind, index):
    """Along any axis, in every kind of file."""
    array = _stored(tmp_path, kind)

    assert (array.shape, array.dtype) == (RAW.shape, RAW.dtype)
    assert np.array_equal(containers.read(array, index, place=""), RAW[index])


@pytest.mark.parametrize("kind", WRITERS)
def test_no_more_than_a_slice_is_in_memory(tmp_path, kind):
    """One slice of a volume of 32 MB takes a few MB."""
    raw = np.zeros((128, 512, 512), np.uint8)
    raw[5] = 9
    write_volume(tmp_path, kind, raw, np.zeros((2, 8, 8), np.uint8))
    array = containers.stored(tmp_path / FILES[kind], "" if kind == "tif" else "raw")
    containers.read(array, (0, slice(None), slice(None)), place="")  # what libraries keep from a first use
    tracemalloc.start()

    part = containers.read(array, (5, slice(None), slice(None)), place="")

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert part.min() == 9
    assert peak < 8e6


@pytest.mark.parametrize("kind", WRITERS)
def test_nothing_stays_open(tmp_path, kind):
    """A process that forks afterwards shares no file with its child."""
    array = _stored(tmp_path, kind)
    containers.read(array, (0, slice(None), slice(None)), place="")

    assert not [file.path for file in psutil.Process().open_files() if file.path.startswith(str(tmp_path))]


@pytest.mark.parametrize("kind", ["h5", "zarr2", "zarr3"])
def test_a_missing_key_is_answered_with_those_there_are(tmp_path, kind):
    """The nearest first; groups are none."""
    path = tmp_path / FILES[kind]
    arrays = {"volumes/labels": LABELS, "volumes/raw": RAW, "other": RAW}
    write_hdf5(path, arrays) if kind == "h5" else write_zarr(path, arrays, version=int(kind[-1]))

    for key in ("raw", "volumes"):
        with pytest.raises(
            DataError, match=rf"volume\.\w+, {key}: must be an array; its arrays are volumes/raw, "
        ) as e:
            containers.stored(path, key)
        assert "volumes/labels" in str(e.value)
    assert containers.stored(path, "volumes/raw").shape == RAW.shape


def test_a_zarr_array_without_a_group_is_named(tmp_path):
    """There is no key that could be given."""
    zarr.create_array(str(tmp_path / "flat.zarr"), data=RAW)

    for key in ("raw", "", "/"):
        with pytest.raises(
            DataError, match="must be an array; it holds no array below a key\\n.*under two keys of one"
        ):
            containers.stored(tmp_path / "flat.zarr", key)


@pytest.mark.parametrize("kind", ["h5", "tif"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.9])
def test_a_cut_file_is_refused(tmp_path, kind, share):
    """Wherever it is cut: at once, or when the slice is read that is missing."""
    raw = np.random.default_rng(0).integers(0, 255, (16, 64, 64), np.uint8)
    write_volume(tmp_path, kind, raw, raw)
    path = tmp_path / FILES[kind]
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])

    with pytest.raises(DataError, match=rf"{path.name}.*: must be .* that is whole; reading it fails"):
        _all_slices(path)


@pytest.mark.parametrize("version", [2, 3])
def test_a_damaged_zarr_is_refused(tmp_path, version):
    """Torn metadata at once, a torn chunk with its slice."""
    path = tmp_path / "volume.zarr"
    write_zarr(path, ARRAYS, version=version)
    array = containers.stored(path, "raw")
    chunk = path / ("raw/3.0.0" if version == 2 else "raw/c/3/0/0")
    chunk.write_bytes(b"torn")

    with pytest.raises(DataError, match="here: must be a Zarr folder that is whole; reading it fails"):
        containers.read(array, (3, slice(None), slice(None)), place="here")
    for torn in ("{torn", "7", "{}" if version == 2 else '{"node_type": "array"}'):
        (path / ("raw/.zarray" if version == 2 else "raw/zarr.json")).write_text(torn)
        with pytest.raises(DataError, match=r"volume\.zarr, raw: must be a Zarr folder that is whole"):
            containers.stored(path, "raw")


@pytest.mark.parametrize("kind", WRITERS)
def test_a_mistake_of_ours_is_no_damaged_file(tmp_path, kind, monkeypatch):
    """What libraries raise on a file is about the file; the same from this package is a bug, and shows as one."""
    array = _stored(tmp_path, kind)

    with pytest.raises(AssertionError):
        containers.read(array, (0, slice(None)), place="")
    monkeypatch.setattr(containers, "_letters", lambda names, count: names[count])
    with pytest.raises((TypeError, LookupError)):
        containers.stored(array.path, array.key)


def test_an_array_in_another_file_is_refused(tmp_path):
    """Its content would be no part of the run's id."""
    write_hdf5(tmp_path / "far.h5", ARRAYS)
    with h5py.File(tmp_path / "near.h5", "w") as file:
        file["linked"] = h5py.ExternalLink("far.h5", "raw")
        layout = h5py.VirtualLayout(RAW.shape, RAW.dtype)
        layout[:] = h5py.VirtualSource(tmp_path / "far.h5", "raw", RAW.shape)
        file.create_virtual_dataset("virtual", layout)

    for key in ("linked", "virtual"):
        with pytest.raises(DataError, match=rf"near\.h5, {key}: must lie in this file"):
            containers.stored(tmp_path / "near.h5", key)


def test_text_is_no_image(tmp_path):
    """An array of another kind than numbers."""
    with h5py.File(tmp_path / "text.h5", "w") as file:
        file["raw"] = ["a", "b"]

    with pytest.raises(DataError, match=r"text\.h5, raw: must hold numbers; it holds object"):
        containers.stored(tmp_path / "text.h5", "raw")


def test_a_file_that_changed_its_shape_is_refused(tmp_path):
    """Between planning and reading."""
    write_hdf5(tmp_path / "volume.h5", ARRAYS)
    array = containers.stored(tmp_path / "volume.h5", "raw")
    write_hdf5(tmp_path / "volume.h5", {"raw": RAW[:, :9]})

    with pytest.raises(DataError, match=r"z 0: must have the shape \(40, 40\); it has \(9, 40\)"):
        containers.read(array, (0, slice(None), slice(None)), place="z 0")


# Axes ---------------------------------------------------------------------------------------------------


def test_axes_have_the_names_of_the_file(tmp_path):
    """HDF5's scales, Zarr's dimension names, those of xarray and OME in Zarr 2, and TIFF's."""
    write_hdf5(tmp_path / "a.h5", ARRAYS)
    with h5py.File(tmp_path / "a.h5", "a") as file:
        for axis, letter in zip(file["raw"].dims, "XYZ", strict=True):
            axis.label = letter
    write_zarr(tmp_path / "b.zarr", ARRAYS, names="xyz")
    write_zarr(tmp_path / "c.zarr", ARRAYS, version=2)
    zarr.open_array(str(tmp_path / "c.zarr"), path="raw").attrs["_ARRAY_DIMENSIONS"] = ["x", "y", "z"]
    write_zarr(tmp_path / "d.zarr", {"0": RAW}, version=2)
    ome = {"multiscales": [{"axes": [{"name": letter} for letter in "xyz"], "datasets": [{"path": "0"}]}]}
    (tmp_path / "d.zarr/.zattrs").write_text(json.dumps(ome))
    write_stack(tmp_path / "e.tif", RAW, axes="XYZ")

    places = (("a.h5", "raw"), ("b.zarr", "raw"), ("c.zarr", "raw"), ("d.zarr", "0"), ("e.tif", ""))
    assert [containers.stored(tmp_path / file, key).axes for file, key in places] == ["xyz"] * 5


@pytest.mark.parametrize(("axes", "letters"), [("TYX", "tyx"), (None, "zyx"), ("QYX", "zyx"), ("ZYX", "zyx")])
def test_a_stack_of_pages_is_along_z(tmp_path, axes, letters):
    """Where the TIFF does not name what its pages are."""
    write_stack(tmp_path / "stack.tif", RAW, axes=axes)

    assert containers.stored(tmp_path / "stack.tif").axes == letters


def test_names_that_are_none_of_ours_are_no_names(tmp_path):
    """Two axes of one name, or words."""
    for number, names in enumerate((["a", "b", "c"], ["y", "y", "x"], ["depth", "height", "width"])):
        with h5py.File(tmp_path / f"{number}.h5", "w") as file:
            file["raw"] = RAW
            for axis, name in zip(file["raw"].dims, names, strict=True):
                axis.label = name
        assert containers.stored(tmp_path / f"{number}.h5", "raw").axes == ""


def test_a_pyramid_is_its_first_level(tmp_path):
    """OME-TIFF keeps smaller copies of a stack behind it."""
    with tifffile.TiffWriter(tmp_path / "pyramid.ome.tif") as file:
        file.write(RAW, subifds=1, photometric="minisblack", metadata={"axes": "ZYX"})
        file.write(RAW[:, ::2, ::2], subfiletype=1, photometric="minisblack")

    array = containers.stored(tmp_path / "pyramid.ome.tif")
    assert (array.shape, array.axes) == (RAW.shape, "zyx")
    assert np.array_equal(containers.read(array, (3, slice(None), slice(None)), place=""), RAW[3])


def test_several_images_in_a_tiff_are_no_stack(tmp_path):
    """They may have any shapes."""
    with tifffile.TiffWriter(tmp_path / "many.tif") as file:
        file.write(RAW[0])
        file.write(RAW[0, :9])

    with pytest.raises(DataError, match=r"many\.tif: must be a TIFF file that is whole; .* it holds 2 images"):
        containers.stored(tmp_path / "many.tif")


# Files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [2, 3])
def test_files_of_a_zarr_folder_are_all_of_it(tmp_path, version):
    """Chunks and metadata, hidden or not; of another path, the path."""
    write_zarr(tmp_path / "v.zarr", {"deep/raw": RAW}, version=version)

    found = {path.relative_to(tmp_path / "v.zarr").as_posix() for path in containers.files(tmp_path / "v.zarr")}
    if version == 2:
        assert {".zgroup", "deep/.zgroup", "deep/raw/.zarray", "deep/raw/5.0.0"} <= found
    else:
        assert {"zarr.json", "deep/zarr.json", "deep/raw/zarr.json", "deep/raw/c/5/0/0"} <= found
    assert len([name for name in found if "5" in name or "c/5" in name]) == 1
    assert containers.files(tmp_path / "v.h5") == (tmp_path / "v.h5",)
