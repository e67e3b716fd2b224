"""How often effects are seen that are not there, and those that are (benchmarks/effects_simulation.py, in small)."""

import runpy
from pathlib import Path

import pytest

SIMULATION = runpy.run_path(str(Path(__file__).resolve().parents[2] / "benchmarks" / "effects_simulation.py"))
SCENARIOS = {each.name: each for each in SIMULATION["SCENARIOS"]}


@pytest.mark.parametrize(
    "name",
    [
        "full grid 4 x 5, 1 seed",
        "full grid 4 x 5, 3 seeds",
        "full grid 4 x 5, 1 seed, 2 cases",
        "33 points, 1 seed",
        "half of a 4 x 4 x 3 grid",
        "2 values alone, 3 seeds",
        "a third of a 4 x 4 x 3 grid, rank and lr interact, seeds x cases 3 x 1",
        "a third of a 4 x 4 x 3 grid, rank and lr interact, seeds x cases 3 x 2",
    ],
)
def test_what_does_nothing_is_called_effective_in_five_percent(name: str):
    """The exact binomial interval of the rate holds 5 % or lies below, on grids full, constrained and torn."""
    rate = SIMULATION["false_effects"](SCENARIOS[name], studies=80)

    assert rate.interval[0] <= 0.05


@pytest.mark.parametrize("name", ["33 points, 1 seed", "half of a 4 x 4 x 3 grid", "5 values alone, 2 seeds"])
def test_a_range_as_large_as_said_is_found_in_eighty_percent(name: str):
    """`seen` is true: two levels so far apart, the others between them, are found at that rate."""
    rate = SIMULATION["found_effects"](SCENARIOS[name], studies=80)

    assert rate.interval[0] <= 0.8 <= rate.interval[1]


def test_a_rate_has_the_exact_interval():
    """Clopper and Pearson, at both ends too."""
    rate = SIMULATION["Rate"]

    assert rate(0, 20).interval == pytest.approx((0, 0.1684), abs=1e-4)
    assert rate(20, 20).interval == pytest.approx((0.8316, 1), abs=1e-4)
    assert rate(5, 100).interval == pytest.approx((0.0164, 0.1128), abs=1e-4)
