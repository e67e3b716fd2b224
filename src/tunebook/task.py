"""What a workload supplies: a torch-free description, and a worker that runs in the child."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from tunebook.errors import InputError, Problem
from tunebook.fingerprints import Input
from tunebook.records import CurvePoint, DataFacts, MetricFacts, Pixels, Run, Scalar, Settings
from tunebook.spec.programs import TASK, Program
from tunebook.spec.workload import Workload

GROUP = "tunebook.tasks"
PROGRAMS = "tunebook.programs"
"""Entry points of what makes a task of an own program: `Program -> Task`."""


@dataclass(frozen=True)
class ItemScore:
    """What one item contributes to one metric: a value, or counts or arrays that only `aggregate` can join.

    Args:
        reason: Why there is no value; empty otherwise.
        item: The part of the example that it is of (a group of a table's rows); empty: the whole example. The parts
            of all examples of a split are its items, and every metric is scored on the same ones.
        arrays: What only the metric can join, such as scores and truths; never stored.
        n: How many things (images, rows, recordings) were scored in it. `expected`: how many there are.
        whole: Whether it is of the whole split, of which no item can be told: it is the aggregate as it stands.
    """

    metric: str
    value: float | None = None
    counts: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    item: str = ""
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    n: int = 1
    expected: int = 1
    whole: bool = False


@dataclass(frozen=True)
class Metric:
    """A metric: its facts and how items become one number.

    Args:
        facts: Name, direction, unit, range, what 0 and 1 mean.
        aggregate: Item scores of one split -> one value.
        mode: Settings of this mode apply (`ais`); empty when none do.
    """

    facts: MetricFacts
    aggregate: Callable[[Sequence[ItemScore]], float]
    mode: str = ""


@dataclass(frozen=True)
class Example:
    """One item of a split: what goes in and what should come out (task-specific arrays)."""

    item: str
    image: NDArray[Any]
    truth: NDArray[Any]


@dataclass(frozen=True)
class Prediction:
    """Raw output for one item, before any threshold or post-processing; small integer types where possible."""

    item: str
    arrays: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Panels:
    """Page-sized thumbnails of one item: panel name -> uint8, in the order of showing.

    Args:
        panels: RGB (height, width, 3); `image` and `truth` are the same for every run. Of a binary mask also two grey
            layers (height, width): `mask`, the truth as 0 and 255, and `probability`.
        pixels: Of a binary mask.
    """

    item: str
    panels: Mapping[str, NDArray[np.uint8]]
    caption: str = ""
    pixels: Pixels | None = None


@dataclass(frozen=True)
class Context:
    """Where and how a run happens.

    Args:
        book: The book's folder; paths in a configuration start here.
        checkpoint: Where `train` writes what it trained, and `predict` reads it.
        state: Where `train` may keep, atomically, what it needs to go on after it was stopped; a training that goes
            on ends in the same bits as one that was never stopped. Removed when the run has finished, or when it would
            fail again.
        length: Train to here.
        device: `cpu`, `cuda:0`.
        threads: Threads of this process.
        seed: The replicate's seed; None when no seed matters.
    """

    book: Path
    checkpoint: Path
    state: Path
    length: int
    device: str
    threads: int
    seed: int | None


@dataclass(frozen=True)
class Progress:
    """One point of the learning curve of one run."""

    run: str
    """Id of the run."""
    point: CurvePoint


@dataclass(frozen=True)
class Beginning:
    """How a study may begin on data that were found.

    Args:
        certainty: 0..1, how sure it is that the data are of this task; the surest task is proposed.
        base: Dotted path -> value of the fields that the data decide (`data.root`, `data.train`); paths are those of
            the data, absolute.
        space: Dotted path -> values, a small grid that a first study of this task would try.
        select: Metric and split that it would select by. `splits`: those it would report.
        why: A sentence for each value of base or space that needs one: the comment beside it.
        found: What the data are, in a sentence: `36 train, 8 val and 12 test images with the outlines of objects`.
        question: What such a study asks.
        metrics: Columns of its page; empty: those that a study shows by itself.
        prefer: What is simpler, for a study that takes the simplest of those as good as the best.
        seconds: About how long one run takes on one core of a CPU; 0: not known.
    """

    certainty: float
    base: Mapping[str, Any]
    space: Mapping[str, Sequence[Scalar]]
    select: tuple[str, str]
    splits: Sequence[str]
    why: Mapping[str, str] = field(default_factory=dict)
    found: str = ""
    question: str = ""
    metrics: Sequence[str] = ()
    prefer: Sequence[str] = ()
    seconds: float = 0.0


class Task(Workload, Protocol):
    """The torch-free description of a workload. `Workload` holds name, version, Config, without_effect."""

    metrics: Mapping[str, Metric]
    worker: str
    """`package.module:Class`, imported only in the child."""
    evaluator: str
    """Version of the scoring code; recorded with every measurement."""
    verified: Sequence[str]
    """Dotted paths of what `verify` looks at: data are read again where one of them differs."""
    largest_cohort: int
    """How many runs of one `cohort` train in one process at most: nothing is heard of them until the last has ended."""
    predictor: str
    """`package.module:function` that applies a trained run to new data (`Predictor`); empty: there is none."""
    predictions: Literal["file", "folder"]
    """What the predictor writes."""
    formats: Mapping[str, str]
    """Format of `tunebook export` -> `package.module:function` that writes a trained run in it (`Exporter`)."""

    def inputs(self, config: BaseModel, book: Path) -> Sequence[Input]:
        """The files that decide a run's result.

        Raises:
            DataError: when a folder or a file is missing, naming it.
        """
        ...

    def start(self, data: Path) -> Beginning | None:
        """How a study of this task on a folder or file may begin; None where it holds no data of this task.

        Looks at names and at few files; torch-free.

        Args:
            data: Absolute.

        Raises:
            DataError: when they seem to be meant for this task and cannot be read as they are, with the way out.
        """
        ...

    def survey(self, config: BaseModel, book: Path, *, thumbnails: Path) -> DataFacts | None:
        """What the data of a configuration hold: every item is read; torch-free. None where it has no data.

        Args:
            thumbnails: A folder for the PNG files of the contact sheet, made when there is something to draw.

        Raises:
            DataError: when a folder or a file is missing; what is odd about single files is told in `odd` instead.
        """
        ...

    def verify(self, config: BaseModel, book: Path) -> None:
        """Read every item of the data once, before anything is trained on it.

        Raises:
            DataError: naming every file that cannot be used, all at once.
        """
        ...

    def splits(self, config: BaseModel) -> Sequence[str]:
        """Names of the splits that the data have and that can be predicted; none where only a run itself tells."""
        ...

    def refusal(self, config: BaseModel, book: Path, *, metric: str, split: str) -> str:
        """Why a metric cannot be had on a split of these data (`must be …`); empty where it can."""
        ...

    def length(self, config: BaseModel, book: Path) -> int:
        """How far a run is trained, in steps; 0 when nothing is trained.

        Raises:
            DataError: when the length depends on data that are missing.
        """
        ...

    def cohort(self, config: BaseModel) -> Hashable | None:
        """Runs with one key may be trained together; None: alone."""
        ...

    def baselines(self, config: BaseModel) -> Mapping[str, Mapping[str, Any]]:
        """Name -> values laid over a configuration, for what every page of the task compares with; may be empty."""
        ...


class Worker(Protocol):
    """The part of a workload that runs in the child process."""

    def train(self, runs: Sequence[Run], contexts: Sequence[Context]) -> Iterator[Progress]:
        """Train each run to its context's length and write its checkpoint; yield the learning curves.

        Several runs are a cohort (`Task.cohort`): each ends as it would alone. A run whose point is not finite has
        diverged: it is trained no further, and the others go on.

        Raises:
            RunError: when the training cannot go on. Those of a cohort that have no checkpoint yet are then trained
                alone.
        """
        ...

    def quantities(self, run: Run, context: Context) -> Mapping[str, float]:
        """Facts that are no scores, `trainable_parameters` at least."""
        ...

    def examples(self, run: Run, split: str, context: Context) -> Iterator[Example]:
        """The items of a split, in a fixed order; their number is what is expected."""
        ...

    def predict(self, run: Run, split: str, context: Context) -> Iterator[Prediction]:
        """Raw predictions of a split, in the order of `examples`."""
        ...

    def calibrate(
        self, run: Run, predictions: Sequence[Prediction], examples: Sequence[Example], split: str, *, metric: str
    ) -> Sequence[Settings]:
        """Settings chosen from raw predictions on one split, one for each mode that has any.

        Args:
            metric: The metric that a study selects by; settings of its mode maximise it.
        """
        ...

    def score(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings]
    ) -> Iterator[ItemScore]:
        """Every metric of the task for one item. `settings`: mode -> settings."""
        ...

    def picture(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings], *, metric: str
    ) -> Panels | None:
        """Thumbnails of one item, in the mode of the metric that a study selects by; the caption says the mode.

        None where there is nothing to see.
        """
        ...


class Predictor(Protocol):
    """Applies a trained run to new data; called in a child process."""

    def __call__(
        self, run: Run, context: Context, settings: Mapping[str, Settings], *, on: Path, to: Path
    ) -> Sequence[str]:
        """Write predictions for `on` to `to`, and say what was written: a sentence each.

        Args:
            on: A file or a folder that is there.
            to: The file or the folder, as `Task.predictions` says; it is not there yet.

        Raises:
            DataError: when `on` cannot be used.
        """
        ...


class Exporter(Protocol):
    """Writes a trained run for use elsewhere; called in a child process."""

    def __call__(self, run: Run, context: Context, settings: Mapping[str, Settings], *, to: Path) -> Sequence[str]:
        """Write files into the folder `to`, and say what was written: a sentence each.

        In a `README.md` it says how they are used; the command puts before it what they are of.
        """
        ...


def names() -> tuple[str, ...]:
    """The tasks that are installed, by name."""
    return tuple(sorted(point.name for point in entry_points(group=GROUP)))


def find(declared: str | Program) -> Task:
    """The installed task of this name, or the task that an own program is.

    Raises:
        InputError: when there is none; the message lists what there is.
    """
    if isinstance(declared, Program):
        return _of_program(declared)
    for point in entry_points(group=GROUP):
        if point.name == declared:
            task: Task = point.load()
            return task
    hint = "an own program is FILE.py:FUNCTION, or {command: …}"
    raise InputError(Problem("task", f"must be one of {', '.join(names())}; got {declared}", hint))


def task_of(run: Run) -> Task:
    """The task of a stored run; its configuration holds an own program.

    Raises:
        InputError: when the task is not installed.
    """
    return find(Program.of(run.configuration.values) if run.task == TASK else run.task)


def _of_program(program: Program) -> Task:
    for point in entry_points(group=PROGRAMS):
        make: Callable[[Program], Task] = point.load()
        return make(program)
    message = "must be run by Tunebook's own task for programs, which is not installed"
    raise InputError(Problem("task", message, "install tunebook again: pip install tunebook"))


__all__ = [
    "Beginning", "Context", "Example", "Exporter", "Input", "ItemScore", "Metric", "Panels", "Prediction", "Predictor",
    "Progress", "Scalar", "Task", "Worker", "find", "names", "task_of",
]  # fmt: skip
