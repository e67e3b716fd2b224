"""Learning curves."""

from collections.abc import Iterator, Sequence

from tunebook.analyse import Curve
from tunebook.report.figures.drawing import WIDTH, Drawing, Line, Mark, Text, fitted, heading
from tunebook.report.figures.figure import CurvesFigure
from tunebook.report.figures.palette import DASHES
from tunebook.report.figures.scales import Scale, scale, written

HEIGHT = 200.0
LEFT = 46.0
MOST = 100
"""Most grey lines; of more, some in equal steps."""


def curves(figure: CurvesFigure) -> Drawing:
    """The highlighted ones in colour over the grey others, named above."""
    marks, top = heading(figure.title, WIDTH)
    lines = figure.data.lines
    for place, label in _named(figure):
        marks += [Line([(0, top + 8), (26, top + 8)], place, 2.2, DASHES[place])]
        marks += [Text(32, top + 12, fitted(f"{place}: {label}", WIDTH - 32))]
        top += 18
    top += 10
    across = scale([step for line in lines for step in (line.steps[0], line.steps[-1])], LEFT, WIDTH - 14, room=0.0)
    up = scale([loss for line in lines for loss in line.losses], top + HEIGHT, top)
    for tick in up.ticks():
        marks.append(Line([(LEFT, up(tick)), (WIDTH, up(tick))]))
        marks.append(Text(LEFT - 6, up(tick) + 4, written(tick), ink="muted", anchor="end", size=11))
    for tick in across.ticks(6):
        marks.append(Text(across(tick), top + HEIGHT + 16, written(tick), ink="muted", anchor="middle", size=11))
    marks.append(Text(WIDTH, top + HEIGHT + 33, "step", ink="muted", anchor="end", size=11))
    marks += _drawn(figure, across, up)
    return Drawing(WIDTH, top + HEIGHT + 38, marks)


def others(figure: CurvesFigure) -> tuple[Sequence[Curve], int]:
    """The grey lines that are drawn, and how many there are."""
    placed = set(figure.highlighted.values())
    found = [line for line in figure.data.lines if line.configuration not in placed]
    return found[:: -(-len(found) // MOST)] if found else found, len(found)


def _drawn(figure: CurvesFigure, across: Scale, up: Scale) -> Iterator[Mark]:
    for line in others(figure)[0]:
        yield Line(_points(line, across, up), "grey", 1.0, faint=True, tip=line.label)
    for place, configuration in reversed(list(figure.highlighted.items())):
        for line in figure.data.lines:
            if line.configuration == configuration:
                yield Line(_points(line, across, up), place, 2.0, DASHES[place], tip=f"{place}: {line.label}")


def _points(line: Curve, across: Scale, up: Scale) -> list[tuple[float, float]]:
    return [(across(step), up(loss)) for step, loss in zip(line.steps, line.losses, strict=True)]


def _named(figure: CurvesFigure) -> Iterator[tuple[str, str]]:
    labels = {line.configuration: line.label for line in figure.data.lines}
    for place, configuration in figure.highlighted.items():
        yield place, labels[configuration] or configuration
