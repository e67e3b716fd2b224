"""Items dealt out by shares or to folds: a group never stands in two."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.errors import DataError
from tunebook.splitting import LEFT_OUT, check_fold, dealt, folded, torn
from tunebook.tasks.embedding_classification import streams

groups_of_items = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40).map(
    lambda names: [(name,) for name in [*names, *"xyz"]]
)
NONE: tuple[str, ...] = ()


@given(groups=groups_of_items, folds=st.integers(2, 3), seed=st.integers(0, 99))
def test_a_group_never_spans_folds(groups, folds: int, seed: int):
    """Whatever groups and seed: each group is in one part, and no part is empty."""
    parts = folded(groups, [NONE] * len(groups), folds=folds, seed=seed, place="cells")
    where = defaultdict(set)
    for group, part in zip(groups, parts.tolist(), strict=True):
        where[group].add(part)

    assert all(len(each) == 1 for each in where.values())
    assert set(parts.tolist()) == set(range(folds))
    assert not torn(parts.tolist(), groups, [str(part) for part in range(folds)])


def test_folds_are_even():
    """Items by themselves: parts differ by one at most, and have their share of every label."""
    labels = [("wren",)] * 30 + [("owl",)] * 10
    parts = folded([(str(row),) for row in range(40)], labels, folds=5, seed=0, place="clips")

    assert Counter(parts.tolist()) == dict.fromkeys(range(5), 8)
    assert Counter(parts[30:].tolist()) == dict.fromkeys(range(5), 2)


def test_the_order_of_items_does_not_matter():
    """The same items in another order are dealt out alike; another seed deals otherwise."""
    groups = [(f"slide{item // 3}",) for item in range(30)]
    other = np.random.default_rng(0).permutation(30)
    found = folded(groups, [NONE] * 30, folds=3, seed=0, place="cells")
    again = folded([groups[item] for item in other], [NONE] * 30, folds=3, seed=0, place="cells")

    assert again.tolist() == found[other].tolist()
    assert found.tolist() != folded(groups, [NONE] * 30, folds=3, seed=1, place="cells").tolist()


def test_fewer_groups_than_folds_are_refused():
    """With both numbers, and the way out."""
    with pytest.raises(DataError, match="at least as many groups as folds, 3; got 2") as caught:
        folded([("a",), ("b",), ("b",)], [NONE] * 3, folds=3, seed=0, place="data.folds")

    assert "lower data.folds" in caught.value.problems[0].hint


def test_dealing_draws_what_the_streams_of_heads_draw():
    """Splits of studies from before dealing was for all tasks stay theirs."""
    groups = [(f"{item:02}",) for item in range(12)]
    places = dealt(groups, [NONE] * 12, fractions={"train": 0.5, "test": 0.5}, seed=3, place="clips")
    order = streams.generator(3, "split").permutation(12)

    assert [int(places[item]) for item in order] == [0, 1] * 6


def test_torn_groups_are_named():
    """With the splits that they stand in; items that are left out do not count."""
    assert torn([0, 1, 1, LEFT_OUT], [("a",), ("a",), ("b",), ("b",)], ["train", "test"]) == ["a in train and test"]


@pytest.mark.parametrize(("folds", "fold"), [(None, 0), (3, 3)])
def test_a_fold_is_one_of_the_folds(folds, fold):
    """A fold without folds, or beyond them, is refused."""
    with pytest.raises(ValueError, match="must have its fold among its folds"):
        check_fold(folds, fold)
