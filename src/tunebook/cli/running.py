"""Running the studies of a book with their progress on the terminal."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tunebook import study as conductor
from tunebook import task as tasks
from tunebook.book import Book
from tunebook.execute.inline import Inline
from tunebook.execute.job import Executor
from tunebook.execute.processes import Processes
from tunebook.ledger.ledger import Ledger
from tunebook.study import Allowance, Ended, Prepared

PRELOAD = ("numpy", "torch")


def run_studies(book: Book, names: Sequence[str], *, retry_failed: bool) -> None:
    """Run studies one after the other; each is decided and has its page before the next begins."""
    console = Console(highlight=False)
    with book.writing(), book.ledger() as ledger:
        for name in names:
            declared = book.find(name)
            prepared = conductor.prepare(book.path, declared.study, ledger, cache=book.cache, text=declared.text)
            _run_one(prepared, book, ledger, console, retry_failed=retry_failed)
            decision = conductor.decide(prepared, ledger)
            if decision is not None:
                console.print(
                    f"{name}: {decision.label or 'the only configuration'} is chosen: "
                    f"{decision.metric} {decision.score:.3f} on {decision.split} ({decision.rule})",
                    soft_wrap=True,
                )
            rendered = conductor.page(name, ledger, book.path)
            console.print(f"{name}: {rendered.html}", soft_wrap=True)
            console.print(f"{name}: {rendered.markdown}", soft_wrap=True)


def _run_one(prepared: Prepared, book: Book, ledger: Ledger, console: Console, *, retry_failed: bool) -> None:
    name, total = prepared.study.study, len(prepared.runs)
    missing = len(conductor.missing(prepared))
    console.print(f"{name}: {total} runs, {total - missing} exist, {missing} to do")
    with (
        _executor(book, prepared, needed=bool(missing) or retry_failed) as place,
        _progress(console) as progress,
    ):
        if missing:
            progress.console.print(f"{name}: {place.reason}", soft_wrap=True)
        bar = progress.add_task(name, total=total, state="")
        count = _Count(total=total, at_once=place.allowance.at_once, started=time.monotonic())
        for ended in conductor.conduct(
            prepared, ledger, place.executor, allowance=place.allowance, retry_failed=retry_failed
        ):
            count = count.with_(ended)
            if ended.outcome.status == "failed":
                progress.console.print(f"{_named(ended, prepared)}: {_why(ended)}", soft_wrap=True)
            progress.update(bar, completed=count.done, state=str(count))
            if ended.fresh and not console.is_terminal:
                console.print(f"{name}: {count}")


@dataclass(frozen=True)
class _Count:
    """How far a study is."""

    total: int
    at_once: int
    started: float
    done: int = 0
    fresh: int = 0
    failed: int = 0

    def with_(self, ended: Ended) -> "_Count":
        return _Count(
            self.total,
            self.at_once,
            self.started,
            done=self.done + 1,
            fresh=self.fresh + ended.fresh,
            failed=self.failed + (ended.outcome.status == "failed"),
        )

    def __str__(self) -> str:
        running = min(self.at_once, self.total - self.done)
        return f"{self.done} of {self.total} done, {running} running, {self.failed} failed{self._forecast()}"

    def _forecast(self) -> str:
        """Time left, from the runs that ended in this command."""
        remaining = self.total - self.done
        if not self.fresh or not remaining:
            return ""
        minutes = (time.monotonic() - self.started) / self.fresh * remaining / 60
        return f", about {minutes:.0f} min left" if minutes >= 1 else ", under a minute left"


def _named(ended: Ended, prepared: Prepared) -> str:
    labels = {entry.configuration.id: entry.label for entry in prepared.plan.configurations}
    planned = ended.planned
    factors = [f"{factor}={number}" for factor, number in planned.run.replicate.items()]
    words = [labels[planned.configuration], planned.case.label, *factors, f"(runs/{planned.run.id})"]
    return " ".join(word for word in words if word)


def _why(ended: Ended) -> str:
    return f"{ended.outcome.kind}: {ended.outcome.reason}"


@dataclass(frozen=True)
class _Place:
    executor: Executor
    allowance: Allowance
    reason: str


@contextmanager
def _executor(book: Book, prepared: Prepared, *, needed: bool) -> Iterator[_Place]:
    """The executor of book.yaml; none is started when nothing is missing."""
    wanted = book.file.executor
    seconds = None if wanted.run_hours is None else wanted.run_hours * 3600
    allowance = Allowance(threads=wanted.threads, seconds=seconds, memory_gb=wanted.run_memory_gb)
    if wanted.kind == "inline" or not needed:
        with Inline() as inline:
            yield _Place(inline, allowance, "1 run at once, in this process")
        return
    worker = tasks.find(prepared.study.task).worker.partition(":")[0]
    device = prepared.study.device
    with Processes(
        processes=wanted.processes,
        threads=wanted.threads,
        preload=(*PRELOAD, worker),
        devices=None if device in ("auto", "cuda") else (device,),
    ) as processes:
        yield _Place(processes, allowance.among(len(processes.places)), processes.reason)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
