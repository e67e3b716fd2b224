"""The JSON Schema for editors agrees with what reads the file."""

import jsonschema
import pytest
from study_texts import DESIGN, SHORT, SIX

from tunebook.spec.faults import Faults
from tunebook.spec.places import parse
from tunebook.spec.schema import json_schema

WHOLE = """\
task: toy
base: {from: first, rank: 4}
space:
  one_of:
    lora: {adapter.method: lora, rank: {low: 1, high: 64, points: 7, log: true}, targets: [[q, v], [q]]}
    none: {}
    old: {from: first}
across: [{data.root: [a, b], crop: 32}]
replicates: {seed: [3, 4]}
limit: {hours: 1.5, until: 18:00}
"""


def errors(text, workload):
    schema = json_schema(workload)
    jsonschema.Draft202012Validator.check_schema(schema)
    value = parse(text, name="x", faults=Faults()).value
    return sorted({error.json_path for error in jsonschema.Draft202012Validator(schema).iter_errors(value)})


@pytest.mark.parametrize("text", [DESIGN, SHORT, WHOLE])
def test_a_good_study_validates(text, workload):
    """What can be read has no red line in the editor."""
    assert errors(text, workload) == []


def test_a_wrong_study_does_not(workload):
    """Unknown keys, values out of bounds and unknown metrics are marked."""
    assert errors(SIX, workload) == [
        "$", "$.base.adapter", "$.base.optimizer.lr", "$.select.metric", "$.space['adapter.alpha']",
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["search: tpe", "confirm: {top: 5}", "select: {rule: pareto}"])
def test_what_comes_later_does_not_validate(workload, line):
    """The schema offers only what is there."""
    assert errors(f"{SHORT}{line}\n", workload) != []


def test_meanings_and_defaults_are_in_it(workload):
    """An editor shows what a field means and what it is when left out."""
    rank = json_schema(workload)["$defs"]["adapter.rank"]

    assert (rank["description"], rank["default"], rank["minimum"]) == ("Rank", 4, 1)
