"""`tunebook look`: what data hold, before anything is trained on them."""

from tunebook.cli.paths import BookPath


def look(data: BookPath) -> None:
    """Show what a folder, a table or a book's data hold."""
