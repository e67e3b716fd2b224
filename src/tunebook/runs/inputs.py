"""From a configuration and a replicate to a run: what it reads is resolved, verified and fingerprinted.

data.root: cells      the folder that book.yaml names so, else a folder from the book
study:base            the weights of a run of that study's decision, as `run:ID@LENGTH`
images, labels        read once per content (`Task.verify`), hashed into the run's id
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tunebook import __version__
from tunebook.errors import InputError, Problem
from tunebook.fingerprints import Input, of_inputs
from tunebook.ledger.ledger import Ledger
from tunebook.records import Configuration, Decision, Run, digest
from tunebook.runs.shelf import NO_SEED, Shelf
from tunebook.runs.surveys import SOURCES
from tunebook.spec.canonical import configuration as canonical
from tunebook.spec.fields import fields_of, value_at
from tunebook.spec.folding import DATA_FOLD, FOLD, FOLDS
from tunebook.spec.references import WeightsReference, is_reference, parse
from tunebook.task import Task


@dataclass
class Inputs:
    """Makes runs of one study; what it has read once it remembers."""

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
        looked_at = [value_at(values, path) for path in self.task.verified]
        known = digest([__version__, self.task.name, self.task.version, data, *looked_at])
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
        folded = self._take_fold(values, replicate)
        if not _replace_root(values, self.shelf.roots) and not referred and not folded:
            return configuration
        return canonical(self.task, values)

    def _take_fold(self, values: Mapping[str, Any], replicate: Mapping[str, int]) -> bool:
        """Let a configuration with folds say which of them the run is on; True when it has any."""
        if FOLD not in replicate or value_at(values, FOLDS) is None or DATA_FOLD not in self._fields:
            return False
        values["data"][DATA_FOLD.removeprefix("data.")] = replicate[FOLD]
        return True

    @cached_property
    def _fields(self) -> frozenset[str]:
        return frozenset(fields_of(self.task.Config).leaves)

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


def with_roots(values: Mapping[str, Any], roots: Mapping[str, str]) -> dict[str, Any]:
    """The values of a configuration with the paths that book.yaml gives for the names of data."""
    found: dict[str, Any] = json.loads(json.dumps(values))
    _replace_root(found, roots)
    return found


def middle(decision: Decision, ledger: Ledger) -> str:
    """The run of a decision whose score is in the middle.

    Of an even number there are two in the middle, and scores may be equal: the lower seed then.
    """
    lengths = dict(ledger.runs_of(decision.study))
    scored = sorted((_score(decision, run, lengths[run], ledger), seed) for seed, run in decision.runs.items())
    middles = {scored[(len(scored) - 1) // 2][0], scored[len(scored) // 2][0]}
    return decision.runs[min(seed for score, seed in scored if score in middles)]


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
    """Let what says where data lie be the path that book.yaml gives for it; True when it gives one."""
    data = values.get("data")
    if not isinstance(data, dict):
        return False
    named = [key for key in SOURCES if data.get(key) in roots]
    for key in named:
        data[key] = roots[data[key]]
    return bool(named)
