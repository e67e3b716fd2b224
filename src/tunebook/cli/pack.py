"""`tunebook pack`: a book as one file for a colleague."""

from tunebook.cli.paths import BookPath


def pack(book: BookPath) -> None:
    """Write a book without its checkpoints into an archive."""
