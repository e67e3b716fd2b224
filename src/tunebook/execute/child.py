"""One run, from the lock on its folder to its outcome.

    lock ─ finished before, with all that is asked? ─> that outcome
      └─> train (unless a finished outcome vouches for the checkpoint) ─> predict ─> calibrate ─> score, draw ─> outcome

The outcome is written last, so a folder without one holds a torn run: it is cleared and run again. A failure is an
outcome too, and never takes the place of a finished one. The outcome tells of training and predictions alone: scoring
them in another way adds to the folder and leaves it as it is.

What a training goes on from stays until the run has finished, and costs are of all attempts that it joins. Two failures
take it away: a training that diverged would diverge again, and one whose data changed is none of this run.

Data and weights are fingerprinted again before they are read and before scores are written: a run is never that of
other data than its id says.
"""

import errno
import importlib
import math
import os
import re
import resource
import shutil
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tunebook.errors import Crashed, DataChanged, Diverged, InputError, OutOfMemory, Problem, RunError
from tunebook.execute.job import Job
from tunebook.execute.provenance import provenance
from tunebook.execute.scoring import Scorer
from tunebook.fingerprints import IN_BOOK, FingerprintCache, of_inputs
from tunebook.folders import Busy, Damaged, RunFolder, digest_of_arrays
from tunebook.records import Costs, CurvePoint, Measurement, Outcome
from tunebook.task import Context, Task, Worker, find

LOCK_SECONDS = 10.0
CURVE_SECONDS = 2.0
REASON_LENGTH = 300
SAFE_ITEM = re.compile(r"[^/\\\0]*[^/\\\0.][^/\\\0]*")
MEMORY_ERRORS = {"MemoryError", "OutOfMemoryError"}
MEMORY_MESSAGES = ("can't allocate memory", "CUDA out of memory")


def work(job: Job, *, redirect: bool = False) -> Outcome:
    """Bring a run to its outcome in this process; a finished run with all that is asked answers at once.

    Args:
        redirect: Whether all that this process prints meanwhile goes to the run's log.txt (by file descriptor).
            The traceback of a failure is there in any case.

    Raises:
        InputError: when another process keeps the run for 10 s, the run's folder cannot be written, or the task
            is not there or scores in another version. Whatever goes wrong within the run is a failed Outcome instead.
    """
    task = _task(job)
    if task.evaluator != job.scoring.evaluator:
        message = f"must score with evaluator {job.scoring.evaluator}; got {task.evaluator}"
        raise InputError(Problem(f"task {task.name}", message, "install one version of it everywhere"))
    folder = RunFolder.of(job.book, job.run)
    try:
        with folder.lock(wait=LOCK_SECONDS):
            return _locked(job, task, folder, redirect=redirect)
    except Busy:
        message = f"must be free; another process has worked on this run for {LOCK_SECONDS:g} s"
        raise InputError(Problem(str(folder.path), message, "wait for the other tunebook, or stop it")) from None
    except OSError as error:
        message = f"must be a folder that can be written; got {error.strerror or error}"
        raise InputError(Problem(str(folder.path), message, "make room on the disk, or correct the rights")) from error


def answers(finished: Outcome, job: Job, folder: RunFolder) -> bool:
    """Whether a finished outcome, and what lies beside it, is what a job asks for.

    It is not when a split has no predictions, or its way of scoring has not scored one, or a picture is not there.
    """
    asked, scoring = {*job.splits, job.scoring.split}, job.scoring.id
    measured = {one.split for one in folder.read_measurements(scoring) if one.item == ""}
    return (
        asked <= set(finished.predictions)
        and asked <= measured
        and all(folder.drawn(scoring, split) for split in job.pictures)
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
        return find(job.task)
    task: Task = load(job.task_object)
    return task


def _locked(job: Job, task: Task, folder: RunFolder, *, redirect: bool) -> Outcome:
    previous = folder.read_outcome()
    finished = previous if previous is not None and previous.status == "finished" else None
    if finished is not None and answers(finished, job, folder):
        folder.forget_state()
        return finished
    if finished is None:
        _clear(folder.at, but=(folder.state, folder.spent) if folder.state.exists() else ())
    folder.at.mkdir(parents=True, exist_ok=True)
    folder.write_run(job.run)
    with _printing_to(folder.log) if redirect else nullcontext():
        outcome = _attempt(job, task, folder, finished)
    if finished is None or (outcome.status == "finished" and outcome != finished):
        folder.write_outcome(outcome)
    if outcome.status == "finished":
        folder.forget_state()
    return outcome


def _clear(folder: Path, *, but: Sequence[Path] = ()) -> None:
    """Empty a folder, if it is there; files in it may stay."""
    for path in folder.iterdir() if folder.exists() else ():
        if path.is_dir():
            shutil.rmtree(path)
        elif path not in but:
            path.unlink()


def _splits(job: Job, held: Iterable[str]) -> tuple[str, ...]:
    """Asked, selected on, and held already."""
    return tuple(dict.fromkeys((*job.splits, job.scoring.split, *held)))


def _attempt(job: Job, task: Task, folder: RunFolder, finished: Outcome | None) -> Outcome:
    """The outcome of doing what is missing; exceptions of the run become a failed one."""
    meter = _Meter(before=folder.read_spent())
    try:
        return _Attempt(job, task, folder, finished, load(job.worker)(), meter).complete()
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        with folder.log.open("a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
        if isinstance(error, Diverged | DataChanged):
            folder.forget_state()
        folder.write_spent(meter.costs())
        return _described(Outcome("failed", *failed(error)), job, meter)


def _described(outcome: Outcome, job: Job, meter: "_Meter") -> Outcome:
    """An outcome with what it took and where it came about."""
    where = provenance(job.device, job.threads, book=job.book, started=meter.started)
    return replace(outcome, costs=meter.costs(), provenance=where)


@dataclass(frozen=True)
class _Attempt:
    job: Job
    task: Task
    folder: RunFolder
    finished: Outcome | None
    worker: Worker
    meter: "_Meter"

    def complete(self) -> Outcome:
        self._check_inputs()
        known = self.finished.predictions if self.finished is not None else {}
        held, splits = self._held(), _splits(self.job, known)
        lacking = [split for split in splits if split not in held]
        training = self._needs_training(lacking)
        if training or any(split in known for split in lacking):
            self.folder.forget_scores()  # what follows may differ from what they were made of
        if training:
            self._train()
            self._check_inputs()
        for split in splits if training else lacking:
            self._predict(split)
        self._score()
        digests = {split: self._digest(split) for split in splits}
        if self.finished is not None and not training:
            return replace(self.finished, predictions=digests)
        ended = Outcome("finished", predictions=digests, quantities=self._quantities())
        return _described(ended, self.job, self.meter)

    def _check_inputs(self) -> None:
        """Compare what the run reads with what its id was made from.

        Raises:
            DataChanged: when they differ, or something is not there any more.
        """
        run, cache = self.job.run, FingerprintCache(self.job.book / IN_BOOK, reading=True)
        changed = "changed since the study was planned"
        try:
            config = self.task.Config.model_validate(run.configuration.values)
            found = of_inputs(self.task.inputs(config, self.job.book), cache=cache)
        except InputError as error:
            raise DataChanged(f"data {changed}: {error}") from error
        roles = [role for role in sorted({*found, *run.fingerprints}) if found.get(role) != run.fingerprints.get(role)]
        if roles:
            raise DataChanged(f"{' and '.join(roles)} {changed}")

    @property
    def _context(self) -> Context:
        return Context(
            book=self.job.book,
            checkpoint=self.folder.checkpoint,
            state=self.folder.state,
            length=self.job.run.length,
            device=self.job.device,
            threads=self.job.threads,
            seed=self.job.run.replicate.get("seed"),
        )

    def _held(self) -> set[str]:
        """Splits whose stored predictions are those of the finished outcome."""
        known = self.finished.predictions if self.finished is not None else {}
        return {split for split, digest in known.items() if self._digest(split) == digest}

    def _digest(self, split: str) -> str:
        try:
            return digest_of_arrays(self.folder.read_predictions(split))
        except Damaged:
            return ""

    def _needs_training(self, lacking: Sequence[str]) -> bool:
        if self.job.run.length == 0:
            return False
        return self.finished is None or (bool(lacking) and not self.folder.checkpoint.exists())

    def _train(self) -> None:
        points: list[CurvePoint] = []
        written = time.monotonic()
        try:
            for point in self.worker.train(self.job.run, self._context):
                for name, value in point.values.items():
                    if not math.isfinite(value):
                        raise Diverged(f"{name} is {value} at step {point.step}")
                points.append(point)
                if time.monotonic() - written > CURVE_SECONDS:
                    self.folder.write_curve(points)
                    self.folder.write_spent(self.meter.costs())
                    written = time.monotonic()
        finally:
            self.folder.write_curve(points)
            self.folder.write_spent(self.meter.costs())
        if not self.folder.checkpoint.exists():
            raise Crashed(f"training ended at {self.job.run.length} without a checkpoint")

    def _predict(self, split: str) -> None:
        _clear(self.folder.at / "predictions" / split)
        stored: set[str] = set()
        for prediction in self.worker.predict(self.job.run, split, self._context):
            if not SAFE_ITEM.fullmatch(prediction.item):
                raise Crashed(f"the name of an item must be that of a file; got {prediction.item!r}")
            if prediction.item in stored:
                raise Crashed(f"{prediction.item} of {split} was predicted twice")
            self.folder.write_prediction(split, prediction.item, prediction.arrays)
            stored.add(prediction.item)

    def _score(self) -> None:
        scoring, folder = self.job.scoring, self.folder
        scorer = Scorer(self.job.run, scoring, self.task, self.worker, folder, self._context)
        settings = scorer.calibrate()
        measurements: list[Measurement] = []
        for split in _splits(self.job, (one.split for one in folder.read_measurements(scoring.id))):
            draw = split in self.job.pictures or folder.picture_list(scoring.id, split).exists()
            measurements += scorer.measure(split, settings, draw=draw)
        folder.write_scoring(scoring)
        folder.write_settings(scoring.id, settings.values())
        self._check_inputs()
        folder.write_measurements(scoring.id, measurements)

    def _quantities(self) -> dict[str, float]:
        return {name: float(value) for name, value in self.worker.quantities(self.job.run, self._context).items()}


def _processor_seconds() -> float:
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


@dataclass(frozen=True)
class _Meter:
    """Time and memory since it was made, and before. Processor time counts children that have ended."""

    before: Costs
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    wall: float = field(default_factory=time.monotonic)
    processor: float = field(default_factory=_processor_seconds)

    def costs(self) -> Costs:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        unit = 1 if sys.platform == "darwin" else 1024
        return Costs(
            seconds=self.before.seconds + time.monotonic() - self.wall,
            cpu_seconds=self.before.cpu_seconds + _processor_seconds() - self.processor,
            peak_memory_mb=max(self.before.peak_memory_mb, peak * unit / 1e6),
        )


@contextmanager
def _printing_to(path: Path) -> Iterator[None]:
    """Let file descriptors 1 and 2 be a file, for C libraries and grandchildren as well."""
    _flush()
    kept = os.dup(1), os.dup(2)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.dup2(log, 1)
        os.dup2(log, 2)
        yield
    finally:
        _flush()
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for handle in (*kept, log):
            os.close(handle)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
