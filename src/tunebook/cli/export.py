"""`tunebook export`: a study as a file for other programs, or what it chose for use elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunebook.cli.applying import FORCE, SEED, applied, beside, described, put
from tunebook.cli.paths import StudyPath, one_study

if TYPE_CHECKING:  # only names
    from tunebook.book import Book
    from tunebook.ledger.ledger import Ledger
    from tunebook.runs.chosen import ChosenRun

TABLES = ("csv", "latex", "parquet")
"""What every study is written as; its task may write what it chose in further formats."""
README = "README.md"
"""What the files are of, and after it how they are used, which the task says."""


def export(
    study: StudyPath,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="csv, parquet: a table of all runs; latex: the leaderboard; or what the study's task writes the "
            "chosen run as (embedding-classification: head, onnx; promptable-segmentation: sam, adapter; "
            "binary-segmentation: weights, onnx).",
        ),
    ] = "csv",
    to: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="The file; else it is printed. Of a chosen run, a folder."),
    ] = None,
    items: Annotated[bool, typer.Option("--items", help="A row for each item of a split too.")] = False,
    without_costs: Annotated[bool, typer.Option("--without-costs", help="Leave out time and memory.")] = False,
    seed: Annotated[int | None, typer.Option(metavar="N", help=f"Of a chosen run. {SEED}", show_default=False)] = None,
    force: Annotated[bool, typer.Option("--force", help=f"Of a chosen run. {FORCE}")] = False,
) -> None:
    """Write a study as a table of its runs or its leaderboard, or the run that it chose for use elsewhere.

    The same ledger gives the same bytes.
    """
    if form not in ("csv", "parquet") and (items or without_costs):
        option = "--items" if items else "--without-costs"
        holds = "a leaderboard" if form == "latex" else form
        raise typer.BadParameter(f"is for csv and parquet; {holds} holds neither", param_hint=option)
    if form in TABLES and (seed is not None or force):
        option = "--force" if force else "--seed"
        raise typer.BadParameter(f"is for formats of a chosen run; {form} is of a whole study", param_hint=option)
    book, name = one_study(study)
    if form in TABLES:
        _table(book, name, form, to, items=items, without_costs=without_costs)
    else:
        _chosen(book, name, form, to, seed=seed, force=force)


def _table(book: "Book", name: str, form: str, to: Path | None, *, items: bool, without_costs: bool) -> None:
    """Print or write the study."""
    from tunebook import study as conductor
    from tunebook.folders import write_atomically
    from tunebook.report import exporting

    if form == "parquet" and to is None:
        raise typer.BadParameter("must name a file: Parquet is not text", param_hint="--to")
    with book.look() as ledger:
        table = conductor.table(name, ledger, book.path)
    if form == "latex":
        content = exporting.latex(table).encode()
    else:
        write = exporting.csv if form == "csv" else exporting.parquet
        content = write(exporting.long(table, items=items, without_costs=without_costs))
    if to is None:
        typer.echo(content.decode(), nl=False)
    else:
        write_atomically(to, content)
        typer.echo(f"{name}: {to}")


def _chosen(book: "Book", name: str, form: str, to: Path | None, *, seed: int | None, force: bool) -> None:
    """Write what the study chose into a folder, in a format of its task."""
    from tunebook.errors import InputError, Problem
    from tunebook.runs.chosen import chosen_run, task_of

    with book.look() as ledger:
        task = task_of(name, ledger)
        if form not in task.formats:
            known = ", ".join((*TABLES, *task.formats))
            raise typer.BadParameter(f"must be one of {known}; got {form}", param_hint="--format")
        if to is None:
            raise typer.BadParameter(f"must name a folder for {form}", param_hint="--to")
        chosen = chosen_run(name, ledger, book.path, seed=seed)
        card = _card(name, chosen, ledger)
    if to.exists() and not to.is_dir():
        raise InputError(Problem(str(to), "must be a folder; there is a file of this name"))
    for line in described(chosen):
        typer.echo(f"{name}: {line}")
    with beside(to) as folder:
        said = applied(task.formats[form], chosen, book, {"to": folder})
        readme = folder / README
        use = readme.read_text(encoding="utf-8") if readme.exists() else ""
        readme.write_text("\n".join(part for part in (card, use) if part), encoding="utf-8")
        written = put(folder, to, force=force)
    for sentence in (*said, *map(str, written)):
        typer.echo(f"{name}: {sentence}")


def _card(name: str, chosen: "ChosenRun", ledger: "Ledger") -> str:
    """What the exported files are of: the scores are those that the study shows."""
    import json

    from tunebook import __version__
    from tunebook.report.model_card import Chosen, model_card

    run, decision = chosen.run, chosen.decision
    declared = json.loads(ledger.declared(name) or "{}")
    metrics = {decision.metric, *declared.get("report", ())}
    splits = {decision.split, *declared.get("splits", ())}
    measured = ledger.measurements(run.id, run.length, decision.scoring)
    return model_card(
        Chosen(
            decision=decision,
            question=declared.get("question", ""),
            run=run,
            why=chosen.why,
            settings=chosen.settings,
            measurements=[each for each in measured if each.metric in metrics and each.split in splits],
            outcome=ledger.outcome(run.id, run.length),
        ),
        tunebook=__version__,
    )
