"""Axes: where values lie, and which are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.report.figures.scales import Scale, scale, written

numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 6))


@given(st.lists(numbers, min_size=1, max_size=8))
def test_every_value_lies_between_the_ends(values):
    """Whatever the values: equal, negative, of any size."""
    along = scale(values, 10.0, 110.0)

    assert all(10.0 <= along(value) <= 110.0 for value in values)
    assert along.low < along.high


@given(st.lists(numbers, min_size=1, max_size=8), st.integers(2, 8))
def test_ticks_lie_within_the_axis_in_order(values, most):
    """At least one, and not many more than wanted."""
    along = scale(values, 0.0, 1.0)
    found = along.ticks(most)

    assert 1 <= len(found) <= 2 * most
    assert list(found) == sorted(set(found))
    assert all(along.low - 1e-9 <= tick <= along.high + 1e-9 for tick in found)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 1.0, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (0.32, 0.35, (0.32, 0.33, 0.34, 0.35)),
        (-0.03, 0.03, (-0.02, 0.0, 0.02)),
    ],
)
def test_ticks_are_round(low, high, ticks):
    """Steps of 1, 2, 2.5 or 5."""
    assert Scale(low, high, 0, 1).ticks(5) == pytest.approx(ticks)


def test_a_logarithmic_axis_has_powers():
    """Equal ratios are equally far apart."""
    along = Scale(1.0, 1000.0, 0.0, 300.0, log=True)

    assert [round(along(value)) for value in (1, 10, 100, 1000)] == [0, 100, 200, 300]
    assert along.ticks(5) == (1.0, 10.0, 100.0, 1000.0)
    assert Scale(30.0, 90.0, 0.0, 1.0, log=True).ticks(5)


@pytest.mark.parametrize(
    ("value", "text"), [(0.25, "0.25"), (0.0, "0"), (4608, "4608"), (40_000, "40k"), (1_200_000, "1.2M"), (2e9, "2G")]
)
def test_values_beside_an_axis_are_short(value, text):
    """Thousands and millions by a letter."""
    assert written(value) == text
