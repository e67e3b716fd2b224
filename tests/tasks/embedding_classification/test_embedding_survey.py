"""What is told of a table of embeddings before anything is trained on it."""

from pathlib import Path

import numpy as np
import polars
from table_examples import columns, configured

from tunebook.tasks.embedding_classification import TASK
from tunebook.tasks.embedding_classification.config import Config


def survey(book: Path, values, **data):
    polars.DataFrame(values).write_parquet(book / "clips.parquet")
    return TASK.survey(Config(data=configured(**data)), book, thumbnails=book / "thumbnails")


def test_splits_are_counted(tmp_path: Path):
    """Rows and rows of each class; how many classes, and how wide embeddings are."""
    found = survey(tmp_path, columns())

    assert (found.name, found.noun) == ("clips.parquet", "rows")
    assert [(split.name, split.items) for split in found.splits] == [("train", 4), ("val", 4), ("test", 4)]
    assert found.splits[0].facts == {"rows of a class": "robin 2, wren 2"}
    assert found.together == "with 2 classes (multi-class) and embeddings of 3 numbers"
    assert (found.pictures, found.twice) == ((), [])


def test_items_and_groups_are_counted(tmp_path: Path):
    """Where the configuration names their columns."""
    values = columns(take=[f"take{row // 2}" for row in range(12)], site=["pond", "wood"] * 6)
    found = survey(tmp_path, values, item="take", groups=("site",))

    assert found.splits[0].facts == {"rows of a class": "robin 2, wren 2", "items (take)": "2", "groups (site)": "2"}


def test_of_many_classes_the_smallest_and_the_largest_are_told(tmp_path: Path):
    """Five classes: the median, and the two ends by name."""
    labels = [*"aaabcde", *"abcde", *"abcde"]
    values = columns(17, label=labels, split=["train"] * 7 + ["val"] * 5 + ["test"] * 5)

    assert survey(tmp_path, values).splits[0].facts["rows of a class"] == "1 (1 in b to 3 in a)"


def test_a_binary_table_tells_both_sides(tmp_path: Path):
    """The class, and the others."""
    found = survey(tmp_path, columns(), positive="wren")

    assert found.splits[0].facts == {"rows of a class": "wren 2, others 2"}
    assert found.together == "with one class, wren, against the others and embeddings of 3 numbers"


def test_what_is_odd_is_told(tmp_path: Path):
    """Few rows to learn from, a class that a split lacks, rows without an embedding, repeated ones."""
    values = columns(label=["wren", "robin"] * 5 + ["wren"] * 2)
    values["embedding"][1] = values["embedding"][0]
    values["embedding"][11] = np.nan

    assert list(survey(tmp_path, values).odd) == [
        "2 classes have fewer than 10 in train: robin (2), wren (2).",
        "1 row repeats the embedding of another in train.",
        "1 row of test has no embedding: clip11.",
    ]


def test_one_embedding_in_two_splits_is_found(tmp_path: Path):
    """By its numbers, with the names of both rows."""
    values = columns()
    values["embedding"][8] = values["embedding"][2]

    assert survey(tmp_path, values).twice == ["1 embedding is in train and in test: clip2 = clip8."]


def test_values_of_a_group_in_two_splits_are_told(tmp_path: Path):
    """Of the groups that get scores of their own, and of a column that looks like a group; with what helps."""
    values = columns(speaker=["anna", "ben"] * 6, recorder=["a"] * 10 + ["b"] * 2)
    found = [
        "Values of speaker stand in train and elsewhere, 2 of 2 in val and 2 of 2 in test: scores there are of what "
        "training has seen; data.split.by: [speaker] with data.split.fractions keeps each in one split."
    ]
    recorder = (
        "Values of recorder stand in train and elsewhere, 1 of 1 in val and 1 of 2 in test: scores there are of what "
        "training has seen; data.split.by: [recorder] with data.split.fractions keeps each in one split."
    )

    assert list(survey(tmp_path, values).odd)[:2] == [*found, recorder]
    assert set(survey(tmp_path, values, groups=("speaker",)).odd) >= {*found, recorder}
    assert len([odd for odd in survey(tmp_path, values, groups=("speaker",)).odd if "speaker" in odd]) == 1


def test_groups_that_are_kept_are_not_told(tmp_path: Path):
    """Nor columns of one value, and none that cannot be read as a group keeps a table from being told."""
    values = columns(speaker=["anna"] * 4 + ["ben"] * 4 + ["cleo"] * 4, site=["pond"] * 12, year=[[1.5]] * 12)

    assert not [odd for odd in survey(tmp_path, values).odd if odd.startswith("Values")]


def test_items_in_two_splits_are_told(tmp_path: Path):
    """Where something else is kept together."""
    values = columns(take=["a", "b"] * 6, pond=["north"] * 4 + ["east"] * 4 + ["south"] * 4)
    found = survey(tmp_path, values, item="take", split={"by": ["pond"]})

    assert found.odd[0].startswith("Values of take stand in train and elsewhere, 2 of 2 in val and 2 of 2 in test")
