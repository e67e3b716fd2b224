"""The database under a ledger: opening it, transactions, and what its errors mean to a person."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from tunebook.errors import LedgerError, Problem
from tunebook.folders import expanded

WRITES = "tunebook_writes"
MEMORY = "sqlite:///:memory:"
REBUILD = "`tunebook ledger rebuild` makes it again from the files of the book"

# SQLite's error names by their beginning: what is wrong, and the way out.
SQLITE_ERRORS = {
    "SQLITE_BUSY": ("must be free; got one that another program holds locked", "wait for that program, or end it"),
    "SQLITE_LOCKED": ("must be free; got one that another program holds locked", "wait for that program, or end it"),
    "SQLITE_NOTADB": ("must be an SQLite database; got a file of another kind", f"move the file away; {REBUILD}"),
    "SQLITE_CORRUPT": ("must be a whole SQLite database; got a damaged one", f"move the file away; {REBUILD}"),
    "SQLITE_FULL": ("must have room to grow; got a full disk", "free some space and run the command again"),
    "SQLITE_READONLY": ("must be writable; got a file or a folder that is read-only", "allow writing there"),
    "SQLITE_CANTOPEN": (
        "must be a file that can be opened or made; got none",
        "its folder must exist and be writable",
    ),
    "SQLITE_IOERR": ("must be readable and writable; got an error of the disk", "check the disk and its free space"),
}


class Database:
    """A database by URL; every access is one transaction.

    Args:
        url: `sqlite:///ledger.sqlite` (a relative file starts from the book and may hold `${NAME}`), or
            `postgresql+psycopg://…`.
        book: The book's folder.
        wait: Seconds to wait while another program holds an SQLite file locked.

    Raises:
        LedgerError: when the URL cannot be understood or its driver is not installed.
    """

    def __init__(self, url: str, *, book: Path, wait: float = 10.0) -> None:
        self._url = _located(url, book)
        self._engine = _engine(self._url, wait)

    @property
    def place(self) -> str:
        """The file, or the URL without its password."""
        if self._url.get_backend_name() == "sqlite":
            return self._url.database or ":memory:"
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database, whatever is written meanwhile."""
        with self._explained(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection whose changes become visible together at the end, or never."""
        with self._explained(), self._engine.connect() as connection:
            connection.execution_options(**{WRITES: True})
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            problem = _problem(self.place, error)
            if problem is None:
                raise
            raise LedgerError(problem) from error


def exists(url: str, *, book: Path) -> bool:
    """Whether there is a database at a URL; a server's always is.

    Raises:
        LedgerError: when the URL cannot be understood.
    """
    located = _located(url, book)
    if located.get_backend_name() != "sqlite" or located.database in (None, "", ":memory:"):
        return True
    return Path(str(located.database)).exists()


def _located(url: str, book: Path) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise LedgerError(_bad_url(url)) from error
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return parsed
    return parsed.set(database=str((book / expanded(str(parsed.database), place="ledger")).resolve()))


def _engine(url: URL, wait: float) -> Engine:
    sqlite = url.get_backend_name() == "sqlite"
    # One transaction sees one state: SQLite does so by itself, a server when asked to.
    options: dict[str, Any] = {"connect_args": {"timeout": wait}} if sqlite else {"isolation_level": "REPEATABLE READ"}
    try:
        engine = create_engine(url, **options)
    except (NoSuchModuleError, ArgumentError) as error:
        raise LedgerError(_bad_url(url.render_as_string(hide_password=True))) from error
    except ImportError as error:
        hint = f"install {error.name}, or use sqlite:///ledger.sqlite"
        raise LedgerError(
            Problem("ledger", f"must have its driver installed; got {url.drivername} without it", hint)
        ) from error
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _bad_url(url: str) -> Problem:
    return Problem("ledger", f"must be a database URL; got {url}", "for example sqlite:///ledger.sqlite")


def _prepare_sqlite(connection: Any, _: object) -> None:
    """Readers beside a writer (WAL), foreign keys, and transactions that begin where `_begin_sqlite` says."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock first, so that it waits for another writer instead of failing half-way.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _problem(place: str, error: DBAPIError) -> Problem | None:
    """What a database error means to a person; None when it can only be a mistake of ours."""
    if isinstance(error.orig, sqlite3.Error):
        name = getattr(error.orig, "sqlite_errorname", "")
        for beginning, (message, hint) in SQLITE_ERRORS.items():
            if name.startswith(beginning):
                return Problem(place, message, hint)
    if isinstance(error, OperationalError):
        return Problem(place, f"must be a ledger that can be read; got: {error.orig}", REBUILD)
    return None
