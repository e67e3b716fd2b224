"""The command line: one file per command."""

import sys
from collections.abc import Sequence

import typer

from tunebook import __version__
from tunebook.cli import check, ledger, page, run, schema, simulate
from tunebook.errors import InputError

typer_app = typer.Typer(
    name="tunebook",
    help="Hyperparameter studies you can believe.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
typer_app.command("check")(check.check)
typer_app.command("run")(run.run)
typer_app.command("page")(page.page)
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


def app(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what a person gave wrong is printed and ends with exit code 2."""
    try:
        typer_app(args=arguments)
    except InputError as error:
        count = len(error.problems)
        typer.echo(f"{count} {'problem' if count == 1 else 'problems'}:", err=True)
        for problem in error.problems:
            typer.echo(f"  {problem}", err=True)
        sys.exit(2)
