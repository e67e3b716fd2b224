"""The card of what people think of masks."""

import pytest
from study_tables import AIS, a_row, a_run, a_table

from tunebook.records import MetricFacts, Rating
from tunebook.report import compose
from tunebook.report.ratings import ratings_card

FOUR = (("a", 1, 0.1), ("b", 2, 0.3), ("c", 4, 0.2), ("d", 5, 0.4))


def rating(value: int, item: str = "x", rater: str = "Ada", *, blind: bool = True) -> Rating:
    return Rating("test", item, value, rater, blind, "2030-01-31")


def row(label: str, *given: Rating, test: float | None = 0.4):
    return a_row(label, a_run(0, val=0.5, test=test, id=f"run-{label}", ratings=given))


def four(**facts: object):
    """Four configurations, each rated once."""
    return a_table(*(row(label, rating(value), test=score) for label, value, score in FOUR), **facts)


def lines(card, title: str) -> list[str]:
    (block,) = (block for block in card.blocks if getattr(block, "title", "") == title)
    return list(block.lines)


def test_only_rated_studies_have_the_card():
    """It is on the page where someone rated, and nowhere else."""
    unrated = a_table(row("a"), row("b"))

    assert ratings_card(unrated) is None
    assert "ratings" not in {card.anchor for card in compose(unrated).cards}
    assert "ratings" in {card.anchor for card in compose(four()).cards}


def test_it_says_whose_word_it_is():
    """Who rated how much, how many blind, and that nothing follows from it."""
    card = ratings_card(a_table(row("a", rating(1), rating(4, "y", "Grace", blind=False)), row("b", rating(2))))

    assert card.sentence == (
        "Ada and Grace rated masks of 2 configurations from 1 (worst) to 5 (best): 3 ratings, 2 of them blind. A "
        "rating is a person's word: it is no metric, and no rule looks at it."
    )
    assert "Who rates openly sees names and scores, and may rate these." in card.caveats


def test_a_row_has_its_mean_and_what_is_behind_it():
    """Rating ± sd over items, items, ratings, blind ones, raters, and the score beside them."""
    table = a_table(row("a", rating(1), rating(4, "y", "Grace", blind=False)), row("b", rating(5), test=None))
    grid = ratings_card(table).blocks[0]

    assert [[value.text for value in cells] for cells in grid.rows] == [
        ["b", "5.00", "1", "1", "1", "Ada", "no score on test"],
        ["a", "2.50 ± 2.12", "2", "2", "1", "Ada and Grace", "0.400"],
    ]
    assert [heading.text for heading in grid.headings][-1] == AIS


def test_the_metric_is_held_against_the_ratings():
    """With n and p, or with the reason why not."""
    card = ratings_card(four())

    assert lines(card, "Ratings and the metric") == [
        "Spearman's rank correlation of mean ratings and ais.msa on test is 0.80 (n = 4 configurations, p = 0.33)."
    ]
    assert "p is from every order of the configurations; baselines are left out." in card.caveats[1]
    assert lines(ratings_card(a_table(row("a", rating(3)))), "Ratings and the metric") == [
        "No rank correlation: fewer than 3 rated configurations have ais.msa on test: 1."
    ]


def test_a_metric_that_should_be_low_says_so():
    """Else a negative correlation would read as disagreement."""
    loss = {AIS: MetricFacts(AIS, "minimize", "A loss")}
    (said,) = lines(ratings_card(four(metrics=loss)), "Ratings and the metric")

    assert "ais.msa on test, where lower is better, is 0.80" in said


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (4, "2 masks, 1 of them alike; Cohen's kappa with quadratic weights is 0.92."),
        (None, "1 mask, 1 of them alike; kappa is not defined, for all their ratings are equal."),
    ],
)
def test_raters_are_held_against_each_other(other: int | None, said: str):
    """Where two rated the same masks."""
    given = [rating(1), rating(1, rater="Grace"), rating(5, "y")]
    given += [] if other is None else [rating(other, "y", "Grace")]

    assert lines(ratings_card(a_table(row("a", *given))), "Raters among themselves") == [
        f"Ada and Grace both rated {said}"
    ]
