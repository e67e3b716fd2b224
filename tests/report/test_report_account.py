"""What was declared and ran, the noise, settings, versions, costs."""

from dataclasses import replace

from judged_tables import judged
from made_up import blocks_of, card_of, small
from study_tables import a_row, a_run, a_table

from tunebook.records import Settings
from tunebook.report.cards import Facts, Grid, Said


def test_runs_are_counted_by_their_role():
    """What each role is for, how its runs ended, and which were executed again."""
    grid = blocks_of(judged(), "declared", Grid)[0]

    assert [[value.text for value in row[::2]] for row in grid.rows] == [
        ["search", "18", "0"], ["noise", "5", "0"], ["confirm", "9", "0"], ["control", "6", "0"],
    ]  # fmt: skip
    assert [row[1].note for row in grid.rows] == ["", "1 of them executed again", "", "3 of them executed again"]
    assert card_of(judged(), "declared").sentence.endswith("Of 35 runs, 35 finished, 0 failed and 0 did not run.")


def test_runs_without_a_result_are_shown_with_their_reasons():
    """Above the folded list of all runs, which can be filtered by how they ended."""
    _, troubled, every = blocks_of(small(), "declared", Grid)

    assert [value.text for value in troubled.rows[0]] == [
        "alpha=8", "seed=1", "search", "failed", "diverged: the loss is not finite", "failed-1",
    ]  # fmt: skip
    assert (troubled.folded, every.folded, len(every.rows)) == (False, True, 4)
    assert every.facets["status"] == ["finished", "finished", "finished", "failed"]


def test_declared_points_are_accounted_for():
    """Excluded by which constraint, equivalent, distinct."""
    assert dict(blocks_of(small(), "declared", Facts)[0].pairs) == {
        "declared points": "3",
        "excluded by 0.25 <= alpha / rank": "1",
        "equivalent to another point": "0",
        "distinct configurations": "2",
    }


def test_the_noise_has_an_interval_and_its_degrees_of_freedom():
    """Pooled over configurations, metric by metric."""
    card = card_of(judged(), "noise")
    grid, _ = blocks_of(judged(), "noise", Grid)

    assert card.sentence == (
        "Replicates of one configuration differ in ais.msa on val by a standard deviation of 0.018 "
        "(95 % interval 0.013 to 0.030, 12 degrees of freedom)."
    )
    assert [value.text for value in grid.rows[0]] == [
        "ais.msa", "val", "0.018", "0.013 to 0.030", "12", "6", "replicates of every configuration",
    ]  # fmt: skip


def test_equal_runs_that_were_executed_again_are_told():
    """Whether they repeat to the last digit, or by how much they do not."""
    (differing,) = blocks_of(judged(), "noise", Said)
    (equal,) = blocks_of(replace(judged(), controls=()), "noise", Said)

    assert differing.lines[0].startswith("3 of 4 equal runs executed again gave other scores, by up to 0.120")
    assert equal.lines == ["1 equal run executed again gave the same scores to the last digit."]


def test_one_run_of_each_has_no_noise():
    """The card says why."""
    table = a_table(a_row("a", a_run(0)), a_row("b", a_run(0)))

    assert card_of(table, "noise").absent == "no configuration has two runs with a value of ais.msa on val"


def test_settings_can_be_filtered_by_mode():
    """And by replicate; they are folded."""
    settings = tuple(Settings(mode, "val", f"{mode}.msa", {"t": 0.5}) for mode in ("ais", "box"))
    table = a_table(a_row("a", *(a_run(seed, settings=settings) for seed in (0, 1))))
    (grid,) = blocks_of(table, "settings", Grid)

    assert grid.folded
    assert list(grid.facets) == ["replicate", "mode"]
    assert card_of(table, "settings").sentence.endswith("by ais.msa on val, box.msa on val.")


def test_provenance_is_told_once_where_runs_agree():
    """Where they do not, each value with its number of runs."""
    runs = [a_run(seed, provenance={"torch": "2.13.0", "host": f"h{seed % 2}"}) for seed in range(3)]
    facts = dict(blocks_of(a_table(a_row("a", *runs)), "provenance", Facts)[0].pairs)

    assert facts == {"host": "h0 (2 runs); h1 (1 run)", "torch": "2.13.0"}


def test_every_declared_point_has_its_scores_where_some_are_equivalent():
    """Points that are one configuration have the same; a table without such points has no such list."""
    row = a_row("w=0", a_run(0, val=0.7, test=0.6), a_run(1, val=0.72, test=0.6), parameters={"w": 0})
    other = a_row("w=1 p=5", a_run(0, val=0.5, test=0.4), a_run(1, val=0.5, test=0.4), parameters={"w": 1, "p": 5})
    names = {row.configuration: ({"w": 0, "p": 1}, {"w": 0, "p": 5})}
    table = a_table(row, other, parameters=("w", "p"), equivalents=names, equivalent=1, declared=3)
    grid = blocks_of(table, "declared", Grid)[0]

    assert (grid.title, grid.folded) == ("3 declared points, and the configuration that each is", True)
    assert [[value.text for value in row] for row in grid.rows] == [
        ["0", "1", "w=0", "0.710 ± 0.014", "0.600 ± 0.000"],
        ["0", "5", "w=0", "0.710 ± 0.014", "0.600 ± 0.000"],
        ["1", "5", "w=1 p=5", "0.500 ± 0.000", "0.400 ± 0.000"],
    ]
    assert "declared points, and" not in str(blocks_of(small(), "declared", Grid))
