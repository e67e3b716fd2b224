"""From rows to items."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tunebook.errors import DataError
from tunebook.tasks.embedding_classification.pooling import numbered, of_any_row, of_items, pooled

POOLS = ("max", "mean", "top-k")


@st.composite
def _rows(draw):
    """Scores of rows, of which some have none, with the number of each row's item."""
    number = draw(st.integers(1, 20))
    said = draw(arrays(np.float64, (number, 2), elements=st.floats(-9, 9)))
    said[draw(arrays(bool, number))] = np.nan
    return said, np.unique(draw(arrays(np.int64, number, elements=st.integers(0, 5))), return_inverse=True)[1]


def test_names_are_numbered_as_they_appear():
    """From 0, none left out."""
    assert numbered(["b", "a", "b", "c"]).tolist() == [0, 1, 0, 2]
    assert numbered([]).tolist() == []


@given(_rows(), st.integers(1, 4))
def test_items_are_pooled_by_their_rows_with_a_score(rows, k):
    """Max, mean and mean of the k largest, as they are written down; -inf where no row has a score."""
    said, items = rows
    found = {pool: pooled(said, items, pool=pool, k=k) for pool in POOLS}

    for item in range(items.max() + 1):
        own = said[items == item]
        own = np.sort(own[~np.isnan(own).any(axis=1)], axis=0)[::-1]
        lacking = np.full(2, -np.inf)
        np.testing.assert_allclose(found["max"][item], own[0] if len(own) else lacking)
        np.testing.assert_allclose(found["mean"][item], own.mean(axis=0) if len(own) else lacking, atol=1e-12)
        np.testing.assert_allclose(found["top-k"][item], own[:k].mean(axis=0) if len(own) else lacking, atol=1e-12)


@pytest.mark.parametrize("pool", POOLS)
@given(rows=_rows(), seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(pool, rows, seed):
    """Rows of one recording may stand anywhere in a table."""
    said, items = rows
    order = np.random.default_rng(seed).permutation(len(said))

    expected = pooled(said, items, pool=pool, k=2)
    np.testing.assert_allclose(pooled(said[order], items[order], pool=pool, k=2), expected, atol=1e-12)


@given(_rows())
def test_one_of_the_largest_is_the_largest(rows):
    """top-k with k = 1 is max, with a large k the mean."""
    said, items = rows

    assert np.array_equal(pooled(said, items, pool="top-k", k=1), pooled(said, items, pool="max", k=9))
    np.testing.assert_allclose(
        pooled(said, items, pool="top-k", k=99), pooled(said, items, pool="mean", k=1), atol=1e-12
    )


@pytest.mark.parametrize("pool", POOLS)
def test_rows_by_themselves_stay_as_they_are(pool):
    """An item of one row has its score, also a float32 one, exactly."""
    said = np.array([[0.1], [np.nan], [-3.7]], np.float32)

    assert pooled(said, np.arange(3), pool=pool, k=3).tolist() == [[float(np.float32(0.1))], [-np.inf], [said[2, 0]]]


def test_no_rows_are_no_items():
    """An empty split stays empty."""
    assert pooled(np.empty((0, 2)), numbered([]), pool="max", k=1).shape == (0, 2)
    assert of_any_row(np.empty((0, 2)), numbered([])).shape == (0, 2)


def test_an_item_has_what_any_of_its_rows_has():
    """Also a row that has no embedding, and soft targets."""
    targets = np.array([[0.0, 1.0], [0.0, 0.0], [0.5, 0.0]])

    assert of_any_row(targets, np.array([0, 1, 0])).tolist() == [[True, True], [False, False]]


def test_an_item_is_of_one_group():
    """A recording whose rows are of two groups cannot be scored in either: it is named."""
    items, names = np.array([0, 0, 1]), ["r0", "r0", "r1"]

    assert of_items(np.array([4, 4, 2]), items, names=names).tolist() == [4, 2]
    with pytest.raises(DataError, match=r"must be items whose rows are all of one group; 1 are of several: r0"):
        of_items(np.array([4, 5, 2]), items, names=names)
