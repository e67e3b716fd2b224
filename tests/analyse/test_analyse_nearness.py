"""How many configurations the spread does not set apart."""

import math

from study_tables import a_row, a_run, a_table, failed

from tunebook.analyse import near, ordered


def test_the_sd_is_pooled_within_rows():
    """Each row with n >= 2 weighs by n - 1 (ddof 1); a row with one run adds nothing."""
    table = a_table(
        a_row("a", a_run(0, val=0.5), a_run(1, val=0.7)),
        a_row("b", a_run(0, val=0.4), a_run(1, val=0.5), a_run(2, val=0.6)),
        a_row("c", a_run(0, val=0.1)),
    )
    found = near(table, ordered(table)[0])

    assert math.isclose(found.sd, math.sqrt((0.02 + 0.02) / (1 + 2)))
    assert (found.rows, found.others) == (2, 1)


def test_incomplete_configurations_are_no_neighbours():
    """Only those that could have been chosen are counted."""
    pair = a_run(0, val=0.5), a_run(1, val=0.7)
    table = a_table(a_row("a", *pair), a_row("b", a_run(0, val=0.6), failed(1)), a_row("c", a_run(0, val=0.0)))
    chosen = next(entry for entry in ordered(table) if entry.label == "a")

    assert near(table, chosen).others == 0


def test_one_replicate_judges_nothing():
    """There is no spread to judge by, or nothing to compare with."""
    single = a_table(a_row("a", a_run(0)), a_row("b", a_run(0)))
    alone = a_table(a_row("a", a_run(0), a_run(1)))

    assert near(single, ordered(single)[0]) is None
    assert near(alone, ordered(alone)[0]) is None
