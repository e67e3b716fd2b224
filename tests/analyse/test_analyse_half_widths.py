"""Half widths of differences, against what their parts are by hand."""

import numpy as np
import pytest
from crossed_cells import drawn
from scipy import stats

from tunebook.analyse.crossed import Crossed
from tunebook.analyse.dunnett import critical
from tunebook.analyse.half_widths import differences

LEVELS = (0.995, 0.955)


def halves(scores, *, items=(), fixed=None, levels=(0.955,), at=0):
    """The half widths of one row minus each."""
    scores = np.asarray(scores, float)
    known = np.zeros(len(scores), bool) if fixed is None else np.array(fixed)
    return np.array(
        differences(Crossed(scores, tuple(items), known), at, levels=levels, comparisons=len(scores) - 1)[1]
    )


def pooled(rows):
    """The mean variance of a difference of two rows: twice the mean square of the interaction."""
    rest = rows - rows.mean(1, keepdims=True) - rows.mean(0) + rows.mean()
    return 2 * (rest**2).sum() / (len(rows) - 1) / (rows.shape[1] - 1)


def test_what_seeds_and_items_share_counts_once():
    """By mean squares of the gaps: seeds; items less what seeds have of it; and never less than the items alone."""
    chance = np.random.default_rng(0)
    for by_seed, by_item, both in ((1.0, 1.0, 1.0), (0.0, 0.0, 1.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.1)):
        values = drawn(chance, k=2, seeds=2, items=6, by_seed=by_seed, by_item=by_item, both=both)
        gaps = values[0] - values[1]
        rest = gaps - gaps.mean(1, keepdims=True) - gaps.mean(0) + gaps.mean()
        seeds, items, shared = gaps.mean(1).var(ddof=1) / 2, gaps.mean(0).var(ddof=1) / 6, (rest**2).sum() / 5 / 12
        t = stats.t.ppf(0.955, [1, 5])
        wanted = max(t[0] ** 2 * seeds + t[1] ** 2 * max(items - shared, 0), t[1] ** 2 * items)

        assert halves(values.mean(2), items=[values])[1] == pytest.approx(np.sqrt(wanted))


def test_what_is_told_apart_at_once_stays_out():
    """Its width is that of the strict level; the rest are compared among themselves, at the other."""
    rows = np.array([[0.60, 0.62, 0.61], [0.61, 0.60, 0.60], [0.60, 0.60, 0.61], [0.1, 0.11, 0.14]])
    found = halves(rows, levels=LEVELS)
    own = (rows[0] - rows).var(1, ddof=1)
    first = critical(3, 6, 0.995) * np.sqrt((4 * pooled(rows) + 2 * own[3]) / 6 / 3)
    second = critical(2, 6, 0.955) * np.sqrt((4 * pooled(rows) + 2 * own[1:3]) / 6 / 3)

    assert found[3] == pytest.approx(first)
    assert found[1:3] == pytest.approx(second)


def test_few_that_remain_borrow_from_the_nearest():
    """Two that remain would have one degree of freedom by themselves, and 1 + 4 with the six nearest."""
    near, far = np.array([[0.60, 0.61], [0.60, 0.608]]), np.linspace(0.3, -0.6, 8)[:, None] + [[0.0, 0.01]] * 8
    rows = np.concatenate([near, far])
    found = halves(rows, levels=LEVELS)[1]
    variance = (4 * pooled(rows[:6]) + (rows[0] - rows[1]).var(ddof=1)) / 5

    assert found == pytest.approx(critical(1, 5, 0.955) * np.sqrt(variance / 2))


def test_a_row_that_no_seed_changes_is_judged_by_its_pair():
    """By the pair's own spread, and by what differs between the trained ones, among which the best was picked."""
    rows = np.array([[0.60, 0.62, 0.61], [0.61, 0.60, 0.60], [0.5, 0.5, 0.5], [0.4, 0.4, 0.4]])
    fixed = [False, False, True, True]
    chosen = critical(3, 2, 0.955) ** 2 * pooled(rows[:2]) / 2 / 3
    alone = stats.t.ppf(0.955, 2) ** 2 * rows[0].var(ddof=1) / 3

    assert halves(rows, fixed=fixed)[2:] == pytest.approx(np.sqrt([chosen + alone] * 2))
    assert halves(rows, fixed=fixed, at=2)[3] == 0


def test_rows_of_another_kind_lend_nothing_by_their_items():
    """A floor is good at other items than all that is trained: its pairs have their own spread alone."""
    values = drawn(np.random.default_rng(1), k=4, seeds=3, items=5, by_seed=0.0, by_item=0.3, both=0.0)
    values[3] = values[3, :1] + np.array([3, -3, 1, -1, 0])
    over_seeds = values.mean(1)
    flat = np.tile(over_seeds[:, None], (1, 3, 1))
    found = halves(flat.mean(2), items=[flat], fixed=[False, False, False, True])
    own = (over_seeds[0] - over_seeds).var(1, ddof=1)
    drawn_to = (4 * pooled(over_seeds[:3]) + 4 * own[1:3]) / 8

    assert found[1:3] == pytest.approx(critical(3, 8, 0.955) * np.sqrt(drawn_to / 5))
    assert found[3] == pytest.approx(critical(3, 4, 0.955) * np.sqrt(own[3] / 5))


def test_only_what_is_far_louder_lends_nothing():
    """With two seeds chance alone makes one row many times as loud as the middle one; so many times it does not."""
    quiet = np.array([[0.5 - way, 0.5 + way] for size in (0.9, 1.0, 1.05, 1.1) for way in (size, -size)])
    for times, lends in ((11.7, True), (20.0, False)):
        rows = np.concatenate([quiet, [[0.5 - times, 0.5 + times]]])
        variance = (4 * pooled(rows if lends else quiet) + (rows[0] - rows).var(1, ddof=1)) / 5
        variance[8] = (4 * pooled(rows) + (rows[0] - rows[8]).var(ddof=1)) / 5

        assert halves(rows)[1:] == pytest.approx(critical(8, 5, 0.955) * np.sqrt(variance[1:] / 2))
