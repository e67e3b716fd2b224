"""What an own program is as a task: its configuration, its metrics, and the files that it is made of and reads."""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from pydantic import BaseModel

from tunebook import folders
from tunebook.errors import DataError, Problem
from tunebook.fingerprints import Input
from tunebook.folders import OUT, noted_out
from tunebook.records import DATA_ROOT, DataFacts
from tunebook.spec.fields import plain, value_at
from tunebook.spec.program_files import below, files_of
from tunebook.spec.programs import TASK, Program, parameters_of
from tunebook.task import Beginning, ItemScore, Metric
from tunebook.tasks.script.config import config_of

LENGTHS = ("budget.steps", "budget.epochs", "steps", "epochs")
"""Parameters that say how far a run is trained; the first that is there counts."""
WEIGHTS = re.compile(r"run:(?P<run>[0-9a-f]{16})@(?P<length>\d+)")
"""What stands for the weights of another study's decision, once that is known."""


class Script:
    """An own program as a task.

    Args:
        program: As a study declares it, or as a stored configuration holds it.
    """

    name = TASK
    version = "1"
    evaluator = "1"
    worker = "tunebook.tasks.script.worker:Worker"
    verified: Sequence[str] = ()
    largest_cohort = 1
    predictor = "tunebook.tasks.script.predicting:predict"
    predictions: Literal["file", "folder"] = "folder"
    formats: Mapping[str, str] = {}

    def __init__(self, program: Program) -> None:
        self.Config: type[BaseModel] = config_of(program)
        self.metrics: Mapping[str, Metric] = {
            name: Metric(facts, mean_of_items) for name, facts in program.metrics.items()
        }

    def without_effect(self, config: BaseModel) -> frozenset[str]:
        """Nothing: what a program makes of its parameters and its seed is its own affair."""
        return frozenset()

    def inputs(self, config: BaseModel, book: Path) -> Sequence[Input]:
        """The program itself with the local modules that it imports, and what its parameters that are paths lead to.

        Raises:
            DataError: naming what is not there.
        """
        values = plain(config)
        return tuple(_inputs(Program.of(values), values, book))

    def start(self, data: Path) -> Beginning | None:
        """No data are a program's."""
        return None

    def survey(self, config: BaseModel, book: Path, *, thumbnails: Path) -> DataFacts | None:
        """What a program reads it alone knows."""
        return None

    def verify(self, config: BaseModel, book: Path) -> None:
        """A program looks at its data itself."""

    def splits(self, config: BaseModel) -> Sequence[str]:
        """What a program reports is known when it has run."""
        return ()

    def refusal(self, config: BaseModel, book: Path, *, metric: str, split: str) -> str:
        """Likewise."""
        return ""

    def length(self, config: BaseModel, book: Path) -> int:
        """`budget.steps` or `budget.epochs` where the program has one, else 1."""
        values = plain(config)
        found = (value_at(values, path) for path in LENGTHS)
        return next((value for value in found if type(value) is int and value > 0), 1)

    def cohort(self, config: BaseModel) -> Hashable | None:
        """Each alone."""
        return None

    def baselines(self, config: BaseModel) -> Mapping[str, Mapping[str, Any]]:
        """None."""
        return {}


def mean_of_items(scores: Sequence[ItemScore]) -> float:
    """The mean of the items' values."""
    return fmean(score.value for score in scores if score.value is not None)


def folder_of(weights: str, book: Path) -> Path | None:
    """What a program wrote in the run that a parameter's value stands for; None for any other value."""
    found = WEIGHTS.fullmatch(weights)
    return None if found is None else book / "runs" / found["run"] / f"at-{found['length']}" / OUT


def _inputs(program: Program, values: Mapping[str, Any], book: Path) -> Iterator[Input]:
    files = files_of(program, book)
    if files:
        yield Input("program", book.resolve(), files)
    for path in program.inputs:
        if (text := value_at(values, path)) is not None and folder_of(str(text), book) is None:
            root = folders.resolve(str(text), book, place=path)
            role = "data" if path == DATA_ROOT else path
            if root.is_file():
                yield Input(role, root.parent, (root,), named=False)
            else:
                yield Input(role, root, _held(root, path))
    weights: dict[Path, tuple[Path, ...]] = {}
    for path, value in parameters_of(values):
        if isinstance(value, str) and (out := folder_of(value, book)) is not None:
            weights[out] = below(out) or tuple(noted_out(out)) or _held(out, path)
    if weights:
        root = next(iter(weights)) if len(weights) == 1 else book / "runs"
        yield Input("weights", root, tuple(file for files in weights.values() for file in files))


def _held(folder: Path, path: str) -> tuple[Path, ...]:
    files = below(folder)
    if not files:
        got = "it holds none" if folder.is_dir() else "there is no such file or folder"
        raise DataError(Problem(str(folder), f"must be a file, or a folder with files; {got}", f"correct {path}"))
    return files
