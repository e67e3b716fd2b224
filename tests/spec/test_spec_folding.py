"""`data.folds` and `replicates: {fold: k}` say the same, and make replicates."""

from collections.abc import Mapping, Set
from typing import Any

import pytest
from pydantic import BaseModel

from tunebook.errors import StudyError
from tunebook.spec.folding import on_folds
from tunebook.spec.parameters import Fields, parameter
from tunebook.spec.plan import Plan, plan
from tunebook.spec.study import Study


class Data(Fields):
    root: str = parameter(meaning="Folder", identity="path")
    folds: int | None = parameter(None, meaning="Parts", as_before=None, ge=2)
    fold: int | None = parameter(None, meaning="The part that is val", as_before=None)


class Config(Fields):
    data: Data = parameter(meaning="Images")
    rank: int = parameter(4, meaning="Rank")


class Folding:
    """Rank 0 is a floor: no seed changes it."""

    name = "toy"
    version = "1"
    Config: type[BaseModel] = Config
    metrics: Mapping[str, Any] = {"dice": None}

    def without_effect(self, config: BaseModel) -> Set[str]:
        assert isinstance(config, Config)
        return {"seed"} if config.rank == 0 else set()


def planned(base: Mapping[str, Any] | None = None, **keys: Any) -> Plan:
    """The plan of a study of two ranks with this in its data."""
    references = keys.pop("references", None)
    study = {"task": "toy", "base": {"data": {"root": "cells", **(base or {})}}, "space": {"rank": [0, 4]}, **keys}
    return plan(Study(**study), Folding(), references=references)


def message_of(**keys: Any) -> str:
    with pytest.raises(StudyError) as caught:
        planned(**keys)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0].message


def test_seeds_and_folds_are_crossed_in_a_balanced_order():
    """Seed 0 on every fold, then seed 1; a row that no seed changes is run once on each fold."""
    made = planned({"folds": 2}, replicates={"seed": 2})

    assert [(cell.planned.label, dict(cell.replicate)) for cell in made.runs] == [
        ("rank=0", {"fold": 0}), ("rank=4", {"seed": 0, "fold": 0}),
        ("rank=0", {"fold": 1}), ("rank=4", {"seed": 0, "fold": 1}),
        ("rank=4", {"seed": 1, "fold": 0}), ("rank=4", {"seed": 1, "fold": 1}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "replicates", [{"seed": 2, "fold": 3}, [{"seed": s, "fold": f} for s in (0, 1) for f in range(3)]]
)
def test_replicates_say_the_same(replicates):
    """`replicates: {seed: 2, fold: 3}` sets data.folds; so the configurations are equal too."""
    made, other = planned(replicates=replicates), planned({"folds": 3}, replicates={"seed": 2})

    assert made.replicates == other.replicates
    assert [row.configuration.id for row in made.configurations] == [
        row.configuration.id for row in other.configurations
    ]
    assert made.configurations[0].configuration.get("data.folds") == 3
    assert planned(replicates={"fold": 3}).replicates == planned({"folds": 3}).replicates


def test_a_fold_is_no_part_of_a_configuration():
    """It is the replicate's; a study without folds keeps the configurations that it had."""
    assert "data.fold" not in planned({"folds": 2}).configurations[0].configuration.effective
    assert "data.folds" not in planned().configurations[0].configuration.effective


def test_folds_are_replicates_enough():
    """One seed on several folds confirms nothing unless the study says so; in both spellings."""
    assert planned().study.confirm is not None
    assert planned({"folds": 2}).study.confirm is None
    assert planned(replicates={"fold": 2}).study.confirm is None
    assert planned({"folds": 2}, confirm={"top": 5, "seeds": 3}).study.confirm is not None


def test_a_decision_brings_its_folds():
    """A study that starts from a decision with folds runs on as many, unless it says otherwise."""
    decided = {"data": {"root": "cells", "folds": 3, "fold": None}, "rank": 4}
    keys = {"base": None, "space": {"rank": [8]}, "references": {"first": decided}}

    def started(base: Mapping[str, Any], **more: Any) -> Plan:
        return plan(Study(task="toy", base=base, space=keys["space"], **more), Folding(), references=keys["references"])

    assert len(started({"from": "first"}).replicates) == 3
    assert len(started({"from": "first"}, replicates={"seed": 2, "fold": 5}).replicates) == 10
    assert len(started({"from": "first", "data": {"folds": None}}).replicates) == 1


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"base": {"folds": 3}, "replicates": {"fold": 5}}, "must be the number of folds in base, 3; got 5"),
        ({"base": {"fold": 1}}, "must be left to the replicates; got 1"),
        ({"space": {"data.fold": [0, 1]}}, "must leave data.fold to the replicates"),
        ({"across": [{"data.fold": [0, 1]}]}, "must leave data.fold to the replicates"),
        ({"replicates": {"fold": 1}}, "must be how many folds, 2 or more; got 1"),
        ({"replicates": {"folds": 5}}, "must be seed or fold; got the key folds"),
        ({"replicates": [{"seed": 0, "fold": 0}, {"seed": 1, "fold": 1}]}, "each with every fold from 0"),
    ],
)
def test_what_does_not_go_together_is_refused(keys, message):
    """With the place, and what each of the two says."""
    assert message in message_of(**keys)


def test_folds_are_not_tuned():
    """Other folds in one point would repeat a part, or lack some."""
    assert "data.folds must be those of the replicates, none, at every point" in message_of(space={"data.folds": [2]})


def test_a_task_without_folds_refuses_them(study_of, workload):
    """Equal runs that are called folds would pass for replicates."""
    with pytest.raises(StudyError, match="must be left out: toy has no data.folds; got 5"):
        plan(study_of(replicates={"fold": 5}), workload)


def test_without_folds_each_seed_stands_once():
    """Replicates are put on other folds, or on none."""
    crossed = on_folds([{"seed": 0}, {"seed": 4}], 2)

    assert crossed == ({"seed": 0, "fold": 0}, {"seed": 0, "fold": 1}, {"seed": 4, "fold": 0}, {"seed": 4, "fold": 1})
    assert on_folds(crossed, None) == ({"seed": 0}, {"seed": 4})
