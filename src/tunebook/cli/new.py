"""`tunebook new`: a book to begin with, from the data that are there."""

from pathlib import Path
from typing import Annotated

import typer

NewBook = Annotated[Path, typer.Argument(metavar="BOOK", help="A folder for the book.", show_default=False)]


def new(
    book: NewBook,
    task: Annotated[
        str,
        typer.Option(help="An installed task, or `script` for a program of your own; else what the data look like.",
                     show_default=False),
    ] = "",
    data: Annotated[
        Path | None,
        typer.Option(help="A folder or file of data; without it they are made up.", show_default=False),
    ] = None,
    study: Annotated[str, typer.Option(help="Name of the study.")] = "first",
) -> None:  # fmt: skip
    """Write a book with one commented study on data that are there.

    It runs as it is, in minutes; nothing that exists is overwritten.
    """
    from tunebook.cli.first_book import written

    typer.echo("\n".join(written(book, task=task, data=data, study=study)))
