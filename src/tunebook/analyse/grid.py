"""Scores over two numeric parameters: the data of a heatmap, with what was excluded, failed or is missing."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tunebook.analyse.scores import Cell, Unavailable, cases, cell
from tunebook.records import Case, Excluded, Row, Scalar, Table

State = Literal["value", "no value", "excluded", "undeclared"]


@dataclass(frozen=True)
class Square:
    """One square of a heatmap.

    Args:
        mean: Mean over the configurations that share the square; None unless the state is `value`.
        sd: Over replicates; None when several configurations share the square or n < 2.
        n: Runs behind the mean.
        configurations: How many configurations share the square.
        reason: Why there is no value, or which runs are missing from it.
    """

    state: State
    mean: float | None = None
    sd: float | None = None
    n: int = 0
    configurations: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Heatmap:
    """Scores by two parameters.

    Args:
        x, y: The parameters (dotted paths); `xs`, `ys`: their values, ascending.
        squares: `squares[i][j]` belongs to `ys[i]` and `xs[j]`.
        over: Other varied parameters that a square averages over.
    """

    metric: str
    split: str
    x: str
    y: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    squares: tuple[tuple[Square, ...], ...]
    alternative: str
    case: Case
    over: tuple[str, ...] = ()


def heatmaps(table: Table, *, metric: str, split: str) -> tuple[Heatmap, ...] | Unavailable:
    """One heatmap for each alternative that varies two numeric parameters, and each case.

    The axes are the two numeric parameters with most values (ties: order of declaration), in that order
    of declaration.
    """
    found = []
    for alternative in dict.fromkeys(row.alternative for row in table.rows):
        pair = axes(table, alternative=alternative)
        if pair is not None:
            x, y = pair
            found += [
                heatmap(table, metric=metric, split=split, x=x, y=y, alternative=alternative, case=case)
                for case in cases(table)
            ]
    return tuple(found) or Unavailable("no two numeric parameters were varied together")


def under_every_name(table: Table, row: Row) -> tuple[Row, ...]:
    """A configuration at every declared point that it stands for: a parameter without effect there has any value."""
    points = table.equivalents.get(row.configuration, (row.parameters,))
    return tuple(replace(row, parameters=point) for point in points)


def axes(table: Table, *, alternative: str) -> tuple[str, str] | None:
    """The two numeric parameters of an alternative that vary most; None when there are no two."""
    rows = [row for row in table.rows if row.alternative == alternative]
    points = [named.parameters for row in rows for named in under_every_name(table, row)]
    counts = {name: len(_values(points, name)) for name in table.parameters}
    varied = [name for name in table.parameters if counts[name] > 1]
    most = sorted(varied, key=lambda name: -counts[name])[:2]
    if len(most) < 2:
        return None
    x, y = (name for name in varied if name in most)
    return x, y


def heatmap(
    table: Table, *, metric: str, split: str, x: str, y: str, alternative: str = "", case: Case | None = None
) -> Heatmap:
    """The scores of one alternative in one case, by two numeric parameters."""
    case = Case() if case is None else case
    rows = [
        named
        for row in table.rows
        if row.alternative == alternative and row.case == case
        for named in under_every_name(table, row)
        if _on(named.parameters, x, y)
    ]
    excluded = [each for each in table.excluded if each.alternative == alternative and _on(each.parameters, x, y)]
    points = [*(row.parameters for row in rows), *(each.parameters for each in excluded)]
    xs, ys = _values(points, x), _values(points, y)
    squares = tuple(
        tuple(
            _square(
                [row for row in rows if _lies(row.parameters, {x: across, y: up})],
                [each for each in excluded if _lies(each.parameters, {x: across, y: up})],
                metric,
                split,
            )
            for across in xs
        )
        for up in ys
    )
    over = tuple(
        name for name in table.parameters if name not in (x, y) and len({row.parameters.get(name) for row in rows}) > 1
    )
    return Heatmap(metric, split, x, y, xs, ys, squares, alternative, case, over)


def _square(rows: Sequence[Row], excluded: Sequence[Excluded], metric: str, split: str) -> Square:
    cells = [cell(row, metric=metric, split=split) for row in rows]
    scored = [each for each in cells if each.mean is not None]
    reason = "; ".join(dict.fromkeys(each.reason for each in cells if each.reason))
    if scored:
        return _mean(scored, reason)
    if cells:
        return Square("no value", configurations=len(cells), reason=reason)
    if excluded:
        return Square("excluded", reason="; ".join(dict.fromkeys(each.reason for each in excluded)))
    return Square("undeclared", reason="not declared")


def _mean(scored: Sequence[Cell], reason: str) -> Square:
    mean = statistics.fmean(each.mean for each in scored if each.mean is not None)
    sd = scored[0].sd if len(scored) == 1 else None
    return Square("value", mean, sd, sum(each.n for each in scored), len(scored), reason)


def _lies(point: Mapping[str, Scalar], where: Mapping[str, float]) -> bool:
    return all(point[name] == value for name, value in where.items())


def _values(points: Sequence[Mapping[str, Scalar]], name: str) -> tuple[float, ...]:
    return tuple(sorted({value for point in points if (value := _number(point.get(name))) is not None}))


def _on(point: Mapping[str, Scalar], x: str, y: str) -> bool:
    return _number(point.get(x)) is not None and _number(point.get(y)) is not None


def _number(value: Scalar) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
