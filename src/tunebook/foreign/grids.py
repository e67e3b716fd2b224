"""The rows of a foreign table, and the points that its values imply and that are not there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from tunebook.errors import DataError, Problem
from tunebook.foreign.runs import ForeignRun
from tunebook.records import Case, Configuration, Excluded, Row, RunFacts, Scalar
from tunebook.spec.expressions import Expression, Malformed, Undefined, parse
from tunebook.spec.faults import text_of
from tunebook.spec.names import shortest, suggestion

LARGEST = 10_000
"""Most points of a product that are looked through."""
FILLED = 0.5
"""From this share of the product on, a table is taken for a grid; a random search fills far less."""
ABSENT = "not in the table"
DIGITS = 4
"""Of a number in a label, where they tell the values of its parameter apart."""


HOLE = RunFacts("", {}, "search", "missing", ABSENT)


@dataclass(frozen=True)
class Grid:
    """Rows, those of implied points included, and what the constraints leave out."""

    rows: tuple[Row, ...]
    excluded: tuple[Excluded, ...]

    @property
    def configurations(self) -> int:
        return len({row.configuration for row in self.rows})


def varied(runs: Sequence[ForeignRun], field: str) -> tuple[str, ...]:
    """The parameters, or the conditions (`case`), that differ between runs, in the order of the table."""
    names = dict.fromkeys(name for run in runs for name in getattr(run, field))
    return tuple(name for name in names if len({_key(getattr(run, field).get(name, ABSENT)) for run in runs}) > 1)


def rows_of(runs: Sequence[ForeignRun], parameters: Sequence[str], conditions: Sequence[str]) -> tuple[Row, ...]:
    """One row for each configuration and case, in the order of their first run; runs in the order of replicates.

    Runs of one row under one replicate are numbered by `repeat`.
    """
    named = _Labels(runs, parameters)
    found: dict[tuple[str, str], Row] = {}
    for run in runs:
        case = Case({name: run.case[name] for name in conditions if name in run.case})
        point = {name: run.parameters[name] for name in parameters if name in run.parameters}
        row = Row(identity(run.parameters), named.label(point), point, case, "", ())
        kept = found.setdefault((row.configuration, case.label), row)
        before = sum(each.replicate == run.facts.replicate for each in kept.runs)
        found[row.configuration, case.label] = replace(kept, runs=(*kept.runs, replace(run.facts, repeat=before)))
    return tuple(replace(row, runs=tuple(sorted(row.runs, key=_in_order))) for row in found.values())


def identity(parameters: Mapping[str, Scalar]) -> str:
    """The id of the configuration with these parameters."""
    return Configuration(parameters, parameters).id


def whole_grid(
    runs: Sequence[ForeignRun], rows: Sequence[Row], parameters: Sequence[str], where: Sequence[str]
) -> Grid:
    """The rows of a table, and one for every point that is implied and not in it.

    Implied are all combinations of the values of the parameters that meet the constraints, in every case, where the
    table holds more than half of them: then it is a grid with holes. Nothing is implied where a parameter is absent
    from a row, for then the space has parts.

    Raises:
        DataError: for a constraint that cannot be read.
    """
    constraints = [_constraint(text, parameters) for text in where]
    levels = [_levels(rows, name) for name in parameters]
    size = prod(map(len, levels))
    ragged = any(len(row.parameters) < len(parameters) for row in rows)
    if ragged or size > LARGEST:
        return Grid(tuple(rows), ())
    points = [dict(zip(parameters, values, strict=True)) for values in product(*levels)]
    outside = {_point(point): reason for point in points if (reason := _excluded(point, constraints))}
    inside = [point for point in points if _point(point) not in outside]
    cases = list({row.case.label: row.case for row in rows}.values())
    have = {(_point(row.parameters), row.case.label) for row in rows}
    missing = [(point, case) for point in inside for case in cases if (_point(point), case.label) not in have]
    if len(rows) <= FILLED * len(inside) * len(cases):
        return Grid(tuple(rows), ())
    known = {_point(row.parameters): row.configuration for row in rows}
    named = _Labels(runs, parameters)
    added = [
        Row(known.get(_point(point)) or identity(point), named.label(point), point, case, "", (HOLE,))
        for point, case in missing
    ]
    excluded = [Excluded(point, "", outside[_point(point)]) for point in points if _point(point) in outside]
    return Grid((*rows, *added), tuple(excluded))


class _Labels:
    """`lr=0.01 dropout=0.5`: what configurations are called; long numbers by their first digits where these tell."""

    def __init__(self, runs: Sequence[ForeignRun], parameters: Sequence[str]) -> None:
        self._short = shortest(parameters)
        values = {name: {run.parameters[name] for run in runs if name in run.parameters} for name in parameters}
        self._rounded = {name for name, found in values.items() if len(set(map(_rounded, found))) == len(found)}

    def label(self, point: Mapping[str, Scalar]) -> str:
        named = {name: _rounded(value) if name in self._rounded else value for name, value in point.items()}
        return " ".join(f"{self._short[name]}={text_of(value)}" for name, value in named.items()) or "all runs"


def _rounded(value: Scalar) -> Scalar:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _levels(rows: Sequence[Row], name: str) -> list[Scalar]:
    return list({_key(row.parameters[name]): row.parameters[name] for row in rows if name in row.parameters}.values())


def _key(value: Scalar) -> tuple[str, Scalar]:
    """True is not 1."""
    return ("bool" if isinstance(value, bool) else "", value)


def _point(parameters: Mapping[str, Scalar]) -> frozenset[tuple[str, tuple[str, Scalar]]]:
    return frozenset((name, _key(value)) for name, value in parameters.items())


def _in_order(run: RunFacts) -> tuple[tuple[tuple[str, int], ...], int]:
    return tuple(sorted(run.replicate.items())), run.repeat


# Constraints ------------------------------------------------------------------------------------------


def _constraint(text: str, parameters: Sequence[str]) -> Expression:
    try:
        found = parse(text)
    except Malformed as error:
        raise DataError(Problem("--where", str(error))) from None
    full = {short: path for path, short in shortest(parameters).items()}
    unknown = [name for name in found.names if name not in parameters and name not in full]
    if unknown:
        message = f"must name parameters that vary: {', '.join(parameters)}; got {unknown[0]}"
        raise DataError(Problem("--where", message, suggestion(unknown[0], parameters)))
    return replace(found, full=full)


def _excluded(point: Mapping[str, Scalar], constraints: Sequence[Expression]) -> str:
    for constraint in constraints:
        try:
            if constraint.holds(point) is False:
                return constraint.text
        except Undefined as error:
            raise DataError(Problem("--where", f"{constraint.text}: {error} at {dict(point)}")) from None
    return ""
