"""Cross-validation: `data.folds: 5` in base and `replicates: {fold: 5}` say the same, and make replicates.

Where a task has `data.folds`, each seed is run on every fold: all configurations at seed 0 fold 0, then at seed 0 fold
1. An own program is told its fold (`{fold}`) and parts its data itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tunebook.spec.canonical import overlaid
from tunebook.spec.faults import Faults, shown
from tunebook.spec.fields import FieldIndex, nested, value_at
from tunebook.spec.judging import Confirm
from tunebook.spec.programs import Program
from tunebook.spec.study import STANDARD_CONFIRM, Study

FOLD, FOLDS, DATA_FOLD = "fold", "data.folds", "data.fold"
HINT = "replicates: {seed: 2, fold: 5}, or data.folds: 5 in base"
Replicates = tuple[Mapping[str, int], ...]


def folds_of(replicates: Sequence[Mapping[str, int]]) -> int | None:
    """How many folds replicates have; None where they have none."""
    found = [replicate[FOLD] for replicate in replicates if FOLD in replicate]
    return max(found) + 1 if found else None


def on_folds(replicates: Sequence[Mapping[str, int]], folds: int | None) -> Replicates:
    """Every replicate without its fold, once on each of so many folds; once alone where there are none."""
    without = [{factor: number for factor, number in each.items() if factor != FOLD} for each in replicates]
    once = [each for at, each in enumerate(without) if each not in without[:at]]
    if folds is None:
        return tuple(once)
    return tuple({**each, FOLD: fold} for each in once for fold in range(folds))


def with_folds(study: Study, folds: int) -> Study:
    """The study with each seed on every fold; one that leaves `confirm` open has replicates enough without."""
    confirm: Confirm | None = None if study.confirm is STANDARD_CONFIRM else study.confirm
    return study.model_copy(update={"replicates": on_folds(study.replicates, folds), "confirm": confirm})


def complete_folds(study: Study, base: Mapping[str, Any], index: FieldIndex, faults: Faults) -> Study:
    """The study whose base and replicates say the same of folds.

    Args:
        base: With full names; the study returned has it, with `data.folds` where replicates say it.
    """
    asked, given = folds_of(study.replicates), value_at(base, FOLDS)
    study = study.model_copy(update={"base": base})
    if isinstance(study.task, Program):
        return study
    if value_at(base, DATA_FOLD) is not None:
        _refuse_fold("base", base, faults)
    if any(parameter.name == DATA_FOLD for parameter in study.space.parameters()):
        faults.add(("space",), f"must leave {DATA_FOLD} to the replicates; got it among its parameters", HINT)
    if any(DATA_FOLD in group.fields for group in study.across):
        faults.add(("across",), f"must leave {DATA_FOLD} to the replicates; got it among its cases", HINT)
    if FOLDS not in index.leaves:
        if asked is not None:
            faults.add(("replicates", FOLD), f"must be left out: {study.task} has no data.folds; got {asked}")
        return study
    if asked is not None and given is not None and asked != given:
        message = f"must be the number of folds in base, {shown(given)}; got {asked}"
        faults.add(("replicates", FOLD), message, "say it in one place")
    elif asked is not None:
        return study.model_copy(update={"base": overlaid(base, nested({FOLDS: asked}))})
    return with_folds(study, given) if isinstance(given, int) else study


def _refuse_fold(where: str, base: Mapping[str, Any], faults: Faults) -> None:
    message = f"must be left to the replicates; got {shown(value_at(base, DATA_FOLD))}"
    faults.add((where, *DATA_FOLD.split(".")), message, HINT)
