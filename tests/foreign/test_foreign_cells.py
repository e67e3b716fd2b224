"""Cells: numbers, words, nothing, and what no run has."""

import pytest

from tunebook.foreign.cells import Unreadable, is_empty, said, score


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001), (" 2.0 ", 2), ("007", 7), ("True", True), ("none", None), ("adam", "adam"), (".5", 0.5),
        ("1,5", "1,5"), ("-1", -1), ("1e400", float("inf")),
    ],
)  # fmt: skip
def test_a_cell_says_its_plainest_value(text: str, value: object):
    """Numbers are equal however they are written, and 1.0 is 1."""
    found = said(text)

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", ["", " ", "-", "–", "n/a", "?"])
def test_an_empty_cell_says_nothing(text: str):
    """Dashes and blanks are no values; 0 is one."""
    assert is_empty(text)
    assert not is_empty("0")


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (0.5, 0.5), (1, 1.0), ("**0.397**", 0.397), ("91.7 %", 91.7), ("0,917", 0.917), ("0.917 (n=1)", 0.917),
        ("0.917 ± 0.0 (n=1)", 0.917), ("failed", "failed"), ("OOM", "failed: oom"), ("nan", "not a finite number"),
    ],
)  # fmt: skip
def test_a_score_is_one_number_or_why_there_is_none(cell: object, found: object):
    """Bold, per cent and a decimal comma are read; a mean of one run is that run."""
    assert score(cell) == found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("0.917 ± 0.054 (n=4)", "must be the score of one run; got the summary '0.917 ± 0.054 (n=4)'"),
        ("0.917 +/- 0.054", "must be the score of one run; got the summary '0.917 +/- 0.054'"),
        ("good", "must be a number, or failed, or empty; got 'good'"),
        (True, "must be a number; got True"),
    ],
)
def test_a_cell_without_a_score_is_refused(cell: object, message: str):
    """The message says what it must be and what it is."""
    with pytest.raises(Unreadable) as refused:
        score(cell)  # type: ignore[arg-type]

    assert str(refused.value) == message
