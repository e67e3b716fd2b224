"""A model whose right answer is known: it reads the truth, and what it believes at first, from the image."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from tunebook.tasks.promptable_segmentation.batches import Sample
from tunebook.tasks.promptable_segmentation.sam import SIZES, Sam
from tunebook.tasks.promptable_segmentation.sam.model import PIXEL_MEAN, PIXEL_STD

CELL = 2
"""Pixels of the model's input along a side of the decoder's cells: what is made of such cells it can draw exactly."""
LOGIT = 15.0


def shown(truth: NDArray[np.int32], belief: NDArray[np.int32] | None = None) -> Sample:
    """An image for `Seeing`: the truth, and the label map that it believes in until it is corrected (none: the same).

    Both are made of 2 x 2 pixels, in every window.
    """
    believed = truth if belief is None else belief
    return Sample(np.stack([truth, believed, np.zeros_like(truth)], axis=2).astype(np.float32), truth)


class Seeing(Sam):
    """Segment-Anything's interface. It knows the object of the first point, or of the box, in its window.

    Its mask is the object as believed. A click corrects the connected piece of the error that it falls into: a
    positive one adds what is missed there, a negative one takes away what is invented there. Of its four masks one is
    right, that which should be chosen; of those that must not be, one has the highest predicted IoU of all.
    """

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.size = SIZES["small"]
        self.automatic_decoder = None
        self.asked: list[dict[str, Tensor | None]] = []

    def encode(self, images):
        mean, std = (torch.tensor(value)[:, None, None] for value in (PIXEL_MEAN, PIXEL_STD))
        return (images * std + mean).round()[:, :2, ::CELL, ::CELL]

    def decode(self, embeddings, *, image_of, points=None, labels=None, boxes=None, masks=None):
        found = []
        for at, window in enumerate(image_of.tolist()):
            truth, believed = embeddings[window].int().numpy()
            clicks = [] if points is None else list(zip(points[at].tolist(), labels[at].tolist(), strict=True))
            if boxes is None:
                (first, _), *clicks = clicks
                number = truth[_cell(first)]
            else:
                number = _boxed(truth, boxes[at].tolist())
            found.append(_corrected(truth == number, believed == number, clicks))
        mask = torch.from_numpy(np.stack(found))
        single = boxes is None and points.shape[1] == 1
        right = torch.where(mask, LOGIT, -LOGIT)
        self.asked.append({"points": points, "labels": labels, "boxes": boxes, "masks": masks, "answer": right})
        logits = torch.stack([right if place == (2 if single else 0) else -right for place in range(4)], dim=1)
        return logits, torch.tensor([[0.99, 0.1, 0.8, 0.2] if single else [0.7, 0.1, 0.99, 0.2]]).repeat(len(mask), 1)


def _cell(point: list[float]) -> tuple[int, int]:
    x, y = point
    return int((y + 0.5) // CELL), int((x + 0.5) // CELL)


def _boxed(truth: NDArray[np.int32], box: list[float]) -> int:
    """The object that the box fits."""
    for number, place in enumerate(ndimage.find_objects(truth), start=1):
        if place is not None:
            y, x = place
            if box == [CELL * x.start, CELL * y.start, CELL * x.stop - 1, CELL * y.stop - 1]:
                return number
    raise AssertionError(f"no object has the box {box}")


def _corrected(
    true: NDArray[np.bool_], believed: NDArray[np.bool_], clicks: list[tuple[list[float], int]]
) -> NDArray[np.bool_]:
    mask = believed.copy()
    for sign, wrong in ((1, true & ~believed), (0, believed & ~true)):
        pieces, _ = ndimage.label(wrong)
        for point, label in clicks:
            piece = pieces[_cell(point)]
            if label == sign and piece:
                mask[pieces == piece] = bool(sign)
    return mask
