"""How the tiles of a scan become one probability map: what each pixel of a tile weighs, and what is kept."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from PIL import Image

from tunebook.images import pixels
from tunebook.images.pixels import Tile
from tunebook.tasks.binary_segmentation.config import Data

SIGMA = 0.125
"""Standard deviation of the Gaussian weights, as a share of the tile (nnU-Net, Isensee et al. 2021; MONAI)."""


def stitched(
    tiles: tuple[Tile, ...], shares: Iterable[Float[np.ndarray, "tile tile"]], shape: tuple[int, int], data: Data
) -> UInt8[np.ndarray, "h w"]:
    """Probabilities of tiles joined to a map in 255ths: where tiles overlap, their weighted mean.

    Args:
        tiles: Where they lie; all as large as `data.tile`.
        shares: 0..1, one array for each tile; each is added as it comes, so they need not exist all at once.
        shape: (h, w).
        data: `blend` says how a tile's pixels weigh, `overlap` over how many of them linear weights rise.
    """
    maps = (share[None] for share in shares)
    joined = pixels.stitch(tiles, maps, shape, overlap=data.overlap, weights=weights_of_tile(data))
    levels: NDArray[np.uint8] = np.rint(joined[0] * 255).astype(np.uint8)
    return levels


def weights_of_tile(data: Data) -> NDArray[np.float64] | None:
    """What the pixels (tile, tile) of a tile weigh; None: they rise linearly from its border over the overlap."""
    if data.blend == "linear":
        return None
    if data.blend == "uniform":
        return np.ones((data.tile, data.tile))
    away = (np.arange(data.tile) + 0.5) / data.tile - 0.5
    line = np.exp(-0.5 * (away / SIGMA) ** 2)
    weights: NDArray[np.float64] = np.outer(line, line)
    return weights


def enlarged(probability: UInt8[np.ndarray, "h w"], shape: tuple[int, int]) -> UInt8[np.ndarray, "height width"]:
    """A map brought to another size bilinearly; of the same size it stays as it is."""
    if probability.shape == shape:
        return probability
    return np.array(Image.fromarray(probability).resize(shape[::-1], Image.Resampling.BILINEAR))
