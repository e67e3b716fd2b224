"""`tunebook pack`: a book as one file for a colleague."""

from pathlib import Path
from typing import Annotated

import typer

from tunebook.cli.applying import FORCE
from tunebook.cli.paths import BookPath


def pack(
    book: BookPath,
    to: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="NAME.tar.gz or NAME.zip; default: BOOK.tar.gz here.", show_default=False),
    ] = None,
    data: Annotated[
        bool, typer.Option("--data", help="With the data that its runs read, wherever they lie; without: no data.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help=FORCE)] = False,
) -> None:
    """Write a book without its checkpoints into an archive that a colleague opens, scores again and audits.

    Equal books give equal bytes.
    """
    from tunebook.book import Book
    from tunebook.cli.applying import beside, refuse_existing
    from tunebook.cli.packing import archived, contents
    from tunebook.cli.pruning import size
    from tunebook.errors import InputError, Problem
    from tunebook.report.wording import counted

    whole = Book.load(book)
    to = to or Path(f"{whole.path.name}.tar.gz")
    if not to.name.endswith((".tar.gz", ".tgz", ".zip")):
        raise InputError(Problem("--to", f"must end in .tar.gz or .zip; got {to.name}", f"--to {to.stem}.tar.gz"))
    refuse_existing([to], force=force)
    with whole.writing(), whole.look() as ledger, beside(to) as folder:
        found = contents(whole, ledger, data=data)
        archived(found, folder / to.name)
        (folder / to.name).replace(to)
    for line in found.put_in:
        typer.echo(f"with {line}")
    for line in found.left_out:
        typer.echo(f"without {line}")
    typer.echo(f"{to}: {counted(len(found.files), 'file')}, {size(to.stat().st_size)}")
