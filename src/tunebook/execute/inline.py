"""Runs at once, in this process: for debugging and tests.

Limits of time and memory need a process that can be killed, so they are not held here.
"""

from concurrent.futures import Future
from types import TracebackType
from typing import Self

from tunebook.execute.child import work
from tunebook.execute.job import Job
from tunebook.records import Outcome


class Inline:
    """The executor without processes: `submit` returns when the run has ended."""

    def submit(self, job: Job) -> Future[tuple[Outcome, ...]]:
        """The outcomes, already there. KeyboardInterrupt and SystemExit pass through."""
        future: Future[tuple[Outcome, ...]] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(work(job))
        except Exception as error:  # noqa: BLE001  # handed to whoever asks for the result, as every executor does
            future.set_exception(error)
        return future

    def cancel(self) -> None:
        """Nothing waits and nothing runs between two calls of `submit`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()
