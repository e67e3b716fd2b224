"""Where the tensors of stacked runs lie in flat buffers.

A stack has slots, one run each; slots without a run fill up panels of linear heads. Slots are trained in parts, a panel
or some heads with a hidden layer; the runs of a part see the same. Within a part tensors of one kind lie side by side,
so that neighbours make one larger matrix; gradients of parts share their memory, because a part moves before the next
is looked at:

    panel      output.weight                  (slots · classes, width)
    others     hidden.weight                  (units, width), slot by slot
               output.weight                  (classes, units), slot by slot
               hidden.bias                    (units), slot by slot
    then       output.bias of every slot      (slots, classes)

Every axis that a vector runs along is filled up with zeros to a multiple of 16. Zeros stay zeros: what they multiply is
zero, so their gradient is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from torch import Tensor

from tunebook.tasks.embedding_classification.batches import Input, filled, filled_row
from tunebook.tasks.embedding_classification.heads import (
    HIDDEN_BIAS,
    HIDDEN_WEIGHT,
    OUTPUT_BIAS,
    OUTPUT_WEIGHT,
    Shape,
)


@dataclass(frozen=True)
class Place:
    """Where one matrix lies: from `start`, with `rows` rows of `columns` numbers."""

    start: int
    rows: int
    columns: int

    @property
    def stop(self) -> int:
        return self.start + self.rows * self.columns

    def row(self, number: int) -> "Place":
        """One of its rows."""
        return Place(self.start + number * self.columns, 1, self.columns)

    def view(self, buffer: Tensor, *, offset: int = 0) -> Tensor:
        """The matrix, with what it is filled up by, in a buffer that begins at `offset`."""
        return buffer[self.start - offset : self.stop - offset].view(self.rows, self.columns)


@dataclass
class Part:
    """Slots that are multiplied together.

    Args:
        seen: What all of them see.
        start: Where its tensors begin, side by side. `stop`: where they end.
    """

    slots: range
    seen: Input
    start: int
    stop: int
    places: dict[tuple[int, str], Place] = field(default_factory=dict)

    def whole(self, name: str) -> Place:
        """The tensors of one name of all its slots, as one matrix."""
        first, last = self.places[self.slots[0], name], self.places[self.slots[-1], name]
        return Place(first.start, (last.stop - first.start) // first.columns, first.columns)


@dataclass(frozen=True)
class Layout:
    """The places of every slot's tensors.

    Args:
        slots: The shape of each slot's run; None in a slot without one.
        panels: Parts of linear heads; they come first. `layers`: the others.
        biases: The output biases of all slots, a row each.
        places: Per slot: name -> place.
    """

    slots: Sequence[Shape | None]
    panels: Sequence[Part]
    layers: Sequence[Part]
    biases: Place
    places: Sequence[Mapping[str, Place]]

    @property
    def size(self) -> int:
        """Length of the flat buffers."""
        return self.biases.stop

    @property
    def kernels(self) -> Place:
        """The weights of all linear heads, as one matrix."""
        whole = [part.whole(OUTPUT_WEIGHT) for part in self.panels]
        return Place(whole[0].start, sum(place.rows for place in whole), whole[0].columns)

    @property
    def scratch(self) -> int:
        """Length of the memory that parts share for their gradients."""
        return max(part.stop - part.start for part in [*self.panels, *self.layers])

    @property
    def runs(self) -> Sequence[int]:
        """The slot of each run."""
        return [slot for slot, shape in enumerate(self.slots) if shape is not None]


@dataclass(frozen=True)
class Panels:
    """How linear heads are multiplied: `most` as one matrix, their number filled up to a multiple of `fill`."""

    fill: int
    most: int


def layout(shapes: Sequence[Shape], seen: Sequence[Input], *, panels: Panels, joined: int) -> Layout:
    """The layout of runs of these shapes; all have one width and number of classes.

    Linear heads come first, and heads that see the same stand side by side.

    Args:
        joined: Hidden units at most that are multiplied as one matrix; 0: each head by itself.
    """
    linear = sum(not shape.hidden for shape in shapes)
    width, classes = filled_row(shapes[0].width), shapes[0].classes
    size = 0
    slots: list[Shape | None] = []
    narrow, layers = [], []
    for what, alike in groupby(range(linear), key=lambda run: seen[run]):
        runs = list(alike)
        for start in range(0, len(runs), panels.most):
            here = [shapes[run] for run in runs[start : start + panels.most]]
            count = filled(len(here), panels.fill)
            part = Part(range(len(slots), len(slots) + count), what, size, size)
            narrow.append(_filled_in(part, {OUTPUT_WEIGHT: [(classes, width)] * count}))
            slots += [*here, *[None] * (count - len(here))]
            size = part.stop
    first = len(slots)
    slots += shapes[linear:]
    for what, alike in groupby(range(linear, len(shapes)), key=lambda run: seen[run]):
        runs = list(alike)
        for group in _groups([shapes[run].hidden for run in runs], most=joined):
            start = first + runs[group.start] - linear
            part = Part(range(start, start + len(group)), what, size, size)
            units = [filled(shapes[runs[place]].hidden) for place in group]
            layers.append(
                _filled_in(
                    part,
                    {
                        HIDDEN_WEIGHT: [(one, width) for one in units],
                        OUTPUT_WEIGHT: [(classes, one) for one in units],
                        HIDDEN_BIAS: [(1, one) for one in units],
                    },
                )
            )
            size = part.stop
    biases = Place(size, len(slots), filled(classes))
    places: list[dict[str, Place]] = [{OUTPUT_BIAS: biases.row(slot)} for slot in range(len(slots))]
    for part in [*narrow, *layers]:
        for (slot, name), place in part.places.items():
            places[slot][name] = place
    return Layout(slots, narrow, layers, biases, places)


def _filled_in(part: Part, tensors: Mapping[str, Sequence[tuple[int, int]]]) -> Part:
    for name, sizes in tensors.items():
        for slot, (rows, columns) in zip(part.slots, sizes, strict=True):
            place = part.places[slot, name] = Place(part.stop, rows, columns)
            part.stop = place.stop
    return part


def _groups(units: Sequence[int], *, most: int) -> Iterator[range]:
    """Neighbours with together no more units than `most`, or one by itself."""
    start, total = 0, 0
    for place, count in enumerate(units):
        total += filled(count)
        if place > start and total > most:
            yield range(start, place)
            start, total = place, filled(count)
    if units:
        yield range(start, len(units))
