"""What people think of masks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score
from study_tables import AIS, a_row, a_run, a_table

from tunebook.analyse import Unavailable, decide
from tunebook.analyse.ratings import Agreement, rank_correlation, ratings, weighted_kappa
from tunebook.records import Case, Rating


def rated(item: str, value: int, rater: str = "Ada", *, blind: bool = True, split: str = "test") -> Rating:
    return Rating(split, item, value, rater, blind, "2030-01-31")


def row(label: str, *given: Rating, test: float | None = 0.4, **other: object):
    """A configuration with one rated run."""
    return a_row(label, a_run(0, val=0.5, test=test, id=f"run-{label}", ratings=given), **other)


def test_without_ratings_there_is_nothing():
    """Most studies have none."""
    assert ratings(a_table(row("a"))) is None


def test_a_mean_is_over_items():
    """An item that many rated weighs no more than one that few did."""
    given = [rated("x", 1), rated("x", 2, "Grace"), rated("x", 3, "Max", blind=False), rated("y", 5)]
    (found,) = ratings(a_table(row("a", *given))).rows

    assert (found.mean, found.sd) == (3.5, pytest.approx(np.std([2, 5], ddof=1)))
    assert (found.items, found.ratings, found.blind, found.raters) == (2, 4, 3, ["Ada", "Grace", "Max"])
    assert found.score == 0.4


def test_one_item_has_no_spread():
    """Of one number nothing is known beside it."""
    (found,) = ratings(a_table(row("a", rated("x", 4)))).rows

    assert (found.mean, found.sd, found.items) == (4, None, 1)


def test_the_blind_rating_counts():
    """Where a rater gave one openly too; another rater's open one stays."""
    given = [rated("x", 5, blind=False), rated("x", 2), rated("x", 4, "Grace", blind=False)]
    (found,) = ratings(a_table(row("a", *given))).rows

    assert (found.mean, found.ratings, found.blind) == (3, 2, 1)


def test_runs_of_a_configuration_are_rated_together():
    """Its mean is over both seeds; the score is that of the rated runs alone."""
    runs = [a_run(seed, test=score, ratings=given) for seed, score, given in (
        (0, 0.2, (rated("x", 1),)), (1, 0.4, (rated("x", 4),)), (2, 0.9, ()),
    )]  # fmt: skip
    (found,) = ratings(a_table(a_row("a", *runs))).rows

    assert (found.mean, found.ratings) == (2.5, 2)
    assert found.score == pytest.approx(0.3)


def test_the_best_rated_comes_first_in_its_case():
    """Cases and splits are not mixed."""
    cells, nuclei = Case({"root": "cells"}), Case({"root": "nuclei"})
    table = a_table(
        row("a", rated("x", 2), case=cells), row("b", rated("x", 4), case=cells),
        row("a", rated("x", 5), rated("y", 3, split="val"), case=nuclei),
    )  # fmt: skip

    assert [(each.label, each.case.label, each.split, each.mean) for each in ratings(table).rows] == [
        ("b", "root=cells", "test", 4), ("a", "root=cells", "test", 2), ("a", "root=nuclei", "test", 5),
        ("a", "root=nuclei", "val", 3),
    ]  # fmt: skip


def test_ratings_and_metric_are_ranked_together():
    """Over configurations with a score; a baseline is listed and left out of it."""
    four = (("a", 1, 0.1), ("b", 2, 0.3), ("c", 4, 0.2), ("d", 5, 0.4))
    rows = [row(name, rated("x", value), test=score) for name, value, score in four]
    table = a_table(*rows, row("e", rated("x", 3), test=None), baselines=(row("black", rated("x", 1), test=0.0),))
    found = ratings(table)
    (correlation,) = found.correlations

    assert (correlation.rho, correlation.n, correlation.split) == (pytest.approx(0.8), 4, "test")
    assert (correlation.p, correlation.exact) == (pytest.approx(8 / 24), True)
    assert [(each.label, each.baseline) for each in found.rows][-1] == ("black", True)


def test_few_or_equal_ratings_have_no_correlation():
    """And the reason is said."""
    two = a_table(row("a", rated("x", 1), test=0.1), row("b", rated("x", 2), test=0.2))
    same = a_table(*(row(name, rated("x", 3), test=0.1 * at) for at, name in enumerate("abc")))

    assert ratings(two).correlations == [Unavailable(f"fewer than 3 rated configurations have {AIS} on test: 2")]
    assert ratings(same).correlations == [
        Unavailable("all 3 rated configurations have the same mean rating on test")
    ]  # fmt: skip


def test_raters_are_compared_on_masks_that_both_rated():
    """Pair by pair; who rated nothing in common is not compared."""
    one = row("a", rated("x", 1), rated("x", 1, "Grace"), rated("y", 5), rated("y", 4, "Grace"), rated("z", 3, "Max"))
    found = ratings(a_table(one, row("b", rated("x", 2), rated("x", 2, "Grace"))))

    kappa = pytest.approx(cohen_kappa_score([1, 5, 2], [1, 4, 2], weights="quadratic", labels=[1, 2, 3, 4, 5]))
    assert found.agreements == (Agreement(("Ada", "Grace"), 3, 2, kappa),)


def test_kappa_is_that_of_the_field():
    """As scikit-learn computes it, on random ratings; undefined where all are equal."""
    draw = np.random.default_rng(5)
    for n in (2, 7, 50):
        one = draw.integers(1, 6, n)
        other = np.clip(one + draw.integers(-1, 2, n), 1, 5)
        expected = cohen_kappa_score(one, other, weights="quadratic", labels=[1, 2, 3, 4, 5])
        assert weighted_kappa(one.tolist(), other.tolist()) == pytest.approx(expected)
    assert weighted_kappa([3, 3], [3, 3]) is None


def test_rank_correlation_is_that_of_scipy():
    """Ties too; p of many values is from t, of few from every order."""
    draw = np.random.default_rng(6)
    for n in (9, 30):
        one, other = draw.integers(1, 6, n).tolist(), draw.random(n).tolist()
        rho, p, exact = rank_correlation(one, other)
        expected = spearmanr(one, other)
        assert (rho, p, exact) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue), False)
    assert rank_correlation([1, 2, 3], [3, 5, 9]) == (pytest.approx(1), pytest.approx(2 / 6), True)


def test_no_rule_looks_at_ratings():
    """The decision is the same without them, and with the opposite ones."""
    table = a_table(row("a", rated("x", 1)), a_row("b", a_run(0, val=0.3)))
    other = replace(table.rows[1].runs[0], ratings=(rated("x", 5),))
    turned = replace(table, rows=(a_row("a", a_run(0, val=0.5)), a_row("b", other)))

    assert decide(table).configuration == decide(turned).configuration == "a"
