"""`tunebook compare`: two studies, or one before and after a change, on what they share."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunebook.cli.paths import one_study

if TYPE_CHECKING:  # only names
    from tunebook.records import Table
    from tunebook.report.comparing import Part

WIDTH = 160
"""Of tables that are printed into a file or another program."""
HELP = "A study of a book (BOOK/NAME), or one of its plans by number (BOOK/NAME@0, the first)."


class Format(StrEnum):
    """How a comparison is printed."""

    text = "text"
    json = "json"
    markdown = "markdown"


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help=HELP, show_default=False)],
    second: Annotated[Path, typer.Argument(metavar="B", help=HELP, show_default=False)],
    form: Annotated[Format, typer.Option("--format", help="How it is printed.")] = Format.text,
) -> None:
    """Compare two studies, or one before and after a change, on what they share: B minus A.

    Shared are equal configurations (or those equal in what both vary), cases, replicates and items.
    """
    from tunebook.analyse import comparison
    from tunebook.report.comparing import markdown, parts

    (one, name), (other, another) = _named(first), _named(second)
    names = (name, another) if name != another else (str(first), str(second))
    found = comparison(one, other)
    found = replace(found, first=replace(found.first, study=names[0]), second=replace(found.second, study=names[1]))
    if form is Format.json:
        typer.echo(json.dumps(asdict(found), indent=2, ensure_ascii=False))
    elif form is Format.markdown:
        typer.echo(markdown(found), nl=False)
    else:
        _print(parts(found))


def _named(where: Path) -> "tuple[Table, str]":
    """The table that an argument means, and what the study is called: `lora`, `lora@0`."""
    from tunebook import study as conductor

    stem, _, number = where.name.rpartition("@")
    if not (stem and number.isdigit()):
        book, name = one_study(where)
        with book.look() as ledger:
            return conductor.table(name, ledger, book.path), name
    book, name = one_study(where.with_name(stem))
    with book.look() as ledger:
        return conductor.table(name, ledger, book.path, plan=int(number)), f"{name}@{number}"


def _print(found: "Sequence[Part]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = Console(highlight=False, markup=False)
    console = terminal if terminal.is_terminal else Console(highlight=False, markup=False, width=WIDTH, soft_wrap=True)
    for part in found:
        console.print(Text(f"\n{part.heading}", style="bold"))
        for line in part.lines:
            console.print(Text(f"  {line}"))
        if part.rows:
            grid = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
            for at, head in enumerate(part.heads):
                grid.add_column(Text(head), justify="right" if at in part.numeric else "left", overflow="fold")
            for row in part.rows:
                grid.add_row(*map(Text, row))
            console.print(grid, soft_wrap=False)
