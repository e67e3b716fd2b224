"""`tunebook note`: what people say of a study, kept with its runs and shown on its page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunebook.cli.page import renew_index
from tunebook.cli.paths import StudyPath, one_study

if TYPE_CHECKING:  # only names: help does not wait for these
    from tunebook.runs.ratings import Noted


def note(
    where: StudyPath,
    ratings: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="Ratings of masks, as the gallery of its page exports them.", show_default=False
        ),
    ],
) -> None:
    """Read what a person thinks of a study's masks: measurements with their rater, on the page beside the scores.

    A later rating of a mask takes the place of the same rater's earlier one; the same file twice changes nothing. No
    rule looks at ratings.
    """
    from tunebook import study as conductor
    from tunebook.runs.ratings import note_ratings

    book, name = one_study(where)
    with book.writing(), book.ledger() as ledger:
        typer.echo(f"{name}: {_said(note_ratings(ratings, name, ledger, book.path))}")
        rendered = conductor.page(name, ledger, book.path)
        for path in (rendered.html, rendered.markdown):
            typer.echo(f"{name}: {path}")
        typer.echo(renew_index(book, ledger))


def _said(noted: "Noted") -> str:
    """`12 ratings by Ada, of 3 configurations on test: 10 new, 2 known already`."""
    fates = {
        "new": noted.new,
        "in the place of an earlier one": noted.replaced,
        "known already": noted.known,
        "left out, for a later day's counts": noted.outrun,
    }
    total = sum(fates.values())
    counts = ", ".join(f"{n:,} {what}" for what, n in fates.items() if n)
    of = f"{noted.configurations:,} configuration{'' if noted.configurations == 1 else 's'}"
    return f"{total:,} rating{'' if total == 1 else 's'} by {noted.rater}, of {of} on {noted.split}: {counts}"
