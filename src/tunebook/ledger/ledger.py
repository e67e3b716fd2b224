"""The ledger: what happened, as an index of the files of a book.

Run folders and record files are the truth; the ledger only answers faster than they do. One conductor writes,
any number of readers may look at the same time, each seeing one consistent state.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from sqlalchemy import Connection, Row, Select, inspect, select, union

from tunebook.errors import LedgerError, Problem
from tunebook.folders import RunFolder
from tunebook.ledger import tables
from tunebook.ledger.database import MEMORY, REBUILD, Database, exists
from tunebook.ledger.indexing import index_folder, index_record
from tunebook.ledger.rebuild import Rebuilt, fill, refill
from tunebook.ledger.records_files import PlannedEntry, decision_from
from tunebook.records import Case, Configuration, Costs, Decision, Measurement, Outcome, Part, Run, Settings

CHUNK = 500  # ids in one query: databases limit the number of parameters


class Aggregate(NamedTuple):
    """One measurement of one run over all items of a split."""

    run: str
    length: int
    scoring: str
    metric: str
    split: str
    value: float | None
    n: int
    expected: int
    reason: str


class Ledger:
    """An open ledger; a context manager that closes it.

    Use `Ledger.open`.
    """

    def __init__(self, database: Database, *, book: Path) -> None:
        self.database = database
        self.book = book

    @classmethod
    def open(cls, url: str, *, book: Path, wait: float = 10.0) -> "Ledger":
        """Open the ledger of a book; an empty database is filled from the files of the book.

        Args:
            url: `sqlite:///ledger.sqlite` (a relative file starts from the book), or a server's URL.
            book: The book's folder.
            wait: Seconds to wait while another program holds the ledger locked.

        Raises:
            LedgerError: when the database cannot be opened or holds a ledger of another version, or a file of the
                book is damaged.
        """
        database = Database(url, book=book, wait=wait)
        try:
            _ensure_tables(database, book=book)
        except BaseException:
            database.close()
            raise
        return cls(database, book=book)

    @classmethod
    def look(cls, url: str, *, book: Path) -> "Ledger":
        """Open the ledger of a book to read; where there is no file yet, none is made, and it is kept in memory.

        Raises:
            LedgerError: as `open` does.
        """
        return cls.open(url if exists(url, book=book) else MEMORY, book=book)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self.database.close()

    # Writing --------------------------------------------------------------------------------------------

    def ingest(self, folder: RunFolder) -> None:
        """Index a run folder: run, outcome and all scores together.

        The same folder twice changes nothing; a folder whose files changed replaces its earlier entry; a folder
        without an outcome indexes the run only, and a folder that is gone takes its entry with it.

        Raises:
            LedgerError: when a file of the folder is damaged, or the ledger cannot be written.
        """
        with self.database.writing() as connection:
            index_folder(connection, folder)

    def ingest_record(self, path: Path) -> None:
        """Index a plan or decision file (relative paths start from the book).

        Raises:
            LedgerError: when the file is damaged or edited, or the ledger cannot be written.
        """
        with self.database.writing() as connection:
            index_record(connection, self.book / path)

    def rebuild(self) -> Rebuilt:
        """Make every row again from the files of the book; a crash leaves the old rows or the new ones.

        Raises:
            LedgerError: when files are damaged (all of them at once); the ledger stays as it was.
        """
        return refill(self.database, book=self.book)

    # Runs -----------------------------------------------------------------------------------------------

    def run(self, run_id: str, length: int) -> Run | None:
        """What a run is; None when it was never begun."""
        found = self._first(_at(tables.runs, run_id, length))
        if found is None:
            return None
        return Run(
            task=found.task,
            version=found.version,
            configuration=Configuration(values=found.resolved, effective=found.effective),
            replicate=found.replicate,
            fingerprints=found.fingerprints,
            length=found.length,
            repeat=found.repeat,
        )

    def outcome(self, run_id: str, length: int) -> Outcome | None:
        """How a run ended at a length; None when it did not."""
        found = self._first(_at(tables.outcomes, run_id, length))
        return None if found is None else _outcome(found)

    def outcomes(self, run_ids: Iterable[str]) -> Mapping[tuple[str, int], Outcome]:
        """(run, length) -> how it ended, at every length of these runs; runs that did not end are absent."""
        table = tables.outcomes
        query = select(table).order_by(table.c.run, table.c.length)
        return {(row.run, row.length): _outcome(row) for row in self._of(query, table.c.run, run_ids)}

    def made_of(self, run_ids: Iterable[str]) -> Mapping[tuple[str, int], Mapping[str, str]]:
        """(run, length) -> the training version, and the sha256 of what the run read, by its role."""
        table = tables.runs
        query = select(table.c.run, table.c.length, table.c.version, table.c.fingerprints)
        return {
            (row.run, row.length): {
                "training version": row.version,
                **{f"{role} sha256": sha256 for role, sha256 in row.fingerprints.items()},
            }
            for row in self._of(query, table.c.run, run_ids)
        }

    def configured(self, run_ids: Iterable[str]) -> Mapping[tuple[str, int], Mapping[str, Any]]:
        """(run, length) -> its configuration with every default written out."""
        table = tables.runs
        query = select(table.c.run, table.c.length, table.c.resolved)
        return {(row.run, row.length): row.resolved for row in self._of(query, table.c.run, run_ids)}

    def scored(self, run_ids: Iterable[str]) -> Mapping[tuple[str, int, str], str]:
        """(run, length, id of the scoring) -> the evaluator, of every way in which these runs were scored."""
        table = tables.scorings
        rows = self._of(select(table), table.c.run, run_ids)
        return {(row.run, row.length, row.scoring): str(row.way["evaluator"]) for row in rows}

    def settings(self, run_id: str, length: int, scoring: str) -> tuple[Settings, ...]:
        """What one scoring chose after training, in the order of its file."""
        table = tables.settings
        query = _at(table, run_id, length).where(table.c.scoring == scoring)
        return tuple(
            Settings(mode=row.mode, split=row.split, metric=row.metric, values=row.chosen)
            for row in self._all(query.order_by(table.c.position))
        )

    def measurements(self, run_id: str, length: int, scoring: str) -> tuple[Measurement, ...]:
        """Every number of a run by one scoring, in the order of its file; empty when it was not scored so."""
        table = tables.measurements
        query = _at(table, run_id, length).where(table.c.scoring == scoring)
        return tuple(
            Measurement(
                metric=row.metric,
                split=row.split,
                item=row.item,
                value=row.value,
                n=row.n,
                expected=row.expected,
                evaluator=row.evaluator,
                settings=row.settings,
                reason=row.reason,
            )
            for row in self._all(query.order_by(table.c.position))
        )

    def aggregates(self, run_ids: Iterable[str]) -> Iterator[Aggregate]:
        """The aggregate measurements of these runs by whatever scoring, without the settings they were made with."""
        table = tables.measurements
        key = (table.c.run, table.c.length, table.c.scoring, table.c.metric, table.c.split)
        query = select(*key, table.c.value, table.c.n, table.c.expected, table.c.reason).where(table.c.item == "")
        query = query.order_by(table.c.run, table.c.position)
        yield from map(Aggregate._make, self._of(query, table.c.run, run_ids))

    def items(
        self, run_ids: Iterable[str]
    ) -> Iterator[tuple[tuple[str, int, str, str, str], dict[str, float], dict[str, Part]]]:
        """(run, length, id of the scoring, metric, split), and its items that have a value, in the order of the file.

        Items of one thing each come first; where any of them holds several things or none, all are parts, which come
        second.
        """
        table = tables.measurements
        key = (table.c.run, table.c.length, table.c.scoring, table.c.metric, table.c.split)
        query = select(*key, table.c.item, table.c.value, table.c.n, table.c.expected)
        query = query.where((table.c.item != "") & table.c.value.is_not(None))
        rows = self._of(query.order_by(*key, table.c.position), table.c.run, run_ids)
        # There are many: each costs one look at its key and one at its pair.
        for found, group in groupby(rows, itemgetter(0, 1, 2, 3, 4)):
            held = list(group)
            if set(map(itemgetter(7), held)) == {1}:
                yield found, dict(map(itemgetter(5, 6), held)), {}
            else:
                yield found, {}, {name: Part(*part) for name, *part in map(itemgetter(5, 6, 7, 8), held)}

    def settings_of(self, run_ids: Iterable[str]) -> Mapping[tuple[str, int, str], tuple[Settings, ...]]:
        """(run, length, id of the scoring) -> what it chose after training, in the order of its file."""
        table = tables.settings
        found: dict[tuple[str, int, str], list[Settings]] = {}
        for row in self._of(select(table).order_by(table.c.position), table.c.run, run_ids):
            chosen = Settings(mode=row.mode, split=row.split, metric=row.metric, values=row.chosen)
            found.setdefault((row.run, row.length, row.scoring), []).append(chosen)
        return {key: tuple(each) for key, each in found.items()}

    # Studies --------------------------------------------------------------------------------------------

    def studies(self) -> tuple[str, ...]:
        """Names of the studies that have a plan or a decision, sorted."""
        both = union(select(tables.plans.c.study), select(tables.decisions.c.study))
        return tuple(sorted(row[0] for row in self._all(both)))

    def plans(self, study: str) -> tuple[int, ...]:
        """Numbers of the study's plans, the oldest first."""
        table = tables.plans
        query = select(table.c.number).where(table.c.study == study).order_by(table.c.number)
        return tuple(dict.fromkeys(row.number for row in self._all(query)))

    def declared(self, study: str, *, number: int | None = None) -> str | None:
        """What the study declared by a plan of its, as it was written down; None when it has none.

        Args:
            number: Of the plan; None: the newest.
        """
        table = tables.plans
        found = self._first(select(table.c.declared).where(table.c.record == _plan(study, number)))
        return None if found is None else str(found.declared)

    def planned(self, study: str, *, number: int | None = None) -> tuple[PlannedEntry, ...]:
        """What the study holds by a plan of its, in the plan's order; empty when it has none.

        Args:
            number: Of the plan; None: the newest.
        """
        table = tables.planned_runs
        of_plan = (table.c.study == study) & (table.c.record == _plan(study, number))
        return tuple(_entry(row) for row in self._all(select(table).where(of_plan).order_by(table.c.line)))

    def decisions(self, study: str) -> tuple[Decision, ...]:
        """Every decision of the study, the oldest first."""
        table = tables.decisions
        query = select(table).where(table.c.study == study).order_by(table.c.number, table.c.record)
        return tuple(decision_from(row.decided) for row in self._all(query))

    def decision(self, study: str) -> Decision | None:
        """The study's newest decision."""
        return next(reversed(self.decisions(study)), None)

    def runs_of(self, study: str) -> tuple[tuple[str, int], ...]:
        """(run, length) that any plan of the study ever held, each once, oldest plan first."""
        entry, plan = tables.planned_runs, tables.plans
        query = (
            select(entry.c.run, entry.c.length)
            .join(plan, (plan.c.study == entry.c.study) & (plan.c.record == entry.c.record))
            .where(entry.c.study == study)
            .order_by(plan.c.number, plan.c.record, entry.c.line)
        )
        return tuple(dict.fromkeys((row.run, row.length) for row in self._all(query)))

    def _of(self, query: Any, column: Any, ids: Iterable[str]) -> Iterator[Row[Any]]:
        """Rows whose column holds one of many ids, in their order."""
        wanted = sorted(set(ids))
        with self.database.reading() as connection:
            for start in range(0, len(wanted), CHUNK):
                yield from connection.execute(query.where(column.in_(wanted[start : start + CHUNK])))

    def _all(self, query: Any) -> list[Row[Any]]:
        with self.database.reading() as connection:
            return list(connection.execute(query).all())

    def _first(self, query: Any) -> Row[Any] | None:
        with self.database.reading() as connection:
            return connection.execute(query).first()


def _ensure_tables(database: Database, *, book: Path) -> None:
    with database.reading() as connection:
        if _has_this_version(connection, database.place):
            return
    with database.writing() as connection:
        # Another program may have made them between the two looks.
        if not _has_this_version(connection, database.place):
            fill(connection, book=book)


def _has_this_version(connection: Connection, place: str) -> bool:
    """Whether the tables are there.

    Raises:
        LedgerError: when they are of another version.
    """
    if not inspect(connection).has_table(tables.schema.name):
        return False
    found = connection.execute(select(tables.schema.c.version)).scalar_one_or_none()
    if found != tables.SCHEMA_VERSION:
        message = f"must be a ledger of version {tables.SCHEMA_VERSION}; got version {found}"
        raise LedgerError(Problem(place, message, REBUILD))
    return True


def _plan(study: str, number: int | None) -> Any:
    """The record of a study's plan, as part of a query."""
    plans = tables.plans
    of_study = select(plans.c.record).where(plans.c.study == study)
    wanted = of_study if number is None else of_study.where(plans.c.number == number)
    return wanted.order_by(plans.c.number.desc(), plans.c.record.desc()).limit(1).scalar_subquery()


def _at(table: Any, run_id: str, length: int) -> Select[Any]:
    return select(table).where((table.c.run == run_id) & (table.c.length == length))


def _outcome(row: Row[Any]) -> Outcome:
    return Outcome(
        status=row.status,
        kind=row.kind,
        reason=row.reason,
        predictions=row.predictions,
        quantities=row.quantities,
        costs=Costs(seconds=row.seconds, cpu_seconds=row.cpu_seconds, peak_memory_mb=row.peak_memory_mb),
        provenance=row.provenance,
    )


def _entry(row: Row[Any]) -> PlannedEntry:
    return PlannedEntry(
        run=row.run,
        length=row.length,
        configuration=row.configuration,
        case=Case(row.condition),
        replicate=row.replicate,
        role=row.role,
        position=row.position,
        parameters=row.parameters,
        alternative=row.alternative,
        label=row.label,
        scoring=row.scoring,
        repeat=row.repeat,
        source=row.source,
    )
