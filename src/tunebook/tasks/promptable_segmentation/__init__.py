"""Segment-Anything models adapted to the instances of microscopy images."""

from tunebook.tasks.promptable_segmentation.description import PromptableSegmentation

TASK = PromptableSegmentation()
