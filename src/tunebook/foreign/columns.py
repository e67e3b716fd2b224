"""What each column of a foreign table is: said by the person, marked by the program that wrote it, or guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tunebook.errors import DataError, Problem
from tunebook.foreign import naming
from tunebook.foreign.asking import Asked
from tunebook.foreign.cells import is_number, is_score
from tunebook.foreign.frames import Direction, Frame
from tunebook.records import Scalar

UNSTATED = "unstated split"
"""The split of scores whose column names none."""
Role = Literal[
    "parameter",
    "case",
    "replicate",
    "metric",
    "state",
    "study",
    "provenance",
    "scored",
    "expected",
    "threshold",
    "ignored",
]


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        column: As in the table. `name`: without what a program put in front.
        split: Of a score, of a number of items, or the one on which a threshold was chosen.
    """

    column: str
    role: Role
    name: str
    split: str = ""
    direction: Direction | None = None
    share: bool = False
    given: bool = False
    """Whether the table or the person says that the choice is made by it."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table by what they are."""

    every: tuple[Column, ...]

    def of(self, role: Role) -> tuple[Column, ...]:
        return tuple(column for column in self.every if column.role == role)


def columns_of(frame: Frame, asked: Asked) -> Columns:
    """Say of every column what it is.

    Raises:
        DataError: when there is no score, two columns are one score, or nothing tells which way a score is better.
    """
    found = _agreeing([_column(name, frame.values(name), frame, asked) for name in frame.columns], asked)
    scores = [column for column in found if column.role == "metric"]
    problems = [*_twice(scores, frame), *_undirected(scores, frame)]
    if not scores:
        message = f"must have a column of scores; its columns are {', '.join(frame.columns)}"
        problems.append(Problem(frame.source, message, "name them: --metric COLUMN"))
    if problems:
        raise DataError(*problems)
    return Columns(tuple(found))


def _column(column: str, values: Sequence[Scalar], frame: Frame, asked: Asked) -> Column:
    kind, name = naming.stripped(column)
    said = _said(column, asked)
    if said == "metric" or (said is None and column in frame.directions):
        return _metric(column, name, frame, asked)
    if said is not None:
        return Column(column, said, name)
    return _guessed(column, kind, name, values, frame, asked)


def _said(column: str, asked: Asked) -> Role | None:
    roles: Mapping[Role, tuple[str, ...]] = {
        "ignored": asked.ignore,
        "replicate": asked.seed,
        "case": asked.case,
        "parameter": asked.parameter,
        "metric": (*asked.metric, *asked.minimize, *asked.maximize),
    }
    return next((role for role, columns in roles.items() if column in columns), None)


def _guessed(column: str, kind: str, name: str, values: Sequence[Scalar], frame: Frame, asked: Asked) -> Column:
    plain = naming.plain(name)
    if kind == "nothing" or plain.startswith("_"):
        return Column(column, "ignored", name)
    if plain in naming.SEEDS:
        return Column(column, "replicate", "seed" if "seed" in plain or plain == "random_state" else plain)
    if kind == "parameter":
        return Column(column, "parameter", name)
    if kind in ("", "attribute"):
        known = _known(column, plain, name, values)
        if known is not None:
            return known
    if _is_objective(name):
        return _metric(column, name, frame, asked)
    scores = sum(map(is_score, values))
    if (
        scores
        and scores >= len(values) / 2
        and (kind == "metric" or naming.names_a_score(name))
        and not _is_setting(plain, values)
    ):
        return _metric(column, name, frame, asked)
    if kind in ("metric", "attribute"):
        return Column(column, "ignored", name)
    return Column(column, "parameter", name)


def _known(column: str, plain: str, name: str, values: Sequence[Scalar]) -> Column | None:
    """A column that its name alone tells."""
    parts = naming.as_score(name)
    if plain in naming.STATES:
        return Column(column, "state", name)
    if plain in naming.COUNTERS and all(map(is_number, values)) and len(set(values)) <= len(values) / 2:
        return Column(column, "replicate", plain)
    if plain in naming.STUDIES and 1 < len(set(map(str, values))) <= len(values) / 2:
        return Column(column, "study", name)
    if plain in naming.CASES:
        return Column(column, "case", name)
    if plain in naming.DEVICES:
        return Column(column, "provenance", naming.DEVICES[plain])
    if parts.split and parts.metric.lower().removeprefix("best_") in ("threshold", "cutoff"):
        return Column(column, "threshold", parts.metric, parts.split)
    if parts.metric.lower() in naming.SCORED and (parts.split or parts.metric.lower() != "n"):
        return Column(column, "scored", name, parts.split)
    if parts.metric.lower() in naming.EXPECTED:
        return Column(column, "expected", name, parts.split)
    return Column(column, "ignored", name) if plain in naming.BOOKKEEPING else None


def _is_setting(plain: str, values: Sequence[Scalar]) -> bool:
    """`precision` of 16 and 32 is one of numbers, not a score."""
    return plain == "precision" and all(isinstance(value, int) and value > 1 for value in values)


def _is_objective(name: str) -> bool:
    return naming.plain(name) in naming.OBJECTIVES or name.startswith("values_")


def _metric(column: str, name: str, frame: Frame, asked: Asked) -> Column:
    score = naming.as_score(name.removeprefix("values_"))
    direction = frame.directions.get(column, score.direction)
    if column in asked.minimize or column in asked.maximize:
        direction = "minimize" if column in asked.minimize else "maximize"
    split = score.split or asked.split or UNSTATED
    given = column in asked.metric or column in frame.directions or _is_objective(name)
    return Column(column, "metric", score.metric, split, direction, score.share, given)


def _agreeing(columns: Sequence[Column], asked: Asked) -> list[Column]:
    """What a person says of a metric on one split is so on all."""
    said = {
        column.name: column.direction
        for column in columns
        if column.role == "metric" and column.column in (*asked.minimize, *asked.maximize)
    }
    return [replace(column, direction=said.get(column.name, column.direction)) for column in columns]


def _twice(scores: Sequence[Column], frame: Frame) -> list[Problem]:
    by_name: dict[tuple[str, str], list[str]] = {}
    for score in scores:
        by_name.setdefault((score.name, score.split), []).append(score.column)
    return [
        Problem(frame.source, f"{' and '.join(columns)} are both {name} on {split}", f"--ignore '{columns[-1]}'")
        for (name, split), columns in by_name.items()
        if len(columns) > 1
    ]


def _undirected(scores: Sequence[Column], frame: Frame) -> list[Problem]:
    """A metric has one direction on every split; nothing is assumed."""
    known = {score.name for score in scores if score.direction is not None}
    return [
        Problem(
            frame.source,
            f"nothing tells whether {score.column} is better when it is high or low",
            f"--maximize '{score.column}' or --minimize '{score.column}' (or --parameter, --ignore)",
        )
        for score in scores
        if score.name not in known
    ]
