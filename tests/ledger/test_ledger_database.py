"""A database that cannot serve as a ledger is explained, and readers never wait for the writer."""

import sqlite3
import sys
from contextlib import closing

import pytest
from ledger_examples import URL, make_run
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from tunebook.errors import LedgerError
from tunebook.ledger import tables
from tunebook.ledger.facts import dump
from tunebook.ledger.ledger import Ledger


def test_readers_see_the_old_state_while_one_writes(make_folder, open_ledger, book):
    """A writer in mid-transaction holds up nobody who reads."""
    with open_ledger() as ledger:
        ledger.ingest(make_folder())
        with closing(sqlite3.connect(book / "ledger.sqlite", isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("DELETE FROM tunebook_runs")

            assert ledger.outcome(make_run().id, 10) is not None


def test_a_locked_ledger_says_so(make_folder, open_ledger, book):
    """A second writer waits, then gives up with a message."""
    folder = make_folder()
    with open_ledger() as ledger, closing(sqlite3.connect(book / "ledger.sqlite", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError) as caught:
            ledger.ingest(folder)

    assert str(caught.value) == (
        f"{book / 'ledger.sqlite'}: must be free; got one that another program holds locked\n"
        "    wait for that program, or end it"
    )


def test_a_file_of_another_kind_is_left_alone(book):
    """What is no database is named and not touched."""
    content = b"this is no database, but a letter " * 50
    (book / "ledger.sqlite").write_bytes(content)
    with pytest.raises(LedgerError, match="must be an SQLite database; got a file of another kind"):
        Ledger.open(URL, book=book)

    assert (book / "ledger.sqlite").read_bytes() == content


def test_a_folder_that_is_missing_is_explained(book):
    """The ledger's folder is not made by itself."""
    with pytest.raises(LedgerError, match="must be a file that can be opened"):
        Ledger.open("sqlite:///nowhere/ledger.sqlite", book=book)


def write_too_much(ledger):
    """A transaction that needs more pages than the file may have."""
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")
        connection.exec_driver_sql("CREATE TABLE big (content TEXT)")
        connection.exec_driver_sql("INSERT INTO big VALUES (?)", ("x" * 100_000,))


def write_where_only_reading_is_allowed(ledger):
    """A transaction on a connection that may not write."""
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.exec_driver_sql("DELETE FROM tunebook_runs")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (write_too_much, "must have room to grow; got a full disk"),
        (write_where_only_reading_is_allowed, "must be writable; got a file or a folder that is read-only"),
    ],
)
def test_what_cannot_be_written_is_explained_and_changes_nothing(make_folder, open_ledger, write, message):
    """No room, no right: the message says so, and the ledger is as before."""
    with open_ledger() as ledger:
        ledger.ingest(make_folder())
        before = dump(ledger)
        with pytest.raises(LedgerError, match=message):
            write(ledger)

        assert dump(ledger) == before


@pytest.mark.parametrize("url", ["ledger.sqlite", "nosuch://host/name", ""])
def test_what_is_no_url_is_refused(book, url):
    """The message shows what a URL looks like."""
    with pytest.raises(LedgerError, match=r"must be a database URL; got .*\n.*sqlite:///ledger.sqlite"):
        Ledger.open(url, book=book)


def test_a_missing_driver_is_named(book, monkeypatch):
    """A server needs a driver that the core does not install; a password is not printed."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(LedgerError) as caught:
        Ledger.open("postgresql+psycopg://me:secret@localhost/ledger", book=book)

    assert "must have its driver installed; got postgresql+psycopg without it\n    install psycopg" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_another_version_must_be_rebuilt(book, open_ledger):
    """A ledger of another version is refused, and the way out is named."""
    open_ledger().close()
    with closing(sqlite3.connect(book / "ledger.sqlite")) as change, change:
        change.execute("UPDATE tunebook_schema SET version = 99")
    with pytest.raises(LedgerError, match=r"must be a ledger of version 3; got version 99\n.*tunebook ledger rebuild"):
        open_ledger()


def test_a_ledger_with_a_table_missing_must_be_rebuilt(book, open_ledger):
    """What somebody took out of the database is missed by name."""
    with open_ledger() as ledger:
        with closing(sqlite3.connect(book / "ledger.sqlite")) as change, change:
            change.execute("DROP TABLE tunebook_measurements")
        with pytest.raises(LedgerError, match=r"no such table: tunebook_measurements\n.*tunebook ledger rebuild"):
            ledger.measurements("x", 1, "y")


@pytest.mark.parametrize("table", tables.metadata.sorted_tables, ids=str)
def test_a_server_understands_the_tables(table):
    """Nothing in the tables belongs to SQLite alone."""
    text = str(CreateTable(table).compile(dialect=postgresql.dialect()))

    assert text.strip().startswith(f"CREATE TABLE {table.name}")
