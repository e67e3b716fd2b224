"""Making a ledger again from the files of its book.

Old tables are dropped and all rows made anew in one transaction: a crash leaves the old ledger or the new one,
and readers see the old one until the new one is whole.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, MetaData, insert, inspect

from tunebook.errors import LedgerError, Problem
from tunebook.folders import RunFolder
from tunebook.ledger import tables
from tunebook.ledger.database import Database
from tunebook.ledger.indexing import index_folder, index_record
from tunebook.ledger.records_files import all_records


@dataclass(frozen=True)
class Rebuilt:
    """How many run folders (a run at a length) and record files a ledger was made from."""

    runs: int
    records: int


def rebuild(url: str, *, book: Path, wait: float = 10.0) -> Rebuilt:
    """Make the ledger of a book again, whatever version it has.

    Args:
        url: As `Ledger.open` takes it.
        book: The book's folder.
        wait: Seconds to wait while another program holds the ledger locked.

    Raises:
        LedgerError: when the database cannot be written, or files are damaged: all of them at once, and the
            ledger stays as it was.
    """
    database = Database(url, book=book, wait=wait)
    try:
        return refill(database, book=book)
    finally:
        database.close()


def refill(database: Database, *, book: Path) -> Rebuilt:
    """`rebuild` on a database that is open already."""
    with database.writing() as connection:
        _drop(connection)
        return fill(connection, book=book)


def fill(connection: Connection, *, book: Path) -> Rebuilt:
    """Make the tables of this version, and their rows, in a database that has none of them.

    Raises:
        LedgerError: when files are damaged, all of them at once.
    """
    tables.metadata.create_all(connection)
    connection.execute(insert(tables.schema), [{"version": tables.SCHEMA_VERSION}])
    problems: list[Problem] = []
    runs = records = 0
    for folder in RunFolder.all(book):
        runs += 1
        try:
            index_folder(connection, folder)
        except LedgerError as error:
            problems.extend(error.problems)
    for path in all_records(book):
        records += 1
        try:
            index_record(connection, path)
        except LedgerError as error:
            problems.extend(error.problems)
    if problems:
        raise LedgerError(*problems)
    return Rebuilt(runs=runs, records=records)


def _drop(connection: Connection) -> None:
    """Drop the tables of any version, and no table of anybody else."""
    names = [name for name in inspect(connection).get_table_names() if name.startswith(tables.PREFIX)]
    if names:
        found = MetaData()
        found.reflect(connection, only=names, resolve_fks=False)
        found.drop_all(connection)
