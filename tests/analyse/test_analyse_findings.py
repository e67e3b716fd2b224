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


def points(*found, alternative=""):
    """Rows of (parameters, score), named by their parameters."""
    return [
        a_row(f"{alternative} {point}", a_run(0, val=val), a_run(1, val=val), parameters=point, alternative=alternative)
        for point, val in found
    ]


def test_t202_when_the_winner_is_at_an_edge():
    """Among the values tried with the winner's others, in each alternative by itself; with the value that is next."""
    lora = points(
        ({"alpha": 1, "lr": 0.001}, 0.5), ({"alpha": 4, "lr": 0.001}, 0.7), ({"alpha": 16, "lr": 0.001}, 0.6),
        ({"alpha": 4, "lr": 0.0001}, 0.6), ({"alpha": 1, "lr": 0.01}, 0.1), alternative="lora",
    )  # fmt: skip
    full = points(({"dropout": 0.2}, 0.1), ({"dropout": 0.3}, 0.2), ({"dropout": None}, 0.1), alternative="full")
    (found,) = findings(a_table(*lora, *full))

    assert found.code == "T202"
    assert [each.rpartition(": ")[2] for each in found.evidence] == [
        "lr 0.001 is the largest of 0.0001, 0.001", "dropout 0.3 is the largest of 0.2, 0.3",
    ]  # fmt: skip
    assert found.way_out.endswith(": lr 0.01 (lora), dropout 0.4 (full)")


def test_there_is_no_edge_inside_nor_at_zero_nor_of_words():
    """A winner between others, one at zero of values that are never negative, texts, and a single value."""
    inside = points(({"rank": 1}, 0.1), ({"rank": 2}, 0.3), ({"rank": 4}, 0.2))
    zero = points(({"dropout": 0}, 0.3), ({"dropout": 0.1}, 0.2))
    words = points(({"scale": "learnable"}, 0.3), ({"scale": 0.5}, 0.2), ({"flag": True}, 0.1))

    assert [codes(a_table(*rows)) for rows in (inside, zero, words)] == [[], [], []]


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
    edge = a_table(*(a_row(f"{rank}", a_run(), parameters={"rank": rank}) for rank in (1, 2)))

    assert {*codes(wrong), *codes(stale), *codes(edge)} == set(CODES)
