"""The runs that a study holds, by their roles: search, noise, confirm, control."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tunebook.errors import InputError, Problem
from tunebook.ledger.ledger import Ledger
from tunebook.records import Case, Decision, PlannedRun, Role, Run, Scalar, Upstream, canonical_json
from tunebook.runs.inputs import Inputs
from tunebook.spec.canonical import Resolved, overlaid, resolve
from tunebook.spec.faults import Faults
from tunebook.spec.fields import nested, value_at
from tunebook.spec.folding import FOLDS, on_folds
from tunebook.spec.judging import Noise
from tunebook.spec.plan import Cell, Plan
from tunebook.spec.programs import Program
from tunebook.spec.space import Point
from tunebook.task import Task

SEED = "seed"


def search_runs(plan: Plan, inputs: Inputs) -> tuple[PlannedRun, ...]:
    """The runs of a plan, in its order.

    Data are read to fingerprint them; data that were not seen before are verified.

    Raises:
        InputError: naming all data and weights that cannot be used, each once.
    """
    found: list[PlannedRun] = []
    problems: dict[Problem, None] = {}
    for cell in plan.runs:
        try:
            found.append(_planned(cell, "search", inputs))
        except InputError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise InputError(*problems)
    return tuple(found)


def noise_runs(plan: Plan, noise: Noise, inputs: Inputs) -> Iterator[PlannedRun]:
    """Fresh seeds for the configuration in the middle of the space, and its first run executed again.

    Nothing where no seed can change any configuration: there is no noise then.
    """
    centre = _centre(plan)
    if centre is None:
        return
    yield from fresh_runs(plan, [centre], noise.seeds or 0, "noise", inputs)
    for cell in _cells(plan, centre):
        first = _planned(cell, "noise", inputs)
        for repeat in range(1, (noise.repeats or 0) + 1):
            yield replace(first, run=replace(first.run, repeat=repeat))


def fresh_runs(
    plan: Plan, configurations: Sequence[str], seeds: int, role: Role, inputs: Inputs
) -> Iterator[PlannedRun]:
    """Some configurations in every case on the next seeds after the largest declared, seed by seed, on every fold.

    A configuration that no seed can change comes once, as the run that it is.
    """
    for at, seed in enumerate(fresh_seeds(plan, seeds)):
        for configuration in configurations:
            for cell in _at_first_seed(plan, configuration):
                if SEED in cell.replicate:
                    yield _planned(replace(cell, replicate={**cell.replicate, SEED: seed}), role, inputs)
                elif at == 0:
                    yield _planned(cell, role, inputs)


def fresh_seeds(plan: Plan, seeds: int) -> range:
    """The next seeds after the largest declared."""
    first = 1 + max(replicate.get(SEED, 0) for replicate in plan.replicates)
    return range(first, first + seeds)


def control_runs(
    decision: Decision, plan: Plan, searched: Iterable[PlannedRun], inputs: Inputs, task: Task, ledger: Ledger
) -> Iterator[PlannedRun]:
    """The decided configuration of another study as it was decided there, under this study's replicates.

    Only on data that this study uses, and in the cases that it has. A run that the other study holds would give what
    it gave there; whether it does is seen by executing the first of them in each case once more (docs/adr/0011).

    Raises:
        InputError: when the decided configuration has no meaning for the task any more, or its data cannot be used.
    """
    there = [entry for entry in ledger.planned(decision.study) if entry.configuration == decision.configuration]
    held = {run for run, _ in ledger.runs_of(decision.study)}
    known = {_condition(one.run, decision.left_open) for one in searched}
    for case in dict.fromkeys(tuple(sorted(entry.case.values.items())) for entry in there):
        values = overlaid(decision.values, nested(dict(case)))
        faults = Faults()
        resolved = resolve(task, values, faults)
        if resolved is None:
            place = f"the decision of study {decision.study}"
            raise InputError(Problem(place, f"must be one for {task.name}; {faults.found[0].message}", "run it again"))
        repeated = False
        for replicate in _replicates(plan, resolved):
            run = inputs.run(resolved.configuration, replicate)
            if _condition(run, decision.left_open) not in known:
                break
            if run.id in held:
                if repeated:
                    continue
                run, repeated = replace(run, repeat=1), True
            yield PlannedRun(run, decision.configuration, Case(dict(case)), "control", decision.study)


def _replicates(plan: Plan, resolved: Resolved) -> Iterator[Mapping[str, int]]:
    """A study's seeds, on the folds that the configuration has where it has any; each that can make a difference."""
    own = value_at(resolved.configuration.values, FOLDS)
    folds = own if isinstance(own, int) else None
    seen: list[Mapping[str, int]] = []
    for replicate in plan.replicates if isinstance(plan.study.task, Program) else on_folds(plan.replicates, folds):
        mattering = {factor: number for factor, number in replicate.items() if resolved.matters(factor)}
        if mattering not in seen:
            seen.append(mattering)
            yield mattering


def upstream_of(
    plan: Plan, points: Iterable[Point], runs: Iterable[PlannedRun], ledger: Ledger
) -> Mapping[str, Upstream]:
    """What the studies behind each alternative tried: those whose decisions its points start from, and so on."""
    base = tuple(filter(None, [plan.study.base.get("from")]))
    sources = {point.alternative: (*base, *point.sources) for point in points}
    alternatives = {planned.configuration.id: planned.alternative for planned in plan.configurations}
    found = {}
    for alternative, nearest in sources.items():
        studies = tuple(dict.fromkeys(name for source in nearest for name in (source, *_behind(source, ledger))))
        if studies:
            there = [entry for name in studies for entry in ledger.planned(name) if entry.role != "baseline"]
            here = [planned for planned in runs if alternatives[planned.configuration] == alternative]
            tried = {entry.configuration for entry in there} | {planned.configuration for planned in here}
            chosen_on = {entry.run for entry in there} & {planned.run.id for planned in here}
            found[alternative] = Upstream(studies, len(tried), len(chosen_on))
    return found


def _behind(study: str, ledger: Ledger) -> list[str]:
    """The studies that a study's alternatives start from, as its newest plan says; none before it has one."""
    declared = json.loads(ledger.declared(study) or "{}")
    return [name for each in declared.get("upstream", {}).values() for name in each["studies"]]


def _condition(run: Run, paths: Sequence[str]) -> str:
    """The data of a run, and the values of what a study crosses with every configuration."""
    return canonical_json([run.fingerprints.get("data"), [run.configuration.get(path) for path in paths]])


def _planned(cell: Cell, role: Role, inputs: Inputs) -> PlannedRun:
    return PlannedRun(inputs.run(cell.configuration, cell.replicate), cell.planned.configuration.id, cell.case, role)


def _at_first_seed(plan: Plan, configuration: str) -> Iterator[Cell]:
    """A configuration in each case on each fold, at the first seed."""
    seen: list[tuple[Case, Mapping[str, int]]] = []
    for cell in plan.runs:
        beside = {factor: number for factor, number in cell.replicate.items() if factor != SEED}
        if cell.planned.configuration.id == configuration and (cell.case, beside) not in seen:
            seen.append((cell.case, beside))
            yield cell


def _cells(plan: Plan, configuration: str) -> Iterator[Cell]:
    """A configuration in each case, at the first replicate."""
    seen: list[Case] = []
    for cell in plan.runs:
        if cell.planned.configuration.id == configuration and cell.case not in seen:
            seen.append(cell.case)
            yield cell


def _centre(plan: Plan) -> str | None:
    """The configuration nearest the middle of all values of its parameters; None where no seed can change any."""
    seeded = [cell.planned for cell in plan.runs if SEED in cell.replicate]
    values = {
        name: sorted({one.parameters[name] for one in seeded if name in one.parameters}, key=_by_size)
        for name in plan.parameters
    }

    def off(parameters: Mapping[str, Scalar]) -> float:
        places = [(values[name].index(value), len(values[name])) for name, value in parameters.items()]
        return sum(abs(place - (length - 1) / 2) / length for place, length in places)

    nearest = min(seeded, key=lambda one: off(one.parameters), default=None)
    return None if nearest is None else nearest.configuration.id


def _by_size(value: Scalar) -> tuple[bool, float, str]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return not number, float(value) if isinstance(value, int | float) else 0.0, str(value)
