"""Runs one program in its child process; without torch, unless the program imports it."""

import math
import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import GeneratorType
from typing import Any

import numpy as np

from tunebook.errors import Crashed, Told
from tunebook.folders import LOG, OUT, REPORTS, write_json
from tunebook.records import MetricFacts, Run, Settings
from tunebook.spec.programs import Program
from tunebook.task import Context, Example, ItemScore, Panels, Prediction, Progress
from tunebook.tasks.script import commanding
from tunebook.tasks.script.answers import PREDICTIONS, Answer, packed, tables_in, unpacked
from tunebook.tasks.script.calling import fitting, function_of
from tunebook.tasks.script.given import Parameters, values_of
from tunebook.tasks.script.reports import FORM, Kept, Report, Reported, finite, read_report

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
            with _told(context):
                yield from self._train(run, context)

    def _train(self, run: Run, context: Context) -> Iterator[Progress]:
        program, out = Program.of(run.configuration.values), _out(context)
        went_on = out.is_dir() and any(out.iterdir())
        kept, last = yield from _attempted(program, run, context)
        if went_on and (lacking := _lacking(kept, last)):
            _note(f"begun again with an empty out: it went on where it was stopped, and reported {lacking}", context)
            _empty(context)
            kept, last = yield from _attempted(program, run, context)
        splits = kept.answer(_splits(last))
        if not splits:
            problem = _nothing(program, unwritten=not (out / commanding.METRICS).exists())
            if went_on:  # it would go on where it is now when it is tried again
                _empty(context)
            raise Crashed(problem)
        answer = Answer(splits, tables_in(out))
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
        with _told(context):
            if split not in answer.splits:
                said = f"the split {split}, which the study asks for; it reported {', '.join(answer.splits)}"
                raise Crashed(f"the program must report {said}")
        table = answer.tables.get(split, {})
        columns = {f"prediction.{name}": array for name, array in table.items()}
        yield Prediction(ANSWER, {"metrics": packed(answer.splits[split]), **columns})

    def calibrate(
        self, run: Run, predictions: Sequence[Prediction], examples: Sequence[Example], split: str, *, metric: str
    ) -> Sequence[Settings]:
        """Nothing is chosen after training."""
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


def _empty(context: Context) -> None:
    """Let the program begin at its start."""
    shutil.rmtree(_out(context))
    context.checkpoint.with_name(REPORTS).unlink(missing_ok=True)


def _note(text: str, context: Context) -> None:
    with context.checkpoint.with_name(LOG).open("a", encoding="utf-8") as log:
        log.write(f"{text}\n")


@contextmanager
def _told(context: Context) -> Iterator[None]:
    """What is wrong with a program's answer is said in its log, in the place of a traceback of ours."""
    try:
        yield
    except Crashed as error:
        if isinstance(error, Told):
            raise
        _note(str(error), context)
        raise Told(str(error)) from None


def _attempted(program: Program, run: Run, context: Context) -> Generator[Progress, None, tuple[Kept, Report | None]]:
    """Run the program once; what it reported, and what it ended with."""
    out = _out(context)
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
    return kept, last


def _followed(said: Said, kept: Kept, run: str) -> Generator[Progress, None, Report | None]:
    """Progress for each report; what the program ended with.

    What was reported before is told once it is known to be followed: where the program goes on behind it, nothing is.
    """
    held: list[Report] = []
    while True:
        try:
            report = next(said)
        except StopIteration as end:
            last: Report | None = end.value
            break
        held += kept.add(report)
        if not kept.stale({}) or not all(map(math.isfinite, report.point.values.values())):
            yield from (Progress(run, each.point) for each in held)
            held = []
    if not _lacking(kept, last):
        yield from (Progress(run, each.point) for each in (*held, *kept.rest()))
    return last


def _lacking(kept: Kept, last: Report | None) -> str:
    """What a program that went on did not report; empty when nothing lacks."""
    if last is None and not kept.added:
        return "nothing"
    stale = kept.stale(_splits(last))
    return f"nothing of {' and '.join(stale)}" if stale else ""


def _splits(last: Report | None) -> Mapping[str, Mapping[str, Reported]]:
    return {} if last is None else last.splits


def _nothing(program: Program, *, unwritten: bool) -> str:
    """Why there is no answer."""
    if program.command and unwritten:
        return f"the command must write {commanding.METRICS} into {{out}}; there is none (what it prints is no report)"
    return f"the program must report metrics of a split, {FORM}; it reported none"


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
    given = {name: value for name, value in {"seed": context.seed, **run.replicate}.items() if value is not None}
    write_json(parameters, {**values, **given})
    texts = {name: str(value) for name, value in given.items()}
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
        found = ", ".join(reported) or "nothing"
        yield ItemScore(name, reason=f"the program reported {found}, not {name}", whole=True)
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
        Told: when it lies outside of what the study declares.
    """
    low, high = facts.low, facts.high
    if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
        bounds = " and ".join(f"{sign} {at:g}" for sign, at in ((">=", low), ("<=", high)) if at is not None)
        raise Told(f"{facts.name} must be {bounds}, as the study declares; got {value:g}")
    return value


def _tell_undeclared(answer: Answer, declared: Mapping[str, MetricFacts]) -> None:
    reported = dict.fromkeys(name for metrics in answer.splits.values() for name in metrics)
    if others := [name for name in reported if name not in declared]:
        print(f"reported, and not declared under metrics: {', '.join(others)}")
