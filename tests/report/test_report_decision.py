"""The decision card: rule, evidence, candidates, overruling, fresh seeds, controls."""

from dataclasses import replace

from judged_tables import judged
from made_up import blocks_of, card_of, figures_of, two_cases
from study_tables import a_row, a_run, a_table

from tunebook.analyse import decide
from tunebook.report import render
from tunebook.report.cards import Facts, Figures, Grid, Remark, Said


def grid_of(table):
    """The candidates."""
    return blocks_of(table, "decision", Grid)[0]


def test_the_decided_values_are_on_the_page(tmp_path):
    """Nested values as paths in order, as they were written; with the groups that are varied beside the label."""
    table = a_table(
        a_row("LoRA", a_run(0), a_run(1), alternative="LoRA"),
        a_row("full", a_run(0, val=0.1), a_run(1, val=0.1), parameters={"adapter.method": "full"}),
    )
    values = {"model": {"weights": "${HOME}/w.pt"}, "adapter": {"rank": 4, "targets": ["q", "v"]}, "lr": 0.0012345678}
    table = replace(table, decision=replace(decide(table), values=values), carried={"LoRA": "rank=4 (scaling)"})
    facts, whole = blocks_of(table, "decision", Facts)

    assert (whole.title, whole.folded) == ("The whole configuration (4 values)", True)
    assert whole.pairs == [
        ("adapter.rank", "4"),
        ("adapter.targets", "[q, v]"),
        ("lr", "0.0012345678"),
        ("model.weights", "${HOME}/w.pt"),
    ]
    assert ("singled out by", "rank=4 (scaling)") in facts.pairs
    assert "| → LoRA | rank=4 (scaling) |" in render(table, to=tmp_path).markdown.read_text()


def test_the_decision_names_cases_and_runs():
    """How it was averaged, and which runs stand behind it in each case."""
    table = two_cases()
    facts = dict(blocks_of(table, "decision", Facts)[0].pairs)

    assert card_of(table, "decision").sentence.endswith("is 0.552, mean over 2 cases.")
    assert "averaged over the cases nuclei and cells; among" in facts["rule"]
    assert facts["runs in cells"].startswith("seed 0: run-0")


def test_bold_is_the_same_among_the_candidates():
    """Those that cannot be told from the best are bold there too; of an outdated decision none is."""
    table = a_table(
        a_row("a", a_run(0, val=0.50), a_run(1, val=0.52), a_run(2, val=0.51)),
        a_row("b", a_run(0, val=0.51), a_run(1, val=0.50), a_run(2, val=0.51)),
        a_row("c", a_run(0, val=0.10), a_run(1, val=0.12), a_run(2, val=0.11)),
    )
    found = decide(table)
    now, then = (grid_of(replace(table, decision=each)) for each in (found, replace(found, configuration="gone")))

    assert [row[1].best for row in now.rows] == [True, True, False]
    assert not any(row[1].best for row in then.rows)
    assert then.headings[1].below == "chosen on val, as recorded"


def test_the_evidence_of_the_rule_is_on_the_page():
    """Sentence by sentence, as the decision holds it."""
    table = judged()
    (said, *_) = blocks_of(table, "decision", Said)

    assert said.title == "Why"
    assert said.lines == table.decision.evidence


def test_candidates_say_what_prefer_and_require_say_of_them():
    """The values by which one is simpler, and whether it meets what is required."""
    grid = grid_of(judged())
    heads = [heading.text for heading in grid.headings]

    assert heads == [
        "candidate", "ais.msa", "gap", "sd", "n", "searched", "drop", "trainable parameters", "adapter.rank",
        "requirements", "place",
    ]  # fmt: skip
    assert [value.text for value in grid.rows[0]] == [
        "alpha=1 rank=16", "0.538 ± 0.010", "0.000", "0.010", "3", "0.549 ± 0.007", "0.011", "97,728", "16", "met", "1",
    ]  # fmt: skip
    assert grid.rows[0][3].note == "0.0052 to 0.063, df 2"
    assert grid.marked == {0}


def test_an_overruling_is_shown_with_its_reason_and_what_the_rule_had_chosen():
    """In the person's words, signed and dated; their choice stands beside the candidates, though it was none."""
    table = judged(because="Rank 1 <b>fits</b>.")
    (remark,) = blocks_of(table, "decision", Remark)
    last = grid_of(table).rows[-1]

    assert (remark.text, remark.signed) == ("Rank 1 <b>fits</b>.", "A. Person, 2030-01-31")
    assert "had chosen alpha=1 rank=16, whose mean was 0.538" in remark.about
    assert card_of(table, "decision").sentence.startswith("A. Person carries alpha=8 rank=1 forward, against the rule")
    assert [last[0].text, last[1].text, last[-1].text] == [
        "alpha=8 rank=1", "not run on them", "no candidate: searched alone",
    ]  # fmt: skip
    assert "fails box.msa >= 0.5" in last[-2].text


def test_what_the_maximum_promised_stands_beside_what_fresh_seeds_gave():
    """The drop of the searched winner with its interval, and a figure of all finalists."""
    table = judged()
    said = blocks_of(table, "decision", Said)[1]
    (figure,) = blocks_of(table, "decision", Figures)[0].figures
    rows = figure.groups[0].estimates

    assert said.title == "What picking the best of many did to its score"
    assert said.lines[0] == (
        "alpha=1 rank=16 had the best searched ais.msa on val, 0.549 ± 0.007 (n = 3); on fresh seeds it has "
        "0.538 ± 0.010 (n = 3): a drop of 0.011 (95 % interval -0.023 to 0.045)."
    )
    assert [row.label for row in rows] == ["alpha=1 rank=16", "alpha=8 rank=16", "alpha=1 rank=4"]
    assert all(row.before > row.mean for row in rows)


def test_controls_say_whether_they_reproduced():
    """One that did and one that did not, each with both scores in a figure."""
    table = judged()
    said = blocks_of(table, "decision", Said)[2]
    (figure,) = (each for each in figures_of(table, "decision") if each.name.startswith("control"))
    kept, lost = figure.groups

    assert said.title == "What was carried here, run again"
    assert said.lines[0].startswith("base rank=4 of base reproduced")
    assert said.lines[1].startswith("lucky rank=4 of lucky did not reproduce")
    assert (kept.title, lost.title) == ("reproduced", "not reproduced")
    assert (lost.estimates[0].before, lost.estimates[0].mean) == (0.62, 0.5)


def test_more_candidates_than_fit_are_cut():
    """The leaderboard holds all."""
    rows = [a_row(f"c{n}", a_run(0, val=0.5 - 0.01 * n), a_run(1, val=0.5 - 0.01 * n)) for n in range(12)]
    grid = grid_of(a_table(*rows))

    assert grid.title == "The first 8 of 12 candidates"
    assert len(grid.rows) == 8
