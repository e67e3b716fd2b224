"""The conductor: from a declared study to its runs, its decision and its page.

    prepare   study file -> plan -> runs with their fingerprints
    conduct   submits what is missing, replicate by replicate, and indexes every outcome
    decide    the rule, applied to what the ledger holds
    table     ledger and run folders -> the frozen table that analysis and page are made from

It is the only writer of the ledger. It holds no state that is not in files: killed and started again, it
goes on with what is missing.
"""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tunebook import analyse, report
from tunebook import task as tasks
from tunebook.errors import InputError, Problem
from tunebook.execute.job import Executor, Job
from tunebook.fingerprints import FingerprintCache, fingerprint
from tunebook.folders import RunFolder
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.queries import run_facts
from tunebook.ledger.records_files import PlannedEntry, write_decision, write_plan
from tunebook.records import (
    Configuration,
    Decision,
    Excluded,
    MetricFacts,
    Outcome,
    PlannedRun,
    Row,
    Run,
    Table,
    canonical_json,
)
from tunebook.report.page import Rendered
from tunebook.spec.canonical import configuration as canonical
from tunebook.spec.plan import Plan, plan
from tunebook.spec.references import WeightsReference, parse
from tunebook.spec.study import Study
from tunebook.task import Input, Task


@dataclass(frozen=True)
class Prepared:
    """A study made ready: its plan, and the runs that it holds, in order."""

    book: Path
    study: Study
    task: Task
    plan: Plan
    runs: tuple[PlannedRun, ...]
    text: str


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
    """

    planned: PlannedRun
    outcome: Outcome
    fresh: bool


def prepare(book: Path, study: Study, ledger: Ledger, *, cache: FingerprintCache, text: str = "") -> Prepared:
    """Enumerate a study's runs; reads its data only to fingerprint them.

    Args:
        text: The study file as the person wrote it; shown on the page.

    Raises:
        InputError: for missing data or weights, or a reference to a study without a decision.
    """
    task = tasks.find(study.task)
    decisions = {name: _decision(name, study, ledger).values for name in study.decisions}
    laid_out = plan(study, task, references=decisions)
    reader = _Inputs(book=book, task=task, ledger=ledger, study=laid_out.study, cache=cache)
    runs = tuple(
        PlannedRun(reader.run(cell.configuration, cell.replicate), cell.planned.configuration.id, cell.case)
        for cell in laid_out.runs
    )
    return Prepared(book, laid_out.study, task, laid_out, runs, text)


def conduct(
    prepared: Prepared, ledger: Ledger, executor: Executor, *, allowance: Allowance, retry_failed: bool = False
) -> Iterator[Ended]:
    """Run what is missing and index every outcome; closing the iterator stops handing out runs.

    Runs are handed out in the order of the plan, no more at a time than the executor works on, so that a
    study stopped early is a smaller balanced one. What has ended before is read from its folder.

    Args:
        allowance: How many runs at once, and what each may use.
        retry_failed: Forget failures, and run them again.
    """
    record_plan(prepared, ledger)
    waiting = []
    for planned in prepared.runs:
        folder = RunFolder.of(prepared.book, planned.run)
        outcome = folder.read_outcome()
        if outcome is not None and outcome.status == "failed" and retry_failed:
            folder.forget_outcome()
            outcome = None
        if outcome is None or not _complete(outcome, prepared):
            waiting.append(planned)
            continue
        ledger.ingest(folder)
        yield Ended(planned, outcome, fresh=False)

    stop_at, left = _limits(prepared.study)
    running: dict[Future[Outcome], PlannedRun] = {}
    while waiting or running:
        while waiting and len(running) < allowance.at_once and left > 0 and datetime.now(UTC) < stop_at:
            planned = waiting.pop(0)
            running[executor.submit(_job(planned, prepared, allowance))] = planned
            left -= 1
        if not running:
            return
        ended, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
        for future in ended:
            planned = running.pop(future)
            outcome = future.result()
            ledger.ingest(RunFolder.of(prepared.book, planned.run))
            yield Ended(planned, outcome, fresh=True)


def missing(prepared: Prepared) -> tuple[PlannedRun, ...]:
    """The runs that `conduct` would hand out."""
    found = []
    for planned in prepared.runs:
        outcome = RunFolder.of(prepared.book, planned.run).read_outcome()
        if outcome is None or not _complete(outcome, prepared):
            found.append(planned)
    return tuple(found)


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
        )
        for position, one in enumerate(prepared.runs)
    ]
    declared = canonical_json(asdict(_declared(prepared)))
    ledger.ingest_record(write_plan(prepared.book, study=prepared.study.study, declared=declared, entries=entries))


def decide(prepared: Prepared, ledger: Ledger) -> Decision | None:
    """Apply the study's rule once all its runs have ended, and write the decision down.

    Returns:
        The decision; None while runs are missing, or when none finished.
    """
    found = table(prepared.study.study, ledger, prepared.book)
    if any(run.status == "missing" for row in found.rows for run in row.runs):
        return None
    decision = analyse.decide(found)
    if decision is None:
        return None
    planned = {entry.configuration.id: entry.configuration for entry in prepared.plan.configurations}
    decision = replace(decision, values=planned[decision.configuration].values)
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


class _Inputs:
    """Turns configurations into runs: resolves `study:` weights and fingerprints what a run reads."""

    def __init__(self, *, book: Path, task: Task, ledger: Ledger, study: Study, cache: FingerprintCache) -> None:
        self.book, self.task, self.ledger, self.study, self.cache = book, task, ledger, study, cache
        self.known: dict[Input, str] = {}

    def run(self, configuration: Configuration, replicate: Mapping[str, int]) -> Run:
        resolved = self._resolved(configuration, replicate)
        config = self.task.Config.model_validate(resolved.values)
        fingerprints = {found.role: self._fingerprint(found) for found in self.task.inputs(config, self.book)}
        self._verify(config, fingerprints.get("data", ""))
        return Run(
            task=self.task.name,
            version=self.task.version,
            configuration=resolved,
            replicate=dict(replicate),
            fingerprints=fingerprints,
            length=self.task.length(config),
        )

    def _fingerprint(self, found: Input) -> str:
        if found not in self.known:
            self.known[found] = fingerprint(found.root, found.files, cache=self.cache)
        return self.known[found]

    def _verify(self, config: BaseModel, data: str) -> None:
        """Have the task read its data once per content; what was read before is remembered by fingerprint."""
        seen = self.cache.path.parent / "verified" / data
        if data and not seen.exists():
            self.task.verify(config, self.book)
            seen.parent.mkdir(parents=True, exist_ok=True)
            seen.touch()

    def _resolved(self, configuration: Configuration, replicate: Mapping[str, int]) -> Configuration:
        values = json.loads(json.dumps(configuration.values))
        if not _replace_references(values, lambda reference: self._weights(reference, replicate)):
            return configuration
        return canonical(self.task, values)

    def _weights(self, reference: WeightsReference, replicate: Mapping[str, int]) -> str:
        decision = _decision(reference.study, self.study, self.ledger)
        seed = reference.seed if reference.seed is not None else replicate.get("seed", 0)
        if reference.seed is not None and reference.seed not in decision.runs:
            raise InputError(
                Problem(
                    f"{self.study.study}: study:{reference.study}@seed={reference.seed}",
                    f"must name a seed of that decision; it has {', '.join(map(str, sorted(decision.runs)))}",
                )
            )
        run = decision.runs.get(seed) or middle(decision, self.ledger)
        return f"run:{run}@{_lengths(reference.study, self.ledger)[run]}"


def middle(decision: Decision, ledger: Ledger) -> str:
    """The run of a decision whose score is in the middle; of an even number the lower one, ties to the lower seed."""
    lengths = _lengths(decision.study, ledger)
    scored = []
    for seed, run in sorted(decision.runs.items()):
        aggregates = {
            (one.metric, one.split): one.value for one in ledger.measurements(run, lengths[run]) if not one.item
        }
        scored.append((aggregates[decision.metric, decision.split], seed, run))
    return sorted(scored)[(len(scored) - 1) // 2][2]


def _lengths(study: str, ledger: Ledger) -> dict[str, int]:
    return {entry.run: entry.length for entry in ledger.planned(study)}


def _replace_references(node: Any, weights: Any) -> bool:
    """Replace every `study:…` text in nested values; True when there was one."""
    found = False
    for key, value in node.items():
        if isinstance(value, dict):
            found |= _replace_references(value, weights)
        elif isinstance(value, str) and value.startswith("study:"):
            node[key] = weights(parse(value))
            found = True
    return found


def _decision(name: str, study: Study, ledger: Ledger) -> Decision:
    decision = ledger.decision(name)
    if decision is None:
        raise InputError(
            Problem(study.study, f"needs the decision of study {name}, which has none yet", f"tunebook run {name}")
        )
    return decision


def _job(planned: PlannedRun, prepared: Prepared, allowance: Allowance) -> Job:
    study = prepared.study
    return Job(
        run=planned.run,
        worker=prepared.task.worker,
        task=prepared.task.name,
        book=prepared.book,
        splits=_splits(study),
        select_split=study.select.split,
        select_metric=study.select.metric,
        pictures=tuple(study.report.splits[:1]),
        threads=allowance.threads,
        seconds=allowance.seconds,
        memory_gb=allowance.memory_gb,
    )


def _splits(study: Study) -> tuple[str, ...]:
    """The splits that a study needs, the selection split first."""
    return tuple(dict.fromkeys((study.select.split, *study.report.splits)))


def _complete(outcome: Outcome, prepared: Prepared) -> bool:
    """Whether an outcome answers a study: a failure does, a finished run when it has every split."""
    return outcome.status == "failed" or set(_splits(prepared.study)) <= set(outcome.predictions)


def _limits(study: Study) -> tuple[datetime, float]:
    """When to stop handing out runs, and how many may be handed out."""
    start = datetime.now().astimezone()
    deadline = None if study.limit is None else study.limit.deadline(start)
    most = None if study.limit is None else study.limit.runs
    return deadline or datetime.max.replace(tzinfo=UTC), float("inf") if most is None else most


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
    return Table(**fields)
