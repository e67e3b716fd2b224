"""The study as a value."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from tunebook.spec.references import WeightsReference
from tunebook.spec.study import Limit

START = datetime(2030, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("limit", "end"),
    [
        ({}, None),
        ({"runs": 3}, None),
        ({"hours": 1.5}, datetime(2030, 1, 31, 13, 30, tzinfo=UTC)),
        ({"until": "18:00"}, datetime(2030, 1, 31, 18, 0, tzinfo=UTC)),
        ({"until": "11:00"}, datetime(2030, 2, 1, 11, 0, tzinfo=UTC)),
        ({"until": "2030-02-03 08:00", "hours": 1000}, datetime(2030, 2, 3, 8, 0, tzinfo=UTC)),
    ],
)
def test_a_limit_ends_at_what_comes_first(limit, end):
    """Hours count from the start; a time of day is the next one."""
    assert Limit(**limit).deadline(START) == end


def test_a_study_is_frozen(study_of):
    """What was declared does not change."""
    with pytest.raises(ValidationError, match="frozen"):
        study_of().task = "other"


def test_weights_of_other_studies_are_found(study_of):
    """References stand in base, in space and in cases; each study is named once."""
    study = study_of(
        base={"data": {"root": "x"}, "model": {"weights": "study:a"}},
        across=[{"model.weights": ["study:b@seed=1", "study:a", "vit_b"]}],
    )

    assert study.weights == (WeightsReference("a"), WeightsReference("b", 1))
    assert study.references == ("a", "b")
