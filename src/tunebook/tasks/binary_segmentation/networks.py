"""The networks that are trained: a U-Net of ours, and two of MONAI's where it is installed."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from tunebook.errors import DataError, Problem
from tunebook.tasks.binary_segmentation.config import EVEN, Model
from tunebook.train.seeding import generator

MOST_CHANNELS = 512
"""No level has more, unless the first does (nnU-Net has as many at most in two dimensions)."""
MOST_GROUPS = 8
LEAST_IN_GROUP = 4
"""Channels of a group of the normalisation, where a level has so many."""
LEAST_ATTENDING = 2


def build(model: Model, *, seed: int) -> nn.Module:
    """A network on the CPU with its initial weights: (n, 3, h, w) from `inputs` -> logits (n, 1, h, w), of any size.

    Args:
        model: Its family, size and prior.
        seed: Decides the weights; nothing else does, nor is any other draw changed by it.

    Raises:
        DataError: when the family is MONAI's and MONAI is not there, or is asked for a network that it cannot make.
    """
    with drawing(seed, "initialisation"):
        network, last = _unet(model) if model.family == "unet" else _monai(model)
    prior = EVEN if model.prior is None else model.prior
    nn.init.constant_(last, math.log(prior / (1 - prior)))
    # Convolutions are 1.2 to 1.4 times as fast with the channels innermost, as images have them (CPU, one thread).
    padded: nn.Module = Padded(network, multiple=2**model.depth)
    return padded.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]  # torch lists it not


def inputs(images: UInt8[Tensor, "n h w 3"]) -> Float[Tensor, "n 3 h w"]:
    """Images as networks see them: 0..255 becomes -2..2."""
    return images.permute(0, 3, 1, 2).float() / 63.75 - 2


@contextmanager
def drawing(seed: int, stream: str, *numbers: int, device: str | torch.device = "cpu") -> Iterator[None]:
    """Let whatever draws from torch's own generators draw from a named stream; they go on as if nothing was drawn.

    Args:
        seed: The replicate's seed.
        stream: What is drawn: `initialisation`, `dropout`.
        numbers: What further singles the draw out, such as the step.
        device: Where it is drawn, the CPU besides.
    """
    number, place = generator(seed, stream, *numbers).initial_seed(), torch.device(device)
    with torch.random.fork_rng([place] if place.type == "cuda" else []):
        torch.default_generator.manual_seed(number)
        if place.type == "cuda":
            with torch.cuda.device(place):
                torch.cuda.manual_seed(number)
        yield


class UNet(nn.Module):
    """U-Net (Ronneberger et al. 2015), padded, with group normalisation (Wu and He 2018) after each convolution.

    Args:
        width: Channels of the first level; every level has twice as many, up to `MOST_CHANNELS`.
        depth: How often the image is halved; 2 ** depth must divide its sides.
        dropout: Share of channels dropped at the lowest level.
    """

    def __init__(self, *, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        channels = _channels(width, depth)
        self.down = nn.ModuleList(_block(*pair) for pair in zip((3, *channels), channels, strict=False))
        self.dropout = nn.Dropout2d(dropout)
        upwards = list(zip(channels[:0:-1], channels[-2::-1], strict=True))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(below, own, 2, stride=2) for below, own in upwards)
        self.up = nn.ModuleList(_block(2 * own, own) for _, own in upwards)
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 1 h w"]:
        """Logits of images."""
        passed: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if level else x)  # n width·2^level h/2^level w/2^level
            passed.append(x)
        x = self.dropout(passed.pop())
        for grow, block in zip(self.grow, self.up, strict=True):
            x = block(torch.cat([passed.pop(), grow(x)], dim=1))
        logits: Tensor = self.last(x)
        return logits


class Padded(nn.Module):
    """A network for images of any size: they are continued to the right and below by their last pixels.

    Args:
        multiple: What must divide the sides that the network sees; they are at least twice as long.
    """

    def __init__(self, network: nn.Module, *, multiple: int) -> None:
        super().__init__()
        self.network = network
        self.multiple = multiple

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 1 h w"]:
        """Logits of images, as large as they are."""
        height, width = x.shape[2:]
        below, right = (self._lacking(side) for side in (height, width))
        logits: Tensor = self.network(F.pad(x, (0, right, 0, below), mode="replicate") if below or right else x)
        return logits[:, :, :height, :width]

    def _lacking(self, side: int) -> int:
        return max(2, math.ceil(side / self.multiple)) * self.multiple - side


def _unet(model: Model) -> tuple[nn.Module, Tensor]:
    network = UNet(width=model.width, depth=model.depth, dropout=model.dropout)
    assert network.last.bias is not None, "a convolution has one unless it is told otherwise"
    return network, network.last.bias


def _monai(model: Model) -> tuple[nn.Module, Tensor]:
    """A network of MONAI's, in the sizes of ours, and the bias of its last layer."""
    try:
        # It takes 3 s to import, and who has no such model need not have it.
        from monai.networks.nets.attentionunet import AttentionUnet  # noqa: PLC0415
        from monai.networks.nets.segresnet import SegResNet  # noqa: PLC0415
    except ModuleNotFoundError as error:
        message = f"must be unet where MONAI cannot be imported; got {model.family}, and {error}"
        raise DataError(Problem("model.family", message, "pip install 'tunebook[monai]'")) from error

    channels, halvings = _channels(model.width, model.depth), (2,) * model.depth
    if model.family == "attention-unet":
        if model.width < LEAST_ATTENDING:
            message = f"must be at least {LEAST_ATTENDING} in attention-unet, which attends with half of it"
            raise DataError(Problem("model.width", f"{message}; got {model.width}"))
        attention = AttentionUnet(2, 3, 1, channels=channels, strides=halvings, dropout=model.dropout)
        return attention, attention.get_parameter("model.2.conv.bias")
    residual = SegResNet(
        2,
        in_channels=3,
        init_filters=model.width,
        out_channels=1,
        dropout_prob=model.dropout or None,
        norm=("GROUP", {"num_groups": group_count(model.width)}),
        blocks_down=(1, *(2,) * (model.depth - 1), 4),
        blocks_up=(1,) * model.depth,
        upsample_mode="deconv",  # interpolation draws other bits on GPUs each time
    )
    return residual, residual.get_parameter("conv_final.2.conv.bias")


def _channels(width: int, depth: int) -> tuple[int, ...]:
    return tuple(min(width * 2**level, max(width, MOST_CHANNELS)) for level in range(depth + 1))


def _block(before: int, after: int) -> nn.Sequential:
    """Twice a 3 × 3 convolution, group normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False),
        nn.GroupNorm(group_count(after), after),
        nn.ReLU(inplace=True),
        nn.Conv2d(after, after, 3, padding=1, bias=False),
        nn.GroupNorm(group_count(after), after),
        nn.ReLU(inplace=True),
    )


def group_count(channels: int) -> int:
    """The most groups, up to 8, of equally many channels, 4 or more where there are as many."""
    groups = math.gcd(channels, MOST_GROUPS)
    while groups > 1 and channels // groups < LEAST_IN_GROUP:
        groups //= 2
    return groups
