"""`tunebook run`: progress, what cannot be run, stopping, and going on."""

import os
import signal
from pathlib import Path

import pytest
from toy_study import make_book, make_data, make_study, trained

from tunebook.book import Book
from tunebook.ledger.tables import SCHEMA_VERSION

pytestmark = pytest.mark.usefixtures("toy_task")


def outcomes(book: Path) -> int:
    """How many runs have ended."""
    return len(list(book.glob("runs/*/*/outcome.json")))


def test_a_book_is_run_decided_and_shown(tunebook, tmp_path: Path):
    """A line when it starts, one for each run with a forecast, the decision, and where the page is."""
    book = make_book(tmp_path)
    said = tunebook("run", book)

    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "rates: 4 runs, 0 exist, 4 to do",
        "rates: 1 run at once, in this process, on the CPU unless the study names a device",
        "rates: 1 of 4 done, 1 running, 0 failed, under a minute left",
        "rates: 2 of 4 done, 1 running, 0 failed, under a minute left",
        "rates: 3 of 4 done, 1 running, 0 failed, under a minute left",
        "rates: 4 of 4 done, 0 running, 0 failed",
        "rates: lr=0.5 is chosen: toy.score 0.474 on val (best-mean)",
        f"rates: {book}/pages/rates.html",
        f"rates: {book}/pages/rates.md",
        f"toys: {book}/pages/index.html",
    ]


def test_a_second_time_there_is_nothing_to_do(tunebook, tmp_path: Path):
    """From another working directory, by another spelling of the path."""
    book = make_book(tmp_path / "book")
    tunebook("run", book)
    page = (book / "pages" / "rates.md").read_bytes()
    os.chdir(book)
    said = tunebook("run", "../book/rates")

    assert said.out.splitlines()[0] == "rates: 4 runs, 4 exist, 0 to do"
    assert len(trained(book)) == 4
    assert (book / "pages" / "rates.md").read_bytes() == page


@pytest.fixture(autouse=True)
def _stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every test may go to another folder."""
    monkeypatch.chdir(tmp_path)


def test_studies_run_in_the_order_in_which_they_follow(tunebook, tmp_path: Path):
    """Each is decided before the next begins."""
    book = make_book(tmp_path)
    make_study(book, "after", space="{method: [full]}", base=", model: {weights: 'study:rates'}")
    said = tunebook("run", book)

    assert said.code == 0
    assert [line.split()[1] for line in said.out.splitlines() if "chosen" in line] == ["lr=0.5", "method=full"]


def test_a_study_whose_source_is_not_decided_says_what_to_run(tunebook, tmp_path: Path):
    """Alone it is refused; nothing is run."""
    book = make_book(tmp_path)
    follower = make_study(book, "next", base=", model: {weights: 'study:rates'}")
    said = tunebook("run", follower)

    assert said.code == 2
    assert said.err.splitlines() == [
        "1 problem:",
        "  next.study.yaml: needs the decision of the study 'rates', which has none yet",
        f"    tunebook run {book / 'rates.study.yaml'}",
    ]
    assert trained(book) == []


def test_a_limit_holds_up_what_follows_and_nothing_else(tunebook, tmp_path: Path):
    """The page says what has not been run; independent studies go on; the same command continues."""
    book = make_book(tmp_path, limit="{runs: 1}")
    make_study(book, "next", base=", model: {weights: 'study:rates'}")
    make_study(book, "other", space="{lr: [0.75]}")
    said = tunebook("run", book)
    page = (book / "pages" / "rates.md").read_text()

    assert said.code == 2
    assert "rates: 1 of 4 done, 0 running, 0 failed\n" in said.out
    why = "fewer than two configurations have all of their runs; stopped by its limit of 1 run"
    assert f"rates: no decision: {why}\n" in said.out
    assert "other: lr=0.75 is chosen" in said.out.replace("the only configuration", "lr=0.75")
    assert "next.study.yaml: needs the decision of the study 'rates'" in said.err
    assert "not run yet" in page
    for _ in range(3):
        said = tunebook("run", book)
    assert "rates: lr=0.5 is chosen" in said.out


def test_a_failure_is_told_and_can_be_tried_again(tunebook, tmp_path: Path):
    """With its configuration, seed, folder and reason; `--retry failed` runs it again."""
    book = make_book(tmp_path, base=", fault: once")
    first = tunebook("run", book)
    (failed,) = (line for line in first.out.splitlines() if "ValueError" in line)
    again = tunebook("run", book)
    retried = tunebook("run", book, "--retry", "failed")

    assert failed.startswith("lr=0.25 seed=0 (runs/")
    assert failed.endswith("): crashed: ValueError: the toy broke")
    assert "rates: 4 of 4 done, 0 running, 1 failed\n" in first.out
    assert "rates: 4 runs, 4 exist, 0 to do\n" in again.out
    assert "rates: 4 runs, 3 exist, 1 to do\n" in retried.out
    assert len(trained(book)) == 5


def test_a_baseline_that_fails_is_told_by_its_name(tunebook, tmp_path: Path):
    """The study is decided without it; the index counts its runs among those without a result."""
    book = make_book(tmp_path, base=", floors: true", space="{fault: ['', crash]}")
    said = tunebook("run", book)

    assert "one step fault=crash seed=0 (runs/" in said.out
    assert 'rates: fault="" is chosen' in said.out
    assert "6 of 10 runs finished; 4 ended without a result." in (book / "pages" / "index.md").read_text()


def test_nothing_can_be_decided_where_everything_failed(tunebook, tmp_path: Path):
    """The page says why in each cell."""
    book = make_book(tmp_path, base=", fault: crash")
    said = tunebook("run", book)

    assert said.code == 1
    assert "rates: the first 3 runs failed alike: crashed: ValueError: the toy broke; Ctrl-C stops\n" in said.out
    assert "rates: no run of its search has finished\n" in said.err
    assert "rates: no decision: no configuration has a value of toy.score on val from all of its runs\n" in said.out
    assert "the toy broke" in (book / "pages" / "rates.md").read_text()


@pytest.mark.parametrize("fault", ["interrupt", "terminate"])
def test_ctrl_c_and_sigterm_stop_cleanly(tunebook, tmp_path: Path, fault: str):
    """Exit code 130, no outcome for the run that was stopped, and the book is free; the same command goes on."""
    book = make_book(tmp_path, base=f", fault: {fault}")
    before = signal.getsignal(signal.SIGTERM)
    stopped = tunebook("run", book)
    left = outcomes(book)
    after = tunebook("run", book)

    assert (stopped.code, stopped.err) == (130, "stopped; the same command goes on from here\n")
    assert left == 0
    assert (after.code, outcomes(book)) == (0, 4)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_second_command_is_refused_while_one_writes(tunebook, tmp_path: Path):
    """`run`, `page` and `ledger rebuild` take the same lock; `check` and `dump` look without it."""
    book = make_book(tmp_path)
    tunebook("run", book)
    with Book.open(book).writing():
        codes = {
            words: tunebook(*words.split(), book) for words in ("run", "page", "ledger rebuild", "check", "ledger dump")
        }

    assert [said.code for said in codes.values()] == [2, 2, 2, 0, 0]
    assert "must not be in use; another tunebook command writes into it\n    wait for it" in codes["run"].err


def test_data_that_cannot_be_used_stop_everything_before_it_starts(tunebook, tmp_path: Path):
    """A fault in the second study is said before the first has trained; all files are named."""
    book = make_book(tmp_path)
    make_data(book, "other")
    make_study(book, "second", base=", data.root: other").write_text(
        (book / "second.study.yaml").read_text().replace("root: cells", "reading: plain")
    )
    for name in ("train", "val"):
        (book / "other" / name / "1.txt").write_text("corrupt")
    said = tunebook("run", book)

    assert said.code == 2
    assert said.err.splitlines() == ["2 problems:"] + [
        f"  {book}/other/{name}/1.txt: must hold a number; got corrupt" for name in ("train", "val")
    ]
    assert trained(book) == []


def test_a_ledger_of_another_version_names_the_way_out(tunebook, tmp_path: Path):
    """`run` refuses it untouched; `ledger rebuild` makes it anew, and then there is nothing to do."""
    book = make_book(tmp_path)
    tunebook("run", book)
    facts = tunebook("ledger", "dump", "--facts", book).out
    with Book.open(book).ledger() as ledger, ledger.database.writing() as connection:
        connection.exec_driver_sql("UPDATE tunebook_schema SET version = 99")
    refused = tunebook("run", book)
    rebuilt = tunebook("ledger", "rebuild", book)

    assert refused.code == 2
    assert f"must be a ledger of version {SCHEMA_VERSION}; got version 99\n" in refused.err
    assert "    `tunebook ledger rebuild` makes it again from the files of the book\n" in refused.err
    assert rebuilt.out == "4 runs and 2 records\n"
    assert tunebook("ledger", "dump", "--facts", book).out == facts
    assert "4 exist, 0 to do" in tunebook("run", book).out


@pytest.mark.parametrize(("device", "got"), [("mps", "mps: not yet"), ("cuda", "got cuda, and no GPU is visible here")])
def test_a_device_that_is_not_there_is_refused(
    tunebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, got: str
):
    """Nothing runs on the CPU by itself when a study asks for something else."""
    monkeypatch.setattr("tunebook.cli.running.visible_gpus", lambda: ())
    book = make_book(tmp_path, device=device)
    said = tunebook("run", book)

    assert said.code == 2
    assert "rates.study.yaml: device: must be" in said.err
    assert got in said.err
    assert trained(book) == []


def test_every_key_of_book_yaml_has_its_effect(tunebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Data roots, order, ledger, executor with its limits."""
    book = make_book(tmp_path)
    (book / "cells").rename(book / "numbers")
    monkeypatch.setenv("FOLDER", "numbers")
    (book / "book.yaml").write_text(
        "book: named\ndata: {cells: '${FOLDER}'}\nledger: sqlite:///here.sqlite\nstudies: [rates]\n"
        "executor: {kind: inline, threads: 2, run_hours: 1, run_memory_gb: 2, processes: 3}\n"
    )
    said = tunebook("run", book)
    with Book.open(book).look() as ledger:
        provenance = [run.provenance for run in ledger.outcomes(path.name for path in book.glob("runs/*")).values()]

    assert said.code == 0
    assert (book / "here.sqlite").exists()
    assert [found["threads"] for found in provenance] == ["2"] * 4
