"""Which numeric parameters of a winner lie at the edge of what was tried with it, and how to look further."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tunebook.analyse.further import study_file
from tunebook.analyse.scores import Entry, ordered
from tunebook.records import Decision, Scalar, Table
from tunebook.spec.fields import value_at
from tunebook.spec.spacing import beyond, is_number, numbers

FURTHER = 2
"""Values beyond an edge that the study file would try."""


@dataclass(frozen=True)
class Edge:
    """A winner at the edge of a parameter.

    Args:
        entry: The decided configuration; in other alternatives than its own, and without a decision, the best one.
        parameter: Dotted path; `values`: what was tried of it, ascending, with all others as the winner has them.
        value: The winner's: the first or the last of `values`.
        beyond: The value that would come next.
        further: The study file that would try two values beyond each edge of the decided configuration; empty for
            the edges of other configurations.
    """

    entry: Entry
    parameter: str
    values: tuple[float, ...]
    value: float
    beyond: float
    further: str = ""


def edges(table: Table) -> Iterator[Edge]:
    """The edges at which the decided configuration lies, and the best one of each other alternative.

    A parameter counts where two numbers of it or more were tried, and where it has an effect in that configuration.
    Zero is no edge where nothing negative was tried: there is nothing beyond it. Nor is 1 of whole numbers at equal
    ratios, where the decision tells that they are.
    """
    entries, decision = ordered(table), table.decision
    for alternative in dict.fromkeys(row.alternative for row in table.rows):
        rivals = [entry for entry in entries if entry.alternative == alternative]
        points = [point for entry in rivals for point in _points(table, entry)]
        decided = next((each for each in rivals if decision and each.configuration == decision.configuration), None)
        best = next((entry for entry in rivals if entry.selection.complete), None)
        if decided is not None and decision is not None:
            found = list(_edges(table, decided, points, decision))
            space = {edge.parameter: sorted((edge.value, *after)) for edge, after in found}
            yield from (replace(edge, further=study_file(table, space)) for edge, _ in found)
        elif best is not None:
            yield from (edge for edge, _ in _edges(table, best, points, None))


def _edges(
    table: Table, winner: Entry, points: Sequence[dict[str, Scalar]], decision: Decision | None
) -> Iterator[tuple[Edge, tuple[float, ...]]]:
    """Each edge, and the values that come after it."""
    here, own = _points(table, winner)[0], _point(winner)
    for name in (each for each in table.parameters if each in own):
        value = here[name]
        values = numbers(point.get(name) for point in points if {**point, name: value} == here)
        whole = decision is not None and isinstance(value_at(decision.values, name), int)
        if is_number(value) and (after := beyond(values, value, points=FURTHER, whole=whole)):
            yield Edge(winner, name, values, value, after[0]), after


def _points(table: Table, entry: Entry) -> list[dict[str, Scalar]]:
    """The declared points that are one configuration: what has no effect in it has every value that was declared."""
    return [dict(point) for point in table.equivalents.get(entry.configuration, (_point(entry),))]


def _point(entry: Entry) -> dict[str, Scalar]:
    return dict(next(row.parameters for row in entry.rows if row is not None))
