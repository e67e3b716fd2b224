"""`tunebook note`: what people say of a study, kept with its runs and shown on its page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunebook.cli.page import renew_index, show
from tunebook.cli.paths import StudyPath, one_study
from tunebook.cli.signing import user

if TYPE_CHECKING:  # only names: help does not wait for these
    from tunebook.book import Book
    from tunebook.ledger.ledger import Ledger
    from tunebook.records import Note
    from tunebook.runs.ratings import Noted


def note(
    where: StudyPath,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar='[VALUES] "TEXT"',
            help="What you have to say, last and in quotes; before it the values that single a configuration out "
            "(alpha=4 rank=8), or 4 digits or more of its id, where it is about one.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="NAME", help="Who says it; default: who is logged in.", show_default=False)
    ] = "",
    ratings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Ratings of masks, as the gallery of its page exports them.", show_default=False
        ),
    ] = None,
) -> None:
    """Keep a person's words on a study or on one of its configurations, signed and dated on its page; or their ratings.

    A note is kept for good; who thinks otherwise later writes another. {{score}} or {{METRIC on SPLIT alpha=4}} in it
    is a number of the ledger. Longer texts may stand in NAME.notes.md beside NAME.study.yaml. A note may be kept while
    `tunebook run` holds the book.

    Ratings are measurements with their rater. A later rating of a mask takes the place of the same rater's earlier one;
    the same file twice changes nothing. No rule looks at notes or ratings.
    """
    from tunebook import study as conductor

    _check(words or [], by, ratings)
    book, name = one_study(where)
    if ratings is None and conductor.under_way(book.path) is not None:
        with book.look() as ledger:  # a note is a file of its own: it is kept beside a `tunebook run`
            typer.echo(f"{name}: {_said(_note(words or [], by or user(), name, book, ledger))}")
        typer.echo(f"{name}: tunebook run holds the book and shows it on the next page that it writes")
        return
    with book.writing(), book.ledger() as ledger:
        if ratings is not None:
            from tunebook.runs.ratings import note_ratings

            typer.echo(f"{name}: {_rated(note_ratings(ratings, name, ledger, book.path))}")
        else:
            typer.echo(f"{name}: {_said(_note(words or [], by or user(), name, book, ledger))}")
        show(name, ledger, book)
        typer.echo(renew_index(book, ledger))


def _check(words: list[str], by: str, ratings: Path | None) -> None:
    """Refuse words that do not go together."""
    if ratings is not None and (words or by):
        raise typer.BadParameter("must stand alone: a file of ratings names its rater", param_hint="--ratings")
    if ratings is None and not words:
        raise typer.BadParameter('must be given: "what you saw", or --ratings FILE', param_hint="TEXT")


def _note(words: list[str], by: str, name: str, book: "Book", ledger: "Ledger") -> "Note":
    """Write it down.

    Raises:
        InputError: when the text was forgotten or stands without quotes, or as `study.note` does.
    """
    from datetime import datetime

    from tunebook import study as conductor
    from tunebook.errors import InputError, Problem

    *values, text = words
    quotes = f'tunebook note {name}{"".join(f" {value}" for value in values if "=" in value)} "what you saw"'
    if "=" in text and len(text.split()) == 1:
        raise InputError(Problem("note", f"must end with a text; got {text}", quotes))
    today = datetime.now().astimezone().date()
    found = conductor.table(name, ledger, book.path)
    try:
        return conductor.note(found, ledger, text=text, by=by, choice=" ".join(values), on=today)
    except InputError as error:
        if sum("=" not in value for value in values) < 2:
            raise
        raise InputError(*error.problems, Problem("note", "must have its text as one word", quotes)) from None


def _said(noted: "Note") -> str:
    on = f" on {noted.label or noted.configuration}" if noted.configuration else ""
    return f"noted{on} by {noted.by}, {noted.on}"


def _rated(noted: "Noted") -> str:
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
