"""Numbers between and beyond those that were tried."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.spec.spacing import between, beyond

TRIED = st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=6, unique=True).map(lambda values: tuple(sorted(values)))


@pytest.mark.parametrize(
    ("tried", "value", "points", "whole", "expected"),
    [
        ((1e-4, 1e-3, 1e-2), 1e-3, 1, False, (3.16e-4, 3.16e-3)),
        ((0.1, 0.2, 0.3), 0.2, 1, False, (0.15, 0.25)),
        ((1, 2, 4, 8), 4, 1, True, (3, 6)),
        ((1, 4, 16), 4, 1, False, (2.0, 8.0)),
        ((1, 2, 3), 2, 3, False, (1.25, 1.5, 1.75, 2.25, 2.5, 2.75)),
        ((1, 2, 3), 2, 3, True, ()),
        ((4, 8), 4, 3, True, (5, 6, 7)),
        ((0, 0.1, 0.2), 0.1, 1, False, (0.05, 0.15)),
        ((0, 1, 4, 16), 4, 1, False, (2.0, 8.0)),
        ((0, 1, 4, 16), 1, 1, False, (0.5, 2.0)),
        ((1.0, 1.01), 1.0, 1, False, (1.005,)),
    ],
)
def test_between_neighbours(tried, value, points, whole, expected):
    """Equal ratios where neighbours are a factor of two apart, else equal distances; with few digits; each once."""
    assert between(tried, value, points=points, whole=whole) == expected


@pytest.mark.parametrize(
    ("tried", "value", "points", "whole", "expected"),
    [
        ((1e-4, 1e-3), 1e-3, 2, False, (0.01, 0.1)),
        ((1e-4, 1e-3), 1e-4, 1, False, (1e-5,)),
        ((0.1, 0.2, 0.3), 0.3, 2, False, (0.4, 0.5)),
        ((512, 1024), 1024, 2, True, (2048, 4096)),
        ((512, 1024), 1024, 2, False, (2048, 4096)),
        ((2, 4, 8), 2, 2, True, (1,)),
        ((1, 2, 4), 1, 2, True, ()),
        ((1, 2, 4), 1, 2, False, (0.5, 0.25)),
        ((0.1, 0.2, 0.25), 0.1, 2, False, (0.0,)),
        ((0, 0.1), 0, 2, False, ()),
        ((-2, -1, 0), -2, 1, False, (-3,)),
        ((1, 2, 3), 2, 2, False, ()),
        ((1,), 1, 2, False, ()),
    ],
)
def test_beyond_the_edge(tried, value, points, whole, expected):
    """The next values; no negative one after values that never were, no whole one between 1 and 0, none inside."""
    assert beyond(tried, value, points=points, whole=whole) == expected


@given(TRIED, st.integers(1, 4), st.booleans())
def test_new_values_are_new_and_on_their_side(tried, points, whole):
    """Whatever was tried, values between lie strictly between, and those beyond move away from the edge."""
    tried = tuple(sorted({round(value) for value in tried})) if whole else tried
    if len(tried) < 2:
        return
    inside = between(tried, tried[0], points=points, whole=whole)
    after = beyond(tried, tried[-1], points=points, whole=whole)

    assert all(tried[0] < value < tried[1] for value in inside)
    assert list(after) == sorted(set(after))
    assert all(value > tried[-1] for value in after)
    assert max(len(inside), len(after)) <= points
    assert not whole or all(isinstance(value, int) for value in (*inside, *after))
