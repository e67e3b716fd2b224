"""The probability of foreground all over a scan, by a network that sees tiles."""

import numpy as np
import torch
from jaxtyping import UInt8
from torch import nn

from tunebook.images import pixels
from tunebook.tasks.binary_segmentation.config import Data
from tunebook.tasks.binary_segmentation.networks import inputs
from tunebook.tasks.binary_segmentation.stitching import stitched

PIXELS_AT_ONCE = 1024 * 1024


@torch.inference_mode()
def probabilities(
    network: nn.Module, image: UInt8[np.ndarray, "h w 3"], data: Data, *, device: str
) -> UInt8[np.ndarray, "h w"]:
    """Probabilities in 255ths, from overlapping tiles; a scan smaller than a tile is continued by zeros.

    Args:
        network: From `networks.build`; left in evaluation mode.
        image: A scan at the size it is worked on.
        data: Side, overlap and blending of the tiles.
        device: Where the network is.
    """
    network.eval()
    height, width = image.shape[:2]
    tiles = pixels.tiles(image.shape, size=data.tile, overlap=data.overlap)
    chunk = max(1, PIXELS_AT_ONCE // data.tile**2)
    shares = np.empty((len(tiles), data.tile, data.tile), np.float32)
    for start in range(0, len(tiles), chunk):
        batch = np.stack([pixels.cut(image, tile) for tile in tiles[start : start + chunk]])
        logits = network(inputs(torch.from_numpy(batch).to(device)))[:, 0]
        shares[start : start + chunk] = logits.sigmoid().cpu().numpy()
    return stitched(tiles, shares, (height, width), data)
