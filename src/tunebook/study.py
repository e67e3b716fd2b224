"""The conductor: from a declared study to its runs, its decision and its page.

    prepare   study file -> plan -> runs with their fingerprints
    conduct   submits what is missing, replicate by replicate, and indexes every outcome
    decide    the rule, applied to what the ledger holds
    table     ledger and run folders -> the frozen table that analysis and page are made from

It is the only writer of the ledger. It holds no state that is not in files: killed and started again, it
goes on with what is missing.
"""

import json
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tunebook import analyse, report
from tunebook import task as tasks
from tunebook.errors import NOT_OF_THE_RUN, InputError, Problem
from tunebook.execute.child import answers
from tunebook.execute.job import Executor, Job
from tunebook.execute.scoring import scoring_of
from tunebook.folders import RunFolder
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.queries import run_facts
from tunebook.ledger.records_files import PlannedEntry, write_decision, write_plan
from tunebook.records import (
    Decision,
    Excluded,
    MetricFacts,
    Outcome,
    PlannedRun,
    Row,
    Scoring,
    Table,
    Upstream,
    canonical_json,
)
from tunebook.report.page import Rendered
from tunebook.runs import Shelf, current_decision, runs_of, upstream_of
from tunebook.search.grid import grid
from tunebook.spec.canonical import overlaid
from tunebook.spec.completing import complete
from tunebook.spec.fields import fields_of, nested
from tunebook.spec.plan import Plan, plan
from tunebook.spec.study import Study
from tunebook.task import Task

LOOK_SECONDS = 1.0
SEARCHES = {"grid": grid}
"""Which points are tried: a function of (space, history, generator) for every search that a study may name."""


@dataclass(frozen=True)
class Prepared:
    """A study made ready: its plan, and the runs that it holds, in order."""

    book: Path
    study: Study
    task: Task
    plan: Plan
    runs: tuple[PlannedRun, ...]
    text: str
    carried: Mapping[str, str]
    """Alternative -> what a decision of another study brings into it, and that study's name."""
    upstream: Mapping[str, Upstream]
    """Alternative -> what the studies that it starts from tried."""

    @property
    def distinct(self) -> tuple[PlannedRun, ...]:
        """Every run once: two rows hold one run where nothing that differs between them reaches it."""
        first: dict[str, PlannedRun] = {}
        for planned in self.runs:
            first.setdefault(planned.run.id, planned)
        return tuple(first.values())


@dataclass(frozen=True)
class Allowance:
    """What runs may use.

    Args:
        at_once: Runs at once.
        threads: Threads of a run.
        seconds: Wall-clock time of a run; None for no limit.
        memory_gb: Resident memory of a run in 10^9 bytes; None for no limit.
    """

    at_once: int = 1
    threads: int = 1
    seconds: float | None = None
    memory_gb: float | None = None

    def among(self, at_once: int) -> "Allowance":
        """The same, for another number of runs at once."""
        return replace(self, at_once=at_once)


@dataclass(frozen=True)
class Ended:
    """One run of a study has ended.

    Args:
        fresh: Whether it ran now; False when it had ended before.
        to_come: Runs that are under way or will be handed out.
    """

    planned: PlannedRun
    outcome: Outcome
    fresh: bool
    to_come: int


def undecided(study: Study, ledger: Ledger) -> tuple[str, ...]:
    """The studies that this one builds on and that have no decision, or one from before they were edited."""
    return tuple(name for name in study.references if current_decision(name, ledger) is None)


def prepare(study: Study, shelf: Shelf, *, text: str = "") -> Prepared:
    """Enumerate a study's runs; data are read to fingerprint them, and verified when they are new.

    Args:
        text: The study file as the person wrote it; shown on the page.

    Raises:
        InputError: for data or weights that cannot be used, or a reference to a study without a decision.
    """
    task = tasks.find(study.task)
    study = complete(study, task)
    decisions = {name: shelf.decision(name, place=study.study) for name in study.decisions}
    points = SEARCHES[study.search](study.space, (), np.random.default_rng(0))
    laid_out = plan(
        study,
        task,
        references={name: decision.values for name, decision in decisions.items()},
        left_open={name: decision.left_open for name, decision in decisions.items()},
        points=points,
    )
    carried = {
        alternative.label: f"{decisions[alternative.source].label} ({alternative.source})"
        for alternative in study.space.alternatives()
        if alternative.source is not None
    }
    runs = runs_of(laid_out, task, shelf)
    upstream = upstream_of(laid_out, points, runs, shelf.ledger)
    return Prepared(shelf.book, laid_out.study, task, laid_out, runs, text, carried, upstream)


def conduct(
    prepared: Prepared, ledger: Ledger, executor: Executor, *, allowance: Allowance, retry_failed: bool = False
) -> Iterator[Ended]:
    """Run what is missing and index every outcome; closing the iterator stops handing out runs.

    Runs are handed out in the order of the plan, no more at a time than the executor works on, so that a
    study stopped early is a smaller balanced one. What has ended before is read from its folder.

    Args:
        allowance: How many runs at once, and what each may use.
        retry_failed: Run again what failed; a failure stands until its run has ended anew.
    """
    record_plan(prepared, ledger)
    ended: list[tuple[PlannedRun, Outcome]] = []
    waiting: deque[PlannedRun] = deque()
    for planned in prepared.distinct:
        _follow_paths(planned, prepared)
        ledger.ingest(_folder(planned, prepared))
        outcome = _answer(planned, prepared, retry_failed=retry_failed)
        if outcome is None:
            waiting.append(planned)
        else:
            ended.append((planned, outcome))

    stop_at, most = _limits(prepared.study)
    while len(waiting) > most:
        waiting.pop()
    for planned, outcome in ended:
        yield Ended(planned, outcome, fresh=False, to_come=len(waiting))

    running: dict[Future[Outcome], PlannedRun] = {}
    while waiting or running:
        if datetime.now(UTC) >= stop_at:
            waiting.clear()
        while waiting and len(running) < allowance.at_once:
            planned = waiting.popleft()
            running[executor.submit(_job(planned, prepared, allowance))] = planned
        done, _ = wait(running, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
        for future in [future for future in running if future in done]:
            planned = running.pop(future)
            outcome = future.result()
            ledger.ingest(_folder(planned, prepared))
            yield Ended(planned, outcome, fresh=True, to_come=len(running) + len(waiting))


def missing(prepared: Prepared, *, retry_failed: bool = False) -> tuple[PlannedRun, ...]:
    """The runs that `conduct` would hand out, were there no limit."""
    return tuple(
        planned for planned in prepared.distinct if _answer(planned, prepared, retry_failed=retry_failed) is None
    )


@dataclass(frozen=True)
class Standing:
    """How many of a study's runs are new, have ended (some of them failed), and will only be scored again."""

    new: int
    ended: int
    failed: int
    scored_again: int


def standing(prepared: Prepared) -> Standing:
    """Where a study stands, as the run folders say.

    Raises:
        InputError: when a file of a run is damaged.
    """
    answered = [_answer(planned, prepared, retry_failed=False) for planned in prepared.distinct]
    to_do = [planned for planned, outcome in zip(prepared.distinct, answered, strict=True) if outcome is None]
    held = [_folder(planned, prepared).read_outcome() for planned in to_do]
    scored_again = sum(outcome is not None and outcome.status == "finished" for outcome in held)
    return Standing(
        new=len(to_do) - scored_again,
        ended=len(answered) - len(to_do),
        failed=sum(outcome is not None and outcome.status == "failed" for outcome in answered),
        scored_again=scored_again,
    )


def record_plan(prepared: Prepared, ledger: Ledger) -> None:
    """Write down what the study holds, unless it stands there already."""
    planned = {entry.configuration.id: entry for entry in prepared.plan.configurations}
    entries = [
        PlannedEntry(
            run=one.run.id,
            length=one.run.length,
            configuration=one.configuration,
            case=one.case,
            replicate=one.run.replicate,
            role=one.role,
            position=position,
            parameters=planned[one.configuration].parameters,
            alternative=planned[one.configuration].alternative,
            label=planned[one.configuration].label,
            scoring=_scoring(one, prepared).id,
        )
        for position, one in enumerate(prepared.runs)
    ]
    declared = canonical_json(asdict(_declared(prepared)))
    ledger.ingest_record(write_plan(prepared.book, study=prepared.study.study, declared=declared, entries=entries))


def decide(prepared: Prepared, ledger: Ledger) -> Decision | None:
    """Apply the study's rule once all its runs have ended, and write the decision down.

    Returns:
        The decision, with the whole configuration that it carries forward, without what `across` varies: whoever
        builds on it says on which data. None while runs are missing, or when no configuration has a value from all
        of its runs.
    """
    if missing(prepared):
        return None
    found = table(prepared.study.study, ledger, prepared.book)
    decision = analyse.decide(found)
    if decision is None:
        return None
    configurations = {entry.configuration.id: entry.configuration for entry in prepared.plan.configurations}
    crossed = tuple(dict.fromkeys(path for group in prepared.study.across for path in group.fields))
    decision = replace(
        decision,
        values=_without(crossed, configurations[decision.configuration].values),
        left_open=crossed,
        scoring=next(
            entry.scoring for entry in ledger.planned(found.study) if entry.configuration == decision.configuration
        ),
    )
    ledger.ingest_record(write_decision(prepared.book, decision))
    return decision


def table(name: str, ledger: Ledger, book: Path) -> Table:
    """What the ledger and the run folders hold of a study, as analysis and page need it.

    Raises:
        InputError: when the study has never been run in this book.
    """
    declared = ledger.declared(name)
    if declared is None:
        raise InputError(Problem(name, "must have been run in this book before it has a page", f"tunebook run {name}"))
    static = _read_table(json.loads(declared))
    rows: dict[tuple[str, str], Row] = {}
    for entry in ledger.planned(name):
        facts = run_facts(ledger, book, entry, pictures_split=static.splits[0], curve=True)
        row = rows.setdefault((entry.configuration, entry.case.label), _row(entry))
        rows[entry.configuration, entry.case.label] = replace(row, runs=(*row.runs, facts))
    return replace(static, rows=tuple(rows.values()), decision=ledger.decision(name))


def page(name: str, ledger: Ledger, book: Path, *, without_costs: bool = False) -> Rendered:
    """Write a study's page below `pages/`; the same ledger gives the same bytes."""
    return report.render(table(name, ledger, book), to=book / "pages", without_costs=without_costs)


# Runs -------------------------------------------------------------------------------------------------


def _folder(planned: PlannedRun, prepared: Prepared) -> RunFolder:
    return RunFolder.of(prepared.book, planned.run)


def _answer(planned: PlannedRun, prepared: Prepared, *, retry_failed: bool) -> Outcome | None:
    """How a run ended, if that is what the study asks for; None when there is something to do.

    Raises:
        InputError: when a file of the run is damaged.
    """
    folder = _folder(planned, prepared)
    with _naming(folder.at, remove=folder.path):
        outcome = folder.read_outcome()
        if outcome is None or (outcome.status == "failed" and retry_failed):
            return None
        if outcome.status == "failed":
            return None if outcome.kind in NOT_OF_THE_RUN else outcome
        return outcome if answers(outcome, _job(planned, prepared, Allowance()), folder) else None


def _follow_paths(planned: PlannedRun, prepared: Prepared) -> None:
    """Let a run's folder say where its inputs lie by now: whoever builds on the run looks there."""
    folder = _folder(planned, prepared)
    if not (folder.path / "config.json").exists():
        return
    leaves = fields_of(prepared.task.Config).leaves.values()
    paths = [leaf.path for leaf in leaves if leaf.identity == "path"]
    here = nested({path: planned.run.configuration.get(path) for path in paths})
    with _naming(folder.path, remove=folder.path):
        stored = folder.read_run()
        values = overlaid(stored.configuration.values, here)
        if values != stored.configuration.values:
            folder.rewrite_run(replace(stored, configuration=replace(stored.configuration, values=values)))


@contextmanager
def _naming(place: Path, *, remove: Path) -> Iterator[None]:
    """Turn what a damaged file of a run raises into one message that names the folder and the way out."""
    try:
        yield
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"must hold whole files; got {type(error).__name__}: {error}"
        hint = f"restore them, or remove {remove} and run the study again"
        raise InputError(Problem(str(place), message, hint)) from error


def _job(planned: PlannedRun, prepared: Prepared, allowance: Allowance) -> Job:
    study = prepared.study
    return Job(
        run=planned.run,
        worker=prepared.task.worker,
        task=prepared.task.name,
        book=prepared.book,
        splits=tuple(dict.fromkeys((study.select.split, *study.report.splits))),
        scoring=_scoring(planned, prepared),
        pictures=tuple(study.report.splits[:1]),
        threads=allowance.threads,
        device={"auto": "cpu", "cuda": "cuda:0"}.get(study.device, study.device),
        seconds=allowance.seconds,
        memory_gb=allowance.memory_gb,
    )


def _scoring(planned: PlannedRun, prepared: Prepared) -> Scoring:
    """How the study scores a run."""
    select = prepared.study.select
    return scoring_of(planned.run.configuration, prepared.task, split=select.split, metric=select.metric)


def _limits(study: Study) -> tuple[datetime, float]:
    """When to stop handing out runs, and how many may be handed out."""
    start = datetime.now().astimezone()
    deadline = None if study.limit is None else study.limit.deadline(start)
    most = None if study.limit is None else study.limit.runs
    return deadline or datetime.max.replace(tzinfo=UTC), float("inf") if most is None else most


def _without(paths: Collection[str], values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested values without those at some dotted paths."""
    return {
        key: _without(paths, value, f"{above}{key}.") if isinstance(value, Mapping) else value
        for key, value in values.items()
        if f"{above}{key}" not in paths
    }


# Tables -----------------------------------------------------------------------------------------------


def _declared(prepared: Prepared) -> Table:
    """The table of a study before anything ran: what it declares, without rows."""
    study, planned, metrics = prepared.study, prepared.plan, prepared.task.metrics
    shown = dict.fromkeys((study.select.metric, *study.report.metrics))
    return Table(
        study=study.study,
        question=study.question,
        task=study.task,
        metrics={name: metrics[name].facts for name in shown},
        report=tuple(study.report.metrics),
        splits=tuple(study.report.splits),
        select_metric=study.select.metric,
        select_split=study.select.split,
        rule=study.select.rule,
        parameters=tuple(planned.parameters),
        rows=(),
        excluded=planned.excluded,
        equivalent=planned.counts.equivalent,
        declared=planned.counts.declared,
        provenance={"study file": prepared.text},
        carried=prepared.carried,
        upstream=prepared.upstream,
    )


def _row(entry: PlannedEntry) -> Row:
    return Row(
        configuration=entry.configuration,
        label=entry.label,
        parameters=entry.parameters,
        case=entry.case,
        alternative=entry.alternative,
        runs=(),
    )


def _read_table(found: Mapping[str, Any]) -> Table:
    fields = dict(found)
    fields["metrics"] = {name: MetricFacts(**facts) for name, facts in found["metrics"].items()}
    fields["excluded"] = tuple(Excluded(**point) for point in found["excluded"])
    fields["upstream"] = {name: Upstream(**each) for name, each in found.get("upstream", {}).items()}
    return Table(**fields)
