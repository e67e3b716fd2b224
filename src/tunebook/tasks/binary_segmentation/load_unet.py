"""Apply weights.safetensors to scans; needs torch, numpy and safetensors, and Pillow where image_size is set.

    network = load("weights.safetensors", "config.json")
    probability = network.probability(image)    # uint8 (h, w), in 255ths; image (h, w) or (h, w, 3), in its own values
    mask = network.mask(image)                  # bool (h, w), at the threshold that was chosen

attention-unet and segresnet are MONAI's: they need monai too. What the files say of themselves is in `network.facts`.
"""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

PERCENTILES = (1.0, 99.8)
SIGMA = 0.125
TILES_AT_ONCE = 1024 * 1024
"""Pixels of the tiles that the network sees at once."""


def load(weights: str | Path, config: str | Path, *, device: str = "cpu") -> "Network":
    """Read the two files that `tunebook export --format weights` writes."""
    facts = json.loads(Path(config).read_text(encoding="utf-8"))
    module = build(facts["model"])
    module.load_state_dict(load_file(str(weights)))
    return Network(module.eval().to(device), facts, device)


def build(model: Mapping[str, Any]) -> nn.Module:
    """The network without its weights: (n, 3, h, w) of -2..2 -> logits (n, 1, h, w), of any size."""
    if model["family"] == "unet":
        network: nn.Module = UNet(model["width"], model["depth"], model["dropout"])
    else:
        network = _of_monai(model)
    padded: nn.Module = Padded(network, 2 ** model["depth"])
    return padded.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]  # torch lists it not


class Network:
    """A trained network with how scans are shown to it."""

    def __init__(self, module: nn.Module, facts: Mapping[str, Any], device: str) -> None:
        self.module = module
        self.facts = facts
        self.device = device

    def probability(self, image: NDArray[Any]) -> NDArray[np.uint8]:
        """Probability of foreground in 255ths, at the image's size; (h, w) or (h, w, 3), any numbers."""
        rgb = self._eight_bits(image)
        small = self._reduced(rgb)
        tile, overlap = self.facts["tile"], self.facts["overlap"]
        height, width = small.shape[:2]
        weights = self._weights(tile, overlap)
        total, summed = np.zeros((height, width)), np.zeros((height, width))
        corners = [(y, x) for y in _corners(height, tile, overlap) for x in _corners(width, tile, overlap)]
        for (y, x), share in zip(corners, self._shares(small, corners, tile), strict=True):
            rows, columns = slice(y, min(y + tile, height)), slice(x, min(x + tile, width))
            inside = slice(rows.stop - y), slice(columns.stop - x)
            total[rows, columns] += weights[inside] * share[inside]
            summed[rows, columns] += weights[inside]
        levels = np.rint(np.asarray(total / summed, np.float32) * 255).astype(np.uint8)
        return self._enlarged(levels, rgb.shape[:2])

    def mask(self, image: NDArray[Any]) -> NDArray[np.bool_]:
        """Where the probability reaches the threshold."""
        found: NDArray[np.bool_] = self.probability(image) >= self.facts["threshold"]["level"]
        return found

    @torch.inference_mode()
    def logits(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the network says of tiles (n, h, w, 3), 0..255."""
        seen = torch.from_numpy(tiles).to(self.device).permute(0, 3, 1, 2).float() / 63.75 - 2
        found: NDArray[np.float32] = self.module(seen)[:, 0].cpu().numpy()
        return found

    def _shares(
        self, image: NDArray[np.uint8], corners: list[tuple[int, int]], tile: int
    ) -> Iterator[NDArray[np.float32]]:
        chunk = max(1, TILES_AT_ONCE // tile**2)
        for start in range(0, len(corners), chunk):
            cut = [_cut(image, y, x, tile) for y, x in corners[start : start + chunk]]
            yield from torch.from_numpy(self.logits(np.stack(cut))).sigmoid().numpy()

    def _eight_bits(self, image: NDArray[Any]) -> NDArray[np.uint8]:
        """RGB of 0..255, as the configuration normalises a whole scan."""
        values, how = np.asarray(image, np.float32), self.facts["normalize"]
        if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] != 3):
            raise ValueError(f"image must be (h, w) or (h, w, 3); got {values.shape}")
        if how == "none":
            if values.min() < 0 or values.max() > 255:
                raise ValueError(f"image must lie in 0..255; it has {values.min():g} to {values.max():g}")
        else:
            low, high = float(values.min()), float(values.max())
            if how == "percentile":
                inner = np.percentile(values, PERCENTILES)
                low, high = (float(inner[0]), float(inner[1])) if inner[0] < inner[1] else (low, high)
            values = np.clip((values - low) * (255 / (high - low)), 0, 255) if low < high else np.zeros_like(values)
        if values.ndim == 2:
            values = np.repeat(values[..., None], 3, axis=2)
        return np.rint(values).astype(np.uint8)

    def _reduced(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        longest, (height, width) = self.facts["image_size"], image.shape[:2]
        if longest is None or max(height, width) <= longest:
            return image
        from PIL import Image  # noqa: PLC0415  # only here

        scale = longest / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return np.array(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))

    def _enlarged(self, levels: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
        if levels.shape == shape:
            return levels
        from PIL import Image  # noqa: PLC0415  # only here

        return np.array(Image.fromarray(levels).resize((shape[1], shape[0]), Image.Resampling.BILINEAR))

    def _weights(self, tile: int, overlap: int) -> NDArray[np.float64]:
        """What the pixels of a tile weigh where tiles overlap."""
        at = np.arange(tile) + 0.5
        if self.facts["blend"] == "uniform":
            line = np.ones(tile)
        elif self.facts["blend"] == "linear":
            line = np.minimum(np.minimum(at, at[::-1]) / max(overlap, 0.5), 1)
        else:
            line = np.exp(-0.5 * ((at / tile - 0.5) / SIGMA) ** 2)
        weights: NDArray[np.float64] = np.outer(line, line)
        return weights


class UNet(nn.Module):
    """U-Net, padded, with group normalisation after each convolution."""

    def __init__(self, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        channels = _channels(width, depth)
        self.down = nn.ModuleList(_block(*pair) for pair in zip((3, *channels), channels, strict=False))
        self.dropout = nn.Dropout2d(dropout)
        upwards = list(zip(channels[:0:-1], channels[-2::-1], strict=True))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(below, own, 2, stride=2) for below, own in upwards)
        self.up = nn.ModuleList(_block(2 * own, own) for _, own in upwards)
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 1, h, w) of images (n, 3, h, w)."""
        passed: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if level else x)
            passed.append(x)
        x = self.dropout(passed.pop())
        for grow, block in zip(self.grow, self.up, strict=True):
            x = block(torch.cat([passed.pop(), grow(x)], dim=1))
        logits: Tensor = self.last(x)
        return logits


class Padded(nn.Module):
    """A network for images of any size: they are continued to the right and below by their last pixels."""

    def __init__(self, network: nn.Module, multiple: int) -> None:
        super().__init__()
        self.network = network
        self.multiple = multiple

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images, as large as they are."""
        height, width = x.shape[2:]
        below, right = (max(2, math.ceil(side / self.multiple)) * self.multiple - side for side in (height, width))
        if below or right:
            x = functional.pad(x, (0, right, 0, below), mode="replicate")
        logits: Tensor = self.network(x)
        return logits[:, :, :height, :width]


def _of_monai(model: Mapping[str, Any]) -> nn.Module:
    from monai.networks.nets.attentionunet import AttentionUnet  # noqa: PLC0415  # only here
    from monai.networks.nets.segresnet import SegResNet  # noqa: PLC0415

    width, depth = model["width"], model["depth"]
    if model["family"] == "attention-unet":
        attention: nn.Module = AttentionUnet(
            2, 3, 1, channels=_channels(width, depth), strides=(2,) * depth, dropout=model["dropout"]
        )
        return attention
    residual: nn.Module = SegResNet(
        2, in_channels=3, init_filters=width, out_channels=1, dropout_prob=model["dropout"] or None,
        norm=("GROUP", {"num_groups": _groups(width)}), blocks_down=(1, *(2,) * (depth - 1), 4),
        blocks_up=(1,) * depth, upsample_mode="deconv",
    )  # fmt: skip
    return residual


def _channels(width: int, depth: int) -> tuple[int, ...]:
    return tuple(min(width * 2**level, max(width, 512)) for level in range(depth + 1))


def _block(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False), nn.GroupNorm(_groups(after), after), nn.ReLU(inplace=True),
        nn.Conv2d(after, after, 3, padding=1, bias=False), nn.GroupNorm(_groups(after), after), nn.ReLU(inplace=True),
    )  # fmt: skip


def _groups(channels: int) -> int:
    groups = math.gcd(channels, 8)
    while groups > 1 and channels // groups < 4:
        groups //= 2
    return groups


def _corners(length: int, size: int, overlap: int) -> list[int]:
    last = max(length - size, 0)
    return [*range(0, last, size - overlap), last]


def _cut(image: NDArray[np.uint8], y: int, x: int, size: int) -> NDArray[np.uint8]:
    piece = image[y : y + size, x : x + size]
    return np.pad(piece, ((0, size - piece.shape[0]), (0, size - piece.shape[1]), (0, 0)))
