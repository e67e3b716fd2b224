"""Winners at the edge of what was tried, and the study that would look beyond."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from study_tables import AIS, a_row, a_run, a_table
from toy_study import make_book

from tunebook import task as tasks
from tunebook.analyse import decide, edges
from tunebook.analyse.further import study_file
from tunebook.records import Case, Table
from tunebook.spec.reading import load


def points(scores: Mapping[tuple[float, ...], float], *names: str, alternative: str = "", **facts: object) -> Table:
    """A study of one row for each point."""
    rows = [
        a_row(
            f"{alternative} {point}", a_run(0, val=score), a_run(1, val=score),
            parameters=dict(zip(names, point, strict=True)), alternative=alternative,
        )
        for point, score in scores.items()
    ]  # fmt: skip
    return a_table(*rows, **facts)


def decided(table: Table) -> Table:
    return replace(table, decision=decide(table))


def test_what_was_tried_where_a_parameter_has_no_effect_counts():
    """Without cross-entropy (w 0) its weight p does nothing, so that point was tried for every p: w 0.5 is no edge."""
    rows = [a_row("w=0", a_run(0, val=0.4), a_run(1, val=0.4), parameters={"w": 0.0})]
    rows += [
        a_row(f"{w} {p}", a_run(0, val=score), a_run(1, val=score), parameters={"w": w, "p": p})
        for (w, p), score in {(0.5, 1): 0.3, (0.5, 9): 0.6, (1.0, 1): 0.2, (1.0, 9): 0.3}.items()
    ]
    names = {rows[0].configuration: ({"w": 0.0, "p": 1}, {"w": 0.0, "p": 9})}
    folded = a_table(*rows, parameters=("w", "p"), equivalents=names)

    assert [edge.parameter for edge in edges(decided(folded))] == ["p"]
    assert [edge.parameter for edge in edges(decided(replace(folded, equivalents={})))] == ["w", "p"]


def test_the_decided_configuration_is_what_lies_at_an_edge():
    """Not the one with the best mean, where the decision is another: whoever goes on starts from the decision."""
    table = points({(0.1,): 0.2, (0.2,): 0.3, (0.3,): 0.5}, "lr")
    other = replace(decide(table), configuration="-(0.1,)", values={"lr": 0.1})

    assert [(edge.value, edge.beyond) for edge in edges(table)] == [(0.3, 0.4)]
    assert [(edge.value, edge.beyond) for edge in edges(replace(table, decision=other))] == [(0.1, 0.0)]


def test_whole_numbers_have_no_edge_at_one():
    """At equal ratios nothing whole lies between 1 and 0; the decision's own values tell what is whole."""
    table = points({(1,): 0.5, (2,): 0.4, (4,): 0.3}, "rank")
    real = replace(decide(table), values={"rank": 1.0})

    assert list(edges(decided(table))) == []
    assert [edge.beyond for edge in edges(replace(table, decision=real))] == [0.5]


def test_only_the_decided_alternative_gets_a_study_file():
    """The others have their edges; a table without a decision has no study to start from."""
    lora = points({(1,): 0.2, (2,): 0.4}, "rank", alternative="lora")
    full = points({(0.1,): 0.2, (0.2,): 0.3}, "lr", alternative="full")
    both = replace(lora, rows=(*lora.rows, *full.rows), parameters=("rank", "lr"))

    assert [edge.further != "" for edge in edges(decided(both))] == [True, False]
    assert [edge.further for edge in edges(both)] == ["", ""]


def test_the_study_file_holds_what_the_table_knows():
    """Decided values and two beyond for each edge; cases, seeds, selection and report as they were."""
    case = Case({"data.root": "cells: one", "model.weights": "hf:org/name"})
    table = points(
        {(1e-5, 8): 0.9, (1e-4, 8): 0.8, (1e-5, 4): 0.7}, "optimizer.lr", "adapter.rank",
        argument=0.5, rule="lower-bound", prefer=(("adapter.rank", "high"), ("seconds", "low"), ("crop", "low")),
        require=("box.msa >= 0.5",), confirm=(3, 2),
    )  # fmt: skip
    table = replace(table, rows=tuple(replace(row, case=case) for row in table.rows))
    text = study_file(table, {"optimizer.lr": (1e-7, 1e-6, 1e-5), "adapter.rank": (8, 16, 32)})

    assert text.splitlines()[1:] == [
        "study: cells-further",
        'question: "Is there a better configuration than that of cells at optimizer.lr 1e-07 to 1e-05, adapter.rank '
        '8 to 32?"',
        "task: promptable-segmentation",
        "base: {from: cells}",
        "space:",
        "  optimizer.lr: [1e-07, 1e-06, 1e-05]",
        "  adapter.rank: [8, 16, 32]",
        "across:",
        '  - {data.root: "cells: one", model.weights: hf:org/name}',
        "replicates: {seed: 2}",
        "confirm: {top: 3, seeds: 2}",
        "select: {metric: ais.msa, split: val, rule: {lower-bound: 0.5}, prefer: [{adapter.rank: high}, seconds], "
        'require: ["box.msa >= 0.5"]}',
        "report: {metrics: [ais.msa], splits: [test]}",
    ]


def test_seeds_that_are_no_count_are_listed():
    """Seeds 3 and 7 are no `{seed: 2}`; a study that confirms nothing says so."""
    table = a_table(a_row("a", a_run(3), a_run(7), parameters={"lr": 1}), select_metric=AIS)
    text = study_file(table, {"lr": (1, 2)})

    assert "replicates: {seed: [3, 7]}" in text
    assert "confirm: null" in text


@pytest.mark.usefixtures("toy_task")
def test_the_study_file_is_read_as_it_is_meant(tmp_path: Path):
    """With its name, its place and every key that the table gives."""
    table = points({(0.25,): 0.5, (0.5,): 0.9}, "lr", study="rates", task="toy", select_metric="toy.score")
    table = replace(table, metrics={"toy.score": table.metrics[AIS]}, report=("toy.score",))
    file = make_book(tmp_path) / "rates-further.study.yaml"
    file.write_text(study_file(table, {"lr": (0.5, 1.0, 2.0)}))
    study = load(file, tasks.find)

    assert (study.study, study.task, study.decisions) == ("rates-further", "toy", ("rates",))
    assert [(each.name, each.choices) for each in study.space.parameters()] == [("lr", (0.5, 1.0, 2.0))]
    assert (study.select.metric, study.report.splits, len(study.replicates)) == ("toy.score", ("test",), 2)
