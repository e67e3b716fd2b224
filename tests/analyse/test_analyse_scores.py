"""What one configuration's score is."""

import math
import statistics

from study_tables import AIS, BOX, a_row, a_run, a_table, failed, missing

from tunebook.analyse import cell, ordered
from tunebook.records import Case


def test_a_score_is_mean_and_sample_sd_over_replicates():
    """± is the standard deviation with ddof 1, and n the number of runs."""
    values = [0.5, 0.6, 0.8]
    found = cell(a_row("a", *(a_run(seed, val=value) for seed, value in enumerate(values))), metric=AIS, split="val")

    assert math.isclose(found.mean, statistics.fmean(values))
    assert math.isclose(found.sd, statistics.stdev(values))
    assert (found.n, found.expected, found.reason) == (3, 3, "")


def test_one_replicate_has_no_spread():
    """With n = 1 there is no ±."""
    found = cell(a_row("a", a_run()), metric=AIS, split="val")

    assert (found.mean, found.sd, found.n) == (0.5, None, 1)


def test_missing_replicates_are_told_beside_the_mean():
    """A mean of fewer runs than declared says how many and why."""
    found = cell(a_row("a", a_run(0), failed(1), missing(2)), metric=AIS, split="val")

    assert found.reason == "1 of 3 seeds: 1 diverged, 1 not run yet"
    assert not found.complete


def test_a_cell_without_a_value_says_why():
    """The reason is the run's own: no prompts, failed, not run yet, not scored."""
    prompts = a_row("a", a_run(reasons={(BOX, "test"): "takes no prompts"}))

    assert cell(prompts, metric=BOX, split="test").reason == "takes no prompts"
    assert cell(a_row("a", failed(0), failed(1)), metric=AIS, split="val").reason == "failed: diverged"
    assert cell(a_row("a", missing(0)), metric=AIS, split="val").reason == "not run yet"
    assert cell(a_row("a", a_run()), metric=BOX, split="test").reason == "not scored"


def test_a_score_that_is_no_number_is_no_value():
    """NaN never enters a mean."""
    found = cell(a_row("a", a_run(0), a_run(1, val=math.nan)), metric=AIS, split="val")

    assert (found.mean, found.reason) == (0.5, "1 of 2 seeds: 1 not a finite number")


def test_only_searched_runs_are_averaged():
    """Runs that confirm, control or measure noise are no replicates of the search."""
    row = a_row("a", a_run(0, val=0.5), a_run(7, val=0.9, role="confirm"))

    assert cell(row, metric=AIS, split="val").mean == 0.5


def test_order_is_by_selection_score_then_size_then_id():
    """Best first; equal scores by trainable parameters, then id; no score last."""
    big, small = ({"trainable_parameters": count} for count in (9, 3))
    table = a_table(
        a_row("none", failed(0)),
        a_row("big", a_run(val=0.7, quantities=big)),
        a_row("small", a_run(val=0.7, quantities=small)),
        a_row("also", a_run(val=0.7, quantities=small)),
        a_row("low", a_run(val=0.1)),
    )

    assert [entry.label for entry in ordered(table)] == ["also", "small", "big", "low", "none"]


def test_a_loss_is_ordered_from_below():
    """The direction of the metric decides what is best."""
    rows = [a_row(str(score), a_run(scores={("loss", "val"): score})) for score in (0.9, 0.1, 0.5)]

    assert [entry.label for entry in ordered(a_table(*rows, select_metric="loss"))] == ["0.1", "0.5", "0.9"]


def test_several_cases_are_averaged_by_their_means():
    """Each case weighs the same, ± is that of a seed's mean over cases; without a value in one case there is none."""
    nuclei, cells = Case({"data.root": "nuclei"}), Case({"data.root": "cells"})
    table = a_table(
        a_row("a", a_run(0, val=0.2), a_run(1, val=0.4), case=nuclei),
        a_row("a", a_run(0, val=0.9), a_run(1, val=0.9), case=cells),
        a_row("b", a_run(0, val=0.9), a_run(1, val=0.9), case=nuclei),
        a_row("b", missing(0), missing(1), case=cells),
    )
    first, last = ordered(table)

    assert math.isclose(first.selection.mean, 0.6)
    assert math.isclose(first.selection.sd, statistics.stdev([(0.2 + 0.9) / 2, (0.4 + 0.9) / 2]))
    assert (first.selection.n, first.selection.complete) == (2, True)
    assert (last.selection.mean, last.selection.reason) == (None, "not run yet")


def test_a_mean_over_cases_with_a_run_missing_has_no_spread():
    """The seeds of one case are not those of the other; a case that no seed changes counts for each seed."""
    nuclei, cells = Case({"data.root": "nuclei"}), Case({"data.root": "cells"})
    table = a_table(
        a_row("a", a_run(0, val=0.2), a_run(1, val=0.4), case=nuclei),
        a_row("a", a_run(None, val=0.9), case=cells),
        a_row("b", a_run(0, val=0.1), a_run(1, val=0.3), case=nuclei),
        a_row("b", a_run(0, val=0.1), failed(1), case=cells),
    )
    first, last = ordered(table)

    assert math.isclose(first.selection.sd, statistics.stdev([0.55, 0.65]))
    assert (last.selection.sd, last.selection.n) == (None, 1)
