"""Slices of volumes: names of axes, ranges, channels."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.images.container_examples import write_hdf5, write_stack

from tunebook.errors import DataError
from tunebook.images import containers
from tunebook.images.slices import Plane, Range, channels, planes, ranged

EXTENTS = {"t": 3, "z": 4, "y": 5, "x": 6, "c": 2}


def _array(root: Path, axes: str, **extents: int) -> containers.Stored:
    """An array with these axes; every pixel's value is its place in the order t z y x c."""
    sizes = [{**EXTENTS, **extents}[axis] for axis in "tzyxc" if axis in axes]
    inside = [axis for axis in "tzyxc" if axis in axes]
    array = np.arange(np.prod(sizes)).reshape(sizes).transpose([inside.index(axis) for axis in axes])
    write_hdf5(root / "array.h5", {"raw": array})
    return containers.stored(root / "array.h5", "raw")


def _planes(array, *, axes=None, axis=None, taken=None, label=False) -> tuple[Plane, ...]:
    return planes(array, axes=axes, axis=axis, taken=taken, label=label)


# Planes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", ["z", "y", "x"])
@pytest.mark.parametrize("axes", ["zyx", "xyz", "yxz"])
def test_a_plane_does_not_depend_on_the_order_of_axes_in_the_file(tmp_path, axes, axis):
    """Rows and columns come in the order z y x, so that image and label fit."""
    found = _planes(_array(tmp_path, axes), axes=axes, axis=axis)
    whole = np.arange(4 * 5 * 6).reshape(4, 5, 6)

    assert len(found) == EXTENTS[axis]
    for at, plane in enumerate(found):
        assert (plane.axis, plane.at) == (axis, at)
        assert np.array_equal(plane.pixels(), whole.take(at, axis="zyx".index(axis)))


@pytest.mark.parametrize("axes", ["zyxc", "zcyx", "czyx"])
def test_channels_come_last(tmp_path, axes):
    """Wherever the file has them."""
    plane = _planes(_array(tmp_path, axes), axes=axes, axis="z")[2]

    assert np.array_equal(plane.pixels(), np.arange(4 * 5 * 6 * 2).reshape(4, 5, 6, 2)[2])


@pytest.mark.parametrize(
    ("axes", "axis", "shape"),
    [("yx", None, (5, 6)), ("yx", "z", (5, 6)), ("zyx", "z", (5, 6)), ("tyx", "t", (5, 6)), ("zyxc", "z", (5, 6, 2))],
)
def test_axes_without_names_are_the_usual_ones(tmp_path, axes, axis, shape):
    """y x, with z or t before them, and channels last; what is flat is one plane under any axis."""
    found = _planes(_array(tmp_path, axes), axis=axis)

    assert {plane.pixels().shape for plane in found} == {shape}
    assert len(found) == (EXTENTS[axis] if len(axes) > 2 else 1)


@pytest.mark.parametrize("colours", [1, 3])
def test_a_flat_image_may_have_colours(tmp_path, colours):
    """Three axes of which the last is short, and no axis to slice along."""
    (plane,) = _planes(_array(tmp_path, "yxc", c=colours))

    pixels = channels(plane.pixels(), None, place="")
    assert pixels.shape == ((5, 6) if colours == 1 else (5, 6, 3))


def test_axes_of_one_are_dropped(tmp_path):
    """One time and one channel, as OME files have them; not the axis that is sliced."""
    shapes = [plane.pixels().shape for plane in _planes(_array(tmp_path, "tczyx", t=1, c=1), axes="tczyx", axis="z")]
    one = _planes(_array(tmp_path, "zyx", z=1), axis="z")

    assert shapes == [(5, 6)] * 4
    assert [(plane.axis, plane.at) for plane in one] == [("z", 0)]


def test_labels_lack_the_channels_of_their_image(tmp_path):
    """One name for the axes of both."""
    found = _planes(_array(tmp_path, "zyx"), axes="czyx", axis="z", label=True)

    assert len(found) == 4
    with pytest.raises(DataError, match=r"raw: must have 4 axes, czyx; it has the shape \(4, 5, 6\)"):
        _planes(_array(tmp_path, "zyx"), axes="czyx", axis="z")


@pytest.mark.parametrize(
    ("axes", "how", "message"),
    [
        (
            "zyx",
            {},
            r"must be one image; it is a stack of shape \(4, 5, 6\) with the axes zyx\n.*set data.axis to z or y",
        ),
        ("zyx", {"axis": "t", "axes": "zyx"}, r"must be a volume with the axis t and two more; it has the axes zyx"),
        ("tzyx", {"axis": "z", "axes": "tzyx"}, r"must be a volume with the axis z and two more; it has the axes tzyx"),
        (
            "tzyxc",
            {"axis": "z"},
            r"must say which axis is which; it has 5 axes without names, \(3, 4, 5, 6, 2\)\n.*axes",
        ),
        ("tzyx", {"axis": "z"}, r"must say which axis is which; it has 4 axes without names, \(3, 4, 5, 6\)\n.*axes"),
        ("zyx", {"axis": "z", "taken": Range(2, 5)}, r"must have the slices \[2:5\] along z; it has 0 to 3"),
        ("zyx", {"axis": "z", "taken": Range(4)}, r"must have the slices \[4:\] along z; it has 0 to 3"),
        ("yx", {"axis": "z", "taken": Range(0, 1)}, r"must be a volume to take the slices \[0:1\]; it is flat"),
    ],
)
def test_what_has_no_such_slices_is_refused(tmp_path, axes, how, message):
    """File and key, what must be and what is there."""
    with pytest.raises(DataError, match=rf"array\.h5, raw: {message}"):
        _planes(_array(tmp_path, axes), **how)


def test_an_empty_array_is_refused(tmp_path):
    """There is nothing to slice."""
    array = containers.Stored(tmp_path / "a.h5", "raw", (0, 5, 6), np.dtype("u1"), "")

    with pytest.raises(DataError, match=r"a\.h5, raw: must hold pixels; it has the shape \(0, 5, 6\)"):
        _planes(array, axis="z")


def test_axes_count_for_flat_arrays_too(tmp_path):
    """Columns first: of grey, and of a label beside its image with colours."""
    whole = np.arange(30).reshape(5, 6)

    for axes, label in (("xy", False), ("xyc", True)):
        (plane,) = _planes(_array(tmp_path, "xy"), axes=axes, label=label)
        assert np.array_equal(plane.pixels(), whole)


def test_axes_of_volumes_leave_flat_arrays_alone(tmp_path):
    """One folder may hold both: what is flat is rows and columns, or what its file says."""
    whole = np.arange(30).reshape(5, 6)

    (plain,) = _planes(_array(tmp_path / "plain", "yx"), axes="xyz", axis="z")
    (named,) = _planes(replace(_array(tmp_path / "named", "xy"), axes="xy"), axes="zyx", axis="z")
    assert np.array_equal(plain.pixels(), whole)
    assert np.array_equal(named.pixels(), whole)


def test_a_tiff_with_two_axes_that_have_no_name_asks_for_names(tmp_path):
    """Its last axis are columns, not channels to choose from."""
    write_stack(tmp_path / "stack.tif", np.zeros((3, 4, 20, 30), np.uint8), axes="QQYX")
    array = containers.stored(tmp_path / "stack.tif")

    with pytest.raises(DataError, match=r"stack\.tif: must say which axis is which; .*\n.*in order in data\.axes"):
        _planes(array, axis="z")
    with pytest.raises(DataError, match=r"must be a volume with the axis z and two more; it has the axes tzyx"):
        _planes(array, axis="z", axes="tzyx")


# Channels -----------------------------------------------------------------------------------------------


def test_one_channel_of_several_is_grey():
    """Of a grey image the first one is itself."""
    pixels = np.arange(24).reshape(2, 3, 4)

    assert np.array_equal(channels(pixels, 2, place=""), pixels[..., 2])
    assert np.array_equal(channels(pixels[..., 0], 0, place=""), pixels[..., 0])


def test_channels_that_are_not_there_are_refused():
    """And those of which none is chosen."""
    with pytest.raises(DataError, match=r"a\.h5: must have the channel 4 \(from 0\); it has 4\n.*data\.channel"):
        channels(np.zeros((2, 3, 4)), 4, place="a.h5")
    with pytest.raises(DataError, match=r"grey \(h, w\) or RGB .*\(2, 3, 4\)\n.*set data.channel to one of 0 to 3"):
        channels(np.zeros((2, 3, 4)), None, place="a.h5")


# Ranges -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("split", "found"),
    [
        ("volume.h5", ("volume.h5", None)),
        ("volume.zarr[0:175]", ("volume.zarr", Range(0, 175))),
        ("volume.zarr[:175]", ("volume.zarr", Range(0, 175))),
        ("em/stacks[175:]", ("em/stacks", Range(175, None))),
        ("plate[A:B]", ("plate[A:B]", None)),
    ],
)
def test_a_range_stands_behind_a_name(split, found):
    """Other brackets belong to the name."""
    assert ranged(split) == found


@pytest.mark.parametrize("split", ["v.h5[3:3]", "v.h5[9:2]"])
def test_a_range_without_slices_is_refused(split):
    """It would be an empty split."""
    with pytest.raises(ValueError, match=r"must take slices \[from:to\] with from < to; got \["):
        ranged(split)
