"""`tunebook check`: what a study would run, and everything that is wrong with it."""

import typer

from tunebook import study as conductor
from tunebook.cli.paths import Where, chosen
from tunebook.errors import InputError, Problem
from tunebook.ledger.ledger import Ledger
from tunebook.spec.plan import Plan, plan
from tunebook.task import find


def check(where: Where) -> None:
    """Count what a study declares, what its constraints leave, and what has been run; list problems after.

    Nothing is trained. Exit code 2 when there is a problem.
    """
    book, names = chosen(where)
    problems: list[Problem] = []
    with book.ledger() as ledger:
        for name in names:
            problems += _check_one(book.path, book.find(name), ledger, book.cache)
    if problems:
        raise InputError(*problems)


def _check_one(path, declared, ledger: Ledger, cache) -> tuple[Problem, ...]:  # type: ignore[no-untyped-def]
    study = declared.study
    typer.echo(f"{study.study}: {study.question or 'no question'}")
    undecided = [name for name in study.decisions if ledger.decision(name) is None]
    if undecided:
        typer.echo(f"  counted once {', '.join(undecided)} is decided")
        return ()
    decisions = {name: decision.values for name in study.decisions if (decision := ledger.decision(name))}
    laid_out = plan(study, find(study.task), references=decisions)
    _count(laid_out)
    waiting = [name for name in study.references if ledger.decision(name) is None]
    if waiting:
        typer.echo(f"  {laid_out.counts.runs:>6} new runs, once {', '.join(waiting)} is decided")
        return ()
    try:
        prepared = conductor.prepare(path, study, ledger, cache=cache, text=declared.text)
    except InputError as error:
        return error.problems
    missing = len(conductor.missing(prepared))
    typer.echo(f"  {missing:>6} new")
    typer.echo(f"  {len(prepared.runs) - missing:>6} existing")
    return ()


def _count(laid_out: Plan) -> None:
    counts = laid_out.counts
    typer.echo(f"  {counts.declared:>6} declared")
    for constraint, number in counts.excluded.items():
        typer.echo(f"  {number:>6} excluded by {constraint} (it applies to {counts.applied[constraint]})")
    typer.echo(f"  {counts.equivalent:>6} equivalent to another, because a parameter has no effect")
    typer.echo(f"  {counts.distinct:>6} distinct configurations")
    for alternative, fields in laid_out.dropped.items():
        typer.echo(f"         without effect{f' in {alternative}' if alternative else ''}: {', '.join(fields)}")
    typer.echo(f"  {counts.runs:>6} runs ({len(laid_out.cases)} cases, {len(laid_out.replicates)} replicates)")
