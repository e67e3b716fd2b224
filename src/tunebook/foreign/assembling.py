"""From a foreign table to the Table of a study, and what was guessed on the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from tunebook.errors import DataError, Problem
from tunebook.foreign.asking import Asked, refuse_unknown
from tunebook.foreign.choosing import decision_of
from tunebook.foreign.columns import Columns, columns_of
from tunebook.foreign.frames import Frame
from tunebook.foreign.grids import Grid, rows_of, varied, whole_grid
from tunebook.foreign.objectives import Objective, objective_of
from tunebook.foreign.runs import ForeignRun, runs_of
from tunebook.foreign.telling import told
from tunebook.records import Control, Row, RunFacts, Table
from tunebook.spec.names import listed, suggestion


@dataclass(frozen=True)
class Foreign:
    """A foreign table read.

    Args:
        table: As that of a study. It names no task, for none of Tunebook's made it.
        read: What was read, what was guessed, and how to say otherwise, one sentence each.
    """

    table: Table
    read: tuple[str, ...]


def assemble(frame: Frame, asked: Asked) -> Foreign:
    """Read a frame as the runs of one study.

    A configuration is what the parameters say; lines that agree in them are replicates. Where a column tells studies
    apart and the best configuration of another is run here too, it is a control.

    Raises:
        DataError: for anything that cannot be read, with its line.
    """
    refuse_unknown(asked, frame)
    columns = columns_of(frame, asked)
    every, pruned = runs_of(frame, columns)
    name = _study(every, frame, asked, columns)
    runs = [run for run in every if run.study == name]
    others = [run for run in every if run.study != name]
    if not runs:
        raise DataError(Problem(frame.source, "must hold a run that was not pruned; all were"))
    parameters, conditions = varied(runs, "parameters"), varied(runs, "case")
    objective = objective_of(frame, columns, asked, runs)
    rows = rows_of(runs, parameters, conditions)
    grid = whole_grid(runs, rows, parameters, asked.where) if asked.where or not frame.searched else Grid(rows, ())
    table = Table(
        study=name or frame.name,
        question="",
        task="",
        metrics=objective.metrics,
        report=objective.report,
        splits=objective.splits,
        select_metric=objective.metric,
        select_split=objective.split,
        rule="best-mean",
        parameters=parameters,
        rows=grid.rows,
        excluded=grid.excluded,
        declared=grid.configurations + len(grid.excluded),
        provenance={"read from": frame.source},
        controls=tuple(_controls(others, grid.rows, conditions, objective)),
    )
    table = replace(table, decision=decision_of(table, asked.chosen)) if asked.chosen else table
    return Foreign(table, tuple(told(frame, columns, table, objective, pruned)))


def _study(runs: Sequence[ForeignRun], frame: Frame, asked: Asked, columns: Columns) -> str:
    """The study to look at; empty where the table has no column of studies."""
    names = list(dict.fromkeys(run.study for run in runs))
    if not columns.of("study"):
        if asked.study not in ("", frame.name):
            message = f"must be {frame.name}: the table has no column that tells studies apart; got {asked.study}"
            raise DataError(Problem("--study", message))
        return ""
    if not asked.study and len(names) > 1:
        column = columns.of("study")[0].column
        message = f"holds several studies, by its column {column}: {listed(names)}"
        raise DataError(Problem(frame.source, message, f"name one: --study NAME (or --ignore {column})"))
    if asked.study and asked.study not in names:
        message = f"must be one of {listed(names)}; got {asked.study}"
        raise DataError(Problem("--study", message, suggestion(asked.study, names, also="")))
    return asked.study or names[0]


# Controls ---------------------------------------------------------------------------------------------


def _controls(
    others: Sequence[ForeignRun], rows: Sequence[Row], conditions: Sequence[str], objective: Objective
) -> Iterator[Control]:
    """The best configuration of each other study, where it is run here too."""
    for study in dict.fromkeys(run.study for run in others):
        before = rows_of([run for run in others if run.study == study], varied(others, "parameters"), conditions)
        best = _best(before, objective)
        here = [row for row in rows if row.configuration == best]
        if here:
            yield Control(
                study=study,
                label=here[0].label,
                metric=objective.metric,
                split=objective.split,
                before=tuple(row for row in before if row.configuration == best),
                here=tuple(replace(row, runs=tuple(map(_as_control, row.runs))) for row in here),
            )


def _best(rows: Sequence[Row], objective: Objective) -> str:
    """The configuration with the best mean over its runs; empty when none has a score."""
    sign = 1 if objective.metrics[objective.metric].direction == "maximize" else -1
    means: dict[str, list[float]] = {}
    for row in rows:
        found = [
            score for run in row.runs if (score := run.scores.get((objective.metric, objective.split))) is not None
        ]
        means.setdefault(row.configuration, []).extend(found)
    scored = {name: sign * fmean(found) for name, found in means.items() if found}
    return max(scored, key=lambda name: scored[name], default="")


def _as_control(run: RunFacts) -> RunFacts:
    return replace(run, role="control")
