"""Thumbnails of the items of a data set, as pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PictureChoice = int | tuple[str, ...] | Literal["best-median-worst"]
"""Items of the first reported split: the first so many, these, or by the score of the best configuration."""


@dataclass(frozen=True)
class Pixels:
    """What a run says of every pixel of an item, in its full size.

    Args:
        background: 256 numbers: how many pixels of the background got each probability, in 255ths.
        foreground: The same of the foreground.
        threshold: From this probability (0..1) on a pixel is predicted, as chosen on the split of the choice.
    """

    background: tuple[int, ...]
    foreground: tuple[int, ...]
    threshold: float


@dataclass(frozen=True)
class Picture:
    """One item of one run, drawn: file paths of PNG thumbnails by panel name, in the order of showing.

    Args:
        pixels: Where the item has a binary mask.
    """

    item: str
    panels: Mapping[str, str]
    caption: str = ""
    pixels: Pixels | None = None
