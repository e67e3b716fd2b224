"""Numbers and names as a page writes them."""

import pytest

from tunebook.report.wording import (
    between,
    chance,
    cost,
    first_and_rest,
    gap,
    listed,
    number,
    percent,
    short,
    statistic,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5123, "0.512"),
        (0.0, "0.000"),
        (-0.0001, "-0.0001"),
        (0.00004, "0.00004"),
        (1e-9, "0.000"),
        (1234.5, "1,234.500"),
    ],
)
def test_scores_have_three_decimals(value, text):
    """One digit of what three decimals would show as nothing."""
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0171, "0.017"), (0.0024, "0.0024"), (0.005, "0.0050"), (0.0, "0.000"), (-0.00085, "-0.00085")],
)
def test_differences_have_two_digits(value, text):
    """Three decimals, more of what is small."""
    assert gap(value) == text
    assert between(value, value) == f"{text} to {text}"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.46, "0.46"), (0.004, "0.00"), (0.0, "0.00"), (12.345, "12.35"), (1204.4, "1,204"), (float("inf"), "infinite")],
)
def test_statistics_have_two_decimals(value, text):
    """None of what is large."""
    assert statistic(value) == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.83, "p = 0.83"), (0.046, "p = 0.046"), (0.001, "p = 0.001"), (0.0004, "p < 0.001")]
)
def test_chances_are_written_as_p(p, text):
    """Three decimals where it is small."""
    assert chance(p) == text


def test_shares_are_in_percent():
    """One decimal below one percent."""
    assert [percent(part) for part in (0.46, 0.004, 0.0, 1.0)] == ["46 %", "0.4 %", "0 %", "100 %"]


def test_costs_carry_their_unit():
    """Parameters, seconds, gigabytes."""
    costs = {"trainable_parameters": 4608.0, "seconds": 41.23, "cpu_seconds": 1234.5, "peak_memory_gb": 0.8512}

    assert [cost(*each) for each in costs.items()] == ["4,608", "41.2 s", "1,234 s", "0.851 GB"]


def test_a_list_names_the_first_few():
    """And how many more there are; one more is named too."""
    assert listed(list("abcdefghi")) == "a, b, c, d, e, f and 3 more"
    assert listed(list("abcdefg")) == "a, b, c, d, e, f and g"
    assert listed(["a"]) == "a"


def test_a_parameter_is_called_by_its_last_part_where_that_says_which():
    """Two of one name keep their whole paths; so does what is no parameter."""
    among = ("adapter.rank", "head.rank", "optimizer.lr")

    assert [short(path, among) for path in (*among, "data.root")] == ["adapter.rank", "head.rank", "lr", "data.root"]


def test_the_first_line_of_a_way_out_is_set_apart():
    """What follows is a file."""
    assert first_and_rest("do this\nstudy: x\n") == ("do this", "study: x\n")
    assert first_and_rest("do this") == ("do this", "")
