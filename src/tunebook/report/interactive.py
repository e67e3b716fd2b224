"""Figures as plotly's JSON: plain data for the page's script. Colours of text and grid are the page's own.

Plotly reads a few HTML tags and %{…} in labels, so every text is escaped and no template holds any.
"""

import html
from typing import Any

from tunebook.analyse import Curve, Heatmap, Square
from tunebook.report.cards import CurvesFigure, Figure, HeatmapFigure
from tunebook.report.figures import TEXT_COLUMNS
from tunebook.report.palette import GREY, HATCHED, PLACES, ink, shades, square_text
from tunebook.report.wording import number, plain, shortened

HATCH_LINES = 3


def plotly(figure: Figure) -> dict[str, Any]:
    """`data` and `layout` of a figure."""
    traces, layout = _heatmap(figure) if isinstance(figure, HeatmapFigure) else _curves(figure)
    return {"data": traces, "layout": {**_common(figure), **layout}}


def _common(figure: Figure) -> dict[str, Any]:
    return {
        "title": {
            "text": "<br>".join(_escaped(line, 44) for line in figure.title),
            "font": {"size": 13},
            "x": 0,
            "xref": "paper",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 14},
        },
        "margin": {"l": 56, "r": 12, "t": 34 + 18 * len(figure.title), "b": 48},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"align": "left"},
    }


def _heatmap(figure: HeatmapFigure) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    data, shade = figure.data, shades(figure)
    squares = {
        "type": "heatmap",
        "z": [[None if one.mean is None else shade(one.mean) for one in row] for row in data.squares],
        "hovertext": _hovers(figure),
        "hoverinfo": "text",
        "hoverongaps": True,
        "colorscale": "Viridis",
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
    }
    texts = [
        (j, i, square_text(one), GREY if one.mean is None else ink(shade(one.mean)))
        for i, row in enumerate(data.squares)
        for j, one in enumerate(row)
        if square_text(one) and (one.mean is None or len(data.xs) <= TEXT_COLUMNS)
    ]
    numbers = {
        "type": "scatter",
        "mode": "text",
        "x": [x for x, _, _, _ in texts],
        "y": [y for _, y, _, _ in texts],
        "text": [text for _, _, text, _ in texts],
        "textfont": {"size": 11, "color": [colour for _, _, _, colour in texts]},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    layout = {
        "xaxis": _axis(data.x, data.xs),
        "yaxis": _axis(data.y, data.ys),
        "shapes": _hatches(data),
        "height": 110 + 18 * len(figure.title) + 40 * len(data.ys),
    }
    return [squares, numbers], layout


def _hovers(figure: HeatmapFigure) -> list[list[str]]:
    data = figure.data
    return [
        [
            "<br>".join([f"{_escaped(data.x)} = {plain(x)}, {_escaped(data.y)} = {plain(y)}", *_hover(figure, square)])
            for x, square in zip(data.xs, row, strict=True)
        ]
        for y, row in zip(data.ys, data.squares, strict=True)
    ]


def _hover(figure: HeatmapFigure, square: Square) -> list[str]:
    if square.mean is None:
        return [_escaped(f"{square.state}: {square.reason}", 90)]
    spread = "" if square.sd is None else f" ± {number(square.sd)}"
    lines = [f"{_escaped(figure.data.metric)} {number(square.mean)}{spread} (n = {square.n})"]
    if square.configurations > 1:
        lines.append(f"mean over {square.configurations} configurations")
    return [*lines, *([_escaped(square.reason, 90)] if square.reason else [])]


def _axis(name: str, values: tuple[float, ...]) -> dict[str, Any]:
    return {
        "title": {"text": _escaped(name)},
        "tickmode": "array",
        "tickvals": list(range(len(values))),
        "ticktext": [plain(value) for value in values],
        "range": [-0.5, len(values) - 0.5],
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }


def _hatches(data: Heatmap) -> list[dict[str, Any]]:
    """Diagonal lines over the squares that were not to be run, as one shape."""
    strokes = []
    for i, row in enumerate(data.squares):
        for j, square in enumerate(row):
            if square.state in HATCHED:
                for line in range(-HATCH_LINES + 1, HATCH_LINES):
                    at = line / HATCH_LINES
                    left, right = max(0.0, at), min(1.0, 1.0 + at)
                    x, y = j - 0.5, i - 0.5
                    strokes.append(f"M{x + left:.3f},{y + left - at:.3f}L{x + right:.3f},{y + right - at:.3f}")
    if not strokes:
        return []
    return [{"type": "path", "path": "".join(strokes), "line": {"color": GREY, "width": 1}, "opacity": 0.6}]


def _curves(figure: CurvesFigure) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    places = {configuration: place for place, configuration in figure.highlighted.items()}
    order = [None, *reversed(figure.highlighted)]
    lines = sorted(figure.data.lines, key=lambda line: order.index(places.get(line.configuration)))
    traces = [_curve(line, places.get(line.configuration)) for line in lines]
    layout = {
        "xaxis": {"title": {"text": "step"}, "zeroline": False},
        "yaxis": {"title": {"text": _escaped(figure.data.part)}, "zeroline": False},
        "legend": {"orientation": "h", "y": -0.22, "x": 0, "traceorder": "reversed"},
        "height": 420,
    }
    return traces, layout


def _curve(line: Curve, place: str | None) -> dict[str, Any]:
    label = _escaped(line.label, 60)
    colour, dash, _ = PLACES[place] if place else (GREY, "solid", "-")
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(line.steps),
        "y": [round(loss, 6) for loss in line.losses],
        "name": f"{place}: {label}" if place else label,
        "text": label,
        "hoverinfo": "x+y+text",
        "showlegend": place is not None,
        "opacity": 1.0 if place else 0.45,
        "line": {"color": colour, "dash": dash, "width": 2.5 if place else 1},
    }


def _escaped(text: str, length: int = 60) -> str:
    return html.escape(shortened(text, length), quote=False)
