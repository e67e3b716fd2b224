"""Numbers of the ledger in a person's words."""

from dataclasses import replace

import pytest
from study_tables import AIS, BOX, a_row, a_run, a_table

from tunebook.analyse import decide
from tunebook.records import Case, Table
from tunebook.report.quoting import Quoted, Unresolved, numbers_among, numbers_of, quoted, unresolved


def a_study(**facts: object) -> Table:
    """Two configurations with two seeds; the first is decided."""
    table = a_table(
        a_row("alpha=4 rank=8", a_run(0, val=0.6, test=0.5), a_run(1, val=0.62, test=0.52), parameters=point(4, 8)),
        a_row("alpha=8 rank=8", a_run(0, val=0.5, test=0.4), a_run(1, val=0.5, test=0.44), parameters=point(8, 8)),
        **facts,
    )
    return replace(table, decision=decide(table))


def point(alpha: int, rank: int) -> dict[str, object]:
    return {"adapter.alpha": alpha, "adapter.rank": rank}


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (AIS, "0.610 ± 0.014 (n = 2)"),
        (f"{AIS}.mean", "0.610"),
        (f"{AIS}.sd on test", "0.014"),
        (f"{AIS}.n", "2"),
        (f"{AIS} on test", "0.510 ± 0.014 (n = 2)"),
        (f"{AIS} alpha=8 rank=8", "0.500 ± 0.000 (n = 2)"),
        (f"{AIS} on test alpha=8", "0.420 ± 0.028 (n = 2)"),
        ("score", "0.610 ± 0.014 (n = 2)"),
        ("n", "2"),
        ("rule", "best-mean"),
        ("decision", "alpha=4 rank=8"),
        ("configurations", "2"),
        ("runs", "4"),
    ],
)
def test_a_place_takes_its_number_from_the_table(asked: str, text: str):
    """As the page itself would write it."""
    assert numbers_of(a_study())(asked) == text


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("", "must begin with a metric (ais.msa, box.msa and loss) or one of decision, score, rule, n"),
        ("f1 on test", "must begin with a metric"),
        (f"{AIS}.max", "must begin with a metric"),
        (f"{AIS} on ood", "must be on a split that has scores (test and val); got ood"),
        (f"{AIS} alpha=5", "must name a configuration; got alpha=5; name one of alpha=4 rank=8 (alpha=4-rank=8)"),
        (f"{AIS} rank=8", "must name one configuration; got rank=8, which may be 2"),
        (f"{AIS} in mars", "must be in one case (the study has one without a name); mars is none"),
        (BOX, "there is no value: not scored"),
        ("score alpha=8", "score stands alone; got alpha=8 behind it"),
        ("trainable_parameters", "no run tells how many parameters are trained"),
        ("__import__('os')", "must begin with a metric"),
    ],
)
def test_what_the_ledger_does_not_have_is_said(asked: str, reason: str):
    """With what there is."""
    with pytest.raises(Unresolved) as found:
        numbers_of(a_study())(asked)

    assert reason in str(found.value)


def test_a_study_without_a_decision_has_no_score():
    """A metric then needs its configuration."""
    source = numbers_of(replace(a_study(), decision=None))

    assert source(f"{AIS} alpha=4") == "0.610 ± 0.014 (n = 2)"
    for asked in ("score", "decision", "n", AIS):
        with pytest.raises(Unresolved, match="nothing is decided"):
            source(asked)


def test_one_run_has_no_standard_deviation():
    """And none is made up."""
    table = a_table(a_row("a", a_run(0)))
    source = numbers_of(replace(table, decision=decide(table)))

    assert source(AIS) == "0.500 (n = 1)"
    with pytest.raises(Unresolved, match="there is no standard deviation"):
        source(f"{AIS}.sd")


def test_a_case_is_named_by_its_value():
    """Else it is the mean over the cases."""
    cells, nuclei = Case({"data.root": "cells"}), Case({"data.root": "nuclei"})
    table = a_table(a_row("a", a_run(0, val=0.2), case=cells), a_row("a", a_run(0, val=0.4), case=nuclei))
    source = numbers_of(replace(table, decision=decide(table)))

    assert [source(f"{AIS}.mean{case}") for case in ("", " in cells", " in data.root=nuclei")] == [
        "0.300", "0.200", "0.400",
    ]  # fmt: skip


def test_a_text_is_taken_apart():
    """What was typed stays; a place that has nothing keeps its reason."""
    source = numbers_of(a_study())
    found = list(quoted("it has {{ n }} of 7 {{f2}}.", source))

    assert found[0:3:2] == ["it has ", " of 7 "]
    assert found[1] == Quoted("n", "2")
    assert (found[3].asked, found[3].text) == ("f2", "")
    assert [each.asked for each in unresolved("{{n}} {{f2}} {{", source)] == ["f2"]


def test_a_book_asks_its_studies():
    """By name; with one study its name may be left out."""
    source = numbers_among({"cells": a_study()})

    assert source("cells: n") == "2"
    assert numbers_among({"cells": a_study()}, only="cells")("n") == "2"
    for asked in ("n", "other: n"):
        with pytest.raises(Unresolved, match="must begin with a study of the book"):
            source(asked)
