"""`tunebook score`: score stored predictions again, without training."""

from tunebook.cli.paths import Where


def score(where: Where) -> None:
    """Score what is predicted as the studies ask by now; nothing is trained."""
