"""Runs in child processes of this one: pinned to cores or a GPU, limited, killed, and looked after.

One child per job (a run, or a cohort of them), forked from a server that has the heavy imports done (spawned where
there is no fork server). A thread looks after each child:

    answered                       its outcomes
    too long, too large            killed; a failed outcome is written for it
    ended by SIGKILL or SIGTERM    not its own fault: once more; the second time a failed outcome of kind killed
                                   is written, which the next command takes up again
    ended otherwise                a failed outcome with the signal's name or the exit code is written
    cancelled                      ended; no outcome is written

A cohort without an answer is done again run by run, so that what one of them did wrong is not the others' fate.
"""

import json
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
import types
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

import psutil

from tunebook.errors import InputError, OutOfMemory, OutOfTime, Problem
from tunebook.execute import forking, warming
from tunebook.execute.endings import Ending, answered, recorded
from tunebook.execute.job import Job
from tunebook.execute.serve import serve
from tunebook.execute.slots import Place, slots
from tunebook.execute.threads import thread_variables
from tunebook.records import Outcome

LOOK_SECONDS = 0.25
GRACE_SECONDS = 1.0

_multiprocessing = threading.Lock()
"""Held while a child is started or asked for its exit code: multiprocessing does both for all children at once."""


class Processes:
    """The executor with a child process per job.

    Args:
        processes: How many jobs at once; None to decide by GPUs, or by cores and memory.
        threads: Threads of each job.
        preload: Modules that the fork server imports once (`numpy`, `torch`, the worker's module). A server that
            this process started before keeps what it has; the runs then import for themselves.
        warm: Further modules that it imports after these; one that cannot be imported is left to the runs.
        devices: None: every visible GPU, else the CPU. `("cpu",)`: the CPU. Else GPUs: `0`, `cuda:1`, a UUID.
        memory_gb: What a run is expected to need when `processes` is None, in 10^9 bytes.
    """

    def __init__(
        self,
        *,
        processes: int | None = None,
        threads: int = 1,
        preload: Sequence[str] = (),
        warm: Sequence[str] = (),
        devices: Sequence[str] | None = None,
        memory_gb: float = 2.0,
    ) -> None:
        self._slots = slots(processes=processes, threads=threads, devices=devices, memory_gb=memory_gb)
        self._threads = threads
        modules = dict.fromkeys((*preload, warming.__name__, serve.__module__, forking.__name__))
        self._start = _Start(threads, tuple(modules), tuple(warm))
        self._free: queue.SimpleQueue[Place] = queue.SimpleQueue()
        for place in self._slots.places:
            self._free.put(place)
        self._pool = ThreadPoolExecutor(len(self._slots.places), thread_name_prefix="tunebook-run")
        self._stopping = threading.Event()

    @property
    def places(self) -> tuple[Place, ...]:
        """Where runs happen; as many as there are at once."""
        return self._slots.places

    @property
    def reason(self) -> str:
        """A line that says how many runs happen at once and why."""
        return self._slots.reason

    def submit(self, job: Job) -> Future[tuple[Outcome, ...]]:
        """The outcomes, later; see `Executor.submit`. Device and threads of the job are those of its place."""
        return self._pool.submit(self._bring, job)

    def cancel(self) -> None:
        """Drop what waits and end what runs (SIGTERM, after a second SIGKILL). Returns when nothing runs."""
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()

    def _bring(self, job: Job) -> tuple[Outcome, ...]:
        place = self._free.get()
        try:
            job = replace(job, device=place.device, threads=self._threads)
            if len(job.runs) > 1:
                ending = self._look_after(job, place)
                if ending.answer is not None:
                    return answered(ending.answer)
            return tuple(self._alone(replace(job, runs=(run,)), place) for run in job.runs)
        finally:
            self._free.put(place)

    def _alone(self, job: Job, place: Place) -> Outcome:
        """The outcome of a job of one run."""
        ending = self._look_after(job, place)
        if ending.lost:
            ending = self._look_after(job, place)
        return answered(ending.answer)[0] if ending.answer is not None else recorded(job, ending)

    def _look_after(self, job: Job, place: Place) -> Ending:
        """Start a child and stay with it to its end.

        Raises:
            CancelledError: when the executor was cancelled; the child is gone then.
        """
        child = _Child(self._start, job, place)
        try:
            while not child.ended(LOOK_SECONDS):
                if self._stopping.is_set():
                    child.end(grace=GRACE_SECONDS)
                    raise CancelledError
                if exceeded := child.exceeds(job):
                    child.end(grace=0.0)
                    return child.ending(exceeded)
            return child.ending()
        finally:
            child.close()


class _Child:
    """One process and what is known of it."""

    def __init__(self, start: "_Start", job: Job, place: Place) -> None:
        self._answers, self._process = start(job, place)
        self._pid = self._process.pid
        self._sentinel = self._process.sentinel
        self._answer: Mapping[str, Any] | None = None
        self._listening = True
        self._gone = False
        self._started = datetime.now(UTC)
        self._clock = time.monotonic()
        self._peak = 0.0

    def ended(self, seconds: float) -> bool:
        """Wait this long at most; whether the run has its answer or the process is gone."""
        ready = wait([self._sentinel, *([self._answers] if self._listening else [])], seconds)
        self._gone = self._gone or self._sentinel in ready
        if ready:
            self._listen()
        return self._answer is not None or self._gone

    def exceeds(self, job: Job) -> str:
        """The kind of the limit that the run has passed; empty for none."""
        self._peak = max(self._peak, self._memory_mb(family=job.memory_gb is not None))
        if job.seconds is not None and time.monotonic() - self._clock > job.seconds * len(job.runs):
            return OutOfTime.kind
        if job.memory_gb is not None and self._peak > job.memory_gb * 1000:
            return OutOfMemory.kind
        return ""

    def end(self, *, grace: float) -> None:
        """End the process and what it started: SIGTERM, after `grace` seconds SIGKILL."""
        if grace:
            self._signal(signal.SIGTERM)
            self._wait(grace)
        self._signal(signal.SIGKILL)
        self._wait(None)

    def ending(self, exceeded: str = "") -> Ending:
        """How it ended. An answer that was under way when a limit struck counts."""
        return Ending(
            answer=self._answer,
            exceeded=exceeded,
            code=None if self._answer is not None else self._code(),
            started=self._started,
            seconds=time.monotonic() - self._clock,
            peak_memory_mb=self._peak,
        )

    def close(self) -> None:
        """Leave nothing of it: neither the process, nor what it started, nor pipes."""
        if self._answer is not None:
            self._wait(GRACE_SECONDS)
        self.end(grace=0.0)
        self._answers.close()
        with _multiprocessing:
            self._process.join(0)
            self._process.close()

    def _wait(self, seconds: float | None) -> None:
        """For the process to be gone. The sentinel tells it once: reading the exit code empties it."""
        self._gone = self._gone or bool(wait([self._sentinel], seconds))

    def _listen(self) -> None:
        try:
            if self._listening and self._answers.poll():
                self._answer = json.loads(self._answers.recv_bytes())
                self._listening = False
        except EOFError:  # it ended without an answer
            self._listening = False

    def _code(self) -> int | None:
        with _multiprocessing:
            return self._process.exitcode

    def _signal(self, number: signal.Signals) -> None:
        """To its process group; to the process alone as long as it has none of its own."""
        assert self._pid is not None
        with suppress(ProcessLookupError):
            os.killpg(self._pid, number)
            return
        self._wait(0)
        if not self._gone:
            with suppress(ProcessLookupError):  # gone between the look and the signal
                os.kill(self._pid, number)

    def _memory_mb(self, *, family: bool) -> float:
        """Resident memory, with that of what it started if asked: to find them takes a look at every process."""
        try:
            process = psutil.Process(self._pid)
            looked_at = (process, *(process.children(recursive=True) if family else ()))
            return float(sum(each.memory_info().rss for each in looked_at)) / 1e6
        except psutil.NoSuchProcess:  # it ends at this moment
            return 0.0


@dataclass(frozen=True)
class _Start:
    """Starts children, from a fork server where there is one."""

    threads: int
    preload: tuple[str, ...]
    warm: tuple[str, ...]

    def __call__(self, job: Job, place: Place) -> tuple[Connection, BaseProcess]:
        """A child at work on a job, and where its answer will come.

        Raises:
            InputError: when no fork server stays alive, which a preloaded module can cause.
        """
        try:
            return self._child(job, place)
        except (EOFError, ConnectionError):  # the server has just died; another one is started
            time.sleep(LOOK_SECONDS)
        try:
            return self._child(job, place)
        except (EOFError, ConnectionError) as error:
            message = f"the fork server must import {', '.join(self.preload)}; it ended"
            raise InputError(Problem("executor", message, "import them in a Python prompt to see why")) from error

    def _child(self, job: Job, place: Place) -> tuple[Connection, BaseProcess]:
        forking = "forkserver" in multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context("forkserver" if forking else "spawn")
        variables = {**self._variables(), "CUDA_VISIBLE_DEVICES": place.gpu}
        warm = {warming.VARIABLE: " ".join(self.warm)} if self.warm else {}
        with _multiprocessing, _environment(self._variables() | warm), _without_main():
            if forking:
                context.set_forkserver_preload(list(self.preload))
                forkserver.ensure_running()
            receiving, sending = context.Pipe(duplex=False)
            process = context.Process(target=serve, args=(job.as_json(), variables, place.cores, sending))
            try:
                process.start()
            except BaseException:
                receiving.close()
                raise
            finally:
                sending.close()
        return receiving, process

    def _variables(self) -> dict[str, str]:
        # The last one lets torch look for GPUs without starting CUDA, which a fork would not survive.
        return thread_variables(self.threads) | {"PYTORCH_NVML_BASED_CUDA_CHECK": "1"}


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Variables that a process started within inherits."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the program from multiprocessing, which would run it again in every child.

    A child needs this package alone, and a person's script may call `book.run` without a guard.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
