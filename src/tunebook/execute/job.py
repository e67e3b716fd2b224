"""What is submitted to an executor, and what an executor is.

A job is one run, or a cohort: runs that train together and differ in nothing else that a job says. It is plain data
and travels as JSON text, so that a child process, a cluster's worker and a batch script receive the same thing.
"""

import json
from concurrent.futures import Future
from dataclasses import KW_ONLY, asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from tunebook.records import Configuration, Outcome, Run, Scoring, canonical_json


@dataclass(frozen=True)
class Job:
    """Runs to bring to their outcomes, in one process.

    Args:
        runs: What is trained, and to which length: one run, or a cohort (`Task.cohort`).
        worker: `package.module:Class`, imported where the run happens and constructed without arguments.
        task: Name of the installed task.
        book: Absolute path of the book; the run's folder lies below it.
        splits: Splits to predict and score, in this order.
        scoring: How they are scored; the split on which settings are chosen is predicted and scored as well.
        pictures: Splits whose items are drawn.
        threads: Threads of the process that runs it.
        device: `cpu`, `cuda:0`. An executor with places of its own says it anew.
        seconds: Limit of wall-clock time of a run; None for no limit. A cohort has the sum of its runs' limits. Held by
            executors that start processes.
        memory_gb: Limit of resident memory in 10^9 bytes; None for no limit. Held like `seconds`.
        task_object: `package.module:NAME` of a task that is not installed.
        checkpoint: Whether the checkpoint itself is asked for: a run that lacks it is trained again.
        train: Whether runs may be trained; those that would have to be are left as they are.
    """

    runs: tuple[Run, ...]
    _: KW_ONLY
    worker: str
    task: str
    book: Path
    splits: tuple[str, ...]
    scoring: Scoring
    pictures: tuple[str, ...] = ()
    threads: int = 1
    device: str = "cpu"
    seconds: float | None = None
    memory_gb: float | None = None
    task_object: str | None = None
    checkpoint: bool = False
    train: bool = True

    def as_json(self) -> str:
        """Text from which `from_json` makes an equal job."""
        return canonical_json({**asdict(self), "book": str(self.book)})

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """The job that `as_json` wrote."""
        found = json.loads(text)
        runs = (Run(**{**run, "configuration": Configuration(**run["configuration"])}) for run in found["runs"])
        return cls(
            **{
                **found,
                "runs": tuple(runs),
                "book": Path(found["book"]),
                "splits": tuple(found["splits"]),
                "scoring": Scoring(**found["scoring"]),
                "pictures": tuple(found["pictures"]),
            }
        )


class Executor(Protocol):
    """Where runs happen. Used as a context manager: leaving it stops what still runs."""

    def submit(self, job: Job) -> Future[tuple[Outcome, ...]]:
        """The outcomes of a job's runs in their order, later; jobs start in the order of submission.

        A run that fails is an Outcome with status `failed`. The future raises only what concerns every run:
        an InputError (a folder that cannot be written, a run that another process holds) or CancelledError.
        """
        ...

    def cancel(self) -> None:
        """Drop what waits and end what runs; no outcome is written for either. Nothing can be submitted after."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
