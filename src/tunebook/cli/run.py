"""`tunebook run`: train and score what is missing, decide, write the pages."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer

from tunebook.cli.paths import Where, chosen


def run(
    where: Where,
    retry: Annotated[str, typer.Option(help="`failed`: run again what failed.", metavar="failed")] = "",
    checkpoints: Annotated[
        bool, typer.Option("--checkpoints", help="Train again what was decided where its checkpoints were removed.")
    ] = False,
) -> None:
    """Train and score what is missing, decide by the rule, and write the pages.

    What has been run is not run again. Ctrl-C stops; the same command goes on. Exit code 1 when all that was run of a
    study's search failed, 2 when something could not be run, 130 when it was stopped.
    """
    from tunebook.cli.running import run_studies

    if retry not in ("", "failed"):
        raise typer.BadParameter(f"must be failed; got {retry}", param_hint="--retry")
    book, names = chosen(where)
    with stoppable():
        failed = run_studies(book, names, retry_failed=retry == "failed", checkpoints=checkpoints)
    for name in failed:
        typer.echo(f"{name}: no run of its search has finished", err=True)
    if failed:
        raise typer.Exit(1)


@contextmanager
def stoppable() -> Iterator[None]:
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
