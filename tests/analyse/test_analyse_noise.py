"""How far chance alone moves a score."""

import math
import statistics

import pytest
from scipy import stats
from study_tables import AIS, BOX, a_row, a_run, a_table, failed

from tunebook.analyse import Unavailable
from tunebook.analyse.noise import noise, repeats
from tunebook.records import Case, Control


def row(label, *values, role="search", **facts):
    """A row of one run for each value."""
    return a_row(label, *(a_run(seed, val=value, role=role) for seed, value in enumerate(values)), **facts)


def test_noise_is_pooled_within_configurations():
    """By their degrees of freedom, as in an analysis of variance; what separates the means does not count."""
    table = a_table(row("a", 0.5, 0.52, 0.54), row("b", 0.8, 0.9), a_row("floor", a_run(None, val=0.1)))
    found = noise(table, AIS, "val")
    squares = 2 * statistics.variance([0.5, 0.52, 0.54]) + statistics.variance([0.8, 0.9])

    assert found.sd == pytest.approx(math.sqrt(squares / 3))
    assert (found.df, found.configurations, found.source) == (3, 2, "replicates")


def test_its_interval_is_that_of_a_variance():
    """The exact one by chi-square."""
    found = noise(a_table(row("a", 0.5, 0.52, 0.54), row("b", 0.8, 0.9)), AIS, "val")
    upper, lower = stats.chi2.ppf([0.975, 0.025], 3)

    assert found.low == pytest.approx(found.sd * math.sqrt(3 / upper))
    assert found.high == pytest.approx(found.sd * math.sqrt(3 / lower))


def test_each_case_varies_about_its_own_mean():
    """A configuration counts once, however many cases it runs in."""
    cases = [Case({"data.root": root}) for root in ("nuclei", "cells")]
    found = noise(a_table(row("a", 0.1, 0.2, case=cases[0]), row("a", 0.8, 0.9, case=cases[1])), AIS, "val")

    assert found.sd == pytest.approx(math.sqrt(0.005))
    assert (found.df, found.configurations) == (2, 1)


def test_one_seed_is_judged_by_its_centre_point():
    """Only where the search has no replicates; the searched run is not one of the centre point's."""
    centre = [a_run(seed, val=value, role="noise") for seed, value in ((7, 0.4), (8, 0.5), (9, 0.6))]
    single = a_table(a_row("a", a_run(0, val=0.9), *centre), row("b", 0.1))
    both = a_table(a_row("a", a_run(0, val=0.9), *centre), row("b", 0.1, 0.3))

    assert noise(single, AIS, "val").source == "centre point"
    assert noise(single, AIS, "val").sd == pytest.approx(0.1)
    assert noise(both, AIS, "val").sd == pytest.approx(math.sqrt(0.02))


def test_without_replicates_the_noise_is_not_known():
    """And why."""
    wanted = Unavailable("no configuration has two runs with a value of ais.msa on val")

    assert noise(a_table(row("a", 0.5), a_row("b", a_run(0), failed(1))), AIS, "val") == wanted


def again(seed, val, repeat=1, **facts):
    """An equal run that was executed again."""
    return a_run(seed, val=val, repeat=repeat, id=f"again-{seed}-{repeat}", **facts)


def test_equal_runs_are_compared_value_by_value():
    """Scores and items of all splits; the largest difference of any value is told."""
    items = ({(BOX, "test"): {"a": 0.5, "b": value}} for value in (0.7, 0.4))
    first, second = a_run(0, val=0.5, items=next(items)), again(0, 0.51, role="noise", items=next(items))
    found = repeats(a_table(a_row("a", first, second, a_run(1), again(1, 0.5))))

    assert (found.pairs, found.differing, found.values) == (2, 1, 6)
    assert found.largest == pytest.approx(0.3)


def test_runs_that_repeat_differ_in_nothing():
    """To the last digit."""
    found = repeats(a_table(a_row("a", a_run(0, val=0.5), again(0, 0.5), again(0, 0.5, repeat=2))))

    assert (found.pairs, found.differing, found.largest, found.values) == (2, 0, 0.0, 4)


def test_a_control_is_compared_with_the_run_behind_the_decision():
    """In its own case; a run of this study that is no repeat has no twin."""
    nuclei, cells = Case({"data.root": "nuclei"}), Case({"data.root": "cells"})
    before = a_row("a", a_run(0, val=0.8), case=cells), a_row("a", a_run(0, val=0.5), case=nuclei)
    here = a_row("x", again(0, 0.4, role="control"), a_run(3, val=0.1, role="control"), case=nuclei)
    control = Control("rates", "a", AIS, "val", before, (here,))
    found = repeats(a_table(row("a", 0.5), controls=(control,)))

    assert (found.pairs, found.differing) == (1, 1)
    assert found.largest == pytest.approx(0.1)


def test_without_two_finished_runs_nothing_repeats():
    """A run that failed the second time says nothing of its values."""
    lost = a_row(
        "a", a_run(0), again(0, 0.5, status="failed"), failed(1), again(1, 0.5, status="failed"), again(4, 0.5)
    )

    assert repeats(a_table(lost)) == Unavailable("no equal run was executed again")
