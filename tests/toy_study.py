"""A task that trains one number on text files, and books of it: what conductor, book and commands are tested with.

It is installed for a test by the fixture `toy_task` (tests/conftest.py), as a package of somebody else would be.
"""

import os
import signal
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from pydantic import BaseModel, Field

from tunebook import folders
from tunebook.errors import DataError, Diverged, Problem
from tunebook.records import CurvePoint, DataFacts, MetricFacts, Picture, Run, Settings, SplitFacts
from tunebook.spec.parameters import Fields, parameter
from tunebook.task import Context, Example, Input, ItemScore, Metric, Panels, Prediction, Progress

SPLITS = ("train", "val", "test")
ENTRY_POINT = "[tunebook.tasks]\ntoy = toy_study:TASK\n"


class Data(Fields):
    """Where the numbers lie."""

    root: str = parameter(meaning="Folder with <split>/<item>.txt.", identity="path")
    reading: str = parameter("plain", meaning="How a file is read.")


class Model(Fields):
    """What is trained."""

    weights: str = parameter("random", meaning="random, or run:ID@LENGTH.", identity="path")


class Budget(Fields):
    """How far."""

    steps: int = parameter(2, meaning="Steps.", ge=1)


class ToyConfig(Fields):
    """What a toy run depends on."""

    data: Data
    model: Model = Field(default_factory=Model)
    method: str = parameter("full", meaning="full, or none: nothing is trained.")
    lr: float = parameter(0.5, meaning="Share of the way to 1 that a step goes.")
    fault: str = parameter("", meaning="How the run fails.")
    seconds: float = parameter(0.0, meaning="How long training sleeps.", identity="path")
    company: str = parameter("", meaning="Runs of one company train together; empty: alone.", identity="path")
    floors: bool = parameter(False, meaning="Whether it has baselines.", identity="path")
    threshold: float = parameter(0.5, meaning="From where on a number is large.", identity="scoring")
    budget: Budget = Field(default_factory=Budget)


def mean(scores: Sequence[ItemScore]) -> float:
    """The mean of the items' values."""
    return float(np.mean([score.value for score in scores if score.value is not None]))


class ToyTask:
    """The description of the toy."""

    name = "toy"
    version = "1"
    Config: type[BaseModel] = ToyConfig
    metrics: Mapping[str, Metric] = {
        "toy.score": Metric(MetricFacts("toy.score", "maximize", "The number times that of the file."), mean),
        "toy.large": Metric(MetricFacts("toy.large", "maximize", "Share of large ones."), mean, mode="toy"),
    }
    worker = "toy_study:ToyWorker"
    evaluator = "1"
    verified = ("data",)
    largest_cohort = 64
    predictor = ""
    predictions: Literal["file", "folder"] = "file"
    formats: Mapping[str, str] = {}

    def without_effect(self, config: BaseModel) -> Set[str]:
        """What cannot matter when nothing is trained."""
        assert isinstance(config, ToyConfig)
        return {"lr", "budget", "seed"} if config.method == "none" else set()

    def inputs(self, config: BaseModel, book: Path) -> Sequence[Input]:
        """Every text file below the root, and the starting weights."""
        assert isinstance(config, ToyConfig)
        root = folders.resolve(config.data.root, book, place="base.data.root")
        if not root.is_dir():
            raise DataError(Problem(str(root), "must be a folder; there is none", "correct data.root"))
        data = Input("data", root, tuple(sorted(root.glob("*/*.txt"))))
        return (
            (data, Input("weights", weights.parent, (weights,))) if (weights := self.weights(config, book)) else (data,)
        )

    def weights(self, config: BaseModel, book: Path) -> Path | None:
        """The file of the starting weights."""
        assert isinstance(config, ToyConfig)
        if config.model.weights == "random":
            return None
        run, _, length = config.model.weights.removeprefix("run:").partition("@")
        return book / "runs" / run / f"at-{length}" / "checkpoint.safetensors"

    def survey(self, config: BaseModel, book: Path, *, thumbnails: Path) -> DataFacts | None:
        """How many numbers each split holds, where the data are read `looked at`."""
        assert isinstance(config, ToyConfig)
        if config.data.reading != "looked at":
            return None
        root = folders.resolve(config.data.root, book, place="base.data.root")
        thumbnails.mkdir(parents=True, exist_ok=True)
        picture = thumbnails / "train-a-image.png"
        Image.new("L", (2, 2)).save(picture)
        held = {split: sorted(path.read_text() for path in (root / split).glob("*.txt")) for split in SPLITS}
        return DataFacts(
            name=config.data.root,
            noun="numbers",
            splits=[SplitFacts(split, len(texts), {"least": texts[0]}) for split, texts in held.items()],
            odd=["1 number is <odd>: train/a.txt."],
            pictures=[Picture("train/a", {"image": str(picture)})],
            together="of one digit",
            twice=["1 number is in train and in test: train/a.txt = test/b.txt."],
        )

    def verify(self, config: BaseModel, book: Path) -> None:
        """Read every file; leave a line in `verified.txt` of the book."""
        with (book / "verified.txt").open("a") as file:
            file.write("verified\n")
        bad = [path for path in self.inputs(config, book)[0].files if path.read_text() == "corrupt"]
        if bad:
            raise DataError(*(Problem(str(path), "must hold a number; got corrupt") for path in bad))

    def splits(self, config: BaseModel) -> Sequence[str]:
        """All that there are."""
        return SPLITS

    def refusal(self, config: BaseModel, book: Path, *, metric: str, split: str) -> str:
        """Every metric can be had."""
        return ""

    def length(self, config: BaseModel, book: Path) -> int:
        """The budget."""
        assert isinstance(config, ToyConfig)
        return 0 if config.method == "none" else config.budget.steps

    def cohort(self, config: BaseModel) -> Hashable | None:
        """Its company."""
        assert isinstance(config, ToyConfig)
        return config.company or None

    def baselines(self, config: BaseModel) -> Mapping[str, Mapping[str, Any]]:
        """Nothing trained; and a single step, which the learning rate matters to."""
        assert isinstance(config, ToyConfig)
        return {"none": {"method": "none"}, "one step": {"budget": {"steps": 1}}} if config.floors else {}


TASK = ToyTask()


class ToyWorker:
    """Moves a number towards 1; a seed decides where it starts."""

    def train(self, runs: Sequence[Run], contexts: Sequence[Context]) -> Iterator[Progress]:
        """One run after the other; leave a line in `cohorts.txt` of the book."""
        with (contexts[0].book / "cohorts.txt").open("a") as file:
            each = (f"lr={_config(run).lr:g} seed={one.seed}" for run, one in zip(runs, contexts, strict=True))
            file.write(", ".join(each) + "\n")
        for run, context in zip(runs, contexts, strict=True):
            for point in self.train_one(run, context):
                yield Progress(run.id, point)

    def train_one(self, run: Run, context: Context) -> Iterator[CurvePoint]:
        """Leave a line in `trained.txt` of the book, and train."""
        config = _config(run)
        with (context.book / "trained.txt").open("a") as file:
            file.write(f"{run.id} lr={config.lr:g} seed={context.seed} pid={os.getpid()}\n")
        time.sleep(config.seconds)
        fail(config.fault, context)
        weights = TASK.weights(config, context.book)
        number = float(np.frombuffer(weights.read_bytes())[0]) if weights else (context.seed or 0) / 16
        for step in range(1, context.length + 1):
            number += (1 - number) * config.lr
            yield CurvePoint(step, {"loss": 1 - number})
        context.checkpoint.write_bytes(np.float64(number).tobytes())

    def quantities(self, run: Run, context: Context) -> Mapping[str, float]:
        """One parameter."""
        return {"trainable_parameters": float(context.length > 0)}

    def examples(self, run: Run, split: str, context: Context) -> Iterator[Example]:
        """The numbers of a split."""
        root = folders.resolve(_config(run).data.root, context.book, place="data.root")
        for file in sorted((root / split).glob("*.txt")):
            yield Example(file.stem, np.array(float(file.read_text())), np.array(1.0))

    def predict(self, run: Run, split: str, context: Context) -> Iterator[Prediction]:
        """The trained number times that of the file; leave a line in `predicted.txt` of the book."""
        with (context.book / "predicted.txt").open("a") as file:
            file.write(f"{run.id} {split}\n")
        number = float(np.frombuffer(context.checkpoint.read_bytes())[0]) if context.length else 0.25
        number += drift(context.book)
        for example in self.examples(run, split, context):
            yield Prediction(example.item, {"number": example.image * number})

    def calibrate(
        self, run: Run, predictions: Sequence[Prediction], examples: Sequence[Example], split: str, *, metric: str
    ) -> Sequence[Settings]:
        """The threshold as configured."""
        return (Settings("toy", split, "toy.large", {"threshold": _config(run).threshold}),)

    def score(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings]
    ) -> Iterator[ItemScore]:
        """The number, and whether it is large."""
        number = float(prediction.arrays["number"])
        yield ItemScore("toy.score", number)
        yield ItemScore("toy.large", float(number > float(settings["toy"].values["threshold"] or 0)))

    def picture(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings], *, metric: str
    ) -> Panels:
        """A grey square."""
        return Panels(example.item, {"image": np.full((2, 2, 3), 128, np.uint8)}, caption=example.item)


def drift(book: Path) -> float:
    """What no run knows of and yet changes its scores: a driver, a library, a machine. 0 without a file `drift`."""
    return float((book / "drift").read_text()) if (book / "drift").exists() else 0.0


def fail(fault: str, context: Context) -> None:
    """Go wrong in the named way; `once` only as long as the book has no file of that name."""
    once = context.book / "once"
    if fault == "crash" or (fault == "once" and not once.exists()):
        once.touch()
        raise ValueError("the toy broke")
    if fault == "diverge":
        raise Diverged("the loss is nan at step 1")
    if fault == "interrupt" and not once.exists():
        once.touch()
        raise KeyboardInterrupt
    if fault == "terminate" and not once.exists():
        once.touch()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)


def _config(run: Run) -> ToyConfig:
    return ToyConfig.model_validate(run.configuration.values)


# Books ------------------------------------------------------------------------------------------------


def make_data(book: Path, name: str = "cells", *, value: float = 0.5) -> Path:
    """A folder of numbers: two for each split."""
    for split in SPLITS:
        (book / name / split).mkdir(parents=True)
        for i in range(2):
            (book / name / split / f"{i}.txt").write_text(f"{value + i / 4}")
    return book / name


def make_study(book: Path, name: str = "rates", *, space: str = "{lr: [0.25, 0.5]}", **keys: str) -> Path:
    """A study file; `keys` are further lines of YAML, `base` is added to its base."""
    base = keys.pop("base", "")
    given = {"replicates": "{seed: 2}", **keys}
    lines = [f"{key}: {value}" for key, value in given.items()]
    text = "\n".join(["task: toy", f"base: {{data: {{root: cells}}{base}}}", f"space: {space}", *lines])
    path = book / f"{name}.study.yaml"
    path.write_text(f"{text}\n")
    return path


def make_book(book: Path, **keys: str) -> Path:
    """A book whose runs happen at once and in this process, with data and one study."""
    book.mkdir(parents=True, exist_ok=True)
    (book / "book.yaml").write_text("book: toys\nexecutor: {kind: inline}\n")
    make_data(book)
    make_study(book, **keys)
    return book


def trained(book: Path) -> list[str]:
    """`lr=0.5 seed=0` of every training that began, in order."""
    path = book / "trained.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [" ".join(line.split()[1:3]) for line in lines]


def install(folder: Path) -> None:
    """Make the toy a task that is installed in a folder."""
    info = folder / "toy_study-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-study\nVersion: 1\n")
    (info / "entry_points.txt").write_text(ENTRY_POINT)
