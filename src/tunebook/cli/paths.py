"""What a command's argument means: a book, or one study of it."""

from pathlib import Path
from typing import Annotated

import typer

from tunebook.book import Book, place

Where = Annotated[
    Path, typer.Argument(help="A book's folder, or one study file in it (BOOK/NAME.study.yaml).", show_default=False)
]


def chosen(where: Path) -> tuple[Book, tuple[str, ...]]:
    """The book, and the names of the studies that an argument means, in the order of running.

    A study file means that study alone; the book still holds those it builds on.
    """
    folder, name = place(where)
    book = Book.load(folder, only=name)
    if name is None:
        return book, tuple(declared.study.study for declared in book.studies)
    return book, (next(d.study.study for d in book.studies if d.file == name),)
