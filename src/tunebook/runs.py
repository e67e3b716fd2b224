"""From the cells of a plan to runs: what each of them reads is resolved, verified and fingerprinted.

data.root: cells      the folder that book.yaml names so, else a folder from the book
study:base            the weights of a run of that study's decision, as `run:ID@LENGTH`
images, labels        read once per content (`Task.verify`), hashed into the run's id
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tunebook import __version__
from tunebook.errors import InputError, Problem
from tunebook.fingerprints import FingerprintCache, Input, of_inputs
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import PlannedEntry
from tunebook.records import Configuration, Decision, PlannedRun, Run, Upstream, digest
from tunebook.spec.canonical import configuration as canonical
from tunebook.spec.plan import Plan
from tunebook.spec.references import WeightsReference, is_reference, parse
from tunebook.spec.space import Point
from tunebook.task import Task

NO_SEED = -1
"""The key of a decision's run when no seed matters."""


@dataclass(frozen=True)
class Shelf:
    """Where a study's runs find what they read.

    Args:
        book: The book's folder, absolute.
        ledger: Where decisions of other studies stand.
        cache: Where content hashes are remembered.
        roots: Names of data roots -> paths, as book.yaml gives them.
    """

    book: Path
    ledger: Ledger
    cache: FingerprintCache
    roots: Mapping[str, str] = field(default_factory=dict)

    def decision(self, name: str, *, place: str) -> Decision:
        """The decision of a study.

        Raises:
            InputError: when it has none, or one that the study no longer stands behind.
        """
        decision = current_decision(name, self.ledger)
        if decision is None:
            stale = self.ledger.decision(name) is not None
            which = (
                f"a decision of study {name} as it is declared; the one it has is older"
                if stale
                else (f"the decision of study {name}, which has none yet")
            )
            raise InputError(Problem(place, f"needs {which}", f"run study {name} first"))
        return decision


def current_decision(name: str, ledger: Ledger) -> Decision | None:
    """The decision of a study, if its newest plan holds what was decided and all its runs have ended and are scored.

    A study that was edited since, or lacks runs, has none until it is run again.
    """
    decision = ledger.decision(name)
    if decision is None:
        return None
    planned = ledger.planned(name)
    ended = ledger.outcomes(entry.run for entry in planned)
    scored = ledger.scored(entry.run for entry in planned)

    def complete(entry: PlannedEntry) -> bool:
        outcome = ended.get((entry.run, entry.length))
        failed = outcome is not None and outcome.status == "failed"
        return failed or (entry.run, entry.length, entry.scoring) in scored

    held = any((entry.configuration, entry.scoring) == (decision.configuration, decision.scoring) for entry in planned)
    return decision if held and all(map(complete, planned)) else None


def runs_of(plan: Plan, task: Task, shelf: Shelf) -> tuple[PlannedRun, ...]:
    """The runs of a plan, in its order.

    Data are read to fingerprint them; data that were not seen before are verified.

    Raises:
        InputError: naming all data and weights that cannot be used, each once.
    """
    inputs = _Inputs(shelf, task, plan.study.study)
    found: list[PlannedRun] = []
    problems: dict[Problem, None] = {}
    for cell in plan.runs:
        try:
            run = inputs.run(cell.configuration, cell.replicate)
            found.append(PlannedRun(run, cell.planned.configuration.id, cell.case))
        except InputError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise InputError(*problems)
    return tuple(found)


def upstream_of(plan: Plan, points: Iterable[Point], runs: Iterable[PlannedRun], ledger: Ledger) -> dict[str, Upstream]:
    """What the studies behind each alternative tried: those whose decisions its points start from, and so on."""
    base = tuple(filter(None, [plan.study.base.get("from")]))
    sources = {point.alternative: (*base, *point.sources) for point in points}
    alternatives = {planned.configuration.id: planned.alternative for planned in plan.configurations}
    found = {}
    for alternative, nearest in sources.items():
        studies = tuple(dict.fromkeys(name for source in nearest for name in (source, *_behind(source, ledger))))
        if studies:
            there = [entry for name in studies for entry in ledger.planned(name)]
            here = [planned for planned in runs if alternatives[planned.configuration] == alternative]
            tried = {entry.configuration for entry in there} | {planned.configuration for planned in here}
            chosen_on = {entry.run for entry in there} & {planned.run.id for planned in here}
            found[alternative] = Upstream(studies, len(tried), len(chosen_on))
    return found


def middle(decision: Decision, ledger: Ledger) -> str:
    """The run of a decision whose score is in the middle.

    Of an even number there are two in the middle, and scores may be equal: the lower seed then.
    """
    lengths = dict(ledger.runs_of(decision.study))
    scored = sorted((_score(decision, run, lengths[run], ledger), seed) for seed, run in decision.runs.items())
    middles = {scored[(len(scored) - 1) // 2][0], scored[len(scored) // 2][0]}
    return decision.runs[min(seed for score, seed in scored if score in middles)]


def _behind(study: str, ledger: Ledger) -> list[str]:
    """The studies that a study's alternatives start from, as its newest plan says; none before it has one."""
    declared = json.loads(ledger.declared(study) or "{}")
    return [name for each in declared.get("upstream", {}).values() for name in each["studies"]]


@dataclass
class _Inputs:
    shelf: Shelf
    task: Task
    study: str
    fingerprints: dict[tuple[Input, ...], dict[str, str]] = field(default_factory=dict)
    refused: dict[Path, InputError] = field(default_factory=dict)

    def run(self, configuration: Configuration, replicate: Mapping[str, int]) -> Run:
        resolved = self._resolved(configuration, replicate)
        config = self.task.Config.model_validate(resolved.values)
        fingerprints = self._fingerprints(tuple(self.task.inputs(config, self.shelf.book)))
        if "data" in fingerprints:
            self._verify(config, fingerprints["data"], resolved.values)
        return Run(
            task=self.task.name,
            version=self.task.version,
            configuration=resolved,
            replicate=dict(replicate),
            fingerprints=fingerprints,
            length=self.task.length(config, self.shelf.book),
        )

    def _fingerprints(self, inputs: tuple[Input, ...]) -> dict[str, str]:
        if inputs not in self.fingerprints:
            self.fingerprints[inputs] = of_inputs(inputs, cache=self.shelf.cache)
        return self.fingerprints[inputs]

    def _verify(self, config: BaseModel, data: str, values: Mapping[str, Any]) -> None:
        """Have the task read its data, once for a content and a way of reading it."""
        known = digest([__version__, self.task.name, self.task.version, data, values.get("data")])
        mark = self.shelf.cache.path.parent / "verified" / known
        if mark in self.refused:
            raise self.refused[mark]
        if mark.exists():
            return
        try:
            self.task.verify(config, self.shelf.book)
        except InputError as error:
            self.refused[mark] = error
            raise
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()

    def _resolved(self, configuration: Configuration, replicate: Mapping[str, int]) -> Configuration:
        values = json.loads(json.dumps(configuration.values))
        referred = _replace_references(values, lambda reference: self._weights(reference, replicate))
        if not _replace_root(values, self.shelf.roots) and not referred:
            return configuration
        return canonical(self.task, values)

    def _weights(self, reference: WeightsReference, replicate: Mapping[str, int]) -> str:
        """A run of the decision: the seed that is named, the run's own, else the middle one."""
        place = f"{self.study}: {reference}"
        decision = self.shelf.decision(reference.study, place=place)
        if not decision.runs:
            message = f"must name a study with one case; {reference.study} was decided over several"
            raise InputError(Problem(place, message, "name one case in a study of its own"))
        if reference.seed is not None and reference.seed not in decision.runs:
            seeds = ", ".join(str(seed) for seed in sorted(decision.runs) if seed != NO_SEED) or "no seeds"
            raise InputError(Problem(place, f"must name a seed of that decision; it has {seeds}"))
        wanted = replicate.get("seed", NO_SEED) if reference.seed is None else reference.seed
        run = decision.runs.get(wanted) or middle(decision, self.shelf.ledger)
        length = dict(self.shelf.ledger.runs_of(reference.study))[run]
        if length == 0:
            message = f"must name a study whose decision is trained; {decision.label or run} trains nothing"
            raise InputError(Problem(place, message, "name its starting weights"))
        return f"run:{run}@{length}"


def _score(decision: Decision, run: str, length: int, ledger: Ledger) -> float:
    """What a run of a decision scored on the metric and split of the decision."""
    wanted = (decision.metric, decision.split, "")
    for one in ledger.measurements(run, length, decision.scoring):
        if (one.metric, one.split, one.item) == wanted and one.value is not None:
            return one.value
    message = f"must have a value of {decision.metric} on {decision.split}; run {run} has none"
    raise InputError(Problem(f"the decision of study {decision.study}", message, f"run {decision.study} again"))


def _replace_references(node: dict[str, Any], weights: Callable[[WeightsReference], str]) -> bool:
    """Replace every `study:…` in nested values; True when there was one."""
    found = False
    for key, value in node.items():
        if isinstance(value, dict):
            found |= _replace_references(value, weights)
        elif is_reference(value):
            node[key] = weights(parse(value))
            found = True
    return found


def _replace_root(values: dict[str, Any], roots: Mapping[str, str]) -> bool:
    """Let `data.root` be the path that book.yaml gives for its name; True when it gives one."""
    data = values.get("data")
    if not isinstance(data, dict) or data.get("root") not in roots:
        return False
    data["root"] = roots[data["root"]]
    return True
