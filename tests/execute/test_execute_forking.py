"""The end of a fork server."""

import subprocess
import sys

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
