"""What a candidate must meet, what it costs, and what is simpler."""

from dataclasses import replace

import pytest
from judged import and_confirmed, row, runs
from study_tables import AIS, a_row, a_run, a_table, failed

from tunebook.analyse import costs_of, judge, ordered, simplicity
from tunebook.records import Case


def rivals():
    """Good but large, small but poor."""
    return (
        row("large", (0.60, 0.62), trainable=2_000_000, memory_gb=9.5, box_msa=(0.93, 0.95)),
        row("small", (0.50, 0.52), trainable=4_608, memory_gb=1.25, box_msa=(0.85, 0.85)),
    )


def judged(*require, rows=None, **facts):
    """The judgement of two rivals under requirements."""
    return judge(a_table(*(rows or rivals()), require=require, **facts))


@pytest.mark.parametrize(
    ("require", "chosen"),
    [
        ("box.msa >= 0.9", "large"),
        ("box.msa <= 0.9", "small"),
        ("trainable_parameters <= 1e6", "small"),
        ("peak_memory_gb <= 8", "small"),
        ("1 <= peak_memory_gb < 9.5", "small"),
        ("ais.msa - box.msa > -0.34 or trainable_parameters > 5000", "large"),
    ],
)
def test_a_requirement_is_a_comparison_of_metrics_and_costs(require, chosen):
    """Means on the selection split, and costs; arithmetic and logic as in constraints."""
    assert judged(require).decision.configuration == chosen


def test_who_fails_is_named_with_the_number():
    """It is no candidate of the rule, and comes last among those that are shown."""
    found = judged("trainable_parameters <= 1e6", "peak_memory_gb <= 8")

    assert list(found.decision.candidates) == ["small"]
    assert [(each.entry.label, each.unmet) for each in found.candidates] == [
        ("small", ()),
        (
            "large",
            (
                "trainable_parameters <= 1e6 (trainable_parameters is 2,000,000)",
                "peak_memory_gb <= 8 (peak_memory_gb is 9.50 GB)",
            ),
        ),
    ]
    assert found.caveats[-1] == (
        "1 configuration was not chosen among, for what is required is not met: large: trainable_parameters <= 1e6 "
        "(trainable_parameters is 2,000,000), peak_memory_gb <= 8 (peak_memory_gb is 9.50 GB)."
    )


def test_what_nobody_meets_decides_nothing():
    """The reason names what is required and by how much each misses it."""
    found = judged("box.msa > 0.95")

    assert found.decision is None
    assert found.reason == (
        "no configuration meets box.msa > 0.95: large: box.msa > 0.95 (box.msa is 0.940), "
        "small: box.msa > 0.95 (box.msa is 0.850)"
    )
    assert len(found.candidates) == 2


def test_a_missing_value_is_no_pass():
    """A configuration without the number cannot show that it meets what is required."""
    bare = row("bare", (0.9, 0.9))
    half = a_row("half", *runs((0.8,), box_msa=(0.99,)), a_run(1, val=0.8))
    found = judged("box.msa > 0.9", "seconds < 60", rows=(*rivals(), bare, half))

    assert found.decision is None
    assert {each.entry.label: each.unmet[0] for each in found.candidates if each.entry.label in {"bare", "half"}} == {
        "bare": "box.msa > 0.9 (no value of box.msa: not scored)",
        "half": "box.msa > 0.9 (no value of box.msa: 1 of 2 seeds: 1 not scored)",
    }
    assert all(each.unmet[-1] == "seconds < 60 (no value of seconds)" for each in found.candidates)


def test_a_requirement_without_a_value_is_not_met():
    """A division by zero shows nothing."""
    (candidate,) = judged("1 / (ais.msa - 0.5) > 0", rows=[row("a", (0.5, 0.5))]).candidates

    assert candidate.unmet == ("1 / (ais.msa - 0.5) > 0 (it divides by zero)",)


def test_a_requirement_is_read_where_the_rule_reads():
    """On the means over cases, and on fresh seeds once finalists were run on them."""
    over_cases = [
        row("a", (0.5, 0.5), box_msa=(value, value), case=Case({"data.root": root}))
        for root, value in (("nuclei", 0.7), ("cells", 0.9))
    ]
    rows = [and_confirmed(each, (0.5, 0.5), box_msa=(0.8, 0.8)) for each in rivals()]
    fresh = judged("box.msa >= 0.84", rows=rows, confirm=(2, 2))

    assert judged("box.msa >= 0.8", rows=over_cases).decision is not None
    assert judged("box.msa > 0.81", rows=over_cases).decision is None
    assert fresh.reason.startswith("no configuration meets box.msa >= 0.84: ")
    assert "large: box.msa >= 0.84 (box.msa is 0.800)" in fresh.reason


def test_costs_are_of_the_runs_that_finished():
    """Parameters and memory: the most; seconds: the mean; what was not measured is not there."""
    finished = [*runs((0.5, 0.5), trainable=10, seconds=4, memory_gb=1), *runs((0.5,), first=2, seconds=7, memory_gb=2)]
    lost = replace(failed(3), costs=finished[2].costs)
    table = a_table(a_row("a", *finished, lost), a_row("b", *runs((0.5,))))
    found = {entry.label: costs_of(entry) for entry in ordered(table)}

    assert found["a"] == {"trainable_parameters": 10, "seconds": 5, "cpu_seconds": 5, "peak_memory_gb": 2}
    assert found["b"] == {}


def test_simplicity_is_what_the_study_prefers():
    """Costs and parameters in order; true is 1; text and what is not there are no numbers."""
    table = a_table(
        a_row("a", *runs((0.5,), trainable=3), parameters={"rank": 4, "bias": True, "name": "x"}),
        prefer=(("rank", "low"), ("bias", "low"), ("name", "low"), ("alpha", "high"), ("seconds", "low")),
    )
    (entry,) = ordered(table)

    assert simplicity(entry, table) == (4.0, 1.0, None, None, None)
    assert simplicity(entry, replace(table, prefer=())) == (3.0,)


def test_the_metric_of_the_decision_may_be_required_too():
    """Of those that reach it, the rule takes its own."""
    rows = [row("a", (0.60, 0.62), trainable=9), row("b", (0.50, 0.52), trainable=1)]

    assert judged(f"{AIS} > 0.55", rows=rows, rule="most-stable").decision.configuration == "a"
