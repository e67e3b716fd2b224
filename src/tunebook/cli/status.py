"""`tunebook status`: how far the studies of a book are."""

from tunebook.cli.paths import Where


def status(where: Where) -> None:
    """Show how far studies are, what runs, and what they take on the disk."""
