"""`tunebook page`: make the pages again from ledger and run folders."""

import gc
from typing import TYPE_CHECKING, Annotated

import typer

from tunebook.cli.paths import Where, chosen

if TYPE_CHECKING:  # only names: help does not wait for these
    from tunebook.book import Book
    from tunebook.ledger.ledger import Ledger


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

    gc.disable()  # a page is made of millions of small values that live until its end: looking at them costs a fifth
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
        typer.echo(renew_index(book, ledger))
    if problems:
        raise InputError(*problems)


def renew_index(book: "Book", ledger: "Ledger") -> str:
    """Write the index of a book, and say where it is; or that another study of the book cannot be read."""
    from tunebook.book import write_index
    from tunebook.errors import StudyError

    try:
        return f"{book.file.book}: {write_index(book.path, ledger).html}"
    except StudyError as error:
        place = error.problems[0].place
        return f"{book.file.book}: the index was not written, for {place} cannot be read; tunebook check says why"
