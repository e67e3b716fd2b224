"""Random numbers by seed, stream and step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.tasks.embedding_classification import streams


def test_a_draw_depends_on_nothing_that_was_drawn_before():
    """The same seed, stream and step give the same numbers, whatever else was drawn."""
    streams.generator(0, "order", 3).random(1000)

    again = [streams.generator(0, "order", 4).random(5) for _ in range(2)]

    assert np.array_equal(*again)


@pytest.mark.parametrize("other", [(1, "order", 4), (0, "mixup", 4), (0, "order", 5), (-1, "order", 4)])
def test_seeds_streams_and_steps_have_numbers_of_their_own(other):
    """Another seed, stream or step gives other numbers."""
    assert not np.array_equal(streams.generator(0, "order", 4).random(5), streams.generator(*other).random(5))


def test_halfwords_go_on_where_they_were():
    """Numbers drawn in two goes are those that are drawn in one."""
    one, two = streams.Halfwords(0, "dropout"), streams.Halfwords(0, "dropout")

    assert np.array_equal(one.draw(24), np.concatenate([two.draw(8), two.draw(16)]))
    assert one.draw(5).shape == (5,)


@given(st.floats(0, 1, exclude_max=True))
def test_a_threshold_is_below_the_right_share(share):
    """A threshold has its share of the halfwords below it, to half a level, and never has all."""
    level = streams.threshold(share)

    assert abs(streams.share_below(level) - share) <= 1 / streams.LEVELS
    assert streams.share_below(level) < 1


def test_halfwords_are_uniform():
    """A quarter of many numbers is below the threshold of a quarter."""
    drawn = streams.Halfwords(7, "dropout").draw(100_000)

    assert np.mean(drawn < streams.threshold(0.25)) == pytest.approx(0.25, abs=0.005)


def test_golden_numbers():
    """The halfwords of a seed are the same on every machine."""
    assert streams.Halfwords(0, "dropout").draw(4).tolist() == [14618, 14218, 6000, -20630]
