"""A function of a task, called in a child process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
import pytest

from tunebook.errors import Crashed
from tunebook.execute.applying import Application, apply
from tunebook.execute.threads import THREAD_VARIABLES
from tunebook.records import Configuration, Run, Settings
from tunebook.task import Context

PARENT = """
import sys
from pathlib import Path
from test_execute_applying import application
from tunebook.execute.applying import apply
apply(application("sleep", Path(sys.argv[1])))
"""


def application(function: str, folder: Path) -> Application:
    """A call of a function of this module."""
    return Application(
        f"test_execute_applying:{function}",
        run=Run("toy", "1", Configuration({"lr": 0.5}, {"lr": 0.5}), {"seed": 1}, {"data": "00"}, 3),
        context=Context(folder, folder / "checkpoint", folder / "state", 3, "cpu", 2, 1),
        settings={"toy": Settings("toy", "val", "score", {"threshold": 0.5})},
        paths={"to": folder / "out"},
    )


def threads(run: Run, context: Context, settings: Mapping[str, Settings], *, to: Path) -> Sequence[str]:
    """How many threads libraries may start, and which process it is."""
    return ",".join(sorted({os.environ[name] for name in THREAD_VARIABLES})), str(os.getpid())


def sleep(run: Run, context: Context, settings: Mapping[str, Settings], *, to: Path) -> Sequence[str]:
    """Say which process it is, and stay."""
    to.with_suffix(".new").write_text(str(os.getpid()))
    to.with_suffix(".new").rename(to)
    time.sleep(60)
    return ()


def ended(process: psutil.Process) -> bool:
    """Whether it is gone, or waits for nothing but to be counted."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_what_is_called_travels_as_one_line(tmp_path: Path):
    """The child has the run, the context, the settings and the paths as they were given."""
    given = application("threads", tmp_path)

    assert "\n" not in given.as_json()
    assert Application.from_json(given.as_json()) == given


def test_it_is_another_process(tmp_path: Path):
    """With the threads of its context, set before anything is imported."""
    number, process = apply(application("threads", tmp_path))

    assert number == "2"
    assert int(process) != os.getpid()


def test_a_function_that_is_not_there_is_said(tmp_path: Path):
    """With the traceback of the child."""
    with pytest.raises(Crashed, match="has no attribute 'nothing'"):
        apply(application("nothing", tmp_path))


def test_it_ends_with_its_parent(tmp_path: Path):
    """A parent that is killed leaves no child behind."""
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], env={**os.environ, "PYTHONPATH": paths})
    deadline = time.monotonic() + 60
    while not (tmp_path / "out").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    child = psutil.Process(int((tmp_path / "out").read_text()))
    parent.send_signal(signal.SIGKILL)
    parent.wait()

    while not ended(child) and time.monotonic() < deadline + 10:
        time.sleep(0.05)
    assert ended(child)
