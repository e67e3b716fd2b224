"""`tunebook check`: what a study would run, and everything that is wrong with it."""

import typer

from tunebook.cli.paths import Where, chosen


def check(where: Where) -> None:
    """Count what a study declares, what its constraints leave, and what has been run; list problems after.

    Nothing is trained. Exit code 2 when there is a problem.
    """
    from tunebook.cli.checking import counted
    from tunebook.errors import InputError, Problem

    book, names = chosen(where)
    problems: list[Problem] = []
    with book.ledger() as ledger:
        for name in names:
            lines, found = counted(book, name, ledger)
            typer.echo("\n".join(lines))
            problems += found
    if problems:
        raise InputError(*problems)
