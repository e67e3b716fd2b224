"""The card of the baselines."""

from dataclasses import replace

from judged_tables import judged
from study_tables import AIS, BOX, a_row, a_run, a_table, missing

from tunebook.analyse import decide
from tunebook.records import Case, Row, Table
from tunebook.report import compose
from tunebook.report.baselines import baselines_card
from tunebook.report.cards import Card, Figures, Grid, Said
from tunebook.report.exporting import csv, long


def floor(label: str, value: float, case: Case | None = None) -> Row:
    """A baseline that no seed changes."""
    return a_row(label, a_run(None, val=value, test=value - 0.1, role="baseline"), case=case)


def study(*floors: Row, **facts: object) -> Table:
    """A decided study of two configurations with three seeds."""
    rows = [
        a_row(name, *(a_run(seed, val=level + seed / 100, test=level) for seed in range(3)))
        for name, level in (("a", 0.5), ("b", 0.3))
    ]
    table = a_table(*rows, baselines=floors, **facts)
    return replace(table, decision=decide(table))


def card(table: Table) -> Card:
    """The card of a study that has baselines."""
    found = baselines_card(table)
    assert found is not None
    return found


def block(found: Card, kind: type) -> object:
    """The first block of a kind."""
    return next(each for each in found.blocks if isinstance(each, kind))


def test_a_study_without_baselines_has_no_card():
    """Neither an empty one nor a line that says so."""
    assert baselines_card(judged()) is None
    assert "baselines" not in {each.anchor for each in compose(judged()).cards}


def test_the_card_follows_the_leaderboard():
    """Where a reader has just seen who is best."""
    anchors = [each.anchor for each in compose(study(floor("majority", 0.2))).cards]

    assert anchors[anchors.index("leaderboard") + 1] == "baselines"


def test_the_sentence_says_by_how_much_at_least():
    """The lowest end of all intervals, on the split of the choice; reported splits follow below."""
    found = card(study(floor("majority", 0.2), floor("linear", 0.4)))

    assert found.sentence == (
        "By ais.msa on val, the chosen configuration is better than every baseline, by at least 0.085."
    )
    assert block(found, Said).lines == [
        "By ais.msa on test, the chosen configuration is better than every baseline, by at least 0.200."
    ]


def test_one_baseline_is_called_by_its_name():
    """There is no `every` of one."""
    assert "is better than majority, by at least" in card(study(floor("majority", 0.2))).sentence


def test_what_cannot_be_told_apart_is_said():
    """Better, level, worse and without a value: each by name."""
    gone = a_row("gone", replace(missing(0), role="baseline"))
    found = card(study(floor("low", 0.1), floor("near", 0.505), floor("high", 0.9), gone))

    assert found.sentence == (
        "By ais.msa on val, the chosen configuration is better than low, by at least 0.385. It cannot be told from "
        "near. It is worse than high. It cannot be compared with gone, for want of a value."
    )


def test_one_run_is_given_no_interval():
    """A number without one, and why."""
    table = a_table(a_row("a", a_run(0, val=0.5)), baselines=[floor("low", 0.1), floor("near", 0.4)])
    found = card(table)

    assert found.sentence == (
        "By ais.msa on val, the chosen configuration scores 0.100 better than near, the best of 2 baselines, with too "
        "few replicates in common for an interval."
    )
    assert not any("±" in value.text for row in block(found, Grid).rows for value in row)


def test_the_chosen_configuration_stands_above_the_baselines():
    """With its n and its spread; nothing is bold, for nobody competes."""
    grid = block(card(study(floor("low", 0.1), floor("near", 0.4))), Grid)

    assert [(row[0].text, row[0].note) for row in grid.rows] == [
        ("a", "chosen"), ("near", "baseline"), ("low", "baseline"),
    ]  # fmt: skip
    assert [row[1].text for row in grid.rows] == ["0.510 ± 0.010", "0.400", "0.100"]
    assert not any(value.best for row in grid.rows for value in row)


def test_the_figure_has_the_nearest_of_many():
    """Eight on each split; the table behind it has all, in every metric."""
    found = card(study(*(floor(f"floor-{at}", at / 50) for at in range(10)), report=(AIS, BOX)))
    figures = block(found, Figures)

    (figure,) = figures.figures
    assert [(group.title, group.aside, len(group.estimates)) for group in figure.groups] == [
        ("chosen on val", "the nearest 8 of 10", 8), ("test", "the nearest 8 of 10", 8),
    ]  # fmt: skip
    assert figure.groups[0].estimates[0].label == "floor-9"
    assert len(figures.data.rows) == 10 * 3


def test_every_case_has_its_leads():
    """The mean over cases, then each case by its name."""
    cases = [Case({"data.root": root}) for root in ("nuclei", "cells")]
    rows = [a_row("a", *(a_run(seed, val=0.5 + seed / 100) for seed in range(3)), case=case) for case in cases]
    floors = [floor("low", 0.1, case) for case in cases]
    (figure,) = block(card(a_table(*rows, baselines=floors)), Figures).figures

    assert [group.title for group in figure.groups] == [
        "chosen on val, mean over cases", "chosen on val in nuclei", "chosen on val in cells", "test in nuclei",
        "test in cells",
    ]  # fmt: skip


def test_without_a_choice_the_scores_stand_alone():
    """No lead is made up."""
    found = card(a_table(a_row("a", missing(0)), baselines=[floor("low", 0.1)]))

    assert found.sentence == "Nothing is chosen yet: 1 baseline to compare with."
    assert [row[0].text for row in block(found, Grid).rows] == ["low"]


def test_baselines_are_accounted_for_and_exported():
    """Runs by role, and rows of the long table."""
    table = study(floor("majority", 0.2))
    (account,) = (each for each in compose(table).cards if each.anchor == "declared")
    roles = next(each for each in account.blocks if isinstance(each, Grid) and each.title == "Runs by role")
    lines = csv(long(table)).decode().splitlines()

    assert [[value.text for value in row[::2]] for row in roles.rows] == [["search", "6", "0"], ["baseline", "1", "0"]]
    assert sum(",baseline," in line for line in lines) == 2
