"""Parts of a stack: linear heads side by side, and heads with a hidden layer.

Matrices stand with rows of the batch as columns: hidden units (units, rows), logits (classes, rows).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from tunebook.tasks.embedding_classification.batches import Batch, Mask, kept_share
from tunebook.tasks.embedding_classification.heads import HIDDEN_BIAS, HIDDEN_WEIGHT, OUTPUT_WEIGHT
from tunebook.tasks.embedding_classification.layouts import Part
from tunebook.tasks.embedding_classification.products import Products


@dataclass(frozen=True)
class Memory:
    """What the parts of a stack read and write.

    Args:
        gradients: Of the part that is at work; it begins where the part does.
        logits: Of every slot; `slopes`: the loss's derivative by them.
        size: Rows of a full batch.
    """

    weights: Float[Tensor, " all"]
    gradients: Float[Tensor, " part"]
    logits: Float[Tensor, "slots classes places"]
    slopes: Float[Tensor, "slots classes places"]
    size: int


class Panel:
    """Linear heads, a fixed number of them in each product; slots without a run among them have weights of 0."""

    def __init__(self, part: Part, memory: Memory, products: Products) -> None:
        self._products = products
        self._source, self._rate = part.seen
        place = part.whole(OUTPUT_WEIGHT)
        self._weights = place.view(memory.weights)
        self._gradients = place.view(memory.gradients, offset=part.start)
        self._slots = slice(part.slots.start, part.slots.stop)
        self._logits, self._slopes = (each[self._slots].flatten(0, 1) for each in (memory.logits, memory.slopes))

    def forward(self, batches: Mapping[int, Batch]) -> None:
        """Write the logits, without their biases."""
        batch = batches[self._source]
        self._products.product(self._weights, batch.embeddings_t[self._rate], self._logits[:, : batch.rows])

    def backward(self, batches: Mapping[int, Batch]) -> None:
        """Write the gradients by the slopes."""
        batch = batches[self._source]
        self._products.product(self._slopes[:, : batch.rows], batch.embeddings[self._rate], self._gradients)

    def look(
        self, embeddings: Sequence[Float[Tensor, "rows width"]], logits: Float[Tensor, "slots classes rows"]
    ) -> None:
        """Write the logits of other rows, given by source."""
        self._products.product(self._weights, embeddings[self._source].t(), logits[self._slots].flatten(0, 1))


@dataclass(frozen=True)
class _Output:
    """The second layer of one run; `units`: its part of the hidden units. Kept units are multiplied by `times`."""

    slot: int
    units: slice
    weights: Float[Tensor, "classes units"]
    gradients: Float[Tensor, "classes units"]
    mask: Mask | None
    times: float


@dataclass(frozen=True)
class _Views:
    """The memory of a part for batches of one length; of `outputs`: units, their transpose, slopes, logits, slopes."""

    units: Float[Tensor, "units rows"]
    slopes: Float[Tensor, "units rows"]
    ones: Float[Tensor, " rows"]
    outputs: Sequence[tuple[_Output, Tensor, Tensor, Tensor, Tensor, Tensor]]


class Layers:
    """Heads with a hidden layer, whose first layers are multiplied as one matrix; in exact arithmetic one head."""

    def __init__(self, part: Part, rates: Sequence[float], memory: Memory, products: Products) -> None:
        self._products = products
        self._source, self._rate = part.seen
        self._memory = memory
        kernel, bias = part.whole(HIDDEN_WEIGHT), part.whole(HIDDEN_BIAS)
        self._kernel, self._kernel_slopes = (
            kernel.view(memory.weights),
            kernel.view(memory.gradients, offset=part.start),
        )
        self._bias = bias.view(memory.weights).view(-1, 1)
        self._bias_slopes = bias.view(memory.gradients, offset=part.start).view(-1)
        self._units = memory.weights.new_empty(kernel.rows * memory.size)
        self._slopes = torch.empty_like(self._units)
        self._views: dict[int, _Views] = {}
        self._outputs = []
        start = 0
        for slot, rate in zip(part.slots, rates, strict=True):
            place = part.places[slot, OUTPUT_WEIGHT]
            self._outputs.append(
                _Output(
                    slot=slot,
                    units=slice(start, start + place.columns),
                    weights=place.view(memory.weights),
                    gradients=place.view(memory.gradients, offset=part.start),
                    mask=Mask(rate, place.columns) if rate else None,
                    times=1 / kept_share(rate) if rate else 1.0,
                )
            )
            start += place.columns

    def forward(self, batches: Mapping[int, Batch]) -> None:
        """Write the logits, without their biases, and keep the hidden units."""
        batch = batches[self._source]
        views = self._views_of(batch.rows)
        self._hidden(batch.embeddings_t[self._rate], views.units)
        for output, units, _, _, logits, _ in views.outputs:
            if output.mask is not None:
                units.mul_(batch.masks[output.mask])
            self._products.product(output.weights, units, logits, times=output.times)

    def backward(self, batches: Mapping[int, Batch]) -> None:
        """Write the gradients by the slopes."""
        batch = batches[self._source]
        views = self._views_of(batch.rows)
        for output, _, units_t, unit_slopes, _, slopes in views.outputs:
            self._products.product(slopes, units_t, output.gradients, times=output.times)
            self._products.product(output.weights.t(), slopes, unit_slopes, times=output.times)
        torch.ops.aten.threshold_backward.grad_input(views.slopes, views.units, 0, grad_input=views.slopes)
        self._products.product(views.slopes, batch.embeddings[self._rate], self._kernel_slopes)
        torch.mv(views.slopes, views.ones, out=self._bias_slopes)

    def look(
        self, embeddings: Sequence[Float[Tensor, "rows width"]], logits: Float[Tensor, "slots classes rows"]
    ) -> None:
        """Write the logits of other rows, given by source; nothing is dropped."""
        seen = embeddings[self._source]
        units = self._kernel.new_empty(len(self._kernel), len(seen))
        self._hidden(seen.t(), units)
        for output in self._outputs:
            self._products.product(output.weights, units[output.units], logits[output.slot])

    def _hidden(self, embeddings_t: Float[Tensor, "width rows"], units: Float[Tensor, "units rows"]) -> None:
        self._products.product(self._kernel, embeddings_t, units)
        torch.relu_(units.add_(self._bias))

    def _views_of(self, rows: int) -> _Views:
        if rows not in self._views:
            height = len(self._kernel)
            units, slopes = (flat[: height * rows].view(height, rows) for flat in (self._units, self._slopes))
            logits, by_logits = self._memory.logits[:, :, :rows], self._memory.slopes[:, :, :rows]
            outputs = [
                (
                    output, units[output.units], units[output.units].t(), slopes[output.units], logits[output.slot],
                    by_logits[output.slot],
                )
                for output in self._outputs
            ]  # fmt: skip
            self._views[rows] = _Views(units, slopes, self._units.new_ones(rows), outputs)
        return self._views[rows]
