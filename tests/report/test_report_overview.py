"""The answer of a page, what belongs to it, and the findings."""

from dataclasses import replace

from judged_tables import judged
from made_up import card_of, small
from study_tables import AIS, a_row, a_run, a_table, missing

from tunebook.analyse import CODES, Finding, decide
from tunebook.records import MetricFacts
from tunebook.report import compose
from tunebook.report.cards import Card, Findings, Page
from tunebook.report.html import html
from tunebook.report.markdown import markdown
from tunebook.report.overview import checked, findings_card


def three():
    """One that is best, one level with it, one behind."""
    return a_table(
        a_row("a", *(a_run(seed, val=0.50 + 0.01 * seed) for seed in range(3))),
        a_row("b", *(a_run(seed, val=(0.505, 0.495, 0.52)[seed]) for seed in range(3))),
        a_row("c", *(a_run(seed, val=0.10 + 0.01 * seed) for seed in range(3))),
    )


def test_the_answer_is_computed_from_the_table():
    """Configuration, scores, spread and n are the table's; what has no value from all its runs does not compete."""
    page = compose(small())

    assert page.answer == (
        "Of 1 configuration whose runs all have a value (2 were declared), alpha=4 has the best "
        "ais.msa on val: 0.510 ± 0.014 (n = 2)."
    )
    assert page.more == (
        "ais.msa: Mean segmentation accuracy of automatic instances; higher is better; 0: no match; 1: equal.",
        "Its ais.msa is 0.460 ± 0.014 (n = 2) on test.",
    )


def test_the_answer_says_how_many_are_about_as_good():
    """A best configuration that nothing sets apart is not told as if it were."""
    assert compose(three()).more[-1] == (
        "1 of 2 other configurations cannot be told from the chosen one on val (95 % for all at once, 3 replicates in "
        "common)."
    )


def test_an_answer_without_results_says_why():
    """No number is made up for a study that has none."""
    assert compose(a_table(a_row("a", missing(0)))).answer == (
        "There is no answer yet: no configuration has a value of ais.msa on val from all of its runs."
    )


def test_a_decision_that_is_not_the_best_is_not_called_the_best():
    """The sentence follows the recorded decision and does not praise it."""
    table = a_table(a_row("a", a_run(0), a_run(1)), a_row("b", a_run(0, val=0.1), a_run(1, val=0.1)))
    other = replace(decide(table), configuration="b", label="b")

    assert "b was chosen; it has ais.msa on val: 0.100" in compose(replace(table, decision=other)).answer


def test_of_equal_scores_none_is_called_the_best():
    """The chosen one is one of so many, to the last digit."""
    table = a_table(a_row("a", a_run(0), a_run(1)), a_row("b", a_run(0), a_run(1)))

    assert compose(table).answer.startswith("Of 2 configurations, a is one of 2 with the best ais.msa on val: 0.500")


def test_an_outdated_decision_is_not_told_as_the_answer():
    """The answer is the best of what there is; the decision is named as one of before."""
    table = a_table(a_row("a", a_run(0), a_run(1)), a_row("b", a_run(0, val=0.1), a_run(1, val=0.1)))
    page = compose(replace(table, decision=replace(decide(table), configuration="gone", label="gone", score=0.9)))
    why = "recorded before the study was changed: its configuration is not among the rows"

    assert page.answer.startswith("Of 2 configurations, a has the best ais.msa on val: 0.500")
    assert page.more[-1] == f"The recorded decision, gone, is not current: {why}."
    assert page.cards[0].sentence == (
        f"The recorded decision is not current: {why}. It carries gone forward by the rule best-mean: "
        "ais.msa on val was 0.900."
    )


def test_the_answer_of_a_confirmed_study_is_on_fresh_seeds():
    """The searched score of the best of many is too good, so it comes second and says so."""
    page = compose(judged())

    assert page.answer == (
        "Of 6 configurations, alpha=1 rank=16 was chosen on fresh seeds; there its ais.msa on val is "
        "0.538 ± 0.010 (n = 3)."
    )
    assert page.more[1].startswith("On fresh seeds its ais.msa is ")
    assert page.more[2] == (
        "In the search it had 0.549 ± 0.007 (n = 3): of the best of many, a searched score tends to be too good."
    )


def confirmed(*, seeds=3, baseline=None):
    """Two finalists on fresh seeds, where the test split is harder than it was in the search."""
    floor = [a_run(seed, val=0.1, test=baseline, role="baseline") for seed in range(7, 7 + seeds)]
    rows = [
        a_row(
            name,
            *(a_run(seed, val=val + seed / 1000, test=0.885) for seed in range(2)),
            *(a_run(at, val=val - at / 1000, test=0.83 + at / 2000, role="confirm") for at in range(7, 7 + seeds)),
        )
        for name, val in (("a", 0.95), ("b", 0.94))
    ]
    table = a_table(*rows, confirm=(2, seeds), baselines=(a_row("floor", *floor),) if baseline else ())
    return replace(table, decision=decide(table))


def test_an_answer_on_fresh_seeds_has_all_of_its_scores_from_them():
    """Those of other splits too, labelled; one that only the search has is labelled as such."""
    table = confirmed()
    unscored = [
        replace(row, runs=[replace(r, scores={k: v for k, v in r.scores.items() if r.role == "search" or k[1] == "val"})
                           for r in row.runs])
        for row in table.rows
    ]  # fmt: skip

    assert compose(table).more[1].startswith("On fresh seeds its ais.msa is 0.834 ±")
    assert compose(replace(table, rows=unscored)).more[1].startswith("In the search its ais.msa is 0.885 ±")


def test_finalists_with_one_run_each_are_not_told_apart():
    """The answer says so, and does not hide it behind what the search tells."""
    said = compose(confirmed(seeds=1)).more

    assert "Each of 2 finalists has one run on fresh seeds: nothing tells them apart there (T302)." in said
    assert any(" on val in the search (95 %" in line for line in said)


def test_a_baseline_that_is_as_good_stands_beside_the_answer():
    """One that is better with its interval; one that the choice leads is not named."""
    worse, level = compose(confirmed(baseline=0.912)).more, compose(confirmed(baseline=0.834)).more

    assert any(line.startswith("It is worse than a baseline: floor has 0.912 ± 0.000 (n = 3) on test, better by")
               for line in worse)  # fmt: skip
    assert any(line.startswith("It is not shown to be better than every baseline: floor has 0.834") for line in level)
    assert not any("baseline" in line for line in compose(confirmed(baseline=0.5)).more)


def test_a_person_whom_the_rule_agrees_with_overrules_nobody():
    """The answer and the decision say that the rule chooses the same."""
    table = judged(because="It fits.")
    over = replace(table.decision.overruled, configuration=table.decision.configuration)
    page = compose(replace(table, decision=replace(table.decision, overruled=over)))

    assert page.more[-1] == "The rule one-standard-error chooses it too; A. Person chose it on 2030-01-31."
    assert page.cards[0].sentence.startswith("A. Person carries alpha=8 rank=1 forward, as does the rule")


def test_the_top_says_what_the_metric_is():
    """Meaning, direction and range; the best of what is minimised is the lowest."""
    loss = MetricFacts(AIS, "minimize", "Loss", low=0.0)
    page = compose(replace(three(), metrics={AIS: loss}))

    assert page.more[0] == "ais.msa: Loss; lower is better, from 0."
    assert "c has the lowest ais.msa on val" in page.answer


def test_an_overruled_decision_is_answered_as_one():
    """Who chose, what the rule had chosen, and when."""
    page = compose(judged(because="It fits."))

    assert page.answer.startswith("Of 6 configurations, alpha=8 rank=1 was chosen by A. Person; it has ais.msa on val:")
    assert page.more[-1] == (
        "The rule one-standard-error had chosen alpha=1 rank=16, 0.538; A. Person overruled it on 2030-01-31."
    )


def test_a_study_without_a_flaw_says_what_was_looked_for():
    """How many checks, and each with its code."""
    table = a_table(a_row("a", *(a_run(seed, val=0.5 + 0.01 * seed) for seed in range(3))))
    card = card_of(table, "findings")

    assert card.sentence == f"None of {len(checked(table))} checks found a flaw."
    assert [code for code, _ in card.blocks[0].pairs] == [code for code in CODES if code not in ("T502", "T406")]


def findings_page(*found):
    """A page with these findings alone."""
    return Page("x", "Study", "", "Yes.", [Card("findings", "Findings", "", [Findings(found)])])


def test_every_finding_has_an_anchor_of_its_own():
    """A second one of a code is numbered, and both forms have a heading to link to."""
    two = findings_page(*(Finding("T101", f"{n} runs.", ("a",), "It matters.", "run them") for n in (1, 2)))
    page, text = html(two, {}), markdown(two, folder="x")

    assert 'id="T101"' in page
    assert 'id="T101-2"' in page
    assert text.count("### T101") == 2
    assert "It matters." in page
    assert "It matters." in text


def test_a_study_file_in_a_way_out_is_set_as_a_file():
    """The first line is the way out; what follows is folded and kept as it is."""
    page = findings_page(
        Finding("T202", "At the edge.", ("a",), "", "look further\nstudy: x-further\nspace: {a: [1]}\n")
    )
    text = markdown(page, folder="x")

    assert "Way out: look further\n" in text
    assert "```yaml\nstudy: x-further\nspace: {a: [1]}\n```" in text
    assert "<code>study: x-further" in html(page, {})


def test_an_unfinished_study_says_what_is_not_looked_for():
    """With the codes and why; the list of what is looked for leaves them out."""
    card = findings_card(a_table(a_row("a", a_run(0), missing(1)), a_row("b", a_run(0, val=0.4), missing(1))))

    assert card.caveats == [
        "Runs are missing: winner at the edge (T202), gap inside the noise (T301) and decision not better than a "
        "baseline (T405) are looked for once they have ended, for the best may be another then."
    ]
    assert {code for code, _ in card.blocks[-1].pairs}.isdisjoint({"T202", "T301", "T405"})
