"""What a child process does first and last: it follows its parent, does one job, and answers.

A child leads a process group of its own, so that what it starts is ended with it and Ctrl-C in the terminal reaches
the conductor alone. It ends when its parent does. The parent holds the only writing end of a pipe whose reading end
every child of multiprocessing has (`parent_process().sentinel`); on Linux the kernel itself kills the group when that
pipe closes, even while foreign code holds the interpreter; elsewhere a thread does.
"""

import fcntl
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from multiprocessing.connection import Connection, wait

from tunebook.errors import InputError
from tunebook.execute.child import work
from tunebook.execute.job import Job


def serve(text: str, environment: Mapping[str, str], cores: Sequence[int], answer: Connection) -> None:
    """Do one job, send its outcomes (or what is wrong for every run) as JSON, and end the process.

    Args:
        text: A job as `Job.as_json` writes it.
        environment: Variables to set, before anything of the task is imported.
        cores: Cores to stay on; empty for any.
        answer: Where to send `{"outcomes": [ … ]}` or `{"problems": […]}`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setpgid(0, 0)
    _end_with_parent()
    os.environ.update(environment)
    if cores and sys.platform == "linux":
        os.sched_setaffinity(0, cores)
    job = Job.from_json(text)
    _limit_threads(job.threads)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # what was printed survives a kill
    message: dict[str, object]
    try:
        message = {"outcomes": [asdict(outcome) for outcome in work(job, redirect=True)]}
    except InputError as error:
        message = {"problems": [asdict(problem) for problem in error.problems]}
    answer.send_bytes(json.dumps(message).encode())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # no waiting for threads that the task left behind


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "serve runs in a child of multiprocessing"
    if sys.platform == "linux":
        fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(parent.sentinel, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, fcntl.fcntl(parent.sentinel, fcntl.F_GETFL) | os.O_ASYNC)
    threading.Thread(target=_wait_and_end, args=(parent.sentinel,), daemon=True, name="parent").start()


def _wait_and_end(sentinel: int) -> None:
    wait([sentinel])
    os.killpg(0, signal.SIGKILL)


def _limit_threads(threads: int) -> None:
    """Tell a torch that the fork server imported already; one that is imported later reads the environment."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)
