"""The tables of scores, and what they say can be told apart."""

from dataclasses import replace

from made_up import blocks_of, card_of, figures_of, two_cases
from study_tables import AIS, BOX, a_row, a_run, a_table, missing, scaling

from tunebook.analyse import decide
from tunebook.records import MetricFacts, Upstream
from tunebook.report.cards import Facts, Figures, Grid, Said
from tunebook.report.leaderboards import BOLD, BOLD_ONE, leaderboard_card


def grids_of(table, anchor="best"):
    """The tables that are not folded."""
    return [grid for grid in blocks_of(table, anchor, Grid) if not grid.folded]


def test_many_columns_of_several_cases_become_a_table_for_each():
    """First what is chosen by, cases side by side; then every reported metric, case by case, n beside it."""
    grids = grids_of(two_cases())

    assert [grid.title for grid in grids] == ["Chosen by ais.msa on val", "nuclei", "cells"]
    assert [head.below for head in grids[0].headings[2:5]] == [
        "chosen on val · mean over cases", "chosen on val · nuclei", "chosen on val · cells",
    ]  # fmt: skip
    assert [head.text for head in grids[2].headings] == [
        "alternative", "ais.msa", "box.msa", "point.msa", "ib.msa", "ip.msa", "n",
    ]  # fmt: skip
    assert [row[-1].text for row in grids[2].rows] == ["3", "3", "1"]
    assert all(grid.marked == {0} for grid in grids)


def test_few_columns_of_several_cases_stand_side_by_side():
    """One table holds them all."""
    (grid,) = grids_of(two_cases(metrics=("ais.msa",)))

    assert [head.below for head in grid.headings[2:7]] == [
        "chosen on val · mean over cases", "chosen on val · nuclei", "chosen on val · cells",
        "test · nuclei", "test · cells",
    ]  # fmt: skip


def test_bold_is_by_case():
    """Full is level with LoRA on cells and behind it on nuclei; what is not trained is named so."""
    _, nuclei, cells = grids_of(two_cases())

    assert [(row[0].text, row[1].best) for row in nuclei.rows] == [
        ("LoRA", True), ("full", False), ("zero-shot", False),
    ]  # fmt: skip
    assert [row[1].best for row in cells.rows] == [True, True, False]
    assert [row[0].note for row in cells.rows] == ["", "", "nothing is trained"]


def test_what_can_be_told_apart_is_said_in_a_sentence():
    """For the metric that the study chooses by, in every case: the best, who is level with it, who is behind."""
    (said,) = blocks_of(two_cases(), "best", Said)

    assert said.lines == [
        "On test in nuclei, ais.msa: LoRA is best, 0.652 ± 0.002 (n = 3). It can be told from all 2 others.",
        "On test in cells, ais.msa: LoRA is best, 0.452 ± 0.002 (n = 3). "
        "1 of 2 other alternatives cannot be told from the best: full. Behind it: zero-shot.",
    ]


def test_every_reported_metric_has_a_figure_in_every_case():
    """The best first at nothing behind, then the others with the intervals of their differences."""
    nuclei, cells = blocks_of(two_cases(), "best", Figures)
    first, second, third = cells.figures[0].groups[0].estimates

    assert (nuclei.title, cells.title) == ("nuclei", "cells")
    assert [figure.title[0] for figure in cells.figures] == [
        "ais.msa on test", "box.msa on test", "point.msa on test", "ib.msa on test", "ip.msa on test",
    ]  # fmt: skip
    assert cells.figures[0].title[1] == "cells · difference to the best, 95 % intervals · n = 1 to 3"
    assert (first.label, first.kind, first.mean, first.said) == ("LoRA", "best", 0.0, "best, 0.452")
    assert (second.label, second.kind, third.kind) == ("full", "level", "behind")
    assert second.low < 0 < second.mean < second.high
    assert third.low > 0


def test_the_numbers_behind_the_figures_are_folded_below_them():
    """One row for each alternative and metric, and they can be filtered."""
    grid = blocks_of(two_cases(), "best", Figures)[1].data

    assert grid.folded
    assert len(grid.rows) == 3 * 5
    assert [value.text for value in grid.rows[1][:5]] == ["full", "ais.msa", "test", "cells", "cannot be told from it"]
    assert set(grid.facets) == {"metric", "against the best"}


def test_what_training_gains_is_said_for_each_alternative():
    """Whether it is told from what is not trained, not only whether it is behind the best."""
    gains = dict(blocks_of(two_cases(), "best", Facts)[0].pairs)

    assert gains["ais.msa on test in nuclei, against zero-shot"].startswith("Better: LoRA, 0.052 (")
    assert "; full, 0.012 (" in gains["ais.msa on test in nuclei, against zero-shot"]


def test_less_is_better_where_the_metric_says_so():
    """A lower loss than without training is named better, by how much less it is; figures point the same way."""
    scores = [{("loss", split): loss for split in ("val", "test")} for loss in (0.5, 0.51, 0.9, 0.91, 0.7)]
    floor = a_run(None, scores=scores[4], quantities={"trainable_parameters": 0})
    table = a_table(
        a_row("LoRA", a_run(0, scores=scores[0]), a_run(1, scores=scores[1]), alternative="LoRA"),
        a_row("full", a_run(0, scores=scores[2]), a_run(1, scores=scores[3]), alternative="full"),
        a_row("none", floor, alternative="none"),
        select_metric="loss",
        report=("loss",),
    )
    gains = dict(blocks_of(table, "best", Facts)[0].pairs)["loss on test, against none"]
    rows = {row.label: row for row in figures_of(table, "best")[0].groups[0].estimates}

    assert "Better: LoRA, 0.195 (" in gains
    assert "Worse: full, -0.205 (" in gains
    assert rows["full"].mean > rows["none"].mean > 0


def test_the_leaderboard_shows_what_is_behind_the_best():
    """The score that is chosen by, as a figure; of many rows the first ones, and how many there are."""
    rows = [a_row(f"c{n}", *(a_run(seed, val=0.5 - 0.01 * n + 0.001 * seed) for seed in (0, 1))) for n in range(30)]
    (figure,) = figures_of(a_table(*rows), "leaderboard")
    (block,) = blocks_of(a_table(*rows), "leaderboard", Figures)

    assert len(figure.groups[0].estimates) == 20
    assert figure.title[1].endswith("n = 2 · the first 20 of 30")
    assert len(block.data.rows) == 30


def test_rows_can_be_filtered_by_what_varies(tmp_path):
    """By alternative and by each parameter; a row without one is empty there."""
    grid = blocks_of(scaling(tmp_path, values=(1, 2)), "leaderboard", Grid)[0]

    assert list(grid.facets) == ["alternative", "adapter.alpha", "adapter.rank", "adapter.method"]
    assert set(grid.facets["adapter.alpha"]) == {"1", "2", ""}
    assert all(len(values) == len(grid.rows) for values in grid.facets.values())


def test_a_row_carried_through_studies_says_what_they_tried():
    """Though it stands here with one configuration; and that it was chosen by the runs that score it."""
    behind = {"LoRA": Upstream(("ranks", "rates"), 9, 6), "full": Upstream(("lrs",), 3, 0)}
    table = replace(two_cases(), upstream=behind)

    assert [(row[0].text, row[2].text) for row in grids_of(table)[0].rows] == [
        ("LoRA", "9"), ("full", "3"), ("zero-shot", "1"),
    ]  # fmt: skip
    assert card_of(table, "best").caveats[2:] == [
        "The alternatives had between 1 and 9 configurations: more tries find a higher maximum.",
        "Tried counts each configuration of the studies behind a row once: LoRA (ranks after rates); full (lrs).",
        "LoRA: scored here on runs by which the studies behind them chose. What made them the best there by luck is in "
        "these scores too; other seeds would not share it.",
    ]


def test_how_a_table_is_read_is_said_below_it():
    """What bold is, and what the intervals cover; with one run in each row nothing is claimed."""
    several = card_of(a_table(a_row("a", a_run(0), a_run(1)), a_row("b", a_run(0), a_run(1))), "leaderboard")
    alone = card_of(two_cases(seeds=1), "best")

    assert BOLD in several.caveats[0]
    assert several.caveats[1].startswith("The intervals are for other seeds on these same items;")
    assert BOLD_ONE in alone.caveats[0]
    assert not [block for block in alone.blocks if isinstance(block, (Said, Figures))]


def test_one_configuration_for_each_alternative_is_shown_once():
    """The leaderboard would hold the same rows as the best results."""
    assert card_of(two_cases(), "leaderboard").blocks == ()


def test_metrics_that_differ_in_their_mode_are_explained_together():
    """The score once, then each column; folded."""
    legend = blocks_of(two_cases(metrics=(AIS, BOX)), "best", Facts)[-1]

    assert (legend.title, legend.folded) == ("What the metrics mean", True)
    assert legend.pairs == [
        ("msa", "Mean segmentation accuracy; higher is better."), ("ais.msa", "ais mode."), ("box.msa", "box mode."),
    ]  # fmt: skip


def test_nothing_is_drawn_where_nothing_can_be_compared():
    """One configuration alone has no distance to the best."""
    assert figures_of(a_table(a_row("a", a_run(0), a_run(1))), "leaderboard") == []


def test_a_board_without_bold_says_why():
    """Runs are missing, and fewer than two rows have all of theirs."""
    card = leaderboard_card(a_table(a_row("a", a_run(0), a_run(1)), a_row("b", a_run(0, val=0.4), missing(1))))
    bold = [value for row in card.blocks[0].rows for value in row if value.best]

    assert bold == []
    assert card.caveats[0] == (
        "Runs are missing: the order is of what has ended so far, and nothing is bold before two rows have all of "
        "their runs."
    )
    assert not any("Bold" in caveat for caveat in card.caveats)


def of_items(*, differ):
    """Two configurations whose runs are means of two items, which may be others in every seed."""
    rows = []
    for name, level in (("a", 0.5), ("b", 0.3)):
        runs = []
        for seed in range(3):
            items = {f"cell-{at + 2 * seed * differ}": level + at / 10 + seed / 100 for at in range(2)}
            key, score = (AIS, "val"), sum(items.values()) / 2
            runs.append(a_run(seed, scores={key: score, (AIS, "test"): score}, items={key: items}))
        rows.append(a_row(name, *runs))
    return a_table(*rows, splits=("val",))


def test_items_of_each_replicate_are_no_items_of_all():
    """Where replicates are scored on items of their own, every card says in the same words what is not known."""
    said = "items differ from replicate to replicate, so that nothing is said about other items"
    own, same = of_items(differ=True), of_items(differ=False)
    lines = [line for block in blocks_of(own, "noise", Said) for line in block.lines]
    sure = [grid.rows[0] for grid in blocks_of(own, "noise", Grid) if grid.folded]

    assert f"The intervals are for other seeds; {said}; " in card_of(own, "leaderboard").caveats[1]
    assert f"{said[0].upper()}{said[1:]}." in lines
    assert "other ones in each replicate" in [value.text for value in sure[0]]
    assert said not in card_of(same, "leaderboard").caveats[1]


def test_an_interval_ends_where_the_metric_does():
    """No mean of a share is above 1, and the page says that intervals are cut."""
    rows = [a_row(name, a_run(0, val=0.6), a_run(1, val=0.999)) for name in ("a", "b")]
    table = a_table(*rows, splits=("val",), metrics={AIS: MetricFacts(AIS, "maximize", "Share", low=0.0, high=1.0)})
    (grid,) = (grid for grid in blocks_of(table, "noise", Grid) if grid.folded)

    assert grid.rows[0][3].text == "0.000 to 1.000"
    assert any("cut at the lowest" in line for block in blocks_of(table, "noise", Said) for line in block.lines)


def test_scores_that_no_replicate_changes_have_no_spread():
    """Neither an interval from zeros, nor an effect on the spread that comes of them alone."""
    still = [a_row(f"lr={lr}", *(a_run(s, val=0.5 + lr) for s in range(3)), parameters={"lr": lr}) for lr in range(5)]
    some = [
        a_row(
            f"lr={lr} k={k}",
            *(a_run(s, val=0.5 + k / 100 + (lr > 0) * 0.01 * ((s * (k + 1)) % 4)) for s in range(3)),
            parameters={"lr": lr, "k": k},
        )
        for lr in range(2)
        for k in range(4)
    ]
    said = [line for block in blocks_of(a_table(*some), "stability", Said) for line in block.lines]

    assert card_of(a_table(*still), "noise").sentence.endswith("it does not change between replicates.")
    assert card_of(a_table(*still), "stability").sentence == (
        "ais.msa on val does not change between replicates, in any configuration."
    )
    assert any("at lr 0 the score does not change between replicates, so that no effect" in line for line in said)
    assert not any("lr changes the spread" in line for line in said)


def test_the_runs_of_every_fold_stand_behind_a_decision():
    """Five folds of one seed are five runs."""
    runs = [a_run(at, val=0.5 + at / 100, id=f"run-{at}", replicate={"seed": 0, "fold": at}) for at in range(5)]
    table = a_table(a_row("a", *runs))
    facts = next(dict(block.pairs) for block in blocks_of(replace(table, decision=decide(table)), "decision", Facts))

    assert facts["runs"] == ", ".join(f"seed 0 fold {at}: run-{at}" for at in range(5))
