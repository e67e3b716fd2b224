"""`tunebook page`: make the pages again from ledger and run folders."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunebook.cli.paths import Where, chosen

if TYPE_CHECKING:  # only names: help does not wait for these
    from tunebook.book import Book
    from tunebook.ledger.ledger import Ledger


def page(
    where: Where,
    without_costs: Annotated[
        bool, typer.Option("--without-costs", help="Leave out time, memory and machine: only facts.")
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write a folder for GitHub and GitBook instead: README.md (the index), SUMMARY.md, a Markdown page "
            "for each study with its pictures; relative links only.",
            show_default=False,
        ),
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="With --to: the HTML pages too, in DIR/html.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --to: write over files of the same names that are not its own.")
    ] = False,
) -> None:
    """Write the pages of a book's studies; the same ledger gives the same bytes.

    Exit code 2 when a study has not been run; the pages of the others are written. With --to, studies that have not
    been run stand in the index without a page, other files in the folder stay, and what this wrote there before and
    does not write again is removed.
    """
    if to is not None:
        _publish(where, to, without_costs=without_costs, with_html=html, force=force)
        return
    if html or force:
        raise typer.BadParameter("must be given with --to; got none", param_hint="--html" if html else "--force")
    from tunebook.errors import InputError, Problem

    gc.disable()  # a page is made of millions of small values that live until its end: looking at them costs a fifth
    book, names = chosen(where)
    problems: list[Problem] = []
    with book.writing(), book.ledger() as ledger:
        for name in names:
            try:
                show(name, ledger, book, without_costs=without_costs)
            except InputError as error:
                problems += error.problems
        typer.echo(renew_index(book, ledger))
    if problems:
        raise InputError(*problems)


def show(name: str, ledger: "Ledger", book: "Book", *, without_costs: bool = False) -> None:
    """Write the page of a study, and say where it is and what a person's words ask of the ledger in vain."""
    from tunebook import study as conductor

    rendered = conductor.page(name, ledger, book.path, without_costs=without_costs)
    for path in (rendered.html, rendered.markdown):
        typer.echo(f"{name}: {path}")
    for said in rendered.unresolved:
        typer.echo(f"{name}: not known, {said}", err=True)


def _publish(where: Path, to: Path, *, without_costs: bool, with_html: bool, force: bool) -> None:
    """Write a folder for GitHub and GitBook, and say what is in it."""
    from tunebook.book import Book, publish
    from tunebook.errors import InputError, Problem

    gc.disable()
    if not where.is_dir():
        raise InputError(Problem(str(where), "must be a book for --to: its folder holds all pages", "name the book"))
    book = Book.load(where)
    with book.writing(), book.look() as ledger:
        found = publish(book, ledger, to=to, without_costs=without_costs, with_html=with_html, force=force)
    removed = f", {found.removed:,} of before removed" if found.removed else ""
    typer.echo(f"{book.file.book}: {to}: {found.files:,} files, {found.bytes / 1e6:.1f} MB{removed}")
    for name, size in found.long.items():
        typer.echo(f"{book.file.book}: {to / name} has {size / 1e6:.1f} MB: GitHub shows its beginning only")


def renew_index(book: "Book", ledger: "Ledger") -> str:
    """Write the index of a book, and say where it is; or that another study of the book cannot be read."""
    from tunebook.book import write_index
    from tunebook.errors import StudyError

    try:
        rendered = write_index(book.path, ledger)
        for said in rendered.unresolved:
            typer.echo(f"{book.file.book}: not known, {said}", err=True)
        return f"{book.file.book}: {rendered.html}"
    except StudyError as error:
        place = error.problems[0].place
        return f"{book.file.book}: the index was not written, for {place} cannot be read; tunebook check says why"
