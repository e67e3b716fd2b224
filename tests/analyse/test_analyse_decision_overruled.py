"""A person's word over the rule's."""

from dataclasses import replace

import pytest
from judged import and_confirmed, runs
from study_tables import a_row, a_run, a_table, failed

from tunebook.analyse import decide, overruled, single_out, stands
from tunebook.analyse.overruling import agrees
from tunebook.errors import InputError
from tunebook.records import Case, Overruling

SAID = {"because": "it fits the laptop", "by": "Ada", "on": "2030-01-31"}


def a_point(label, *values, alternative="lora", id=None, case=None, **parameters):
    """A configuration with parameters of an adapter."""
    found = a_row(label, *runs(values), parameters=parameters, alternative=alternative, case=case)
    return replace(found, configuration=id or found.configuration)


def rates(**facts):
    """Two alternatives, and one configuration without a result."""
    rows = (
        a_point("lora alpha=4 rank=4", 0.60, 0.62, id="aaaa11112222", **{"adapter.alpha": 4, "adapter.rank": 4}),
        a_point("lora alpha=4 rank=8", 0.58, 0.61, id="aaaa33334444", **{"adapter.alpha": 4, "adapter.rank": 8}),
        a_point("lora alpha=0.5 rank=8", 0.2, 0.3, id="bbbb33334444", **{"adapter.alpha": 0.5, "adapter.rank": 8}),
        a_point("full lr=1e-05", 0.5, 0.51, alternative="full", id="cccc33334444", **{"optimizer.lr": 1e-5}),
        a_row("lost", failed(0), failed(1), alternative="lost"),
    )
    return a_table(*rows, **facts)


@pytest.mark.parametrize(
    ("choice", "label"),
    [
        ("alpha=4 rank=8", "lora alpha=4 rank=8"),
        ("rank=8, alpha=4.0", "lora alpha=4 rank=8"),
        ("adapter.alpha=0.5", "lora alpha=0.5 rank=8"),
        ("rank=4", "lora alpha=4 rank=4"),
        ("full", "full lr=1e-05"),
        ("lr=0.00001", "full lr=1e-05"),
        ("lora rank=4", "lora alpha=4 rank=4"),
        ("  lora   alpha=4 rank=8 ", "lora alpha=4 rank=8"),
        ("bbbb", "lora alpha=0.5 rank=8"),
        ("aaaa3", "lora alpha=4 rank=8"),
        ("cccc33334444", "full lr=1e-05"),
    ],
)
def test_any_values_that_single_it_out_name_a_configuration(choice, label):
    """Values by short or full names in any order, its alternative, or the beginning of its id."""
    assert single_out(rates(), choice).label == label


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (
            "rank=8",
            "choose: must name one configuration; got rank=8, which may be 2\n    name one of lora alpha=4 rank=8 "
            "(aaaa33334444); lora alpha=0.5 rank=8 (bbbb33334444)",
        ),
        ("aaaa", "choose: must name one configuration; got aaaa, which may be 2"),
        (
            "rank=16",
            "choose: must name a configuration that has a score; got rank=16\n    name one of lora alpha=4 rank=4",
        ),
        ("lost", "choose: must name a configuration that has a score; got lost"),
        ("aaa", "choose: must name a configuration that has a score; got aaa"),
        ("", "choose: must name a configuration that has a score; got "),
        ("full rank=8", "choose: must name a configuration that has a score; got full rank=8"),
        ("rank=eight", "choose: must name a configuration that has a score; got rank=eight"),
    ],
)
def test_what_names_none_or_several_is_refused(choice, message):
    """The refusal names those that there are."""
    with pytest.raises(InputError) as refused:
        single_out(rates(), choice)

    assert str(refused.value).startswith(message)


def test_values_of_every_kind_are_read():
    """Lists, text, truth, null and several words are written as the page writes them."""
    table = a_table(
        a_point("a", 0.5, targets="[q, v]", bias=True, dropout=None, alternative="large base"),
        a_point("b", 0.4, targets="[q]", bias=False, dropout=0.1, alternative="large"),
    )

    for choice in ("targets=[q, v]", "bias=true", "dropout=null", "large base", "targets=[q, v] bias=true"):
        assert single_out(table, choice).label == "a"
    assert single_out(table, "large").label == "b"


def test_a_person_stands_beside_the_rule():
    """Their configuration is decided, with its own score, values and runs; what the rule chose is kept."""
    table = rates()
    rule = decide(table)
    found = overruled(rule, table, "alpha=4 rank=8", **SAID)

    assert (found.configuration, found.label) == ("aaaa33334444", "lora alpha=4 rank=8")
    assert found.values == {"adapter": {"alpha": 4, "rank": 8}}
    assert found.score == pytest.approx(0.595)
    assert found.runs == {0: "search-0-0.58", 1: "search-1-0.61"}
    assert list(found.candidates) == ["aaaa33334444", "aaaa11112222", "cccc33334444", "bbbb33334444"]
    assert found.overruled == Overruling("aaaa11112222", "lora alpha=4 rank=4", rule.score, **SAID)
    assert found.evidence == (
        *rule.evidence,
        "lora alpha=4 rank=8 has 0.595 ± 0.021 (n = 2), 0.015 less than lora alpha=4 rank=4.",
        "Common replicates do not set the two apart.",
    )


def test_a_person_may_choose_what_fails():
    """A requirement, or a run: the evidence says so."""
    table = rates(require=("ais.msa < 0.6",))
    bad = overruled(decide(table), table, "rank=4", **SAID)
    partly = a_table(*rates().rows, a_row("half", a_run(0, val=0.7), failed(1)))
    half = overruled(decide(partly), partly, "half", **SAID)

    assert bad.evidence[-1] == ("lora alpha=4 rank=4 does not meet what is required: ais.msa < 0.6 (ais.msa is 0.610).")
    assert half.evidence[-1] == "Not every run of half has a value: 1 of 2 seeds: 1 diverged."
    assert (half.score, half.runs) == (0.7, {0: "run-0-0.7"})


def test_a_person_may_choose_who_was_no_finalist():
    """Its score is that of the search, and is said to be."""
    table = rates(confirm=(1, 2))
    table = replace(table, rows=[and_confirmed(table.rows[0], (0.55, 0.57)), *table.rows[1:]])
    rule = decide(table)
    found = overruled(rule, table, "alpha=4 rank=8", **SAID)

    assert (rule.role, found.role) == ("confirm", "search")
    assert found.score == pytest.approx(0.595)
    assert found.evidence[-1] == (
        "lora alpha=4 rank=8 has 0.595 ± 0.021 (n = 2) in the search alone: it was not run on fresh seeds."
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"because": " "}, "because: must be said: it stands beside the decision for good; got nothing"),
        ({"by": ""}, "by: must be said: it stands beside the decision for good; got nothing"),
        ({"choice": "rank=4"}, "choose: must differ from what the rule chooses; lora alpha=4 rank=4 is its choice\n"
                               "    --withdraw goes back to the rule"),
    ],
)  # fmt: skip
def test_an_overruling_without_sense_is_refused(given, message):
    """Without a reason, without a name, or for what the rule chooses anyway."""
    table = rates()
    with pytest.raises(InputError) as refused:
        overruled(decide(table), table, **{"choice": "rank=8 alpha=4", **SAID, **given})

    assert str(refused.value) == message


def test_a_persons_word_stands_while_its_configuration_does():
    """The rule's present choice is recorded beside it, even when it is the same by now; a rule alone has no word."""
    table = rates()
    before = overruled(decide(table), table, "alpha=4 rank=8", **SAID)
    better = replace(table, rows=[a_point("new", 0.9, 0.9), *table.rows])
    same = replace(table, rows=table.rows[1:])

    assert stands(decide(table), decide(table), table) == decide(table)
    assert stands(before, decide(table), table) == before
    assert stands(before, decide(better), better).overruled == Overruling("new", "new", 0.9, **SAID)
    assert stands(before, decide(same), same).overruled.configuration == before.configuration
    assert stands(before, decide(same), same).evidence == decide(same).evidence


def test_an_overruling_keeps_the_rule_that_it_overruled():
    """Where the study has another rule since, that chooses what the person did; and once more after a next decision."""
    table = rates()
    before = overruled(decide(table), table, "alpha=4 rank=8", **SAID)
    agreed = replace(decide(table), rule="most-stable", configuration=before.configuration, label=before.label)
    kept = stands(before, agreed, table)
    said = f"Before the study was changed, the rule {before.rule} had chosen {before.overruled.label}: "

    assert (agrees(before), agrees(kept)) == (False, True)
    assert kept.evidence[-1].startswith(said)
    assert stands(kept, agreed, table).evidence == kept.evidence


def test_a_word_for_what_is_gone_falls():
    """The configuration is no row any more, or has no score: the rule decides."""
    table = rates()
    before = overruled(decide(table), table, "alpha=4 rank=8", **SAID)
    gone = replace(table, rows=[each for each in table.rows if each.configuration != before.configuration])
    lost = replace(gone, rows=[*gone.rows, replace(table.rows[1], runs=(failed(0), failed(1)))])

    assert stands(before, decide(gone), gone) == decide(gone)
    assert stands(before, decide(lost), lost) == decide(lost)


def test_over_several_cases_no_run_stands_for_a_seed():
    """As for a decision by rule."""
    rows = [a_point(name, at, at + 0.1, case=Case({"data.root": root}), rank=rank)
            for root, at in (("nuclei", 0.4), ("cells", 0.6)) for name, rank in (("a", 1), ("b", 2))]  # fmt: skip
    table = a_table(*rows)

    assert overruled(decide(table), table, "rank=2", **SAID).runs == {}
