"""`keep`: what stays of the files of a study's runs."""

import pytest

from tunebook.errors import StudyError
from tunebook.spec.study import Keep, Study


def study(**keys: object) -> Study:
    """A study with what it keeps."""
    return Study(task="toy", base={"data": {"root": "cells"}}, space={"rank": [1, 2]}, **keys)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("everything", Keep()),
        ({}, Keep()),
        ({"checkpoints": "decision"}, Keep(checkpoints="decision")),
        ({"checkpoints": "finalists", "predictions": "report"}, Keep(checkpoints="finalists", predictions="report")),
        (Keep(predictions="report"), Keep(predictions="report")),
    ],
)
def test_what_is_kept_is_read(raw: object, kept: Keep) -> None:
    """What it does not say stays, and `everything` says nothing."""
    assert study(keep=raw).keep == kept
    assert study().keep == Keep(checkpoints="all", predictions="all")


@pytest.mark.parametrize(
    ("raw", "place", "message"),
    [
        ("scores", "keep", "must be everything, or say which checkpoints and predictions stay; got scores"),
        ({"checkpoint": "all"}, "keep.checkpoint", "must be one of checkpoints"),
        ({"checkpoints": "best"}, "keep.checkpoints", "decision"),
        ({"predictions": "none"}, "keep.predictions", "report"),
    ],
)
def test_what_cannot_be_kept_is_refused(raw: object, place: str, message: str) -> None:
    """With its place, what must be, and what was got."""
    with pytest.raises(StudyError) as caught:
        study(keep=raw)

    (problem,) = caught.value.problems
    assert problem.place == place
    assert message in problem.message
