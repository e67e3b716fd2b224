"""Runs that take their steps together: forward, loss and backward by hand.

They see one batch, or batches of several sources (other seeds, other rows) that are as long.

In exact arithmetic every product belongs to one run, or to a panel of linear heads whose rows are known to be treated
alike; everything else is elementwise over the stack, or a tree of additions. So a run's numbers are those of the run
alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from tunebook.tasks.embedding_classification.batches import LANES, Batch, Batches, Input, Table, filled
from tunebook.tasks.embedding_classification.heads import HIDDEN_WEIGHT, OUTPUT_BIAS, OUTPUT_WEIGHT, Shape
from tunebook.tasks.embedding_classification.layouts import Layout, Panels, Part, layout
from tunebook.tasks.embedding_classification.losses import Losses, Spec, tree_sum
from tunebook.tasks.embedding_classification.optimizers import Buffers, Clock, Mover, Piece, Rule
from tunebook.tasks.embedding_classification.parts import Layers, Memory, Panel
from tunebook.tasks.embedding_classification.products import Products

T = TypeVar("T")

EVALUATED = 4096
"""Rows that are evaluated together, so that hidden units of a large split need not fit in memory."""


@dataclass(frozen=True)
class Trainee:
    """One run of a stack.

    Args:
        seen: What its first layer sees.
        rate: Share of the hidden layer that is dropped.
    """

    shape: Shape
    spec: Spec
    rule: Rule
    seen: Input
    rate: float

    @property
    def order(self) -> tuple[object, ...]:
        """Runs that are alike stand side by side, linear heads first."""
        return (
            bool(self.shape.hidden),
            self.seen,
            self.shape.hidden,
            self.rate,
            repr(self.rule),
            self.spec.family,
            repr(self.spec),
        )


@dataclass(frozen=True)
class Plan:
    """How a stack is trained; the same for all its runs.

    Args:
        panels: How linear heads are multiplied.
        joined: Hidden units whose layers are multiplied as one matrix; 0: each run by itself.
        remembers: Whether any run keeps the weights of an earlier epoch.
    """

    products: Products
    panels: Panels
    joined: int
    epochs: int
    remembers: bool


class Stack:
    """Weights of several runs, and everything that a step needs.

    Args:
        runs: In the order of `Trainee.order`.
        sources: Batches of one length, from as many rows.
        step: Steps that they have behind them.
    """

    def __init__(self, runs: Sequence[Trainee], plan: Plan, sources: Sequence[Batches], *, step: int) -> None:
        self.runs = runs
        self._plan = plan
        self._sources = sources
        batches = sources[runs[0].seen.source]
        self._batches = batches
        like, classes = batches.targets, runs[0].shape.classes
        shapes, seen = [run.shape for run in runs], [run.seen for run in runs]
        self._layout = layout(shapes, seen, panels=plan.panels, joined=plan.joined)
        self._slots = self._layout.runs
        self._buffers = Buffers.zeros(self._layout.size, remembers=plan.remembers, like=like)
        self._clock = Clock(step, steps_per_epoch=batches.steps, epochs=plan.epochs, like=like)
        specs = _of_slots([run.spec for run in runs], self._layout)
        self._drawn = sorted({run.seen.source for run in runs})
        of_slots = _of_slots([self._drawn.index(run.seen.source) for run in runs], self._layout)
        self._source_of_slot = torch.tensor(of_slots, device=like.device)
        self._losses = Losses(specs, like=like)
        self._unsmoothed = Losses([spec.unsmoothed for spec in specs], like=like)
        self._logits = like.new_zeros(len(specs), classes, batches.places)
        self._slopes = torch.zeros_like(self._logits)
        self._kept = like.new_zeros(len(specs), classes, *batches.seen.shape)
        self._total = like.new_zeros(len(specs), dtype=torch.float64)
        self._bias = self._layout.biases.view(self._buffers.weights)[:, :classes].unsqueeze(2)
        bias_slopes = like.new_zeros(len(specs), self._layout.biases.columns)
        self._sum_slopes = _summed(self._slopes, into=bias_slopes[:, :classes])
        self._parts = self._parted(like.new_zeros(self._layout.scratch))
        biases = [_piece(run, self._layout, slot, OUTPUT_BIAS) for run, slot in zip(runs, self._slots, strict=True)]
        self._biases = Mover(
            biases, self._buffers, bias_slopes.flatten(), self._clock, offset=self._layout.biases.start
        )
        self._weights: dict[int, Tensor] = {}

    # Steps

    @property
    def drawn(self) -> Mapping[int, Batches]:
        """The sources that its runs see."""
        return {at: self._sources[at] for at in self._drawn}

    def step(self, batches: Mapping[int, Batch]) -> None:
        """One step of every run; batches are given by source."""
        batch = batches[self._drawn[0]]
        for part, _ in self._parts:
            part.forward(batches)
        self._logits.add_(self._bias)
        self._kept[:, :, batch.place] = self._logits
        targets = self._by_slot([batches[at].targets for at in self._drawn])
        self._losses.gradient(self._logits, targets, self._row_weights(batch.rows), out=self._slopes)
        self._sum_slopes()
        self._clock.tick()
        for part, mover in self._parts:
            part.backward(batches)
            mover.move()
        self._biases.move()
        if batch.place == len(self._batches.seen) - 1:
            self._add_losses()

    def epoch_loss(self) -> list[float]:
        """Mean loss of the rows that were trained on since this was last asked, run by run; to be asked every epoch."""
        if self._batches.steps % len(self._batches.seen):
            self._add_losses()
        found = self._of_runs(self._total / self._batches.rows)
        self._total.zero_()
        return found

    def evaluate(self, tables: Sequence[Table]) -> tuple[Float[Tensor, "runs classes rows"], list[float]]:
        """Logits of every run, and its mean loss without smoothing; tables are given by source, all as long."""
        classes, count = tables[0].targets.shape
        logits = self._logits.new_zeros(len(self._layout.slots), classes, filled(count, 2 * LANES))
        for start in range(0, count, EVALUATED):
            seen = [rows.embeddings[start : start + EVALUATED] for rows in tables]
            for part, _ in self._parts:
                part.look(seen, logits[:, :, start : start + len(seen[0])])
        logits.add_(self._bias)
        targets = [logits.new_zeros(classes, logits.shape[2]) for _ in self._drawn]
        for at, whole in zip(self._drawn, targets, strict=True):
            whole[:, :count] = tables[at].targets
        values = self._unsmoothed.values(logits, self._by_slot(targets))[:, :count].double()
        return logits[self._slots, :, :count], self._of_runs(tree_sum(values, dim=1) / count)

    # Weights

    def tensors(self, run: int, *, best: bool = False) -> dict[str, Tensor]:
        """Views of a run's weights as they are, or as they were remembered last."""
        return self._views(run, self._buffers.best if best else self._buffers.weights)

    def remember(self, runs: Sequence[int]) -> None:
        """Copy the weights of some runs."""
        weights, best = self._buffers.weights, self._buffers.best
        slots = [self._slots[run] for run in runs]
        linear = sum(len(part.slots) for part in self._layout.panels)
        for place in (place for slot in slots if slot >= linear for place in self._layout.places[slot].values()):
            place.view(best).copy_(place.view(weights))
        classes = self._logits.shape[1]
        rows = [slot * classes + one for slot in slots if slot < linear for one in range(classes)]
        if rows:
            kernels = self._layout.kernels
            _copy_rows(kernels.view(weights), kernels.view(best), rows)
            _copy_rows(self._layout.biases.view(weights), self._layout.biases.view(best), slots)

    def without(self, keep: Sequence[int], panels: Panels) -> "Stack":
        """A stack of some of the runs, which go on where they are."""
        plan = replace(self._plan, panels=panels)
        found = Stack([self.runs[run] for run in keep], plan, self._sources, step=self._clock.step)
        for place, run in enumerate(keep):
            for mine, other in zip(self._buffers.all, found._buffers.all, strict=True):
                for name, view in found._views(place, other).items():
                    view.copy_(self._views(run, mine)[name])
        return found

    def _views(self, run: int, buffer: Tensor) -> dict[str, Tensor]:
        places = self._layout.places[self._slots[run]]
        found = {}
        for name, size in self.runs[run].shape.tensors.items():
            rows, columns = size if len(size) == 2 else (1, size[0])
            found[name] = places[name].view(buffer)[:rows, :columns].view(size)
        return found

    # Parts

    def _parted(self, gradients: Tensor) -> list[tuple[Panel | Layers, Mover]]:
        memory = Memory(self._buffers.weights, gradients, self._logits, self._slopes, self._batches.size)
        run_of = dict(zip(self._slots, self.runs, strict=True))

        def mover(part: Part) -> Mover:
            pieces = [_piece(run_of[slot], self._layout, slot, name) for slot, name in part.places if slot in run_of]
            return Mover(pieces, self._buffers, gradients, self._clock, offset=part.start)

        panels = [(Panel(part, memory, self._plan.products), mover(part)) for part in self._layout.panels]
        layers = [
            (Layers(part, [run_of[slot].rate for slot in part.slots], memory, self._plan.products), mover(part))
            for part in self._layout.layers
        ]
        return [*panels, *layers]

    def _row_weights(self, rows: int) -> Float[Tensor, " places"]:
        """One over the number of rows, and 0 in places without one."""
        if rows not in self._weights:
            self._weights[rows] = torch.zeros_like(self._logits[0, 0])
            self._weights[rows][:rows] = 1 / rows
        return self._weights[rows]

    def _add_losses(self) -> None:
        targets = self._by_slot([self._sources[at].targets.flatten(1) for at in self._drawn])
        values = self._losses.values(self._kept.flatten(2), targets)
        self._total += tree_sum((values * self._batches.seen.flatten()).double(), dim=1)

    def _by_slot(self, targets: Sequence[Float[Tensor, "classes rows"]]) -> Float[Tensor, "*slots classes rows"]:
        """The targets of every slot, given for the sources that are drawn; once where there is one."""
        return targets[0] if len(targets) == 1 else torch.stack(list(targets)).index_select(0, self._source_of_slot)

    def _of_runs(self, slots: Float[Tensor, " slots"]) -> list[float]:
        values = slots.tolist()
        return [values[slot] for slot in self._slots]


def _piece(run: Trainee, places: Layout, slot: int, name: str) -> Piece:
    return Piece(run.rule, places.places[slot][name], decays=name in (HIDDEN_WEIGHT, OUTPUT_WEIGHT))


def _of_slots(given: Sequence[T], places: Layout) -> list[T]:
    """What every slot has of what is given by run; one without a run has that of the slot before it."""
    of_run = dict(zip(places.runs, given, strict=True))
    found: list[T] = []
    for slot in range(len(places.slots)):
        found.append(of_run[slot] if slot in of_run else found[-1])
    return found


def _summed(
    values: Float[Tensor, "slots classes places"], *, into: Float[Tensor, "slots classes"]
) -> Callable[[], None]:
    """A sum over places in an order that their number alone decides, in memory that is laid out once."""
    halves = [values]
    while halves[-1].shape[2] % 2 == 0:
        halves.append(values.new_empty(*values.shape[:2], halves[-1].shape[2] // 2))
    folds = [(whole[:, :, : half.shape[2]], whole[:, :, half.shape[2] :], half) for whole, half in pairwise(halves)]

    def summed() -> None:
        for left, right, half in folds:
            torch.add(left, right, out=half)
        into.copy_(tree_sum(halves[-1], dim=2))

    return summed


def _copy_rows(source: Float[Tensor, "rows columns"], target: Float[Tensor, "rows columns"], rows: list[int]) -> None:
    chosen = torch.tensor(rows, device=source.device)
    target.index_copy_(0, chosen, source.index_select(0, chosen))
