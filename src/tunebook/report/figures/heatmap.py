"""Scores by two parameters, square by square."""

from collections.abc import Iterator

from tunebook.analyse import Square
from tunebook.report.figures.drawing import WIDTH, Box, Drawing, Mark, Text, fitted, heading, text_width
from tunebook.report.figures.figure import HeatmapFigure
from tunebook.report.figures.palette import ink_on, shade
from tunebook.report.wording import number, plain

TEXT_COLUMNS = 7
"""Most columns whose squares carry their numbers."""
HATCHED = ("excluded", "undeclared")
NOISE = 4.0
"""Colours span at least so many standard deviations between replicates."""


def heatmap(figure: HeatmapFigure) -> Drawing:
    """Squares from dark, the worst, to bright, the best; values ascend to the right and upwards."""
    data = figure.data
    marks, top = heading(figure.title, WIDTH)
    left = min(90.0, max(text_width(plain(value)) for value in data.ys)) + 12
    wide = (WIDTH - left) / len(data.xs)
    high = min(34.0, max(18.0, wide))
    marks.append(Text(0, top + 12, fitted(data.y, WIDTH / 2, 11), ink="muted", size=11))
    top += 20
    parts = shades(figure)
    for i, row in enumerate(reversed(data.squares)):
        y = data.ys[len(data.ys) - 1 - i]
        marks.append(Text(left - 8, top + i * high + high / 2 + 4, plain(y), anchor="end"))
        for j, square in enumerate(row):
            box = Box(left + j * wide, top + i * high, wide - 2, high - 2, tip=_tip(figure, data.xs[j], y, square))
            marks += _square(square, box, parts, numbers=len(data.xs) <= TEXT_COLUMNS)
    bottom = top + high * len(data.ys)
    every = -(-int(max(text_width(plain(value)) for value in data.xs) + 8) // int(wide))
    for j, x in list(enumerate(data.xs))[::every]:
        marks.append(Text(left + (j + 0.5) * wide, bottom + 15, plain(x), anchor="middle"))
    marks.append(Text(WIDTH, bottom + 34, fitted(data.x, WIDTH / 2, 11), ink="muted", anchor="end", size=11))
    return Drawing(WIDTH, bottom + 40, marks)


def shades(figure: HeatmapFigure) -> dict[float, float]:
    """Mean -> its place between 0, dark, and 1, bright: the best is 1, and equal means are all 1."""
    means = [square.mean for row in figure.data.squares for square in row if square.mean is not None]
    if not means:
        return {}
    best, worst = (max(means), min(means)) if figure.maximize else (min(means), max(means))
    span = max(abs(best - worst), NOISE * (figure.sd or 0.0))
    return {mean: 1.0 - abs(best - mean) / span if span else 1.0 for mean in means}


def square_text(square: Square) -> str:
    """The mean, with * when runs are missing from it; × without a value; nothing where nothing was declared."""
    if square.mean is not None:
        return number(square.mean) + ("*" if square.reason else "")
    return "×" if square.state == "no value" else ""


def _square(square: Square, box: Box, parts: dict[float, float], *, numbers: bool) -> Iterator[Mark]:
    ink = "muted"
    if square.mean is not None:
        part = parts[square.mean]
        ink = ink_on(part)
        yield Box(box.x, box.y, box.width, box.height, shade(part), tip=box.tip)
    else:
        hatched = square.state in HATCHED
        yield Box(box.x, box.y, box.width, box.height, "grey" if hatched else "tint", hatched=hatched, tip=box.tip)
    if square_text(square) and (numbers or square.mean is None):
        across, down = box.x + box.width / 2, box.y + box.height / 2 + 4
        yield Text(across, down, square_text(square), ink=ink, anchor="middle")


def _tip(figure: HeatmapFigure, x: float, y: float, square: Square) -> str:
    data = figure.data
    where = f"{data.x} = {plain(x)}, {data.y} = {plain(y)}"
    if square.mean is None:
        return f"{where}: {square.reason or square.state}"
    spread = "" if square.sd is None else f" ± {number(square.sd)}"
    over = f", mean over {square.configurations} configurations" if square.configurations > 1 else ""
    return (
        f"{where}: {number(square.mean)}{spread} (n = {square.n}){over}{f'; {square.reason}' if square.reason else ''}"
    )
