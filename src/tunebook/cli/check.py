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
    problems: dict[Problem, None] = {}
    with book.look() as ledger:
        for name in names:
            lines, found = counted(book, name, ledger)
            typer.echo("\n".join(lines))
            problems |= dict.fromkeys(found)
    if problems:
        raise InputError(*problems)
