"""From files to rows: how a run folder or a record file enters the ledger."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from tunebook.errors import LedgerError, Problem
from tunebook.folders import RunFolder
from tunebook.ledger import tables
from tunebook.ledger.records_files import Decided, Noted, Stopped, decision_as_plain, read_record
from tunebook.records import Measurement, Outcome, Run, Settings

Rows = list[dict[str, Any]]
SCORES = ("scoring.json", "settings.jsonl", "measurements.jsonl")
"""The files of a scoring that enter the ledger."""


def index_folder(connection: Connection, folder: RunFolder) -> None:
    """Bring the rows of one run and length to what its folder says; nothing happens when they agree.

    A run without an outcome has no rows but its own; a folder that is gone has none. A failed run has an outcome and
    no scores: what it left behind depends on the moment of its failure. A scoring counts once it has measurements.

    Raises:
        LedgerError: when a file of the folder is damaged or does not belong there.
    """
    with _whole(folder, folder.path):
        source = _source(folder)
    key = (tables.runs.c.run == folder.path.name) & (tables.runs.c.length == folder.length)
    if connection.execute(select(tables.runs.c.source).where(key)).scalar_one_or_none() == source:
        return
    if not (folder.path / "config.json").exists():
        connection.execute(delete(tables.runs).where(key))
        return
    rows = _rows(folder, source)
    connection.execute(delete(tables.runs).where(key))
    for table, values in (
        (tables.runs, rows.runs),
        (tables.outcomes, rows.outcomes),
        (tables.scorings, rows.scorings),
        (tables.settings, rows.settings),
        (tables.measurements, rows.measurements),
    ):
        if values:
            connection.execute(insert(table), values)


def index_record(connection: Connection, path: Path) -> None:
    """Add a plan or a decision file; nothing happens when it is there already.

    Stops and notes are read from their files: they have no rows.

    Raises:
        LedgerError: when the file is missing, damaged, edited or of another kind.
    """
    record = read_record(path)
    if isinstance(record, Stopped | Noted):
        return
    table = tables.decisions if isinstance(record, Decided) else tables.plans
    known = (table.c.study == record.study) & (table.c.record == path.stem)
    if connection.execute(select(table.c.number).where(known)).first() is not None:
        return
    key = {"study": record.study, "record": path.stem}
    if isinstance(record, Decided):
        decided = decision_as_plain(record.decision)
        connection.execute(insert(table), [{**key, "number": record.number, "decided": decided}])
        return
    connection.execute(insert(table), [{**key, "number": record.number, "declared": record.declared}])
    entries = [
        {
            **key,
            "line": line,
            "run": entry.run,
            "length": entry.length,
            "configuration": entry.configuration,
            "condition": entry.case.values,
            "replicate": entry.replicate,
            "role": entry.role,
            "position": entry.position,
            "parameters": entry.parameters,
            "alternative": entry.alternative,
            "label": entry.label,
            "scoring": entry.scoring,
            "repeat": entry.repeat,
            "source": entry.source,
        }
        for line, entry in enumerate(record.entries)
    ]
    if entries:
        connection.execute(insert(tables.planned_runs), entries)


@dataclass(frozen=True)
class _FolderRows:
    runs: Rows
    outcomes: Rows = field(default_factory=list)
    scorings: Rows = field(default_factory=list)
    settings: Rows = field(default_factory=list)
    measurements: Rows = field(default_factory=list)


def _source(folder: RunFolder) -> str:
    """Digest of the indexed files, missing ones included."""
    total = hashlib.sha256()
    scores = (folder.scores(scoring) / name for scoring in folder.scorings() for name in SCORES)
    for path in (folder.path / "config.json", folder.at / "outcome.json", *scores):
        content = path.read_bytes() if path.exists() else None
        name = path.relative_to(folder.path).as_posix()
        total.update(f"{name}\0{'absent' if content is None else len(content)}\0".encode())
        total.update(content or b"")
    return total.hexdigest()


def _rows(folder: RunFolder, source: str) -> _FolderRows:
    key: dict[str, Any] = {"run": folder.path.name, "length": folder.length}
    with _whole(folder, folder.path / "config.json"):
        run = folder.read_run()
        rows = _FolderRows(runs=[{**key, **_run_row(run), "source": source}])
    if run.id != folder.path.name:
        message = f"must be the run of its folder, {folder.path.name}; got the content of {run.id}"
        raise LedgerError(Problem(str(folder.path / "config.json"), message, _way_out(folder)))
    with _whole(folder, folder.at / "outcome.json"):
        outcome = folder.read_outcome()
        if outcome is None:
            return rows
        rows.outcomes.append({**key, **_outcome_row(outcome)})
    if outcome.status == "failed":
        return rows
    for scoring in folder.scorings():
        _add_scores(rows, folder, {**key, "scoring": scoring})
    return rows


def _add_scores(rows: _FolderRows, folder: RunFolder, key: dict[str, Any]) -> None:
    scoring = key["scoring"]
    place = folder.scores(scoring)
    with _whole(folder, place / "scoring.json"):
        way = folder.read_scoring(scoring)
        if way.id != scoring:
            raise ValueError(f"the content of scoring {way.id}")
        rows.scorings.append({**key, "way": asdict(way)})
    with _whole(folder, place / "settings.jsonl"):
        rows.settings.extend({**key, **row} for row in _settings_rows(folder.read_settings(scoring)))
    with _whole(folder, place / "measurements.jsonl"):
        rows.measurements.extend({**key, **row} for row in _measurement_rows(folder.read_measurements(scoring)))


def _run_row(run: Run) -> dict[str, Any]:
    return {
        "task": run.task,
        "version": run.version,
        "resolved": run.configuration.values,
        "effective": run.configuration.effective,
        "replicate": run.replicate,
        "repeat": int(run.repeat),
        "fingerprints": run.fingerprints,
    }


def _outcome_row(outcome: Outcome) -> dict[str, Any]:
    if outcome.status not in ("finished", "failed"):
        raise ValueError(f"status {outcome.status}")
    return {
        "status": outcome.status,
        "kind": outcome.kind,
        "reason": outcome.reason,
        "predictions": outcome.predictions,
        "quantities": {name: _finite(value) for name, value in outcome.quantities.items()},
        "seconds": _finite(outcome.costs.seconds),
        "cpu_seconds": _finite(outcome.costs.cpu_seconds),
        "peak_memory_mb": _finite(outcome.costs.peak_memory_mb),
        "provenance": outcome.provenance,
    }


def _settings_rows(settings: Sequence[Settings]) -> Rows:
    return [
        {"position": position, "mode": one.mode, "split": one.split, "metric": one.metric, "chosen": one.values}
        for position, one in enumerate(settings)
    ]


def _measurement_rows(measurements: Sequence[Measurement]) -> Rows:
    seen: set[tuple[str, str, str]] = set()
    rows: Rows = []
    for position, one in enumerate(measurements):
        name = (one.metric, one.split, one.item)
        if name in seen:
            raise ValueError(f"{one.metric} on {one.split} twice for {one.item or 'all items'}")
        seen.add(name)
        rows.append(
            {
                "metric": one.metric,
                "split": one.split,
                "item": one.item,
                "position": position,
                "value": None if one.value is None else _finite(one.value),
                "n": int(one.n),
                "expected": int(one.expected),
                "evaluator": one.evaluator,
                "settings": one.settings,
                "reason": one.reason,
            }
        )
    return rows


def _finite(value: float) -> float:
    # Adding 0.0 makes -0.0 the 0.0 that every database gives back.
    number = float(value) + 0.0
    if not math.isfinite(number):
        raise ValueError(f"{number} where a finite number must be")
    return number


@contextmanager
def _whole(folder: RunFolder, path: Path) -> Iterator[None]:
    """What goes wrong inside is damage of this file."""
    try:
        yield
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        got = f"{type(error).__name__}: {error}"
        raise LedgerError(Problem(str(path), f"must be a whole file of a run; got {got}", _way_out(folder))) from error


def _way_out(folder: RunFolder) -> str:
    return f"restore the file, or remove {folder.path} and run the study again"
