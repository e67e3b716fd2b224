"""The probability of foreground all over a scan, by a network that sees tiles."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import nn

from tunebook.errors import Diverged
from tunebook.images import pixels
from tunebook.images.pixels import Tile
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

    Raises:
        Diverged: when the network does not say a number: 0 in its place would be a black mask.
    """
    network.eval()
    height, width = image.shape[:2]
    tiles = pixels.tiles(image.shape, size=data.tile, overlap=data.overlap)
    return stitched(tiles, _shares(network, image, tiles, device=device), (height, width), data)


def _shares(
    network: nn.Module, image: UInt8[np.ndarray, "h w 3"], tiles: tuple[Tile, ...], *, device: str
) -> Iterator[Float[np.ndarray, "tile tile"]]:
    """What the network says of each tile, 0..1; no more of them are held than are predicted at once."""
    chunk = max(1, PIXELS_AT_ONCE // tiles[0].size ** 2)
    for start in range(0, len(tiles), chunk):
        batch = np.stack([pixels.cut(image, tile) for tile in tiles[start : start + chunk]])
        logits = network(inputs(torch.from_numpy(batch).to(device)))[:, 0]
        shares = logits.sigmoid().cpu().numpy()
        if not np.isfinite(shares).all():
            raise Diverged("what it predicts is not finite, though its weights are")
        yield from shares
