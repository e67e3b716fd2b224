"""`tunebook simulate`: images with known truth."""

from pathlib import Path
from typing import Annotated

import typer

group = typer.Typer(help="Simulated data with known truth.", no_args_is_help=True)


@group.command()
def cells(
    out: Annotated[Path, typer.Option(help="A new or empty folder.")],
    seed: Annotated[int, typer.Option(help="Decides every pixel.", min=0)] = 0,
    kinds: Annotated[
        str, typer.Option(help="Comma-separated: fluorescence, phase, tissue, membrane.")
    ] = "fluorescence,phase,tissue",
    train: Annotated[int, typer.Option(help="Training images.", min=1)] = 24,
    val: Annotated[int, typer.Option(help="Images to select on.", min=1)] = 6,
    test: Annotated[int, typer.Option(help="Images to report on.", min=1)] = 8,
    size: Annotated[int, typer.Option(help="Side of an image in pixels.", min=32)] = 128,
) -> None:
    """Write images of cells with their instance labels: train, val, test."""
    from tunebook import simulate

    simulate.cells(
        out,
        seed=seed,
        kinds=tuple(kind.strip() for kind in kinds.split(",")),
        train=train,
        val=val,
        test=test,
        size=size,
    )
    typer.echo(f"{out}: {train} train, {val} val, {test} test")
