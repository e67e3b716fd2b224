"""A network for masks trained by PyTorch as people write it: a Dataset that draws tiles, a DataLoader, and a loop.

Nothing of Tunebook, so that a process imports no more than a user's script does. The U-Net, its names and its loss are
Tunebook's written again, with the channels innermost as it has them, so that the arithmetic of a step is the same in
all ways that masks.py compares. Scans are decoded once a configuration and kept, which is kind to the loop: many decode
a scan for each of its tiles.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset


@dataclass(frozen=True)
class Job:
    """What one run is given.

    Args:
        folder: With images/ and masks/. `longest`: the side that scans are reduced to, or None.
        foreground: Share of tiles that are drawn around it.
        brightness, contrast: Most that a tile is changed by, as shares.
        width, depth: Of the U-Net.
    """

    folder: str
    longest: int | None
    tile: int
    tiles: int
    foreground: float
    brightness: float
    contrast: float
    width: int
    depth: int
    bce_weight: float
    dice_smooth: float
    pos_weight: float
    lr: float
    batch: int
    epochs: int
    seed: int
    device: str


def train(job: Job) -> nn.Module:
    """Read, draw, and train one configuration."""
    torch.manual_seed(job.seed)  # the process-wide generator, as such scripts do
    loader = DataLoader(Drawn(job), batch_size=job.batch, shuffle=True)
    network = UNet(job.width, job.depth).to(job.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), lr=job.lr, weight_decay=0.0)
    network.train()
    for _ in range(job.epochs):
        total = 0.0
        for images, masks in loader:
            pixels = images.to(job.device, memory_format=torch.channels_last)
            optimizer.zero_grad()
            value = loss(network(pixels)[:, 0], masks.to(job.device), job)
            value.backward()
            optimizer.step()
            total += value.item() * len(images)
    trained: nn.Module = network
    return trained


def loss(logits: Tensor, masks: Tensor, job: Job) -> Tensor:
    """Cross-entropy with a weight of the foreground, and Dice over the batch."""
    weight = torch.tensor(job.pos_weight, device=logits.device)
    shares = logits.sigmoid()
    overlap = (2 * (shares * masks).sum() + job.dice_smooth) / (shares.sum() + masks.sum() + job.dice_smooth)
    entropy = F.binary_cross_entropy_with_logits(logits, masks, pos_weight=weight)
    return job.bce_weight * entropy + (1 - job.bce_weight) * (1 - overlap)


class Drawn(Dataset[tuple[Tensor, Tensor]]):
    """Tiles of scans at random, augmented: pixels (3, tile, tile) of -2..2, mask (tile, tile) of 0 and 1."""

    def __init__(self, job: Job) -> None:
        self._job, self._draws = job, np.random.default_rng(job.seed)
        self._scans = []
        for path in sorted((Path(job.folder) / "images").iterdir()):
            with Image.open(path) as image, Image.open(path.parent.parent / "masks" / path.name) as mask:
                pixels = _reduced(image.convert("RGB"), job.longest, Image.Resampling.LANCZOS)
                truth = _reduced(mask.convert("L"), job.longest, Image.Resampling.NEAREST) > 0
            self._scans.append((pixels, truth, np.argwhere(truth)))

    def __len__(self) -> int:
        return len(self._scans) * self._job.tiles

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        job, draws = self._job, self._draws
        image, mask, foreground = self._scans[number // job.tiles]
        farthest = np.maximum(np.array(mask.shape) - job.tile, 0)
        corner = draws.integers(0, farthest + 1)
        if len(foreground) and draws.random() < job.foreground:
            corner = np.clip(foreground[draws.integers(len(foreground))] - job.tile // 2, 0, farthest)
        (y, x), side = corner, job.tile
        tile, truth = image[y : y + side, x : x + side].astype(np.float32) / 255, mask[y : y + side, x : x + side]
        mean, contrast = tile.mean(), 1 + draws.uniform(-1, 1) * job.contrast
        tile = np.clip((tile - mean) * contrast + mean + draws.uniform(-1, 1) * job.brightness, 0, 1)
        for axis in (0, 1):
            if draws.random() < 0.5:
                tile, truth = np.flip(tile, axis), np.flip(truth, axis)
        turns = int(draws.integers(4))
        tile, truth = np.rot90(tile, turns), np.rot90(truth, turns)
        pixels = np.ascontiguousarray(tile.transpose(2, 0, 1), np.float32) * 4 - 2
        return torch.from_numpy(pixels), torch.from_numpy(truth.astype(np.float32))


class UNet(nn.Module):
    """U-Net with group normalisation; `2 ** depth` must divide the tile."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        channels = [min(width * 2**level, max(width, 512)) for level in range(depth + 1)]
        self.down = nn.ModuleList(_block(*pair) for pair in zip([3, *channels], channels, strict=False))
        upwards = list(zip(channels[:0:-1], channels[-2::-1], strict=True))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(below, own, 2, stride=2) for below, own in upwards)
        self.up = nn.ModuleList(_block(2 * own, own) for _, own in upwards)
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        passed: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if level else x)
            passed.append(x)
        x = passed.pop()
        for grow, block in zip(self.grow, self.up, strict=True):
            x = block(torch.cat([passed.pop(), grow(x)], dim=1))
        logits: Tensor = self.last(x)
        return logits


def _block(before: int, after: int) -> nn.Sequential:
    groups = max(1, min(math.gcd(after, 8), after // 4))
    layers: list[nn.Module] = []
    for channels in (before, after):
        layers += [nn.Conv2d(channels, after, 3, padding=1, bias=False), nn.GroupNorm(groups, after), nn.ReLU(True)]
    return nn.Sequential(*layers)


def _reduced(image: Image.Image, longest: int | None, how: Image.Resampling) -> NDArray[Any]:
    share = min(1.0, (longest or max(image.size)) / max(image.size))
    size = round(share * image.width), round(share * image.height)
    return np.asarray(image if size == image.size else image.resize(size, how))
