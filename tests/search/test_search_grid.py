"""Grid search."""

import numpy as np

from tunebook.search.grid import grid
from tunebook.spec.faults import Faults
from tunebook.spec.space import read_space


def test_a_grid_is_every_declared_point_whatever_happened():
    """Neither history nor the generator changes what a grid proposes."""
    space = read_space({"a": [1, 2], "b": [3, 4]}, (), Faults())
    first = grid(space, [], np.random.default_rng(0))
    second = grid(space, ["something"], np.random.default_rng(1))

    assert first == second
    assert [tuple(point.values.values()) for point in first] == [(1, 3), (1, 4), (2, 3), (2, 4)]
