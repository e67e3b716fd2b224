"""The rows of every step, and what is dropped of them: shared by all runs that see them.

Arrays are wider than the data: dimensions and hidden units are filled up with zeros to a multiple of 16, so that
tensors begin and end where vectors do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from tunebook.tasks.embedding_classification import heads, mixing, streams
from tunebook.tasks.embedding_classification.config import Mixup
from tunebook.tasks.embedding_classification.rows import TrainingSet

LANES = 16
"""float32 numbers in 64 bytes."""
BLOCK = 16
"""Steps whose targets are laid out at once, and whose losses are computed at once."""
AHEAD = 2**16
"""Numbers of masks that are drawn at once, where several steps need no more; a step alone may need more."""


class Input(NamedTuple):
    """What the first layer of a run sees: batches of one of its stack's sources, less a share that is dropped."""

    source: int
    rate: float


class Mask(NamedTuple):
    """Which units of a hidden layer are dropped: this share of so many."""

    rate: float
    width: int


def filled(count: int, lanes: int = LANES) -> int:
    """The next multiple of so many lanes."""
    return -(-count // lanes) * lanes


def filled_row(width: int) -> int:
    """Dimensions of an embedding, filled up: never a multiple of 1,024.

    Rows that begin a multiple of 4,096 bytes apart fall into the same places of a processor's cache; of 1,024
    dimensions a product of few rows takes 1.6 times as long.
    """
    return filled(width) + (LANES if filled(width) % 1024 == 0 else 0)


@dataclass(frozen=True)
class Table:
    """Rows on the device.

    Args:
        embeddings: (rows, width filled up).
        targets: (classes, rows).
    """

    embeddings: Float[Tensor, "rows width"]
    targets: Float[Tensor, "classes rows"]

    @property
    def rows(self) -> int:
        return self.embeddings.shape[0]


def table(rows: TrainingSet, scale: dict[str, Tensor], *, device: str, dtype: torch.dtype) -> Table:
    """Rows as the first layer sees them."""
    given = heads.scaled(torch.tensor(rows.embeddings, dtype=torch.float32, device=device), scale)
    width = given.shape[1]
    wide = given if width == filled_row(width) else F.pad(given, (0, filled_row(width) - width))
    targets = torch.tensor(rows.targets, dtype=dtype, device=device)
    return Table(wide.to(dtype), targets.t().contiguous())


def once_mixed(rows: Table, how: Mixup, *, seed: int) -> Table:
    """The table that a run trains on, whatever its batches."""
    if how.kind != "once":
        return rows
    embeddings, targets = mixing.once(rows.embeddings, rows.targets.t().contiguous(), how, seed=seed)
    return Table(embeddings, targets.t().contiguous())


@dataclass(frozen=True)
class Batch:
    """What one step sees.

    Args:
        place: Which step of its block it is.
        embeddings: Share of the embedding that is dropped -> what is left of it; 0.0: all.
        embeddings_t: The same, a row of the batch as a column.
        targets: (classes, places); 0 past the rows.
        masks: Rate and width -> 1 where a unit of a row is kept, else 0.
    """

    rows: int
    place: int
    embeddings: Mapping[float, Float[Tensor, "rows width"]]
    embeddings_t: Mapping[float, Float[Tensor, "width rows"]]
    targets: Float[Tensor, "classes places"]
    masks: Mapping[Mask, Float[Tensor, "_ rows"]]


class Batches:
    """Draws of one seed: order, mixtures and masks, epoch by epoch.

    Args:
        input_rates: Shares of the embedding that are dropped, by one run or another; `width`: its dimensions.
        masks: Of the hidden layers that drop.

    Attributes:
        size: Rows of a full batch. `places`: the same, filled up to two vectors.
        rows: Of the table; `steps`: batches of an epoch.
        targets: Of the steps of the block that is trained on (classes, `BLOCK`, places).
        seen: 1 where a place of that block is a row, else 0 (`BLOCK`, places).
    """

    def __init__(
        self,
        rows: Table,
        *,
        seed: int,
        batch_size: int,
        mixup: Mixup,
        input_rates: frozenset[float],
        width: int,
        masks: frozenset[Mask],
    ) -> None:
        like = rows.embeddings
        self.size = min(batch_size, rows.rows)
        self.places = filled(self.size, 2 * LANES)
        self.rows = rows.rows
        self.steps = -(-rows.rows // self.size)
        self.targets = like.new_zeros(len(rows.targets), BLOCK, self.places)
        self.seen = like.new_zeros(BLOCK, self.places)
        self._table = rows
        self._seed = seed
        self._mixup = mixup
        dropped = input_rates - {0.0}
        self._input = _Dropper((width, dropped), rows=self.size, like=like) if dropped else None
        self._embeddings = {rate: like.new_zeros(self.size, like.shape[1]) for rate in sorted({0.0, *dropped})}
        widths = {width: frozenset(mask.rate for mask in masks if mask.width == width) for _, width in masks}
        self._hidden = [_Dropper(one, rows=self.size, like=like) for one in sorted(widths.items())]

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of an epoch (from 0); each is overwritten by the next."""
        order = streams.generator(self._seed, "order", number).permutation(self._table.rows)
        rows = torch.from_numpy(order).to(self._table.embeddings.device)
        mixtures = streams.generator(self._seed, mixing.STREAM, number)
        for dropper in self._hidden:
            dropper.begin(self._seed, "dropout", number)
        if self._input is not None:
            self._input.begin(self._seed, "input dropout", number)
        for step, now in enumerate(rows.split(self.size)):
            place, count = step % BLOCK, len(now)
            if place == 0:
                self._begin(rows[step * self.size : (step + BLOCK) * self.size])
            seen = {rate: whole[:count] for rate, whole in self._embeddings.items()}
            embeddings, targets = seen[0.0], self.targets[:, place]
            torch.index_select(self._table.embeddings, 0, now, out=embeddings)
            if self._mixup.kind == "batch":
                mixture = mixing.of_batch(mixtures, alpha=self._mixup.alpha, rows=count)
                embeddings.copy_(mixing.mixed(embeddings, mixture))
                targets[:, :count] = mixing.mixed(targets[:, :count].t(), mixture).t()
            if self._input is not None:
                self._drop(self._input, seen)
            masks = {mask: found for dropper in self._hidden for mask, found in dropper.masks(count).items()}
            turned = {rate: rows_seen.t() for rate, rows_seen in seen.items()}
            yield Batch(count, place, seen, turned, targets, masks)

    def _begin(self, rows: Tensor) -> None:
        """Lay out the targets of a block of steps."""
        found = self._table.targets.index_select(1, rows)
        whole, rest = divmod(len(rows), self.size)
        classes, full = len(found), len(rows) - rest
        self.targets.zero_()
        self.seen.zero_()
        self.targets[:, :whole, : self.size] = found[:, :full].view(classes, whole, self.size)
        self.seen[:whole, : self.size] = 1
        if rest:
            self.targets[:, whole, :rest] = found[:, full:]
            self.seen[whole, :rest] = 1

    @staticmethod
    def _drop(dropper: "_Dropper", seen: Mapping[float, Float[Tensor, "rows width"]]) -> None:
        """Write what is left of the embedding at each rate."""
        whole = seen[0.0]
        for mask, kept in dropper.masks(len(whole)).items():
            left = seen[mask.rate][:, : mask.width]
            torch.mul(whole[:, : mask.width], kept.view(len(whole), mask.width), out=left)
            left.mul_(1 / kept_share(mask.rate))


class _Dropper:
    """The masks of one width; all rates are thresholds of the same numbers.

    They are made for some steps at once, where they are small.
    """

    def __init__(self, of: tuple[int, frozenset[float]], *, rows: int, like: Tensor) -> None:
        width, rates = of
        self._width = width
        self._numbers = filled(width * rows, 4)
        self._ahead = max(1, min(BLOCK, AHEAD // self._numbers))
        self._device = like.device
        self._masks = {
            Mask(rate, width): (streams.threshold(rate), like.new_empty(self._ahead, self._numbers))
            for rate in sorted(rates)
        }

    def begin(self, seed: int, stream: str, epoch: int) -> None:
        """Start an epoch."""
        self._draws = streams.Halfwords(seed, f"{stream} {self._width}", epoch)
        self._next = 0

    def masks(self, rows: int) -> Mapping[Mask, Float[Tensor, "_ rows"]]:
        """The masks of the next step."""
        place = self._next % self._ahead
        if place == 0:
            drawn = torch.from_numpy(self._draws.draw(self._ahead * self._numbers)).to(self._device)
            for level, made in self._masks.values():
                torch.ge(drawn.view(self._ahead, -1), level, out=made)
        self._next += 1
        count = self._width * rows
        return {mask: made[place, :count].view(self._width, rows) for mask, (_, made) in self._masks.items()}


def kept_share(rate: float) -> float:
    """The share of draws that a rate keeps; what is kept is divided by it."""
    return 1 - streams.share_below(streams.threshold(rate))
