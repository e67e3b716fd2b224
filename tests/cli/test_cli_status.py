"""`tunebook status`, and the page of a study while it runs."""

import json
from pathlib import Path

import pytest
from toy_study import make_book, make_study

from tunebook.book import Book
from tunebook.cli.renewing import Renewal
from tunebook.errors import InputError, Problem
from tunebook.folders import RunFolder, is_held
from tunebook.records import CurvePoint

pytestmark = pytest.mark.usefixtures("toy_task")

THREE = {"space": "{lr: [0.25, 0.5, 0.75]}", "replicates": "{seed: 1}", "confirm": "null"}


def test_every_study_has_its_line(tunebook, tmp_path: Path):
    """Decided, stopped and never run, with what has ended, what is missing, and what lies on the disk."""
    book = make_book(tmp_path)
    make_study(book, "short", **{**THREE, "space": "{lr: [0.1, 0.2, 0.3]}", "limit": "{runs: 1}"})
    tunebook("run", book)
    make_study(book, "untouched")
    said = tunebook("status", book)
    found = {each["study"]: each for each in json.loads(tunebook("status", book, "--json").out)}

    assert said.code == 0
    assert [found[name]["state"] for name in ("rates", "short", "untouched")] == ["decided", "stopped", "not run"]
    assert (found["rates"]["ended"], found["rates"]["missing"], found["short"]["missing"]) == (4, 0, 2)
    assert found["rates"]["bytes"] > 1000
    assert "stopped by its limit of 1 run on " in said.out
    assert "4 of 4" in said.out


def test_what_runs_is_told_while_the_book_is_held(tunebook, tmp_path: Path):
    """A run whose folder is locked is running, with the head of its curve; looking at it takes no lock away."""
    book = make_book(tmp_path, **{**THREE, "limit": "{runs: 1}"})
    tunebook("run", book)
    with Book.open(book).look() as ledger:
        entry = ledger.planned("rates")[1]
    folder = RunFolder(book / "runs" / entry.run, entry.length)
    folder.write_curve([CurvePoint(1, {"loss": 0.25})])
    with Book.open(book).writing(), folder.lock():
        said = tunebook("status", book)
        (found,) = json.loads(tunebook("status", book, "--json").out)
    after = is_held(folder.path / "lock")

    assert said.out.splitlines()[-1] == "rates: lr=0.5 seed=0: step 1 of 2, loss 0.25"
    assert (found["state"], len(found["running"]), found["why"]) == ("running", 1, "")
    assert found["seconds_left"] > 0
    assert not after


def test_a_limit_is_counted_by_check(tunebook, tmp_path: Path):
    """With what is kept of it, or that it is too small for that."""
    keys = {"space": "{lr: [0.1, 0.2, 0.3]}", "replicates": "{seed: 1}", "confirm": "{top: 2, seeds: 2}"}
    book = make_book(tmp_path, **keys, limit="{runs: 6}")
    many = tunebook("check", book).out
    make_study(book, **keys, limit="{runs: 4}")
    few = tunebook("check", book).out
    make_study(book, **keys, limit="{hours: 2}")
    hours = tunebook("check", book).out

    assert "limit: 6 runs, 4 of them kept to confirm\n" in many
    assert "limit: 4 runs: too few to search and to keep the 4 that confirm; nothing is decided before 6 runs\n" in few
    assert "limit: 2 hours; of the time, what 4 runs to confirm will take is kept\n" in hours
    assert "limit: whether the time is enough is not known before a run has finished\n" in hours


# The page on the way --------------------------------------------------------------------------------------

REFRESH = '<meta http-equiv="refresh" content="60">'


def test_a_page_on_the_way_is_read_again(tunebook, tmp_path: Path):
    """From the first run on that has ended, at most once a minute; the page that a command makes is not."""
    book = make_book(tmp_path, **{**THREE, "limit": "{runs: 1}"})
    tunebook("run", book)
    page, times = book / "pages" / "rates.html", iter([0.0, 10.0, 12.0, 14.0, 71.0, 72.0, 73.0, 75.0])
    stopped = page.read_text()
    with Book.open(book).ledger() as ledger:
        renewal = Renewal("rates", ledger, book, clock=lambda: next(times))
        renewal()
        nothing_ended = page.read_text()
        renewal.ended = True
        renewal()
        renewed = page.read_text()
        page.unlink()
        renewal.ended = True
        renewal()
        too_early = page.exists()
        renewal()
        later = page.exists()

    assert REFRESH not in stopped
    assert nothing_ended == stopped
    assert REFRESH in renewed
    assert (too_early, later) == (False, True)


def test_a_slow_page_is_written_seldom(tmp_path: Path, tunebook):
    """Not before twenty times as long as writing it took."""
    book = make_book(tmp_path)
    tunebook("run", book)
    times = iter([0.0, 10.0, 20.0])
    with Book.open(book).ledger() as ledger:
        renewal = Renewal("rates", ledger, book, clock=lambda: next(times), ended=True)
        renewal()

    assert renewal.due == 20.0 + 20 * 10.0


@pytest.mark.parametrize("fault", ["interrupt", "terminate"])
def test_ctrl_c_and_sigterm_leave_a_page_that_says_so(tunebook, tmp_path: Path, fault: str):
    """Stopped by a person, with what has ended, without being read again; the index says it too."""
    book = make_book(tmp_path, **THREE, base=f", fault: {fault}")
    said = tunebook("run", book)
    page, index = ((book / "pages" / name).read_text() for name in ("rates.html", "index.md"))

    assert said.code == 130
    assert "Stopped by a person on " in page
    assert "0 of 3 runs have ended; nothing is decided before all have." in page
    assert REFRESH not in page
    assert "stopped by a person on " in index


def test_an_error_on_the_way_leaves_a_page_that_says_so(tunebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Stopped by an error after a run has ended: recorded, and the page is not read again; the error is told."""
    book = make_book(tmp_path, **THREE)

    def refused(*_: object) -> None:
        raise InputError(Problem("disk", "must have room; got none", "make room"))

    monkeypatch.setattr("tunebook.cli.running._tell", refused)
    said = tunebook("run", book)
    page = (book / "pages" / "rates.html").read_text()

    assert said.code == 2
    assert "disk: must have room; got none" in said.err
    assert len(list((book / "records" / "rates").glob("stop-*.json"))) == 1
    assert "Stopped by an error on " in page
    assert "1 of 3 runs have ended" in page
    assert REFRESH not in page


def test_a_time_that_is_too_short_for_all_is_said(tunebook, tmp_path: Path):
    """By `check` once a run has told how long it takes, and by `run` when the first has ended; the limit itself too."""
    book = make_book(tmp_path, **THREE, limit="{runs: 1}")
    tunebook("run", book)
    make_study(book, **THREE, limit="{hours: 0.0000001}")
    check = tunebook("check", book).out
    said = tunebook("run", book).out

    assert "limit: too short for all: 2 runs at about " in check
    assert "1 at once: about " in check
    assert "rates: limit: 1e-07 hours\n" in said
    assert "rates: too short for all: 2 runs at about " in said
