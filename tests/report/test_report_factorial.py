"""What a factorial adds to a page: splits, stability, precision against recall, groups, thresholds; and how fast."""

import time
from dataclasses import replace
from functools import cache

import pytest
from factorial_tables import FACTS, factorial
from judged_tables import judged
from made_up import blocks_of, card_of, figures_of, small
from study_tables import a_row, a_run, a_table

from tunebook.records import Part
from tunebook.report import compose, render
from tunebook.report.apart import terse
from tunebook.report.cards import Grid, Said
from tunebook.report.figures import drawn
from tunebook.report.figures.drawing import Dot, Line
from tunebook.report.figures.figure import Estimate, Point, ScatterFigure
from tunebook.report.groups import groups_card
from tunebook.report.overview import more
from tunebook.report.precision import precision_card

SECONDS = 6.0


@cache
def sweep(select: str = "val"):
    """A small factorial, made once."""
    return factorial(
        hidden=(0, 128, 1024), lr=(0.0001, 0.001), dropout=(0.0, 0.5), quality=("all",), select=select,
        report=("f1", "precision", "recall", "ap"),
    )  # fmt: skip


@cache
def whole():
    """96 configurations with 3 seeds, made once."""
    return factorial()


def in_precision(points, splits=("test",)):
    """A study of configurations with these means of (precision, recall) on val and test."""
    rows = []
    for at, (precision, recall) in enumerate(points):
        each = {"f1": precision, "precision": precision, "recall": recall}
        scores = {(name, split): value for name, value in each.items() for split in ("val", "test")}
        rows.append(a_row(f"a={at}", *(a_run(seed, scores=scores) for seed in (0, 1))))
    report = ("f1", "precision", "recall")
    return a_table(*rows, metrics=FACTS, report=report, select_metric="f1", splits=splits)


def test_splits_say_which_of_them_tell_configurations_apart():
    """In a sentence; and in a table with what the split is for, range, noise, share, and order."""
    card = card_of(whole(), "splits")
    (grid,) = blocks_of(whole(), "splits", Grid)

    assert card.sentence.startswith("By f1: val does not separate the configurations (the middle half of the means ")
    assert "ood separates the configurations (" in card.sentence
    assert [(row[0].text, row[1].text) for row in grid.rows] == [
        ("val", "choice"),
        ("test_id", "report"),
        ("ood", "report"),
    ]
    assert [row[9].note for row in grid.rows] == ["of 95"] * 3


def test_a_configuration_that_is_first_where_it_is_chosen_is_placed_elsewhere():
    """With the score that the best has there; in the text and under the figure."""
    (said,) = blocks_of(whole(), "splits", Said)
    figures = figures_of(whole(), "splits")

    assert any("The best on val, " in line and "is at place " in line for line in said.lines)
    assert [figure.title[0] for figure in figures] == ["f1 on test_id against val", "f1 on ood against val"]
    assert [sum(point.decided for point in figure.points) for figure in figures] == [1, 1]


def test_the_front_is_of_both_metrics_and_equal_means_stand_together():
    """The decided one is named first of its equals, and marked."""
    table = in_precision([(0.9, 0.5), (0.5, 0.9), (0.4, 0.4), (0.5, 0.9)])
    chosen = replace(judged().decision, study="cells", configuration="a=3")
    card = precision_card(replace(table, decision=chosen))
    said, _, grid = card.blocks

    assert said.lines[0] == (
        "On val, 3 of 4 are on the front of precision and recall: a=0 (0.900 and 0.500) and a=3 and 1 other "
        "(0.500 and 0.900). The decided one, a=3, is on it (0.500 and 0.900)."
    )
    assert [(row[0].text, row[0].note, row[1].text) for row in grid.rows[:2]] == [
        ("a=0", "", "val"),
        ("a=3", "and 1 other", "val"),
    ]
    assert grid.marked == {1, 3}


def test_a_beaten_decision_stands_below_the_front():
    """Named as what it is."""
    table = in_precision([(0.9, 0.5), (0.5, 0.9), (0.4, 0.4)])
    card = precision_card(replace(table, decision=replace(judged().decision, study="cells", configuration="a=2")))

    assert card.blocks[0].lines[0].endswith("The decided one, a=2, is not on it (0.400 and 0.400).")
    assert card.blocks[2].rows[2][0].note == "decided, not on the front"


def test_steps_of_two_scores_go_down_before_they_go_on():
    """What is wanted of both falls to the next point's; no logarithm of a score."""
    points = [Point(str(x), x, y, front=True, decided=False) for x, y in ((0.01, 0.9), (0.5, 0.6), (0.9, 0.2))]
    figure = ScatterFigure("f", ["t"], "alt", points, "recall", "precision", maximize=True, x_better="more")
    marks = drawn(figure).marks
    (steps,) = (mark.points for mark in marks if isinstance(mark, Line) and mark.dash)
    dots = sorted((mark.x, mark.y) for mark in marks if isinstance(mark, Dot))

    assert steps[:3] == [dots[0], (dots[0][0], dots[1][1]), dots[1]]
    assert dots[1][0] - dots[0][0] == pytest.approx((dots[2][0] - dots[1][0]) * 0.49 / 0.4)


def test_names_are_told_on_hover_and_to_those_who_do_not_see():
    """Every mark has its configuration and both scores; the figure is its sentence."""
    figure = figures_of(sweep(), "precision")[2]

    assert all(point.tip.startswith(f"{point.label}: precision ") for point in figure.points)
    assert figure.alt.startswith("On ood, ")
    assert figure.title[0] == "precision against recall on ood"


def test_a_study_without_both_metrics_has_no_such_card():
    """Nor one that reports the precision of one average and the recall of another."""
    table = in_precision([(0.9, 0.5), (0.5, 0.9)])

    assert precision_card(small()) is None
    assert precision_card(replace(table, report=("f1", "precision"))) is None
    assert "Precision and recall" not in [card.heading for card in compose(small()).cards]


def test_stability_is_a_column_with_its_own_uncertainty():
    """Of every candidate and of every configuration: the interval and the degrees of freedom beside each sd."""
    candidates = next(grid for grid in blocks_of(sweep(), "decision", Grid) if grid.title.endswith("candidates"))
    at = [heading.text for heading in candidates.headings].index("sd")
    every = blocks_of(sweep(), "stability", Grid)[-1]

    assert all(row[at].note.endswith(", df 2") for row in candidates.rows)
    assert [heading.below for heading in every.headings[2:5]] == [
        "on val, 95 % interval", "on test_id, 95 % interval", "on ood, 95 % interval",
    ]  # fmt: skip
    assert len(every.rows) == 10


def test_stability_says_whether_any_is_steadier():
    """For each split: between configurations, and by each parameter."""
    (said,) = blocks_of(sweep(), "stability", Said)

    assert [line.split(",")[0] for line in said.lines] == [
        "On val", "On val", "On test_id", "On test_id", "On ood", "On ood",
    ]  # fmt: skip
    assert any("no single one is shown to be steadier than another" in line for line in said.lines)


def test_groups_are_shown_where_a_score_is_not_their_mean():
    """The decided configuration, with n and the spread over seeds; a study of means has no such card."""
    (grid,) = blocks_of(sweep(), "groups", Grid)

    assert [heading.text for heading in grid.headings] == [
        *("group", "split", "f1", "precision", "recall", "ap", "items", "n")
    ]
    assert [row[0].text for row in grid.rows[:3]] == ["all together", "speaker-0", "speaker-1"]
    assert {row[-1].text for row in grid.rows} == {"3"}
    assert [row[-2].text for row in grid.rows[:2]] == ["450 of 450", "50 of 50"]
    assert all("±" in row[2].text for row in grid.rows)
    assert groups_card(judged()) is None


def test_one_seed_has_no_spread_in_any_group():
    """No ± where n = 1."""
    table = factorial(hidden=(0, 128), lr=(0.001,), dropout=(0.0,), quality=("all",), seeds=1)
    (grid,) = blocks_of(table, "groups", Grid)

    assert not any("±" in value.text for row in grid.rows for value in row)


def test_the_split_of_the_choice_is_said_where_it_is_reported():
    """At the top of the page, with the code of the finding; and nowhere where it is not."""
    said = "ood is the split of the choice and is reported as well: of 10 scores there, that of the chosen one tends "

    assert more(sweep("ood"))[1] == f"{said}to be too good (T401)."
    assert "T401" in [finding.code for finding in blocks_of(sweep("ood"), "findings", object)[0].findings]
    assert not any("T401" in line for line in more(sweep()))
    assert [row[1].text for row in blocks_of(sweep("ood"), "splits", Grid)[0].rows] == ["choice and report", "report"]


def test_thresholds_are_told_with_the_split_that_chose_them():
    """Mean and range over runs."""
    (said,) = blocks_of(sweep(), "settings", Said)

    assert said.lines[0].startswith("threshold, chosen by f1 on val: mean 0.")
    assert said.lines[0].endswith(", over 30 runs.")


def test_a_parameter_that_only_some_runs_have_is_explained():
    """Dropout without a hidden layer."""
    caveats = card_of(sweep(), "effects").caveats

    assert any(
        line.startswith("head.dropout exists in 24 of 30 runs: its levels are compared among") for line in caveats
    )


def test_long_names_become_their_values():
    """Where names of parameters leave no room; a parameter that a row lacks is a dash."""
    long = [Estimate(f"lr=0.001 hidden_units={units} dropout=0.5", 0.1) for units in (128, 512)]
    rows, named = terse([*long, Estimate("lr=0.001 hidden_units=0", 0.1)])

    assert [row.label for row in rows] == ["0.001 128 0.5", "0.001 512 0.5", "0.001 0 –"]
    assert named == "lr hidden_units dropout"
    assert terse([Estimate("rank=4", 0.1)]) == ([Estimate("rank=4", 0.1)], "")


@pytest.mark.slow
def test_the_page_of_a_whole_factorial_is_made_in_seconds(tmp_path):
    """288 runs, 8 metrics, 3 splits, 9 groups: less than 6 s of processor time, and less than 5 MB."""
    table = factorial(report=tuple(FACTS))
    started = time.process_time()
    compose(table)

    assert time.process_time() - started < SECONDS
    assert render(table, to=tmp_path).html.stat().st_size < 5e6


def in_groups(*parts):
    """A study of one configuration with one f1 on val as a whole, and other f1 in three groups: a pair of runs each."""
    scores = {("f1", "val"): 0.9, ("f1", "test"): 0.9}
    runs = [
        replace(a_run(seed, scores=scores), parts={("f1", "val"): _speakers(values[seed] for values in parts)})
        for seed in (0, 1)
    ]
    other = a_row("a=1", *(a_run(seed, scores=dict.fromkeys(scores, 0.5)) for seed in (0, 1)))
    return a_table(a_row("a=0", *runs), other, metrics=FACTS, report=("f1",), select_metric="f1")


def _speakers(values):
    return {f"speaker-{at}": Part(value, n=10, expected=10) for at, value in enumerate(values)}


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([(1.0, 1.0)] * 3, "On val, f1 is 0.900 ± 0.000 (n = 2); in each of 3 groups it is 1.000 ± 0.000."),
        ([(0.4, 0.6)] * 3, "On val, f1 is 0.900 ± 0.000 (n = 2); in each of 3 groups it is 0.500 ± 0.141."),
        (
            [(0.5, 0.5), (0.25, 0.75), (0.5, 0.5)],
            "On val, f1 is 0.900 ± 0.000 (n = 2); in each of 3 groups it is 0.500 on average.",
        ),
    ],
)
def test_equal_groups_are_said_with_their_own_score(parts, said):
    """Groups may be equal to each other and not to the whole: the pooled ranking is not theirs."""
    (lines,) = [block.lines for block in groups_card(in_groups(*parts)).blocks if isinstance(block, Said)]

    assert lines == [said]
