"""From the lines of a foreign table to its runs; every cell that cannot be read is refused with its line."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tunebook.errors import DataError, Problem
from tunebook.foreign.cells import FAILED, Summary, Unreadable, score
from tunebook.foreign.columns import Column, Columns
from tunebook.foreign.csv_files import few
from tunebook.foreign.frames import Frame, Line
from tunebook.records import RunFacts, Scalar, Settings

FINISHED = frozenset({"finished", "finish", "complete", "completed", "success", "succeeded", "done", "ok"})
UNFINISHED = frozenset({"running", "scheduled", "waiting", "pending", "queued", "created", "not run", "missing"})
PRUNED = frozenset({"pruned", "stopped early"})
Status = Literal["finished", "failed", "missing"]


@dataclass(frozen=True)
class ForeignRun:
    """One line of the table: a run, and what it was of.

    Args:
        study: What the column of studies says; empty without one.
        parameters: Every parameter with a value here. `case`: every condition.
    """

    place: str
    study: str
    parameters: Mapping[str, Scalar]
    case: Mapping[str, Scalar]
    facts: RunFacts


def runs_of(frame: Frame, columns: Columns) -> tuple[tuple[ForeignRun, ...], int]:
    """The runs, and how many lines were left out because they were pruned: stopped before their full length.

    Where no column tells replicates apart, equal configurations are counted (`run=0`, `run=1`).

    Raises:
        DataError: with the line of every cell that cannot be read.
    """
    problems: list[Problem] = []
    kept = [line for line in frame.lines if _state(line, columns).lower() not in PRUNED]
    numbers = _Numbers(columns, kept)
    most = _most_items(kept, columns)
    found = [_run(line, columns, numbers, most, problems) for line in kept]
    if problems:
        raise DataError(*few(problems))
    return tuple(found if columns.of("replicate") else _counted(found)), len(frame.lines) - len(kept)


def _run(
    line: Line, columns: Columns, numbers: "_Numbers", most: Mapping[str, int], problems: list[Problem]
) -> ForeignRun:
    scores, reasons = _scores(line, columns, problems)
    status, reason = _status(line, columns, scores, reasons, problems)
    facts = RunFacts(
        id=line.name,
        replicate=numbers.replicate(line),
        role="search",
        status=status,
        reason=reason,
        scores=scores if status == "finished" else {},
        reasons=reasons,
        counts=dict(_counts(line, columns, scores, most)) if status == "finished" else {},
        settings=tuple(_settings(line, columns)),
        provenance={column.name: str(line.cells[column.column]) for column in _present(line, columns, "provenance")},
    )
    studies = [str(line.cells[column.column]) for column in _present(line, columns, "study")]
    return ForeignRun(
        line.place, "".join(studies[:1]), _named(line, columns, "parameter"), _named(line, columns, "case"), facts
    )


def _present(line: Line, columns: Columns, role: str) -> Iterator[Column]:
    return (column for column in columns.every if column.role == role and column.column in line.cells)


def _named(line: Line, columns: Columns, role: str) -> dict[str, Scalar]:
    return {column.name: _canonical(line.cells[column.column]) for column in _present(line, columns, role)}


def _canonical(value: Scalar) -> Scalar:
    """1.0 is 1; what is not finite is text, for it is no part of an identity."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    return value


# Scores and states ------------------------------------------------------------------------------------

Key = tuple[str, str]


def _scores(line: Line, columns: Columns, problems: list[Problem]) -> tuple[dict[Key, float], dict[Key, str]]:
    scores: dict[Key, float] = {}
    reasons: dict[Key, str] = {}
    for column in columns.of("metric"):
        key = (column.name, column.split)
        try:
            found = score(line.cells[column.column]) if column.column in line.cells else "empty in the table"
        except Unreadable as error:
            hint = "give one line to each run, with its seed" if isinstance(error, Summary) else ""
            problems.append(Problem(f"{line.place}, {column.column}", str(error), hint))
            continue
        if isinstance(found, float) and math.isfinite(found):
            scores[key] = found
        else:
            reasons[key] = found if isinstance(found, str) else "not a finite number"
    return scores, reasons


def _state(line: Line, columns: Columns) -> str:
    return next((str(line.cells[column.column]).strip() for column in _present(line, columns, "state")), "")


def _status(
    line: Line, columns: Columns, scores: Mapping[Key, float], reasons: Mapping[Key, str], problems: list[Problem]
) -> tuple[Status, str]:
    """How a run ended: as the column of states says, else as its scores do."""
    state = _state(line, columns).lower()
    if state in FAILED:
        return "failed", state
    if state in UNFINISHED:
        return "missing", state
    if state and state not in FINISHED:
        known = "finished, failed, running or pruned"
        problems.append(Problem(line.place, f"the state must be one of {known}; got {state}", "or --ignore its column"))
    if scores:
        return "finished", ""
    failed = next((reason for reason in reasons.values() if reason.startswith("failed")), "")
    if failed:
        return "failed", failed.removeprefix("failed: ")
    not_finite = "not a finite number" in reasons.values()
    return ("failed", "not a finite number") if not_finite else ("missing", "no score in the table")


def _most_items(lines: Sequence[Line], columns: Columns) -> dict[str, int]:
    """Column -> the largest number of scored items in it."""
    values = {
        column.column: [_whole(line.cells.get(column.column)) for line in lines] for column in columns.of("scored")
    }
    return {name: max((number for number in found if number is not None), default=0) for name, found in values.items()}


def _counts(
    line: Line, columns: Columns, scores: Mapping[Key, float], most: Mapping[str, int]
) -> Iterator[tuple[Key, tuple[int, int]]]:
    """Scored and expected items of every score; expected, where nothing says it, is the most that any run has."""
    expected = {column.split: _whole(line.cells[column.column]) for column in _present(line, columns, "expected")}
    for column in _present(line, columns, "scored"):
        scored = _whole(line.cells[column.column])
        of = expected.get(column.split, expected.get("")) or most[column.column]
        if scored is not None:
            yield from ((key, (scored, of)) for key in scores if column.split in ("", key[1]))


def _whole(value: Scalar) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _settings(line: Line, columns: Columns) -> Iterator[Settings]:
    for column in _present(line, columns, "threshold"):
        yield Settings("", column.split, "", {column.name: line.cells[column.column]})


# Replicates -------------------------------------------------------------------------------------------


class _Numbers:
    """Replicates as numbers: those of the table where they are whole, else counted in their order."""

    def __init__(self, columns: Columns, lines: Sequence[Line]) -> None:
        self._columns = columns
        self._known: dict[str, dict[Scalar, int]] = {}
        for column in columns.of("replicate"):
            values = dict.fromkeys(
                _canonical(line.cells[column.column]) for line in lines if column.column in line.cells
            )
            whole = all(isinstance(value, int) for value in values)
            self._known[column.column] = {value: int(value) if whole else at for at, value in enumerate(values)}  # type: ignore[arg-type]  # whole numbers

    def replicate(self, line: Line) -> dict[str, int]:
        return {
            column.name: self._known[column.column][_canonical(line.cells[column.column])]
            for column in _present(line, self._columns, "replicate")
        }


def _counted(runs: Sequence[ForeignRun]) -> Iterator[ForeignRun]:
    seen: dict[tuple[object, ...], int] = {}
    for run in runs:
        key = (run.study, *sorted(run.parameters.items(), key=str), *sorted(run.case.items(), key=str))
        seen[key] = seen.get(key, -1) + 1
        yield replace(run, facts=replace(run.facts, replicate={"run": seen[key]}))
