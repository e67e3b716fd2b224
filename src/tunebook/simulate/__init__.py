"""Simulated data: microscope images with instance labels, endless for pre-training, scans of pages, and embeddings.

A picture is made in three steps: a scene of outlines is scattered (`scenes`) or tiled (`sheets`), a painter of the
modality turns it into light (`painters`), uneven light and a camera's noise are added (`light`). Everything is drawn
from one generator, so equal generators give equal pictures. A page (`pages`) is paper, print, stains and what a
pen wrote. `embeddings` writes a table, and says how it is made.
"""

from tunebook.simulate.dataset import KINDS, USUAL_KINDS, VERSION, cells, image
from tunebook.simulate.embeddings import embeddings
from tunebook.simulate.scans import scans
from tunebook.simulate.scenes import MOST_OBJECTS, SMALLEST_OBJECT

__all__ = [
    "KINDS",
    "MOST_OBJECTS",
    "SMALLEST_OBJECT",
    "USUAL_KINDS",
    "VERSION",
    "cells",
    "embeddings",
    "image",
    "scans",
]
