"""A comparison of two studies in words and tables."""

from dataclasses import replace

from study_tables import AIS, BOX, a_row, a_run, a_table, failed

from tunebook.analyse import comparison, decide
from tunebook.records import Table
from tunebook.report.comparing import markdown, parts


def study(name: str, *scores: float, seeds: int = 3, **facts: object) -> Table:
    """One configuration for each score; its seeds differ."""
    rows = [
        a_row(
            f"rank={rank}", *(a_run(seed, val=score + seed / 100) for seed in range(seeds)), parameters={"rank": rank}
        )
        for rank, score in enumerate(scores)
    ]
    table = a_table(*rows, study=name, **facts)
    return replace(table, decision=decide(table))


def said(one: Table, two: Table) -> dict[str, str]:
    """Heading -> all that stands under it, cell by cell."""
    return {
        part.heading: "\n".join([*part.lines, *(" | ".join(row) for row in (part.heads, *part.rows))])
        for part in parts(comparison(one, two))
    }


def test_every_part_says_what_it_found():
    """What is shared, scores with n and interval, choices with their place elsewhere, and each configuration."""
    found = said(study("old", 0.1, 0.2, 0.3), study("new", 0.4, 0.3, 0.2, 0.1))

    assert list(found) == ["What both hold", "Scores", "Decision and best configuration", "ais.msa on val"]
    assert "3 configurations in both; 1 in new alone (rank=3)." in found["What both hold"]
    assert "3 replicates in both." in found["What both hold"]
    assert "Change: new minus old" in found["Scores"]
    assert (
        "ais.msa on val | 3 | not known | 0.210 ± 0.010 (n = 3) | 0.310 ± 0.010 (n = 3) | "
        "0.100 (0.100 to 0.100, n = 3) | -1.00 (n = 3)" in found["Scores"]
    )
    assert "Decided: another in each." in found["Decision and best configuration"]
    assert (
        "old: rank=2, ais.msa on val 0.310 ± 0.010 (n = 3); in new it is number 3 of 4."
        in found["Decision and best configuration"]
    )
    assert "rank=0 | 0.110 ± 0.010 (n = 3) | 0.410 ± 0.010 (n = 3) | 0.300" in found["ais.msa on val"]


def test_what_cannot_be_said_is_not():
    """One seed has no interval, few configurations no correlation, another study's choice may not be there."""
    found = said(study("old", 0.1, seeds=1), replace(study("new", 0.2, seeds=1), decision=None))
    apart = said(study("old", 0.1), replace(study("new", 0.2), rows=()))

    assert "0.100 (n = 1: no interval) | too few" in found["Scores"]
    assert "new: none." in found["Decision and best configuration"]
    assert "new does not hold it" in apart["Decision and best configuration"]
    assert "Scores" not in apart


def test_limits_of_a_score_are_named():
    """Who is left out and why, and over which items a score is."""

    def run(seed: int, *items: float):
        named = dict(zip("xyzw", items, strict=False))
        scores = {(AIS, "val"): sum(items) / len(items), (BOX, "test"): 0.5}
        return a_run(seed, scores=scores, items={(AIS, "val"): named, (BOX, "test"): named})

    one = a_table(a_row("a", run(0, 0.2, 0.4), run(1, 0.2, 0.4)), a_row("b", a_run(0), failed(1)), report=(AIS, BOX))
    two = a_table(a_row("a", run(0, 0.2, 0.4, 0.6), run(1, 0.2, 0.4, 0.6)), a_row("b", a_run(0), a_run(1)))
    found = said(one, replace(two, report=(AIS, BOX)))["Scores"]

    assert "ais.msa on val leaves out 1 configuration: b (1 of 2 seeds: 1 diverged)." in found
    assert "ais.msa on val is over the 2 items of both; 0 and 1 more are in one study alone." in found
    assert "box.msa on test is no mean of items: each study's score is over all of its own items" in found


def test_what_changed_between_two_plans_is_shown():
    """Provenance, and lines of the file; all of it is Markdown that shows it as it is."""
    one = study("old", 0.1, provenance={"study file": "a: 1\nb: <i>", "evaluator": "1"})
    two = study("old", 0.1, provenance={"study file": "a: 1\nb: 2", "evaluator": "2"})
    text = markdown(comparison(one, two))

    assert "| evaluator | 1 | 2 |" in text
    assert r"- \-b: &lt;i&gt;" in text
    assert text.startswith("# old and old\n\n## What both hold\n\n- 1 configuration in both.")
