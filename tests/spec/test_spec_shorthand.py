"""A field that stands for values of others: it fills gaps, and the values are what counts."""

from collections.abc import Mapping, Set
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel, model_validator

from tunebook.errors import StudyError
from tunebook.spec.canonical import configuration
from tunebook.spec.parameters import Fields, parameter
from tunebook.spec.plan import plan
from tunebook.spec.schema import json_schema
from tunebook.spec.study import Study


class RecipeConfig(Fields):
    """A recipe says how fast each method learns."""

    recipe: str = parameter("plain", meaning="Where defaults come from", identity="shorthand")
    method: str = parameter("lora", meaning="What is trained")
    lr: float = parameter(1.0, meaning="Learning rate", gt=0)

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, values: Any) -> Any:
        rates = {"lora": 0.1, "full": 0.01}
        below = {"lr": rates[values.get("method", "lora")]} if values.get("recipe") == "careful" else {}
        return {**below, **values}


class Recipes:
    """Everything matters."""

    name = "recipes"
    version = "1"
    Config: type[BaseModel] = RecipeConfig
    metrics: Mapping[str, Any] = {"score": None}

    def without_effect(self, config: BaseModel) -> Set[str]:
        return set()


WORKLOAD = Recipes()
CAREFUL = {"recipe": "careful"}


def planned(references=None, **keys):
    return plan(Study(**{"task": "recipes", "base": CAREFUL, **keys}), WORKLOAD, references=references)


def rates(made):
    return [cell.configuration.get("lr") for cell in made.runs]


def test_its_name_is_no_part_of_a_configuration():
    """Only what it stands for is."""
    short = configuration(WORKLOAD, CAREFUL)

    assert short.id == configuration(WORKLOAD, {"lr": 0.1}).id
    assert short.id != configuration(WORKLOAD, {}).id
    assert "recipe" not in short.effective


def test_a_value_that_is_named_counts_first():
    """In base and in space."""
    assert rates(planned(base={**CAREFUL, "lr": 3.0}, space={"method": ["lora"]})) == [3.0]
    assert rates(planned(space={"lr": [2.0, 3.0]})) == [2.0, 3.0]


def test_it_sees_the_whole_point():
    """What it fills in may depend on a choice, on an alternative, on a case."""
    methods = {"one_of": {"a": {"method": "lora"}, "b": {"method": "full"}}}

    assert rates(planned(space={"method": ["lora", "full"]})) == [0.1, 0.01]
    assert rates(planned(space=methods)) == [0.1, 0.01]
    assert rates(planned(base={}, space=CAREFUL, across=[{"method": ["lora", "full"]}])) == [0.1, 0.01]


def test_it_may_be_compared():
    """As a parameter and as a case; equal configurations are one."""
    assert rates(planned(base={}, space={"recipe": ["plain", "careful"]})) == [1.0, 0.1]
    assert rates(planned(base={}, space={"method": ["lora"]}, across=[{"recipe": ["plain", "careful"]}])) == [1.0, 0.1]
    assert planned(base={"lr": 2.0}, space={"recipe": ["plain", "careful"]}).counts.equivalent == 1


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ({"base": {"from": "first", **CAREFUL}, "space": {"lr": [1.0]}}, "base.recipe"),
        ({"base": {"from": "first"}, "space": {"recipe": ["plain", "careful"]}}, "space.recipe"),
        (
            {"base": {"from": "first"}, "space": {"lr": [1.0]}, "across": [{"recipe": ["plain", "careful"]}]},
            "across[0].recipe",
        ),
        ({"space": {"one_of": {"old": {"from": "first", **CAREFUL}, "own": {"lr": [1.0]}}}}, "space.one_of.old.recipe"),
    ],
)
def test_over_a_decision_it_would_stand_for_nothing(keys, place):
    """A decision gives every value: the message says what to name instead."""
    with pytest.raises(StudyError) as caught:
        planned({"first": configuration(WORKLOAD, {}).values}, **keys)

    assert f"{place}: must not stand over a decision, which gives every value; got recipe" in str(caught.value)
    assert "name the values that are to differ" in str(caught.value)


def test_beside_an_alternative_that_is_a_decision_it_may_stand():
    """It fills in what the other alternatives leave open."""
    methods = {"one_of": {"old": {"from": "first"}, "own": {"method": "full"}}}

    made = planned({"first": configuration(WORKLOAD, {"lr": 5.0}).values}, space=methods)

    assert rates(made) == [5.0, 0.01]


def test_editors_offer_it():
    """In base, in space and in across."""
    study = {"task": "recipes", "base": CAREFUL, "space": {"recipe": ["plain", "careful"]}, "across": [CAREFUL]}

    assert list(jsonschema.Draft202012Validator(json_schema(WORKLOAD)).iter_errors(study)) == []
