"""Binary masks of large scans: trained on tiles, predicted whole, judged pixel by pixel."""

from tunebook.tasks.binary_segmentation.description import BinarySegmentation

TASK = BinarySegmentation()
