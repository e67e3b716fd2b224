"""Running what is missing: search, noise and controls first, then the finalists on fresh seeds.

Runs are handed out one by one, or as cohorts: runs that their task can train together (`Task.cohort`), of one seed.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from tunebook import analyse
from tunebook.errors import NOT_OF_THE_RUN, InputError, Problem
from tunebook.execute.child import answers
from tunebook.execute.job import Executor, Job
from tunebook.folders import RunFolder
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import write_plan
from tunebook.ledger.stopping import record_stop, resume, stop_of
from tunebook.records import Outcome, PlannedRun, Role, Stop, canonical_json
from tunebook.runs import fresh_runs
from tunebook.runs.inventories import write_inventories
from tunebook.spec.canonical import overlaid
from tunebook.spec.fields import fields_of, nested
from tunebook.spec.folding import folds_of
from tunebook.study.handed_out import UnderWay, forget_under_way, write_under_way
from tunebook.study.limiting import Budget, Clock, fewest_to_decide, now, pace
from tunebook.study.preparing import Prepared
from tunebook.study.tabling import declared_table, entries_of, scoring, table_of

LOOK_SECONDS = 1.0
NEEDED: tuple[Role, ...] = ("search", "confirm")
"""Runs without which nothing is decided, also where a limit leaves no others."""


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
        running: Those under way, and those that are handed out next in the place of what has ended.
        with_it: Runs of its cohort that have ended as well and are told next.
    """

    planned: PlannedRun
    outcome: Outcome
    fresh: bool
    to_come: int
    running: int = 0
    with_it: int = 0


def conduct(
    prepared: Prepared,
    ledger: Ledger,
    executor: Executor,
    *,
    allowance: Allowance,
    retry_failed: bool = False,
    clock: Clock = now,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[Ended]:
    """Run what is missing and index every outcome; closing the iterator stops handing out runs.

    Runs are handed out in the order of the plan, no more at a time than the executor works on, so that a
    study stopped early is a smaller balanced one; under a limit, those that a decision needs before those beside them.
    What has ended before is read from its folder. Once the search has ended, its finalists follow on fresh seeds, if
    the study confirms. Of a limit, what these need is kept for them: where it stops the search, the finalists are
    chosen among the configurations that have all of their runs. That a limit left runs undone is recorded
    (docs/adr/0019). What is under way stands in a file of the book meanwhile (`under_way`).

    Args:
        allowance: How many runs at once, and what each may use.
        retry_failed: Run again what failed; a failure stands until its run has ended anew.
        clock: What tells the time, with its zone.
        meanwhile: Called while runs are under way, about every second.
    """
    budget = Budget.of(prepared.study.limit, clock)
    desk = _Desk(ledger, executor, allowance, budget, meanwhile, retry_failed=retry_failed)
    forget_under_way(prepared.book)
    try:
        yield from _conducted(prepared, ledger, desk)
    finally:
        forget_under_way(prepared.book)


def _conducted(prepared: Prepared, ledger: Ledger, desk: "_Desk") -> Iterator[Ended]:
    """Stage after stage, as far as the limit leaves them."""
    budget = desk.budget
    stage = with_finalists(prepared, ledger)
    record_plan(stage, ledger)
    resume(prepared.study.study, ledger)
    kept = 0 if len(stage.runs) > len(prepared.runs) else most_to_confirm(prepared)
    yield from desk.conduct(stage, kept=kept)
    if budget.reached and kept and not budget.is_spent():
        chosen = with_finalists(prepared, ledger, stop=budget.stop())
        more = len(chosen.runs) - len(prepared.runs)
        if more and budget.fits(more, each=desk.pace(), at_once=desk.allowance.at_once):
            record_plan(chosen, ledger)
            yield from desk.conduct(chosen, only="confirm")
        else:  # there is nobody to confirm, or no time for it: what was kept is spent on the search
            budget.reached = ""
            yield from desk.conduct(prepared)
    whole = with_finalists(prepared, ledger)
    if len(whole.runs) > len(stage.runs):
        record_plan(whole, ledger)
        yield from desk.conduct(whole)
    if budget.reached:
        stop = budget.stop()
        record_stop(prepared.study.study, ledger, reason=stop.reason, on=stop.on, limit=True)


def leave(prepared: Prepared, ledger: Ledger, *, reason: str = "a person", clock: Clock = now) -> None:
    """Write down what made a command leave a study, where runs of it are missing.

    An earlier reason stays where the command did not go on from there: it failed before its first run.

    Args:
        reason: `a person`, `an error`; a part of a sentence.
    """
    name = prepared.study.study
    if ledger.declared(name) is not None and stop_of(name, ledger) is None:
        record_stop(name, ledger, reason=reason, on=clock().date().isoformat(), limit=False)


def go_through(stage: Prepared, ledger: Ledger, executor: Executor, *, allowance: Allowance) -> Iterator[Ended]:
    """Bring some runs of a study to their outcomes, without limit; the study's plan stays what it is.

    Args:
        stage: The study with these runs alone.
    """
    unlimited = Budget.of(None, now)
    desk = _Desk(ledger, executor, allowance, unlimited, lambda: None, retry_failed=False)
    yield from desk.conduct(stage)


def with_finalists(prepared: Prepared, ledger: Ledger, *, stop: Stop | None = None) -> Prepared:
    """The study with its finalists on fresh seeds; as it is while the ledger lacks a run of its search.

    Args:
        stop: Why the search was stopped: where it was by the study's limit, they are chosen among what was searched.
    """
    confirm = prepared.study.confirm
    if confirm is None or len(prepared.plan.configurations) < 2:
        return prepared
    chosen = analyse.finalists(replace(table_of(prepared, ledger), stop=stop))
    runs = fresh_runs(prepared.plan, chosen, confirm.seeds, "confirm", prepared.inputs)
    return replace(prepared, runs=(*prepared.runs, *runs))


def most_to_confirm(prepared: Prepared) -> int:
    """How many runs the finalists will take at most, before they are known."""
    confirm, planned = prepared.study.confirm, prepared.plan
    if confirm is None or len(planned.configurations) < 2:
        return 0
    each = confirm.seeds * (folds_of(planned.replicates) or 1) * len(planned.cases)
    return min(confirm.top, len(planned.configurations)) * each


def fewest_runs(prepared: Prepared) -> int:
    """How many more runs a study takes at least until it may be decided, in the order in which they are handed out."""
    lacks = [planned for planned in missing(prepared) if planned.role == "search"]
    names = {planned.configuration for planned in prepared.runs if planned.role == "search"}
    whole = len(names - {planned.configuration for planned in lacks})
    return fewest_to_decide(lacks, whole=whole, kept=most_to_confirm(prepared))


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
    """How many of a study's runs are new, have ended (some of them failed), and will only be scored again.

    Args:
        trained_again: Runs that have ended and must be trained once more to be scored as the study asks: what it takes
            was removed to give back space.
    """

    new: int
    ended: int
    failed: int
    scored_again: int
    trained_again: int = 0


def standing(prepared: Prepared) -> Standing:
    """Where a study stands, as the run folders say.

    Raises:
        InputError: when a file of a run is damaged.
    """
    answered = [_answer(planned, prepared, retry_failed=False) for planned in distinct(prepared)]
    to_do = [planned for planned, outcome in zip(distinct(prepared), answered, strict=True) if outcome is None]
    finished = [planned for planned in to_do if finished_before(planned, prepared)]
    scored_again = sum(can_be_scored(planned, prepared) for planned in finished)
    return Standing(
        new=len(to_do) - len(finished),
        ended=len(answered) - len(to_do),
        failed=sum(outcome is not None and outcome.status == "failed" for outcome in answered),
        scored_again=scored_again,
        trained_again=len(finished) - scored_again,
    )


def finished_before(planned: PlannedRun, prepared: Prepared) -> bool:
    """Whether a run has finished, whatever is asked of it by now."""
    outcome = _folder(planned, prepared).read_outcome()
    return outcome is not None and outcome.status == "finished"


def can_be_scored(planned: PlannedRun, prepared: Prepared) -> bool:
    """Whether a finished run has the predictions that the study asks for, or a checkpoint to make them from."""
    folder, study = _folder(planned, prepared), prepared.study
    asked = {study.select.split, *study.report.splits, scoring(planned, prepared).split}
    return folder.trained or all(folder.predicted(split) for split in asked)


def record_plan(prepared: Prepared, ledger: Ledger) -> None:
    """Write down what the study holds, unless it stands there already."""
    data = [(each.id, each.name) for each in prepared.surveyed]
    declared = canonical_json({**asdict(declared_table(prepared)), "data": data})
    entries = entries_of(prepared)
    ledger.ingest_record(write_plan(prepared.book, study=prepared.study.study, declared=declared, entries=entries))
    write_inventories(prepared.inputs, prepared.book)


# Private ----------------------------------------------------------------------------------------------

_Asked = tuple[str, int, str]
"""A run, its length, and the way of scoring that is asked for."""


@dataclass(frozen=True)
class _Desk:
    """Where runs are handed out and taken in, stage by stage.

    Args:
        told: What was told as ended or handed out: the next stage leaves it alone.
        seconds: What the runs took that finished, the latest last; with the start of their process, where it was here.
        began: When what is under way was handed out, and how many runs it is.
    """

    ledger: Ledger
    executor: Executor
    allowance: Allowance
    budget: Budget
    meanwhile: Callable[[], None]
    retry_failed: bool
    told: set[_Asked] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)
    began: dict[Future[tuple[Outcome, ...]], tuple[datetime, int]] = field(default_factory=dict)

    def pace(self) -> float | None:
        """Seconds that a run is expected to take."""
        return pace(self.seconds, map(self._since, self.began), latest=self.allowance.at_once)

    def conduct(self, stage: Prepared, *, kept: int = 0, only: Role | None = None) -> Iterator[Ended]:
        """One stage of a study: all runs that are known.

        Args:
            kept: Runs that the limit is to leave after this stage.
            only: Leave alone what has another role.
        """
        waiting, ended = self._sorted(stage, only)
        for planned in self.budget.cut(waiting, kept=kept):
            self.told.discard(_asked(planned, stage))
        for planned, outcome in ended:
            yield Ended(planned, outcome, fresh=False, to_come=len(waiting))

        cohorts = _Cohorts.of(waiting, stage, at_once=self.allowance.at_once)
        running: dict[Future[tuple[Outcome, ...]], tuple[PlannedRun, ...]] = {}
        while waiting or running:
            while len(running) < self.allowance.at_once and (following := cohorts.next(waiting, running.values())):
                if self._is_over(kept=kept, following=len(following)):
                    self.told.difference_update(_asked(planned, stage) for planned in waiting)
                    waiting.clear()
                    break
                _take(following, waiting)
                self._note(stage, (*running.values(), following), waiting, kept=kept)
                began = self.budget.clock()
                future = self.executor.submit(_job(following, stage, self.allowance))
                running[future], self.began[future] = following, (began, len(following))
            done, _ = wait(running, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in [future for future in running if future in done]:
                cohort, each = running.pop(future), self._since(future)
                del self.began[future]
                outcomes = future.result()
                self.seconds.extend(max(one.costs.seconds, each) for one in outcomes if one.status == "finished")
                for planned in cohort:
                    self.ledger.ingest(_folder(planned, stage))
                to_come = sum(map(len, running.values())) + len(waiting)
                under_way = self._next(cohorts, waiting, running.values(), kept=kept)
                self._note(stage, tuple(running.values()), waiting, kept=kept)
                for at, (planned, outcome) in enumerate(zip(cohort, outcomes, strict=True), start=1):
                    rest = len(cohort) - at
                    yield Ended(planned, outcome, fresh=True, to_come=to_come + rest, running=under_way, with_it=rest)
            self.meanwhile()

    def _since(self, future: Future[tuple[Outcome, ...]]) -> float:
        """Seconds since a job was handed out, for each of its runs."""
        began, runs = self.began[future]
        return (self.budget.clock() - began).total_seconds() / runs

    def _is_over(self, *, kept: int, following: int) -> bool:
        if self.budget.stop_at is None:
            return False
        each, at_once = self.pace(), self.allowance.at_once
        return self.budget.is_over(kept=kept, each=each, at_once=at_once, following=following)

    def _next(
        self, cohorts: "_Cohorts", waiting: deque[PlannedRun], running: Iterable[Sequence[PlannedRun]], *, kept: int
    ) -> int:
        """Runs that are under way once every place is taken again."""
        left, found = deque(waiting), [*running]
        while len(found) < self.allowance.at_once and (following := cohorts.next(left, found)):
            if self._is_over(kept=kept, following=len(following)):
                break
            _take(following, left)
            found.append(following)
        return sum(map(len, found))

    def _note(
        self, stage: Prepared, running: Sequence[Sequence[PlannedRun]], waiting: deque[PlannedRun], *, kept: int
    ) -> None:
        """Say what is under way, for whoever looks from elsewhere."""
        cohorts = [[(planned.run.id, planned.run.length) for planned in cohort] for cohort in running]
        at_once, stop_at = self.allowance.at_once, self.budget.stop_at
        found = UnderWay(stage.study.study, cohorts, len(waiting), kept, at_once, stop_at)
        write_under_way(stage.book, found)

    def _sorted(self, stage: Prepared, only: Role | None) -> tuple[deque[PlannedRun], list[tuple[PlannedRun, Outcome]]]:
        """What waits, and what has ended before; all of it counts as told."""
        wanted = {_asked(planned, stage) for planned in stage.runs if only in (None, planned.role)}
        ended: list[tuple[PlannedRun, Outcome]] = []
        waiting: deque[PlannedRun] = deque()
        for planned in distinct(stage):
            if _asked(planned, stage) in self.told or _asked(planned, stage) not in wanted:
                continue
            self.told.add(_asked(planned, stage))
            _follow_paths(planned, stage)
            self.ledger.ingest(_folder(planned, stage))
            outcome = _answer(planned, stage, retry_failed=self.retry_failed)
            if outcome is None:
                waiting.append(planned)
            else:
                ended.append((planned, outcome))
        if self.budget.limited:
            waiting = deque(sorted(waiting, key=lambda planned: planned.role not in NEEDED))
        self.seconds[:0] = [outcome.costs.seconds for _, outcome in ended if outcome.status == "finished"]
        return waiting, ended


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
        """The first that waits and is not under way for another way of scoring it, with its cohort."""
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
        return tuple(found.values())


def _take(cohort: Sequence[PlannedRun], waiting: deque[PlannedRun]) -> None:
    """Take what is handed out, out of what waits."""
    taken = set(map(id, cohort))
    rest = [planned for planned in waiting if id(planned) not in taken]
    waiting.clear()
    waiting.extend(rest)


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
        checkpoint=prepared.checkpoints,
        train=prepared.train,
    )
