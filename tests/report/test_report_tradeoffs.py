"""Scores against costs: the front, figures, and what is left out where costs are."""

from dataclasses import replace

from made_up import blocks_of, card_of, figures_of
from study_tables import a_row, a_run, a_table

from tunebook.analyse import decide
from tunebook.records import Costs
from tunebook.report.cards import Grid, Said


def costly():
    """Four configurations: one cheap, one good, one beaten by the good one, one that costs what it scores."""
    rows = []
    for label, score, parameters, seconds, memory in (
        ("cheap", 0.3, 10, 50.0, 400.0), ("good", 0.6, 1_000, 100.1, 500.0),
        ("beaten", 0.5, 2_000, 100.4, 600.0), ("middle", 0.4, 100, 70.0, 450.0),
    ):  # fmt: skip
        costs = Costs(seconds, seconds, memory)
        runs = [a_run(seed, val=score, quantities={"trainable_parameters": parameters}, costs=costs) for seed in (0, 1)]
        rows.append(a_row(label, *runs))
    table = a_table(*rows)
    return replace(table, decision=decide(table))


def test_the_front_is_what_nothing_beats_in_score_and_cost():
    """In words, in the figure and in the table."""
    (said,) = blocks_of(costly(), "tradeoffs", Said)
    figure = figures_of(costly(), "tradeoffs")[0]
    (grid,) = blocks_of(costly(), "tradeoffs", Grid)

    assert said.lines[0] == (
        "Trainable parameters: 3 of 4 are on the front, cheap (0.300 at 10), middle (0.400 at 100) and "
        "good (0.600 at 1,000)."
    )
    assert {point.label for point in figure.points if point.front} == {"cheap", "middle", "good"}
    assert [(row[0].text, row[-1].text) for row in grid.rows] == [
        ("good", "trainable parameters, time, memory"), ("beaten", ""),
        ("middle", "trainable parameters, time, memory"), ("cheap", "trainable parameters, time, memory"),
    ]  # fmt: skip


def test_measured_costs_are_compared_as_far_as_they_are_shown():
    """A run that took a third of a second longer took no longer."""
    table = costly()
    (said,) = blocks_of(table, "tradeoffs", Said)
    (grid,) = blocks_of(table, "tradeoffs", Grid)

    assert [row[4].text for row in grid.rows] == ["100 s", "100 s", "70 s", "50 s"]
    assert said.lines[1].endswith("and good (0.600 at 100 s).")


def test_figures_carry_metric_split_and_n():
    """One for each cost, with the decided configuration set apart."""
    figures = figures_of(costly(), "tradeoffs")

    assert [figure.title[0] for figure in figures] == [
        "ais.msa on val against trainable parameters", "ais.msa on val against time", "ais.msa on val against memory",
    ]  # fmt: skip
    assert figures[0].title[1] == "mean over replicates, n = 2"
    assert [point.label for point in figures[0].points if point.decided] == ["good"]


def test_without_costs_only_what_equal_studies_share_is_left():
    """Trainable parameters stay; time and memory are in no sentence, figure or table."""
    card = card_of(costly(), "tradeoffs", without_costs=True)

    assert card.sentence.startswith("ais.msa on val, against trainable parameters. ")
    assert [heading.text for heading in card.blocks[-1].headings] == [
        "configuration", "ais.msa", "n", "trainable parameters", "on the front of",
    ]  # fmt: skip
    assert card.caveats == []


def test_equal_costs_are_no_trade_off():
    """Nothing to choose between."""
    table = a_table(a_row("a", a_run(0)), a_row("b", a_run(0, val=0.4)))

    assert card_of(table, "tradeoffs").absent == "no two configurations with a score differ in a cost that is known"
