"""Images divided by fractions, in folds, and as they are given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tunebook.errors import DataError
from tunebook.images.dividing import SPLITS, Sources, Split, divided, instead, is_as_given, without_effect


@dataclass(frozen=True)
class Image:
    name: str
    path: str


@dataclass(frozen=True)
class Data:
    split: Split = field(default_factory=Split)
    folds: int | None = None
    fold: int | None = None


SOURCES = Sources[Image](
    name=lambda image: image.name,
    file=lambda image: image.path.rsplit("/", 1)[-1],
    path=lambda image: image.path,
    renamed=lambda image, name: replace(image, name=name),
)


def images(folder: str, names: Sequence[str]) -> list[Image]:
    return [Image(name, f"{folder}/{name}") for name in names]


def divide(data: Data, *, whole: Sequence[str] = (), **given: Sequence[str]) -> Mapping[str, list[str]]:
    """Split -> names."""
    found = divided(
        data,
        SOURCES,
        whole=lambda: images("all", whole),
        given=lambda split: images(split, given[split]) if split in given else None,
    )
    return {split: [image.name for image in found[split]] for split in SPLITS}


@given(
    slides=st.lists(st.integers(1, 5), min_size=6, max_size=12),
    seed=st.integers(0, 50),
    folds=st.sampled_from([None, 3]),
)
def test_a_slide_never_spans_splits(slides, seed: int, folds):
    """Whatever slides, seed and folds: every image is in one split, with its slide, and no split is empty."""
    names = [f"slide{slide}_{at}" for slide, count in enumerate(slides) for at in range(count)]
    split = Split(by=r"^(slide\d+)_", fractions={"train": 0.6, "val": 0.2, "test": 0.2}, seed=seed)
    for fold in range(folds or 1):
        found = divide(Data(split, folds, None if folds is None else fold), whole=names)
        of_slides = [{name.split("_")[0] for name in found[each]} for each in SPLITS]

        assert sorted(name for each in SPLITS for name in found[each]) == sorted(names)
        assert all(of_slides)
        assert sum(map(len, of_slides)) == len(slides)


def test_each_image_is_val_in_one_fold():
    """Folds part train and val together; the test split stays as it is given."""
    every = [divide(Data(folds=3, fold=fold), train="abcdef", val="ghi", test="xy") for fold in range(3)]

    assert sorted(name for found in every for name in found["val"]) == sorted("abcdefghi")
    assert all(sorted(found["train"] + found["val"]) == sorted("abcdefghi") for found in every)
    assert all(found["test"] == ["x", "y"] for found in every)


def test_folds_leave_the_test_share_alone():
    """A fraction for test is dealt out once, whatever the fold; val needs no share."""
    split = Split(fractions={"train": 0.8, "test": 0.2})
    every = [divide(Data(split, 4, fold), whole=[f"{at:02}" for at in range(20)]) for fold in range(4)]

    assert len({tuple(found["test"]) for found in every}) == 1
    assert [len(found["val"]) for found in every] == [4, 4, 4, 4]


def test_what_fractions_do_not_name_is_given():
    """One number is the share of val; a test folder stays the test split."""
    found = divide(Data(Split(fractions=0.25)), whole="abcdefgh", test="xy")

    assert [len(found[split]) for split in SPLITS] == [6, 2, 2]
    assert found["test"] == ["x", "y"]


def test_equal_names_of_train_and_val_are_told_apart():
    """Where 0001 is in both, an item of the folds has its split's name before it."""
    found = divide(Data(folds=2, fold=0), train=["0001", "0002"], val=["0001", "0002"], test=["0001"])

    assert sorted(found["train"] + found["val"]) == ["train-0001", "train-0002", "val-0001", "val-0002"]
    assert found["test"] == ["0001"]


def test_a_group_in_two_given_splits_is_refused():
    """By its name and splits; train and val count as one where folds part them."""
    data = Data(Split(by="^[a-z]+"))
    given = {"train": ["mouse1", "rat1"], "val": ["mouse2"], "test": ["dog1"]}
    with pytest.raises(DataError, match="must keep every group in one split; got mouse in train and val"):
        divide(data, **given)

    assert divide(replace(data, folds=2), **given)["test"] == ["dog1"]
    with pytest.raises(DataError, match="got dog in train and test|got dog in val and test"):
        divide(replace(data, folds=2), **{**given, "val": ["dog2"]})


def test_a_group_that_may_be_empty_names_no_group():
    """An optional group that is absent is no match: such files would silently be one group."""
    split = Split(by=r"(slide\d+)?_", fractions={"train": 0.6, "val": 0.2, "test": 0.2})
    with pytest.raises(DataError, match="it does not match"):
        divide(Data(split=split), whole=["slide1_a", "slide2_b", "slide3_c", "_d"])


def test_names_that_do_not_match_are_listed():
    """All of them, with what the expression is for."""
    with pytest.raises(DataError, match=r"must match the name of every file; it does not match a1, b2") as caught:
        divide(Data(Split(by=r"^slide\d+", fractions=0.5)), whole=["a1", "b2", "slide3"], test="x")

    assert caught.value.problems[0].place == r"data.split.by, ^slide\d+"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"by": "(["}, "must be a regular expression"),
        ({"fractions": {"val": 1.0}}, "must name train"),
        ({"fractions": {"train": 0.5, "ood": 0.5}}, "got train, ood"),
        ({"fractions": {"train": 0.5, "val": 0.6}}, "add up to 1"),
        ({"fractions": 1.5}, "or that of val"),
    ],
)
def test_what_cannot_divide_is_refused(values, message):
    """When the study is read, before any image is looked for."""
    with pytest.raises(ValidationError, match=message):
        Split.model_validate(values)


def test_fields_that_cannot_matter():
    """The seed where nothing is dealt out; the folders of splits that fractions make."""
    assert is_as_given(Data())
    assert list(without_effect(Data())) == ["data.split.seed"]
    assert list(without_effect(Data(folds=2))) == []
    assert list(without_effect(Data(Split(fractions={"train": 0.5, "val": 0.2, "test": 0.3})))) == [
        "data.val",
        "data.test",
    ]


def test_one_folder_of_images_says_what_a_study_may_say(tmp_path: Path):
    """Where a folder of a split is missing, and images lie there undivided."""
    before = instead(tmp_path)
    (tmp_path / "images").mkdir()

    assert before == ""
    assert "data.split.fractions: {train: 0.6, val: 0.2, test: 0.2}" in instead(tmp_path)
    assert "with folds and without a test: {train: 1.0}" in instead(tmp_path)
