"""`tunebook run`: train and score what is missing, decide, write the pages."""

import importlib.util
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tunebook import study as conductor
from tunebook import task as tasks
from tunebook.book import Book
from tunebook.cli.paths import Where, chosen
from tunebook.execute.inline import Inline
from tunebook.execute.job import Executor
from tunebook.execute.processes import Processes
from tunebook.ledger.ledger import Ledger
from tunebook.records import PlannedRun
from tunebook.study import Allowance, Prepared

PRELOAD = ("numpy", "torch")


def run(
    where: Where,
    retry: Annotated[str, typer.Option(help="`failed`: run again what failed.", metavar="failed")] = "",
) -> None:
    """Train and score what is missing, decide by the rule, and write the pages.

    What has been run is not run again. Ctrl-C stops; the same command goes on.
    """
    if retry not in ("", "failed"):
        raise typer.BadParameter(f"must be failed; got {retry}", param_hint="--retry")
    book, names = chosen(where)
    console = Console(highlight=False)
    with book.writing(), book.ledger() as ledger, _stoppable():
        for name in names:
            declared = book.find(name)
            prepared = conductor.prepare(
                book.path, declared.study, ledger, cache=book.cache, text=declared.text
            )
            _conduct(prepared, book, ledger, console, retry_failed=retry == "failed")
            decision = conductor.decide(name, ledger, book.path)
            if decision is not None:
                console.print(f"{name}: {decision.label or 'the only configuration'} has the best {decision.metric}")
                console.print(f"{name}: {decision.score:.3f} on {decision.split} ({decision.rule})")
            rendered = conductor.page(name, ledger, book.path)
            console.print(f"{name}: {rendered.html}", soft_wrap=True)
            console.print(f"{name}: {rendered.markdown}", soft_wrap=True)


def _conduct(prepared: Prepared, book: Book, ledger: Ledger, console: Console, *, retry_failed: bool) -> None:
    name, total = prepared.study.study, len(prepared.runs)
    missing = conductor.missing(prepared)
    console.print(f"{name}: {total} runs, {len(missing)} to do" + (f", {total - len(missing)} exist" if total else ""))
    with _executor(book, prepared, needed=bool(missing) or retry_failed) as (executor, allowance, reason):
        if missing:
            console.print(f"{name}: {reason}")
        with _progress(console) as progress:
            bar = progress.add_task(name, total=total, state="")
            started, failed, fresh = time.monotonic(), 0, 0
            existing = total - len(missing)
            for ended in conductor.conduct(
                prepared, ledger, executor, allowance=allowance, retry_failed=retry_failed
            ):
                failed += ended.outcome.status == "failed"
                fresh = max(0, ended.done - existing)
                if ended.outcome.status == "failed":
                    progress.console.print(f"{_named(ended.planned, prepared)}: {_why(ended)}", soft_wrap=True)
                running = min(allowance.at_once, total - ended.done)
                left = _forecast(time.monotonic() - started, fresh, total - ended.done)
                state = f"{ended.done} of {total} done, {running} running, {failed} failed{left}"
                progress.update(bar, completed=ended.done, state=state)
                if not console.is_terminal and fresh:
                    console.print(f"{name}: {state}")


def _forecast(seconds: float, fresh: int, remaining: int) -> str:
    """Time left, from the runs that ended in this command."""
    if not fresh or not remaining:
        return ""
    minutes = seconds / fresh * remaining / 60
    return f", about {minutes:.0f} min left" if minutes >= 1 else ", under a minute left"


def _named(planned: PlannedRun, prepared: Prepared) -> str:
    labels = {entry.configuration.id: entry.label for entry in prepared.plan.configurations}
    seed = "".join(f" {factor}={number}" for factor, number in planned.run.replicate.items())
    return f"{labels[planned.configuration]} {planned.case.label}{seed} (runs/{planned.run.id})"


def _why(ended: conductor.Ended) -> str:
    return f"{ended.outcome.kind}: {ended.outcome.reason}"


@contextmanager
def _executor(book: Book, prepared: Prepared, *, needed: bool) -> Iterator[tuple[Executor, Allowance, str]]:
    """The executor of book.yaml; a book without missing runs starts none."""
    wanted = book.file.executor
    seconds = None if wanted.run_hours is None else wanted.run_hours * 3600
    limits = {"threads": wanted.threads, "seconds": seconds, "memory_gb": wanted.run_memory_gb}
    if wanted.kind == "inline" or not needed:
        with Inline() as inline:
            yield inline, Allowance(at_once=1, **limits), "1 run at once, in this process (inline)"
        return
    worker = tasks.find(prepared.study.task).worker.partition(":")[0]
    preload = [name for name in PRELOAD if importlib.util.find_spec(name)]
    device = prepared.study.device
    with Processes(
        processes=wanted.processes,
        threads=wanted.threads,
        preload=(*preload, worker),
        devices=None if device in ("auto", "cuda") else (device,),
    ) as processes:
        yield processes, Allowance(at_once=len(processes.places), **limits), processes.reason


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C and a terminate signal end the command cleanly with exit code 130; children are stopped."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    earlier = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("stopped; the same command goes on from here", err=True)
        raise typer.Exit(130) from None
    finally:
        signal.signal(signal.SIGTERM, earlier)
