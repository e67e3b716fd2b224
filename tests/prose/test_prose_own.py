"""What sentences are checked by is right itself: against published values and SciPy."""

import numpy as np
import polars
import pytest
from printed_numbers import Chance, Names, Spread, wrong
from raw_scores import Score, Study
from scipy import stats
from told_apart import PAIR, against, critical
from what_matters import Model


@pytest.mark.parametrize(
    ("comparisons", "df", "value"),
    [(1, 5, 2.02), (2, 5, 2.44), (3, 5, 2.68), (4, 10, 2.47), (9, 20, 2.60), (2, 60, 1.95)],
)
def test_critical_values_are_those_of_dunnett(comparisons: int, df: int, value: float):
    """Of his table of 1955: one-sided, 5 %."""
    assert critical(comparisons, df, 0.95) == pytest.approx(value, abs=0.006)


def test_a_pair_by_seeds_alone_is_students():
    """Without items, the interval of two scores is that of the paired t test."""
    draw = np.random.default_rng(1)
    one, other = draw.normal(0.5, 0.1, (2, 6))
    pair = [Score(dict(enumerate(values)), 6) for values in (one, other)]
    gap = against(pair, 0, PAIR)[1]
    low, high = stats.ttest_rel(one, other).confidence_interval()

    assert (gap.low, gap.high) == pytest.approx((low, high))


def a_study(values: dict[tuple[int, int], float]) -> Study:
    """A study of one parameter, `rank`, by (rank, seed)."""
    rows = [
        {"study": "s", "configuration": f"c{rank}", "label": f"rank={rank}", "alternative": None, "adapter.rank": rank,
         "case": None, "seed": seed, "role": "search", "repeat": 0, "run": f"{rank}-{seed}", "status": "finished",
         "reason": None, "metric": "m", "split": "val", "item": None, "value": value, "n": 1, "expected": 1,
         "settings": None, "trainable_parameters": 1}
        for (rank, seed), value in values.items()
    ]  # fmt: skip
    return Study(polars.DataFrame(rows), {"select": {"metric": "m"}})


def test_f_and_eta2_are_those_of_a_randomised_block_design():
    """One parameter within seeds: by the textbook's sums of squares, and with two levels by the paired t test."""
    draw = np.random.default_rng(2)
    table = draw.normal(0, 1, (3, 7))
    study = a_study({(rank, seed): table[at, seed] for at, rank in enumerate((1, 4, 16)) for seed in range(7)})
    between = 7 * ((table.mean(1) - table.mean()) ** 2).sum()
    within = ((table - table.mean(0)) ** 2).sum()
    two = a_study({(rank, seed): table[at, seed] for at, rank in enumerate((1, 4)) for seed in range(7)})
    found, pair = Model(study, "m", "val").main("adapter.rank"), Model(two, "m", "val").main("adapter.rank")

    assert found.f == pytest.approx((between / 2) / ((within - between) / 12))
    assert found.eta2 == pytest.approx(between / within)
    assert pair.f == pytest.approx(stats.ttest_rel(table[0], table[1]).statistic ** 2)


def test_what_would_have_been_seen_has_that_power():
    """Two levels apart by `seen` are found in 80 % of studies: by the noncentral t test of pairs."""
    draw = np.random.default_rng(3)
    table = draw.normal(0, 1, (2, 9))
    study = a_study({(rank, seed): table[at, seed] for at, rank in enumerate((1, 4)) for seed in range(9)})
    shift = Model(study, "m", "val").seen("adapter.rank") / (np.std(table[0] - table[1], ddof=1) / 3)
    point = stats.t.ppf(0.975, 8)

    assert stats.nct.sf(point, 8, shift) + stats.nct.cdf(-point, 8, shift) == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize(
    ("printed", "truth", "right"),
    [
        ("0.331", 0.33149, True), ("0.331", 0.33151, False), ("1,204", 1204, True), ("1204", 1204, False),
        ("0.00085", 0.000853, True), ("5e-05", 0.0000549, True), ("infinite", float("inf"), True),
        ("0.5 ± 0.1 (n = 3)", Spread(0.52, 0.09, 3), True), ("0.5 (n = 3)", Spread(0.52, 0.09, 3), False),
        ("0.5 ± 0.1 (n = 2)", Spread(0.52, 0.09, 3), False), (None, None, True), (None, 1, False), ("1", None, False),
        ("p = 0.46", Chance(0.4649), True), ("p = 0.46", Chance(0.468), False), ("p < 0.001", Chance(0.0009), True),
        ("p = 0.46", Chance(0.48, 999, 4000), True), ("p = 0.46", Chance(0.55, 999, 4000), False),
        ("a, b and c", Names(["a", "b", "c"]), True), ("a, b and 2 more", Names(["a", "b", "c", "d"]), True),
        ("a and c", Names(["a", "b", "c"]), False), ("a, b and 1 more", Names(["a", "b"]), False),
    ],
)  # fmt: skip
def test_a_number_is_right_in_all_digits_that_are_printed(printed: str | None, truth: object, right: bool):
    """Neither more nor less is asked of it."""
    assert (wrong(printed, truth) == "") == right
