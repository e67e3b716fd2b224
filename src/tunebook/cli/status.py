"""`tunebook status`: how far the studies of a book are."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tunebook.cli.paths import Where, chosen

if TYPE_CHECKING:  # only names: help does not wait for these
    from rich.table import Table as Grid

    from tunebook.study import Watched

WIDE = 200
"""Characters of a line where no terminal shows it."""
SHOWN = 20
"""Most running runs of a study that are listed."""


def status(
    where: Where,
    as_json: Annotated[bool, typer.Option("--json", help="The same for programs, as one JSON list.")] = False,
) -> None:
    """Show how far studies are, what runs, and what they take on the disk.

    It only reads: also while `tunebook run` holds the book, and without disturbing it. It does not look at the data:
    whether they changed since they were run, `tunebook check` says.
    """
    from tunebook import study as conductor

    book, names = chosen(where)
    with book.look() as ledger:
        found = [conductor.watch(name, ledger, book.path) for name in names]
    if as_json:
        typer.echo(_json(found))
        return
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = WIDE
    console.print(_grid(found))
    for each in found:
        for line in _running(each):
            console.print(line, soft_wrap=True)


def _json(found: "Sequence[Watched]") -> str:
    import json
    from dataclasses import asdict

    plain = [{**asdict(each), "last": each.last and each.last.isoformat(timespec="seconds")} for each in found]
    return json.dumps(plain, indent=2)


def _grid(found: "Sequence[Watched]") -> "Grid":
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for head in ("study", "state"):
        grid.add_column(head)
    for head in ("ended", "failed", "running", "missing", "time left", "last written", "disk"):
        grid.add_column(head, justify="right")
    for each in found:
        stopped = "" if each.state == "stopped" else f"{each.state}, stopped"
        state = f"{stopped or each.state} {each.why}" if each.why else each.state
        grid.add_row(*map(Text, (each.study, state, *_numbers(each))))
    return grid


def _numbers(each: "Watched") -> Iterator[str]:
    if not each.runs:
        yield from [""] * 7
        return
    yield f"{each.ended:,} of {each.runs:,}"
    yield f"{each.failed:,}"
    runs = sum(run.together for run in each.running)
    yield f"{runs:,}" if runs == len(each.running) else f"{runs:,} in {len(each.running):,} processes"
    more = f" (+{each.to_confirm:,} at most)" if each.to_confirm else ""
    yield f"{each.missing:,}{more}"
    yield _time(each.seconds_left)
    yield "" if each.last is None else f"{each.last:%m-%d %H:%M}"
    yield _size(each.bytes)


def _running(each: "Watched") -> Iterator[str]:
    """`rates: lr=0.5 seed=1: step 120 of 300, loss 0.213`."""
    for run in each.running[:SHOWN]:
        losses = ", ".join(f"{name} {value:.4g}" for name, value in run.losses.items())
        head = "" if run.step is None else f": step {run.step:,} of {run.length:,}, {losses}"
        others = f", with {run.together - 1:,} more" if run.together > 1 else ""
        yield f"{each.study}: {run.label or run.run}{others}{head}"
    if len(each.running) > SHOWN:
        yield f"{each.study}: and {len(each.running) - SHOWN} more processes"


def _time(seconds: float | None) -> str:
    """`about 2 h 5 min`."""
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under a minute"
    hours, rest = divmod(minutes, 60)
    return f"about {hours} h {rest} min" if hours else f"about {minutes} min"


def _size(size: float) -> str:
    """`1.3 GB`, of 10^9 bytes."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
