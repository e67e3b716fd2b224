"""Masks of objects from a person's points or boxes, asked in the windows in which scoring would ask."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int32
from numpy.typing import NDArray

from tunebook.images import pixels
from tunebook.tasks.promptable_segmentation import inference, interactive
from tunebook.tasks.promptable_segmentation.inference import Embedded
from tunebook.tasks.promptable_segmentation.interactive import OBJECTS_AT_ONCE
from tunebook.tasks.promptable_segmentation.new_images import Numbers
from tunebook.tasks.promptable_segmentation.sam.model import Sam


@torch.no_grad()
def labels(
    model: Sam, seen: Embedded, given: Sequence[Numbers], *, mode: str, shape: tuple[int, int]
) -> Int32[np.ndarray, "h w"]:
    """The label map of prompts: the object of the i-th has the id i + 1; of one that is covered or empty there is none.

    Args:
        given: (x, y) of each, or (x0, y0, x1, y1) with the ends excluded, in pixels of the image.
        mode: point or box.
        shape: (h, w) of the image.
    """
    homes = [pixels.tile_of(_box(numbers), seen.tiles) for numbers in given]
    corners = np.array([(seen.tiles[home].y, seen.tiles[home].x) for home in homes], np.int32).reshape(-1, 2)
    masks = [_asked(model, seen, given[part], homes[part], corners[part], mode) for part in _parts(len(given))]
    side = model.size.mask_size
    arrays = {mode: np.concatenate([np.zeros((0, side, side), np.uint8), *masks]), "windows": corners}
    return inference.label_map(arrays, mode, shape=shape, window=seen.window, components=False)


def _asked(
    model: Sam, seen: Embedded, given: Sequence[Numbers], homes: Sequence[int], corners: NDArray[np.int32], mode: str
) -> NDArray[np.uint8]:
    device, scale = seen.embeddings.device, model.size.image_size / seen.window
    away = np.tile(corners[:, ::-1], len(given[0]) // 2)
    numbers = torch.tensor(np.array(given) - away, dtype=torch.float32, device=device)
    home = torch.tensor(homes, dtype=torch.long)
    if mode == "point":
        points, signs = interactive.seen_point(numbers, scale)
        logits, _ = interactive.answer(model, seen.embeddings, home, points, signs, None)
    else:
        boxes = interactive.seen_box(numbers.clamp(min=0, max=seen.window), scale)
        logits, _ = interactive.answer(model, seen.embeddings, home, None, None, boxes)
    return inference.in_steps(logits)


def _box(numbers: Numbers) -> tuple[int, int, int, int]:
    """(y0, x0, y1, x1) in whole pixels; a point is the pixel that it lies in."""
    if len(numbers) == 2:
        x, y = (max(0, round(number)) for number in numbers)
        return y, x, y + 1, x + 1
    x0, y0, x1, y1 = numbers
    return int(y0), int(x0), int(np.ceil(y1)), int(np.ceil(x1))


def _parts(number: int) -> list[slice]:
    return [slice(start, start + OBJECTS_AT_ONCE) for start in range(0, number, OBJECTS_AT_ONCE)]
