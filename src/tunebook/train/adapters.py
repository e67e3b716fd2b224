"""Which tensors of a model are trained, and what is added to it for that.

    Nothing   nothing is trained
    Frozen    everything but the image encoder
    Lora      everything but the image encoder, and low-rank additions inside it
    Full      everything

Decoders are trained in every method but `Nothing`, as in micro-sam; so the methods differ in the encoder alone. A
fixed random projection of the prompts is a buffer and is trained by none.

Low-rank additions (https://arxiv.org/abs/2106.09685) start at zero, so every method starts as the model it was given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from tunebook.errors import DataError, Problem

ENCODER = "vision_encoder"
QKV = "attn.qkv"

Target = Literal["q", "k", "v"]
PARTS: tuple[Target, ...] = ("q", "k", "v")


@dataclass(frozen=True, kw_only=True)
class Lora:
    """Low-rank additions to attention's projections.

    Args:
        rank: Columns of A and rows of B; at least 1.
        alpha: Strength of the addition.
        scaling: What multiplies it: `alpha` itself (micro-sam), or `alpha/rank` (the paper, peft).
        targets: Which of the projections get one.
        blocks: Which blocks of the encoder, from 0; None: all.
    """

    rank: int
    alpha: float = 1.0
    scaling: Literal["alpha", "alpha/rank"] = "alpha"
    targets: tuple[Target, ...] = ("q", "v")
    blocks: tuple[int, ...] | None = None

    @property
    def scale(self) -> float:
        """The number that multiplies the addition."""
        return self.alpha if self.scaling == "alpha" else self.alpha / self.rank


@dataclass(frozen=True)
class Frozen:
    """The image encoder stays as it is."""


@dataclass(frozen=True)
class Full:
    """Everything is trained."""


@dataclass(frozen=True)
class Nothing:
    """The model stays as it is: zero-shot."""


Method = Lora | Frozen | Full | Nothing


class LowRank(nn.Module):
    """A linear layer with low-rank additions to parts of its output: y = base(x) + scale · B A x.

    Args:
        base: The layer; its output is cut into as many equal parts as there are `parts`.
        parts: Names of the parts, in order.
        targets: Parts that get an addition.
        rank: Rank of each addition.
        scale: What multiplies it.
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
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.base = base
        self.scale = scale
        self.parts = tuple(parts)
        self.targets = tuple(part for part in parts if part in targets)
        width = base.out_features // len(self.parts)
        new = base.weight.new_zeros
        self.a = nn.ParameterDict({part: nn.Parameter(new(rank, base.in_features)) for part in self.targets})
        self.b = nn.ParameterDict({part: nn.Parameter(new(width, rank)) for part in self.targets})
        for part in self.targets:
            nn.init.kaiming_uniform_(self.a[part], a=5**0.5, generator=generator)

    def forward(self, x: Float[Tensor, "*batch c_in"]) -> Float[Tensor, "*batch c_out"]:
        codes = functional.linear(x, torch.cat([self.a[part] for part in self.targets]))  # (..., targets x rank)
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


def apply(model: nn.Module, method: Method, *, generator: torch.Generator) -> None:
    """Make a method's tensors, and those alone, trainable; changes `model`.

    Args:
        model: A model with an image encoder named `vision_encoder`, whose blocks are its `layers`.
        generator: Draws what is added; on the model's device. Nothing is drawn where nothing is added.

    Raises:
        ValueError: when a method names a block that the model does not have.
    """
    encoder = model.get_submodule(ENCODER)
    model.requires_grad_(not isinstance(method, Nothing))
    if isinstance(method, Lora | Frozen):
        encoder.requires_grad_(False)
    if isinstance(method, Lora):
        for block in _blocks(encoder, method.blocks):
            base = block.get_submodule(QKV)
            assert isinstance(base, nn.Linear), "adapters are applied once"
            block.set_submodule(
                QKV,
                LowRank(
                    base,
                    parts=PARTS,
                    targets=method.targets,
                    rank=method.rank,
                    scale=method.scale,
                    generator=generator,
                ),
            )


def merge(model: nn.Module) -> None:
    """Fold what `apply` added into the model's own tensors, under their own names; changes `model`."""
    added = [name for name, module in model.named_modules() if isinstance(module, LowRank)]
    for name in added:
        module = model.get_submodule(name)
        assert isinstance(module, LowRank)
        model.set_submodule(name, module.merged())


def trainable(model: nn.Module) -> dict[str, Tensor]:
    """The tensors that are trained, by name: what a checkpoint holds.

    Running statistics of norms in trained parts are among them, because they change in training too.
    """
    tensors: dict[str, Tensor] = {name: p for name, p in model.named_parameters() if p.requires_grad}
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d) and module.weight.requires_grad:
            tensors |= {f"{name}.{key}": tensor for key, tensor in module.named_buffers()}
    return tensors


def load(model: nn.Module, tensors: Mapping[str, Tensor], *, place: str = "checkpoint") -> None:
    """Put back what `trainable` gave, into a model that the same method was applied to.

    Args:
        place: Where the tensors come from, for the message.

    Raises:
        DataError: when names or shapes differ.
    """
    wanted = trainable(model)
    wrong = sorted(wanted.keys() ^ tensors.keys())
    wrong += sorted(name for name in wanted.keys() & tensors.keys() if wanted[name].shape != tensors[name].shape)
    if wrong:
        message = f"must hold the {len(wanted)} tensors that the adapter trains; {len(wrong)} differ, {wrong[0]} first"
        raise DataError(Problem(place, message, "run the study again"))
    with torch.no_grad():
        for name, tensor in wanted.items():
            tensor.copy_(tensors[name])


def count(model: nn.Module) -> int:
    """How many numbers are trained."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _blocks(encoder: nn.Module, chosen: tuple[int, ...] | None) -> list[nn.Module]:
    blocks = list(encoder.get_submodule("layers").children())
    chosen = tuple(range(len(blocks))) if chosen is None else chosen
    wrong = [block for block in chosen if not 0 <= block < len(blocks)]
    if wrong:
        raise ValueError(f"adapter.blocks must be in 0 to {len(blocks) - 1}; got {', '.join(map(str, wrong))}")
    return [blocks[block] for block in chosen]
