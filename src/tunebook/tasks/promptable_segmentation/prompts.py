"""The simulated user: where prompts start, and where a correction is clicked.

Coordinates are (x, y) in pixels of the model's input. All draws come from a given generator and their
number does not depend on the masks, so that one seed means the same draws for every configuration.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor


def boxes(masks: Bool[Tensor, "objects h w"]) -> Float[Tensor, "objects 4"]:
    """Tight boxes (x0, y0, x1, y1) of masks, the last pixel included; every mask must hold a pixel."""
    columns, rows = masks.any(dim=1), masks.any(dim=2)
    width, height = columns.shape[1], rows.shape[1]
    x0, y0 = columns.int().argmax(dim=1), rows.int().argmax(dim=1)
    x1 = width - 1 - columns.flip(1).int().argmax(dim=1)
    y1 = height - 1 - rows.flip(1).int().argmax(dim=1)
    return torch.stack([x0, y0, x1, y1], dim=1).float()


def jittered(
    found: Float[Tensor, "objects 4"], *, fraction: float, size: int, generator: torch.Generator
) -> Float[Tensor, "objects 4"]:
    """Boxes whose sides moved outwards by U(0, fraction) of the side's length, kept inside the image."""
    width, height = found[:, 2] - found[:, 0], found[:, 3] - found[:, 1]
    sides = torch.stack([-width, -height, width, height], dim=1)
    draws = torch.rand(found.shape, generator=generator, device=generator.device).to(found.device)
    return (found + draws * fraction * sides).clamp(0, size - 1)


def random_pixel(
    regions: Bool[Tensor, "objects h w"], *, generator: torch.Generator
) -> tuple[Float[Tensor, "objects 2"], Bool[Tensor, " objects"]]:
    """A uniformly drawn pixel (x, y) of each region, and whether the region holds any."""
    count, _, width = regions.shape
    draws = torch.rand(regions.shape, generator=generator, device=generator.device).to(regions.device)
    flat = torch.where(regions, draws, -1.0).reshape(count, -1)
    best = flat.argmax(dim=1)
    points = torch.stack([best % width, torch.div(best, width, rounding_mode="floor")], dim=1).float()
    return points, regions.reshape(count, -1).any(dim=1)


def corrections(
    predicted: Bool[Tensor, "objects h w"], true: Bool[Tensor, "objects h w"], *, generator: torch.Generator
) -> tuple[Float[Tensor, "objects 2 2"], Int[Tensor, "objects 2"]]:
    """One positive and one negative click per object, where the mask is wrong.

    The positive click falls on what the mask misses, else on what it gets right, else on the object. The
    negative one falls on what it invents, else into the object's box grown by 3 pixels but outside the
    object, else anywhere outside the object (micro-sam, iterative prompting). An object that fills the
    whole image has no place for a negative click; its label is -1: no prompt.
    """
    positive, found = random_pixel(true & ~predicted, generator=generator)
    anywhere, _ = random_pixel(true, generator=generator)
    positive = torch.where(found[:, None], positive, anywhere)

    negative, invented = random_pixel(predicted & ~true, generator=generator)
    near, has_near = random_pixel(_grown_boxes(true, by=3) & ~true, generator=generator)
    outside, has_outside = random_pixel(~true, generator=generator)
    negative = torch.where(invented[:, None], negative, torch.where(has_near[:, None], near, outside))
    label = torch.where(has_outside, 0, -1)

    points = torch.stack([positive, negative], dim=1)
    labels = torch.stack([torch.ones_like(label), label], dim=1)
    return points, labels


def centre(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """The pixel (y, x) of a mask farthest from its border; ties to the first in reading order."""
    inside = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    y, x = divmod(int(inside.argmax()), mask.shape[1])
    return y, x


def _grown_boxes(masks: Bool[Tensor, "objects h w"], *, by: int) -> Bool[Tensor, "objects h w"]:
    _, height, width = masks.shape
    tight = boxes(masks)
    y = torch.arange(height, device=masks.device)[None, :, None]
    x = torch.arange(width, device=masks.device)[None, None, :]
    x0, y0, x1, y1 = (tight[:, k, None, None] for k in range(4))
    return (x >= x0 - by) & (x <= x1 + by) & (y >= y0 - by) & (y <= y1 + by)
