"""Spread over replicates: against SciPy, and on studies in which a parameter changes it or does not."""

from dataclasses import replace

import numpy as np
import pytest
from crossed_studies import crossed, grid
from factorial_tables import factorial
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from study_tables import a_row, a_run, a_table

from tunebook.analyse import Unavailable
from tunebook.analyse.pooling import sd_interval
from tunebook.analyse.scores import Cell
from tunebook.analyse.stability import bartlett, own_spread, pooled_spread, stability

WIDTHS = (1, 2, 4, 8)


def wider(seed: int, *, by: float, shared: float = 0.0, seeds: int = 3):
    """A grid of two parameters; each doubling of the first makes the noise `by` times as large."""
    draw = np.random.default_rng(seed)
    common = draw.normal(0, shared, seeds)
    points = grid(width=WIDTHS, rate=(1, 2, 3, 4, 5, 6))

    def score(point, _case, replicate):
        return float(0.5 + common[replicate] + draw.normal(0, 0.01 * by ** np.log2(float(point["width"]))))

    return crossed(points, score, seeds=seeds)


@given(st.integers(3, 12), st.integers(2, 6), st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_bartletts_test_is_scipys(k, n, seed):
    """Of samples, whose standard deviations are all that it asks for."""
    samples = np.random.default_rng(seed).normal(0, 1, (k, n))
    found = bartlett(samples.std(1, ddof=1).tolist(), n)
    theirs = stats.bartlett(*samples)

    assert found == (pytest.approx(theirs.statistic), k - 1, pytest.approx(theirs.pvalue))


def test_the_interval_of_a_spread_is_by_chi_square():
    """Of three values: 0.52 to 6.28 times what it shows."""
    assert sd_interval(1.0, 2) == pytest.approx((0.5207, 6.2847), abs=1e-4)


@given(st.floats(1e-6, 1.0), st.integers(1, 200))
@settings(deadline=None)
def test_the_interval_holds_the_spread_and_narrows(sd, df):
    """With more degrees of freedom it is narrower."""
    low, high = sd_interval(sd, df)
    closer = sd_interval(sd, df + 1)

    assert low < sd < high
    assert closer[1] - closer[0] < high - low


def test_one_run_has_no_spread():
    """With n = 1 there is no sd, no interval and no degree of freedom."""
    assert own_spread(Cell(0.5, None, 1, 1)) is None


def test_equal_noise_is_called_equal():
    """Neither configurations nor parameters are said to differ in more than about 5 % of studies."""
    found = [stability(wider(seed, by=1.0, shared=0.05))[0] for seed in range(30)]
    p_values = [effect.p for each in found for effect in each.parameters[0].effects]

    assert np.mean([each.p < 0.05 for each in found]) < 0.15
    assert np.mean([p < 0.05 for p in p_values]) < 0.1


def test_a_parameter_that_changes_the_spread_is_found():
    """The other one is not, and the pooled spreads of its levels double with it."""
    val = stability(wider(5, by=2.0))[0]
    (parameters,) = val.parameters
    width, rate = parameters.effects
    spreads = [each.spread for each in parameters.levels if each.parameter == "width"]

    assert (width.p < 0.01, rate.p > 0.05) == (True, True)
    assert val.p < 0.01
    assert [(each.df, each.common) for each in spreads] == [(12, 2)] * 4
    assert spreads[3].low > spreads[0].high


def test_what_a_seed_does_to_all_does_not_hide_who_is_steadier():
    """Seeds that move every configuration alike make their spreads alike; what is left of them is compared."""
    hidden, plain = (stability(wider(7, by=2.0, shared=shared))[0] for shared in (0.5, 0.0))

    assert hidden.pooled.sd > 3 * plain.pooled.sd
    assert hidden.chi2 == pytest.approx(plain.chi2, rel=0.2)


@pytest.mark.parametrize("shared", [0.0, 0.01, 0.04])
def test_the_interval_of_a_pooled_spread_holds_it(shared):
    """Whatever part of the noise moves all configurations alike: that is seen as often as there are seeds."""
    draw = np.random.default_rng(8)
    truth = np.hypot(0.02, shared)
    tables = [draw.normal(0, 0.02, (24, 3)) + draw.normal(0, shared, 3) for _ in range(500)]
    found = [pooled_spread([each]) for each in tables]
    by_runs = [sd_interval(each.sd, each.df) for each in found]

    assert np.mean([each.low < truth < each.high for each in found]) > 0.92
    assert (np.mean([low < truth < high for low, high in by_runs]) < 0.6) == (shared > 0.02)


def test_the_spread_of_one_row_has_the_interval_of_a_sample():
    """There is nothing that it shares with others."""
    values = np.random.default_rng(9).normal(0, 1, (1, 5))
    found = pooled_spread([values])

    assert (found.low, found.high) == pytest.approx(sd_interval(float(values.std(ddof=1)), 4))


def test_scores_that_move_in_steps_are_not_compared_one_by_one():
    """A spread of 0 is no size of noise; parameters are judged all the same."""
    table = wider(3, by=1.0)
    still = replace(table.rows[0], runs=tuple(a_run(seed, val=0.5) for seed in range(3)))
    val = stability(replace(table, rows=[still, *table.rows[1:]]))[0]

    assert (val.unmoved, val.chi2, val.p) == (1, None, None)
    assert len(val.parameters[0].effects) == 2


def test_dropout_is_judged_where_it_exists():
    """Configurations without a hidden layer have no part in its levels."""
    val = stability(factorial())[0]
    levels = [each for each in val.parameters[0].levels if each.parameter == "head.dropout"]

    assert [(each.value, each.spread.df) for each in levels] == [(at, 36) for at in (0.0, 0.25, 0.5, 0.75, 0.9)]
    assert {each.parameter for each in val.parameters[0].effects} == {
        "optimizer.lr", "head.hidden_units", "head.dropout", "subset.quality",
    }  # fmt: skip


def test_single_seeds_tell_nothing_of_stability():
    """The reason is given."""
    found = stability(a_table(*(a_row(f"a={at}", a_run(0)) for at in range(6))))

    assert isinstance(found, Unavailable)
