"""Splits: as the table says, or dealt out by fractions; a group never stands in two."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import polars
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from table_examples import columns, read, refused

from tunebook import splitting
from tunebook.errors import DataError
from tunebook.tasks.embedding_classification import splits

NAMES = ("train", "val", "test")
FRACTIONS = {"train": 0.6, "val": 0.2, "test": 0.2}
tables_of_rows = st.lists(
    st.tuples(st.sampled_from("abcdefg"), st.sampled_from("xy"), st.sampled_from(["wren", "robin", "noise"])),
    min_size=3,
    max_size=40,
)


def dealt(groups, labels, *, fractions=FRACTIONS, seed=0) -> np.ndarray:
    return splitting.dealt(groups, labels, fractions=fractions, seed=seed, place="clips")


# Dealt out ----------------------------------------------------------------------------------------------


@given(rows=tables_of_rows, seed=st.integers(0, 99))
def test_a_group_never_spans_splits_that_are_made(rows, seed: int):
    """Whatever groups, labels and seed: all rows of a group are in one split, and no split is empty."""
    groups, labels = [row[:2] for row in rows], [row[2:] for row in rows]
    assume(len(set(groups)) >= len(NAMES))
    found = dealt(groups, labels, seed=seed)
    where = defaultdict(set)
    for group, split in zip(groups, found.tolist(), strict=True):
        where[group].add(split)

    assert all(len(each) == 1 for each in where.values())
    assert set(found.tolist()) == {0, 1, 2}
    assert not splits.spanning(found, groups, NAMES, by=("site", "day"), place="clips")


@given(rows=tables_of_rows, order=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, order):
    """The same table in another order is dealt out alike."""
    groups, labels = [row[:2] for row in rows], [row[2:] for row in rows]
    assume(len(set(groups)) >= len(NAMES))
    other = list(range(len(rows)))
    order.shuffle(other)
    again = dealt([groups[row] for row in other], [labels[row] for row in other])

    assert again.tolist() == dealt(groups, labels)[other].tolist()


def test_single_rows_are_dealt_out_by_label():
    """Each split has its share of all rows and of every label, rare ones too."""
    labels = [("wren",)] * 100 + [("robin",)] * 40 + [("owl",)] * 10
    found = dealt([(str(row),) for row in range(150)], labels)
    counts = [[int((found[a:b] == split).sum()) for a, b in ((0, 100), (100, 140), (140, 150))] for split in range(3)]

    assert counts == [[60, 24, 6], [20, 8, 2], [20, 8, 2]]


def test_groups_of_one_label_are_spread_over_the_splits():
    """Ten sites of each label: six, two and two of them."""
    groups = [(f"{label}{site}",) for label in ("wren", "robin") for site in range(10) for _ in range(5)]
    labels = [(group[0][:-1],) for group in groups]
    found = dealt(groups, labels)

    for split, count in enumerate((30, 10, 10)):
        assert sum(label == ("wren",) for label, one in zip(labels, found, strict=True) if one == split) == count


def test_a_seed_deals_in_its_own_way():
    """Two seeds differ, one seed repeats itself; labels alone do not decide."""
    groups, labels = [(str(row),) for row in range(60)], [("wren",)] * 60

    assert dealt(groups, labels, seed=1).tolist() == dealt(groups, labels, seed=1).tolist()
    assert dealt(groups, labels, seed=1).tolist() != dealt(groups, labels, seed=2).tolist()


def test_fewer_groups_than_splits_are_refused():
    """A split would be empty."""
    with pytest.raises(DataError, match="must have at least as many groups as splits, 3; got 2"):
        dealt([("a",), ("b",), ("b",)], [("wren",)] * 3)


def test_a_table_without_splits_is_dealt_out(tmp_path: Path):
    """By the values of a column; which label is positive does not move a row."""
    values = columns(40, split=None, site=[f"site{row // 4}" for row in range(40)])
    split = {"fractions": FRACTIONS, "by": ["site"]}
    found = read(tmp_path, values, split=split, groups=["site"])
    sites = {name: set(rows.groups) for name, rows in found.splits.items()}

    assert [len(each) for each in sites.values()] == [6, 2, 2]
    assert len(set.union(*sites.values())) == 10
    assert read(tmp_path, values, split=split, positive="wren").splits["test"].ids == found.splits["test"].ids


# Given --------------------------------------------------------------------------------------------------


@given(rows=tables_of_rows, where=st.lists(st.sampled_from([*NAMES, "other", None]), min_size=40, max_size=40))
def test_a_group_that_spans_given_splits_is_refused(rows, where):
    """Exactly when two rows of one group are in two splits; rows that are left out do not count."""
    groups, assigned = [row[:2] for row in rows], splits.given(where[: len(rows)], NAMES)
    pairs = {(group, split) for group, split in zip(groups, assigned.tolist(), strict=True) if split >= 0}
    torn = len(pairs) > len({group for group, _ in pairs})

    assert bool(splits.spanning(assigned, groups, NAMES, by=("site", "day"), place="clips")) == torn


def test_the_refusal_names_column_value_and_splits(tmp_path: Path):
    """Every value that stands in two splits."""
    values = columns(site=["a", "b", "b", "c"] * 2 + ["d", "e", "e", "c"])
    found = refused(lambda: read(tmp_path, values, split={"by": ["site"]}))
    message = (
        "must keep every value in one split; got a in train and val, b in train and val, c in train and val and test"
    )

    assert found == [("clips.parquet, column site", message)]


def test_the_values_of_several_columns_count_together(tmp_path: Path):
    """A site in two splits is no group in two splits when the days differ."""
    values = columns(site=["a"] * 12, day=["1"] * 4 + ["2"] * 4 + ["3"] * 4)
    read(tmp_path, values, split={"by": ["site", "day"]})
    values["day"][4] = "1"
    found = refused(lambda: read(tmp_path, values, split={"by": ["site", "day"]}))

    assert found == [
        ("clips.parquet, columns site · day", "must keep every value in one split; got a · 1 in train and val")
    ]


def test_a_row_of_no_group_is_refused(tmp_path: Path):
    """Nothing is known of what it resembles."""
    found = refused(lambda: read(tmp_path, columns(site=["a"] * 4 + [None] * 8), split={"by": ["site"]}))

    assert found == [
        ("clips.parquet, column site", "must have a value in every row; rows 4, 5, 6, 7, 8, 9, 10, 11 have none")
    ]


def test_an_empty_split_is_refused_with_a_near_name(tmp_path: Path):
    """The message says which splits there are."""
    polars.DataFrame(columns()).write_parquet(tmp_path / "clips.parquet")
    with pytest.raises(DataError) as caught:
        read(tmp_path, columns(), split={"names": ["train", "vall", "test"]})

    assert caught.value.problems[0].message == (
        "must have rows of the split vall; got test (4 rows), train (4 rows), val (4 rows)"
    )
    assert caught.value.problems[0].hint == "did you mean val?"
