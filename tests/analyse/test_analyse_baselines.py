"""The lead of the chosen configuration over the baselines, and the finding that there is none."""

from dataclasses import replace

import pytest
from scipy import stats
from study_tables import AIS, BOX, METRICS, a_row, a_run, a_table, missing

from tunebook.analyse import Baselines, Unavailable, baselines, decide, findings
from tunebook.records import Case, Row, RunFacts, Table

SCORES = (0.60, 0.62, 0.65)


def floor(label: str, *values: float, fixed: bool = False, case: Case | None = None) -> Row:
    """A baseline with the same score on val and test: by seed, or one that no seed can change."""
    seeds = [None] if fixed else range(len(values))
    runs = (a_run(seed, val=each, test=each, role="baseline") for seed, each in zip(seeds, values, strict=True))
    return a_row(label, *runs, case=case)


def study(*floors: Row, **facts: object) -> Table:
    """A best configuration with three seeds, another one far behind, and baselines."""
    best = a_row("best", *(a_run(seed, val=each, test=each - 0.1) for seed, each in enumerate(SCORES)))
    other = a_row("other", *(a_run(seed, val=each - 0.3) for seed, each in enumerate(SCORES)))
    table = a_table(best, other, baselines=floors, **facts)
    return replace(table, decision=decide(table))


def of(table: Table) -> Baselines:
    """What is found of a table with baselines."""
    found = baselines(table)
    assert isinstance(found, Baselines)
    return found


def test_a_lead_over_a_seeded_baseline_is_paired():
    """The same seeds on both sides: Student's t of the differences."""
    theirs = (0.50, 0.54, 0.52)
    (lead, _) = of(study(floor("b", *theirs))).rows[0].leads
    low, high = stats.ttest_rel(SCORES, theirs).confidence_interval()

    assert (lead.low, lead.high, lead.n) == (pytest.approx(low), pytest.approx(high), 3)
    assert lead.lead == pytest.approx(sum(SCORES) / 3 - 0.52)


def test_a_lead_over_a_fixed_baseline_is_that_over_a_number():
    """No seed changes it: what varies is the chosen configuration alone."""
    (lead, _) = of(study(floor("b", 0.5, fixed=True))).rows[0].leads
    low, high = (end - 0.5 for end in stats.ttest_1samp(SCORES, 0.5).confidence_interval())

    assert (lead.low, lead.high, lead.n) == (pytest.approx(low), pytest.approx(high), 3)
    assert lead.verdict == "better"


@pytest.mark.parametrize(
    ("value", "verdict", "short"),
    [(0.2, "better", False), (0.61, "not told apart", True), (0.9, "worse", True)],
)
def test_a_verdict_follows_the_interval(value: float, verdict: str, short: bool):
    """Above 0, around it, below it."""
    lead = of(study(floor("b", value, fixed=True))).rows[0].leads[0]

    assert (lead.verdict, lead.falls_short) == (verdict, short)


@pytest.mark.parametrize(("value", "short"), [(0.5, False), (0.7, True)])
def test_one_replicate_has_no_interval(value: float, short: bool):
    """The means are compared, and nothing is said of chance."""
    table = a_table(a_row("a", a_run(0, val=0.6)), baselines=[floor("b", value)])
    lead = of(table).rows[0].leads[0]

    assert (lead.verdict, lead.low, lead.falls_short) == ("no interval", None, short)
    assert lead.lead == pytest.approx(0.6 - value)


def test_less_is_better_where_the_metric_says_so():
    """A lead is positive for a lower loss."""
    runs = (replace(a_run(seed), scores={("loss", "val"): 0.4 + seed / 100}) for seed in range(3))
    other = replace(a_run(None, role="baseline"), scores={("loss", "val"): 0.9})
    table = a_table(a_row("a", *runs), baselines=[a_row("b", other)], select_metric="loss", report=("loss",))
    lead = of(table).rows[0].leads[0]

    assert lead.lead == pytest.approx(0.49)
    assert 0 < (lead.low or 0) < lead.lead < (lead.high or 0)


def test_the_columns_are_those_of_the_leaderboard():
    """What the study chooses on first, then what it reports; baselines best first, those without a score last."""
    table = study(floor("low", 0.1, fixed=True), a_row("gone", missing(0)), floor("high", 0.3, fixed=True))
    table = replace(
        table, baselines=[*table.baselines[:1], _unscored(), *table.baselines[2:]], metrics=METRICS, report=(AIS, BOX)
    )
    found = of(table)

    assert [(column.metric, column.split) for column in found.columns] == [(AIS, "val"), (AIS, "test"), (BOX, "test")]
    assert [row.entry.label for row in found.rows] == ["high", "low", "gone"]
    assert found.rows[2].leads[0].verdict == "no value"


def _unscored() -> Row:
    return a_row("gone", RunFacts("gone-0", {"seed": 0}, "baseline", "missing", "not run yet"))


def test_cases_are_averaged_and_told_one_by_one():
    """The column of the choice is the mean over cases; each case has its own."""
    one, two = Case({"data.root": "nuclei"}), Case({"data.root": "cells"})
    rows = [a_row("a", *(a_run(s, val=v + s / 100) for s in range(2)), case=c) for c, v in ((one, 0.6), (two, 0.4))]
    floors = [floor("b", value, fixed=True, case=case) for case, value in ((one, 0.5), (two, 0.1))]
    leads = of(a_table(*rows, baselines=floors)).rows[0].leads

    assert [lead.lead for lead in leads[:3]] == [pytest.approx(each) for each in (0.205, 0.105, 0.305)]


def test_a_confirmed_choice_is_compared_by_its_fresh_seeds():
    """The scores by which it was decided, on the seeds that the baseline has as well."""
    searched = [a_row(name, a_run(0, val=value)) for name, value in (("a", 0.9), ("b", 0.2))]
    fresh = [a_run(seed, val=0.5 + seed / 100, role="confirm") for seed in (1, 2)]
    rows = [replace(searched[0], runs=(*searched[0].runs, *fresh)), searched[1]]
    seeded = [a_run(seed, val=0.4, role="baseline") for seed in range(3)]
    table = a_table(*rows, baselines=[a_row("floor", *seeded)], confirm=(1, 2))
    found = of(replace(table, decision=decide(table)))

    assert found.role == "confirm"
    assert (found.rows[0].leads[0].lead, found.rows[0].leads[0].n) == (pytest.approx(0.115), 2)


def test_a_choice_that_is_a_baseline_has_no_lead_over_itself():
    """It is said to be one; it is measured against the others."""
    table = study(floor("best", *SCORES), floor("low", 0.1, fixed=True))
    found = {row.entry.label: row.leads[0].verdict for row in of(table).rows}

    assert found == {"best": "itself", "low": "better"}
    assert "T405" not in {each.code for each in findings(table)}


def test_a_study_without_baselines_has_none():
    """It is told why."""
    assert baselines(study()) == Unavailable("the task has no baselines, or the study leaves them out")


def test_a_choice_that_nothing_speaks_for_is_a_finding():
    """T405 names who is level with it, on which split, with the numbers."""
    (found,) = (
        each
        for each in findings(study(floor("low", 0.1, fixed=True), floor("b", 0.55, fixed=True)))
        if each.code == "T405"
    )

    assert found.sentence == (
        "best, the chosen configuration, is not shown to be better than the baseline b by ais.msa on test."
    )
    assert found.evidence == (
        "b: ais.msa on test is 0.550, and 0.523 of the choice; a lead of -0.027, with a 95 % interval from -0.089 to "
        "0.036 (n = 3)",
    )


def test_a_choice_above_every_baseline_is_no_finding():
    """On the split of the choice and on every reported one."""
    assert "T405" not in {each.code for each in findings(study(floor("low", 0.1, fixed=True)))}


def test_a_study_that_chose_nothing_yet_is_no_finding():
    """Baselines that have run say nothing of a choice that there is not."""
    table = a_table(a_row("a", missing(0)), baselines=[floor("b", 0.5, fixed=True)])

    assert of(table).chosen is None
    assert "T405" not in {each.code for each in findings(table)}
