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
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tunebook.images import pixels
from tunebook.tasks.promptable_segmentation import interactive
from tunebook.tasks.promptable_segmentation.config import Iterative
from tunebook.tasks.promptable_segmentation.interactive import OBJECTS_AT_ONCE, scaled
from tunebook.tasks.promptable_segmentation.painting import Placed, paint_placed
from tunebook.tasks.promptable_segmentation.sam.model import Sam, normalise

STEPS_PER_LOGIT = 8
PIXELS_AT_ONCE = 1024 * 1024


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
    model.eval()
    size = model.size.image_size
    window = crop or size
    tiles = pixels.tiles(truth.shape, size=window, overlap=window // 2)
    stack = np.stack([pixels.cut(image, tile) for tile in tiles]).transpose(0, 3, 1, 2)
    seen = normalise(scaled(torch.from_numpy(np.ascontiguousarray(stack)), size).to(device))
    chunk = max(1, PIXELS_AT_ONCE // size**2)
    embeddings = torch.cat([model.encode(part) for part in seen.split(chunk)])
    found: dict[str, NDArray[Any]] = {}

    if automatic and model.automatic_decoder is not None:
        parts = zip(embeddings.split(chunk), seen.split(chunk), strict=True)
        maps = scaled(torch.cat([model.maps(*part) for part in parts]), window).cpu().numpy()
        whole = pixels.stitch(tiles, maps, truth.shape, overlap=window // 2)
        found["ais"] = np.clip(np.rint(whole * 255), 0, 255).astype(np.uint8)

    asked = interactive.asked(truth, tiles)
    found["windows"] = asked.windows
    side = model.size.mask_size
    for mode in (*interactive.STARTS, *interactive.STARTS.values()):
        found[mode] = np.zeros((len(asked), side, side), np.uint8)
        found[f"{mode}-iou"] = np.zeros(len(asked), np.float32)
    answers = interactive.answers(model, embeddings, asked, item=item, window=window, iterative=iterative)
    for mode, part, (masks, scores) in answers:
        steps = torch.round(masks * STEPS_PER_LOGIT) + 128
        found[mode][part] = steps.clamp(0, 255).to(torch.uint8).cpu().numpy()
        found[f"{mode}-iou"][part] = scores.cpu().numpy()
    return found


def label_map(
    arrays: Mapping[str, NDArray[Any]], mode: str, *, shape: tuple[int, int], window: int
) -> NDArray[np.int32]:
    """The instance map of an interactive mode: every object's mask cut at logit 0, painted into one map.

    Args:
        arrays: Raw predictions of one image.
        mode: `point`, `box`, `ip` or `ib`.
        shape: (h, w) of the image.
        window: Side of the windows in pixels of the image.
    """
    logits = torch.from_numpy(arrays[mode].astype(np.float32) - 128)[:, None]
    placed = []
    for start in range(0, len(logits), OBJECTS_AT_ONCE):
        masks = scaled(logits[start : start + OBJECTS_AT_ONCE], window)[:, 0].numpy() > 0
        for mask, (y, x) in zip(masks, arrays["windows"][start : start + OBJECTS_AT_ONCE], strict=True):
            placed.append(Placed(mask[: shape[0] - y, : shape[1] - x], int(y), int(x)))
    return paint_placed(placed, shape)
