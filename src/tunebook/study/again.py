"""Going through finished runs once more: for a checkpoint that was removed, or for scores in another way.

A run whose checkpoint or predictions were removed to give back space has ended all the same: its outcome and its scores
stand. Who needs what was removed asks for it here.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tunebook.execute.job import Executor
from tunebook.folders import RunFolder
from tunebook.ledger.ledger import Ledger
from tunebook.records import Decision, PlannedRun
from tunebook.study.conducting import (
    Allowance,
    Ended,
    can_be_scored,
    distinct,
    finished_before,
    go_through,
    missing,
    record_plan,
)
from tunebook.study.preparing import Prepared

WEIGHTS = "run:"


def weights_in(values: Any) -> Iterator[tuple[str, int]]:
    """(run, length) of all runs whose weights a configuration starts from (`run:ID@LENGTH`, wherever it stands)."""
    if isinstance(values, Mapping):
        for value in values.values():
            yield from weights_in(value)
    elif isinstance(values, str) and values.startswith(WEIGHTS):
        run, _, length = values.removeprefix(WEIGHTS).partition("@")
        if length.isdecimal():
            yield run, int(length)


def untrained_weights(runs: Collection[PlannedRun], book: Path) -> tuple[str, ...]:
    """Ids of the runs whose weights some runs start from, and whose checkpoints are not there."""
    named = dict.fromkeys(each for one in runs for each in weights_in(one.run.configuration.values))
    return tuple(run for run, length in named if not RunFolder(book / "runs" / run, length).trained)


def of_decision(whole: Prepared, decision: Decision) -> tuple[PlannedRun, ...]:
    """The finished runs of what a study decided, those that confirmed it among them.

    Args:
        whole: The study `with_finalists`.
    """
    own = [
        one
        for one in distinct(whole)
        if one.configuration == decision.configuration and not one.source and one.role != "noise"
    ]
    return tuple(one for one in own if finished_before(one, whole))


def train_again(
    whole: Prepared, runs: Collection[str], ledger: Ledger, executor: Executor, *, allowance: Allowance
) -> Iterator[Ended]:
    """Train runs of a study whose checkpoints are not there; one that has its checkpoint answers at once.

    Args:
        runs: Their ids.
    """
    first = {one.run.id: one for one in reversed(distinct(whole)) if one.run.id in runs}
    stage = replace(whole, runs=tuple(reversed(first.values())), checkpoints=True)
    yield from go_through(stage, ledger, executor, allowance=allowance)


@dataclass(frozen=True)
class ToScore:
    """What scoring a study as it asks by now comes to.

    Args:
        scored: Runs that are scored, or predicted from their checkpoints and scored.
        left: Runs that would have to be trained.
    """

    scored: tuple[PlannedRun, ...]
    left: tuple[PlannedRun, ...]


def to_score(whole: Prepared) -> ToScore:
    """Which runs of a study lack scores, and which of them have what it takes."""
    lacking = missing(whole)
    scored = tuple(one for one in lacking if finished_before(one, whole) and can_be_scored(one, whole))
    chosen = {id(one) for one in scored}
    return ToScore(scored, tuple(one for one in lacking if id(one) not in chosen))


def score_again(
    whole: Prepared, found: ToScore, ledger: Ledger, executor: Executor, *, allowance: Allowance
) -> Iterator[Ended]:
    """Score runs as the study asks by now, and write down that it asks so; nothing is trained."""
    record_plan(whole, ledger)
    stage = replace(whole, runs=found.scored, train=False)
    yield from go_through(stage, ledger, executor, allowance=allowance)
