"""Runs one program in its child process; without torch, unless the program imports it."""

import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from types import GeneratorType
from typing import Any

import numpy as np

from tunebook.errors import Crashed
from tunebook.folders import LOG, OUT, REPORTS, write_json
from tunebook.records import MetricFacts, Run, Settings
from tunebook.spec.programs import Program
from tunebook.task import Context, Example, ItemScore, Panels, Prediction, Progress
from tunebook.tasks.script import commanding
from tunebook.tasks.script.answers import PREDICTIONS, Answer, packed, tables_in, unpacked
from tunebook.tasks.script.calling import fitting, function_of
from tunebook.tasks.script.given import Parameters, values_of
from tunebook.tasks.script.reports import Kept, Report, Reported, finite, read_report

ANSWER = "answer"
"""The only example of a split, and what its raw prediction is called."""
PARAMETERS = "parameters.json"

Said = Generator[Report, None, Report | None]
"""Reports while a program runs, and what it ended with."""


class Worker:
    """An own program at work."""

    def train(self, runs: Sequence[Run], contexts: Sequence[Context]) -> Iterator[Progress]:
        """Run the program; the checkpoint is what it answered, and `out` beside it what it wrote.

        Raises:
            RunError: when it fails, gives no metrics, or numbers that are not finite.
        """
        for run, context in zip(runs, contexts, strict=True):
            yield from self._train(run, context)

    def _train(self, run: Run, context: Context) -> Iterator[Progress]:
        program, out = Program.of(run.configuration.values), _out(context)
        out.mkdir(parents=True, exist_ok=True)
        for name in (commanding.METRICS, commanding.REPORTS):
            (out / name).unlink(missing_ok=True)
        shutil.rmtree(out / PREDICTIONS, ignore_errors=True)
        kept = Kept(context.checkpoint.with_name(REPORTS))
        said = _called(program, run, context) if program.function else _commanded(program, run, context)
        try:
            last = yield from _followed(said, kept, run.id)
        finally:
            said.close()
        for report in kept.rest():
            yield Progress(run.id, report.point)
        answer = Answer(kept.answer(last.splits if last is not None else {}), tables_in(out))
        finite(answer.splits)
        _tell_undeclared(answer, program.metrics)
        answer.write(context.checkpoint)

    def quantities(self, run: Run, context: Context) -> Mapping[str, float]:
        """None: only the program knows."""
        return {}

    def examples(self, run: Run, split: str, context: Context) -> Iterator[Example]:
        """One: the split."""
        yield Example(ANSWER, np.zeros(0), np.zeros(0))

    def predict(self, run: Run, split: str, context: Context) -> Iterator[Prediction]:
        """What the program answered for a split: its metrics, and what it predicted.

        Raises:
            Crashed: when it reported nothing of this split.
        """
        answer = Answer.read(context.checkpoint)
        if split not in answer.splits:
            found = ", ".join(answer.splits)
            raise Crashed(f"the program must report the split {split}, which the study asks for; it reported {found}")
        table = answer.tables.get(split, {})
        columns = {f"prediction.{name}": array for name, array in table.items()}
        yield Prediction(ANSWER, {"metrics": packed(answer.splits[split]), **columns})

    def calibrate(
        self, run: Run, predictions: Sequence[Prediction], examples: Sequence[Example], split: str, *, metric: str
    ) -> Sequence[Settings]:
        """Nothing is chosen after training.

        Raises:
            Crashed: when the program reported no value of the metric that decides.
        """
        reported = unpacked(predictions[0].arrays["metrics"])
        if metric not in reported:
            found = ", ".join(reported) or "none"
            what = f"{metric} on {split}, by which the study selects"
            raise Crashed(f"the program must report {what}; it reported {found}")
        return ()

    def score(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings]
    ) -> Iterator[ItemScore]:
        """The metrics as they were reported: of the whole split, or item by item."""
        reported = unpacked(prediction.arrays["metrics"])
        for name, facts in Program.of(run.configuration.values).metrics.items():
            yield from _scores(reported, name, facts)

    def picture(
        self, run: Run, prediction: Prediction, example: Example, settings: Mapping[str, Settings], *, metric: str
    ) -> Panels | None:
        """Nothing to see."""
        return None


def _out(context: Context) -> Path:
    return context.checkpoint.with_name(OUT)


def _followed(said: Said, kept: Kept, run: str) -> Generator[Progress, None, Report | None]:
    """Progress for each report; what the program ended with."""
    while True:
        try:
            report = next(said)
        except StopIteration as end:
            last: Report | None = end.value
            return last
        for each in kept.add(report):
            yield Progress(run, each.point)


def _called(program: Program, run: Run, context: Context) -> Said:
    with function_of(program.function, context.book, log=context.checkpoint.with_name(LOG)) as function:
        name = program.function.partition(":")[2]
        given = {
            "config": Parameters(values_of(run.configuration.values, context.book)),
            "seed": context.seed,
            "out": _out(context),
            **({"fold": run.replicate["fold"]} if "fold" in run.replicate else {}),
        }
        found = function(**fitting(function, given))
        if isinstance(found, GeneratorType):
            found = yield from _read(found, place=name)
            if found is None:
                return None
        return read_report(found, place=name, number=context.length)


def _commanded(program: Program, run: Run, context: Context) -> Said:
    values = values_of(run.configuration.values, context.book)
    parameters = context.checkpoint.with_name(PARAMETERS)
    write_json(parameters, values)
    given = {"seed": context.seed, **run.replicate}
    texts = {name: str(value) for name, value in given.items() if value is not None}
    texts |= {"out": str(_out(context)), "config": str(parameters)}
    words = commanding.words(program.command, values, texts)
    log = context.checkpoint.with_name(LOG)
    said = commanding.reported(words, folder=context.book, out=_out(context), log=log)
    found = yield from _read(said, place=commanding.REPORTS)
    return None if found is None else read_report(found, place=commanding.METRICS, number=context.length)


def _read(said: Generator[Any, None, Any], *, place: str) -> Generator[Report, None, Any]:
    """The reports of something that yields them; what it returned at the end."""
    number = 0
    try:
        while True:
            number += 1
            yield read_report(next(said), place=place, number=number)
    except StopIteration as end:
        return end.value
    finally:
        said.close()


def _scores(reported: Mapping[str, Reported], name: str, facts: MetricFacts) -> Iterator[ItemScore]:
    if name not in reported:
        yield ItemScore(name, reason=f"the program reported no {name}", whole=True)
        return
    value = reported[name]
    if not isinstance(value, dict):
        yield ItemScore(name, _within(value, facts), reason="the program gave no value", whole=True)
        return
    for item, each in value.items():
        yield ItemScore(name, _within(each, facts), reason="the program gave no value", item=item)


def _within(value: float | None, facts: MetricFacts) -> float | None:
    """A value that is one of the metric.

    Raises:
        Crashed: when it lies outside of what the study declares.
    """
    low, high = facts.low, facts.high
    if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
        bounds = " and ".join(f"{sign} {at:g}" for sign, at in ((">=", low), ("<=", high)) if at is not None)
        raise Crashed(f"{facts.name} must be {bounds}, as the study declares; got {value:g}")
    return value


def _tell_undeclared(answer: Answer, declared: Mapping[str, MetricFacts]) -> None:
    reported = dict.fromkeys(name for metrics in answer.splits.values() for name in metrics)
    if others := [name for name in reported if name not in declared]:
        print(f"reported, and not declared under metrics: {', '.join(others)}")
