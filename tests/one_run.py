"""Jobs of one run, for tests."""

from concurrent.futures import Future

from tunebook.execute import child
from tunebook.execute.job import Job
from tunebook.records import Outcome


def work(job: Job, *, redirect: bool = False) -> Outcome:
    """The outcome of a job of one run."""
    (outcome,) = child.work(job, redirect=redirect)
    return outcome


def result(future: Future[tuple[Outcome, ...]]) -> Outcome:
    """The same, of one that was submitted."""
    (outcome,) = future.result()
    return outcome
