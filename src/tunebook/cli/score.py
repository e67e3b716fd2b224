"""`tunebook score`: score stored predictions again, without training."""

from tunebook.cli.paths import Where, chosen


def score(where: Where) -> None:
    """Score what is predicted as the studies ask by now; nothing is trained.

    Another selection split, another evaluator or other scoring settings: what changes is said, and the page is renewed.
    Runs that would have to be trained are counted and left to `tunebook run`.
    """
    from tunebook.cli.run import stoppable
    from tunebook.cli.scoring import score_studies

    book, names = chosen(where)
    with stoppable():
        score_studies(book, names)
