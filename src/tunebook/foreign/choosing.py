"""The configuration that was carried forward from a foreign table, as its owner names it."""

import shlex
from collections.abc import Mapping, Sequence
from statistics import fmean

from tunebook.errors import DataError, Problem
from tunebook.foreign.cells import said
from tunebook.foreign.grids import DIGITS
from tunebook.records import Decision, Row, Scalar, Table
from tunebook.spec.fields import nested
from tunebook.spec.names import listed, shortest, suggestion

GONE = "not in the table"
"""The id of a chosen configuration that no row has."""


def decision_of(table: Table, chosen: str) -> Decision:
    """The decision that `lr=0.1 dropout=0.5` means: values that single a configuration out.

    Where no row has them, the decision names no configuration of the table.

    Raises:
        DataError: when it is not written like that, or several configurations have these values.
    """
    wanted = _values(chosen, table.parameters)
    there = [row for row in table.rows if any(run.id for run in row.runs)]
    found = {row.configuration: row for row in there if _has(row, wanted)}
    if len(found) > 1:
        labels = listed(row.label for row in found.values())
        raise DataError(Problem("--chosen", f"must single one configuration out; these have {chosen}: {labels}"))
    configuration = next(iter(found), GONE)
    label = found[configuration].label if found else chosen
    scores = [
        score
        for row in table.rows
        if row.configuration == configuration
        for run in row.runs
        if (score := run.scores.get((table.select_metric, table.select_split))) is not None
    ]
    return Decision(
        study=table.study,
        configuration=configuration,
        label=label,
        values=nested(wanted),
        rule=table.rule,
        metric=table.select_metric,
        split=table.select_split,
        score=fmean(scores) if scores else float("nan"),
        candidates={},
        runs={},
    )


def _values(chosen: str, parameters: Sequence[str]) -> dict[str, Scalar]:
    full = {name: path for path, short in shortest(parameters).items() for name in (short, path)}
    wanted: dict[str, Scalar] = {}
    try:
        parts = shlex.split(chosen)
    except ValueError as error:
        raise DataError(Problem("--chosen", f"must be written as lr=0.1 dropout=0.5; got {error}")) from None
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals or name not in full:
            message = f"must give values of parameters that vary: {listed(parameters)}; got {part}"
            raise DataError(Problem("--chosen", message, suggestion(name, parameters, also="lr=0.1 dropout=0.5")))
        wanted[full[name]] = said(value)
    return wanted


def _has(row: Row, wanted: Mapping[str, Scalar]) -> bool:
    return all(name in row.parameters and _equal(row.parameters[name], value) for name, value in wanted.items())


def _equal(here: Scalar, wanted: Scalar) -> bool:
    """Whether a value is the one that is meant; a long number may be given by the digits of its label."""
    return here == wanted or (isinstance(here, float) and float(f"{here:.{DIGITS}g}") == wanted)
