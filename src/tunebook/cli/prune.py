"""`tunebook prune`: give back the space of what can be made again."""

from typing import Annotated

import typer

from tunebook.cli.paths import Where, chosen


def prune(
    where: Where,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; without it nothing is removed.")] = False,
    unused: Annotated[
        bool, typer.Option("--unused", help="Also runs and scores that no study of the book asks for.")
    ] = False,
) -> None:
    """Show what a book could do without; with --yes, remove it.

    What stays is said in the study files: `keep: {checkpoints: decision, predictions: report}`. Pages, decisions and
    facts stay what they are, and what was removed can be made again.
    """
    from tunebook.book import Book
    from tunebook.cli.pruning import prune_book
    from tunebook.errors import InputError, Problem

    part, names = chosen(where)
    whole = Book.load(part.path)
    only = None if where.is_dir() else names
    if unused and only is not None:
        message = "must be given with a book: no single study knows what no study asks for"
        raise InputError(Problem("--unused", message, f"tunebook prune {part.path} --unused"))
    with whole.writing(), whole.ledger() as ledger:
        for line in prune_book(whole, ledger, only=only, yes=yes, unused=unused):
            typer.echo(line)
