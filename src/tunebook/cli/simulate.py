"""`tunebook simulate`: images and tables with known truth."""

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


@group.command()
def embeddings(
    out: Annotated[Path, typer.Option(help="A new or empty folder.")],
    seed: Annotated[int, typer.Option(help="Decides every number.", min=0)] = 0,
    classes: Annotated[int, typer.Option(help="Classes, beside rows of noise.", min=2, max=8)] = 4,
    sites: Annotated[int, typer.Option(help="Sites; the last is the split ood.", min=2)] = 4,
    recordings: Annotated[int, typer.Option(help="Recordings of each class at each site.", min=5)] = 10,
    windows: Annotated[int, typer.Option(help="Rows of each recording.", min=1)] = 3,
    width: Annotated[int, typer.Option(help="Length of an embedding.", min=8)] = 32,
) -> None:
    """Write a table of embeddings that are made up: train, val, test, and ood from a site of its own."""
    from tunebook import simulate

    simulate.embeddings(
        out, seed=seed, classes=classes, sites=sites, recordings=recordings, windows=windows, width=width
    )
    rows = (classes + 1) * sites * recordings * windows
    typer.echo(f"{out / 'embeddings.parquet'}: {rows} rows")


@group.command()
def scans(
    out: Annotated[Path, typer.Option(help="A new or empty folder.")],
    seed: Annotated[int, typer.Option(help="Decides every pixel.", min=0)] = 0,
    train: Annotated[int, typer.Option(help="Training images.", min=1)] = 8,
    val: Annotated[int, typer.Option(help="Images to select on.", min=1)] = 4,
    test: Annotated[int, typer.Option(help="Images to report on.", min=1)] = 4,
    size: Annotated[int, typer.Option(help="Side of an image in pixels.", min=64)] = 256,
    blank: Annotated[int, typer.Option(help="Images of each split, its first ones, without foreground.", min=0)] = 0,
) -> None:
    """Write scans of aged pages with the masks of what a pen wrote, 1 to 3 % of a page: train, val, test."""
    from tunebook import simulate

    simulate.scans(out, seed=seed, train=train, val=val, test=test, size=size, blank=blank)
    typer.echo(f"{out}: {train} train, {val} val, {test} test")
