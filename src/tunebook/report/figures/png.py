"""A drawing as a PNG file, by matplotlib: the same bytes for the same drawing on one installation."""

import io
from functools import cache, singledispatch

import matplotlib
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.font_manager import findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Rectangle
from matplotlib.patheffects import withStroke

from tunebook.report.figures.drawing import Box, Dot, Drawing, Line, Mark, Text
from tunebook.report.figures.palette import INKS
from tunebook.report.figures.svg import hatching

DENSITY = 1.5
"""Pixels of the file for each of the drawing."""
MARGIN = 12.0
"""White around the drawing."""
POINT = 0.72
"""Points in a pixel, at 100 pixels an inch."""
FAINT = 0.45


def png(drawing: Drawing) -> bytes:
    """Put a drawing on white."""
    with style.context("default"), matplotlib.rc_context({"font.family": "DejaVu Sans"}):
        width, height = drawing.width + 2 * MARGIN, drawing.height + 2 * MARGIN
        canvas = Canvas(figsize=(width / 100, height / 100), dpi=100 * DENSITY)
        axes = canvas.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(-MARGIN, drawing.width + MARGIN)
        axes.set_ylim(drawing.height + MARGIN, -MARGIN)
        for order, mark in enumerate(drawing.marks):
            _put(mark, axes, order)
        file = io.BytesIO()
        canvas.savefig(file, format="png", metadata={"Software": None})
        return file.getvalue()


@singledispatch
def _put(mark: Mark, axes: Axes, order: int) -> None:
    raise TypeError(f"no PNG for {type(mark).__name__}")


@_put.register
def _(mark: Line, axes: Axes, order: int) -> None:
    across, down = zip(*mark.points, strict=True)
    line = Line2D(across, down, color=_colour(mark.ink), linewidth=POINT * mark.width, zorder=order)
    line.set_alpha(FAINT if mark.faint else None)
    if mark.dash:
        line.set_linestyle((0, [float(part) / mark.width for part in mark.dash.split()]))
    axes.add_artist(line)


@_put.register
def _(mark: Box, axes: Axes, order: int) -> None:
    if mark.hatched:
        for (x1, y1), (x2, y2) in hatching(mark):
            axes.add_artist(
                Line2D((x1, x2), (y1, y2), color=_colour(mark.ink), linewidth=POINT, alpha=0.6, zorder=order)
            )
        return
    axes.add_artist(
        Rectangle((mark.x, mark.y), mark.width, mark.height, facecolor=_colour(mark.ink), linewidth=0, zorder=order)
    )


@_put.register
def _(mark: Dot, axes: Axes, order: int) -> None:
    face = "white" if mark.hollow else _colour(mark.ink)
    look = {"facecolor": face, "edgecolor": _colour(mark.ink), "linewidth": 1.6 * POINT * mark.hollow, "zorder": order}
    if mark.square:
        corner, side = (mark.x - mark.radius, mark.y - mark.radius), 2 * mark.radius
        axes.add_artist(Rectangle(corner, side, side, **look))  # type: ignore[arg-type]  # named like its arguments
    else:
        axes.add_artist(Circle((mark.x, mark.y), mark.radius, **look))


@_put.register
def _(mark: Text, axes: Axes, order: int) -> None:
    axes.text(
        mark.x,
        mark.y,
        _drawable(mark.text),
        color=_colour(mark.ink),
        fontsize=POINT * mark.size * 0.94,  # DejaVu Sans is wider than the fonts of a browser
        ha={"start": "left", "middle": "center", "end": "right"}[mark.anchor],
        va="baseline",
        fontweight="bold" if mark.bold else "normal",
        parse_math=False,
        path_effects=[withStroke(linewidth=3 * POINT, foreground="white")] if mark.halo else None,
        zorder=order,
    )


def _colour(ink: str) -> str:
    return INKS.get(ink, ink)


def _drawable(text: str) -> str:
    """The text with characters that the font lacks replaced by a box."""
    return "".join(character if ord(character) in _characters() else "□" for character in text)


@cache
def _characters() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())
