"""The JSON Schema for editors agrees with what reads the file."""

import jsonschema
import pytest
from study_texts import DESIGN, JUDGED, REFINED, SHORT, SIX

from tunebook.errors import StudyError
from tunebook.spec.faults import Faults
from tunebook.spec.places import parse
from tunebook.spec.reading import load
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


@pytest.mark.parametrize("text", [DESIGN, SHORT, WHOLE, JUDGED, REFINED])
def test_a_good_study_validates(text, workload):
    """What can be read has no red line in the editor."""
    assert errors(text, workload) == []


def test_a_wrong_study_does_not(workload):
    """Unknown keys, values out of bounds and unknown metrics are marked."""
    assert errors(SIX, workload) == [
        "$", "$.base.adapter", "$.base.optimizer.lr", "$.select.metric", "$.space['adapter.alpha']",
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["search: tpe", "select: {per: case}", "keep: {scores: all}"])
def test_what_comes_later_does_not_validate(workload, line):
    """The schema offers only what is there."""
    assert errors(f"{SHORT}{line}\n", workload) != []


@pytest.mark.parametrize(
    "line",
    [
        "select: {}",
        "select: {rule: best-mean}",
        "select: {rule: one-standard-error, prefer: []}",
        "select: {rule: lower-bound}",
        "select: {rule: {lower-bound: 0}}",
        "select: {rule: {pareto: [ais.msa, trainable_parameters]}}",
        "select: {rule: {weights: {ais.msa: 0.5, box.msa: 2}}}",
        "select: {prefer: [rank]}",
        "select: {prefer: [{adapter.rank: high}, seconds]}",
        "select: {require: []}",
        "select: {require: [ais.msa > 0]}",
        "confirm: null",
        "confirm: {}",
        "confirm: {top: 1, seeds: 1}",
        "noise: null",
        "noise: {seeds: 2}",
        "noise: {repeats: 1}",
        "noise: {seeds: null, repeats: 1}",
        "control: false",
        "baselines: false",
    ],
)
def test_what_the_reader_takes_validates(workload, written, workload_of, line):
    """A line of judging that can be read has no red line in the editor."""
    text = f"{SHORT}{line}\n"
    load(written(text), workload_of)

    assert errors(text, workload) == []


@pytest.mark.parametrize(
    "line",
    [
        "select: null",
        "select: {metric: ''}",
        "select: {metric: ais}",
        "select: {rule: best}",
        "select: {rule: {best-mean: 1}}",
        "select: {rule: {lower-bound: -1}}",
        "select: {rule: {lower-bound: null}}",
        "select: {rule: {lower-bound: 1, most-stable: 1}}",
        "select: {rule: pareto}",
        "select: {rule: {pareto: [ais.msa]}}",
        "select: {rule: {pareto: [seconds, seconds]}}",
        "select: {rule: {pareto: [ais.msa, rank]}}",
        "select: {rule: weights}",
        "select: {rule: {weights: {}}}",
        "select: {rule: {weights: {ais.msa: 0}}}",
        "select: {rule: {weights: {ais.msa: '1'}}}",
        "select: {rule: {weights: {seconds: 1}}}",
        "select: {argument: 1}",
        "select: {prefer: rank}",
        "select: {prefer: [rnk]}",
        "select: {prefer: [{}]}",
        "select: {prefer: [{rank: up}]}",
        "select: {prefer: [{rank: low, alpha: low}]}",
        "select: {prefer: [[rank, low]]}",
        "select: {prefer: [rank, rank]}",
        "select: {require: ais.msa > 0}",
        "select: {require: [1]}",
        "confirm: 5",
        "confirm: {top: 0}",
        "confirm: {top: 1.5}",
        "confirm: {best: 1}",
        "noise: {}",
        "noise: {seeds: 1}",
        "noise: {seeds: null}",
        "noise: {seed: 3}",
        "noise: {repeats: true}",
        "control: 1",
        "baselines: 1",
        "baselines: null",
        "refine: first",
    ],
)
def test_what_the_reader_refuses_does_not_validate(workload, written, workload_of, line):
    """A mistake in judging is marked in the editor and refused when read."""
    text = f"{SHORT}{line}\n"
    with pytest.raises(StudyError):
        load(written(text), workload_of)

    assert errors(text, workload) != []


@pytest.mark.parametrize(
    ("refine", "fits"),
    [
        ("first", True),
        ("{study: first}", True),
        ("{study: first, points: 9, only: [adapter.rank]}", True),
        ("{study: first, only: []}", True),
        ("null", False),
        ("a/b", False),
        ("{study: a/b}", False),
        ("{points: 2}", False),
        ("{study: first, points: 10}", False),
        ("{study: first, only: [rank, rank]}", False),
        ("{study: first, only: [rnk]}", False),
        ("{study: first, only: rank}", False),
    ],
)
def test_a_refinement_validates_as_it_is_read(workload, written, workload_of, refine, fits):
    """Schema and reader agree on every form of it."""
    text = f"task: toy\nbase: {{data: {{root: cells}}}}\nrefine: {refine}\n"
    try:
        load(written(text), workload_of)
        read = True
    except StudyError:
        read = False

    assert (read, errors(text, workload) == []) == (fits, fits)


def test_meanings_and_defaults_are_in_it(workload):
    """An editor shows what a field means and what it is when left out."""
    rank = json_schema(workload)["$defs"]["adapter.rank"]

    assert (rank["description"], rank["default"], rank["minimum"]) == ("Rank", 4, 1)
