"""Running the studies of a book with their progress on the terminal."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tunebook import analyse
from tunebook import study as conductor
from tunebook.book import Book, Declared
from tunebook.cli.page import renew_index
from tunebook.cli.pruning import prune_after
from tunebook.cli.renewing import Renewal
from tunebook.cli.restoring import restore_decision, restore_weights
from tunebook.errors import InputError, Problem, TunebookError
from tunebook.execute.slots import visible_gpus
from tunebook.folders import RunFolder
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.stopping import stop_of
from tunebook.records import Decision, Outcome, Table
from tunebook.report.progress import undecided
from tunebook.report.wording import counted
from tunebook.study import Ended, Prepared

FEWEST_ALIKE = 3
"""Runs that must have failed in one way before that is said of all."""


def run_studies(book: Book, names: Sequence[str], *, retry_failed: bool, checkpoints: bool = False) -> tuple[str, ...]:
    """Run studies one after the other; each is decided and has its page before the next begins.

    Args:
        checkpoints: Whether what they decided is trained again where its checkpoints are not there.

    Returns:
        The studies of whose search all that was run failed.

    Raises:
        InputError: before anything runs, for what is wrong with studies that could run at once; at the end, for
            studies that could not, because one that they build on has no decision.
    """
    console = Console(highlight=False)
    waiting: list[Problem] = []
    failed: list[str] = []
    with book.writing(), book.ledger() as ledger:
        ready = _ready(book, names, ledger)
        for name in names:
            declared = book.find(name)
            undecided = conductor.undecided(declared.study, ledger)
            if undecided:
                waiting += [_waits(declared, source, book) for source in undecided]
                continue
            prepared = ready.get(name) or _prepared(declared, book, ledger)
            _restore_weights(prepared, book, ledger, console)
            renewal = Renewal(name, ledger, book.path)
            with _leaving(prepared, renewal, book, console):
                if not _run_one(prepared, book, renewal, console, retry_failed=retry_failed):
                    failed.append(name)
            _conclude(prepared, ledger, console)
            _give_back(declared, book, ledger, console, checkpoints=checkpoints)
        console.print(renew_index(book, ledger), soft_wrap=True, markup=False)
    if waiting:
        raise InputError(*waiting)
    return tuple(failed)


@contextmanager
def _leaving(prepared: Prepared, renewal: Renewal, book: Book, console: Console) -> Iterator[None]:
    """Whatever ends a study before its time leaves a page that says so and is not read again by itself."""
    try:
        yield
    except KeyboardInterrupt:
        _leave(prepared, renewal.ledger, book, console, reason="a person")
        raise
    except Exception:
        with suppress(TunebookError, OSError):  # what went wrong is told, not what came of it
            _leave(prepared, renewal.ledger, book, console, reason="an error")
        raise


def _leave(prepared: Prepared, ledger: Ledger, book: Book, console: Console, *, reason: str) -> None:
    name = prepared.study.study
    if ledger.declared(name) is not None:
        conductor.leave(prepared, ledger, reason=reason)
        console.print(f"{name}: {conductor.page(name, ledger, book.path).html}", soft_wrap=True, markup=False)
        console.print(renew_index(book, ledger), soft_wrap=True, markup=False)


def _ready(book: Book, names: Sequence[str], ledger: Ledger) -> dict[str, Prepared]:
    """The studies that build on no other, prepared; problems of all of them come before anything runs."""
    found: dict[str, Prepared] = {}
    problems: dict[Problem, None] = {}
    for declared in map(book.find, names):
        try:
            _check_device(declared, book)
            if not declared.study.references:
                found[declared.study.study] = _prepared(declared, book, ledger)
        except InputError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise InputError(*problems)
    return found


def _prepared(declared: Declared, book: Book, ledger: Ledger) -> Prepared:
    return conductor.prepare(declared.study, book.shelf(ledger), text=declared.text)


def _check_device(declared: Declared, book: Book) -> None:
    device, place = declared.study.device, f"{declared.path.name}: device"
    if device == "mps":
        raise InputError(Problem(place, "must be auto, cpu, cuda or cuda:N; mps: not yet", "device: cpu"))
    if device.startswith("cuda") and not visible_gpus():
        message = f"must be a device of this machine; got {device}, and no GPU is visible here"
        raise InputError(Problem(place, message, "device: auto"))


def _waits(declared: Declared, source: str, book: Book) -> Problem:
    message = f"needs the decision of the study '{source}', which has none yet"
    return Problem(declared.path.name, message, f"tunebook run {book.find(source).path}")


def _conclude(prepared: Prepared, ledger: Ledger, console: Console) -> None:
    """Decide, and write the page."""
    name = prepared.study.study
    decision = conductor.decide(prepared, ledger)
    if decision is not None:
        said = (
            f"{decision.label or 'the only configuration'} is chosen: "
            f"{decision.metric} {decision.score:.3f} on {decision.split} ({_chooser(decision)})"
        )
        said += f"; stopped by {decision.stopped}" if decision.stopped else ""
    elif missing := len(conductor.missing(conductor.with_finalists(prepared, ledger))):
        why = undecided(conductor.table(name, ledger, prepared.book))
        why = why or f"{counted(missing, 'run')} {'has' if missing == 1 else 'have'} not been run"
        said = f"no decision: {why}"
        said += f"; stopped by {stop.reason}" if (stop := stop_of(name, ledger)) is not None else ""
    else:
        table = conductor.table(name, ledger, prepared.book)
        said = f"no decision: {analyse.judge(table).reason}{_why_of_all(table)}"
    console.print(f"{name}: {said}", soft_wrap=True, markup=False)
    rendered = conductor.page(name, ledger, prepared.book)
    console.print(f"{name}: {rendered.html}", soft_wrap=True, markup=False)
    console.print(f"{name}: {rendered.markdown}", soft_wrap=True, markup=False)


def _why_of_all(table: Table) -> str:
    """Why no run at all has a value by which to choose, where that is one reason."""
    where = table.select_metric, table.select_split
    found = {run.reasons.get(where, "") for row in table.rows for run in row.runs}
    return f": {found.pop()}" if len(found) == 1 and "" not in found else ""


def _restore_weights(prepared: Prepared, book: Book, ledger: Ledger, console: Console) -> None:
    """Train again what runs that are missing start from, where it was removed."""
    missing = conductor.missing(conductor.with_finalists(prepared, ledger))
    for line in restore_weights(missing, book, ledger):
        console.print(line, soft_wrap=True, markup=False)


def _give_back(declared: Declared, book: Book, ledger: Ledger, console: Console, *, checkpoints: bool) -> None:
    """Train again what was decided, where that is asked for; remove what the study does not keep."""
    for line in restore_decision(declared, book, ledger) if checkpoints else ():
        console.print(line, soft_wrap=True, markup=False)
    name = declared.study.study
    if pruned := prune_after(name, book, ledger):
        console.print(f"{name}: {pruned}", soft_wrap=True, markup=False)


def _chooser(decision: Decision) -> str:
    """Who chose: the rule, or a person over it."""
    if decision.overruled is None:
        return decision.rule
    return f"{decision.overruled.by}, over {decision.rule}: {decision.overruled.because}"


def _run_one(prepared: Prepared, book: Book, renewal: Renewal, console: Console, *, retry_failed: bool) -> bool:
    """Run what is missing; whether a run of its search has finished, or none has ended."""
    ledger = renewal.ledger
    name, whole = prepared.study.study, conductor.with_finalists(prepared, ledger)
    total = len(conductor.distinct(whole))
    missing = len(conductor.missing(whole, retry_failed=retry_failed))
    to_follow = conductor.still_to_confirm(prepared, whole)
    following = f", then at most {to_follow} to confirm the best" if to_follow else ""
    console.print(f"{name}: {total} runs, {total - missing} exist, {missing} to do{following}", markup=False)
    limit, started = prepared.study.limit, conductor.now()
    if limit is not None and missing:
        fewest = conductor.fewest_runs(prepared)
        said = conductor.limit_in_words(limit, kept=to_follow, fewest=fewest)
        console.print(f"{name}: limit: {said}", soft_wrap=True, markup=False)
    with book.place(prepared, needed=bool(missing or to_follow)) as place, _progress(console) as progress:
        if missing:
            progress.console.print(f"{name}: {place.reason}", soft_wrap=True, markup=False)
        at_once = place.allowance.at_once
        stop_at = None if limit is None else limit.deadline(started)
        left = None if stop_at is None else (stop_at - started).total_seconds()
        count = _Count(total + to_follow, time.monotonic(), left=left, to_follow=to_follow)
        count = replace(count, running=min(at_once, missing))
        bar = progress.add_task(name, total=total + to_follow, state=str(count))
        told = _Told(prepared, runs=missing + to_follow, at_once=at_once, started=started)
        for ended in conductor.conduct(
            prepared,
            ledger,
            place.executor,
            allowance=place.allowance,
            retry_failed=retry_failed,
            meanwhile=renewal,
        ):
            count, renewal.ended = count.after(ended), True
            _tell(ended, count, prepared, progress, bar)
            for line in told.after(ended):
                progress.console.print(f"{name}: {line}", soft_wrap=True, markup=False)
    return "finished" in told.searched or "failed" not in told.searched


def _tell(ended: Ended, count: "_Count", prepared: Prepared, progress: Progress, bar: TaskID) -> None:
    """One line for a failure, and how far the study is: after a run, or after the last of a cohort."""
    if ended.outcome.status == "failed":
        why = f"{ended.outcome.kind}: {ended.outcome.reason}"
        log = RunFolder.of(prepared.book, ended.planned.run).log
        also = f"\n    {log}" if log.is_file() else ""
        progress.console.print(f"{_named(ended, prepared)}: {why}{also}", soft_wrap=True, markup=False)
    progress.update(bar, completed=count.done, state=str(count))
    if ended.fresh and not ended.with_it and not progress.console.is_terminal:
        progress.console.print(f"{prepared.study.study}: {count}", markup=False)


@dataclass(frozen=True)
class _Count:
    """How far a study is.

    Args:
        started: By the monotonic clock.
        left: Seconds that the study's limit leaves from then on; None where no time limits.
        to_follow: Runs that confirm at most, while they are not known.
    """

    total: int
    started: float
    left: float | None = None
    to_follow: int = 0
    running: int = 0
    done: int = 0
    fresh: int = 0
    failed: int = 0
    to_come: int = 0

    def after(self, ended: Ended) -> "_Count":
        """The count with one more run."""
        return replace(
            self,
            done=self.done + 1,
            fresh=self.fresh + ended.fresh,
            failed=self.failed + (ended.outcome.status == "failed"),
            to_come=ended.to_come,
            running=ended.running,
            to_follow=0 if ended.planned.role == "confirm" else self.to_follow,
        )

    def __str__(self) -> str:
        said = f"{self.done} of {self.total} done, {self.running} running, {self.failed} failed"
        if self.fresh and self.to_follow and not self.to_come:
            return f"{said}, no more is searched"
        return f"{said}{self._forecast()}"

    def _forecast(self) -> str:
        """Time left, from the runs that ended in this command, and no more than the limit leaves."""
        if not self.fresh or not self.to_come:
            return ""
        passed = time.monotonic() - self.started
        seconds = passed / self.fresh * (self.to_come + self.to_follow)
        minutes = (seconds if self.left is None else min(seconds, max(0.0, self.left - passed))) / 60
        return f", about {minutes:.0f} min left" if minutes >= 1 else ", under a minute left"


@dataclass
class _Told:
    """What is said once in a study: that its first runs failed alike, and that its limit is too short.

    Args:
        runs: All that are to be run, those that confirm too.
        searched: How the runs of its search ended, those of before too.
    """

    prepared: Prepared
    runs: int
    at_once: int
    started: datetime
    searched: set[str] = field(default_factory=set)
    fresh: list[Outcome] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    timed: bool = False

    def after(self, ended: Ended) -> Iterator[str]:
        """What is to be said after one more run."""
        outcome = ended.outcome
        if ended.planned.role == "search":
            self.searched.add(outcome.status)
        if outcome.status == "finished":
            self.seconds.append(outcome.costs.seconds)
        limit, each = self.prepared.study.limit, conductor.pace(self.seconds)
        if limit is not None and each is not None and not self.timed:
            self.timed = True
            if short := conductor.too_short(
                limit, runs=self.runs, each=each, at_once=self.at_once, started=self.started
            ):
                yield f"too short for all: {short}"
        if not ended.fresh:
            return
        self.fresh.append(outcome)
        if len(self.fresh) == max(FEWEST_ALIKE, 2 * self.at_once) and self.runs > len(self.fresh):
            yield from self._alike()

    def _alike(self) -> Iterator[str]:
        (kind, reason), *others = {(each.kind, each.reason) for each in self.fresh}
        if not others and all(each.status == "failed" for each in self.fresh):
            yield f"the first {len(self.fresh)} runs failed alike: {kind}: {reason}; Ctrl-C stops"


def _named(ended: Ended, prepared: Prepared) -> str:
    rows = (*prepared.baselines.values(), *prepared.plan.configurations)
    labels = {row.configuration.id: row.label for row in rows}
    planned = ended.planned
    factors = [f"{factor}={number}" for factor, number in planned.run.replicate.items()]
    label = prepared.decisions[planned.source].label if planned.source else labels[planned.configuration]
    words = [label, planned.case.label, *factors, f"(runs/{planned.run.id})"]
    return " ".join(word for word in words if word)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
