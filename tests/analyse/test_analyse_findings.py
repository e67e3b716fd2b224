"""Findings: each flaw is found, and a sound study has none."""

from dataclasses import replace

from study_tables import AIS, a_row, a_run, a_table, failed, missing

from tunebook.analyse import CODES, decide, findings, outdated

SOUND = (a_row("a", a_run(0), a_run(1)), a_row("b", a_run(0, val=0.4), a_run(1, val=0.4)))


def codes(table):
    return [finding.code for finding in findings(table)]


def test_a_sound_study_has_no_findings():
    """Two seeds, all finished, chosen on a split that is not reported."""
    assert codes(a_table(*SOUND)) == []


def test_t101_tells_missing_and_failed_runs_apart():
    """What did not run and what failed are two findings with two ways out."""
    found = findings(a_table(*SOUND, a_row("c", failed(0), missing(1))))

    assert [finding.sentence for finding in found] == [
        "1 run was declared but not run.",
        "1 run was declared but failed.",
    ]
    assert found[1].evidence == ("c seed=0: diverged: the loss is not finite",)


def test_t302_is_for_rows_that_a_seed_could_change():
    """A row without replicates has n = 1 by nature."""
    assert codes(a_table(a_row("a", a_run(0)))) == ["T302"]
    assert codes(a_table(*SOUND, a_row("floor", a_run(None)))) == []


def test_t401_when_chosen_on_a_reported_split():
    """Allowed, and printed as a flaw."""
    assert codes(a_table(*SOUND, splits=("val", "test"))) == ["T401"]


def test_t403_when_items_are_missing_from_a_score():
    """The evidence names run, metric, split and numbers."""
    short = a_run(1, counts={(AIS, "val"): (9, 10), (AIS, "test"): (5, 5)})
    (found,) = findings(a_table(a_row("a", a_run(0), short)))

    assert (found.code, found.evidence) == ("T403", ("a seed=1: ais.msa on val scored 9 of 10 items",))


def test_t501_when_the_decision_is_not_the_rules():
    """A recorded decision that the table does not support is named beside the rule's choice."""
    table = a_table(*SOUND)
    other = replace(decide(table), configuration="b", label="b")
    (found,) = findings(replace(table, decision=other))

    assert (found.code, found.evidence) == ("T501", ("recorded: b", "the rule chooses a"))
    assert codes(replace(table, decision=decide(table))) == []


def test_t503_when_the_decided_configuration_has_no_row():
    """A study that was edited since: the decision is told as one of before, and not also as a wrong one."""
    table = a_table(*SOUND)
    (found,) = findings(replace(table, decision=replace(decide(table), configuration="gone", label="gone")))

    assert (found.code, found.evidence) == (
        "T503",
        (
            "recorded: gone (gone)",
            "recorded before the study was changed: its configuration is not among the rows",
        ),
    )


def test_a_decision_is_outdated_by_runs_added_and_by_another_rule():
    """Runs that the study declares and that have not ended, or another metric, leave the decision behind."""
    table = a_table(*SOUND)
    grown = a_table(*SOUND, a_row("c", missing(0), missing(1)), decision=decide(table))
    other = replace(table, decision=replace(decide(table), split="test"))

    assert outdated(replace(table, decision=decide(table))) == outdated(table) == ""
    assert outdated(grown) == "2 runs that the study declares have no result yet, and it was decided before"
    assert codes(grown) == ["T101", "T503"]
    assert outdated(other) == "recorded before the study was changed: it was chosen by best-mean, ais.msa on test"


def test_every_code_is_listed():
    """The page names the checks that found nothing: all that can find something."""
    short = a_run(1, counts={(AIS, "val"): (9, 10)})
    table = a_table(a_row("a", a_run(0), short), a_row("b", failed(0)), a_row("c", a_run(0)), splits=("val", "test"))
    wrong = replace(table, decision=replace(decide(table), configuration="b"))
    stale = replace(table, decision=replace(decide(table), configuration="gone"))

    assert {*codes(wrong), *codes(stale)} == set(CODES)
