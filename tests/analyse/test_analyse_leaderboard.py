"""Leaderboard and best results."""

from dataclasses import replace

import pytest
from study_tables import AIS, BOX, a_row, a_run, a_table, failed, missing

from tunebook.analyse import Unavailable, columns_of, leaderboard, ordered, standings
from tunebook.analyse.alternatives import alternatives
from tunebook.records import Case, Upstream


def test_the_selection_column_comes_first():
    """The column that the study chooses on is marked, then come report metrics on reported splits."""
    board = leaderboard(a_table(a_row("a", a_run()), report=(AIS, BOX), splits=("test", "shifted")))

    assert [(column.metric, column.split, column.chosen) for column in board.columns] == [
        (AIS, "val", True),
        (AIS, "test", False),
        (BOX, "test", False),
        (AIS, "shifted", False),
        (BOX, "shifted", False),
    ]


def test_no_column_is_shown_twice():
    """A reported split that the study also chooses on stands once, as the selection column."""
    board = leaderboard(a_table(a_row("a", a_run()), splits=("val", "test")))

    assert [(column.split, column.chosen) for column in board.columns] == [("val", True), ("test", False)]


def test_ties_are_all_best_and_incomplete_rows_never():
    """Bold goes to every equal best among configurations whose runs all have a value."""
    board = leaderboard(
        a_table(
            a_row("half", a_run(0, test=0.9), failed(1)),
            a_row("one", a_run(0, test=0.6), a_run(1, test=0.6)),
            a_row("other", a_run(0, test=0.6), a_run(1, test=0.6)),
            a_row("low", a_run(0, test=0.2), a_run(1, test=0.2)),
        )
    )
    best = {row.entry.label: row.best[1] for row in board.rows}

    assert best == {"half": False, "one": True, "other": True, "low": False}
    assert [row.entry.label for row in board.rows if row.first[1]] == ["one"]


def test_what_cannot_be_told_from_the_best_is_bold():
    """Seed by seed: an interval that holds 0 tells nothing apart; rows that lack a value are not compared."""

    def row(label, *values):
        return a_row(label, *(a_run(seed, test=value) for seed, value in enumerate(values)))

    lost = replace(failed(2), replicate={"seed": 2})
    board = leaderboard(
        a_table(
            row("top", 0.60, 0.62, 0.61),
            row("level", 0.61, 0.60, 0.60),
            row("behind", 0.55, 0.571, 0.56),
            a_row("half", a_run(0, test=0.61), a_run(1, test=0.61), lost),
            a_row("floor", a_run(None, test=0.3)),
        )
    )
    best = {each.entry.label: each.best[1] for each in board.rows}
    behind = {each.entry.label: each.behind[1] for each in board.rows}

    assert best == {"top": True, "level": True, "behind": False, "half": False, "floor": False}
    assert behind["half"] is None
    assert behind["floor"].mean == pytest.approx(0.31)


def test_bold_knows_that_items_may_be_lucky():
    """A gap that every seed repeats, but that one of the items makes, tells nothing apart."""

    def row(label, *items):
        values = {f"cell-{at}": value for at, value in enumerate(items)}
        runs = [a_run(seed, test=sum(items) / len(items), items={(AIS, "test"): values}) for seed in range(3)]
        return a_row(label, *runs)

    board = leaderboard(a_table(row("top", 0.5, 0.6, 0.9), row("but one", 0.5, 0.6, 0.7), row("low", 0.1, 0.2, 0.51)))

    assert {each.entry.label: each.best[1] for each in board.rows} == {"top": True, "but one": True, "low": False}
    assert [each.behind[1].items for each in board.rows] == [3, 3, 3]


def test_finalists_stand_by_their_fresh_seeds():
    """The same columns, from runs of another role."""
    rows = [
        a_row(
            name,
            *(
                a_run(seed, val=0.9, test=test + seed / 1000, role=role)
                for seed, role in ((0, "search"), (7, "confirm"))
            ),
        )
        for name, test in (("a", 0.3), ("b", 0.4))
    ]
    table = a_table(*rows)
    board = standings(table, ordered(table, "confirm"), columns_of(table), "confirm")

    assert [(row.entry.label, round(row.cells[1].mean, 9), row.best[1]) for row in board] == [
        ("a", 0.307, False),
        ("b", 0.407, True),
    ]


def test_cases_stand_side_by_side():
    """With several cases there is a column for their mean and one for each."""
    nuclei, cells = Case({"root": "nuclei"}), Case({"root": "cells"})
    table = a_table(a_row("a", a_run(val=0.2), case=nuclei), a_row("a", a_run(val=0.4), case=cells))
    board = leaderboard(table)

    assert [column.case for column in board.columns] == [None, nuclei, cells, nuclei, cells]
    assert [round(cell.mean, 3) for cell in board.rows[0].cells] == [0.3, 0.2, 0.4, 0.4, 0.4]


def test_best_results_take_each_alternatives_best_configuration():
    """Rows are alternatives, best first; the choice is made on the selection split, not on the reported one."""
    table = a_table(
        a_row("lora 1", a_run(val=0.5, test=0.9), alternative="lora"),
        a_row("lora 2", a_run(val=0.6, test=0.1), alternative="lora"),
        a_row("full", a_run(val=0.7, test=0.2), alternative="full"),
    )
    best = alternatives(table)

    assert [row.entry.label for row in best.rows] == ["full", "lora 2"]
    assert best.tried == {"lora": 2, "full": 1}


def test_what_other_studies_tried_counts_as_tried():
    """An alternative that stands here with one configuration may be the best of many."""
    rows = [a_row(name, a_run(), alternative=name) for name in ("lora", "full")]
    table = a_table(*rows, upstream={"lora": Upstream(("ranks", "rates"), 9, 1)})

    assert alternatives(table).tried == {"lora": 9, "full": 1}


def test_a_complete_configuration_stands_for_its_alternative():
    """One lucky run of several does not beat configurations whose runs all finished."""
    table = a_table(
        a_row("lucky", a_run(0, val=0.9), failed(1), alternative="lora"),
        a_row("whole", a_run(0, val=0.6), a_run(1, val=0.6), alternative="lora"),
        a_row("full", a_run(0, val=0.1), alternative="full"),
    )

    assert [row.entry.label for row in alternatives(table).rows] == ["whole", "full"]


def test_a_space_without_alternatives_says_so():
    """There is nothing to compare with one alternative."""
    assert alternatives(a_table(a_row("a", a_run()))) == Unavailable("the space has no alternatives to compare")


@pytest.mark.parametrize("whole", [0, 1, 2])
def test_nothing_is_best_before_two_have_all_of_their_runs(whole):
    """While runs are missing: the one that ended first is not the best of anything. What failed is not waited for."""
    rows = [
        a_row(f"alpha={n}", a_run(0, val=0.5 - n / 10), a_run(1, val=0.5 - n / 10) if n < whole else missing(1))
        for n in range(3)
    ]
    table = a_table(*rows)
    ended = [
        replace(row, runs=tuple(failed(1) if run.status == "missing" else run for run in row.runs)) for row in rows
    ]

    assert any(any(row.best) for row in leaderboard(table).rows) == (whole == 2)
    assert any(any(row.best) for row in leaderboard(a_table(*ended)).rows) == (whole > 0)
