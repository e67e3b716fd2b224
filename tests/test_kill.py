"""Killing the conductor or a run at any moment loses nothing, doubles nothing, and ends in the same facts.

The first test does this with models and images, the others with the toy, whose processes start in a fraction of the
time.
"""

import contextlib
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest
from toy_study import make_book, make_study, trained

from tunebook import simulate
from tunebook.cli import app

REAL = """\
task: promptable-segmentation
base:
  data: {root: cells}
  model: {weights: random}
  adapter: {method: full}
  prompts: {rounds: 1, objects: 2}
  batch_size: 1
  budget: {steps: 3}
space: {optimizer.lr: [1e-3, 1e-4]}
replicates: {seed: 2}
"""
GONE_SECONDS = 1.5
PATIENCE_SECONDS = 60.0


def make_real_book(book: Path) -> Path:
    """Four runs on simulated cells, two at once, in processes of their own."""
    simulate.cells(book / "cells", seed=0, kinds=("fluorescence",), train=2, val=1, test=1, size=64)
    (book / "book.yaml").write_text("book: toys\nexecutor: {processes: 2}\n")
    (book / "rates.study.yaml").write_text(REAL)
    return book


def make_toy_book(book: Path, *, seconds: float = 0.25) -> Path:
    """Four runs that take a moment, two at once, in processes of their own."""
    make_book(book)
    make_slow(book, seconds)
    (book / "book.yaml").write_text("book: toys\nexecutor: {processes: 2}\n")
    return book


def make_slow(book: Path, seconds: float) -> None:
    """Let each run of a toy book take so long; they stay the same runs."""
    make_study(book, base=f", seconds: {seconds}")


@pytest.fixture
def toy_environment(toy_task: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that this one starts find the toy, too."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), str(toy_task)]))


def start(book: Path) -> subprocess.Popen[str]:
    """`tunebook run`, in a process of its own."""
    command = [sys.executable, "-m", "tunebook", "run", str(book)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def end(conductor: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code and what it printed, when it has ended by itself."""
    said, _ = conductor.communicate(timeout=PATIENCE_SECONDS)
    return conductor.returncode, said


def command(*words: str | Path) -> str:
    """What a command prints, called in this process; it must succeed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), pytest.raises(SystemExit) as exited:
        app([str(word) for word in words])
    assert exited.value.code == 0
    return printed.getvalue()


def wait_for(condition: Callable[[], bool], *, of: subprocess.Popen[str]) -> None:
    """Wait until something holds while the conductor is at work."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert of.poll() is None, f"the conductor ended before its time: {of.communicate()[0]}"
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


def ended(book: Path) -> int:
    """How many runs have an outcome."""
    return len(list(book.glob("runs/*/at-*/outcome.json")))


def under_way(book: Path) -> int:
    """How many runs have begun and not ended."""
    return len(list(book.glob("runs/*/at-*"))) - ended(book)


def runs_of(conductor: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes that work on a run: each leads a process group of its own."""
    family = psutil.Process(conductor.pid).children(recursive=True)
    return [each for each in family if lives(each) and os.getpgid(each.pid) == each.pid]


def lives(process: psutil.Process) -> bool:
    """Whether a process still does anything; one that only waits to be collected does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill_a_run(book: Path, conductor: subprocess.Popen[str]) -> None:
    """SIGKILL to a process that works on a run."""
    wait_for(lambda: under_way(book) > 0 and bool(runs_of(conductor)), of=conductor)
    runs_of(conductor)[0].kill()


def kill(conductor: subprocess.Popen[str]) -> list[psutil.Process]:
    """SIGKILL to the conductor; its descendants that are still there after the grace."""
    family = psutil.Process(conductor.pid).children(recursive=True)
    assert family, "a conductor at work has children"
    conductor.kill()
    conductor.wait()
    left = survivors(family)
    conductor.communicate()  # not before: it waits for everyone who could still print
    return left


def survivors(family: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Which of these processes are not gone in time."""
    deadline = time.monotonic() + GONE_SECONDS
    while (alive := [each for each in family if lives(each)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def pages(book: Path) -> dict[str, bytes]:
    """The pages of a book, made again without what two executions may differ in."""
    shutil.rmtree(book / "pages")
    command("page", "--without-costs", book)
    found = (file for file in (book / "pages").rglob("*") if file.is_file())
    return {str(file.relative_to(book)): file.read_bytes() for file in found}


def test_a_study_that_was_killed_ends_in_the_same_facts(tmp_path: Path) -> None:
    """A run is killed, then the conductor in mid-study; run again, facts and pages are those of an undisturbed book.

    No process survives the conductor, and the rebuilt ledger holds the same.
    """
    calm, killed = make_real_book(tmp_path / "calm"), make_real_book(tmp_path / "killed")
    assert end(start(calm))[0] == 0
    conductor = start(killed)
    kill_a_run(killed, conductor)
    wait_for(lambda: ended(killed) > 0 and under_way(killed) > 0, of=conductor)
    left = kill(conductor)
    between = ended(killed)
    code, said = end(start(killed))

    assert left == []
    assert 0 < between < 4
    assert (code, f"4 runs, {between} exist, {4 - between} to do" in said) == (0, True)
    facts = command("ledger", "dump", "--facts", calm)
    assert len(facts.splitlines()) > 100
    assert command("ledger", "dump", "--facts", killed) == facts
    command("ledger", "rebuild", killed)
    assert command("ledger", "dump", "--facts", killed) == facts
    assert pages(killed) == pages(calm)


@pytest.mark.usefixtures("toy_environment")
def test_ctrl_c_stops_the_conductor_and_its_runs(tmp_path: Path) -> None:
    """Exit code 130, no process left, no outcome for what was stopped, and the book is free."""
    book = make_toy_book(tmp_path, seconds=40)
    conductor = start(book)
    wait_for(lambda: len(trained(book)) == 2, of=conductor)
    family = psutil.Process(conductor.pid).children(recursive=True)
    conductor.send_signal(signal.SIGINT)
    code, said = end(conductor)
    make_slow(book, 0)

    assert code == 130
    assert said.endswith("stopped; the same command goes on from here\n")
    assert survivors(family) == []
    assert ended(book) == 0
    assert "0 exist, 4 to do" in end(start(book))[1]
    assert ended(book) == 4


@pytest.mark.usefixtures("toy_environment")
def test_no_run_outlives_its_conductor(tmp_path: Path) -> None:
    """SIGKILL to the conductor ends runs that would go on for long, and frees book and runs."""
    book = make_toy_book(tmp_path, seconds=40)
    conductor = start(book)
    wait_for(lambda: len(trained(book)) == 2, of=conductor)
    left = kill(conductor)
    make_slow(book, 0)

    assert left == []
    assert "4 of 4 done, 0 running, 0 failed" in end(start(book))[1]


@pytest.mark.usefixtures("toy_environment")
def test_a_run_that_was_killed_is_run_once_more(tmp_path: Path) -> None:
    """SIGKILL to its process costs that run a second beginning, and nothing else."""
    book = make_toy_book(tmp_path)
    conductor = start(book)
    kill_a_run(book, conductor)
    code, said = end(conductor)

    assert code == 0
    assert "4 of 4 done, 0 running, 0 failed" in said
    assert len(trained(book)) in (4, 5)  # it may have been killed before or after it began to train


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("toy_environment")
def test_killed_many_times_it_ends_in_the_same_facts(tmp_path: Path) -> None:
    """Whenever the conductor dies: no process survives it, and no finished run is lost or begun again."""
    _kill_often(make_toy_book(tmp_path / "calm"), make_toy_book(tmp_path / "killed"), times=12, seconds=(0.5, 2.0))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_real_study_killed_many_times_ends_in_the_same_facts(tmp_path: Path) -> None:
    """At random moments of starting, training and scoring."""
    _kill_often(make_real_book(tmp_path / "calm"), make_real_book(tmp_path / "killed"), times=8, seconds=(3.0, 8.0))


def _kill_often(calm: Path, killed: Path, *, times: int, seconds: tuple[float, float]) -> None:
    chance = random.Random(0)
    assert end(start(calm))[0] == 0
    for _ in range(times):
        conductor = start(killed)
        deadline = time.monotonic() + chance.uniform(*seconds)
        while time.monotonic() < deadline and conductor.poll() is None:
            time.sleep(0.02)
        family = psutil.Process(conductor.pid).children(recursive=True) if conductor.poll() is None else []
        finished = {file: file.stat().st_mtime_ns for file in killed.glob("runs/*/at-*/outcome.json")}
        conductor.kill()
        conductor.wait()
        assert survivors(family) == []
        conductor.communicate()
        assert {file: file.stat().st_mtime_ns for file in finished} == finished
    assert end(start(killed))[0] == 0

    assert command("ledger", "dump", "--facts", killed) == command("ledger", "dump", "--facts", calm)
    assert pages(killed) == pages(calm)
