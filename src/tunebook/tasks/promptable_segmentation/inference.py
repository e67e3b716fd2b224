"""From an image to raw predictions, and from raw predictions to label maps.

Raw predictions of one image (arrays of `Prediction`):

    ais         uint8 (3, h, w)            foreground, centre and boundary distance, 0..255 for 0..1
    windows     int32 (objects, 2)         upper left corner (y, x) of the window that each object was asked in
    point, box  uint8 (objects, side, side)  mask logits in steps of 1/8, 128 = 0, for one point and one box
    ip, ib      the same                   after the corrections that followed the point and the box
    point-iou …  float32 (objects)         the predicted IoU of that mask, of all four

Objects are those of the truth, in the order of their ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from torch import Tensor

from tunebook.images import pixels
from tunebook.tasks.promptable_segmentation import interactive
from tunebook.tasks.promptable_segmentation.config import Iterative
from tunebook.tasks.promptable_segmentation.interactive import OBJECTS_AT_ONCE, scaled
from tunebook.tasks.promptable_segmentation.painting import Placed, paint_placed
from tunebook.tasks.promptable_segmentation.sam.model import Sam, normalise

STEPS_PER_LOGIT = 8
PIXELS_AT_ONCE = 1024 * 1024


@dataclass(frozen=True)
class Embedded:
    """An image cut into windows, and what the encoder makes of them.

    Args:
        tiles: The windows, which overlap by half.
        window: Their side in pixels of the image.
        seen: The windows as the model's input.
        embeddings: Theirs, in the same order.
    """

    tiles: tuple[pixels.Tile, ...]
    window: int
    seen: Float[Tensor, "windows 3 size size"]
    embeddings: Float[Tensor, "windows c gh gw"]


@torch.no_grad()
def predict(
    model: Sam,
    image: NDArray[np.float32],
    truth: NDArray[Any],
    *,
    item: str,
    crop: int | None,
    automatic: bool,
    iterative: Iterative,
    device: str,
) -> dict[str, NDArray[Any]]:
    """Raw predictions of one image: its windows are embedded once, and every mode uses the embeddings.

    Args:
        image: (h, w, 3), 0..255, of any size.
        truth: (h, w) instance ids 1..n; prompts and corrections come from it, see `interactive`.
        item: Name of the image within its split; corrections are drawn from it.
        crop: Side of the window in pixels of the image; None: the model's input size.
        automatic: Whether to predict the three maps too.
        iterative: How the simulated user corrects.
    """
    seen = embedded(model, image, crop=crop, device=device)
    found: dict[str, NDArray[Any]] = {}
    if automatic and model.automatic_decoder is not None:
        found["ais"] = maps(model, seen, truth.shape)

    asked = interactive.asked(truth, seen.tiles)
    found["windows"] = asked.windows
    side = model.size.mask_size
    for mode in (*interactive.STARTS, *interactive.STARTS.values()):
        found[mode] = np.zeros((len(asked), side, side), np.uint8)
        found[f"{mode}-iou"] = np.zeros(len(asked), np.float32)
    answers = interactive.answers(model, seen.embeddings, asked, item=item, window=seen.window, iterative=iterative)
    for mode, part, (masks, scores) in answers:
        found[mode][part] = in_steps(masks)
        found[f"{mode}-iou"][part] = scores.cpu().numpy()
    return found


@torch.no_grad()
def embedded(model: Sam, image: NDArray[np.float32], *, crop: int | None, device: str) -> Embedded:
    """An image as a model sees it; the model is left in evaluation mode.

    Args:
        image: (h, w, 3), 0..255, of any size.
        crop: Side of the window in pixels of the image; None: the model's input size.
    """
    model.eval()
    size = model.size.image_size
    window = crop or size
    tiles = pixels.tiles(image.shape, size=window, overlap=window // 2)
    stack = np.stack([pixels.cut(image, tile) for tile in tiles]).transpose(0, 3, 1, 2)
    seen = normalise(scaled(torch.from_numpy(np.ascontiguousarray(stack)), size).to(device))
    chunk = max(1, PIXELS_AT_ONCE // size**2)
    return Embedded(tiles, window, seen, torch.cat([model.encode(part) for part in seen.split(chunk)]))


@torch.no_grad()
def maps(model: Sam, seen: Embedded, shape: tuple[int, ...]) -> UInt8[np.ndarray, "3 h w"]:
    """Foreground, centre and boundary distance, 0..255 for 0..1, by the automatic decoder, which the model must have.

    Args:
        shape: (h, w) of the image.
    """
    chunk = max(1, PIXELS_AT_ONCE // model.size.image_size**2)
    parts = zip(seen.embeddings.split(chunk), seen.seen.split(chunk), strict=True)
    found = scaled(torch.cat([model.maps(*part) for part in parts]), seen.window).cpu().numpy()
    whole = pixels.stitch(seen.tiles, found, shape, overlap=seen.window // 2)
    return np.clip(np.rint(whole * 255), 0, 255).astype(np.uint8)


def in_steps(logits: Float[Tensor, "objects side side"]) -> UInt8[np.ndarray, "objects side side"]:
    """Mask logits as they are kept: in steps of 1/8, 128 = 0."""
    steps = torch.round(logits * STEPS_PER_LOGIT) + 128
    return np.asarray(steps.clamp(0, 255).to(torch.uint8).cpu().numpy())


def label_map(
    arrays: Mapping[str, NDArray[Any]], mode: str, *, shape: tuple[int, int], window: int, components: bool = True
) -> NDArray[np.int32]:
    """The instance map of an interactive mode: every object's mask cut at logit 0, painted into one map.

    Args:
        arrays: Raw predictions of one image.
        mode: `point`, `box`, `ip` or `ib`.
        shape: (h, w) of the image.
        window: Side of the windows in pixels of the image.
        components: Whether every loose piece of a mask is an object, as in scoring; see `paint_placed`.
    """
    logits = torch.from_numpy(arrays[mode].astype(np.float32) - 128)[:, None]
    placed = []
    for start in range(0, len(logits), OBJECTS_AT_ONCE):
        masks = scaled(logits[start : start + OBJECTS_AT_ONCE], window)[:, 0].numpy() > 0
        for mask, (y, x) in zip(masks, arrays["windows"][start : start + OBJECTS_AT_ONCE], strict=True):
            placed.append(Placed(mask[: shape[0] - y, : shape[1] - x], int(y), int(x)))
    return paint_placed(placed, shape, components=components)
