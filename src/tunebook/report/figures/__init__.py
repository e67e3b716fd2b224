"""Figures: laid out once from their values, put down as SVG for HTML and as PNG for Markdown."""

from functools import singledispatch

from tunebook.report.figures.chain import chain
from tunebook.report.figures.curves import curves
from tunebook.report.figures.drawing import Drawing
from tunebook.report.figures.figure import (
    ChainFigure,
    CurvesFigure,
    Figure,
    HeatmapFigure,
    IntervalsFigure,
    ScatterFigure,
)
from tunebook.report.figures.heatmap import heatmap
from tunebook.report.figures.intervals import intervals
from tunebook.report.figures.scatter import scatter


@singledispatch
def drawn(figure: Figure) -> Drawing:
    """The marks of a figure.

    Raises:
        TypeError: for a kind of figure that has no layout.
    """
    raise TypeError(f"no layout for {type(figure).__name__}")


drawn.register(ChainFigure, chain)
drawn.register(CurvesFigure, curves)
drawn.register(HeatmapFigure, heatmap)
drawn.register(IntervalsFigure, intervals)
drawn.register(ScatterFigure, scatter)
