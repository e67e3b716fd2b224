"""`tunebook prune`: give back the space of what can be made again."""

from tunebook.cli.paths import Where


def prune(where: Where) -> None:
    """Show what a book could do without; with --yes, remove it."""
