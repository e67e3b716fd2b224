"""What a study declares to run, counted and named."""

import pytest

from tunebook.errors import StudyError
from tunebook.records import Excluded
from tunebook.spec.plan import plan

POWERS = [1, 2, 4, 8, 16, 32, 64]
RATIO = "0.25 <= adapter.alpha / adapter.rank <= 8"
METHODS = {
    "one_of": {
        "lora": {"adapter.method": "lora", "adapter.rank": [4, 16], "optimizer.lr": [1e-3, 3e-3]},
        "full": {"adapter.method": "full", "optimizer.lr": [1e-4, 3e-4]},
        "frozen": {"adapter.method": "frozen"},
    }
}


def test_the_grid_of_livecell_lora(study_of, workload):
    """49 declared, 33 distinct: the ratio of scale and rank leaves 16 out."""
    made = plan(study_of(space={"alpha": POWERS, "rank": POWERS}, where=[RATIO]), workload)

    assert (made.counts.declared, made.counts.excluded, made.counts.distinct) == (49, {RATIO: 16}, 33)
    assert (made.counts.applied, made.counts.equivalent, made.counts.runs) == ({RATIO: 49}, 0, 33)
    assert made.parameters == ("adapter.alpha", "adapter.rank")
    assert made.configurations[0].label == "alpha=1 rank=1"
    assert made.excluded[0] == Excluded({"adapter.alpha": 1.0, "adapter.rank": 8}, "", RATIO)


def test_alternatives_name_their_rows(study_of, workload):
    """A row is named by its alternative and what varies inside; one without parameters by the alternative alone."""
    made = plan(study_of(space=METHODS), workload)

    assert [row.label for row in made.configurations] == [
        "lora rank=4 lr=0.001", "lora rank=4 lr=0.003", "lora rank=16 lr=0.001", "lora rank=16 lr=0.003",
        "full lr=0.0001", "full lr=0.0003", "frozen",
    ]  # fmt: skip
    assert dict(made.configurations[-1].parameters) == {"adapter.method": "frozen"}
    assert made.configurations[0].alternative == "lora"


def test_a_constraint_applies_where_its_parameters_exist(study_of, workload):
    """`where` skips alternatives that have no rank, and the counts say where it applied."""
    made = plan(study_of(space=METHODS, where=["rank < 16"]), workload)

    assert (made.counts.applied["rank < 16"], made.counts.excluded["rank < 16"]) == (4, 2)
    assert (made.counts.declared, made.counts.distinct) == (7, 5)


def test_points_that_differ_only_where_nothing_can_matter_are_one(study_of, workload):
    """A full grid over methods and ranks runs the methods without rank once."""
    made = plan(study_of(space={"method": ["lora", "full"], "rank": [1, 2, 4]}), workload)
    full = made.configurations[-1]

    assert (made.counts.declared, made.counts.equivalent, made.counts.distinct) == (6, 2, 4)
    assert (full.label, dict(full.parameters)) == ("method=full", {"adapter.method": "full"})
    assert [point["adapter.rank"] for point in made.equivalents[full.configuration.id]] == [1, 2, 4]


def test_fields_that_an_alternative_does_not_have_are_named(study_of, workload):
    """What base sets and an alternative's method does not have is said, not silently dropped."""
    base = {"data": {"root": "cells"}, "adapter": {"targets": ["q"]}, "budget": {"steps": 5}}
    made = plan(study_of(base=base, space=METHODS), workload)

    assert made.dropped == {"full": ("adapter.targets",), "frozen": ("adapter.targets", "budget.steps")}


def test_runs_go_replicate_by_replicate(study_of, workload):
    """All configurations and cases at the first seed, then at the second; what no seed changes runs once."""
    study = study_of(space={"method": ["lora", "frozen"]}, replicates={"seed": 2}, across=[{"data.root": ["a", "b"]}])
    made = plan(study, workload)
    order = [(cell.planned.label, cell.case.label, dict(cell.replicate)) for cell in made.runs]

    assert order == [
        ("method=lora", "a", {"seed": 0}), ("method=lora", "b", {"seed": 0}),
        ("method=frozen", "a", {}), ("method=frozen", "b", {}),
        ("method=lora", "a", {"seed": 1}), ("method=lora", "b", {"seed": 1}),
    ]  # fmt: skip
    assert made.counts.runs == 6
    assert [cell.configuration.get("data.root") for cell in made.runs][:2] == ["a", "b"]


def test_data_may_come_from_the_cases_alone(study_of, workload):
    """A field that every case gives need not stand in base."""
    made = plan(study_of(base={"crop": 32}, across=[{"data.root": ["a", "b"]}]), workload)

    assert [cell.configuration.get("data.root") for cell in made.runs] == ["a", "b"]


def test_base_may_start_from_a_decision(study_of, workload):
    """`from` takes the decided configuration, with overrides below it."""
    study = study_of(base={"from": "first", "crop": 16}, space={"alpha": [1]})
    decided = {"data": {"root": "x"}, "adapter": {"rank": 32}, "crop": 128}
    made = plan(study, workload, references={"first": decided})
    found = made.configurations[0].configuration

    assert [found.get(path) for path in ("data.root", "adapter.rank", "crop", "adapter.alpha")] == ["x", 32, 16, 1]
    assert study.decisions == study.references == ("first",)


def test_an_alternative_may_be_a_decision(study_of, workload):
    """`{from: STUDY}` is that study's configuration on this study's data; what of base it replaces is named."""
    base = {"data": {"root": "cells"}, "optimizer": {"lr": 0.5}}
    study = study_of(base=base, space={"one_of": {"best": {"from": "first"}, "full": {"method": "full"}}})
    decided = {"data": {"root": "x"}, "adapter": {"rank": 32}, "optimizer": {"lr": 0.1}}
    made = plan(study, workload, references={"first": decided})
    found = made.configurations[0].configuration

    assert [row.label for row in made.configurations] == ["best", "full"]
    assert [found.get(path) for path in ("data.root", "adapter.rank", "optimizer.lr")] == ["cells", 32, 0.1]
    assert made.overridden == {"best": ("optimizer.lr",)}


@pytest.mark.parametrize(
    ("keys", "sizes"),
    [
        ({"base": {"from": "first", "model": {"size": "vit_b"}}, "space": {"alpha": [1]}}, ["vit_b"]),
        ({"base": {"from": "first"}, "space": {"size": ["tiny", "vit_b"]}}, ["tiny", "vit_b"]),
        ({"base": {"from": "first"}, "space": {"alpha": [1]}, "across": [{"model.size": ["vit_b"]}]}, ["vit_b"]),
        ({"space": {"one_of": {"best": {"from": "first", "size": "vit_b"}}}}, ["vit_b"]),
    ],
)
def test_what_a_decision_leaves_open_is_given(study_of, workload, keys, sizes):
    """By base, space, across or the alternative itself."""
    decided = {"data": {"root": "x"}, "adapter": {"rank": 32}}
    made = plan(study_of(**keys), workload, references={"first": decided}, left_open={"first": ["model.size"]})

    assert [cell.configuration.get("model.size") for cell in made.runs] == sizes


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ({"base": {"from": "first"}, "space": {"alpha": [1, 2]}}, "base, space or across"),
        ({"space": {"one_of": {"best": {"from": "first"}}}}, "base, the alternative or across"),
        (
            {
                "base": {"from": "first"},
                "space": {"alpha": [1]},
                "across": [{"data.root": "a", "model.size": "tiny"}, {"data.root": "b"}],
            },
            "base, space or across",
        ),
    ],
)
def test_what_a_decision_leaves_open_has_no_default(study_of, workload, keys, where):
    """Nobody chose it: the study is refused, once, with the field and the way out."""
    decided = {"data": {"root": "x"}, "adapter": {"rank": 32}}
    with pytest.raises(StudyError) as caught:
        plan(study_of(**keys), workload, references={"first": decided}, left_open={"first": ["model.size"]})

    assert [(problem.message, problem.hint) for problem in caught.value.problems] == [
        (
            "model.size must be given; got none, and first was decided over several values of it",
            f"name what it is here under {where}",
        )
    ]


def test_what_cannot_matter_may_stay_open(study_of, workload):
    """Training everything needs no rank, and data of its own are not those of the decision."""
    alternatives = {"best": {"from": "first", "method": "full"}}
    study = study_of(base={"data": {"root": "cells"}}, space={"one_of": alternatives})
    left_open = {"first": ["adapter.rank", "data.train"]}
    made = plan(study, workload, references={"first": {"data": {"root": "x"}}}, left_open=left_open)

    assert made.counts.runs == 1


def test_an_alternative_may_bring_its_weights(study_of, workload):
    """A size and the weights that belong to it are one alternative."""
    big = {"size": "vit_b", "weights": "big"}
    made = plan(study_of(space={"one_of": {"small": {"size": "tiny"}, "big": big}}), workload)

    assert [row.configuration.get("model.weights") for row in made.configurations] == ["small", "big"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"space": {"one_of": {"a": {"weights": "x"}, "b": {"weights": "y"}}}},
         "space must not hold points that differ only in a path; got a and b"),
        ({"space": {"rank": [4]}, "where": ["rank < 1"]}, "where must leave a point to run; got none"),
        ({"base": {"from": "first"}}, "must start from a study that is decided; got first, which is not"),
        ({"space": {"budget.epochs": [1, 2]}}, "budget must have steps or epochs; got both"),
        ({"space": {"rank": [1, 2]}, "base": {"data": {"root": "x"}, "method": "full"},
          "across": [{"method": ["full", "lora"]}]}, "across must not decide whether a tuned parameter matters"),
        ({"across": [{"epochs": [1, 2]}]}, "budget must have steps or epochs; got both (at rank=4"),
        ({"where": ["crop / (rank - 4) < 1"]}, "it divides by zero at rank=4"),
        ({"space": {"rank": {"low": 1, "high": 999, "step": 1}, "alpha": {"low": 1, "high": 999, "step": 1}}},
         "space must declare at most 100000 points under grid; got 998001"),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_is_one_message(study_of, workload, keys, message):
    """A plan that has no meaning says why, naming the point."""
    with pytest.raises(StudyError) as caught:
        plan(study_of(**keys), workload)

    assert len(caught.value.problems) == 1
    assert message in str(caught.value)


def test_names_are_as_short_as_they_are_clear(study_of, workload):
    """Two parameters with one last part are named in full."""
    made = plan(study_of(space={"optimizer.lr": [1, 2], "decoder.lr": [1, 2], "rank": [1, 2]}), workload)

    assert made.configurations[0].label == "optimizer.lr=1 decoder.lr=1 rank=1"
