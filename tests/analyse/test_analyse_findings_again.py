"""Findings on what was run again: controls, equal runs, other devices."""

from dataclasses import replace

import pytest
from scipy import stats
from study_tables import AIS, a_row, a_run, a_table

from tunebook.analyse import controls, findings
from tunebook.records import Case, Control

SOUND = (
    a_row("a", a_run(0, val=0.50), a_run(1, val=0.51), a_run(2, val=0.52)),
    a_row("b", a_run(0, val=0.30), a_run(1, val=0.31), a_run(2, val=0.32)),
)


def codes(table):
    return [finding.code for finding in findings(table)]


def a_control(before, here, *, case=None, first=10):
    """A decision of `scaling` with these scores there, under seeds from `first` on, and here from seed 0 on."""
    there = [a_run(first + at, val=value) for at, value in enumerate(before)]
    again = [a_run(at, val=value, role="control") for at, value in enumerate(here)]
    return Control("scaling", "rank=4", AIS, "val", [a_row("c", *there, case=case)], [a_row("c", *again, case=case)])


def result(control, *rows):
    (found,) = controls(a_table(*(rows or SOUND), controls=(control,)))
    return found


def test_a_control_reproduces_where_equal_runs_are_equal():
    """The same replicates, the same scores to the last digit: then no noise is asked for."""
    found = result(a_control([0.9, 0.8], [0.9, 0.8], first=0), a_row("a", a_run(0)))

    assert (found.verdict, found.low) == ("reproduced", None)
    assert found.sentence == "rank=4 of scaling reproduced: 2 runs executed again, equal to the last digit."


def test_equal_runs_do_not_vouch_for_other_replicates():
    """Seed 0 came out as it was; the seeds that the other study did not have say that its score was luck."""
    fell = a_control([0.9, 0.9], [0.9, 0.9, 0.7, 0.72, 0.71], first=0)
    calm = [a_row(label, *(a_run(seed, val=0.5 + seed / 100) for seed in range(3))) for label in "abcde"]
    found = result(fell, *calm)

    assert found.verdict == "not reproduced"
    assert (found.before, found.here) == pytest.approx((0.9, 0.71))
    assert found.sentence.endswith(" 2 runs executed again: equal, to the last digit.")


def test_one_unequal_run_is_not_the_same():
    """Then the difference is judged by its interval."""
    found = result(a_control([0.9, 0.8], [0.9, 0.801], first=0))

    assert (found.verdict, found.low is None) == ("reproduced", False)


def test_the_interval_is_that_of_two_means():
    """Student's t with the spread within configurations of both studies, pooled (SciPy's pooled t-test)."""
    before, here = [0.60, 0.63, 0.61], [0.55, 0.58]
    alone = result(a_control(before, here), a_row("x", a_run(0)))
    wanted = stats.ttest_ind(before, here).confidence_interval()

    assert (alone.low, alone.high) == pytest.approx((wanted.low, wanted.high))
    assert result(a_control(before, here)).low > alone.low  # the configurations of this study know more of the spread


def test_t601_when_a_control_does_not_reproduce():
    """With the scores of both sides; a control that does as well is no finding, and is among the results."""
    fell, stood = a_control([0.90, 0.92, 0.91], [0.70, 0.72, 0.71]), a_control([0.50, 0.52], [0.51, 0.50])
    table = a_table(*SOUND, controls=(fell, stood))
    (found,) = findings(table)

    assert [each.verdict for each in controls(table)] == ["not reproduced", "reproduced"]
    assert found.code == "T601"
    assert found.sentence.startswith(
        "rank=4 of scaling did not reproduce: ais.msa on val was 0.910 there and is 0.710 here on other "
        "replicates (n = 3 and 3); "
        "the difference is 0.200, with a 95 % interval from 0.1"
    )
    assert found.evidence == (
        "there: seed=10: 0.900, seed=11: 0.920, seed=12: 0.910",
        "here: seed=0: 0.700, seed=1: 0.720, seed=2: 0.710",
    )


@pytest.mark.parametrize(
    ("control", "why"),
    [
        (a_control([0.9], [0.7]), "too little is known of the spread between replicates"),
        (a_control([0.9, 0.91], [0.1]), "too little is known of the spread between replicates"),
        (a_control([0.9], []), "no run of it has a value of ais.msa on val here"),
        (a_control([], [0.7]), "no run of it has a value of ais.msa on val there"),
    ],
)
def test_too_little_to_judge_is_said(control, why):
    """A control that cannot be judged is no finding, and does not pass silently."""
    rows = (a_row("a", a_run(0, val=0.5)), a_row("b", a_run(0, val=0.3)))
    found = result(control, *rows)

    assert found.verdict == "cannot be judged"
    assert why in found.sentence
    assert "T601" not in codes(a_table(*rows, controls=(control,)))


def test_cases_are_compared_with_their_own():
    """The difference is that of the cases which both studies have; without one there is nothing to judge."""
    one, two = Case({"data.root": "one"}), Case({"data.root": "two"})
    shared = a_control([0.5, 0.52], [0.5, 0.51], case=one)
    wider = replace(shared, here=[*shared.here, a_row("c", a_run(0, val=0.1, role="control"), case=two)])
    apart = replace(shared, here=wider.here[1:])

    assert result(wider).here == result(shared).here == pytest.approx(0.505)
    assert result(apart).sentence == "rank=4 of scaling cannot be judged: no case is common to both studies."


def test_t602_when_equal_runs_end_otherwise():
    """Runs that were executed again, with the largest difference; equal ones are no finding."""
    again = a_run(0, val=0.45, role="noise", repeat=1)
    (found,) = findings(a_table(a_row("a", *SOUND[0].runs, again), SOUND[1]))

    assert found.code == "T602"
    assert found.sentence == "1 of 1 equal run that was executed again ends otherwise, by up to 0.050."
    assert found.evidence[1] == "spread of ais.msa on val between replicates (sd): 0.010"
    assert codes(a_table(a_row("a", *SOUND[0].runs, replace(again, scores=SOUND[0].runs[0].scores)), SOUND[1])) == []


def on(row, **provenance):
    return replace(row, runs=tuple(replace(run, provenance=provenance) for run in row.runs))


def test_t603_when_compared_runs_differ_in_their_device():
    """Device, number format and torch count, with how many runs; two GPUs of one model do not, nor does the host."""
    mixed = a_table(on(SOUND[0], device="cpu", torch="2.5"), on(SOUND[1], device="cuda:0", torch="2.5"))
    (found,) = findings(mixed)
    gpus = [on(row, device=f"cuda:{at}", host=f"host-{at}", **{"device name": "A100"}) for at, row in enumerate(SOUND)]
    models = [
        on(row, device="cuda:0", **{"device name": name}) for row, name in zip(SOUND, ("A100", "T4"), strict=True)
    ]

    assert (found.code, found.sentence) == ("T603", "The compared runs differ in device.")
    assert found.evidence == ("device: cpu in 3 runs, cuda in 3 runs",)
    assert findings(a_table(*models))[0].evidence == ("device: A100 in 3 runs, T4 in 3 runs",)
    assert codes(a_table(*gpus)) == codes(a_table(on(SOUND[0], device="cpu"), SOUND[1])) == []
