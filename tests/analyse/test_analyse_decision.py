"""The decision, and who stands for the study in pictures and curves."""

from dataclasses import replace

from study_tables import AIS, a_row, a_run, a_table, failed

from tunebook.analyse import Unavailable, curves, decide, judge, outdated, places, representatives
from tunebook.records import Case, CurvePoint, Picture


def test_best_mean_takes_the_best_complete_configuration():
    """A configuration with a failed run is no candidate, however well the others did."""
    table = a_table(
        a_row("lucky", a_run(0, val=0.9), failed(1)),
        a_row("a", a_run(0, val=0.6), a_run(1, val=0.8), parameters={"adapter.rank": 4}),
        a_row("b", a_run(0, val=0.5), a_run(1, val=0.5), parameters={"adapter.rank": 8}),
    )
    decision = decide(table)

    assert (decision.configuration, round(decision.score, 3), decision.values) == ("a", 0.7, {"adapter": {"rank": 4}})
    assert list(decision.candidates) == ["a", "b"]
    assert decision.runs == {0: "run-0-0.6", 1: "run-1-0.8"}


def test_ties_go_to_the_smaller_then_to_the_id():
    """Equal means are decided by trainable parameters, then by id."""
    table = a_table(
        a_row("a", a_run(quantities={"trainable_parameters": 10})),
        a_row("c", a_run(quantities={"trainable_parameters": 5})),
        a_row("b", a_run(quantities={"trainable_parameters": 5})),
    )

    assert decide(table).configuration == "b"


def test_one_replicate_cannot_judge_noise():
    """The rule decides, and says what its choice is worth."""
    caveats = judge(a_table(a_row("a", a_run()))).caveats

    assert caveats == (
        "With one replicate the rule cannot judge noise: a rerun may order the configurations otherwise.",
    )


def test_nothing_finished_decides_nothing():
    """There is a reason in place of a decision."""
    found = judge(a_table(a_row("a", failed(0))))

    assert (found.decision, found.reason) == (
        None,
        "no configuration has a value of ais.msa on val from all of its runs",
    )


def test_several_cases_are_named():
    """The mean over cases is said to be one; no single run stands for a seed."""
    rows = [a_row("a", a_run(0), a_run(1), case=Case({"data.root": root})) for root in ("nuclei", "cells")]
    found = judge(a_table(*rows))

    assert found.caveats == (
        "The score of a configuration is its mean over the cases nuclei, cells; each case weighs the same, "
        "and ± is the spread of that mean between replicates.",
    )
    assert found.decision.runs == {}


def test_a_case_that_disagrees_is_told():
    """The best mean over cases need not be the best in each: the reader sees where it is not, and by how much."""
    nuclei, cells = (Case({"data.root": root}) for root in ("nuclei", "cells"))
    table = a_table(
        a_row("a", a_run(0, val=0.9), case=nuclei), a_row("a", a_run(0, val=0.2), case=cells),
        a_row("b", a_run(0, val=0.3), case=nuclei), a_row("b", a_run(0, val=0.4), case=cells),
    )  # fmt: skip
    found = judge(table)

    assert found.decision.label == "a"
    assert found.caveats[-1] == (
        "In cells alone b has the best ais.msa on val, 0.400; a has 0.200, "
        "with fewer than two common replicates to tell them apart."
    )
    assert not any("nuclei alone" in caveat for caveat in found.caveats)


def test_a_case_disagrees_only_where_replicates_tell():
    """In cells b is ahead by less than the seeds move it, in yeast by more."""
    values = {
        "nuclei": ((0.9, 0.9), (0.3, 0.301)), "cells": ((0.2, 0.3), (0.3, 0.21)), "yeast": ((0.2, 0.201), (0.3, 0.3)),
    }  # fmt: skip
    rows = [
        a_row(name, *(a_run(seed, val=val) for seed, val in enumerate(found)), case=Case({"data.root": root}))
        for root, of_root in values.items()
        for name, found in zip("ab", of_root, strict=True)
    ]

    assert judge(a_table(*rows)).caveats[1:] == ("In yeast alone b has the best ais.msa on val, 0.300; a has 0.201.",)


def test_a_run_that_failed_in_one_case_excludes_its_configuration():
    """It would be compared on other terms; the reader is told which, where and why."""
    nuclei, cells = (Case({"data.root": root}) for root in ("nuclei", "cells"))
    table = a_table(
        a_row("a", a_run(0, val=0.9), a_run(1, val=0.9), case=nuclei), a_row("a", a_run(0), failed(1), case=cells),
        a_row("b", a_run(0), a_run(1), case=nuclei), a_row("b", a_run(0), a_run(1), case=cells),
    )  # fmt: skip
    found = judge(table)

    assert list(found.decision.candidates) == ["b"]
    assert found.caveats[-1] == (
        "1 configuration was no candidate, for not every run has a value: a (cells: 1 of 2 seeds: 1 diverged)."
    )


def test_a_run_that_no_seed_changes_is_filed_under_minus_one():
    """`Decision.runs` names the only run of a configuration without seeds."""
    assert decide(a_table(a_row("a", a_run(None)))).runs == {-1: "run-None-0.5"}


def test_a_decision_of_another_way_to_choose_is_outdated():
    """Rule, argument, metric and split are those of the study as it stands; a list is the tuple that it was."""
    sized = {"trainable_parameters": 9}
    rows = (a_row(name, a_run(0, val=val, quantities=sized), a_run(1)) for name, val in (("a", 0.6), ("b", 0.5)))
    table = a_table(*rows)
    of_two = replace(table, rule="pareto", argument=("ais.msa", "trainable_parameters"))
    decision = replace(decide(table), rule="pareto", argument=["ais.msa", "trainable_parameters"])

    assert outdated(replace(of_two, decision=decision)) == ""
    assert outdated(replace(of_two, argument=("trainable_parameters", "ais.msa"), decision=decision)) == (
        "recorded before the study was changed: it was chosen by pareto, ais.msa on val"
    )
    assert outdated(replace(table, decision=decision)) != ""


def test_a_decision_is_outdated_by_what_it_builds_on_and_by_what_is_required():
    """Where another study decides otherwise since, and where no configuration meets what the study requires now."""
    table = a_table(*(a_row(name, a_run(0, val=val)) for name, val in (("a", 0.6), ("b", 0.5))))
    decided = replace(table, decision=decide(table))

    assert outdated(replace(decided, moved=("lora",))) == "recorded before lora, which it builds on, decides otherwise"
    assert outdated(replace(decided, require=("ais.msa >= 0.5",))) == ""
    assert outdated(replace(decided, require=("ais.msa >= 0.9",))).startswith("recorded before the study was changed: ")


def test_best_median_and_worst_are_shown_on_three_items():
    """The items: those with the best, the median and the worst score of the best configuration's run."""
    pictures = tuple(Picture(name, {"image": f"/{name}.png"}) for name in "abcde")
    items = {(AIS, "test"): {"a": 0.5, "b": 0.1, "c": 0.9, "d": 0.4, "e": 0.7}}
    rows = [a_row(f"{val}", a_run(val=val, pictures=pictures, items=items)) for val in (0.1, 0.4, 0.3, 0.2, 0.5)]
    found = representatives(a_table(*rows), Case())

    assert [(each.place, each.entry.label) for each in found.shown] == [
        ("best", "0.5"),
        ("median", "0.3"),
        ("worst", "0.1"),
    ]
    assert found.items == ("c", "a", "b")


def test_no_pictures_no_representatives():
    """The reason stands in their place."""
    assert representatives(a_table(a_row("a", a_run())), Case()) == Unavailable(
        "this task has no pictures, or none were kept"
    )


def test_a_place_without_pictures_is_left_out():
    """Nobody stands in for the worst: the others keep their places, as in the curves."""
    pictures = (Picture("a", {"image": "/a.png"}),)
    rows = [a_row(f"{val}", a_run(val=val, pictures=pictures if val > 0.1 else ())) for val in (0.1, 0.2, 0.3)]
    table = a_table(*rows)

    assert {place: entry.label for place, entry in places(table).items()} == {
        "best": "0.3",
        "median": "0.2",
        "worst": "0.1",
    }
    assert [each.place for each in representatives(table, Case()).shown] == ["best", "median"]


def test_places_are_taken_among_complete_configurations():
    """A lucky run of a configuration that failed elsewhere is not the best."""
    rows = [a_row("lucky", a_run(0, val=0.9), failed(1)), a_row("a", a_run(0)), a_row("b", a_run(0, val=0.1))]

    assert {place: entry.label for place, entry in places(a_table(*rows)).items()} == {"best": "a", "worst": "b"}
    assert places(a_table(rows[0]))["best"].label == "lucky"


def test_curves_are_means_over_replicates():
    """Step by step over the runs; more than sixty points are averaged over equal stretches."""
    runs = [
        a_run(seed, curve=tuple(CurvePoint(step, {"loss": seed + step}) for step in range(1, 121))) for seed in (0, 1)
    ]
    found = curves(a_table(a_row("a", *runs)))

    assert (found.part, found.stretch, found.lines[0].n) == ("loss", 2, 2)
    assert (found.lines[0].steps[:2], found.lines[0].losses[:2]) == ((2, 4), (2.0, 4.0))


def test_a_curve_ends_with_the_shortest_run():
    """Runs may end early; a mean over those that are left would bend where one ends."""
    runs = [
        a_run(seed, curve=tuple(CurvePoint(step, {"loss": float(seed)}) for step in range(1, end + 1)))
        for seed, end in ((0, 10), (1, 4))
    ]
    (line,) = curves(a_table(a_row("a", *runs))).lines

    assert (line.steps, line.losses, line.n) == ((1, 2, 3, 4), (0.5,) * 4, 2)


def test_only_finished_runs_are_part_of_a_curve():
    """A run that failed on its way is counted, and is in no mean."""
    curve = (CurvePoint(1, {"loss": 1.0}),)
    lost = failed(1)
    runs = [a_run(0, curve=curve), replace(lost, curve=(CurvePoint(1, {"loss": 99.0}),))]
    found = curves(a_table(a_row("a", *runs), a_row("b", runs[1])))

    assert [(line.label, line.losses, line.n) for line in found.lines] == [("a", (1.0,), 1)]
    assert found.left_out == 2


def test_untrained_studies_have_no_curves():
    """The reason stands in their place."""
    assert curves(a_table(a_row("a", a_run()))) == Unavailable("no finished run recorded a learning curve")
