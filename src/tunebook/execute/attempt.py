"""One try at a run: what it still needs, its training, and all that is made of the trained run.

    to_do ─> train (alone, or with the other runs of a cohort) ─> complete: predict, calibrate, score, draw

Data and weights are fingerprinted again before they are read and before scores are written: a run is never that of
other data than its id says.
"""

import math
import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tunebook.errors import Crashed, DataChanged, Diverged, InputError
from tunebook.execute.job import Job
from tunebook.execute.metering import Meter
from tunebook.execute.provenance import provenance
from tunebook.execute.scoring import Scorer
from tunebook.fingerprints import IN_BOOK, FingerprintCache, of_inputs
from tunebook.folders import Damaged, RunFolder, digest_of_arrays
from tunebook.records import CurvePoint, Measurement, Outcome, Run
from tunebook.task import Context, Task, Worker

CURVE_SECONDS = 2.0
"""How often the curve of a run that trains alone is written; a cohort's curves as many times more seldom."""
SAFE_ITEM = re.compile(r"[^/\\\0]*[^/\\\0.][^/\\\0]*")


@dataclass(frozen=True)
class ToDo:
    """What a run needs before its outcome can be written.

    Args:
        training: Whether it is to be trained.
        splits: All that it will have predictions of.
        lacking: Those of them that are to be predicted.
    """

    training: bool
    splits: tuple[str, ...]
    lacking: tuple[str, ...]


@dataclass(frozen=True)
class Attempt:
    """One run of a job, and what its folder held before.

    Args:
        make_worker: The worker that all runs of the job share; made when first asked for.
        finished: How it has finished before; None when it has not.
    """

    job: Job
    run: Run
    task: Task
    make_worker: Callable[[], Worker]
    folder: RunFolder
    finished: Outcome | None
    meter: Meter

    def to_do(self) -> ToDo:
        """Look at the folder. Predictions that were removed to give back space are made again where they are asked for.

        Raises:
            DataChanged: when the run's inputs are not what its id was made from.
            Crashed: when it would have to be trained, and may not be.
        """
        self._check_inputs()
        self.make_worker()
        known = self.finished.predictions if self.finished is not None else {}
        held, splits = self._held(), _splits(self.job, known)
        wanted = {*self._scored(), *(split for split in known if self.folder.predicted(split))}
        lacking = tuple(split for split in splits if split in wanted and split not in held)
        training = self._needs_training(lacking)
        if training and not self.job.train:
            raise Crashed("it would have to be trained again, and only scoring was asked for")
        if training or lacking:
            self._check_weights()
        return ToDo(training, splits, splits if training else lacking)

    def complete(self, to_do: ToDo) -> Outcome:
        """Predict what lacks and score everything; the run is trained by now."""
        if to_do.training:
            self._check_inputs()
        known = self.finished.predictions if self.finished is not None else {}
        digests = dict(known)
        for split in to_do.lacking:
            self._predict(split)
            digests[split] = self._digest(split)
        if any(digests[split] != digest for split, digest in known.items()):
            self.folder.forget_scores()  # they were made of other predictions
        if self.finished is None or not scored(self.job, self.folder):
            self._score()
        if self.finished is not None and (not to_do.training or digests == known):
            return replace(self.finished, predictions=digests)  # trained again to what it was: so are its costs
        return Outcome("finished", predictions=digests, quantities=self._quantities())

    def described(self, outcome: Outcome) -> Outcome:
        """An outcome with what the run took and where it came about."""
        job = self.job
        where = provenance(job.device, job.threads, book=job.book, started=self.meter.started, run=self.run)
        return replace(outcome, costs=self.meter.costs(), provenance=where)

    @property
    def worker(self) -> Worker:
        return self.make_worker()

    @property
    def context(self) -> Context:
        return Context(
            book=self.job.book,
            checkpoint=self.folder.checkpoint,
            state=self.folder.state,
            length=self.run.length,
            device=self.job.device,
            threads=self.job.threads,
            seed=self.run.replicate.get("seed"),
        )

    def _check_inputs(self) -> None:
        """Compare what the run reads with what its id was made from.

        Raises:
            DataChanged: when they differ, or something is not there any more.
        """
        run, cache = self.run, FingerprintCache(self.job.book / IN_BOOK, reading=True)
        changed = "changed since the study was planned"
        try:
            config = self.task.Config.model_validate(run.configuration.values)
            found = of_inputs(self.task.inputs(config, self.job.book), cache=cache)
        except InputError as error:
            raise DataChanged(f"data {changed}: {error}") from error
        roles = [role for role in sorted({*found, *run.fingerprints}) if found.get(role) != run.fingerprints.get(role)]
        if roles:
            anew = "; `tunebook run` plans it anew" if "program" in roles else ""
            raise DataChanged(f"{' and '.join(roles)} {changed}{anew}")

    def _check_weights(self) -> None:
        """Refuse weights of a run that were removed to give back space: what they held is known, and no more.

        Raises:
            DataChanged: naming them.
        """
        config = self.task.Config.model_validate(self.run.configuration.values)
        files = (file for found in self.task.inputs(config, self.job.book) for file in found.files)
        for file in files:
            if not file.exists():  # what is not there was noted when it was removed, or had no fingerprint
                raise DataChanged(f"the weights {file} were removed; `tunebook run` trains them again")

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
        if self.run.length == 0:
            return False
        asked = bool(lacking) or self.job.checkpoint
        return self.finished is None or (asked and not self.folder.checkpoint.exists())

    def _scored(self) -> tuple[str, ...]:
        """What is scored: all splits that are asked for, and those that have been scored in this way before."""
        measured = (one.split for one in self.folder.read_measurements(self.job.scoring.id))
        return _splits(self.job, measured)

    def _predict(self, split: str) -> None:
        clear(self.folder.at / "predictions" / split)
        stored: set[str] = set()
        for prediction in self.worker.predict(self.run, split, self.context):
            if not SAFE_ITEM.fullmatch(prediction.item):
                raise Crashed(f"the name of an item must be that of a file; got {prediction.item!r}")
            if prediction.item in stored:
                raise Crashed(f"{prediction.item} of {split} was predicted twice")
            self.folder.write_prediction(split, prediction.item, prediction.arrays)
            stored.add(prediction.item)

    def _score(self) -> None:
        scoring, folder = self.job.scoring, self.folder
        scorer = Scorer(self.run, scoring, self.task, self.worker, folder, self.context)
        settings = scorer.calibrate()
        measurements: list[Measurement] = []
        for split in self._scored():
            draw = split in self.job.pictures or folder.picture_list(scoring.id, split).exists()
            measurements += scorer.measure(split, settings, draw=draw)
        folder.write_scoring(scoring)
        folder.write_settings(scoring.id, settings.values())
        self._check_inputs()
        folder.write_measurements(scoring.id, measurements)

    def _quantities(self) -> dict[str, float]:
        return {name: float(value) for name, value in self.worker.quantities(self.run, self.context).items()}


def scored(job: Job, folder: RunFolder) -> bool:
    """Whether a run has been scored as a job asks: every split, and every picture drawn."""
    scoring = job.scoring.id
    measured = {one.split for one in folder.read_measurements(scoring) if one.item == ""}
    return {*job.splits, job.scoring.split} <= measured and all(folder.drawn(scoring, split) for split in job.pictures)


def train(attempts: Sequence[Attempt]) -> Mapping[str, Diverged]:
    """Train runs together, with the worker of the first; id of a run that diverged -> where.

    Learning curves, and what the runs have taken, are written now and then and at the end.

    Raises:
        Exception: what the worker raises, and Crashed when it leaves a run without a checkpoint.
    """
    by_id = {attempt.run.id: attempt for attempt in attempts}
    curves: dict[str, list[CurvePoint]] = {name: [] for name in by_id}
    diverged: dict[str, Diverged] = {}
    written = time.monotonic()
    try:
        for progress in attempts[0].worker.train(
            [attempt.run for attempt in attempts], [attempt.context for attempt in attempts]
        ):
            point = progress.point
            bad = next((name for name, value in point.values.items() if not math.isfinite(value)), None)
            if bad is not None:
                diverged[progress.run] = Diverged(f"{bad} is {point.values[bad]} at step {point.step}")
            elif progress.run not in diverged:
                curves[progress.run].append(point)
            if len(diverged) == len(attempts):
                break
            if time.monotonic() - written > CURVE_SECONDS * len(attempts):
                _write(by_id, curves)
                written = time.monotonic()
    finally:
        _write(by_id, curves)
    for name, attempt in by_id.items():
        if name not in diverged and not attempt.folder.checkpoint.exists():
            raise Crashed(f"training ended at {attempt.run.length} without a checkpoint")
    return diverged


def clear(folder: Path, *, but: Sequence[Path] = ()) -> None:
    """Empty a folder, if it is there; some of what lies in it may stay."""
    for path in folder.iterdir() if folder.exists() else ():
        if path in but:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _write(attempts: Mapping[str, Attempt], curves: Mapping[str, Sequence[CurvePoint]]) -> None:
    for name, attempt in attempts.items():
        attempt.folder.write_curve(curves[name])
        attempt.folder.write_spent(attempt.meter.costs())


def _splits(job: Job, held: Iterable[str]) -> tuple[str, ...]:
    """Asked, selected on, and held already."""
    return tuple(dict.fromkeys((*job.splits, job.scoring.split, *held)))
