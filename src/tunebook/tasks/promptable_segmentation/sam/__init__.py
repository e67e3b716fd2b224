"""Segment-Anything in any size, under transformers' parameter names."""

from tunebook.tasks.promptable_segmentation.sam.model import Sam, blank, build, normalise
from tunebook.tasks.promptable_segmentation.sam.sizes import SIZES, Size

__all__ = ["SIZES", "Sam", "Size", "blank", "build", "normalise"]
