"""The ledger as text: the facts alone, or everything.

Facts are what two executions of one book must agree on byte for byte. A run is a fact once it ended; what began
and did not end is none. Times, hosts, costs, provenance, reasons, attempts and row numbers are no facts.
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from tunebook.folders import RunFolder
from tunebook.ledger import tables
from tunebook.ledger.ledger import Ledger
from tunebook.records import canonical_json


def facts(ledger: Ledger) -> str:
    """One canonical JSON line for each run, settings, measurement, rating and decision, sorted.

    Settings and measurements say how the run was scored: on which split and by which metric settings were chosen, the
    scoring settings of the configuration, the evaluator.

    Equal facts are equal bytes, in whatever order and however often they were ingested. A run's line holds what its
    id is made of, its length, its outcome's status and kind, the digests of its predictions and its quantities.
    A study's line holds its newest decision. Ratings are read from the folders of these runs.
    """
    with ledger.database.reading() as connection:
        found = [*_facts(connection), *_ratings(connection, ledger.book)]
    lines = sorted(map(canonical_json, found))
    return "".join(f"{line}\n" for line in lines)


def dump(ledger: Ledger) -> str:
    """Every row of every table as a canonical JSON line, ordered by table and key; costs and provenance too."""
    with ledger.database.reading() as connection:
        return "".join(
            canonical_json({"table": table.name.removeprefix(tables.PREFIX), **row._mapping}) + "\n"
            for table in tables.metadata.sorted_tables
            for row in _ordered(connection, table)
        )


def _facts(connection: Connection) -> Iterator[dict[str, Any]]:
    yield from map(_run, _ended(connection))
    scoring = tables.scorings
    ways = {(row.run, row.length, row.scoring): row.way for row in connection.execute(select(scoring))}
    for row in connection.execute(select(tables.settings)):
        yield {
            "fact": "settings",
            "run": row.run,
            "length": row.length,
            "scoring": ways[row.run, row.length, row.scoring],
            "mode": row.mode,
            "split": row.split,
            "metric": row.metric,
            "values": row.chosen,
        }
    for row in connection.execute(select(tables.measurements)):
        yield {
            "fact": "measurement",
            "run": row.run,
            "length": row.length,
            "scoring": ways[row.run, row.length, row.scoring],
            "metric": row.metric,
            "split": row.split,
            "item": row.item,
            "value": row.value,
            "n": row.n,
            "expected": row.expected,
            "evaluator": row.evaluator,
            "settings": row.settings,
            "reason": row.reason,
        }
    decision = tables.decisions
    newest = {
        row.study: row.decided
        for row in connection.execute(select(decision).order_by(decision.c.number, decision.c.record))
    }
    yield from ({"fact": "decision", **decided} for decided in newest.values())


def _ratings(connection: Connection, book: Path) -> Iterator[dict[str, Any]]:
    for row in _ended(connection):
        for rating in RunFolder(book / "runs" / row.run, row.length).read_ratings():
            yield {"fact": "rating", "run": row.run, "length": row.length, **asdict(rating)}


def _ended(connection: Connection) -> Iterator[Row[Any]]:
    run, outcome = tables.runs, tables.outcomes
    query = select(
        run, outcome.c.status, outcome.c.kind, outcome.c.predictions, outcome.c.quantities
    ).join(outcome, (outcome.c.run == run.c.run) & (outcome.c.length == run.c.length))  # fmt: skip
    yield from connection.execute(query)


def _run(row: Row[Any]) -> dict[str, Any]:
    return {
        "fact": "run",
        "run": row.run,
        "length": row.length,
        "task": row.task,
        "version": row.version,
        "configuration": row.effective,
        "replicate": row.replicate,
        "repeat": row.repeat,
        "fingerprints": row.fingerprints,
        "status": row.status,
        "kind": row.kind,
        "predictions": row.predictions,
        "quantities": row.quantities,
    }


def _ordered(connection: Connection, table: Table[Any]) -> Iterator[Row[Any]]:
    """Rows by key, compared as Python compares text: databases collate it differently."""
    names = [column.name for column in table.primary_key.columns]
    yield from sorted(connection.execute(select(table)), key=lambda row: tuple(row._mapping[name] for name in names))
