"""The baselines of a study: what its task says that every page compares with, laid over what the study declares."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunebook.errors import InputError, Problem
from tunebook.records import Configuration, PlannedRun, canonical_json
from tunebook.runs.held import SEED, fresh_seeds
from tunebook.runs.inputs import Inputs
from tunebook.spec.canonical import Resolved, overlaid, resolve
from tunebook.spec.faults import Faults, dotted, text_of
from tunebook.spec.folding import folds_of, on_folds
from tunebook.spec.names import shortest
from tunebook.spec.plan import Cell, Plan, Planned, cells, scalars
from tunebook.task import Task


def baseline_cells(plan: Plan, task: Task) -> tuple[Cell, ...]:
    """Each baseline of a task laid over every configuration of a plan, in every case; each distinct one once.

    Where a seed can change it, under the study's replicates and under the fresh seeds of its finalists, so that
    whatever is chosen has replicates in common with it; else once.

    Raises:
        InputError: when a baseline and a configuration of the study do not go together.
    """
    kept: dict[str, _Kept] = {}
    for planned, under in _configurations(plan):
        config = task.Config.model_validate(planned.configuration.values)
        for name, values in task.baselines(config).items():
            found = _laid_over(task, planned, under, name, values)
            kept.setdefault(found.resolved.configuration.id, found).tried.append(_varied(found.resolved, plan))
    study = plan.study.model_copy(update={"replicates": _replicates(plan)})
    return tuple(cells(study, list(_rows(plan, tuple(kept.values())))))


def baseline_runs(found: Iterable[Cell], inputs: Inputs) -> Iterator[PlannedRun]:
    """The runs of the baselines of a study.

    Raises:
        InputError: for data or weights that cannot be used.
    """
    for cell in found:
        run = inputs.run(cell.configuration, cell.replicate)
        yield PlannedRun(run, cell.planned.configuration.id, cell.case, "baseline")


@dataclass(frozen=True)
class _Kept:
    """A distinct baseline: without its case, under each case in order, and what varies wherever it was met."""

    name: str
    resolved: Resolved
    under: tuple[Resolved, ...]
    tried: list[Mapping[str, Any]]


def _replicates(plan: Plan) -> Sequence[Mapping[str, int]]:
    """Those of the search, and those of its finalists."""
    confirm = plan.study.confirm if len(plan.configurations) > 1 else None
    fresh = fresh_seeds(plan, 0 if confirm is None else confirm.seeds)
    return (*plan.replicates, *on_folds([{SEED: seed} for seed in fresh], folds_of(plan.replicates)))


def _configurations(plan: Plan) -> Iterator[tuple[Planned, Sequence[Configuration]]]:
    """Every distinct configuration, and what it is under each case."""
    found: dict[str, dict[str, Configuration]] = {}
    for cell in plan.runs:
        case = canonical_json(cell.case.values)
        found.setdefault(cell.planned.configuration.id, {}).setdefault(case, cell.configuration)
    for planned in plan.configurations:
        yield planned, tuple(found[planned.configuration.id].values())


def _laid_over(
    task: Task, planned: Planned, under: Sequence[Configuration], name: str, values: Mapping[str, Any]
) -> _Kept:
    resolved = _resolved(task, planned.configuration, name, values)
    alone = len(under) == 1 and under[0].id == planned.configuration.id
    each = (resolved,) if alone else tuple(_resolved(task, one, name, values) for one in under)
    return _Kept(name, resolved, each, [])


def _resolved(task: Task, below: Configuration, name: str, values: Mapping[str, Any]) -> Resolved:
    faults = Faults()
    resolved = resolve(task, overlaid(below.values, values), faults)
    if resolved is None:
        fault = faults.found[0]
        message = f"must fit every configuration of the study; {dotted(fault.at)} {fault.message}"
        raise InputError(Problem(f"the baseline {name} of {task.name}", message, "leave them out: baselines: false"))
    return resolved


def _varied(resolved: Resolved, plan: Plan) -> Mapping[str, Any]:
    """The parameters of a study that can matter to a baseline, with the values that they have there."""
    found = {path: _value(resolved.configuration, path) for path in plan.parameters if resolved.matters(path)}
    return {path: value for path, (known, value) in found.items() if known}


def _value(configuration: Configuration, path: str) -> tuple[bool, Any]:
    """Whether a configuration has a field, and its value."""
    try:
        return True, configuration.get(path)
    except (KeyError, TypeError):  # a group that it does not have
        return False, None


def _rows(plan: Plan, kept: Sequence[_Kept]) -> Iterator[tuple[Planned, tuple[Resolved, ...]]]:
    """Rows of the page: called by the baseline, and by what tells several of one name apart."""
    short = shortest({parameter.name for parameter in plan.study.space.parameters()})
    points = [_common(each.tried) for each in kept]
    for each, point in zip(kept, points, strict=True):
        others = [other for one, other in zip(kept, points, strict=True) if one.name == each.name]
        apart = [path for path in point if len({canonical_json(other.get(path)) for other in others}) > 1]
        label = " ".join([each.name, *(f"{short[path]}={text_of(point[path])}" for path in apart)])
        yield Planned(each.resolved.configuration, scalars(point), "", label), each.under


def _common(tried: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What is equal wherever a baseline was met: a preset that changes nothing of it does not name it."""
    first, *rest = tried
    same = {path: canonical_json(value) for path, value in first.items()}
    return {
        path: value
        for path, value in first.items()
        if all(path in other and canonical_json(other[path]) == same[path] for other in rest)
    }
