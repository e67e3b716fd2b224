"""`tunebook ledger`: make the ledger again, or print it."""

from typing import Annotated

import typer

from tunebook.cli.paths import BookPath

group = typer.Typer(help="The database of all runs, measurements and decisions.", no_args_is_help=True)


@group.command()
def rebuild(book: BookPath) -> None:
    """Make the ledger again from the run folders and record files."""
    from tunebook.book import Book
    from tunebook.ledger.rebuild import rebuild as make_again

    found = Book.open(book)
    with found.writing():
        rebuilt = make_again(found.file.ledger, book=found.path)
    typer.echo(f"{rebuilt.runs} runs and {rebuilt.records} records")


@group.command()
def dump(
    book: BookPath,
    facts: Annotated[
        bool, typer.Option("--facts", help="Only what must repeat: no times, hosts, costs or row numbers.")
    ] = False,
) -> None:
    """Print the ledger as JSON lines, in a fixed order."""
    from tunebook.book import Book
    from tunebook.ledger.facts import dump as everything
    from tunebook.ledger.facts import facts as only_facts

    with Book.open(book).look() as ledger:
        typer.echo(only_facts(ledger) if facts else everything(ledger), nl=False)
