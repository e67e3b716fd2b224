"""How many configurations the replicates do not set apart."""

from study_tables import a_row, a_run, a_table, failed

from tunebook.analyse import near, ordered
from tunebook.records import Case


def test_those_that_cannot_be_told_apart_are_counted():
    """By paired differences: `b` follows the seeds of `a` a little behind it, `c` goes its own way."""
    table = a_table(
        a_row("a", *(a_run(seed, val=val) for seed, val in enumerate((0.5, 0.6, 0.7)))),
        a_row("b", *(a_run(seed, val=val) for seed, val in enumerate((0.4, 0.501, 0.6)))),
        a_row("c", *(a_run(seed, val=val) for seed, val in enumerate((0.7, 0.5, 0.4)))),
        a_row("floor", a_run(None, val=0.0)),
    )
    found = near(table, ordered(table)[0])

    assert (found.others, found.compared, found.fewest, found.most) == (1, 3, 3, 3)


def test_pairs_may_share_different_numbers_of_replicates():
    """Said as a range: the largest alone would claim too much."""
    table = a_table(
        a_row("a", *(a_run(seed, val=val) for seed, val in enumerate((0.5, 0.6, 0.7)))),
        a_row("b", *(a_run(seed, val=val) for seed, val in enumerate((0.4, 0.5, 0.61)))),
        a_row("c", *(a_run(seed, val=val) for seed, val in enumerate((0.4, 0.5)))),
    )
    found = near(table, ordered(table)[0])

    assert (found.fewest, found.most) == (2, 3)


def test_incomplete_configurations_are_no_neighbours():
    """Only those that could have been chosen are counted."""
    pair = a_run(0, val=0.5), a_run(1, val=0.7)
    table = a_table(a_row("a", *pair), a_row("b", a_run(0, val=0.6), failed(1)), a_row("c", a_run(None, val=0.0)))
    chosen = next(entry for entry in ordered(table) if entry.label == "a")

    assert near(table, chosen).compared == 1


def test_one_replicate_judges_nothing():
    """There is no spread to judge by, or nothing to compare with."""
    single = a_table(a_row("a", a_run(0)), a_row("b", a_run(0)))
    floors = a_table(a_row("a", a_run(None)), a_row("b", a_run(None, val=0.1)))
    alone = a_table(a_row("a", a_run(0), a_run(1)))

    assert [near(table, ordered(table)[0]) for table in (single, floors, alone)] == [None, None, None]


def test_several_cases_are_compared_by_their_mean():
    """Seeds that move the cases against each other leave the mean over cases where it is."""
    nuclei, cells = Case({"data.root": "nuclei"}), Case({"data.root": "cells"})
    swings = ((0.1, -0.1, 0.05), (-0.1, 0.1001, -0.05))
    table = a_table(
        *(
            a_row(name, *(a_run(seed, val=level + way) for seed, way in enumerate(ways)), case=case)
            for name, level in (("a", 0.5), ("b", 0.4))
            for case, ways in zip((nuclei, cells), swings if name == "a" else ((0, 0, 0.0001), (0, 0, 0)), strict=True)
        )
    )

    assert near(table, ordered(table)[0]).others == 0
