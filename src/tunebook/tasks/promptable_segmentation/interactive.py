"""Masks of objects from a simulated user: a prompt to start from, then clicks where the last mask is wrong.

    point ─ the best of three masks ─┬───────────────────────────────────────────────────────> point
                                     └─ a click on, a click beside ─ mask ─ clicks ─ … ─ mask ─> ip
    box ─── the one mask ────────────┬───────────────────────────────────────────────────────> box
                                     └─ a click on, a click beside ─ mask ─ clicks ─ … ─ mask ─> ib

Prompts add up, and a box stays. Errors are those of the mask cut at logit 0 at the resolution of the image, as it is
painted in the end, within the window that the object is asked in and as far as the window lies in the image. That is
micro-sam's rule, and the truth there is exact: no object is too thin to be clicked at, and no click falls on what only
coarser cells get wrong. A click means the centre of its pixel.

Where within a region a click falls is drawn from the image's name and the object's start pixel alone, so that scoring
repeats and all runs, whatever their method, seed, device or order, are asked with the same luck.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int, Int32
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tunebook.images import pixels
from tunebook.tasks.promptable_segmentation import losses, prompts
from tunebook.tasks.promptable_segmentation.config import Iterative
from tunebook.tasks.promptable_segmentation.sam.model import Sam
from tunebook.train.seeding import numpy_generator

OBJECTS_AT_ONCE = 64
STARTS = {"point": "ip", "box": "ib"}
"""The mode of a start prompt alone -> the mode in which it is corrected."""

Answer = tuple[Float[Tensor, "objects side side"], Float[Tensor, " objects"]]
"""The mask logits of objects at the decoder's resolution, and the predicted IoU of each."""


@dataclass(frozen=True)
class Asked:
    """The objects of an image in the order of their ids, each in the window that it is asked in.

    An object is asked in one window: what lies beyond it is not found.

    Args:
        truth: (h, w) instance ids 1..n.
        ids: Those of the objects here.
        tiles: The window of each.
        home: Its index among the windows of the image.
        points: (x, y) of the pixel farthest from the object's border, in pixels of the window.
        boxes: (x0, y0, x1, y1) of the object's pixels in the window, the ends excluded.
    """

    truth: NDArray[Any]
    ids: range
    tiles: Sequence[pixels.Tile]
    home: Int[Tensor, " objects"]
    points: Float[Tensor, "objects 2"]
    boxes: Float[Tensor, "objects 4"]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, part: slice) -> "Asked":
        return Asked(self.truth, self.ids[part], self.tiles[part], self.home[part], self.points[part], self.boxes[part])

    @property
    def windows(self) -> Int32[NDArray[Any], "objects 2"]:
        """Upper left corners (y, x) of the windows."""
        return np.array([(tile.y, tile.x) for tile in self.tiles], np.int32).reshape(-1, 2)

    def masks(self) -> Bool[Tensor, "objects h w"]:
        """Each object's pixels in its window, as far as the window lies in the image: alike for all windows of it."""
        cuts = (self.truth[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] for tile in self.tiles)
        return torch.from_numpy(np.stack([cut == number for cut, number in zip(cuts, self.ids, strict=True)]))

    def draws(self, item: str, count: int) -> Float64[Tensor, "objects count 2"]:
        """Uniform numbers of each object: two for each of its first `count` corrections."""
        starts = (self.points.long() + torch.from_numpy(self.windows).flip(1)).tolist()
        drawn = [numpy_generator(0, f"clicks\0{item}", x, y).random((count, 2)) for x, y in starts]
        return torch.from_numpy(np.stack(drawn))


def asked(truth: NDArray[Any], tiles: Sequence[pixels.Tile]) -> Asked:
    """What is asked of an image: a point and a box for each object of its truth.

    Args:
        truth: (h, w) instance ids 1..n.
        tiles: The windows of the image.
    """
    home: list[int] = []
    points: list[tuple[int, int]] = []
    boxes: list[tuple[int, int, int, int]] = []
    for number, place in enumerate(pixels.objects(truth), start=1):
        tile, top, left, mask = _home(truth, place, number, tiles)
        y, x = prompts.centre(mask)
        rows, columns = top + np.flatnonzero(mask.any(axis=1)), left + np.flatnonzero(mask.any(axis=0))
        home.append(tile)
        points.append((left + x, top + y))
        boxes.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    return Asked(
        truth,
        range(1, len(home) + 1),
        [tiles[index] for index in home],
        torch.tensor(home, dtype=torch.long),
        torch.tensor(points, dtype=torch.float32).reshape(-1, 2),
        torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
    )


def answers(
    model: Sam,
    embeddings: Float[Tensor, "windows c gh gw"],
    every: Asked,
    *,
    item: str,
    window: int,
    iterative: Iterative,
) -> Iterator[tuple[str, slice, Answer]]:
    """Mode, objects and their masks, of every mode and all objects, many objects at once.

    Args:
        embeddings: Those of all windows of the image.
        item: Name of the image within its split.
        window: Side of the windows in pixels of the image.
    """
    for start in range(0, len(every), OBJECTS_AT_ONCE):
        part = slice(start, start + OBJECTS_AT_ONCE)
        some = every[part]
        true, draws = some.masks().to(embeddings.device), some.draws(item, iterative.iterations - 1)
        for mode, corrected in STARTS.items():
            how = _Conversation(model, embeddings, some, true, draws.to(embeddings.device), window, iterative.masks)
            first, last = how.held(mode)
            yield mode, part, first
            yield corrected, part, last


@dataclass(frozen=True)
class _Conversation:
    """Prompts and answers, in turns."""

    model: Sam
    embeddings: Float[Tensor, "windows c gh gw"]
    asked: Asked
    true: Bool[Tensor, "objects h w"]
    draws: Float64[Tensor, "objects corrections 2"]
    window: int
    masks: bool

    def held(self, start: str) -> tuple[Answer, Answer]:
        """The first and the last answer."""
        device, scale = self.embeddings.device, self.model.size.image_size / self.window
        points, labels, boxes = None, None, None
        if start == "point":
            points, labels = seen_point(self.asked.points.to(device), scale)
        else:
            boxes = seen_box(self.asked.boxes.to(device), scale)

        first = last = self._answer(points, labels, boxes, shown=None)
        height, width = self.true.shape[1:]
        for draws in self.draws.unbind(dim=1):
            predicted = scaled(last[0][:, None], self.window)[:, 0, :height, :width] > 0
            clicks, signs = prompts.drawn_corrections(predicted, self.true, draws=draws)
            clicks = _seen(clicks, scale)
            points = clicks if points is None else torch.cat([points, clicks], dim=1)
            labels = signs if labels is None else torch.cat([labels, signs], dim=1)
            last = self._answer(points, labels, boxes, shown=last[0][:, None] if self.masks else None)
        return first, last

    def _answer(
        self,
        points: Float[Tensor, "objects n 2"] | None,
        labels: Int[Tensor, "objects n"] | None,
        boxes: Float[Tensor, "objects 4"] | None,
        *,
        shown: Float[Tensor, "objects 1 side side"] | None,
    ) -> Answer:
        return answer(self.model, self.embeddings, self.asked.home, points, labels, boxes, shown=shown)


def answer(
    model: Sam,
    embeddings: Float[Tensor, "windows c gh gw"],
    home: Int[Tensor, " objects"],
    points: Float[Tensor, "objects n 2"] | None,
    labels: Int[Tensor, "objects n"] | None,
    boxes: Float[Tensor, "objects 4"] | None,
    *,
    shown: Float[Tensor, "objects 1 side side"] | None = None,
) -> Answer:
    """The mask of highest predicted IoU: of three for a single point, else the one mask.

    Args:
        home: The window of each object.
        points: (x, y), and boxes, in pixels of the model's input; see `Sam.decode`.
        shown: Logits of the last mask, as a prompt.
    """
    logits, iou = model.decode(
        embeddings, image_of=home.to(embeddings.device), points=points, labels=labels, boxes=boxes, masks=shown
    )
    alone = points is not None and points.shape[1] == 1
    chosen = slice(1, 4) if alone else slice(1)
    best, index = losses.best_mask(logits[:, chosen].float(), iou[:, chosen].float())
    return best, iou[:, chosen].float().gather(1, index[:, None])[:, 0]


def scaled(maps: Float[Tensor, "n c h w"], side: int) -> Float[Tensor, "n c side side"]:
    """Square maps of another side; what becomes smaller is averaged."""
    if maps.shape[-1] == side:
        return maps
    return functional.interpolate(
        maps, size=(side, side), mode="bilinear", align_corners=False, antialias=side < maps.shape[-1]
    )


def seen_point(
    points: Float[Tensor, "objects 2"], scale: float
) -> tuple[Float[Tensor, "objects 1 2"], Int[Tensor, "objects 1"]]:
    """One point on each object, in pixels of the model's input, and that it is on it.

    Args:
        points: (x, y) of a pixel of the window.
        scale: Pixels of the model's input for one of the window.
    """
    return _seen(points[:, None], scale), torch.ones(len(points), 1, dtype=torch.long, device=points.device)


def seen_box(boxes: Float[Tensor, "objects 4"], scale: float) -> Float[Tensor, "objects 4"]:
    """Boxes in pixels of the model's input.

    Args:
        boxes: (x0, y0, x1, y1) in pixels of the window, the ends excluded.
    """
    # A box reaches from its first pixel to its last one, whatever their size: here the ends are excluded.
    return boxes * scale - torch.tensor([0.0, 0.0, 1.0, 1.0], device=boxes.device)


def _seen(pixels: Float[Tensor, "objects n 2"], scale: float) -> Float[Tensor, "objects n 2"]:
    """The centres of pixels of a window, in pixels of the model's input."""
    return (pixels + 0.5) * scale - 0.5


def _home(
    truth: NDArray[Any], place: tuple[slice, slice], number: int, tiles: Sequence[pixels.Tile]
) -> tuple[int, int, int, NDArray[np.bool_]]:
    """The window that an object is asked in, and what of the object lies there; at least one pixel does.

    Returns:
        The window's index; the row and the column, within the window, where the mask begins; the mask.
    """
    rows, columns = place
    tile = pixels.tile_of((rows.start, columns.start, rows.stop, columns.stop), tiles)
    found = _within(truth, place, number, tiles[tile])
    if not found[2].any():  # no window holds the box whole, and the object leaves the best one empty
        y, x = prompts.centre(truth[place] == number)
        y, x = y + rows.start, x + columns.start
        tile = pixels.tile_of((y, x, y + 1, x + 1), tiles)
        found = _within(truth, place, number, tiles[tile])
    return tile, *found


def _within(
    truth: NDArray[Any], place: tuple[slice, slice], number: int, tile: pixels.Tile
) -> tuple[int, int, NDArray[np.bool_]]:
    """Where the part of an object's box that lies in a window begins there, and the object's pixels in it."""
    rows, columns = place
    top, left = max(rows.start, tile.y), max(columns.start, tile.x)
    bottom, right = min(rows.stop, tile.y + tile.height), min(columns.stop, tile.x + tile.width)
    return top - tile.y, left - tile.x, truth[top:bottom, left:right] == number
