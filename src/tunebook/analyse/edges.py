"""Which numeric parameters of a winner lie at the edge of what was tried with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from tunebook.analyse.scores import Entry, ordered
from tunebook.records import Scalar, Table

GEOMETRIC = 2
"""From this ratio of the last two values on, the next value is that much further; below, as far away."""


@dataclass(frozen=True)
class Edge:
    """A winner at the edge of a parameter.

    Args:
        entry: The best configuration of its alternative.
        parameter: Dotted path; `values`: what was tried of it, ascending, with all others as the winner has them.
        value: The winner's: the first or the last of `values`.
        beyond: The value that would come next.
    """

    entry: Entry
    parameter: str
    values: tuple[float, ...]
    value: float
    beyond: float


def edges(table: Table) -> Iterator[Edge]:
    """The edges at which the best configuration of each alternative lies.

    A parameter counts where two numbers of it or more were tried. Zero is no edge where nothing negative was tried:
    there is nothing beyond it.
    """
    entries = ordered(table)
    for alternative in dict.fromkeys(row.alternative for row in table.rows):
        rivals = [entry for entry in entries if entry.alternative == alternative]
        best = next((entry for entry in rivals if entry.selection.complete), None)
        if best is not None:
            yield from _edges(table, best, [_point(entry) for entry in rivals])


def _edges(table: Table, best: Entry, points: Sequence[dict[str, Scalar]]) -> Iterator[Edge]:
    here = _point(best)
    for name in table.parameters:
        value = here.get(name)
        near = [point.get(name) for point in points if {**point, name: value} == here]
        values = tuple(sorted({each for each in near if _is_number(each)}))
        if len(values) > 1 and _is_number(value) and value in (values[0], values[-1]):
            beyond = _beyond(value, values[1] if value == values[0] else values[-2])
            if beyond >= 0 or values[0] < 0:
                yield Edge(best, name, values, value, beyond)


def _beyond(edge: float, inner: float) -> float:
    """The next value after two, to three digits: 0.1 after 0.001 and 0.01, 0.3 after 0.1 and 0.2."""
    ratio = edge / inner if edge * inner > 0 else 1.0
    far = max(ratio, 1 / ratio) >= GEOMETRIC
    return float(f"{edge * ratio if far else 2 * edge - inner:.3g}")


def _point(entry: Entry) -> dict[str, Scalar]:
    return dict(next(row.parameters for row in entry.rows if row is not None))


def _is_number(value: Scalar) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
