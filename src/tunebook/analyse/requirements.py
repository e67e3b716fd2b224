"""Which of a study's requirements a configuration does not meet."""

from collections.abc import Iterator
from functools import cache

from tunebook.analyse.costs import costs_of
from tunebook.analyse.saying import amount, number
from tunebook.analyse.scores import Cell, Entry, cell, mean_over_cases
from tunebook.records import COSTS, Role, Table
from tunebook.spec.expressions import Expression, Undefined, parse

_parsed = cache(parse)


def unmet(entry: Entry, table: Table, role: Role) -> tuple[str, ...]:
    """The requirements that a configuration fails, each with why: `box.msa >= 0.9 (box.msa is 0.850)`.

    Metrics are means over its runs of one role on the selection split, and over cases; costs are those of `costs_of`.
    A configuration without a value of a name fails what names it.
    """
    return tuple(
        f"{text} ({why})" for text in table.require if (why := _why(_parsed(text), entry, table, role)) is not None
    )


def score_of(entry: Entry, table: Table, metric: str, role: Role) -> Cell:
    """The mean of a configuration on one metric and the selection split; over cases when there are several."""
    return mean_over_cases([cell(row, metric=metric, split=table.select_split, role=role) for row in entry.rows])


def _why(required: Expression, entry: Entry, table: Table, role: Role) -> str | None:
    """Why a requirement is not met; None when it is."""
    costs, values, missing = costs_of(entry), dict[str, float](), list[str]()
    for name in required.names:
        score = Cell(costs.get(name), None, 0, 0) if name in COSTS else score_of(entry, table, name, role)
        if score.mean is not None and (name in COSTS or score.complete):
            values[name] = score.mean
        else:
            missing.append(f"no value of {name}" + (f": {score.reason}" if score.reason else ""))
    if missing:
        return "; ".join(missing)
    try:
        return None if required.holds(values) else "; ".join(_said(values))
    except Undefined as error:
        return str(error)


def _said(values: dict[str, float]) -> Iterator[str]:
    for name, value in values.items():
        yield f"{name} is {amount(name, value) if name in COSTS else number(value)}"
