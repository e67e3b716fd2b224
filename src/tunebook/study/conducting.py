"""Running what is missing: search, noise and controls first, then the finalists on fresh seeds.

Runs are handed out one by one, or as cohorts: runs that their task can train together (`Task.cohort`), of one seed.
"""

import math
from collections import Counter, deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tunebook import analyse
from tunebook.errors import NOT_OF_THE_RUN, InputError, Problem
from tunebook.execute.child import answers
from tunebook.execute.job import Executor, Job
from tunebook.folders import RunFolder
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import write_plan
from tunebook.records import Outcome, PlannedRun, canonical_json
from tunebook.runs import fresh_runs
from tunebook.spec.canonical import overlaid
from tunebook.spec.fields import fields_of, nested
from tunebook.spec.study import Study
from tunebook.study.preparing import Prepared
from tunebook.study.tabling import declared_table, entries_of, scoring, table_of

LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Allowance:
    """What runs may use.

    Args:
        at_once: Runs, or cohorts, at once.
        threads: Threads of each.
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
        with_it: Runs of its cohort that have ended as well and are told next.
    """

    planned: PlannedRun
    outcome: Outcome
    fresh: bool
    to_come: int
    with_it: int = 0


def conduct(
    prepared: Prepared, ledger: Ledger, executor: Executor, *, allowance: Allowance, retry_failed: bool = False
) -> Iterator[Ended]:
    """Run what is missing and index every outcome; closing the iterator stops handing out runs.

    Runs are handed out in the order of the plan, no more at a time than the executor works on, so that a
    study stopped early is a smaller balanced one. What has ended before is read from its folder. Once the search has
    ended, its finalists follow on fresh seeds, if the study confirms.

    Args:
        allowance: How many runs at once, and what each may use.
        retry_failed: Run again what failed; a failure stands until its run has ended anew.
    """
    budget = _Budget.of(prepared.study)
    stage = with_finalists(prepared, ledger)
    told: set[_Asked] = set()
    while True:
        yield from _conduct(stage, ledger, executor, allowance, budget, told, retry_failed=retry_failed)
        following = with_finalists(prepared, ledger)
        if len(following.runs) == len(stage.runs):
            return
        stage = following


def with_finalists(prepared: Prepared, ledger: Ledger) -> Prepared:
    """The study with its finalists on fresh seeds; as it is while the ledger lacks a run of its search."""
    confirm = prepared.study.confirm
    if confirm is None or len(prepared.plan.configurations) < 2:
        return prepared
    chosen = analyse.finalists(table_of(prepared, ledger))
    runs = fresh_runs(prepared.plan, chosen, confirm.seeds, "confirm", prepared.inputs)
    return replace(prepared, runs=(*prepared.runs, *runs))


def most_to_confirm(prepared: Prepared) -> int:
    """How many runs the finalists will take at most, before they are known."""
    confirm, planned = prepared.study.confirm, prepared.plan
    if confirm is None or len(planned.configurations) < 2:
        return 0
    return min(confirm.top, len(planned.configurations)) * confirm.seeds * len(planned.cases)


def still_to_confirm(prepared: Prepared, whole: Prepared) -> int:
    """The same, and 0 once the finalists are known.

    Args:
        whole: The study `with_finalists`.
    """
    return most_to_confirm(prepared) if len(whole.runs) == len(prepared.runs) else 0


def missing(prepared: Prepared, *, retry_failed: bool = False) -> tuple[PlannedRun, ...]:
    """The runs that `conduct` would hand out, were there no limit, before it knows the finalists."""
    return tuple(
        planned for planned in distinct(prepared) if _answer(planned, prepared, retry_failed=retry_failed) is None
    )


def distinct(prepared: Prepared) -> tuple[PlannedRun, ...]:
    """Every run once for each way of scoring it: rows and roles may hold one run."""
    first: dict[_Asked, PlannedRun] = {}
    for planned in prepared.runs:
        first.setdefault(_asked(planned, prepared), planned)
    return tuple(first.values())


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
    answered = [_answer(planned, prepared, retry_failed=False) for planned in distinct(prepared)]
    to_do = [planned for planned, outcome in zip(distinct(prepared), answered, strict=True) if outcome is None]
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
    declared = canonical_json(asdict(declared_table(prepared)))
    entries = entries_of(prepared)
    ledger.ingest_record(write_plan(prepared.book, study=prepared.study.study, declared=declared, entries=entries))


# Private ----------------------------------------------------------------------------------------------

_Asked = tuple[str, int, str]
"""A run, its length, and the way of scoring that is asked for."""


@dataclass
class _Budget:
    """What is left of the study's limit in this command."""

    stop_at: datetime
    runs: float

    @classmethod
    def of(cls, study: Study) -> "_Budget":
        deadline = None if study.limit is None else study.limit.deadline(datetime.now().astimezone())
        runs = None if study.limit is None else study.limit.runs
        return cls(deadline or datetime.max.replace(tzinfo=UTC), float("inf") if runs is None else runs)


def _conduct(
    stage: Prepared,
    ledger: Ledger,
    executor: Executor,
    allowance: Allowance,
    budget: _Budget,
    told: set[_Asked],
    *,
    retry_failed: bool,
) -> Iterator[Ended]:
    """One stage of a study: all runs that are known."""
    record_plan(stage, ledger)
    ended: list[tuple[PlannedRun, Outcome]] = []
    waiting: deque[PlannedRun] = deque()
    for planned in distinct(stage):
        if _asked(planned, stage) in told:
            continue
        told.add(_asked(planned, stage))
        _follow_paths(planned, stage)
        ledger.ingest(_folder(planned, stage))
        outcome = _answer(planned, stage, retry_failed=retry_failed)
        if outcome is None:
            waiting.append(planned)
        else:
            ended.append((planned, outcome))

    while len(waiting) > budget.runs:
        waiting.pop()
    budget.runs -= len(waiting)
    for planned, outcome in ended:
        yield Ended(planned, outcome, fresh=False, to_come=len(waiting))

    cohorts = _Cohorts.of(waiting, stage, at_once=allowance.at_once)
    running: dict[Future[tuple[Outcome, ...]], tuple[PlannedRun, ...]] = {}
    while waiting or running:
        if datetime.now(UTC) >= budget.stop_at:
            waiting.clear()
        while len(running) < allowance.at_once and (following := cohorts.next(waiting, running.values())):
            running[executor.submit(_job(following, stage, allowance))] = following
        done, _ = wait(running, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
        for future in [future for future in running if future in done]:
            cohort = running.pop(future)
            outcomes = future.result()
            for planned in cohort:
                ledger.ingest(_folder(planned, stage))
            to_come = sum(map(len, running.values())) + len(waiting)
            for at, (planned, outcome) in enumerate(zip(cohort, outcomes, strict=True), start=1):
                rest = len(cohort) - at
                yield Ended(planned, outcome, fresh=True, to_come=to_come + rest, with_it=rest)


@dataclass(frozen=True)
class _Cohorts:
    """Which runs go together.

    Args:
        keys: What a run has in common with others that train in its process; a run that is absent trains alone.
        sizes: Key -> how many of its runs a cohort has at most.
    """

    keys: Mapping[_Asked, Hashable]
    sizes: Mapping[Hashable, int]
    stage: Prepared

    @classmethod
    def of(cls, waiting: Iterable[PlannedRun], stage: Prepared, *, at_once: int) -> "_Cohorts":
        """Cohorts as large as they may be while every process has one."""
        keys = {_asked(planned, stage): key for planned in waiting if (key := _cohort_key(planned, stage)) is not None}
        runs = Counter(keys.values())
        pieces = {key: math.ceil(at_once * count / runs.total()) for key, count in runs.items()}  # a share of processes
        most = stage.task.largest_cohort
        sizes = {key: min(math.ceil(count / pieces[key]), most) for key, count in runs.items()}
        return cls(keys, sizes, stage)

    def next(self, waiting: deque[PlannedRun], running: Iterable[Sequence[PlannedRun]]) -> tuple[PlannedRun, ...]:
        """The first that waits and is not under way for another way of scoring it, with its cohort; taken out."""
        under_way = {planned.run.id for cohort in running for planned in cohort}
        found: dict[str, PlannedRun] = {}
        key: Hashable | None = None
        for planned in waiting:
            if planned.run.id in under_way or planned.run.id in found:
                continue
            theirs = self.keys.get(_asked(planned, self.stage))
            if found and (key is None or theirs != key):
                continue
            key = theirs
            found[planned.run.id] = planned
            if len(found) == self.sizes.get(key, 1):
                break
        rest = [planned for planned in waiting if found.get(planned.run.id) is not planned]
        waiting.clear()
        waiting.extend(rest)
        return tuple(found.values())


def _cohort_key(planned: PlannedRun, prepared: Prepared) -> Hashable | None:
    """What runs of one process have in common; None for a run that trains alone."""
    run, task = planned.run, prepared.task
    key = task.cohort(task.Config.model_validate(run.configuration.values))
    if key is None:
        return None
    return (
        key,
        canonical_json([run.fingerprints, run.length, run.repeat]),
        scoring(planned, prepared).id,
    )


def _asked(planned: PlannedRun, prepared: Prepared) -> _Asked:
    return planned.run.id, planned.run.length, scoring(planned, prepared).id


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
        return outcome if answers(outcome, _job((planned,), prepared, Allowance()), folder) else None


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


def _job(cohort: Sequence[PlannedRun], prepared: Prepared, allowance: Allowance) -> Job:
    """One job of runs that are scored in one way."""
    study = prepared.study
    return Job(
        runs=tuple(planned.run for planned in cohort),
        worker=prepared.task.worker,
        task=prepared.task.name,
        book=prepared.book,
        splits=tuple(dict.fromkeys((study.select.split, *study.report.splits))),
        scoring=scoring(cohort[0], prepared),
        pictures=tuple(study.report.splits[:1]),
        threads=allowance.threads,
        device={"auto": "cpu", "cuda": "cuda:0"}.get(study.device, study.device),
        seconds=allowance.seconds,
        memory_gb=allowance.memory_gb,
    )
