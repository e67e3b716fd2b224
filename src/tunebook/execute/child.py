"""The runs of a job, from the locks on their folders to their outcomes.

    lock ─ finished before, with all that is asked? ─> that outcome
      └─> train (unless a finished outcome vouches for the checkpoint) ─> predict ─> calibrate ─> score, draw ─> outcome

The outcome is written last, so a folder without one holds a torn run: it is cleared and run again. A failure is an
outcome too, and never takes the place of a finished one. The outcome tells of training and predictions alone: scoring
them in another way adds to the folder and leaves it as it is.

A cohort trains together and ends run by run. What a run of it does wrong is its own outcome: one that diverges leaves
the others to go on, and where their common training fails, those without a checkpoint are trained alone.

What a training goes on from stays until the run has finished, and costs are of all attempts that it joins. Two failures
take it away: a training that diverged would diverge again, and one whose data changed is none of this run.
"""

import errno
import importlib
import traceback
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

from tunebook.errors import Crashed, DataChanged, Diverged, InputError, OutOfMemory, Problem, RunError, Told
from tunebook.execute.attempt import Attempt, ToDo, clear, scored, train
from tunebook.execute.job import Job
from tunebook.execute.metering import Meter, metered
from tunebook.execute.printing import printing_to
from tunebook.folders import Busy, RunFolder
from tunebook.records import Outcome, Run
from tunebook.task import Task, Worker, task_of

LOCK_SECONDS = 10.0
REASON_LENGTH = 300
MEMORY_ERRORS = {"MemoryError", "OutOfMemoryError"}
MEMORY_MESSAGES = ("can't allocate memory", "CUDA out of memory")


def work(job: Job, *, redirect: bool = False) -> tuple[Outcome, ...]:
    """Bring runs to their outcomes in this process; a finished run with all that is asked answers at once.

    Args:
        redirect: Whether all that this process prints meanwhile goes to the run's log.txt (by file descriptor); what
            a cohort prints in training goes to that of its first run. The traceback of a failure is there in any case.

    Raises:
        InputError: when another process keeps a run for 10 s, a run's folder cannot be written, or the task
            is not there or scores in another version. Whatever goes wrong within a run is a failed Outcome instead.
    """
    task = _task(job)
    if task.evaluator != job.scoring.evaluator:
        message = f"must score with evaluator {job.scoring.evaluator}; got {task.evaluator}"
        raise InputError(Problem(f"task {task.name}", message, "install one version of it everywhere"))
    folders = {run.id: RunFolder.of(job.book, run) for run in job.runs}
    place = next(iter(folders.values())).path
    try:
        with ExitStack() as locks:
            for _, folder in sorted(folders.items()):
                place = folder.path
                locks.enter_context(folder.lock(wait=LOCK_SECONDS))
            return _locked(job, task, folders, redirect=redirect)
    except Busy:
        message = f"must be free; another process has worked on this run for {LOCK_SECONDS:g} s"
        raise InputError(Problem(str(place), message, "wait for the other tunebook, or stop it")) from None
    except OSError as error:
        message = f"must be a folder that can be written; got {error.strerror or error}"
        raise InputError(Problem(str(place), message, "make room on the disk, or correct the rights")) from error


def answers(finished: Outcome, job: Job, folder: RunFolder) -> bool:
    """Whether a finished outcome, and what lies beside it, is what a job asks for.

    It is not when a split was never predicted, or its way of scoring has not scored one, or a picture is not there; nor
    when a checkpoint is asked for that is not there. Predictions may have been removed since to give back space.
    """
    return (
        {*job.splits, job.scoring.split} <= set(finished.predictions)
        and scored(job, folder)
        and (folder.trained or not job.checkpoint)
    )


def failed(error: BaseException) -> tuple[str, str]:
    """Kind and reason (one sentence) of an exception that ended a run."""
    text = " ".join(str(error).split())[:REASON_LENGTH]
    if isinstance(error, RunError) and type(error) is not RunError:
        return error.kind, text or type(error).__name__
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & MEMORY_ERRORS or any(message in str(error) for message in MEMORY_MESSAGES):
        return OutOfMemory.kind, text or "no memory was left"
    return Crashed.kind, f"{type(error).__name__}: {text}" if text else type(error).__name__


def load(path: str) -> Any:
    """The object at `package.module:NAME`."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _task(job: Job) -> Task:
    if job.task_object is None:
        return task_of(job.runs[0])
    task: Task = load(job.task_object)
    return task


def _locked(job: Job, task: Task, folders: dict[str, RunFolder], *, redirect: bool) -> tuple[Outcome, ...]:
    outcomes: dict[str, Outcome] = {}
    open_: list[tuple[Run, Outcome | None]] = []
    for run in job.runs:
        folder = folders[run.id]
        previous = folder.read_outcome()
        finished = previous if previous is not None and previous.status == "finished" else None
        if finished is not None and answers(finished, job, folder):
            folder.forget_state()
            outcomes[run.id] = finished
            continue
        if finished is None:
            clear(folder.at, but=_kept(folder) if folder.goes_on else ())
        folder.at.mkdir(parents=True, exist_ok=True)
        folder.write_run(run)
        open_.append((run, finished))
    if open_:
        outcomes |= _attempted(job, task, open_, folders, redirect=redirect)
    return tuple(outcomes[run.id] for run in job.runs)


def _kept(folder: RunFolder) -> tuple[Path, ...]:
    """What a training that goes on finds again."""
    return folder.state, folder.spent, folder.out, folder.reports


def _attempted(
    job: Job,
    task: Task,
    runs: Sequence[tuple[Run, Outcome | None]],
    folders: dict[str, RunFolder],
    *,
    redirect: bool,
) -> dict[str, Outcome]:
    """Run id -> the outcome of doing what is missing, written to its folder."""

    @cache
    def worker() -> Worker:
        made: Worker = load(job.worker)()
        return made

    attempts = [
        Attempt(job, run, task, worker, folders[run.id], finished, Meter(folders[run.id].read_spent()))
        for run, finished in runs
    ]
    with printing_to(attempts[0].folder.log) if redirect else nullcontext():
        to_do, errors = _trained(attempts)
    outcomes = {}
    for attempt in attempts:
        name = attempt.run.id
        with printing_to(attempt.folder.log) if redirect else nullcontext():
            outcomes[name] = _ended(attempt, to_do.get(name), errors.get(name))
    return outcomes


def _trained(attempts: Sequence[Attempt]) -> tuple[dict[str, ToDo], dict[str, Exception]]:
    """What each run needs, training done; and what went wrong with it, by the run's id."""
    to_do: dict[str, ToDo] = {}
    errors: dict[str, Exception] = {}
    for attempt in attempts:
        try:
            with metered([attempt.meter]):
                to_do[attempt.run.id] = attempt.to_do()
        except Exception as error:  # noqa: BLE001  # it becomes the run's outcome in `_ended`
            errors[attempt.run.id] = error
    cohort = [attempt for attempt in attempts if attempt.run.id in to_do and to_do[attempt.run.id].training]
    groups = deque([cohort] if cohort else [])
    while groups:
        group = groups.popleft()
        try:
            with metered([attempt.meter for attempt in group]):
                errors |= train(group)
        except Exception as error:  # noqa: BLE001  # alone: the run's outcome; of a cohort, each shows it alone
            if len(group) == 1:
                errors[group[0].run.id] = error
            else:
                again = [attempt for attempt in group if not attempt.folder.checkpoint.exists()]
                _told(again, error, others=len(group) - 1)
                groups += [[attempt] for attempt in again]
    return to_do, errors


def _told(again: Sequence[Attempt], error: Exception, *, others: int) -> None:
    """Write into the log of each run that it is trained once more, and why."""
    together = f"the training together with {others} {'other' if others == 1 else 'others'}"
    kind, reason = failed(error)
    for attempt in again:
        with attempt.folder.log.open("a", encoding="utf-8") as log:
            log.write(f"trained again alone: {together} ended with {kind}: {reason}\n")


def _ended(attempt: Attempt, to_do: ToDo | None, error: Exception | None) -> Outcome:
    """The outcome of a run that is trained, or has failed before; written to its folder."""
    folder, finished = attempt.folder, attempt.finished
    try:
        if error is not None:
            raise error
        assert to_do is not None, "a run either failed or is known to need something"
        with metered([attempt.meter]):
            outcome = attempt.complete(to_do)
        if not outcome.provenance:
            outcome = attempt.described(outcome)
    except Exception as caught:
        if isinstance(caught, OSError) and caught.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        outcome = _failure(attempt, caught)
    if finished is None or (outcome.status == "finished" and outcome != finished):
        folder.write_outcome(outcome)
    if outcome.status == "finished":
        folder.forget_state()
    return outcome


def _failure(attempt: Attempt, error: Exception) -> Outcome:
    """The failed outcome of an exception, with its traceback in the log."""
    folder = attempt.folder
    with folder.log.open("a", encoding="utf-8") as log:
        if not isinstance(error, Told):
            traceback.print_exception(error, file=log)
    if isinstance(error, Diverged | DataChanged):
        folder.forget_state()
        folder.forget_out()
    folder.write_spent(attempt.meter.costs())
    return attempt.described(Outcome("failed", *failed(error)))
