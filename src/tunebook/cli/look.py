"""`tunebook look`: what data hold, before anything is trained on them."""

from pathlib import Path
from typing import Annotated

import typer


def look(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="A folder of images and labels, a table of embeddings, or a book or one of its studies.",
            show_default=False,
        ),
    ],
    task: Annotated[
        str, typer.Option("--task", metavar="NAME", help="What they are data of; without it, the surest guess.")
    ] = "",
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            help="Write a page with a contact sheet here, one file that needs no other.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show what data hold: splits, sizes, objects, foreground or classes, and what is odd.

    Every item is read; nothing is written but the page that is asked for. Exit code 2 for data that no task knows.
    """
    import tempfile

    from tunebook.cli.looking import seen, show
    from tunebook.errors import InputError, Problem

    if to is not None and to.suffix.lower() not in (".html", ".htm"):
        raise InputError(Problem(str(to), "must be the name of an HTML file", f"--to {to.with_suffix('.html')}"))
    with tempfile.TemporaryDirectory(prefix="tunebook-look-") as folder:
        found = seen(data, task, thumbnails=Path(folder))
        show(found, data, to=to)
