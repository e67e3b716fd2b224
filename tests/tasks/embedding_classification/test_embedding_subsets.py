"""Which rows a head is trained on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_examples import refused, rows_of

from tunebook.errors import DataError
from tunebook.tasks.embedding_classification.config import Subset
from tunebook.tasks.embedding_classification.rows import Kind, Rows
from tunebook.tasks.embedding_classification.subsets import plain_set, training_set

TEN = [[1]] * 4 + [[0]] * 6
CLASSES = [[1, 0, 0]] * 8 + [[0, 1, 0]] * 4 + [[0, 0, 1]] * 2 + [[0, 0, 0]] * 6


def kept(rows: Rows, subset: dict[str, object], *, kind: Kind = "binary", seed: int = 0) -> list[int]:
    """Numbers of the rows that are trained on, in their order."""
    found = training_set(rows, Subset.model_validate(subset), kind=kind, seed=seed)
    numbers = found.embeddings[:, 0].astype(int)

    assert np.array_equal(found.targets, rows.targets[numbers])
    assert found.embeddings.dtype == found.targets.dtype == np.float32
    return numbers.tolist()


def test_without_a_subset_all_embedded_rows_are_used():
    """In their order; a row without an embedding is none to train on."""
    rows = rows_of(TEN)
    rows.embeddings[3] = np.nan

    assert kept(rows, {}) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert plain_set(rows).embeddings[:, 0].tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert plain_set(rows).targets.ravel().tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0]


def test_rows_of_other_qualities_are_left_out():
    """Rows without a quality stay."""
    rows = rows_of(TEN, quality=["High", "Low", "", "Medium", "High", "Low", "", "Low", "Medium", "High"])

    assert kept(rows, {"quality": ["High"]}) == [0, 2, 4, 6, 9]
    assert kept(rows, {"quality": ["High", "Medium"]}) == [0, 2, 3, 4, 6, 8, 9]


def test_easy_negatives_are_left_out():
    """Rows that carry a class stay whatever their hardness; one of unknown hardness is not hard."""
    rows = rows_of(TEN, hardness=[0.0, np.nan, 0.9, 0.1, 0.5, 0.49, 0.99, np.nan, 0.85, 0.0])

    assert kept(rows, {"negatives": 0.5}) == [0, 1, 2, 3, 4, 6, 8]


@given(seed=st.integers(0, 99), count=st.integers(2, 3))
def test_a_small_positive_subset_lies_within_a_larger_one(seed: int, count: int):
    """With one seed; the rows of no class all stay."""
    rows = rows_of(TEN)
    small, large = (kept(rows, {"positives": number}, seed=seed) for number in (count, count + 1))

    assert set(small) < set(large)
    assert [sum(number < 4 for number in rows) for rows in (small, large)] == [count, count + 1]
    assert set(range(4, 10)) <= set(small)


@pytest.mark.parametrize("positives", [1, 1.0, 2.5])
def test_what_may_be_a_share_or_a_number_is_refused(positives: float):
    """1.0 would be all rows for one reader and a single one for another."""
    with pytest.raises(ValueError, match="must be a share below 1, or a number of rows, at least 2"):
        Subset(positives=positives)


def test_a_share_of_the_positives_is_rounded_and_never_nothing():
    """Half of four are two, a hundredth of four is one."""
    assert len(kept(rows_of(TEN), {"positives": 0.5})) == 8
    assert len(kept(rows_of(TEN), {"positives": 0.01})) == 7


@pytest.mark.parametrize(("count", "each"), [(3, [1, 1, 1]), (7, [4, 2, 1]), (14, [8, 4, 2])])
def test_few_positives_are_spread_over_the_classes(count: int, each: list[int]):
    """One of every class first, then in the shares of the classes."""
    found = kept(rows_of(CLASSES), {"positives": count}, kind="multi-class")

    assert np.sum([CLASSES[row] for row in found], axis=0).tolist() == each


def test_a_row_keeps_its_number_when_others_are_left_out():
    """Drawing among rows of one quality takes those first that are drawn first among all."""
    rows = rows_of([[1]] * 40 + [[0]], quality=["High", "Low"] * 20 + [""])
    among_all = kept(rows, {"positives": 20}, seed=4)
    among_high = kept(rows, {"positives": 10, "quality": ["High"]}, seed=4)
    high = [number for number in among_all if number % 2 == 0]

    assert set(among_high) <= set(high) or set(among_high) >= set(high)


def test_seeds_draw_differently_and_each_repeats_itself():
    """What is drawn depends on the seed alone."""
    rows = rows_of([[1]] * 30 + [[0]] * 30)
    drawn = [tuple(kept(rows, {"positives": 10}, seed=seed)) for seed in (0, 0, 1)]

    assert drawn[0] == drawn[1] != drawn[2]


def test_the_larger_side_is_drawn_down_to_the_smaller():
    """Whichever side of a binary task that is."""
    many = rows_of([[1]] * 9 + [[0]] * 2)

    assert sum(row >= 4 for row in kept(rows_of(TEN), {"balance": True})) == 4
    assert {9, 10} < set(kept(many, {"balance": True}))
    assert len(kept(many, {"balance": True})) == 4


def test_every_class_is_drawn_down_to_the_smallest():
    """Background is no class: it is drawn down as well, but nothing is drawn down to it."""
    found = kept(rows_of(CLASSES), {"balance": True}, kind="multi-class")
    scarce = kept(rows_of([*CLASSES[:14], [0, 0, 0]]), {"balance": True}, kind="multi-class")

    assert np.sum([CLASSES[row] for row in found], axis=0).tolist() == [2, 2, 2]
    assert sum(row >= 14 for row in found) == 2
    assert len(scarce) == 7


@given(labels=st.lists(st.lists(st.integers(0, 1), min_size=3, max_size=3), min_size=5, max_size=40))
def test_balanced_rows_of_several_classes_leave_no_class_short(labels: list[list[int]]):
    """Every class has as many rows as the smallest, or more where they come with other classes."""
    rows = rows_of([*labels, [1, 1, 0], [0, 1, 1]])
    least = int(rows.targets.sum(axis=0).min())
    found = rows.targets[kept(rows, {"balance": True}, kind="multi-label")]

    assert (found.sum(axis=0) >= least).all()
    assert (found.sum(axis=1) == 0).sum() <= least


def test_what_cannot_be_kept_is_refused_at_once():
    """A quality that no row has, hardness that is nowhere."""
    rows = rows_of(TEN, quality=["High"] * 10)

    assert refused(lambda: kept(rows, {"quality": ["high", "High"], "negatives": 0.5})) == [
        ("subset.quality", "must be a quality of training rows; got high"),
        ("subset.negatives", "must have training rows with a hardness; got none"),
    ]


def test_more_positives_than_there_are_is_refused():
    """A point of a sweep is what it says, or nothing."""
    assert refused(lambda: kept(rows_of(TEN), {"positives": 5})) == [
        ("subset.positives", "must be at most the 4 training rows that carry a class; got 5")
    ]


def test_a_subset_that_loses_a_class_is_refused():
    """A side of a binary task, or a class of several."""
    sides = rows_of(TEN, quality=["Low"] * 4 + ["High"] * 6)
    with pytest.raises(DataError, match="must leave positive and negative rows; it leaves no positive ones"):
        kept(sides, {"quality": ["High"]})
    with pytest.raises(DataError, match="must leave a row of every class; it leaves none of 1 of 3 classes"):
        kept(rows_of(CLASSES), {"positives": 2}, kind="multi-class")
