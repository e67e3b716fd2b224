"""Simulated microscope images with instance labels: the data of the quickstart, endless for pre-training.

A picture is made in three steps: a scene of outlines is scattered (`scenes`) or tiled (`sheets`), a painter of the
modality turns it into light (`painters`), uneven light and a camera's noise are added (`light`). Everything is drawn
from one generator, so equal generators give equal pictures.
"""

from tunebook.simulate.dataset import KINDS, USUAL_KINDS, VERSION, cells, image
from tunebook.simulate.scenes import MOST_OBJECTS, SMALLEST_OBJECT

__all__ = ["KINDS", "MOST_OBJECTS", "SMALLEST_OBJECT", "USUAL_KINDS", "VERSION", "cells", "image"]
