"""Runs in child processes: limits, deaths, and the end of a parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import psutil
import pytest
from one_run import result
from toy import toy_job

from tunebook.execute.processes import Processes
from tunebook.folders import RunFolder
from tunebook.records import Outcome

PARENT = """
import sys
from pathlib import Path
from toy import toy_job
from tunebook.execute.processes import Processes

with Processes(processes=1, devices=("cpu",)) as executor:
    executor.submit(toy_job(Path(sys.argv[1]), fault=sys.argv[2], sleep=float(sys.argv[3]))).result()
"""


@pytest.fixture(scope="module")
def executor() -> Iterator[Processes]:
    """Two runs at once, on the CPU."""
    with Processes(processes=2, devices=("cpu",), preload=("numpy", "pydantic")) as processes:
        yield processes


def kind_and_reason(outcome: Outcome) -> tuple[str, str]:
    """How a run failed."""
    assert outcome.status == "failed"
    return outcome.kind, outcome.reason


def lives(process: psutil.Process) -> bool:
    """Whether a process still does anything; one that only waits to be collected does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_run_happens_in_a_process_of_its_own(executor: Processes, tmp_path: Path) -> None:
    """The outcome comes back, and what the run printed is in its log."""
    job = toy_job(tmp_path)

    outcome = result(executor.submit(job))

    folder = RunFolder.of(tmp_path, job.runs[0])
    assert outcome == folder.read_outcome()
    assert outcome.status == "finished"
    assert folder.log.read_text() == "training\n"
    assert f" {os.getpid()}\n" not in (tmp_path / "trained.txt").read_text()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("crash", "ValueError: the toy broke"),
        ("segfault", "its process was ended by SIGSEGV"),
        ("exit", "its process ended with exit code 3 before the run did"),
        ("killed", "killed twice by signal 9; the usual cause is a machine out of memory"),
    ],
)
def test_a_crash_is_recorded_and_the_executor_goes_on(
    executor: Processes, tmp_path: Path, fault: str, reason: str
) -> None:
    """A run that ends its process has an outcome with the reason; the run beside it finishes."""
    job = toy_job(tmp_path, fault=fault)
    beside = executor.submit(toy_job(tmp_path / "beside", length=0))

    outcome = result(executor.submit(job))

    assert kind_and_reason(outcome) == ("killed" if fault == "killed" else "crashed", reason)
    assert RunFolder.of(tmp_path, job.runs[0]).read_outcome() == outcome
    assert result(beside).status == "finished"


def test_a_run_killed_from_outside_is_run_once_more(executor: Processes, tmp_path: Path) -> None:
    """SIGKILL that nobody here sent is no fault of the run."""
    outcome = result(executor.submit(toy_job(tmp_path, fault="once")))

    assert outcome.status == "finished"
    assert len((tmp_path / "trained.txt").read_text().splitlines()) == 2


def test_a_run_that_takes_too_long_is_stopped(executor: Processes, tmp_path: Path) -> None:
    """The limit of time ends it, and log and outcome say so."""
    job = toy_job(tmp_path, sleep=30, seconds=0.3)

    outcome = result(executor.submit(job))

    assert kind_and_reason(outcome) == ("out of time", "stopped after 0.3 s, the limit of a run")
    assert (
        RunFolder.of(tmp_path, job.runs[0])
        .log.read_text()
        .endswith("out of time: stopped after 0.3 s, the limit of a run\n")
    )


def test_a_run_that_grows_too_large_is_stopped(executor: Processes, tmp_path: Path) -> None:
    """The limit of memory ends it."""
    outcome = result(executor.submit(toy_job(tmp_path, fault="eat", memory_gb=0.3)))

    kind, reason = kind_and_reason(outcome)
    assert kind == "out of memory"
    assert reason.endswith("GB; the limit of a run is 0.3 GB")


def test_a_dead_fork_server_loses_no_run(tmp_path: Path) -> None:
    """A run whose fork server is killed is run once more, by another server, and its first process is gone."""
    with Processes(processes=1, devices=("cpu",)) as executor:
        future = executor.submit(toy_job(tmp_path, sleep=0.5))
        pid = _pid_of_training(tmp_path)
        psutil.Process(psutil.Process(pid).ppid()).kill()

        assert result(future).status == "finished"
        assert len((tmp_path / "trained.txt").read_text().splitlines()) == 2


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    """A program that submits at its top level is not run again by its children."""
    script = tmp_path / "script.py"
    script.write_text(PARENT)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}

    done = subprocess.run(
        [sys.executable, script, tmp_path, "", "0"], env=environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert len((tmp_path / "trained.txt").read_text().splitlines()) == 1


def test_cancelling_ends_what_runs_and_drops_what_waits(tmp_path: Path) -> None:
    """Neither has an outcome afterwards, and no process is left."""
    running, waiting = toy_job(tmp_path, sleep=30), toy_job(tmp_path, seed=1)
    with Processes(processes=1, devices=("cpu",)) as executor:
        first, second = executor.submit(running), executor.submit(waiting)
        pid = _pid_of_training(tmp_path)

    assert second.cancelled()
    assert isinstance(first.exception(), CancelledError)
    assert RunFolder.of(tmp_path, running.runs[0]).read_outcome() is None
    assert not psutil.pid_exists(pid)


def test_runs_start_in_the_order_of_submission(tmp_path: Path) -> None:
    """One after the other in one place."""
    jobs = [toy_job(tmp_path, seed=seed) for seed in (3, 1, 2)]
    with Processes(processes=1, devices=("cpu",)) as executor:
        for future in [executor.submit(job) for job in jobs]:
            future.result()

    order = [line.split()[0] for line in (tmp_path / "trained.txt").read_text().splitlines()]
    assert order == [job.runs[0].id for job in jobs]


@pytest.mark.parametrize(("fault", "sleep"), [("", "60"), ("hold", "0")])
def test_no_child_survives_its_parent(tmp_path: Path, fault: str, sleep: str) -> None:
    """After SIGKILL of the parent all its descendants end within a second, even in code that holds the interpreter."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path), fault, sleep], env=environment)
    _pid_of_training(tmp_path)
    time.sleep(0.1)
    family = psutil.Process(parent.pid).children(recursive=True)

    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 1.5
    while (alive := [each for each in family if lives(each)]) and time.monotonic() < deadline:
        time.sleep(0.02)

    assert len(family) >= 3
    assert alive == []


def test_ctrl_c_reaches_the_parent_alone(tmp_path: Path) -> None:
    """A child is in another process group than the terminal's, so the parent decides."""
    with Processes(processes=1, devices=("cpu",)) as executor:
        executor.submit(toy_job(tmp_path, sleep=30))
        pid = _pid_of_training(tmp_path)

        assert os.getpgid(pid) == pid
        assert os.getpgid(pid) != os.getpgid(0)


def _pid_of_training(book: Path) -> int:
    """The process that trains the first run, once it does."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if (book / "trained.txt").exists() and (book / "trained.txt").read_text().endswith("\n"):
            return int((book / "trained.txt").read_text().split()[1])
        time.sleep(0.02)
    raise AssertionError("no run started within 10 s")
