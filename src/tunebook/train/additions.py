"""Modules that are put around a model's own to adapt it, each with the one that it changes as its `base`."""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class Dropout(nn.Module):
    """Zeroes each number by chance in training and scales the others up, so that the mean stays.

    Its masks come from the generator that it was given last, never from torch's own.

    Args:
        share: Chance of a number to be zeroed; None: none is.
    """

    def __init__(self, share: float | None) -> None:
        super().__init__()
        self.share = share
        self.generator: torch.Generator | None = None

    def forward(self, x: Float[Tensor, "*batch c"]) -> Float[Tensor, "*batch c"]:
        if self.share is None or not self.training:
            return x
        if self.generator is None:
            raise RuntimeError("dropout in training needs a generator: call adapters.draw_from before each step")
        kept = torch.rand(x.shape, generator=self.generator, device=x.device) >= self.share
        return x * kept / (1 - self.share)


class LowRank(nn.Module):
    """A linear layer with low-rank additions to parts of its output: y = base(x) + scale · B A drop(x).

    Args:
        base: The layer; its output is cut into as many equal parts as there are `parts`.
        parts: Names of the parts, in order.
        targets: Parts that get an addition; at least one.
        rank: Rank of each addition.
        scale: What multiplies it.
        dropout: Share of the input's numbers that the additions do not see in training, the same for all targets.
        generator: Draws A, target by target in the order of `parts`; on the layer's device.
    """

    def __init__(
        self,
        base: nn.Linear,
        *,
        parts: Sequence[str],
        targets: Sequence[str],
        rank: int,
        scale: float,
        dropout: float | None = None,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.base = base
        self.scale = scale
        self.dropout = Dropout(dropout)
        self.parts = tuple(parts)
        self.targets = tuple(part for part in parts if part in targets)
        width = base.out_features // len(self.parts)
        new = base.weight.new_zeros
        self.a = nn.ParameterDict({part: nn.Parameter(new(rank, base.in_features)) for part in self.targets})
        self.b = nn.ParameterDict({part: nn.Parameter(new(width, rank)) for part in self.targets})
        for part in self.targets:
            nn.init.kaiming_uniform_(self.a[part], a=5**0.5, generator=generator)

    def forward(self, x: Float[Tensor, "*batch c_in"]) -> Float[Tensor, "*batch c_out"]:
        down = torch.cat([self.a[part] for part in self.targets])
        codes = functional.linear(self.dropout(x), down)  # (..., targets x rank)
        out: Tensor = self.base(x) + functional.linear(codes, self._up())
        return out

    def merged(self) -> nn.Linear:
        """The base with the additions folded into its weight."""
        with torch.no_grad():
            self.base.weight += self._up() @ torch.cat([self.a[part] for part in self.targets])
        return self.base

    def _up(self) -> Float[Tensor, "c_out targets_x_rank"]:
        """From the codes of all targets to the whole output: each B in its own corner, zeros elsewhere."""
        width, rank = self.b[self.targets[0]].shape
        rows = []
        for part in self.parts:
            place = self.targets.index(part) if part in self.targets else None
            before = 0 if place is None else place * rank
            own = self.b[part] if part in self.targets else self.base.weight.new_empty(width, 0)
            rows.append(functional.pad(own, (before, len(self.targets) * rank - before - own.shape[1])))
        return self.scale * torch.cat(rows)


class Factored(nn.Module):
    """Attention's fused q, k, v with additions to q and v that share two of three factors.

    q = base_q(x) + V drop(Σq U x) and v = base_v(x) + V drop(Σv U x); k is the base's.

    Args:
        base: The layer whose output is q, k and v, in this order and equally wide.
        rank: Rows of U, columns of V, sides of Σq and Σv.
        dropout: Share of the codes Σ U x that is zeroed in training, drawn for q and v apart.
        zero: Start with V = 0, so with the base's output (the paper's own code); else with all four drawn.
        generator: Draws U, Σq, Σv and, unless it is zero, V; on the layer's device.
    """

    def __init__(
        self, base: nn.Linear, *, rank: int, dropout: float | None, zero: bool, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.base = base
        self.dropout = Dropout(dropout)
        new = base.weight.new_zeros
        self.u = nn.Parameter(new(rank, base.in_features))
        self.core_q = nn.Parameter(new(rank, rank))
        self.core_v = nn.Parameter(new(rank, rank))
        self.v = nn.Parameter(new(base.out_features // 3, rank))
        for factor in (self.u, self.core_q, self.core_v) if zero else (self.u, self.core_q, self.core_v, self.v):
            nn.init.kaiming_uniform_(factor, a=5**0.5, generator=generator)

    def forward(self, x: Float[Tensor, "*batch c"]) -> Float[Tensor, "*batch 3*c"]:
        cores = torch.cat([self.core_q, self.core_v])
        codes = self.dropout(functional.linear(functional.linear(x, self.u), cores))  # (..., 2 x rank)
        q, v = (functional.linear(code, self.v) for code in codes.chunk(2, dim=-1))  # each (..., c)
        out: Tensor = self.base(x) + torch.cat([q, torch.zeros_like(q), v], dim=-1)
        return out

    def merged(self) -> nn.Linear:
        """The base with the additions folded into its weight."""
        with torch.no_grad():
            q, _, v = self.base.weight.chunk(3)
            q += self.v @ self.core_q @ self.u
            v += self.v @ self.core_v @ self.u
        return self.base


class Bottleneck(nn.Module):
    """A block's MLP with a narrow one beside it: y = base(x) + scale · (W_up drop(relu(W_down x + b_down)) + b_up).

    It starts with the base's output, because W_up and both biases are zero, unless its input is added.

    Args:
        base: The MLP.
        width: Channels of its input and output.
        projection: Width of the code between W_down and W_up.
        scale: A number, or learnable: one trained number, from 1.
        dropout: Share of the code that is zeroed in training.
        add_input: Add the input x to the output once more, as micro-sam does.
        generator: Draws W_down; on the MLP's device.
    """

    def __init__(
        self,
        base: nn.Module,
        *,
        width: int,
        projection: int,
        scale: float | Literal["learnable"],
        dropout: float | None,
        add_input: bool,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.base = base
        self.dropout = Dropout(dropout)
        self.add_input = add_input
        new = next(base.parameters()).new_zeros
        self.down = nn.Parameter(new(projection, width))
        self.down_bias = nn.Parameter(new(projection))
        self.up = nn.Parameter(new(width, projection))
        self.up_bias = nn.Parameter(new(width))
        self.scale = nn.Parameter(new(()) + 1) if scale == "learnable" else float(scale)
        nn.init.kaiming_uniform_(self.down, a=5**0.5, generator=generator)

    def forward(self, x: Float[Tensor, "*batch c"]) -> Float[Tensor, "*batch c"]:
        code = functional.relu(functional.linear(x, self.down, self.down_bias))  # (..., projection)
        out: Tensor = self.base(x) + self.scale * functional.linear(self.dropout(code), self.up, self.up_bias)
        return out + x if self.add_input else out
