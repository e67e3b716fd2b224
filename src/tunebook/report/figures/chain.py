"""Studies in columns, each after those that it builds on, joined by what is carried."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tunebook.report.figures.drawing import Box, Dot, Drawing, Line, Mark, Text, fitted, heading
from tunebook.report.figures.figure import ChainFigure, Node

WIDE, HIGH = 212.0, 62.0
"""Size of a study's box."""
BETWEEN, BELOW = 96.0, 18.0
"""Room between columns, where the lines run, and between rows."""
STATES = {
    "decided": ("best", False),
    "outdated": ("warn", True),
    "interim": ("accent", True),
    "stopped": ("warn", True),
}
"""State -> ink of its dot, and whether it is hollow; other states are grey and hollow."""
BENDS = 14


@dataclass(frozen=True)
class _Place:
    """Where a study stands, or where a line passes through a column: then there is no node."""

    column: int
    row: float
    node: Node | None


def chain(figure: ChainFigure) -> Drawing:
    """Columns from left to right; a line that skips a column runs through a free row of it."""
    columns = _columns(figure)
    most = max(len(column) for column in columns)
    width = len(columns) * (WIDE + BETWEEN) - BETWEEN
    marks, top = heading(figure.title, width)
    places = {
        name: _Place(at, row + (most - len(column)) / 2, _node(figure, name))
        for at, column in enumerate(columns)
        for row, name in enumerate(column)
    }
    for one, other, carried in figure.edges:
        marks += _edge([places[name] for name in _through(figure, one, other)], carried, top)
    for place in places.values():
        if place.node is not None:
            marks += _box(place.node, _left(place), top + place.row * (HIGH + BELOW))
    return Drawing(width, top + most * (HIGH + BELOW) - BELOW + 2, marks)


def _columns(figure: ChainFigure) -> list[list[str]]:
    """Names by rank, and the lines that pass; each near the middle of what leads to it."""
    ranks = {node.name: node.rank for node in figure.nodes}
    columns: list[list[str]] = [[] for _ in range(max(ranks.values()) + 1)]
    for node in figure.nodes:
        columns[node.rank].append(node.name)
    before: dict[str, list[str]] = {}
    for one, other, _ in figure.edges:
        through = _through(figure, one, other)
        for at, name in enumerate(through[1:], start=1):
            before.setdefault(name, []).append(through[at - 1])
            rank = ranks[one] + at
            if name not in columns[rank]:
                columns[rank].append(name)
    for at, column in enumerate(columns[1:], start=1):
        rows = {name: row for row, name in enumerate(columns[at - 1])}
        column.sort(key=lambda name: _middle([rows[each] for each in before.get(name, ()) if each in rows]))
    return columns


def _through(figure: ChainFigure, one: str, other: str) -> list[str]:
    """A study, the places between, and the study that builds on it; places between have no node."""
    ranks: Mapping[str, int] = {node.name: node.rank for node in figure.nodes}
    between = [f"{one} -> {other} {rank}" for rank in range(ranks[one] + 1, ranks[other])]
    return [one, *between, other]


def _node(figure: ChainFigure, name: str) -> Node | None:
    return next((node for node in figure.nodes if node.name == name), None)


def _middle(rows: Sequence[int]) -> float:
    return sum(rows) / len(rows) if rows else 1e6


def _left(place: _Place) -> float:
    return place.column * (WIDE + BETWEEN)


def _edge(places: Sequence[_Place], carried: str, top: float) -> Iterator[Mark]:
    """A line from the right side of the first to the left side of the last, named on its way out."""
    points: list[tuple[float, float]] = []
    for one, other in pairwise(places):
        start = (_left(one) + WIDE, top + one.row * (HIGH + BELOW) + HIGH / 2)
        end = (_left(other), top + other.row * (HIGH + BELOW) + HIGH / 2)
        points += _bend(start, end)
        points += [] if other.node else [(end[0] + WIDE, end[1])]
    x, y = points[-1]
    yield Line(points, "grey", 1.4, tip=carried)
    yield Line([(x - 6, y - 4), (x, y), (x - 6, y + 4)], "grey", 1.4)
    middle, down = points[BENDS // 2]
    yield Text(middle, down - 4, fitted(carried, BETWEEN - 10, 11), ink="muted", anchor="middle", size=11, halo=True)


def _bend(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """A curve that leaves and arrives level."""
    found = []
    for step in range(BENDS + 1):
        part = step / BENDS
        ease = part * part * (3 - 2 * part)
        found.append((start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * ease))
    return found


def _box(node: Node, x: float, y: float) -> Iterator[Mark]:
    ink, hollow = STATES.get(node.state, ("grey", True))
    yield Box(x, y, WIDE, HIGH)
    yield Line([(x, y), (x + WIDE, y), (x + WIDE, y + HIGH), (x, y + HIGH), (x, y)])
    yield Dot(x + 13, y + 15, 4.5, ink, hollow=hollow, tip=node.state)
    yield Text(x + 24, y + 19, fitted(node.name, WIDE - 32), bold=True)
    for at, line in enumerate(node.lines[:2]):
        yield Text(x + 10, y + 37 + 15 * at, fitted(line, WIDE - 16, 11), ink="muted", size=11)
