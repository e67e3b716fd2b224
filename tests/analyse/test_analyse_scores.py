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


def test_runs_of_another_role_are_averaged_when_asked_for():
    """Finalists on fresh seeds have a score of their own; a configuration without such runs says so."""
    row = a_row("a", a_run(0, val=0.5), a_run(7, val=0.8, role="confirm"), a_run(8, val=0.9, role="confirm"))
    found = cell(row, metric=AIS, split="val", role="confirm")

    assert (round(found.mean, 9), found.n, list(found.by_replicate)) == (0.85, 2, ["seed=7", "seed=8"])
    assert cell(row, metric=AIS, split="val", role="noise").reason == "no run of this role"


def test_an_equal_run_executed_again_is_no_replicate():
    """It would count one seed twice."""
    row = a_row("a", a_run(0, val=0.5), a_run(1, val=0.7), a_run(0, val=0.9, repeat=1))
    found = cell(row, metric=AIS, split="val")

    assert (round(found.mean, 9), found.n, found.expected) == (0.6, 2, 2)


def test_the_confirmed_are_ordered_by_what_confirmed_them():
    """Only configurations with runs of that role stand in the order, by the score of those runs."""
    table = a_table(
        a_row("a", a_run(0, val=0.9), a_run(7, val=0.5, role="confirm")),
        a_row("b", a_run(0, val=0.8), a_run(7, val=0.7, role="confirm")),
        a_row("c", a_run(0, val=0.7)),
    )
    found = ordered(table, "confirm")

    assert [(entry.label, entry.selection.mean) for entry in found] == [("b", 0.7), ("a", 0.5)]
    assert [entry.label for entry in ordered(table)] == ["a", "b", "c"]


def with_items(seed: int, *values: float, val: float | None = None, first: int = 0):
    """A run whose score on val is the mean of its items, or the one that is given."""
    items = {f"cell-{at}": value for at, value in enumerate(values, start=first)}
    return a_run(seed, val=statistics.fmean(values) if val is None else val, items={(AIS, "val"): items})


def test_items_stand_beside_the_score_that_is_their_mean():
    """They are the run's own mappings, not copies."""
    runs = with_items(0, 0.1, 0.2, 0.6), with_items(1, 0.3, 0.4, 0.5)
    found = cell(a_row("a", *runs), metric=AIS, split="val")

    assert list(found.items) == ["seed=0", "seed=1"]
    assert all(found.items[f"seed={at}"] is run.items[AIS, "val"] for at, run in enumerate(runs))


def test_nothing_is_claimed_of_items_that_do_not_make_the_score():
    """An F1 is no mean of its items; without items, or with others in another run, there is nothing to resample."""
    usual = with_items(0, 0.1, 0.2, 0.6)
    others = with_items(1, 0.1, 0.2, 0.6, val=0.31), a_run(1), with_items(1, 0.3, 0.4, 0.5, first=1)

    assert [cell(a_row("a", usual, other), metric=AIS, split="val").items for other in others] == [{}, {}, {}]


def test_a_mean_over_cases_keeps_its_parts():
    """Items belong to a case: they are found in the parts."""
    nuclei, cells = Case({"data.root": "nuclei"}), Case({"data.root": "cells"})
    table = a_table(
        a_row("a", with_items(0, 0.1, 0.3), with_items(1, 0.3, 0.5), case=nuclei),
        a_row("a", with_items(0, 0.7, 0.9), with_items(1, 0.9, 0.9), case=cells),
    )
    found = ordered(table)[0].selection

    assert [round(part.mean, 9) for part in found.parts] == [0.3, 0.85]
    assert (found.items, [len(part.items) for part in found.parts]) == ({}, [2, 2])
