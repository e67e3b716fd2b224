"""The tables of the ledger.

    schema         one row: the version of these tables
    runs           one row per run and length, as its config.json says
    outcomes       how it ended           ┐
    scorings       how it was scored      │ only of a run that ended
    settings       what was chosen after  │
    measurements   one row per number     ┘
    plans          one row per plan file of a study
    planned_runs   the entries of a plan
    decisions      one row per decision file

Every row is made from files, so the tables never migrate: another version is rebuilt. All names begin with
`tunebook_`, so that a database server may hold other tables too.
"""

import json
from typing import Any

from sqlalchemy import Column, Dialect, Double, ForeignKeyConstraint, Integer, MetaData, Table, Text, TypedColumns
from sqlalchemy.types import TypeDecorator

from tunebook.records import canonical_json

SCHEMA_VERSION = 3
PREFIX = "tunebook_"


class Plain(TypeDecorator[Any]):
    """Plain data (mappings, lists, scalars) as canonical JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """The text that is stored."""
        return canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The value that was stored; None in a row that an outer join left empty."""
        return None if value is None else json.loads(value)


def _text(*, key: bool = False) -> Column[str]:
    return Column(Text, primary_key=key, nullable=False)


def _integer(*, key: bool = False) -> Column[int]:
    return Column(Integer, primary_key=key, nullable=False, autoincrement=False)


def _number() -> Column[float]:
    return Column(Double, nullable=False)


def _plain() -> Column[Any]:
    return Column(Plain, nullable=False)


class SchemaColumns(TypedColumns):
    """The version of the tables; this table keeps its shape in every version."""

    version = _integer(key=True)


class RunColumns(TypedColumns):
    """A run and a length; `source` is the digest of the files that its rows were made from."""

    run = _text(key=True)
    length = _integer(key=True)
    task = _text()
    version = _text()
    resolved = _plain()
    effective = _plain()
    replicate = _plain()
    repeat = _integer()
    fingerprints = _plain()
    source = _text()


class OutcomeColumns(TypedColumns):
    """How a run ended at a length."""

    run = _text(key=True)
    length = _integer(key=True)
    status = _text()
    kind = _text()
    reason = _text()
    predictions = _plain()
    quantities = _plain()
    seconds = _number()
    cpu_seconds = _number()
    peak_memory_mb = _number()
    provenance = _plain()


class ScoringColumns(TypedColumns):
    """A way in which a run was scored: its id and what it is."""

    run = _text(key=True)
    length = _integer(key=True)
    scoring = _text(key=True)
    way = _plain()


class SettingsColumns(TypedColumns):
    """What was chosen after training; `position` is the line in the file."""

    run = _text(key=True)
    length = _integer(key=True)
    scoring = _text(key=True)
    position = _integer(key=True)
    mode = _text()
    split = _text()
    metric = _text()
    chosen = _plain()


class MeasurementColumns(TypedColumns):
    """One number; the item is empty for the aggregate; `position` is the line in the file."""

    run = _text(key=True)
    length = _integer(key=True)
    scoring = _text(key=True)
    metric = _text(key=True)
    split = _text(key=True)
    item = _text(key=True)
    position = _integer()
    value: Column[float | None] = Column(Double, nullable=True)
    n = _integer()
    expected = _integer()
    evaluator = _text()
    settings = _plain()
    reason = _text()


class PlanColumns(TypedColumns):
    """A plan file: `record` is its name without the ending; the highest number is the current plan."""

    study = _text(key=True)
    record = _text(key=True)
    number = _integer()
    declared = _text()


class PlannedRunColumns(TypedColumns):
    """An entry of a plan; `line` is its place in the plan's list."""

    study = _text(key=True)
    record = _text(key=True)
    line = _integer(key=True)
    run = _text()
    length = _integer()
    configuration = _text()
    condition = _plain()
    replicate = _plain()
    role = _text()
    position = _integer()
    parameters = _plain()
    alternative = _text()
    label = _text()
    scoring = _text()
    repeat = _integer()
    source = _text()


class DecisionColumns(TypedColumns):
    """A decision file; the highest number is the study's decision."""

    study = _text(key=True)
    record = _text(key=True)
    number = _integer()
    decided = _plain()


metadata = MetaData()


def _of_run() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["run", "length"], [runs.c.run, runs.c.length], ondelete="CASCADE")


def _of_scoring() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["run", "length", "scoring"], [scorings.c.run, scorings.c.length, scorings.c.scoring], ondelete="CASCADE"
    )


schema = Table(f"{PREFIX}schema", metadata, SchemaColumns)
runs = Table(f"{PREFIX}runs", metadata, RunColumns)
outcomes = Table(f"{PREFIX}outcomes", metadata, OutcomeColumns, _of_run())
scorings = Table(f"{PREFIX}scorings", metadata, ScoringColumns, _of_run())
settings = Table(f"{PREFIX}settings", metadata, SettingsColumns, _of_scoring())
measurements = Table(f"{PREFIX}measurements", metadata, MeasurementColumns, _of_scoring())
plans = Table(f"{PREFIX}plans", metadata, PlanColumns)
planned_runs = Table(
    f"{PREFIX}planned_runs",
    metadata,
    PlannedRunColumns,
    ForeignKeyConstraint(["study", "record"], [plans.c.study, plans.c.record], ondelete="CASCADE"),
)
decisions = Table(f"{PREFIX}decisions", metadata, DecisionColumns)
