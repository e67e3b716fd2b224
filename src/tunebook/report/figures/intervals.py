"""Values with their intervals, one per line."""

from collections.abc import Iterator, Sequence

from tunebook.report.figures.drawing import SIZE, WIDTH, Dot, Drawing, Line, Mark, Text, fitted, heading, text_width
from tunebook.report.figures.figure import Estimate, IntervalsFigure
from tunebook.report.figures.scales import Scale, scale, written

ROW = 20.0
HEAD = 26.0
"""Height of a line of text above a group."""
FAR = 2.0
"""An estimate whose whole interval is this much farther than those of the others is drawn as an arrow."""
INKS = {"best": "best", "level": "accent", "behind": "muted", "plain": "accent"}


def intervals(figure: IntervalsFigure) -> Drawing:
    """A dot and a line for each estimate; an arrow where one lies far off the others."""
    marks, top = heading(figure.title, WIDTH)
    every = [each for group in figure.groups for each in group.estimates]
    left = min(150.0, max(text_width(each.label) for each in every)) + 12
    right = WIDTH - max(text_width(each.said) if each.mean is not None else 0 for each in every) - 8
    across = _scale(figure, every, left + 4, right - 6)
    rows: list[Mark] = []
    down = top
    for group in figure.groups:
        if group.title:
            down += HEAD
            rows += [Text(0, down - 6, fitted(group.title, WIDTH - text_width(group.aside) - 8), bold=True)]
            rows += [Text(WIDTH, down - 6, group.aside, ink="muted", anchor="end", size=11)] if group.aside else []
        for each in group.estimates:
            rows += _row(each, across, down + ROW / 2, left)
            down += ROW
    marks += _axis(figure, across, top, down)
    footer = [figure.axis, *([figure.key] if figure.key else [])]
    for at, line in enumerate(footer):
        marks.append(Text(WIDTH, down + 34 + 16 * at, fitted(line, WIDTH, 11), ink="muted", anchor="end", size=11))
    return Drawing(WIDTH, down + 24 + 16 * len(footer), [*marks, *rows])


def _scale(figure: IntervalsFigure, every: Sequence[Estimate], start: float, end: float) -> Scale:
    near = [each for each in every if each.mean is not None]
    if figure.zero is not None:
        near = _without_far(near, figure.zero)
    values = [value for each in near for value in _values(each)]
    values += [figure.zero] if figure.zero is not None else []
    return scale(values or [0.0], start, end)


def _without_far(every: Sequence[Estimate], zero: float) -> list[Estimate]:
    """Without those that would press all others into a corner."""
    kept = sorted(every, key=lambda each: max(abs(value - zero) for value in _values(each)))
    while len(kept) > 2:
        nearest = min(abs(value - zero) for value in _values(kept[-1]))
        reach = max(abs(value - zero) for each in kept[:-1] for value in _values(each))
        if not reach or nearest < FAR * reach:
            break
        kept.pop()
    return kept


def _values(each: Estimate) -> list[float]:
    return [value for value in (each.mean, each.low, each.high, each.before) if value is not None]


def _row(each: Estimate, across: Scale, down: float, left: float) -> Iterator[Mark]:
    ink, base = INKS[each.kind], down + SIZE / 3
    yield Text(0, base, fitted(each.label, left - 8), bold=each.kind == "best")
    if each.mean is None:
        said = fitted(each.said, WIDTH - across.start, 11)
        yield Text(WIDTH, base, said, ink="muted", anchor="end", size=11, halo=True)
        return
    yield Text(WIDTH, base, each.said, anchor="end", ink="muted")
    tip = f"{each.label}: {each.said}"
    if not across.low <= each.mean <= across.high:
        end, back = (across.end, -6) if each.mean > across.high else (across.start, 6)
        yield Line([(end + 2 * back, down), (end, down)], ink, 1.6, tip=tip)
        yield Line([(end + back, down - 4), (end, down), (end + back, down + 4)], ink, 1.6)
        return
    if each.low is not None and each.high is not None:
        ends = [min(max(value, across.low), across.high) for value in (each.low, each.high)]
        yield Line([(across(value), down) for value in ends], ink, 2.0, tip=tip)
    if each.before is not None:
        yield Line([(across(each.before), down), (across(each.mean), down)], "grey", 1.0)
        yield Dot(across(each.before), down, 4.0, "grey", hollow=True, tip=tip)
    yield Dot(across(each.mean), down, 4.0, ink, hollow=each.kind == "level", tip=tip)


def _axis(figure: IntervalsFigure, across: Scale, top: float, bottom: float) -> Iterator[Mark]:
    most = max(2, int((across.end - across.start) / 45))
    for tick in across.ticks(most):
        yield Line([(across(tick), top), (across(tick), bottom)])
        yield Text(across(tick), bottom + 15, written(tick), ink="muted", anchor="middle", size=11)
    if figure.zero is not None:
        yield Line([(across(figure.zero), top), (across(figure.zero), bottom + 3)], "grey", 1.0)
