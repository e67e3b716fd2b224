"""Decoders that segment every object without a prompt.

Both make three maps in [0, 1] at the model's input resolution from the image embedding: foreground, distance to the
object's centre, distance to its boundary. `Unetr` is micro-sam's (transposed convolutions, no connections from inside
the encoder) under its parameter names; `Light` is for small images on a CPU and may also look at the image itself, so
that contours are finer than a patch.
"""

import itertools

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from tunebook.tasks.promptable_segmentation.sam.sizes import Size

CHANNELS = ("foreground", "centre", "boundary")


def decoder(size: Size) -> nn.Module:
    """The decoder that a size names."""
    return Unetr(size) if size.automatic == "unetr" else Light(size)


class Light(nn.Module):
    """From the token grid up to the image by factors of two, with few channels where there are many pixels."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.stem = Stem(size.automatic_stem) if size.automatic_stem else None
        features = size.automatic_features
        self.base = Block(size.prompt_width, features[0])
        beside = {size.patch // 2: 2 * size.automatic_stem, size.patch: size.automatic_stem}
        self.ups = nn.ModuleList()
        self.blocks = nn.ModuleList()
        scale = 1
        for low, high in itertools.pairwise(features):
            scale *= 2
            self.ups.append(nn.Conv2d(low, 4 * high, kernel_size=1))
            self.blocks.append(Block(high + beside.get(scale, 0), high))
        assert scale == size.patch, "one feature per doubling from the token grid to the image"
        self.out_conv = nn.Conv2d(features[-1], len(CHANNELS), kernel_size=1)

    def forward(
        self, embedding: Float[Tensor, "batch c gh gw"], images: Float[Tensor, "batch 3 h w"]
    ) -> Float[Tensor, "batch 3 h w"]:
        # Few channels on many pixels are quicker when a pixel's channels lie side by side.
        x = self.base(embedding.contiguous(memory_format=torch.channels_last))
        images = images.contiguous(memory_format=torch.channels_last)
        beside = self.stem(images) if self.stem is not None else {}
        for up, block in zip(self.ups, self.blocks, strict=True):
            x = functional.pixel_shuffle(up(x), 2)
            x = block(torch.cat([x, beside[x.shape[-1]]], dim=1) if x.shape[-1] in beside else x)
        maps: Tensor = self.out_conv(x)
        return maps.sigmoid()


class Stem(nn.Module):
    """The image itself at full and at half resolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fine = nn.Conv2d(3, channels, kernel_size=3, padding=1)
        self.coarse = nn.Conv2d(channels, 2 * channels, kernel_size=3, stride=2, padding=1)

    def forward(self, images: Float[Tensor, "batch 3 h w"]) -> dict[int, Tensor]:
        """Feature maps by their width."""
        fine = functional.relu(self.fine(images))
        coarse = functional.relu(self.coarse(fine))
        return {fine.shape[-1]: fine, coarse.shape[-1]: coarse}


class Block(nn.Module):
    """A 3 x 3 convolution, a norm over groups of channels, a ReLU."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel_size=3, padding=1, bias=False)
        self.norm = nn.GroupNorm(4, out)

    def forward(self, x: Float[Tensor, "batch c_in h w"]) -> Float[Tensor, "batch c_out h w"]:
        return functional.relu(self.norm(self.conv(x)))


class Unetr(nn.Module):
    """micro-sam's decoder: a chain of up-samplings of the embedding, joined by a second chain of convolutions."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        wide, *_, narrow = features = size.automatic_features
        chain = [size.prompt_width, *features]
        self.deconv1, self.deconv2, self.deconv3, self.deconv4 = (
            UpBlock(low, high) for low, high in zip(chain, features, strict=False)
        )
        self.base = ConvBlock(size.prompt_width, wide)
        self.decoder = Chain(features)
        self.deconv_out = Up(narrow, narrow)
        self.decoder_head = ConvBlock(2 * narrow, narrow)
        self.out_conv = nn.Conv2d(narrow, len(CHANNELS), kernel_size=1)

    def forward(
        self, embedding: Float[Tensor, "batch c gh gw"], images: Float[Tensor, "batch 3 h w"]
    ) -> Float[Tensor, "batch 3 h w"]:
        z9 = self.deconv1(embedding)
        z6 = self.deconv2(z9)
        z3 = self.deconv3(z6)
        z0 = self.deconv4(z3)
        x = self.decoder(self.base(embedding), (z9, z6, z3))
        x = self.decoder_head(torch.cat([self.deconv_out(x), z0], dim=1))
        maps: Tensor = self.out_conv(x)
        return maps.sigmoid()


class Chain(nn.Module):
    """Up-sample, join, convolve; three times."""

    def __init__(self, features: tuple[int, ...]) -> None:
        super().__init__()
        pairs = list(itertools.pairwise(features))
        self.blocks = nn.ModuleList(ConvBlock(low, high) for low, high in pairs)
        self.samplers = nn.ModuleList(Up(low, high) for low, high in pairs)

    def forward(self, x: Tensor, beside: tuple[Tensor, ...]) -> Tensor:
        for sampler, block, other in zip(self.samplers, self.blocks, beside, strict=True):
            x = sampler(x)
            # `other` has twice the channels of x; the reference joins the middle half of them.
            x = block(torch.cat([x, other.narrow(1, x.shape[1] // 2, x.shape[1])], dim=1))
        return x


class Up(nn.Module):
    """Twice the resolution by a transposed convolution."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.block = nn.ConvTranspose2d(channels, out, kernel_size=2, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        return out


class Conv(nn.Module):
    """A 3 x 3 convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = nn.Conv2d(channels, channels, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        return out


class UpBlock(nn.Module):
    """Twice the resolution, a convolution, a norm over the batch, a ReLU."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.block = nn.Sequential(Up(channels, out), Conv(out), nn.BatchNorm2d(out), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        return out


class ConvBlock(nn.Module):
    """Two 3 x 3 convolutions, each after a norm over the pixels of one channel and before a ReLU."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.InstanceNorm2d(channels),
            nn.Conv2d(channels, out, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.InstanceNorm2d(out),
            nn.Conv2d(out, out, kernel_size=3, padding=1),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        return out
