"""Networks that share tiles and initial weights, trained in one step together: by grouped convolutions, or by vmap.

All runs of a step see the same tiles and have the same optimizer; their losses differ. Weights are stacked, and AdamW
works number by number, so that every network moves as it would alone, but for rounding.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tunebook.tasks.binary_segmentation.config import Config
from tunebook.tasks.binary_segmentation.drawing import Epochs
from tunebook.tasks.binary_segmentation.losses import loss
from tunebook.tasks.binary_segmentation.networks import UNet, build, inputs

Weights = dict[str, Tensor]
Forward = Callable[[Tensor], Tensor]
"""Images (n, 3, h, w) -> logits (networks, n, h, w)."""


class Grouped(nn.Module):
    """Networks side by side along the channels: a U-Net whose every layer has a group of each network.

    Args:
        network: One of them; all begin with its weights. `number`: how many.
    """

    def __init__(self, network: UNet, number: int) -> None:
        super().__init__()
        self.number = number
        own = deepcopy(network)
        first = own.down[0][0]
        for parent in [*own.modules()]:
            for name, layer in [*parent.named_children()]:
                setattr(parent, name, _grouped(layer, number, shared=layer is first))
        self.network = own

    def forward(self, x: Tensor) -> Tensor:
        passed: list[Tensor] = []
        for level, block in enumerate(self.network.down):
            x = block(F.max_pool2d(x, 2) if level else x)
            passed.append(x)
        x = passed.pop()
        for grow, block in zip(self.network.grow, self.network.up, strict=True):
            x = block(self._joined(passed.pop(), grow(x)))
        logits: Tensor = self.network.last(x).transpose(0, 1)
        return logits

    def weights(self) -> list[Weights]:
        """Each network's own, by its names."""
        named = {name: each.detach().chunk(self.number) for name, each in self.network.state_dict().items()}
        return [{name: parts[at] for name, parts in named.items()} for at in range(self.number)]

    def _joined(self, one: Tensor, other: Tensor) -> Tensor:
        """Channels of both, network by network."""
        apart = [each.unflatten(1, (self.number, -1)) for each in (one, other)]
        return torch.cat(apart, dim=2).flatten(1, 2).contiguous(memory_format=torch.channels_last)


def grouped(
    config: Config, number: int, *, seed: int, device: str, dtype: torch.dtype = torch.float32
) -> tuple[Forward, list[Tensor], Callable[[], list[Weights]]]:
    """Forward, what is trained, and each network's weights."""
    network = build(config.model, seed=seed).network
    assert isinstance(network, UNet), "the plan has no other family"
    all_of_them = Grouped(network, number).to(device, dtype, memory_format=torch.channels_last)
    return all_of_them, [*all_of_them.parameters()], all_of_them.weights


def vmapped(
    config: Config, number: int, *, seed: int, device: str, dtype: torch.dtype = torch.float32
) -> tuple[Forward, list[Tensor], Callable[[], list[Weights]]]:
    """The same by torch.func.vmap, whose group normalisation knows no channels that lie innermost."""
    network = build(config.model, seed=seed).network.to(device, dtype, memory_format=torch.contiguous_format)
    stacked = {
        name: torch.stack([weights.detach()] * number).requires_grad_() for name, weights in network.named_parameters()
    }

    def one(weights: Weights, images: Tensor) -> Tensor:
        logits: Tensor = torch.func.functional_call(network, weights, (images,))
        return logits[:, 0]

    def own() -> list[Weights]:
        return [{name: each.detach()[at] for name, each in stacked.items()} for at in range(number)]

    forward = torch.func.vmap(one, in_dims=(0, None))
    return lambda images: forward(stacked, images.contiguous()), [*stacked.values()], own


HOW = {"grouped": grouped, "vmap": vmapped}


def train(how: str, configs: Sequence[Config], epochs: Epochs, *, seed: int, device: str) -> list[Weights]:
    """Configurations that differ in nothing but their losses, trained together; each network's weights."""
    first = configs[0]
    forward, parameters, weights = HOW[how](first, len(configs), seed=seed, device=device)
    losses = [loss(config.loss) for config in configs]
    optimizer = torch.optim.AdamW(
        parameters, lr=first.optimizer.lr, weight_decay=first.optimizer.weight_decay, fused=True
    )
    for epoch in range(first.budget.epochs):
        tiles = epochs.of(epoch)
        for start in range(0, len(tiles.images), first.batch_size):
            batch = slice(start, start + first.batch_size)
            images = inputs(torch.from_numpy(tiles.images[batch]).to(device))
            masks = torch.from_numpy(tiles.masks[batch]).to(device)
            optimizer.zero_grad(set_to_none=True)
            step(forward, losses, images, masks)
            optimizer.step()
    return weights()


def step(forward: Forward, losses: Sequence[Callable[[Tensor, Tensor], Tensor]], images: Tensor, masks: Tensor) -> None:
    """Leave the gradients of every network's own loss in its weights."""
    values = [own(logits, masks) for own, logits in zip(losses, forward(images), strict=True)]
    torch.stack(values).sum().backward()


def _grouped(layer: nn.Module, number: int, *, shared: bool) -> nn.Module:
    """A layer for all networks; where they share their input, it is one layer with more outputs."""
    groups = 1 if shared else number
    with torch.device("meta"):
        if isinstance(layer, nn.ConvTranspose2d):
            made: nn.Module = nn.ConvTranspose2d(
                layer.in_channels * number, layer.out_channels * number, layer.kernel_size, layer.stride, groups=groups
            )
        elif isinstance(layer, nn.Conv2d):
            made = nn.Conv2d(
                layer.in_channels * groups, layer.out_channels * number, layer.kernel_size, layer.stride,
                padding=layer.padding, groups=groups, bias=layer.bias is not None,
            )  # fmt: skip
        elif isinstance(layer, nn.GroupNorm):
            made = nn.GroupNorm(layer.num_groups * number, layer.num_channels * number, layer.eps)
        else:
            return layer
    copies = {name: torch.cat([each] * number) for name, each in layer.state_dict().items()}
    made.load_state_dict(copies, assign=True)
    return made
