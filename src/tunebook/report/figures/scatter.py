"""Scores against a cost or another score, with those that nothing beats in both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tunebook.report.figures.drawing import WIDTH, Dot, Drawing, Line, Mark, Text, fitted, heading, text_width
from tunebook.report.figures.figure import Point, ScatterFigure
from tunebook.report.figures.scales import Scale, scale, written

HEIGHT = 210.0
LEFT = 46.0
RATIO = 20.0
"""From this ratio of the largest to the smallest cost on, the axis is logarithmic."""
NAMED = 6
"""Most points with their names beside them."""


def scatter(figure: ScatterFigure) -> Drawing:
    """Dots, the front among them joined by steps, the decided one as a square."""
    marks, top = heading(figure.title, WIDTH)
    marks.append(Text(0, top + 10, fitted(figure.y, WIDTH, 11), ink="muted", size=11))
    top += 22
    costs = [point.cost for point in figure.points]
    log = figure.x_better == "less" and min(costs) > 0 and max(costs) >= RATIO * min(costs)
    across = scale(costs, LEFT + 4, WIDTH - 8, log=log)
    up = scale([point.score for point in figure.points], top + HEIGHT, top)
    for tick in up.ticks():
        marks.append(Line([(LEFT, up(tick)), (WIDTH, up(tick))]))
        marks.append(Text(LEFT - 6, up(tick) + 4, written(tick), ink="muted", anchor="end", size=11))
    for tick in across.ticks(5):
        marks.append(Text(across(tick), top + HEIGHT + 16, written(tick), ink="muted", anchor="middle", size=11))
    words = f"{figure.x}, logarithmic" if log else figure.x
    marks.append(Text(WIDTH, top + HEIGHT + 34, fitted(words, WIDTH, 11), ink="muted", anchor="end", size=11))
    marks += _front(figure, across, up)
    in_order = sorted(figure.points, key=lambda point: (point.decided, point.front))
    marks += [_dot(point, across, up) for point in in_order]
    marks += _names(figure.points, across, up)
    return Drawing(WIDTH, top + HEIGHT + 40, marks)


def _front(figure: ScatterFigure, across: Scale, up: Scale) -> Iterator[Mark]:
    """Steps: up to the next cost, the score stays that of the last point; what is wanted of both falls before it."""
    front = sorted((point for point in figure.points if point.front), key=lambda point: point.cost)
    places = [(across(point.cost), up(point.score)) for point in front]
    if figure.x_better == "more":
        corners = [(before, y) for (before, _), (_, y) in pairwise(places)]
    else:
        corners = [(x, before) for (_, before), (x, _) in pairwise(places)]
    steps = [place for pair in zip(places, [*corners, places[-1]], strict=True) for place in pair] if places else []
    if len(front) > 1:
        yield Line(steps, "best", 1.2, "4 3")


def _dot(point: Point, across: Scale, up: Scale) -> Mark:
    ink = "best" if point.front else "accent" if point.decided else "grey"
    x, y = across(point.cost), up(point.score)
    return Dot(x, y, 5.0 if point.decided else 4.0, ink, hollow=not point.front, square=point.decided, tip=point.tip)


def _names(points: Sequence[Point], across: Scale, up: Scale) -> Iterator[Mark]:
    """The names of the decided one and of the front: each beside its dot, where nothing else lies."""
    dots = [_Area(across(each.cost) - 4, up(each.score) - 4, 8, 8) for each in points]
    taken: list[_Area] = []
    wanted = [(each, dot) for each, dot in zip(points, dots, strict=True) if each.front or each.decided]
    for point, own in sorted(wanted, key=lambda each: not each[0].decided)[:NAMED]:
        text = fitted(point.label, WIDTH / 2, 11)
        wide, x, y = text_width(text, 11), across(point.cost), up(point.score)
        for left, base in ((x + 8, y - 5), (x - 8 - wide, y - 5), (x + 8, y + 13), (x - 8 - wide, y + 13)):
            area = _Area(left, base - 10, wide, 12)
            others = [*taken, *(dot for dot in dots if dot is not own)]
            if left >= LEFT and left + wide <= WIDTH and not any(area.meets(other) for other in others):
                taken.append(area)
                yield Text(left, base, text, size=11, halo=True)
                break


@dataclass(frozen=True)
class _Area:
    """A part of the sheet that something covers."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: "_Area") -> bool:
        """Whether the two have a point in common."""
        apart = self.x + self.width <= other.x or other.x + other.width <= self.x
        return not (apart or self.y + self.height <= other.y or other.y + other.height <= self.y)
