"""A ledger made again from files says the same."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from ledger_examples import URL, make_decision, make_entry, make_run

from tunebook.errors import LedgerError
from tunebook.ledger.facts import dump, facts
from tunebook.ledger.rebuild import Rebuilt, rebuild
from tunebook.ledger.records_files import write_decision, write_plan


def fill(book, make_folder, ledger):
    """Two runs, a plan and a decision."""
    for rank in (4, 8):
        ledger.ingest(make_folder(make_run(rank)))
    ledger.ingest_record(write_plan(book, study="lora", declared="x", entries=[make_entry(make_run())]))
    ledger.ingest_record(write_decision(book, make_decision()))


def test_a_rebuilt_ledger_is_the_same(book, make_folder, open_ledger):
    """Facts and everything else are the same bytes."""
    with open_ledger() as ledger:
        fill(book, make_folder, ledger)
        before = facts(ledger), dump(ledger)

        assert ledger.rebuild() == Rebuilt(runs=2, records=2)
        assert (facts(ledger), dump(ledger)) == before


def test_a_lost_ledger_comes_back(book, make_folder, open_ledger):
    """The files alone are enough."""
    with open_ledger() as ledger:
        fill(book, make_folder, ledger)
        before = dump(ledger)
    (book / "ledger.sqlite").unlink()
    rebuild(URL, book=book)
    with open_ledger() as ledger:
        assert dump(ledger) == before


def test_another_version_is_replaced(book, make_folder, open_ledger):
    """Tables of a shape that nobody knows are dropped; other people's tables stay."""
    make_folder()
    with closing(sqlite3.connect(book / "ledger.sqlite")) as old, old:
        old.execute("CREATE TABLE tunebook_schema (version INTEGER)")
        old.execute("INSERT INTO tunebook_schema VALUES (99)")
        old.execute("CREATE TABLE tunebook_strange (a TEXT PRIMARY KEY)")
        old.execute("CREATE TABLE tunebook_runs (b TEXT REFERENCES tunebook_strange (a))")
        old.execute("CREATE TABLE mine (c TEXT)")
    rebuild(URL, book=book)
    with open_ledger() as ledger:
        assert ledger.outcome(make_run().id, 10) is not None
    with closing(sqlite3.connect(book / "ledger.sqlite")) as look:
        names = {name for (name,) in look.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    assert "mine" in names
    assert "tunebook_strange" not in names


def test_all_damaged_files_are_named_and_the_old_ledger_stays(book, make_folder, open_ledger):
    """One look at the message is enough to mend them all."""
    with open_ledger() as ledger:
        fill(book, make_folder, ledger)
        before = dump(ledger)
        for rank in (4, 8):
            (book / "runs" / make_run(rank).id / "config.json").write_text("null")
        with pytest.raises(LedgerError) as caught:
            ledger.rebuild()

        assert len(caught.value.problems) == 2
        assert dump(ledger) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from tunebook.ledger import rebuild

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

rebuild.index_record = killed
rebuild.rebuild("sqlite:///ledger.sqlite", book=Path(sys.argv[1]))
"""


def test_a_killed_rebuild_leaves_the_old_ledger(book, make_folder, open_ledger):
    """Nothing of a rebuild is seen before its end, not even after SIGKILL."""
    with open_ledger() as ledger:
        fill(book, make_folder, ledger)
        before = dump(ledger)
        make_folder(make_run(16))
        ended = subprocess.run([sys.executable, "-c", KILLED, str(book)], check=False)

        assert ended.returncode == -signal.SIGKILL
        assert dump(ledger) == before
