"""A drawing as SVG that stands in a page: no script, no ids, colours by the page's classes."""

from functools import singledispatch

from markupsafe import Markup, escape

from tunebook.report.figures.drawing import SIZE, Box, Dot, Drawing, Line, Mark, Text
from tunebook.report.figures.palette import INKS

HATCH = 9.0
"""Pixels between the lines of a hatching."""


def svg(drawing: Drawing, *, alt: str) -> Markup:
    """The drawing as one element.

    Args:
        alt: The drawing in words, for those who do not see it.
    """
    size = f"{_at(drawing.width)} {_at(drawing.height)}"
    marks = "".join(_mark(mark) for mark in drawing.marks)
    return Markup(
        f'<svg class="drawn" viewBox="0 0 {size}" width="{_at(drawing.width)}" height="{_at(drawing.height)}" '
        f'role="img" aria-label="{escape(alt)}">{marks}</svg>'
    )


@singledispatch
def _mark(mark: Mark) -> str:
    raise TypeError(f"no SVG for {type(mark).__name__}")


@_mark.register
def _(mark: Line) -> str:
    points = " ".join(f"{_at(x)},{_at(y)}" for x, y in mark.points)
    dash = f' stroke-dasharray="{mark.dash}"' if mark.dash else ""
    faint = ' opacity=".45"' if mark.faint else ""
    width = f' stroke-width="{_at(mark.width)}"' if mark.width != 1 else ""
    return _element("polyline", f'points="{points}" {_stroke(mark.ink)}{width}{dash}{faint}', mark.tip)


@_mark.register
def _(mark: Box) -> str:
    place = f'x="{_at(mark.x)}" y="{_at(mark.y)}" width="{_at(mark.width)}" height="{_at(mark.height)}"'
    if not mark.hatched:
        return _element("rect", f"{place} {_fill(mark.ink)}", mark.tip)
    path = "".join(f"M{_at(x1)},{_at(y1)}L{_at(x2)},{_at(y2)}" for (x1, y1), (x2, y2) in hatching(mark))
    lines = f'<path d="{path}" {_stroke(mark.ink)} opacity=".6"/>'
    return lines + _element("rect", f'{place} fill="transparent"', mark.tip)


@_mark.register
def _(mark: Dot) -> str:
    paint = _outline(mark.ink) if mark.hollow else _fill(mark.ink)
    if mark.square:
        side = 2 * mark.radius
        corner = f'x="{_at(mark.x - mark.radius)}" y="{_at(mark.y - mark.radius)}"'
        return _element("rect", f'{corner} width="{_at(side)}" height="{_at(side)}" {paint}', mark.tip)
    return _element("circle", f'cx="{_at(mark.x)}" cy="{_at(mark.y)}" r="{_at(mark.radius)}" {paint}', mark.tip)


@_mark.register
def _(mark: Text) -> str:
    anchor = f' text-anchor="{mark.anchor}"' if mark.anchor != "start" else ""
    size = f' font-size="{_at(mark.size)}"' if mark.size != SIZE else ""
    bold = ' font-weight="600"' if mark.bold else ""
    place = f'x="{_at(mark.x)}" y="{_at(mark.y)}"'
    paint = _fill(mark.ink)
    if mark.halo:
        paint = paint.replace('class="', 'class="halo ', 1)
    return f"<text {place} {paint}{anchor}{size}{bold}>{escape(mark.text)}</text>"


def hatching(box: Box) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Diagonal lines from lower left to upper right within a box."""
    found = []
    at = HATCH / 2
    while at < box.width + box.height:
        start = (box.x + max(0.0, at - box.height), box.y + min(at, box.height))
        end = (box.x + min(at, box.width), box.y + max(0.0, at - box.width))
        found.append((start, end))
        at += HATCH
    return found


def _element(name: str, attributes: str, tip: str) -> str:
    if not tip:
        return f"<{name} {attributes}/>"
    return f"<{name} {attributes}><title>{escape(tip)}</title></{name}>"


def _fill(ink: str) -> str:
    return f'class="f-{ink}"' if ink in INKS else f'fill="{escape(ink)}"'


def _stroke(ink: str) -> str:
    return f'class="s-{ink}"' if ink in INKS else f'stroke="{escape(ink)}"'


def _outline(ink: str) -> str:
    """Paper within, ink around."""
    return f'class="open s-{ink}"' if ink in INKS else f'class="open" stroke="{escape(ink)}"'


def _at(value: float) -> str:
    return f"{round(value, 1) + 0.0:g}"
