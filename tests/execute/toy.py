"""A task that trains one number, with every way to fail: a workload without torch for tests of executors."""

import os
import signal
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel

from tunebook.errors import Diverged
from tunebook.execute.job import Job
from tunebook.execute.scoring import scoring_of
from tunebook.fingerprints import IN_BOOK, FingerprintCache, Input, of_inputs
from tunebook.records import Configuration, CurvePoint, MetricFacts, Run, Settings
from tunebook.spec.parameters import Fields, parameter
from tunebook.task import Context, Example, ItemScore, Metric, Panels, Prediction, Progress

ITEMS = {"train": 4, "val": 3, "test": 2}


class ToyConfig(Fields):
    """What a toy run depends on."""

    lr: float = parameter(0.5, meaning="Share of the way to the goal that a step goes.")
    fault: str = parameter("", meaning="How the run fails.")
    seconds: float = parameter(0.0, meaning="How long training sleeps.")
    data: str = parameter("", meaning="A file of the book that the run reads.")
    threshold: float = parameter(0.5, meaning="From where on a number is large.", identity="scoring")


def mean(scores: Sequence[ItemScore]) -> float:
    """The mean of the items' values."""
    return float(np.mean([score.value for score in scores if score.value is not None]))


class ToyTask:
    """The description of the toy."""

    name = "toy"
    version = "1"
    Config = ToyConfig
    metrics: Mapping[str, Metric] = {
        "toy.closeness": Metric(MetricFacts("toy.closeness", "maximize", "1 minus the distance."), mean, mode="toy"),
        "toy.never": Metric(MetricFacts("toy.never", "maximize", "A metric that no item has."), mean),
    }
    worker = "toy:ToyWorker"
    evaluator = "1"
    verified = ("data",)
    largest_cohort = 1
    predictor = ""
    predictions: Literal["file", "folder"] = "file"
    formats: Mapping[str, str] = {}

    def without_effect(self, config: BaseModel) -> Set[str]:
        """Everything matters."""
        return set()

    def inputs(self, config: BaseModel, book: Path) -> Sequence[Input]:
        """A toy needs no file but the one that its configuration names."""
        assert isinstance(config, ToyConfig)
        return (Input("data", book, (book / config.data,)),) if config.data else ()

    def splits(self, config: BaseModel) -> Sequence[str]:
        """All that there are."""
        return tuple(ITEMS)

    def refusal(self, config: BaseModel, book: Path, *, metric: str, split: str) -> str:
        """Every metric can be had."""
        return ""

    def length(self, config: BaseModel, book: Path) -> int:
        """Three steps."""
        return 3

    def cohort(self, config: BaseModel) -> Hashable | None:
        """Each run alone."""
        return None

    def baselines(self, config: BaseModel) -> Mapping[str, Mapping[str, Any]]:
        """None."""
        return {}


TASK = ToyTask()


class ToyWorker:
    """Moves a number towards 1; `fault` in the configuration says where it goes wrong."""

    def train(self, runs: Sequence[Run], contexts: Sequence[Context]) -> Iterator[Progress]:
        """One run after the other."""
        for run, context in zip(runs, contexts, strict=True):
            for point in self.train_one(run, context):
                yield Progress(run.id, point)

    def train_one(self, run: Run, context: Context) -> Iterator[CurvePoint]:
        """Halve the distance to 1, `length` times; leave a line in `trained.txt` of the book."""
        with (context.book / "trained.txt").open("a") as file:
            file.write(f"{run.id} {os.getpid()}\n")
        print("training", flush=True)
        time.sleep(run.configuration.get("seconds"))
        number = float(context.seed or 0)
        for step in range(1, context.length + 1):
            number += (1 - number) * run.configuration.get("lr")
            if step == 2:
                if run.configuration.get("fault") == "edit":
                    (context.book / run.configuration.get("data")).write_text("edited")
                fail(run.configuration.get("fault"), context)
            if step == 2 and run.configuration.get("fault") == "nan":
                yield CurvePoint(step, {"loss": float("nan")})
                return
            yield CurvePoint(step, {"loss": 1 - number})
        context.checkpoint.write_bytes(np.float64(number).tobytes())

    def quantities(self, run: Run, context: Context) -> Mapping[str, float]:
        """One parameter."""
        return {"trainable_parameters": 1}

    def examples(self, run: Run, split: str, context: Context) -> Iterator[Example]:
        """Pixels of one number."""
        for i in range(ITEMS[split]):
            yield Example(f"item-{9 - i}", np.full((2, 2), i), np.ones((2, 2)))

    def predict(self, run: Run, split: str, context: Context) -> Iterator[Prediction]:
        """The number for each item, or one too few when asked to fail that way."""
        number = np.frombuffer(context.checkpoint.read_bytes()) if context.length else np.zeros(1)
        kept = ITEMS[split] - (run.configuration.get("fault") == "short")
        for example in list(self.examples(run, split, context))[:kept]:
            yield Prediction(example.item, {"number": number})

    def calibrate(
        self, run: Run, predictions: Sequence[Prediction], examples: Sequence[Example], split: str, *, metric: str
    ) -> Sequence[Settings]:
        """One setting: the number of items that were there."""
        return (Settings("toy", split, metric, {"seen": len(predictions)}),)

    def score(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings]
    ) -> Iterator[ItemScore]:
        """How near the number is."""
        yield ItemScore("toy.closeness", float(prediction.arrays["number"][0]))

    def picture(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings], *, metric: str
    ) -> Panels:
        """A grey square beside a white one; the caption names item and metric."""
        grey = np.full((2, 2, 3), 128, np.uint8)
        return Panels(example.item, {"image": grey, "truth": grey + 127}, caption=f"{example.item} {metric}")


def fail(fault: str, context: Context) -> None:
    """Go wrong in the named way; `once` only the first time."""
    if fault == "crash":
        raise ValueError("the toy\nbroke")
    if fault == "diverge":
        raise Diverged("the loss is nan at step 2")
    if fault == "memory":
        raise MemoryError
    if fault == "eat":
        kept = [np.ones(10_000_000) for _ in range(40)]
        time.sleep(30 + len(kept))
    if fault == "exit":
        os._exit(3)
    if fault == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if fault == "interrupt":
        raise KeyboardInterrupt
    if fault == "killed" or (fault == "once" and not (context.book / "once").exists()):
        (context.book / "once").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "hold":
        hold_the_interpreter(20)


def hold_the_interpreter(seconds: int) -> None:
    """Sleep in foreign code that never lets another thread run."""
    import ctypes

    ctypes.PyDLL(None).sleep(seconds)


def toy_job(
    book: Path,
    *,
    fault: str = "",
    seed: int = 0,
    sleep: float = 0.0,
    length: int = 3,
    splits: tuple[str, ...] = ("test",),
    select_split: str = "val",
    metric: str = "toy.closeness",
    threshold: float = 0.5,
    data: str = "",
    pictures: tuple[str, ...] = (),
    seconds: float | None = None,
    memory_gb: float | None = None,
) -> Job:
    """A job for one toy run in a book."""
    effective = {"lr": 0.5, "fault": fault, "seconds": sleep}
    configuration = Configuration({**effective, "data": data, "threshold": threshold}, effective)
    fingerprints = of_inputs(TASK.inputs(ToyConfig(data=data), book), cache=FingerprintCache(book / IN_BOOK))
    run = Run("toy", "1", configuration, {"seed": seed}, fingerprints, length)
    return Job(
        (run,),
        worker="toy:ToyWorker",
        task="toy",
        task_object="toy:TASK",
        book=book,
        splits=splits,
        scoring=scoring_of(configuration, TASK, split=select_split, metric=metric),
        pictures=pictures,
        seconds=seconds,
        memory_gb=memory_gb,
    )
