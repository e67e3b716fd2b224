"""`tunebook page`: make the pages again from ledger and run folders."""

import gc
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunebook.cli.paths import Where, chosen

if TYPE_CHECKING:  # only names: help does not wait for these
    from collections.abc import Sequence

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

    Exit code 2 when a study has not been run; the pages of the others are written. While `tunebook run` holds the book,
    it writes the page of its study itself, about every minute; this says where. With --to, studies that have not
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
    if _is_renewed(names, book):
        return
    problems: list[Problem] = []
    with book.writing(), book.ledger() as ledger:
        for name in names:
            try:
                show(name, ledger, book, without_costs=without_costs)
            except InputError as error:
                problems += error.problems
        typer.echo(renew_index(book, ledger))
        for said in edited(book, names, ledger):
            typer.echo(said, err=True)
    if problems:
        raise InputError(*problems)


def _is_renewed(names: "Sequence[str]", book: "Book") -> bool:
    """Say where a page is that `tunebook run` writes meanwhile; False where none writes one of these."""
    from tunebook import study as conductor

    held = conductor.under_way(book.path)
    if held is None or held.study not in names:
        return False
    for name in names:
        path = book.path / "pages" / f"{name}.html"
        if name == held.study:
            when = "again about every minute" if path.exists() else "for the first time once a run has ended"
            typer.echo(f"{name}: {path}: tunebook run holds the book and writes it {when}")
        elif path.exists():
            typer.echo(f"{name}: {path}: as it was; tunebook run holds the book and works on {held.study}")
    return True


def show(name: str, ledger: "Ledger", book: "Book", *, without_costs: bool = False) -> None:
    """Write the page of a study, and say where it is and what a person's words ask of the ledger in vain."""
    from tunebook import study as conductor

    rendered = conductor.page(name, ledger, book.path, without_costs=without_costs)
    for path in (rendered.html, rendered.markdown):
        typer.echo(f"{name}: {path}")
    for said in rendered.unresolved:
        typer.echo(f"{name}: not known, {said}", err=True)


def edited(book: "Book", names: Iterable[str], ledger: "Ledger") -> Iterator[str]:
    """A line for each study whose file declares something else than when it was run: what is shown is as it was."""
    from tunebook.study.stated import is_edited

    for name in names:
        declared = book.find(name)
        if is_edited(name, declared.text, ledger):
            yield f"{name} was edited since it was run; tunebook run {book.path / name}"


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
        old = tuple(edited(book, [each.study.study for each in book.studies], ledger))
    removed = f", {found.removed:,} of before removed" if found.removed else ""
    typer.echo(f"{book.file.book}: {to}: {found.files:,} files, {found.bytes / 1e6:.1f} MB{removed}")
    for name, size in found.long.items():
        typer.echo(f"{book.file.book}: {to / name} has {size / 1e6:.1f} MB: GitHub shows its beginning only")
    for said in old:
        typer.echo(said, err=True)


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
