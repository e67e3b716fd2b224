"""The end of a fork server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LEAVE = """
import atexit
atexit.register(print, "taken down")
import tunebook.execute.forking
"""


@pytest.mark.parametrize(("program", "printed"), [(" # multiprocessing.forkserver", ""), ("", "taken down\n")])
def test_a_fork_server_leaves_without_taking_down_what_it_imported(program: str, printed: str) -> None:
    """What was imported before has no say; in any other program the module changes nothing."""
    done = subprocess.run([sys.executable, "-c", LEAVE + program], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")


WARM = """
import os, sys
os.environ["TUNEBOOK_PRELOAD"] = "no_such_package broken wave"
import tunebook.execute.warming
print("wave" in sys.modules, os.environ.get("TUNEBOOK_PRELOAD"))
"""


@pytest.mark.parametrize(
    ("program", "printed"),
    [(" # multiprocessing.forkserver", "True None\n"), ("", "False no_such_package broken wave\n")],
)
def test_what_cannot_be_imported_breaks_no_server(tmp_path: Path, program: str, printed: str) -> None:
    """Each module by itself, in a fork server alone; no run sees the variable."""
    (tmp_path / "broken.py").write_text("raise RuntimeError\n")
    variables = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", WARM + program], capture_output=True, text=True, check=False, env=variables
    )

    assert (done.returncode, done.stdout) == (0, printed), done.stderr
