"""Making a study ready: its plan, and the runs that it holds before any of them has run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tunebook import task as tasks
from tunebook.errors import InputError, Problem
from tunebook.ledger.ledger import Ledger
from tunebook.records import Decision, PlannedRun, Scalar, Upstream, canonical_json
from tunebook.runs import (
    Inputs,
    Shelf,
    Surveyed,
    baseline_cells,
    baseline_runs,
    control_runs,
    current_decision,
    data_of,
    decision_of,
    make_surveys,
    noise_runs,
    search_runs,
    upstream_of,
)
from tunebook.search.grid import grid
from tunebook.spec.completing import complete
from tunebook.spec.names import suggestion
from tunebook.spec.plan import Plan, Planned, plan
from tunebook.spec.programs import GROUP, Program
from tunebook.spec.refining import refined
from tunebook.spec.space import Point
from tunebook.spec.study import Study
from tunebook.task import Task

SEARCHES = {"grid": grid}
"""Which points are tried: a function of (space, history, generator) for every search that a study may name."""


@dataclass(frozen=True)
class LaidOut:
    """A study joined with the decisions that it builds on.

    Args:
        points: What the search proposes.
        decisions: Study -> its decision, for each that this one starts from.
    """

    task: Task
    plan: Plan
    points: tuple[Point, ...]
    decisions: Mapping[str, Decision]


@dataclass(frozen=True)
class Prepared:
    """A study made ready: its plan, and the runs that it holds, in order.

    Args:
        runs: Search, noise, controls and baselines; finalists on fresh seeds once they are known (`with_finalists`).
        inputs: Makes further runs.
        carried: Alternative -> what a decision of another study brings into it, and that study's name.
        upstream: Alternative -> what the studies that it starts from tried.
        baselines: Id of a configuration -> the baseline that it is.
        surveyed: The data sets of the search, each of which has a survey by now where its task makes one.
        checkpoints: Whether the runs must have their checkpoints too, which may have been removed to give back space.
        train: Whether runs may be trained; those that would have to be are left as they are.
    """

    book: Path
    study: Study
    task: Task
    plan: Plan
    runs: tuple[PlannedRun, ...]
    inputs: Inputs
    decisions: Mapping[str, Decision]
    text: str
    carried: Mapping[str, str]
    upstream: Mapping[str, Upstream]
    baselines: Mapping[str, Planned]
    surveyed: tuple[Surveyed, ...] = ()
    checkpoints: bool = False
    train: bool = True


def undecided(study: Study, ledger: Ledger) -> tuple[str, ...]:
    """The studies that this one builds on and that have no decision, or one from before they were edited."""
    return tuple(name for name in study.references if current_decision(name, ledger) is None)


def lay_out(study: Study, ledger: Ledger) -> LaidOut:
    """The plan of a study.

    Raises:
        InputError: for a reference to a study without a current decision, or a study that cannot be planned.
    """
    if isinstance(study.task, Program):
        brought = [decision_of(name, ledger, place=study.study).values for name in study.decisions]
        study = study.model_copy(update={"task": study.task.joined(brought)})
    task = tasks.find(study.task)
    study = complete(study, task)
    if study.refine is not None:
        around = decision_of(study.refine.study, ledger, place=study.study)
        study = refined(study, task, decided=around.values, tried=_tried(around, ledger))
    decisions = {name: decision_of(name, ledger, place=study.study) for name in study.decisions}
    points = tuple(SEARCHES[study.search](study.space, (), np.random.default_rng(0)))
    laid_out = plan(
        study,
        task,
        references={name: _without_program(decision.values) for name, decision in decisions.items()},
        left_open={name: decision.left_open for name, decision in decisions.items()},
        points=points,
    )
    return LaidOut(task, laid_out, points, decisions)


def prepare(study: Study, shelf: Shelf, *, text: str = "") -> Prepared:
    """Enumerate a study's runs; data are read to fingerprint them, and verified and surveyed when they are new.

    Args:
        text: The study file as the person wrote it; shown on the page.

    Raises:
        InputError: for data or weights that cannot be used, or a reference to a study without a decision.
    """
    ready = lay_out(study, shelf.ledger)
    study, task, decisions = ready.plan.study, ready.task, ready.decisions
    inputs = Inputs(shelf, task, study.study)
    searched = search_runs(ready.plan, inputs)
    _check_selection(study, task, searched, shelf.book)
    surveyed = data_of([one.run for one in searched], task, roots=shelf.roots)
    make_surveys(surveyed, task, shelf.book)
    further = [] if study.noise is None else list(noise_runs(ready.plan, study.noise, inputs))
    for decision in decisions.values() if study.control else ():
        further += control_runs(decision, ready.plan, searched, inputs, task, shelf.ledger)
    floors = baseline_cells(ready.plan, task) if study.baselines else ()
    further += baseline_runs(floors, inputs)
    carried = {
        alternative.label: f"{decisions[alternative.source].label} ({alternative.source})"
        for alternative in study.space.alternatives()
        if alternative.source is not None
    }
    upstream = upstream_of(ready.plan, ready.points, searched, shelf.ledger)
    return Prepared(
        shelf.book, study, task, ready.plan, (*searched, *further), inputs, decisions, text, carried, upstream,
        {cell.planned.configuration.id: cell.planned for cell in floors}, surveyed=surveyed,
    )  # fmt: skip


def _check_selection(study: Study, task: Task, searched: Sequence[PlannedRun], book: Path) -> None:
    """Refuse what the data cannot be judged by, before anything is trained.

    Raises:
        InputError: naming every split that they do not have, and every metric of the decision that they cannot give.
    """
    problems: dict[Problem, None] = {}
    distinct = {
        canonical_json([one.run.fingerprints, one.run.configuration.values.get("data")]): one for one in searched
    }
    for one in distinct.values():
        config = task.Config.model_validate(one.run.configuration.values)
        names = tuple(task.splits(config))
        asked = [("select.split", study.select.split), *(("report.splits", split) for split in study.report.splits)]
        for key, split in asked:
            if names and split not in names:
                message = f"must be one of the splits {', '.join(names)}; got {split}"
                problems[Problem(f"{study.study}: {key}", message, suggestion(split, names))] = None
        for metric in study.select.metrics if study.select.split in names else ():
            if refusal := task.refusal(config, book, metric=metric, split=study.select.split):
                problems[Problem(f"{study.study}: select", f"{refusal}; got {metric}")] = None
    if problems:
        raise InputError(*problems)


def _without_program(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """A decision's values as a study takes them over: it runs its own program."""
    return {name: value for name, value in values.items() if name != GROUP}


def _tried(decision: Decision, ledger: Ledger) -> Mapping[str, tuple[Scalar, ...]]:
    """Parameter -> every value of it that a study tried, in the alternative that it decided for."""
    entries = [entry for entry in ledger.planned(decision.study) if not entry.source and entry.role != "baseline"]
    chosen = {entry.alternative for entry in entries if entry.configuration == decision.configuration}
    found: dict[str, dict[Scalar, None]] = {}
    for entry in entries:
        for name, value in entry.parameters.items() if entry.alternative in chosen else ():
            found.setdefault(name, {})[value] = None
    return {name: tuple(values) for name, values in found.items()}
