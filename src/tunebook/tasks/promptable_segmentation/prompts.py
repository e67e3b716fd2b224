"""The simulated user: where prompts start, and where a correction is clicked.

Coordinates are (x, y) in pixels of the masks. All draws are given, or come from a given generator, and their number
does not depend on the masks, so that one seed means the same draws for every configuration.
"""

from collections.abc import Sequence

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


def drawn_pixel(
    regions: Bool[Tensor, "objects h w"], draws: Float[Tensor, " objects"]
) -> tuple[Float[Tensor, "objects 2"], Bool[Tensor, " objects"]]:
    """The pixel (x, y) of each region that a number picks, and whether the region holds any.

    Args:
        draws: Of a region with n pixels, in reading order, a number within [k / n, (k + 1) / n) picks the k-th from 0.
            Uniform numbers pick every pixel as often as `random_pixel` does, for one draw in place of one per pixel.
    """
    per_row = regions.sum(dim=2)
    until = per_row.cumsum(dim=1)
    count = until[:, -1]
    # In double precision no product of a number below 1 and a count of pixels rounds up to the count.
    nth = (draws.double() * count).long()
    row = (until <= nth[:, None]).sum(dim=1).clamp(max=regions.shape[1] - 1)
    each = torch.arange(len(regions), device=regions.device)
    within = nth - (until - per_row)[each, row]
    column = (regions[each, row].cumsum(dim=1) <= within[:, None]).sum(dim=1).clamp(max=regions.shape[2] - 1)
    return torch.stack([column, row], dim=1).float(), count > 0


def corrections(
    predicted: Bool[Tensor, "objects h w"],
    true: Bool[Tensor, "objects h w"],
    *,
    margin: int = 3,
    generator: torch.Generator,
) -> tuple[Float[Tensor, "objects 2 2"], Int[Tensor, "objects 2"]]:
    """One positive and one negative click per object, where the mask is wrong.

    The positive click falls on what the mask misses, else on the object, which it then holds whole. The negative one
    falls on what it invents, else into the object's box grown by `margin` pixels but outside the object, else
    anywhere outside the object (micro-sam, iterative prompting). An object that fills the whole image has no place
    for a negative click; its label is -1: no prompt.

    Args:
        margin: Pixels of the masks.
        generator: Draws a number per pixel and region, whatever the masks are.
    """
    on, beside = _regions(predicted, true, margin=margin)
    positive, _ = _first([random_pixel(region, generator=generator) for region in on])
    negative, possible = _first([random_pixel(region, generator=generator) for region in beside])
    return _clicks(positive, negative, possible)


def drawn_corrections(
    predicted: Bool[Tensor, "objects h w"],
    true: Bool[Tensor, "objects h w"],
    *,
    margin: int = 3,
    draws: Float[Tensor, "objects 2"],
) -> tuple[Float[Tensor, "objects 2 2"], Int[Tensor, "objects 2"]]:
    """The clicks of `corrections`, each picked by a number of its own.

    Args:
        margin: Pixels of the masks.
        draws: In [0, 1), see `drawn_pixel`; the positive click's first.
    """
    on, beside = _regions(predicted, true, margin=margin)
    positive, _ = _first([drawn_pixel(region, draws[:, 0]) for region in on])
    negative, possible = _first([drawn_pixel(region, draws[:, 1]) for region in beside])
    return _clicks(positive, negative, possible)


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


def _regions(
    predicted: Bool[Tensor, "objects h w"], true: Bool[Tensor, "objects h w"], *, margin: int
) -> tuple[list[Bool[Tensor, "objects h w"]], list[Bool[Tensor, "objects h w"]]]:
    """Where a positive and where a negative click may fall, the preferred regions first."""
    return [true & ~predicted, true], [predicted & ~true, _grown_boxes(true, by=margin) & ~true, ~true]


def _first(
    drawn: Sequence[tuple[Float[Tensor, "objects 2"], Bool[Tensor, " objects"]]],
) -> tuple[Float[Tensor, "objects 2"], Bool[Tensor, " objects"]]:
    """Each object's pixel of the first region that holds any, and whether one does."""
    *preferred, (points, found) = drawn
    for better, held in reversed(preferred):
        points, found = torch.where(held[:, None], better, points), found | held
    return points, found


def _clicks(
    positive: Float[Tensor, "objects 2"], negative: Float[Tensor, "objects 2"], possible: Bool[Tensor, " objects"]
) -> tuple[Float[Tensor, "objects 2 2"], Int[Tensor, "objects 2"]]:
    label = torch.where(possible, 0, -1)
    return torch.stack([positive, negative], dim=1), torch.stack([torch.ones_like(label), label], dim=1)
