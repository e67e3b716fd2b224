"""`tunebook new`: a book to begin with, from the data that are there."""

from tunebook.cli.paths import BookPath


def new(book: BookPath) -> None:
    """Write a book with one commented study on data that are there."""
