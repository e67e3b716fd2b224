"""Which tensors of a model are trained, and what is added to it for that.

    Nothing       nothing is trained
    Frozen        everything but the image encoder
    Lora          that, and low-rank additions to linear layers of the encoder (https://arxiv.org/abs/2106.09685)
    Fact          that, and low-rank additions to q and v that share factors (https://arxiv.org/abs/2212.03145)
    AdaptFormer   that, and a narrow MLP beside each of the encoder's (https://arxiv.org/abs/2205.13535)
    Full          everything, or of the encoder some blocks alone

Decoders are trained in every method but `Nothing`, as in micro-sam; so the methods differ in the encoder alone. A
fixed random projection of the prompts is a buffer and is trained by none.

What is added starts at zero, so every method starts as the model it was given; the variants named micro-sam do not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from tunebook.errors import DataError, Problem
from tunebook.train import seeding
from tunebook.train.additions import Bottleneck, Dropout, Factored, LowRank

ENCODER = "vision_encoder"
QKV = "attn.qkv"
MLP = "mlp"

Target = Literal["q", "k", "v", "proj", "mlp"]
Variant = Literal["tunebook", "micro-sam"]

LAYERS: Mapping[str, tuple[Target, ...]] = {
    QKV: ("q", "k", "v"),
    "attn.proj": ("proj",),
    "mlp.lin1": ("mlp",),
    "mlp.lin2": ("mlp",),
}
"""Linear layer of a block -> the targets that the equal parts of its output are."""


@dataclass(frozen=True, kw_only=True)
class Lora:
    """Low-rank additions to linear layers: y = base(x) + scale · B A drop(x), B zero at the start.

    Args:
        rank: Columns of B and rows of A; at least 1.
        alpha: Strength of the addition.
        scaling: What multiplies it: `alpha` itself (micro-sam), or `alpha/rank` (the paper, peft). In either case every
            target's, that of `mlp` too.
        targets: What gets one: attention's projections to q, k and v and from them, both layers of the MLP.
        blocks: Which blocks of the encoder, from 0; None: all.
        dropout: Share of a layer's input that its additions do not see in training; None: they see all.
    """

    rank: int
    alpha: float = 1.0
    scaling: Literal["alpha", "alpha/rank"] = "alpha"
    targets: tuple[Target, ...] = ("q", "v")
    blocks: tuple[int, ...] | None = None
    dropout: float | None = None

    @property
    def scale(self) -> float:
        """The number that multiplies the addition."""
        return self.alpha if self.scaling == "alpha" else self.alpha / self.rank


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Additions to q and v that share factors: q = base(x) + V drop(Σq U x), v = base(x) + V drop(Σv U x).

    As in micro-sam, U and V are shared within a block, not by all blocks as in the paper. V is zero at the start, as in
    the paper's code: at the first step the gradient reaches V alone, from the second on U and Σ too.

    Args:
        rank: Rows of U and columns of V; at least 1.
        blocks: Which blocks of the encoder, from 0; None: all.
        dropout: Share of the codes Σ U x that is zeroed in training; None: none is.
        variant: `micro-sam` draws V as well, so the model is changed before the first step.
    """

    rank: int
    blocks: tuple[int, ...] | None = None
    dropout: float | None = None
    variant: Variant = "tunebook"


@dataclass(frozen=True, kw_only=True)
class AdaptFormer:
    """A narrow MLP beside a block's own: y = MLP(x) + scale · W_up drop(relu(W_down x)), with biases.

    W_up and the biases are zero at the start: at the first step the gradient reaches W_up and its bias alone, from the
    second on W_down and the scale too. It cannot be merged, because of its ReLU.

    Args:
        projection: Width of the code; at least 1.
        scale: A number, or `learnable`: a trained number per block, from 1.
        blocks: Which blocks of the encoder, from 0; None: all.
        dropout: Share of the code that is zeroed in training; None: none is.
        variant: `micro-sam` adds x once more, so the model is changed before the first step.
    """

    projection: int
    scale: float | Literal["learnable"] = "learnable"
    blocks: tuple[int, ...] | None = None
    dropout: float | None = None
    variant: Variant = "tunebook"


@dataclass(frozen=True)
class Frozen:
    """The image encoder stays as it is."""


@dataclass(frozen=True, kw_only=True)
class Full:
    """Everything is trained, or of the image encoder some blocks alone (late fine-tuning).

    Args:
        blocks: Which blocks, from 0; None: the whole encoder.
    """

    blocks: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Nothing:
    """The model stays as it is: zero-shot."""


Method = Lora | Fact | AdaptFormer | Frozen | Full | Nothing


def apply(model: nn.Module, method: Method, *, generator: torch.Generator) -> None:
    """Make a method's tensors, and those alone, trainable; changes `model`.

    Args:
        model: A model with an image encoder named `vision_encoder`, whose blocks are its `layers`.
        generator: Draws what is added, block by block; on the model's device. Nothing is drawn where nothing is added.

    Raises:
        DataError: when a method names a block that the model does not have.
        ValueError: when the model has an adapter already.
    """
    if any(isinstance(module, LowRank | Factored | Bottleneck) for module in model.modules()):
        raise ValueError("model must have no adapter; merge the one it has, or build it anew")
    encoder = model.get_submodule(ENCODER)
    chosen = _blocks(encoder, None if isinstance(method, Frozen | Nothing) else method.blocks)
    model.requires_grad_(not isinstance(method, Nothing))
    if method != Full():
        encoder.requires_grad_(False)
    for block in chosen:
        match method:
            case Lora():
                _add_low_rank(block, method, generator=generator)
            case Fact():
                _add_factored(block, method, generator=generator)
            case AdaptFormer():
                _add_bottleneck(block, method, generator=generator)
            case Full():
                block.requires_grad_(True)
            case Frozen() | Nothing():
                pass


def draw_from(model: nn.Module, generator: torch.Generator) -> None:
    """Let dropout draw from a generator, until the next call: a training loop calls it before each step.

    One number is drawn, whatever the model; from it and the name of its place, each dropout gets draws of its own. So
    the masks of a block do not depend on which other blocks have an adapter.

    Args:
        generator: On any device; masks are drawn on the model's.
    """
    root = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    device = next(model.parameters()).device
    for name, module in model.named_modules():
        if isinstance(module, Dropout):
            module.generator = seeding.generator(root, name, device=device)


def merge(model: nn.Module, *, place: str = "model") -> None:
    """Fold what `apply` added into the model's own tensors, under their own names; changes `model`.

    Args:
        place: Where the model comes from, for the message.

    Raises:
        DataError: when the adapter is no linear map, so that the model's own tensors cannot hold it.
    """
    added = {name: module for name, module in model.named_modules() if isinstance(module, LowRank | Factored)}
    if any(isinstance(module, Bottleneck) for module in model.modules()):
        message = "must have an adapter that can be merged into its weights; adaptformer cannot, because of its ReLU"
        raise DataError(Problem(place, message, "start from a decision with lora, fact, full or frozen"))
    for name, module in added.items():
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
        message = f"must be blocks of the encoder, 0 to {len(blocks) - 1}; got {', '.join(map(str, wrong))}"
        raise DataError(Problem("adapter.blocks", message))
    return [blocks[block] for block in chosen]


def _add_low_rank(block: nn.Module, method: Lora, *, generator: torch.Generator) -> None:
    for name, parts in LAYERS.items():
        if set(parts).isdisjoint(method.targets):
            continue
        added = LowRank(
            _linear(block, name),
            parts=parts,
            targets=method.targets,
            rank=method.rank,
            scale=method.scale,
            dropout=method.dropout,
            generator=generator,
        )
        block.set_submodule(name, added)


def _add_factored(block: nn.Module, method: Fact, *, generator: torch.Generator) -> None:
    added = Factored(
        _linear(block, QKV),
        rank=method.rank,
        dropout=method.dropout,
        zero=method.variant == "tunebook",
        generator=generator,
    )
    block.set_submodule(QKV, added)


def _add_bottleneck(block: nn.Module, method: AdaptFormer, *, generator: torch.Generator) -> None:
    added = Bottleneck(
        block.get_submodule(MLP),
        width=_linear(block, "mlp.lin1").in_features,
        projection=method.projection,
        scale=method.scale,
        dropout=method.dropout,
        add_input=method.variant == "micro-sam",
        generator=generator,
    )
    block.set_submodule(MLP, added)


def _linear(block: nn.Module, name: str) -> nn.Linear:
    layer = block.get_submodule(name)
    assert isinstance(layer, nn.Linear), f"{name} is a linear layer of a block"
    return layer
