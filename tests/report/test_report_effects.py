"""Effects: sentences with their numbers, level means on one axis, heatmaps."""

from dataclasses import replace

import pytest
from judged_tables import judged
from made_up import blocks_of, card_of, figures_of
from study_tables import AIS, METRICS, a_row, a_run, a_table, failed, scaling

from tunebook.analyse import heatmaps
from tunebook.analyse.effects import Effects
from tunebook.analyse.interactions import Interaction
from tunebook.analyse.main_effects import Effect, Level
from tunebook.report.cards import Figures, Grid, Said
from tunebook.report.effects import effect_in_words, interaction_in_words
from tunebook.report.figures import drawn
from tunebook.report.figures.drawing import Box, Text
from tunebook.report.figures.figure import HeatmapFigure
from tunebook.report.figures.heatmap import shades

LEVELS = (Level(1, 0.571, 0.56, 0.58, 4), Level(4, 0.58, 0.57, 0.59, 4), Level(16, 0.605, 0.6, 0.61, 4))
ALPHA = Effect("adapter.alpha", LEVELS, 0.46, (2, 9), 0.83, 0.02, 0.0061, 999, "exact", 0)
FOUND = Effects("", AIS, "val", 12, 4, ("seed=0",), (ALPHA,), (), None, "")
TABLE = a_table(parameters=("adapter.alpha", "adapter.rank"))


def test_an_effect_that_was_not_found_says_what_would_have_been_seen():
    """The sentence that a page writes of a parameter that does nothing."""
    assert effect_in_words(TABLE, FOUND, ALPHA) == (
        "alpha has no measurable effect on ais.msa: F = 0.46, p = 0.83; a range above 0.0061 would have been seen."
    )


def test_an_effect_says_how_far_it_goes():
    """The mean at every level, the range, and how sure that is."""
    found = replace(ALPHA, f=12.3, p=0.002, eta2=0.61)

    assert effect_in_words(TABLE, FOUND, found) == (
        "alpha matters for ais.msa: 0.571 at 1, 0.580 at 4, 0.605 at 16, a range of 0.034 "
        "(F = 12.30, p = 0.002, eta² = 0.61)."
    )


def test_of_many_levels_the_lowest_and_the_highest_are_named():
    """In the order of the values."""
    levels = (*LEVELS, Level(64, 0.55, 0.54, 0.56, 4))
    found = replace(ALPHA, levels=levels, f=12.3, p=0.002)

    assert "ais.msa: 0.605 at 16, 0.550 at 64, a range of 0.055" in effect_in_words(TABLE, FOUND, found)


def test_a_parameter_that_changes_no_digit_is_told_apart_from_a_weak_one():
    """Equal scores to the last digit are no small effect; runs that all are equal judge nothing."""
    idle = effect_in_words(TABLE, FOUND, replace(ALPHA, equal=12))
    constant = effect_in_words(TABLE, FOUND, replace(ALPHA, f=None))

    assert idle == (
        "alpha does nothing to ais.msa: in 12 groups of runs that differ in it alone, all scores are equal to the "
        "last digit."
    )
    assert constant == "alpha cannot be judged: no run's ais.msa differs from another's."


@pytest.mark.parametrize(
    ("f", "p", "said"),
    [
        (5.2, 0.004, "What alpha does to ais.msa depends on rank: F = 5.20, p = 0.004, eta² = 0.12."),
        (0.4, 0.7, "No interaction of alpha and rank was measurable: F = 0.40, p = 0.70."),
        (None, 1.0, "alpha and rank together do nothing to ais.msa beyond what each does."),
    ],
)
def test_a_pair_of_parameters_is_said_in_words(f, p, said):
    """Whether what one does depends on the other."""
    pair = Interaction(("adapter.alpha", "adapter.rank"), f, (2, 10), p, 0.12)

    assert interaction_in_words(TABLE, FOUND, pair) == said


def test_the_card_sums_up_which_parameters_matter():
    """Rank does, alpha does not; the sentences follow, with what was judged and how."""
    card = card_of(judged(), "effects")
    said, elsewhere = blocks_of(judged(), "effects", Said)

    assert elsewhere.lines == ["By ais.msa on test: rank matters, no effect of alpha was measurable."]
    assert card.sentence == "By ais.msa on val: rank matters, no effect of alpha was measurable."
    assert [line.split()[0] for line in said.lines] == ["rank", "alpha", "No"]
    assert card.caveats[0].startswith("Each parameter is judged with all others taken out, and with these blocks: ")


def test_the_levels_of_all_parameters_stand_on_one_axis():
    """Sizes can be compared by eye; the figure says of what and of how many runs it is."""
    figure = figures_of(judged(), "effects")[0]

    assert [(group.title, [each.label for each in group.estimates]) for group in figure.groups] == [
        ("rank", ["1", "4", "16"]), ("alpha", ["1", "8"]),
    ]  # fmt: skip
    assert figure.title == ["ais.msa on val", "adjusted mean of each level, 95 % interval, n = 18 runs"]
    assert all(each.low < each.mean < each.high for group in figure.groups for each in group.estimates)


def test_effects_on_every_reported_metric_are_folded():
    """One row for each parameter and metric; what matters is bold."""
    grid = next(grid for grid in blocks_of(judged(), "effects", Grid) if "every reported" in grid.title)

    assert grid.folded
    assert [(row[0].text, row[1].text, row[2].text) for row in grid.rows] == [
        ("rank", "ais.msa", "test"), ("alpha", "ais.msa", "test"),
        ("rank", "box.msa", "test"), ("alpha", "box.msa", "test"),
    ]  # fmt: skip
    assert all(row[6].best == (row[6].sort < 0.05) for row in grid.rows)


def test_a_study_that_varies_nothing_has_no_effects():
    """The card says so."""
    assert card_of(a_table(a_row("a", a_run(0), a_run(1))), "effects").absent == "no parameter was varied"


def test_heatmaps_carry_metric_split_filter_and_n(tmp_path):
    """A figure cut out of its page still says what it shows."""
    val, test = (each for each in figures_of(scaling(tmp_path), "effects") if isinstance(each, HeatmapFigure))

    assert val.title[:2] == ["ais.msa on val", "lora · mean over replicates, n = 1 to 2"]
    assert val.title[2] == "hatched: 0.25 <= adapter.alpha / adapter.rank <= 8"
    assert test.title[0] == "ais.msa on test"


def heat(values, *, maximize=True, sd=None):
    """A heatmap of two rows of two squares."""
    rows = [a_row(f"{x} {y}", a_run(val=values[x][y]), parameters={"x": x, "y": y}) for x in (0, 1) for y in (0, 1)]
    (data,) = heatmaps(a_table(*rows), metric=AIS, split="val")
    return HeatmapFigure("h", ["title"], "", data, maximize, sd)


def test_the_best_is_the_brightest_in_both_directions():
    """A loss is shaded the other way round, so that brighter is better."""
    values = ((0.1, 0.2), (0.3, 0.5))

    assert shades(heat(values))[0.5] == 1.0
    assert shades(heat(values, maximize=False))[0.1] == 1.0
    assert shades(heat(values))[0.1] == 0.0


def test_noise_alone_looks_even():
    """Squares that differ by less than replicates do have almost one colour."""
    values = ((0.500, 0.501), (0.502, 0.503))

    assert min(shades(heat(values)).values()) == 0.0
    assert min(shades(heat(values, sd=0.01)).values()) > 0.9


def test_wide_grids_leave_out_their_numbers():
    """Past a few columns the numbers would overlap; only crosses stay, and every square says its number on pointing."""
    rows = [
        a_row(f"{x} {y}", failed(0) if x == y else a_run(), parameters={"x": x, "y": y})
        for x in range(12)
        for y in (0, 1)
    ]
    (data,) = heatmaps(a_table(*rows), metric=AIS, split="val")
    marks = drawn(HeatmapFigure("wide", ["title"], "", data, METRICS[AIS].direction == "maximize")).marks
    texts = [mark.text for mark in marks if isinstance(mark, Text)]

    assert texts.count("×") == 2
    assert "0.500" not in texts
    assert any("0.500 (n = 1)" in mark.tip for mark in marks if isinstance(mark, Box))


def test_the_numbers_of_a_figure_are_folded_below_it():
    """Level means, and squares."""
    tables = [block.data for block in blocks_of(judged(), "effects", Figures)]

    assert [table.folded for table in tables] == [True, True]
    assert [row[2].text for row in tables[0].rows] == ["val"] * 5 + ["test"] * 5
    assert len(tables[1].rows) == 2 * 6
