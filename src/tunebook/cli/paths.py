"""What a command's argument means: a book, or one study of it.

Every command imports what it works with inside its function, so that help and mistakes in the arguments are
answered at once.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # only names: the import would cost the help of every command half a second
    from tunebook.book import Book

Where = Annotated[
    Path,
    typer.Argument(
        metavar="BOOK",
        help="A book's folder, or one study in it (BOOK/NAME or BOOK/NAME.study.yaml).",
        show_default=False,
    ),
]
BookPath = Annotated[Path, typer.Argument(metavar="BOOK", help="A book's folder.", show_default=False)]


def chosen(where: Path) -> "tuple[Book, tuple[str, ...]]":
    """The book, and the names of the studies that an argument means, in the order of running.

    A study file means that study alone; the book still holds those it builds on.
    """
    from tunebook.book import Book, place

    folder, file = place(where)
    book = Book.load(folder, only=file)
    wanted = None if file is None else file.resolve()
    return book, tuple(declared.study.study for declared in book.studies if wanted in (None, declared.path))
