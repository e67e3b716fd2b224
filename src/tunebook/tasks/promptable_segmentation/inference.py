"""From an image to raw predictions, and from raw predictions to label maps.

Raw predictions of one image (arrays of `Prediction`):

    ais         uint8 (3, h, w)            foreground, centre and boundary distance, 0..255 for 0..1
    windows     int32 (objects, 2)         upper left corner (y, x) of the window that each object was asked in
    point, box  uint8 (objects, side, side)  mask logits in steps of 1/8, 128 = 0, for one point and one box
    point-iou, box-iou  float32 (objects)  the predicted IoU of that mask

Objects are those of the truth, in the order of their ids.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tunebook.tasks.promptable_segmentation import images, losses, prompts
from tunebook.tasks.promptable_segmentation.painting import Placed, paint_placed
from tunebook.tasks.promptable_segmentation.sam.model import Sam, normalise

STEPS_PER_LOGIT = 8
OBJECTS_AT_ONCE = 64
PIXELS_AT_ONCE = 1024 * 1024


@torch.no_grad()
def predict(
    model: Sam, image: NDArray[np.float32], truth: NDArray[Any], *, crop: int | None, automatic: bool, device: str
) -> dict[str, NDArray[Any]]:
    """Raw predictions of one image: its windows are embedded once, and every mode uses the embeddings.

    Args:
        image: (h, w, 3), 0..255, of any size.
        truth: (h, w) instance ids 1..n; prompts come from it: a point at the pixel farthest from each object's
            border, a tight box. An object is asked in one window: what lies beyond it is not found.
        crop: Side of the window in pixels of the image; None: the model's input size.
        automatic: Whether to predict the three maps too.
    """
    model.eval()
    size = model.size.image_size
    window = crop or size
    tiles = images.tiles(truth.shape, size=window, overlap=window // 2)
    stack = np.stack([images.cut(image, tile) for tile in tiles]).transpose(0, 3, 1, 2)
    pixels = normalise(_scaled(torch.from_numpy(np.ascontiguousarray(stack)), size).to(device))
    chunk = max(1, PIXELS_AT_ONCE // size**2)
    embeddings = torch.cat([model.encode(part) for part in pixels.split(chunk)])
    found: dict[str, NDArray[Any]] = {}

    if automatic and model.automatic_decoder is not None:
        parts = zip(embeddings.split(chunk), pixels.split(chunk), strict=True)
        maps = _scaled(torch.cat([model.maps(*part) for part in parts]), window).cpu().numpy()
        whole = images.stitch(tiles, maps, truth.shape, overlap=window // 2)
        found["ais"] = np.clip(np.rint(whole * 255), 0, 255).astype(np.uint8)

    home, points, boxes = _starts(truth, tiles, scale=size / window)
    found["windows"] = np.array([(tiles[k].y, tiles[k].x) for k in home], np.int32).reshape(-1, 2)
    image_of = torch.tensor(home, dtype=torch.long, device=device)
    signs = torch.ones(len(home), 1, dtype=torch.long, device=device)
    asked: dict[str, dict[str, Tensor]] = {
        "point": {"points": points.to(device)[:, None], "labels": signs},
        "box": {"boxes": boxes.to(device)},
    }
    for mode, given in asked.items():
        masks, scores = _decode(model, embeddings, image_of, given, chosen=slice(1, 4) if mode == "point" else slice(1))
        steps = torch.round(masks * STEPS_PER_LOGIT) + 128
        found[mode] = steps.clamp(0, 255).to(torch.uint8).cpu().numpy()
        found[f"{mode}-iou"] = scores.cpu().numpy()
    return found


def label_map(
    arrays: Mapping[str, NDArray[Any]], mode: str, *, shape: tuple[int, int], window: int
) -> NDArray[np.int32]:
    """The instance map of an interactive mode: every object's mask cut at logit 0, painted into one map.

    Args:
        arrays: Raw predictions of one image.
        mode: `point` or `box`.
        shape: (h, w) of the image.
        window: Side of the windows in pixels of the image.
    """
    logits = torch.from_numpy(arrays[mode].astype(np.float32) - 128)[:, None]
    placed = []
    for start in range(0, len(logits), OBJECTS_AT_ONCE):
        masks = _scaled(logits[start : start + OBJECTS_AT_ONCE], window)[:, 0].numpy() > 0
        for mask, (y, x) in zip(masks, arrays["windows"][start : start + OBJECTS_AT_ONCE], strict=True):
            placed.append(Placed(mask[: shape[0] - y, : shape[1] - x], int(y), int(x)))
    return paint_placed(placed, shape)


def _starts(
    truth: NDArray[Any], tiles: Sequence[images.Tile], *, scale: float
) -> tuple[list[int], Float[Tensor, "objects 2"], Float[Tensor, "objects 4"]]:
    """Each object's window, and its start prompts in pixels of the model's input."""
    home: list[int] = []
    points: list[tuple[float, float]] = []
    boxes: list[tuple[float, float, float, float]] = []
    for number, place in enumerate(images.objects(truth), start=1):
        tile, top, left, mask = _home(truth, place, number, tiles)
        y, x = prompts.centre(mask)
        rows, columns = top + np.flatnonzero(mask.any(axis=1)), left + np.flatnonzero(mask.any(axis=0))
        home.append(tile)
        points.append((left + x, top + y))
        boxes.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    pixels = (torch.tensor(points, dtype=torch.float32).reshape(-1, 2) + 0.5) * scale - 0.5
    # A box reaches from its first pixel to its last one, whatever their size: here the ends are excluded.
    corners = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4) * scale - torch.tensor([0.0, 0.0, 1.0, 1.0])
    return home, pixels, corners


def _home(
    truth: NDArray[Any], place: tuple[slice, slice], number: int, tiles: Sequence[images.Tile]
) -> tuple[int, int, int, NDArray[np.bool_]]:
    """The window that an object is asked in, and what of the object lies there; at least one pixel does.

    Returns:
        The window's index; the row and the column, within the window, where the mask begins; the mask.
    """
    rows, columns = place
    tile = images.tile_of((rows.start, columns.start, rows.stop, columns.stop), tiles)
    found = _within(truth, place, number, tiles[tile])
    if not found[2].any():  # no window holds the box whole, and the object leaves the best one empty
        y, x = prompts.centre(truth[place] == number)
        y, x = y + rows.start, x + columns.start
        tile = images.tile_of((y, x, y + 1, x + 1), tiles)
        found = _within(truth, place, number, tiles[tile])
    return tile, *found


def _within(
    truth: NDArray[Any], place: tuple[slice, slice], number: int, tile: images.Tile
) -> tuple[int, int, NDArray[np.bool_]]:
    """Where the part of an object's box that lies in a window begins there, and the object's pixels in it."""
    rows, columns = place
    top, left = max(rows.start, tile.y), max(columns.start, tile.x)
    bottom, right = min(rows.stop, tile.y + tile.height), min(columns.stop, tile.x + tile.width)
    return top - tile.y, left - tile.x, truth[top:bottom, left:right] == number


def _decode(
    model: Sam,
    embeddings: Float[Tensor, "windows c gh gw"],
    image_of: Int[Tensor, " objects"],
    given: Mapping[str, Tensor],
    *,
    chosen: slice,
) -> tuple[Float[Tensor, "objects side side"], Float[Tensor, " objects"]]:
    """The mask of highest predicted IoU among the `chosen` ones, for all objects of an image."""
    masks = [torch.zeros(0, model.size.mask_size, model.size.mask_size, device=embeddings.device)]
    scores = [torch.zeros(0, device=embeddings.device)]
    for start in range(0, len(image_of), OBJECTS_AT_ONCE):
        part = slice(start, start + OBJECTS_AT_ONCE)
        logits, iou = model.decode(
            embeddings, image_of=image_of[part], **{name: prompt[part] for name, prompt in given.items()}
        )
        best, index = losses.best_mask(logits[:, chosen].float(), iou[:, chosen].float())
        masks.append(best)
        scores.append(iou[:, chosen].float().gather(1, index[:, None])[:, 0])
    return torch.cat(masks), torch.cat(scores)


def _scaled(maps: Float[Tensor, "n c h w"], side: int) -> Float[Tensor, "n c side side"]:
    if maps.shape[-1] == side:
        return maps
    return functional.interpolate(
        maps, size=(side, side), mode="bilinear", align_corners=False, antialias=side < maps.shape[-1]
    )
