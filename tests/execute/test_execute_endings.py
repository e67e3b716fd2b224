"""From the end of a child to an outcome."""

import signal
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from toy import toy_job

from tunebook.errors import InputError
from tunebook.execute.child import work
from tunebook.execute.endings import SERVER_LOST, Ending, answered, how, recorded
from tunebook.folders import RunFolder

ENDED = Ending(None, "", 3, datetime(2026, 1, 2, tzinfo=UTC), 1.5, 20.0)


@pytest.mark.parametrize(
    ("code", "lost", "reason"),
    [
        (3, False, "its process ended with exit code 3 before the run did"),
        (-signal.SIGABRT, False, "its process was ended by SIGABRT"),
        (-40, False, "its process was ended by signal 40"),
        (-signal.SIGTERM, True, "killed twice by signal 15; the usual cause is a machine out of memory"),
        (SERVER_LOST, True, "its process was lost twice, together with the fork server"),
    ],
)
def test_an_exit_code_says_how_a_child_ended(code: int, lost: bool, reason: str):
    """And whether somebody else ended it."""
    assert (replace(ENDED, code=code).lost, how(code)) == (lost, reason)


def test_what_a_child_sent_or_exceeded_is_no_loss():
    """A signal of ours does not make it one."""
    killed = replace(ENDED, code=-signal.SIGKILL)

    assert killed.lost
    assert not replace(killed, exceeded="out of time").lost
    assert not replace(killed, answer={"outcomes": []}).lost


def test_a_problem_of_every_run_is_raised():
    """With place, message and hint."""
    with pytest.raises(InputError, match=r"^here: must be so\n    mend it$"):
        answered({"problems": [{"place": "here", "message": "must be so", "hint": "mend it"}]})


def test_an_ending_is_written_unless_the_run_has_finished_before(tmp_path: Path):
    """The log has a line in any case."""
    job = toy_job(tmp_path)
    folder = RunFolder.of(tmp_path, job.runs[0])

    outcome = recorded(job, ENDED)
    assert (outcome.kind, outcome.costs.seconds) == ("crashed", 1.5)
    assert folder.read_outcome() == outcome

    (finished,) = work(job)
    recorded(job, ENDED)
    assert folder.read_outcome() == finished
    assert folder.log.read_text().endswith("crashed: its process ended with exit code 3 before the run did\n")
