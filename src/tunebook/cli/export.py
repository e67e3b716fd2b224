"""`tunebook export`: a study as a file for other programs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tunebook.cli.paths import StudyPath, one_study


class Format(StrEnum):
    """What a study is written as."""

    csv = "csv"
    latex = "latex"
    parquet = "parquet"


def export(
    study: StudyPath,
    form: Annotated[
        Format, typer.Option("--format", help="A table of all runs, or LaTeX of the leaderboard.")
    ] = Format.csv,
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="Where it is written; else it is printed.")] = None,
    items: Annotated[bool, typer.Option("--items", help="A row for each item of a split too.")] = False,
    without_costs: Annotated[bool, typer.Option("--without-costs", help="Leave out time and memory.")] = False,
) -> None:
    """Write a study as a table of its runs (CSV, Parquet), or its leaderboard as LaTeX.

    The same ledger gives the same bytes.
    """
    from tunebook import study as conductor
    from tunebook.folders import write_atomically
    from tunebook.report import exporting

    if form is Format.latex and (items or without_costs):
        option = "--items" if items else "--without-costs"
        raise typer.BadParameter("is for csv and parquet; a leaderboard holds neither", param_hint=option)
    if form is Format.parquet and to is None:
        raise typer.BadParameter("must name a file: Parquet is not text", param_hint="--to")
    book, name = one_study(study)
    with book.look() as ledger:
        table = conductor.table(name, ledger, book.path)
    if form is Format.latex:
        content = exporting.latex(table).encode()
    else:
        write = exporting.csv if form is Format.csv else exporting.parquet
        content = write(exporting.long(table, items=items, without_costs=without_costs))
    if to is None:
        typer.echo(content.decode(), nl=False)
    else:
        write_atomically(to, content)
        typer.echo(f"{name}: {to}")
