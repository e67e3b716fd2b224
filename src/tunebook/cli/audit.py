"""`tunebook audit`: what a reader of a study must be warned of, be it of a book or made elsewhere."""

from typing import Annotated

import typer

Names = list[str]
COLUMN = "COLUMN"


def audit(  # noqa: PLR0913  one argument for each option
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="A book's folder, a study in it, a CSV file of runs, or an Optuna database (sqlite:///study.db).",
            show_default=False,
        ),
    ],
    *,
    form: Annotated[str, typer.Option("--format", metavar="text|json", help="How findings are printed.")] = "text",
    fail_on: Annotated[
        str, typer.Option(metavar="CODES", help="Exit code 1 when one of these is found: T401,T601, or any.")
    ] = "",
    study: Annotated[str, typer.Option(metavar="NAME", help="Table: which study, where it holds several.")] = "",
    metric: Annotated[
        Names | None, typer.Option(metavar=COLUMN, help="Table: a score. The first is the one of the choice.")
    ] = None,
    minimize: Annotated[
        Names | None, typer.Option(metavar=COLUMN, help="Table: a score that is better when low.")
    ] = None,
    maximize: Annotated[
        Names | None, typer.Option(metavar=COLUMN, help="Table: a score that is better when high.")
    ] = None,
    seed: Annotated[
        Names | None, typer.Option(metavar=COLUMN, help="Table: what tells replicates apart (seed, fold).")
    ] = None,
    case: Annotated[
        Names | None, typer.Option(metavar=COLUMN, help="Table: a condition crossed with all (data set).")
    ] = None,
    parameter: Annotated[Names | None, typer.Option(metavar=COLUMN, help="Table: a parameter.")] = None,
    ignore: Annotated[Names | None, typer.Option(metavar=COLUMN, help="Table: neither of these.")] = None,
    split: Annotated[str, typer.Option(metavar="NAME", help="Table: the split of scores that name none.")] = "",
    where: Annotated[
        Names | None, typer.Option(metavar="RULE", help="Table: a constraint of its grid (0.25 <= alpha / rank <= 8).")
    ] = None,
    chosen: Annotated[
        str, typer.Option(metavar="VALUES", help="Table: what was carried forward (lr=0.1 dropout=0.5).")
    ] = "",
) -> None:
    """List the findings of studies: code, evidence, meaning and way out of each. Nothing is written.

    Exit code 0 whatever is found, unless --fail-on names it: then 1. Code 2 when something cannot be read.
    """
    from tunebook.cli.auditing import audited, hit, printed, wanted
    from tunebook.errors import InputError
    from tunebook.foreign.asking import Asked

    if form not in ("text", "json"):
        raise typer.BadParameter(f"must be text or json; got {form}", param_hint="--format")
    codes = wanted(fail_on)
    asked = Asked(
        metric=tuple(metric or ()),
        minimize=tuple(minimize or ()),
        maximize=tuple(maximize or ()),
        seed=tuple(seed or ()),
        case=tuple(case or ()),
        parameter=tuple(parameter or ()),
        ignore=tuple(ignore or ()),
        study=study,
        split=split,
        where=tuple(where or ()),
        chosen=chosen,
    )
    found, problems, edited = audited(what, asked)
    for said in edited:
        typer.echo(said, err=True)
    if found or not problems:
        typer.echo(printed(found, form))
    if problems:
        raise InputError(*problems)
    if hit(found, codes):
        raise typer.Exit(1)
