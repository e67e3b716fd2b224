"""`tunebook page`: make the pages again from ledger and run folders."""

from typing import Annotated

import typer

from tunebook.cli.paths import Where, chosen


def page(
    where: Where,
    without_costs: Annotated[
        bool, typer.Option("--without-costs", help="Leave out time, memory and machine: only facts.")
    ] = False,
) -> None:
    """Write the pages of a book's studies; the same ledger gives the same bytes.

    Exit code 2 when a study has not been run; the pages of the others are written.
    """
    from tunebook import study as conductor
    from tunebook.errors import InputError, Problem

    book, names = chosen(where)
    problems: list[Problem] = []
    with book.writing(), book.ledger() as ledger:
        for name in names:
            try:
                rendered = conductor.page(name, ledger, book.path, without_costs=without_costs)
            except InputError as error:
                problems += error.problems
                continue
            typer.echo(f"{name}: {rendered.html}")
            typer.echo(f"{name}: {rendered.markdown}")
    if problems:
        raise InputError(*problems)
