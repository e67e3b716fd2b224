"""Slices of volumes: which axis is which, and one plane of an array as an image or a label.

Axes have one letter each: t z y x for time and space, c for channels. A plane has its rows and columns in the order
t z y x and its channels last, however the file lays them out, so an image and its label fit together. Axes t and z
of extent 1 that are not sliced are dropped.
"""

import re
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from tunebook.errors import DataError, Problem
from tunebook.images.containers import Stored, read

ORDER = "tzyx"
CHANNELS = (1, 3)
RANGE = re.compile(r"(?P<name>.+)\[(?P<start>\d*):(?P<stop>\d*)\]")


@dataclass(frozen=True)
class Range:
    """Slices start..stop-1; stop None: to the end."""

    start: int = 0
    stop: int | None = None

    def __str__(self) -> str:
        return f"[{self.start}:{'' if self.stop is None else self.stop}]"


def ranged(split: str) -> tuple[str, Range | None]:
    """A split's name, and the slices that `[from:to]` behind it takes; either number may be left out.

    Raises:
        ValueError: for a range without slices.
    """
    found = RANGE.fullmatch(split)
    if found is None:
        return split, None
    taken = Range(int(found["start"] or 0), int(found["stop"]) if found["stop"] else None)
    if taken.stop is not None and taken.start >= taken.stop:
        raise ValueError(f"must take slices [from:to] with from < to; got {taken}")
    return found["name"], taken


@dataclass(frozen=True)
class Plane:
    """One image or label within an array, not read yet.

    Args:
        array: The array it lies in.
        axes: A letter for every axis of the array.
        axis: The axis along which the array is sliced; empty when it is one plane.
        at: Number of the slice, from 0.
    """

    array: Stored
    axes: str
    axis: str = ""
    at: int = 0

    @property
    def place(self) -> str:
        """File, key and slice, for a message."""
        return f"{self.array.place}, {self.axis} = {self.at}" if self.axis else self.array.place

    def pixels(self) -> NDArray[Any]:
        """The plane, (h, w) or with channels (h, w, c).

        Raises:
            DataError: when the file is damaged.
        """
        wanted = [letter for letter in self.extents if letter != self.axis]
        kept = [letter for letter in self.axes if letter in wanted]
        index = tuple(slice(None) if letter in kept else self.at if letter == self.axis else 0 for letter in self.axes)
        return read(self.array, index, place=self.place).transpose([kept.index(letter) for letter in wanted])

    @property
    def extents(self) -> dict[str, int]:
        """Axis -> its extent in the array, in the order t z y x c, without those of extent 1 that are dropped."""
        found = dict(zip(self.axes, self.array.shape, strict=True))
        return {a: found[a] for a in ORDER + "c" if a in found and (found[a] > 1 or a in "yx" or a == self.axis)}


def planes(
    array: Stored, *, axes: str | None, axis: str | None, taken: Range | None, label: bool = False
) -> tuple[Plane, ...]:
    """The planes of an array: itself when it is flat, else its slices along an axis.

    Args:
        axes: Its letters in order; None: as the file says, else zyx and channels last.
        axis: What to slice along.
        taken: The slices to take; None: all.
        label: Whether it holds labels, which have no channels.

    Raises:
        DataError: when axes do not fit the array, when it is a volume and there is no such axis, when there are
            not so many slices.
    """
    letters = _laid_out(array, axes=axes, axis=axis, label=label)
    extents = dict(zip(letters, array.shape, strict=True))
    if 0 in array.shape:
        raise DataError(Problem(array.place, f"must hold pixels; it has the shape {array.shape}"))
    flat = [name for name in letters if name != "c" and (extents[name] > 1 or name in "yx" or name == axis)]
    if len(flat) == 2:
        if taken is not None:
            raise DataError(Problem(array.place, f"must be a volume to take the slices {taken}; it is flat"))
        return (Plane(array, letters),)
    if axis is None:
        message = f"must be one image; it is a stack of shape {array.shape} with the axes {letters}"
        raise DataError(Problem(array.place, message, way_out(letters)))
    if axis not in flat or len(flat) != 3:
        message = f"must be a volume with the axis {axis} and two more; it has the axes {letters}, {array.shape}"
        raise DataError(Problem(array.place, message, "correct data.axis, or name the axes in order in data.axes"))
    taken = taken or Range()
    stop = extents[axis] if taken.stop is None else taken.stop
    if stop > extents[axis] or taken.start >= stop:
        message = f"must have the slices {taken} along {axis}; it has 0 to {extents[axis] - 1}"
        raise DataError(Problem(array.place, message, "correct the range behind the split's name"))
    return tuple(Plane(array, letters, axis, at) for at in range(taken.start, stop))


def way_out(axes: str) -> str:
    """What to do about a stack that is read as one image."""
    named = [letter for letter in ORDER if letter in axes] or ["z"]
    return f"set data.axis to {' or '.join(named)} to read its slices, and data.axes where the names are wrong"


def channels(pixels: NDArray[Any], channel: int | None, *, place: str) -> NDArray[Any]:
    """Grey (h, w) or RGB (h, w, 3): one of the channels, or all when they are 1 or 3.

    Raises:
        DataError: when there is no such channel, or there are others and none is chosen.
    """
    count = pixels.shape[2] if pixels.ndim == 3 else 1
    if channel is not None:
        if channel >= count:
            message = f"must have the channel {channel} (from 0); it has {count}"
            raise DataError(Problem(place, message, "correct data.channel"))
        return pixels[..., channel] if pixels.ndim == 3 else pixels
    if count not in CHANNELS:
        message = f"must be one image, grey (h, w) or RGB (h, w, 3); it has the shape {pixels.shape}"
        raise DataError(Problem(place, message, f"set data.channel to one of 0 to {count - 1}"))
    return pixels[..., 0] if pixels.ndim == 3 and count == 1 else pixels


def _laid_out(array: Stored, *, axes: str | None, axis: str | None, label: bool) -> str:
    """A letter for every axis."""
    count = len(array.shape)
    fitting = [] if axes is None else [axes, axes.replace("c", "")] if label else [axes]
    for letters in fitting:
        if len(letters) == count:
            return letters
    if fitting and count > 2:
        message = f"must have {len(fitting[-1])} axes, {fitting[-1]}; it has the shape {array.shape}"
        raise DataError(Problem(array.place, message, "correct data.axes"))
    if array.axes:
        return array.axes
    first = axis if axis in ("t", "z") else "z"
    coloured = axis is None and not label and array.shape[-1] <= 4
    usual = {2: "yx", 3: "yxc" if coloured else f"{first}yx"}
    # Where the last axis is as long as rows or columns, it is one of them and no channels.
    if count == 4 and array.shape[-1] < min(array.shape[1:3]):
        return f"{first}yxc"
    if count not in usual:
        message = f"must say which axis is which; it has {count} axes without names, {array.shape}"
        raise DataError(Problem(array.place, message, "name them in order in data.axes, such as tczyx"))
    return usual[count]
