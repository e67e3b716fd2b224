"""The command line: one file per command."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from tunebook import __version__
from tunebook.cli import (
    audit,
    check,
    compare,
    decide,
    export,
    ledger,
    look,
    new,
    note,
    pack,
    page,
    predict,
    prune,
    run,
    schema,
    score,
    simulate,
    status,
)
from tunebook.errors import InputError, Problem

typer_app = typer.Typer(
    name="tunebook",
    help="Hyperparameter studies you can believe.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
typer_app.command("new")(new.new)
typer_app.command("look")(look.look)
typer_app.command("check")(check.check)
typer_app.command("run")(run.run)
typer_app.command("status")(status.status)
typer_app.command("page")(page.page)
typer_app.command("decide")(decide.decide)
typer_app.command("note")(note.note)
typer_app.command("audit")(audit.audit)
typer_app.command("compare")(compare.compare)
typer_app.command("export")(export.export)
typer_app.command("predict")(predict.predict)
typer_app.command("score")(score.score)
typer_app.command("prune")(prune.prune)
typer_app.command("pack")(pack.pack)
typer_app.command("schema")(schema.schema)
typer_app.add_typer(simulate.group, name="simulate")
typer_app.add_typer(ledger.group, name="ledger")


@typer_app.callback(invoke_without_command=True)
def _version(
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def app(arguments: Sequence[str] | None = None, *, prog_name: str = "tunebook") -> None:
    """Run the command line; what a person gave wrong is printed and ends with exit code 2.

    Args:
        arguments: The words after the program's name; None: those of this process.
        prog_name: How help calls the program.
    """
    try:
        typer_app(args=arguments, prog_name=prog_name)
    except InputError as error:
        _refuse(error.problems)
    except OSError as error:
        if error.filename is None:
            raise
        message = f"must be a file or a folder that can be used; got {error.strerror}"
        missing = isinstance(error, FileNotFoundError)
        way_out = "correct the path" if missing else "make room on the disk, or correct the path or its rights"
        _refuse([Problem(str(error.filename), message, way_out)])


def _refuse(problems: Sequence[Problem]) -> NoReturn:
    typer.echo(f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}:", err=True)
    for problem in problems:
        typer.echo(f"  {problem}", err=True)
    sys.exit(2)
