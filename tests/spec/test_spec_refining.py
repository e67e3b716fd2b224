"""The space that `refine` stands for."""

from collections.abc import Mapping
from typing import Any

import pytest

from tunebook.errors import StudyError
from tunebook.spec.canonical import configuration
from tunebook.spec.plan import plan
from tunebook.spec.refining import refined
from tunebook.spec.study import Study
from tunebook.spec.workload import Workload

DATA = {"data": {"root": "cells"}}
TRIED = {
    "adapter.rank": [1, 2, 4, 8],
    "adapter.alpha": [1, 4, 16],
    "optimizer.lr": [1e-4, 1e-3],
    "optimizer.name": ["adam", "sgd"],
    "adapter.dropout": [None, 0.1],
}


def a_study(refine: Any = "wide", **keys: Any) -> Study:
    return Study(**{"study": "fine", "task": "toy", "base": DATA, "refine": refine, **keys})


def decided(workload: Workload, **values: Any) -> Mapping[str, Any]:
    """A whole configuration, as a decision holds it."""
    base = {"rank": 4, "adapter.alpha": 16, "optimizer.lr": 1e-3, "optimizer.name": "sgd", **DATA, **values}
    return configuration(workload, base).values


def choices(study: Study) -> dict[str, tuple[object, ...]]:
    return {parameter.name: parameter.choices for parameter in study.space.parameters()}


def test_every_number_that_was_varied_is_refined(workload):
    """Towards both neighbours, and further out where the decided value was the last; words and nulls stay."""
    found = refined(a_study(), workload, decided=decided(workload), tried=TRIED)

    assert choices(found) == {
        "adapter.rank": (3, 4, 6),
        "adapter.alpha": (8.0, 16.0, 64.0),
        "optimizer.lr": (3.16e-4, 1e-3, 1e-2),
    }
    assert (found.refine, found.base["from"]) == (None, "wide")


def test_a_refined_study_is_planned_on_the_decision(workload):
    """Its points are the decided configuration with one value or more changed; base stands over the decision."""
    study = a_study({"study": "wide", "only": ["rank"]}, base={**DATA, "decoder": {"lr": 0.5}})
    values = decided(workload)
    found = plan(refined(study, workload, decided=values, tried=TRIED), workload, references={"wide": values})

    assert [planned.configuration.get("adapter.rank") for planned in found.configurations] == [3, 4, 6]
    assert {planned.configuration.get("optimizer.name") for planned in found.configurations} == {"sgd"}
    assert {planned.configuration.get("decoder.lr") for planned in found.configurations} == {0.5}


def test_points_and_only_say_how_fine_and_what(workload):
    """`points` values towards each side of what `only` names, by its last part too."""
    study = a_study({"study": "wide", "points": 2, "only": ["alpha"]})
    found = refined(study, workload, decided=decided(workload, **{"adapter.alpha": 4}), tried=TRIED)

    assert choices(found) == {"adapter.alpha": (1.59, 2.52, 4.0, 6.35, 10.1)}


def test_values_stay_inside_the_bounds_of_their_field(workload):
    """A rank is a whole number from 1 on; dropout is below 1."""
    values = decided(workload, rank=1, dropout=0.9)
    tried = {"adapter.rank": [1, 2, 4], "adapter.dropout": [0.7, 0.9]}
    found = refined(a_study({"study": "wide", "points": 3}), workload, decided=values, tried=tried)

    assert choices(found) == {"adapter.dropout": (0.75, 0.8, 0.85, 0.9)}


def test_a_value_that_the_task_refuses_as_a_whole_is_left_out(workload):
    """Fields that only together are wrong count too: here epochs beside steps."""
    values = decided(workload)
    tried = {"optimizer.lr": [1e-4, 1e-3], "budget.epochs": [1, 2]}
    both = {**values, "budget": {"steps": 100, "epochs": None}}

    assert list(choices(refined(a_study(), workload, decided=both, tried=tried))) == ["optimizer.lr"]


def test_what_cannot_matter_or_is_given_is_not_refined(workload):
    """A rank without LoRA has no effect; what base or across gives is theirs."""
    full = decided(workload, **{"adapter.method": "full"})
    own = a_study(base={**DATA, "optimizer": {"lr": 0.1}}, across=[{"rank": [2, 4]}])

    assert choices(refined(a_study(), workload, decided=full, tried=TRIED)) == {"optimizer.lr": (3.16e-4, 1e-3, 1e-2)}
    assert list(choices(refined(own, workload, decided=decided(workload), tried=TRIED))) == ["adapter.alpha"]


@pytest.mark.parametrize(
    ("study", "message"),
    [
        (a_study({"study": "wide", "only": ["crop"]}), "refine.only[0] must be a parameter that the study varied"),
        (a_study({"study": "wide", "only": ["optimizer.name"]}), "must be decided as one of several numbers; got "),
        (a_study({"study": "wide", "only": ["dropout"]}), "got adapter.dropout null"),
        (
            a_study({"study": "wide", "only": ["rank"]}, base={**DATA, "rank": 2}),
            "must be left to refine; got adapter.rank",
        ),
        (a_study(base={**DATA, "from": "other"}), "base.from must start from wide, whose decision is refined"),
    ],
)
def test_what_cannot_be_refined_is_refused(workload, study, message):
    """With the place in the study file, what it must be and what it is."""
    with pytest.raises(StudyError) as refused:
        refined(study, workload, decided=decided(workload), tried=TRIED)

    assert message in str(refused.value)
    assert [problem.place for problem in refused.value.problems] == ["study fine"]


def test_nothing_to_refine_is_refused(workload):
    """Where only words were varied, or every whole number was tried, the way out is named."""
    values = decided(workload, rank=2)
    for tried in ({}, {"optimizer.name": ["adam", "sgd"]}, {"adapter.rank": [1, 2, 3]}):
        with pytest.raises(StudyError, match="must find a value that wide did not try") as refused:
            refined(a_study(), workload, decided=values, tried=tried)

        assert "base: {from: wide}" in refused.value.problems[0].hint


def test_a_decision_that_leaves_its_data_open_is_refined(workload):
    """The study's own base or cases give them; without them planning names what is missing."""
    values = {key: value for key, value in decided(workload).items() if key != "data"}
    crossed = a_study(base={}, across=[{"data.root": ["a", "b"]}])
    found = refined(crossed, workload, decided=values, tried=TRIED)
    nowhere = refined(a_study(base={}), workload, decided=values, tried=TRIED)

    assert choices(found) == choices(nowhere) == choices(refined(a_study(), workload, decided=values, tried=TRIED))
    with pytest.raises(StudyError, match="data must be given"):
        plan(nowhere, workload, references={"wide": values}, left_open={"wide": ["data.root"]})
