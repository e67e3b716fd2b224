"""`tunebook predict`: the decision of a study, applied to new data."""

import os
from pathlib import Path
from typing import Annotated

import typer

from tunebook.cli.applying import FORCE, SEED, applied, beside, described, own_files, put, refuse_existing, refuse_full
from tunebook.cli.paths import StudyPath, one_study


def predict(
    study: StudyPath,
    on: Annotated[
        Path, typer.Option(metavar="PATH", help="The new data, as the study's task reads them.", show_default=False)
    ],
    to: Annotated[
        Path,
        typer.Option(
            metavar="PATH", help="Where predictions are written: a table, or a folder of images.", show_default=False
        ),
    ],
    seed: Annotated[int | None, typer.Option(metavar="N", help=SEED, show_default=False)] = None,
    device: Annotated[str, typer.Option(metavar="DEVICE", help="cpu, or cuda:N.")] = "cpu",
    force: Annotated[bool, typer.Option("--force", help=FORCE)] = False,
) -> None:
    """Apply what a study decided to new data, with what was chosen for it after training (a threshold).

    A decision has a run for each seed; one of them is applied, and it is said which.
    """
    from tunebook.errors import InputError, Problem
    from tunebook.runs.chosen import chosen_run, task_of

    book, name = one_study(study)
    with book.look() as ledger:
        task = task_of(name, ledger)
        if not task.predictor:
            raise InputError(Problem(name, f"must be of a task that predicts new data; {task.name} does not"))
        chosen = chosen_run(name, ledger, book.path, seed=seed)
    if not on.exists():
        raise InputError(Problem(str(on), "must be a file or a folder; there is none"))
    if task.predictions == "folder":
        refuse_full(to, on, force=force)
    else:
        refuse_existing([to], force=force)
    for line in described(chosen):
        typer.echo(f"{name}: {line}")
    if task.predictions == "folder":
        for line in own_files(chosen, book, on):
            typer.echo(f"{name}: {line}")
    with beside(to) as folder:
        made = folder / to.name
        said = applied(task.predictor, chosen, book, {"on": on, "to": made}, device=device)
        if task.predictions == "folder":
            put(made, to, force=force)
        else:
            os.replace(made, to)
    for sentence in (*said, str(to)):
        typer.echo(f"{name}: {sentence}")
