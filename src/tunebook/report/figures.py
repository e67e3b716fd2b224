"""Figures as PNG files, by matplotlib: the same bytes for the same figure on one installation."""

import io
from functools import cache

import matplotlib
from matplotlib import colormaps, style
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.font_manager import findfont, get_font
from matplotlib.patches import Rectangle

from tunebook.report.cards import CurvesFigure, Figure, HeatmapFigure
from tunebook.report.palette import GREY, HATCHED, PLACES, ink, shades, square_text
from tunebook.report.wording import plain, shortened

DPI = 110
TEXT_COLUMNS = 10
"""Most columns of a heatmap whose squares carry their numbers."""


def png(figure: Figure) -> bytes:
    """Draw a figure on white."""
    with style.context("default"), matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 9}):
        canvas = _heatmap(figure) if isinstance(figure, HeatmapFigure) else _curves(figure)
        file = io.BytesIO()
        canvas.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
        return file.getvalue()


def _heatmap(figure: HeatmapFigure) -> Canvas:
    data = figure.data
    canvas = Canvas(figsize=(1.6 + 0.62 * len(data.xs), 1.4 + 0.42 * len(data.ys)), dpi=DPI, layout="constrained")
    axes = canvas.add_subplot()
    shade, colours = shades(figure), colormaps["viridis"]
    for i, row in enumerate(data.squares):
        for j, square in enumerate(row):
            corner = (j - 0.5, i - 0.5)
            if square.mean is not None:
                axes.add_patch(Rectangle(corner, 1, 1, facecolor=colours(shade(square.mean)), edgecolor="white"))
            elif square.state in HATCHED:
                axes.add_patch(
                    Rectangle(corner, 1, 1, facecolor="none", edgecolor="#b8b8b8", hatch="////", linewidth=0)
                )
            if square.mean is None or len(data.xs) <= TEXT_COLUMNS:
                colour = "black" if square.mean is None else ink(shade(square.mean))
                axes.text(j, i, square_text(square), ha="center", va="center", color=colour, fontsize=8)
    axes.set_xlim(-0.5, len(data.xs) - 0.5)
    axes.set_ylim(-0.5, len(data.ys) - 0.5)
    axes.set_xticks(range(len(data.xs)), [plain(value) for value in data.xs])
    axes.set_yticks(range(len(data.ys)), [plain(value) for value in data.ys])
    axes.tick_params(length=0)
    _label(axes, figure, x=data.x, y=data.y)
    return canvas


def _curves(figure: CurvesFigure) -> Canvas:
    canvas = Canvas(figsize=(6.4, 3.6), dpi=DPI, layout="constrained")
    axes = canvas.add_subplot()
    places = {configuration: place for place, configuration in figure.highlighted.items()}
    for line in figure.data.lines:
        if line.configuration not in places:
            axes.plot(line.steps, line.losses, color=GREY, linewidth=0.8, alpha=0.6, zorder=1)
    for place, configuration in figure.highlighted.items():
        for line in figure.data.lines:
            if line.configuration == configuration:
                colour, _, dash = PLACES[place]
                text = _drawable(shortened(f"{place}: {line.label}"))
                axes.plot(line.steps, line.losses, color=colour, linestyle=dash, linewidth=1.8, label=text, zorder=2)
    if axes.get_legend_handles_labels()[1]:
        for text_of_legend in axes.legend(frameon=False, fontsize=8).get_texts():
            text_of_legend.set_parse_math(False)
    axes.spines[["top", "right"]].set_visible(False)
    _label(axes, figure, x="step", y=figure.data.part)
    return canvas


def _label(axes: Axes, figure: Figure, *, x: str, y: str) -> None:
    title = "\n".join(_drawable(shortened(line, 90)) for line in figure.title)
    axes.set_title(title, loc="left", fontsize=9, parse_math=False)
    axes.set_xlabel(_drawable(x), parse_math=False)
    axes.set_ylabel(_drawable(y), parse_math=False)


def _drawable(text: str) -> str:
    """The text with characters that the font lacks replaced by a box."""
    return "".join(character if ord(character) in _characters() else "□" for character in text)


@cache
def _characters() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())
