"""A drawing: marks on a sheet, in pixels from its upper left corner.

Figures are laid out once as marks; `svg` and `png` are the two pens that put them down. An ink is a name of
`palette.INKS`, which a page colours for light and dark, or a colour that is the same on both, `#440154`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

WIDTH = 400
"""Width of a sheet: near that of a phone, so that no text shrinks there; wider windows set sheets side by side."""
SIZE = 12.0
"""Size of text."""
CHARACTER = 0.53
"""Mean width of a character of a wide font, in sizes."""

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Line:
    """A line through points.

    Args:
        dash: Lengths of stroke and gap, `4 2`; empty for an unbroken line.
        tip: What it is, for those who point at it.
    """

    points: Sequence[tuple[float, float]]
    ink: str = "line"
    width: float = 1.0
    dash: str = ""
    faint: bool = False
    tip: str = ""


@dataclass(frozen=True)
class Box:
    """A filled rectangle; `hatched` draws diagonal lines in place of the filling."""

    x: float
    y: float
    width: float
    height: float
    ink: str = "tint"
    hatched: bool = False
    tip: str = ""


@dataclass(frozen=True)
class Dot:
    """A round mark around a point; `hollow` leaves it open, `square` gives it corners."""

    x: float
    y: float
    radius: float = 4.0
    ink: str = "accent"
    hollow: bool = False
    square: bool = False
    tip: str = ""


@dataclass(frozen=True)
class Text:
    """A line of text on its baseline; `halo` keeps it clear of lines that cross it."""

    x: float
    y: float
    text: str
    ink: str = "ink"
    anchor: Anchor = "start"
    size: float = SIZE
    bold: bool = False
    halo: bool = False


Mark = Line | Box | Dot | Text


@dataclass(frozen=True)
class Drawing:
    """Marks in the order of drawing."""

    width: float
    height: float
    marks: Sequence[Mark]


def text_width(text: str, size: float = SIZE) -> float:
    """About how wide a text is."""
    return CHARACTER * size * len(text)


def fitted(text: str, width: float, size: float = SIZE) -> str:
    """A text cut at the end so that it is about `width` wide."""
    most = max(1, int(width / (CHARACTER * size)))
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def heading(title: Sequence[str], width: float) -> tuple[list[Mark], float]:
    """The lines above a figure: what is shown, then where; and how far down they reach."""
    marks: list[Mark] = []
    down = 0.0
    for at, line in enumerate(title):
        size = SIZE + 1 if at == 0 else SIZE - 1
        for part in _wrapped(line, int(width / (CHARACTER * size))):
            down += size + 5
            marks.append(Text(0, down, part, ink="ink" if at == 0 else "muted", size=size, bold=at == 0))
    return marks, down + 8


def _wrapped(line: str, most: int) -> list[str]:
    """A line in parts of at most `most` characters, at most three of them."""
    parts = [""]
    for word in line.split():
        longer = f"{parts[-1]} {word}".strip()
        if len(longer) <= most or not parts[-1]:
            parts[-1] = longer
        else:
            parts.append(word)
    kept = parts[:3]
    if len(parts) > len(kept):
        kept[-1] += "…"
    return [part if len(part) <= most else part[: most - 1] + "…" for part in kept]
