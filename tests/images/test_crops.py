"""Names that look like those of crops of one picture, and what is said where they stand in two splits."""

import re
from collections.abc import Mapping

import pytest

from tunebook.images import crops, surveying
from tunebook.images.surveying import Seen


def named(slides: int, ends: str, *, each: int = 4) -> list[str]:
    return [f"slide{slide}{ends.format(part)}" for slide in range(slides) for part in range(each)]


@pytest.mark.parametrize("ends", ["_x{0}_y64", "_tile_{0}", "-r{0}-c0", "_crop{0}", "_X00{0}"])
def test_three_pictures_are_enough_where_names_end_in_a_place(ends: str):
    """And every name is in a group, those without such an end in one of their own."""
    found = crops.expression([*named(3, ends), "overview"])

    assert found is not None
    assert found[1] == 4
    assert all(re.search(found[0], name) for name in [*named(3, ends), "overview"])


@pytest.mark.parametrize(
    ("names", "expected"),
    [(named(5, "_{0}"), 5), (named(4, "_{0}"), None), (["im_1", "im_2", "im_3"], None), (["a", "b", "c"], None)],
    ids=["five slides", "four kinds?", "one name for all", "no numbers"],
)
def test_mere_numbers_need_five_groups(names: list[str], expected: int | None):
    """Fewer may be kinds of images; one is how files are numbered."""
    found = crops.expression(names)

    assert (None if found is None else found[1]) == expected


def seen(splits: Mapping[str, list[str]]) -> list[Seen]:
    return [
        Seen(split, f"{split}/images/{name}.png", (8, 8), "grey, 8 bits", f"{split}{name}")
        for split, names in splits.items()
        for name in names
    ]


def test_crops_of_one_picture_in_two_splits_are_told():
    """How many of the names of each split, and what keeps them in one."""
    crop = [f"slide{slide}_x{part}_y0" for slide in range(3) for part in range(3)]
    (said,) = surveying.alike_by_name(seen({"train": crop[::3], "val": crop[1:2], "test": [*crop[2::3], "one"]}), None)

    assert said.startswith(
        "Images of slide0 and of other such names stand in train and elsewhere, 1 of 1 in val and 3 of 3 in test: if "
    )
    assert crops.CROPS in said


def test_crops_that_are_kept_in_one_split_are_not_told():
    """Nor where `by` does so, and no names that are only numbered in each split."""
    apart = {
        split: [f"slide{split}{slide}_x{part}" for slide in "ab" for part in range(2)] for split in ("train", "test")
    }
    mixed = {split: [f"slide{slide}_x{part}" for slide in "abc" for part in range(2)] for split in ("train", "test")}
    numbered = {split: [f"im{number}" for number in range(9)] for split in ("train", "val", "test")}

    assert surveying.alike_by_name(seen(apart), None) == []
    assert surveying.alike_by_name(seen(mixed), "^(slide.)") == []
    assert len(surveying.alike_by_name(seen(mixed), None)) == 1
    assert surveying.alike_by_name(seen(numbered), None) == []
