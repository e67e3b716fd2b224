"""From the end of a child process to the outcomes of its job: those that it sent, or one that is written for it."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tunebook.errors import Crashed, InputError, Killed, OutOfMemory, OutOfTime, Problem
from tunebook.execute.job import Job
from tunebook.execute.provenance import provenance
from tunebook.folders import Busy, RunFolder
from tunebook.records import Costs, Outcome

LOCK_SECONDS = 10.0
SERVER_LOST = 255
"""Exit code that multiprocessing reports when the fork server is gone and nobody knows how the child ended."""
NOT_ITS_FAULT = (-signal.SIGKILL, -signal.SIGTERM, SERVER_LOST)
"""Exit codes of children that somebody else ended."""


@dataclass(frozen=True)
class Ending:
    """How a child ended: its answer, the limit it exceeded, or an exit code.

    Args:
        answer: What it sent; None for nothing.
        exceeded: Kind of the limit (`OutOfTime.kind`, `OutOfMemory.kind`); empty for none.
        code: As multiprocessing has it: negative for a signal. None with an answer, or where it is not known.
        started: When the child was started, in UTC.
        seconds: From there to its end.
        peak_memory_mb: The most that was seen, in 10^6 bytes.
    """

    answer: Mapping[str, Any] | None
    exceeded: str
    code: int | None
    started: datetime
    seconds: float
    peak_memory_mb: float

    @property
    def lost(self) -> bool:
        """Whether somebody else ended it, so that it may be tried once more."""
        return self.answer is None and not self.exceeded and self.code in NOT_ITS_FAULT


def answered(answer: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """The outcomes in a child's answer, in the order of its job's runs.

    Raises:
        InputError: what it says is wrong for every run.
    """
    if "problems" in answer:
        raise InputError(*(Problem(**problem) for problem in answer["problems"]))
    return tuple(Outcome(**{**found, "costs": Costs(**found["costs"])}) for found in answer["outcomes"])


def recorded(job: Job, ending: Ending) -> Outcome:
    """The outcome, written to the run's folder, of a child that gave no answer to a job of one run.

    Raises:
        InputError: when another process keeps the run for 10 s.
    """
    if ending.exceeded == OutOfTime.kind:
        return record(job, ending, OutOfTime.kind, f"stopped after {job.seconds:g} s, the limit of a run")
    if ending.exceeded == OutOfMemory.kind:
        reason = f"stopped at {ending.peak_memory_mb / 1000:.2f} GB; the limit of a run is {job.memory_gb:g} GB"
        return record(job, ending, OutOfMemory.kind, reason)
    kind = Killed.kind if ending.lost else Crashed.kind
    return record(job, ending, kind, how(ending.code))


def how(code: int | None) -> str:
    """What an exit code says of the end of a child, as an outcome's reason; None: nobody knows it."""
    if code in (None, SERVER_LOST):
        return "its process was lost twice, together with the fork server"
    assert code is not None
    if code in NOT_ITS_FAULT:
        return f"killed twice by signal {-code}; the usual cause is a machine out of memory"
    if code < 0:
        return f"its process was ended by {signal_name(-code)}"
    return f"its process ended with exit code {code} before the run did"


def signal_name(number: int) -> str:
    """`SIGSEGV` of 11; `signal 40` where it has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has no name
        return f"signal {number}"


def record(job: Job, ending: Ending, kind: str, reason: str) -> Outcome:
    """Write the failed outcome that the child could not write, and a line of its log; a finished one stays in place.

    Raises:
        InputError: when another process keeps the run for 10 s.
    """
    (run,) = job.runs
    outcome = Outcome(
        "failed",
        kind,
        reason,
        costs=Costs(seconds=ending.seconds, peak_memory_mb=ending.peak_memory_mb),
        provenance=provenance(job.device, job.threads, book=job.book, started=ending.started, run=run),
    )
    folder = RunFolder.of(job.book, run)
    try:
        with folder.lock(wait=LOCK_SECONDS):
            previous = folder.read_outcome()
            folder.write_run(run)
            folder.at.mkdir(parents=True, exist_ok=True)
            with folder.log.open("a", encoding="utf-8") as log:
                log.write(f"{kind}: {reason}\n")
            if previous is None or previous.status != "finished":
                folder.write_outcome(outcome)
    except Busy:
        raise InputError(Problem(str(folder.path), "must be free; another process works on this run")) from None
    return outcome
