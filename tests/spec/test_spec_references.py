"""Weights of another study's decision."""

import pytest

from tunebook.spec.references import WeightsReference, parse


@pytest.mark.parametrize(
    ("text", "reference"),
    [("study:base", WeightsReference("base")), ("study:my-base.2@seed=1", WeightsReference("my-base.2", 1))],
)
def test_a_reference_names_a_study_and_may_name_a_seed(text, reference):
    """It is read, and written as it was."""
    assert parse(text) == reference
    assert str(reference) == text


@pytest.mark.parametrize("text", ["study:", "study:a@seed=", "study:a@fold=1", "study:../x", "study:a b", "base"])
def test_a_malformed_reference_is_refused(text):
    """The message says the two forms."""
    with pytest.raises(ValueError, match="must be study:NAME or study:NAME@seed=NUMBER; got"):
        parse(text)
