"""Findings: what ran, what was scored, and what was decided; a sound study has none."""

from dataclasses import replace

import pytest
from study_tables import AIS, METRICS, a_row, a_run, a_table, failed, missing

from tunebook.analyse import CODES, decide, findings, not_yet, outdated
from tunebook.records import Change, MetricFacts, Overruling, Settings, Stop

SOUND = (a_row("a", a_run(0), a_run(1)), a_row("b", a_run(0, val=0.4), a_run(1, val=0.4)))

STOPPED = Stop("its limit", "2030-01-31", limit=True)


def codes(table):
    return [finding.code for finding in findings(table)]


def test_a_sound_study_has_no_findings():
    """Two seeds, all finished, chosen on a split that is not reported, the best told apart."""
    assert codes(a_table(*SOUND)) == []


def test_a_finding_says_what_it_means():
    """Each carries the meaning of its code beside evidence and way out."""
    (found,) = findings(a_table(*SOUND, splits=("val", "test")))

    assert found.meaning == CODES["T401"].meaning
    assert found.evidence == ("chosen on: val", "reported: val, test")
    assert found.way_out.startswith("choose on a split that is not reported (select.split)")


def test_findings_come_in_the_order_of_their_codes():
    """Whatever is found."""
    table = a_table(
        *SOUND,
        a_row("c", failed(0), a_run(1, val=0.1)),
        splits=("val",),
        earlier=(Change("rule", ("weights on val",), "best-mean of ais.msa on val"),),
    )

    assert codes(table) == ["T101", "T102", "T302", "T401", "T504"] == sorted(codes(table))


# What ran


def test_t101_tells_missing_and_failed_runs_apart():
    """What did not run and what failed are two findings with two ways out."""
    found = findings(a_table(*SOUND, a_row("c", failed(0), missing(1)), stop=STOPPED))

    assert [finding.sentence for finding in found] == [
        "1 run was declared but not run: the study was stopped by its limit on 2030-01-31.",
        "1 run was declared but failed.",
    ]
    assert found[1].evidence == ("c seed=0: diverged: the loss is not finite",)
    assert "tunebook run BOOK/cells runs what is missing" in found[0].way_out


def test_t101_is_not_said_of_runs_that_are_to_come():
    """While a study runs, its page says above all how many have ended; what failed has failed."""
    assert codes(a_table(*SOUND, a_row("c", missing(0), missing(1)))) == []
    assert codes(a_table(*SOUND, a_row("c", failed(0), missing(1)))) == ["T101"]


def test_t101_names_the_role_of_a_run():
    """A finalist's run on fresh seeds is told from one of the search."""
    found = findings(a_table(*SOUND, a_row("c", a_run(0), a_run(1), replace(missing(7), role="confirm")), stop=STOPPED))

    assert "c seed=7 (confirm): not run yet" in found[0].evidence


def test_t102_when_replicates_are_uneven():
    """Rows with fewer finished runs; not those without any, nor those that no seed can change."""
    uneven = a_row("c", a_run(0, val=0.1), failed(1))
    none, floor = a_row("d", failed(0), failed(1)), a_row("floor", a_run(None, val=0.1))
    found = {each.code: each for each in findings(a_table(*SOUND, uneven, none, floor))}

    assert found["T102"].sentence == "1 configuration has fewer finished runs than the others, which have 2."
    assert found["T102"].evidence == ("c: 1 run of 2",)
    assert "T102" not in codes(a_table(*SOUND, none, floor))


def test_t103_when_a_seed_is_there_twice():
    """Only among searched runs: a repeat that measures whether runs repeat is none."""
    again = replace(a_run(1), id="again", repeat=1)
    found = findings(a_table(a_row("a", a_run(0), a_run(1), again), SOUND[1]))

    assert [(each.code, each.evidence) for each in found] == [("T103", ("a seed=1: 2 runs (run-1-0.5, again)",))]
    assert codes(a_table(a_row("a", a_run(0), a_run(1), replace(again, role="noise")), SOUND[1])) == []


# Noise


def test_t301_when_the_best_is_not_told_apart():
    """How many, the smallest gap, the intervals, and what decides."""
    near = a_row("near", a_run(0, val=0.52), a_run(1, val=0.47), a_run(2, val=0.5))
    best = a_row("best", a_run(0, val=0.5), a_run(1, val=0.51), a_run(2, val=0.5))
    far = a_row("far", *(a_run(seed, val=0.1) for seed in range(3)))
    table = a_table(near, best, far)
    (found,) = findings(replace(table, decision=decide(table)))

    assert found.sentence == (
        "best, the best of 3 configurations, is not told apart from 1 other: "
        "the smallest gap of ais.msa on val is 0.0067."
    )
    assert found.evidence[0].startswith("near: 0.0067 behind, with an interval from -")
    assert found.evidence[1:] == (
        "the intervals are those of seeds; nothing is said of other items",
        "best-mean decides between them: best",
    )
    assert found.way_out.startswith("run more seeds of these, or take the simplest")


def test_t301_names_the_nearest_alone():
    """Five of many, and how many more there are."""
    rows = [
        a_row(f"c{at}", *(a_run(seed, val=0.5 + (at * 7 + seed * 3) % 5 / 100) for seed in range(3))) for at in range(9)
    ]
    (found,) = findings(a_table(*rows))

    assert len(found.evidence) == 8
    assert found.evidence[5] == "and 3 more"


def test_t302_is_for_rows_that_a_seed_could_change():
    """A row without replicates has n = 1 by nature."""
    assert codes(a_table(a_row("a", a_run(0)))) == ["T302"]
    assert "T302" not in codes(a_table(*SOUND, a_row("floor", a_run(None, val=0.1))))


def test_t302_is_not_said_where_the_noise_is_measured():
    """By a centre point, or by finalists on fresh seeds."""
    centre = [a_run(seed, val=0.5 + seed / 100, role="noise") for seed in (7, 8)]
    fresh = [a_run(seed, val=0.5 + seed / 100, role="confirm") for seed in (7, 8)]
    one, other = a_row("b", a_run(0, val=0.3)), a_row("c", a_run(0, val=0.2))

    assert codes(a_table(a_row("a", a_run(0), *centre), one, other)) == []
    assert codes(a_table(a_row("a", a_run(0), *fresh), one, other, confirm=(1, 2))) == []


def test_t302_is_said_of_finalists_with_one_fresh_run_each():
    """They decide by it, whatever the search tells of the spread."""
    rows = [
        a_row(name, *(a_run(seed, val=val + seed / 100) for seed in range(3)), a_run(7, val=val, role="confirm"))
        for name, val in (("a", 0.5), ("b", 0.495), ("c", 0.1))
    ]
    (found,) = (each for each in findings(a_table(*rows, confirm=(2, 1))) if each.code == "T302")

    assert found.sentence.startswith("2 finalists have one run on fresh seeds, by which the study decides")
    assert found.evidence == ("a", "b")


def itemed(seed, gaps, noise):
    """A run that is the mean of items: each item's own gap, and what the seed adds to all."""
    items = {f"cell-{at}": 0.5 + gap + noise for at, gap in enumerate(gaps)}
    return a_run(seed, val=sum(items.values()) / len(items), items={(AIS, "val"): items})


def test_t301_names_what_widens_the_intervals():
    """Items that differ by more than seeds do: the way out is more items; else more seeds, or replicates of folds."""
    hard, easy = (0.2, -0.2, 0.2, -0.15), (-0.2, 0.2, -0.2, 0.2)
    by_items = [
        a_row(name, *(itemed(seed, gaps, 0.0) for seed in range(3))) for name, gaps in (("a", hard), ("b", easy))
    ]
    by_seeds = [
        a_row(name, *(itemed(seed, (0.0, 0.0, 0.001), way * seed / 10) for seed in range(-1, 2)))
        for name, way in (("a", 1), ("b", -1))
    ]
    of_folds = [
        replace(row, runs=[replace(run, replicate={"seed": 0, "fold": at}) for at, run in enumerate(row.runs)])
        for row in by_seeds
    ]
    found = [
        next(each for each in findings(a_table(*rows)) if each.code == "T301")
        for rows in (by_items, by_seeds, of_folds)
    ]

    assert [each.evidence[1] for each in found] == [
        "the items widen the intervals more than the seeds do",
        "the seeds widen the intervals more than the items do",
        "the replicates widen the intervals more than the items do",
    ]
    assert [each.way_out.partition(", or")[0] for each in found] == [
        "score more items on val",
        "run more seeds of these",
        "run more replicates (further seeds of the folds) of these",
    ]


# Scores


def test_t401_when_chosen_on_a_reported_split():
    """Allowed, and printed as a flaw."""
    assert codes(a_table(*SOUND, splits=("val", "test"))) == ["T401"]


def test_t402_when_settings_are_chosen_on_a_reported_split():
    """The evidence names the settings, the split and how many runs."""
    on_test = (Settings("ais", "test", AIS, {"threshold": 0.3, "min_size": 20}),)
    on_val = (Settings("ais", "val", AIS, {"threshold": 0.3}),)
    rows = (a_row("a", a_run(0, settings=on_test), a_run(1, settings=on_test)), SOUND[1])
    (found,) = findings(a_table(*rows))

    assert (found.code, found.evidence) == ("T402", ("ais: threshold, min_size chosen on test in 2 runs",))
    assert codes(a_table(a_row("a", a_run(0, settings=on_val), a_run(1)), SOUND[1])) == []


def test_t403_when_items_are_missing_from_a_score():
    """The evidence names run, metric, split and numbers."""
    short = a_run(1, counts={(AIS, "val"): (9, 10), (AIS, "test"): (5, 5)})
    (found,) = findings(a_table(a_row("a", a_run(0), short), SOUND[1]))

    assert (found.code, found.evidence) == ("T403", ("a seed=1: ais.msa on val scored 9 of 10 items",))


def with_items(*values, test=0.4):
    """Rows whose first run has these scores on the items of test."""
    items = {(AIS, "test"): {f"cell-{at}": value for at, value in enumerate(values)}}
    return a_row("a", a_run(0, items=items, test=test), a_run(1)), SOUND[1]


def test_t404_when_a_run_scores_the_same_on_every_item():
    """The worst there is, or any other score but the best; two items may be alike by chance."""
    (worst,) = findings(a_table(*with_items(0.0, 0.0, 0.0, test=0.0)))
    (constant,) = findings(a_table(*with_items(0.31, 0.31, 0.31)))

    assert worst.evidence == ("a seed=0: ais.msa on test is 0.000 on each of 3 items, the worst there is",)
    assert constant.evidence == ("a seed=0: ais.msa on test is 0.310 on each of 3 items",)
    assert codes(a_table(*with_items(1.0, 1.0, 1.0, test=1.0))) == []
    assert codes(a_table(*with_items(0.31, 0.31))) == codes(a_table(*with_items(0.31, 0.31, 0.3))) == []


def test_t404_without_items():
    """The worst score of a metric with a range; the best recall where the precision is the lowest of all."""
    facts = {name: MetricFacts(name, "maximize", "", low=0.0, high=1.0) for name in ("recall", "precision")}
    runs = [
        a_run(0, scores={(AIS, "val"): 0.5, ("recall", "val"): 1.0, ("precision", "val"): 0.1}),
        a_run(1, scores={(AIS, "val"): 0.5, ("recall", "val"): 1.0, ("precision", "val"): 0.9}),
    ]
    white = a_table(a_row("a", *runs), SOUND[1], metrics={**METRICS, **facts})
    zero = replace(facts["recall"], name=AIS)
    black = a_table(
        a_row("a", a_run(0), a_run(1)), a_row("b", a_run(0, val=0.0), a_run(1, val=0.0)), metrics={AIS: zero}
    )

    assert [each.evidence for each in findings(white)] == [
        ("a seed=0: recall on val is 1.000, the best there is, where precision is 0.100, the lowest of the table",)
    ]
    assert [each.sentence for each in findings(black)] == [
        "2 runs score as a predictor would that does not look at its input."
    ]


# Decisions


def test_t501_when_the_decision_is_not_the_rules():
    """A recorded decision that the table does not support is named beside the rule's choice."""
    table = a_table(*SOUND)
    other = replace(decide(table), configuration="b", label="b")
    (found,) = findings(replace(table, decision=other))

    assert (found.code, found.evidence) == ("T501", ("recorded: b", "best-mean of ais.msa on val chooses a"))
    assert codes(replace(table, decision=decide(table))) == []


@pytest.mark.parametrize(("before", "found"), [("a", []), ("b", ["T501"])])
def test_an_overruled_decision_is_no_flaw(before, found):
    """What a person decided otherwise is not T501; that the rule had not chosen what was overruled is."""
    table = a_table(*SOUND)
    overruling = Overruling(before, before, 0.5, "it is cheaper", "Ada", "2030-01-31")
    decision = replace(decide(table), configuration="b", label="b", overruled=overruling)

    assert codes(replace(table, decision=decision)) == found


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


def test_t504_when_the_rule_was_changed():
    """Every way of choosing that the study had when it had results, the oldest first, and the one it has."""
    rule = Change("rule", ("best-mean of box.msa on val", "pareto of ais.msa on val"), "best-mean of ais.msa on val")
    where = [Change("where", ("no where",), "where rank <= 4", left_out) for left_out in (0, 1, 12)]
    (found,) = findings(a_table(*SOUND, earlier=(rule, where[2])))
    said = [findings(a_table(*SOUND, earlier=(each,)))[0].evidence[-1] for each in where[:2]]

    assert (found.code, found.evidence) == (
        "T504",
        (
            "before: best-mean of box.msa on val",
            "before: pareto of ais.msa on val",
            "as it stands: best-mean of ais.msa on val",
            "before: no where",
            "as it stands: where rank <= 4 (12 configurations with results are no candidates any more)",
        ),
    )
    assert said == [
        "as it stands: where rank <= 4",
        "as it stands: where rank <= 4 (1 configuration with results is no candidate any more)",
    ]


def test_what_is_said_of_the_best_waits_for_the_missing_runs():
    """The winner at an edge, gaps inside the noise and baselines (T202, T301, T405) are looked for at the end."""
    means = {1: (0.30, 0.31, 0.32), 2: (0.50, 0.53, 0.51), 3: (0.52, 0.51, 0.53)}
    rows = [
        a_row(f"alpha={n}", *(a_run(seed, val=val) for seed, val in enumerate(vals)), parameters={"alpha": n})
        for n, vals in means.items()
    ]
    late = a_row("alpha=4", a_run(0, val=0.1), missing(1), missing(2), parameters={"alpha": 4})
    open_, closed = a_table(*rows, late), a_table(*rows)
    held = {found.code for found in findings(closed)}

    assert held >= {"T202", "T301"}
    assert {found.code for found in findings(open_)}.isdisjoint({"T202", "T301", "T302", "T405"})
    assert (not_yet(open_), not_yet(closed)) == (("T202", "T301", "T405"), ())
