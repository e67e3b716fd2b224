"""How sure the scores of the chosen configuration are."""

import numpy as np
import pytest
from scipy import stats
from study_tables import AIS, a_row, a_run, a_table

from tunebook.analyse import sureness


def with_items(seed: int, values: list[float]):
    """A run whose test score is the mean of its items."""
    items = {(AIS, "test"): {f"i{at:02}": value for at, value in enumerate(values)}}
    return a_run(seed, test=float(np.mean(values)), items=items)


def test_seeds_alone_are_students_interval():
    """Without items: SciPy's one-sample interval over the seeds."""
    values = [0.5, 0.52, 0.57]
    table = a_table(a_row("a", *(a_run(seed, test=value) for seed, value in enumerate(values))))
    (found,) = sureness(table)
    wanted = stats.ttest_1samp(values, 0).confidence_interval()

    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((wanted.low, wanted.high))
    assert (found.interval.seeds, found.interval.items) == (3, 1)


def test_items_widen_it():
    """Items that differ much leave more open than seeds that do not."""
    draw = np.random.default_rng(0)
    hard = draw.normal(0.5, 0.2, 12)
    rows = [with_items(seed, list(hard + draw.normal(0, 0.01, 12))) for seed in range(3)]
    (found,) = sureness(a_table(a_row("a", *rows)))
    (bare,) = sureness(
        a_table(a_row("a", *(a_run(seed, test=run.scores[AIS, "test"]) for seed, run in enumerate(rows))))
    )

    assert found.interval is not None
    assert bare.interval is not None
    assert found.interval.items == 12
    assert found.interval.high - found.interval.low > 5 * (bare.interval.high - bare.interval.low)


def test_it_is_of_the_decided_configuration():
    """The better one, and nothing of the other; equal tables give equal intervals."""
    rows = (a_row("a", a_run(0, val=0.4, test=0.1), a_run(1, val=0.4, test=0.2)),)
    rows += (a_row("b", a_run(0, val=0.6, test=0.3), a_run(1, val=0.6, test=0.4)),)
    (found,) = sureness(a_table(*rows))

    assert found.cell.mean == pytest.approx(0.35)
    assert sureness(a_table(*rows)) == (found,)


def test_one_run_says_nothing():
    """A single value has no interval; without runs there is nothing at all."""
    (found,) = sureness(a_table(a_row("a", a_run(0))))

    assert found.interval is None
    assert sureness(a_table()) == ()
