"""What is said of a foreign table before its findings: how it was read, and how to say otherwise."""

from collections.abc import Iterator

from tunebook.foreign.columns import UNSTATED, Columns, Role
from tunebook.foreign.frames import Frame
from tunebook.foreign.objectives import Objective
from tunebook.records import Table
from tunebook.spec.names import listed

SHOWN = 20
"""Most columns that a sentence names."""


def told(frame: Frame, columns: Columns, table: Table, objective: Objective, pruned: int) -> Iterator[str]:
    """One sentence on what was read, then one on each guess."""
    runs = [run for row in table.rows for run in row.runs if run.id]
    number = len({row.configuration for row in table.rows if any(run.id for run in row.runs)})
    yield f"read: {_many(len(runs), 'run')} of {_many(number, 'configuration')} from {frame.source}"
    yield from frame.remarks
    if pruned:
        yield f"{_many(pruned, 'pruned run')} left out: stopped early, so the score is that of another length"
    yield from _parameters(columns, table)
    yield _replicates(columns)
    conditions = _names(columns, "case")
    if conditions:
        yield f"conditions: {listed(conditions)} (--case to change)"
    yield from _scores(table, objective)
    ignored = [column.column for column in columns.of("ignored")]
    if ignored:
        names = listed(ignored, most=SHOWN)
        yield f"without meaning here: {names} (--parameter, --metric, --seed or --case to use one)"


def _parameters(columns: Columns, table: Table) -> Iterator[str]:
    same = [name for name in _names(columns, "parameter") if name not in table.parameters]
    everywhere = f"; the same everywhere: {listed(same, most=SHOWN)}" if same else ""
    names = listed(table.parameters, most=SHOWN) or "none that vary"
    yield f"parameters: {names}{everywhere} (--ignore to leave one out)"
    if table.excluded:
        yield f"constraints: they leave out {_many(len(table.excluded), 'point')} of {table.declared}"


def _replicates(columns: Columns) -> str:
    names = _names(columns, "replicate")
    if names:
        return f"replicates: {listed(names)} (--seed to change)"
    return "replicates: no column tells them apart; lines with equal parameters are counted in order (--seed COLUMN)"


def _scores(table: Table, objective: Objective) -> Iterator[str]:
    way = "higher" if table.metrics[objective.metric].direction == "maximize" else "lower"
    where = f" on {objective.split}" if objective.split != UNSTATED else ""
    yield f"chosen by: {objective.metric}{where}, {way} is better (--metric, --minimize, --maximize to change)"
    if objective.split == UNSTATED:
        yield f"the table does not say on which split {objective.column} was measured (--split NAME)"
    if objective.splits and objective.splits != (UNSTATED,):
        yield f"reported: {listed(objective.report)} on {listed(objective.splits)}"
    else:
        yield "reported: no score of a split that is kept for it"


def _names(columns: Columns, role: Role) -> list[str]:
    return [column.name for column in columns.of(role)]


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
