"""What heads learn: kinds, classes and targets from labels."""

from pathlib import Path

import pytest
from table_examples import columns, configured, read, refused

from tunebook.errors import DataError
from tunebook.tasks.embedding_classification import targets
from tunebook.tasks.embedding_classification.targets import Targets


def learnt(labels, *, several: bool = False, **changes) -> Targets:
    rows = [(label,) if isinstance(label, str) else tuple(label) for label in labels]
    return targets.of_labels(rows, configured(**changes), several=several, place="clips, column label")


def test_one_label_a_row_is_multi_class():
    """Classes in alphabetical order, a column each; background is a row of zeros, in any case of letters."""
    found = learnt(["wren", "robin", "NOISE", "wren"])

    assert (found.kind, found.classes) == ("multi-class", ("robin", "wren"))
    assert found.values.tolist() == [[0, 1], [1, 0], [0, 0], [0, 1]]


def test_numbers_are_classes_in_their_order():
    """10 comes after 9."""
    assert learnt(["10", "9", "2"]).classes == ("2", "9", "10")


def test_several_labels_a_row_are_multi_label():
    """A row may have any number of classes; background beside a class adds nothing."""
    found = learnt([["wren", "robin"], [], ["robin", "noise"]], several=True)

    assert (found.kind, found.classes) == ("multi-label", ("robin", "wren"))
    assert found.values.tolist() == [[1, 1], [0, 0], [1, 0]]


@pytest.mark.parametrize(("labels", "name"), [(["1", "0", "1"], "1"), (["true", "False", "True"], "true")])
def test_labels_of_two_sides_are_binary(labels: list[str], name: str):
    """1 and 0, true and false: one column."""
    found = learnt(labels)

    assert (found.kind, found.classes) == ("binary", (name,))
    assert found.values.tolist() == [[1], [0], [1]]


def test_positive_labels_make_a_binary_task():
    """One or several against all others, background or not."""
    labels = ["wren", "robin", "noise", "owl"]
    several = learnt([["wren", "owl"], ["robin"]], several=True, positive="owl")

    assert learnt(labels, positive="wren").values.ravel().tolist() == [1, 0, 0, 0]
    assert learnt(labels, positive=["wren", "owl"]).classes == ("wren or owl",)
    assert learnt(labels, positive=["wren", "owl"]).values.ravel().tolist() == [1, 0, 0, 1]
    assert learnt(labels, positive="noise").values.ravel().tolist() == [0, 0, 1, 0]
    assert (several.kind, several.values.ravel().tolist()) == ("binary", [1, 0])


def test_one_class_against_background_is_binary():
    """Nothing else is there to tell apart, whether rows may have several labels or not."""
    assert learnt(["wren", "other"]).kind == "binary"
    assert learnt([["wren"], []], several=True).values.tolist() == [[1], [0]]


def test_a_positive_label_that_no_row_has_is_refused():
    """Each of them, with a near one."""
    with pytest.raises(DataError) as caught:
        learnt(["wren", "robin"], positive=["wern", "owl", "robin"])

    assert [problem.message for problem in caught.value.problems] == [
        "must have rows of data.positive; got none of wern",
        "must have rows of data.positive; got none of owl",
    ]
    assert [problem.hint for problem in caught.value.problems] == ["did you mean wren?", "there are robin, wren"]


def test_background_alone_is_refused():
    """There is nothing to learn."""
    with pytest.raises(DataError, match="must have rows that carry a class; got noise, silence"):
        learnt(["noise", "silence"])


@pytest.mark.parametrize("labels", [[3, 11] * 6, [3.0, 11.0] * 6, ["3", "11"] * 6], ids=["integers", "floats", "text"])
def test_the_labels_of_a_table_are_text_whatever_their_type(tmp_path: Path, labels: list):
    """A digit is a class, not a number."""
    found = read(tmp_path, columns(label=labels))

    assert (found.kind, found.classes) == ("multi-class", ("3", "11"))


def test_true_and_false_in_a_table_are_binary(tmp_path: Path):
    """The positive side is called true."""
    found = read(tmp_path, columns(label=[True, False, False, True] * 3))

    assert (found.kind, found.classes) == ("binary", ("true",))
    assert found.splits["val"].targets.ravel().tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("labels", "separator"),
    [([["wren", "robin"], [], ["wren"], ["robin"]] * 3, None), (["wren; robin", "", "wren", "robin;"] * 3, ";")],
    ids=["lists", "separator"],
)
def test_lists_and_separated_labels_are_read_alike(tmp_path: Path, labels: list, separator: str | None):
    """No label is a row of zeros."""
    found = read(tmp_path, columns(label=labels), separator=separator)

    assert (found.kind, found.classes) == ("multi-label", ("robin", "wren"))
    assert found.splits["test"].targets.tolist() == [[1, 1], [0, 0], [0, 1], [1, 0]]


def test_a_row_without_a_label_is_refused(tmp_path: Path):
    """Null in a list, in the place of a list, or in the place of a text."""
    lists = [["wren"], ["robin", None], None, ["robin"]] * 3
    message = "must have a label in every row; rows 1, 2, 5, 6, 9, 10 have null"

    assert refused(lambda: read(tmp_path, columns(label=lists))) == [("clips.parquet, column label", message)]
    texts = refused(lambda: read(tmp_path, columns(label=["wren", None, "", "robin"] * 3), separator=","))
    assert texts == [("clips.parquet, column label", "must have a label in every row; rows 1, 5, 9 have null")]


def test_a_class_without_a_training_row_is_refused(tmp_path: Path):
    """A row without an embedding is none; the message says where the class is."""
    values = columns(label=["wren", "robin", "owl", "wren"] * 2 + ["wren", "robin", "kite", "wren"])
    values["embedding"] = [None if row == 2 else [1.0, 2.0] for row in range(12)]
    with pytest.raises(DataError) as caught:
        read(tmp_path, values)

    assert [problem.message for problem in caught.value.problems] == [
        "must have a row of kite with an embedding in train; got none",
        "must have a row of owl with an embedding in train; got none",
    ]
    assert [problem.hint.partition(";")[0] for problem in caught.value.problems] == [
        "kite is in test",
        "owl is in train, val",
    ]


def test_a_binary_task_needs_both_sides_in_training(tmp_path: Path):
    """Without negatives there is nothing to tell the positives from."""
    labels = ["wren"] * 4 + ["robin"] * 8

    assert refused(lambda: read(tmp_path, columns(label=labels), positive="wren"))[0][1] == (
        "must have a row other than wren with an embedding in train; got none"
    )
    assert refused(lambda: read(tmp_path, columns(label=labels), positive="robin"))[0][1] == (
        "must have a row of robin with an embedding in train; got none"
    )
