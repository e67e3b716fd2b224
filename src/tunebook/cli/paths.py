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
StudyPath = Annotated[
    Path,
    typer.Argument(metavar="STUDY", help="A study of a book: BOOK/NAME or BOOK/NAME.study.yaml.", show_default=False),
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


def one_study(where: Path) -> "tuple[Book, str]":
    """The book, without its studies, and the name of the one study that an argument means.

    Raises:
        InputError: when it means no study, or a book with several.
    """
    from tunebook.book import Book, place
    from tunebook.errors import InputError, Problem
    from tunebook.spec.reading import ENDING, name_in

    folder, file = place(where)
    names = [name_in(each) for each in ([file] if file else sorted(folder.glob(f"*{ENDING}")))]
    if len(names) != 1:
        held = f"it holds {', '.join(names)}" if names else "it holds none"
        hint = f"name it: {where / names[0]}" if names else f"a study file is called NAME{ENDING}"
        raise InputError(Problem(str(where), f"must be one study of a book; {held}", hint))
    return Book.open(folder), names[0]
