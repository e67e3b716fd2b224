"""Which runs a study declares: configurations × cases × replicates, counted and named.

Every declared point ends in exactly one of three places: excluded by a constraint, equivalent to a point
before it, or a configuration of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tunebook.errors import Problem, StudyError
from tunebook.records import Case, Configuration, Excluded, Scalar, canonical_json
from tunebook.spec.canonical import Resolved, configuration, number_by_value, overlaid, resolve
from tunebook.spec.completing import complete
from tunebook.spec.expressions import Undefined
from tunebook.spec.faults import At, Faults, dotted, text_of
from tunebook.spec.fields import FieldIndex, Value, fields_of, nested, value_at
from tunebook.spec.folding import FOLDS, folds_of, with_folds
from tunebook.spec.names import shortest
from tunebook.spec.programs import Program
from tunebook.spec.space import Point
from tunebook.spec.study import Study
from tunebook.spec.workload import Workload

MOST_POINTS = 100_000
DATA = "data"

__all__ = ["Cell", "Counts", "Plan", "Planned", "cells", "configuration", "plan", "scalars"]


@dataclass(frozen=True)
class Planned:
    """One distinct configuration of a study.

    Args:
        configuration: Without its case.
        parameters: Varied parameter (dotted path) -> value; one that cannot matter here is absent. A list
            stands as its text.
        alternative: Label of its alternative; empty when the space has none.
        label: `alpha=4 rank=4`: the values that single it out, with the alternative before them.
    """

    configuration: Configuration
    parameters: Mapping[str, Scalar]
    alternative: str
    label: str


@dataclass(frozen=True)
class Cell:
    """One run to be: a configuration in a case under a replicate.

    Args:
        planned: The row it belongs to.
        configuration: With the case merged in: what the run is given.
        replicate: Factor -> number; factors that cannot matter are left out.
    """

    planned: Planned
    case: Case
    configuration: Configuration
    replicate: Mapping[str, int]


@dataclass(frozen=True)
class Counts:
    """What `check` says first; declared = excluded + equivalent + distinct.

    Args:
        excluded: Constraint -> points that it excludes; a point counts for the first constraint it breaks.
        applied: Constraint -> declared points in which every parameter of it exists and is a number.
        equivalent: Points that equal one before them because a parameter cannot matter.
        runs: Distinct configurations × cases × replicates, each run once.
    """

    declared: int
    excluded: Mapping[str, int]
    applied: Mapping[str, int]
    equivalent: int
    distinct: int
    runs: int


@dataclass(frozen=True)
class Plan:
    """Everything a study declares to run.

    Args:
        study: Completed.
        parameters: The varied parameters, in the order of declaration.
        runs: Replicate by replicate: all configurations × cases at the first seed, then at the second. A run
            that no seed can change comes once, in the first round.
        equivalents: Configuration id -> the declared points that it stands for, where there are several.
        dropped: Alternative ("" when there is none) -> fields that base sets and that cannot matter there.
        overridden: Alternative -> fields that base sets and that its study's decision replaces.
    """

    study: Study
    configurations: tuple[Planned, ...]
    cases: tuple[Case, ...]
    replicates: tuple[Mapping[str, int], ...]
    runs: tuple[Cell, ...]
    parameters: tuple[str, ...]
    excluded: tuple[Excluded, ...]
    counts: Counts
    equivalents: Mapping[str, tuple[Mapping[str, Scalar], ...]]
    dropped: Mapping[str, tuple[str, ...]]
    overridden: Mapping[str, tuple[str, ...]]


def plan(
    study: Study,
    workload: Workload,
    *,
    references: Mapping[str, Mapping[str, Any]] | None = None,
    left_open: Mapping[str, Sequence[str]] | None = None,
    points: Iterable[Point] | None = None,
) -> Plan:
    """Lay out a study.

    Args:
        references: Study -> nested values of its decision, for every name in `study.decisions`.
        left_open: Study -> fields that its decision does not hold, because it was made over several values of them.
        points: What the search proposes; None: every declared point.

    Raises:
        StudyError: when a decision is missing, a point has no meaning for the task or lacks what a decision leaves
            open, or nothing is left to run.
    """
    study = complete(study, workload)
    _check_plannable(study, references or {})
    study = _on_decided_folds(study, references or {})
    draft = _Draft(study, workload, references or {}, left_open or {})
    for point in study.space.points() if points is None else points:
        draft.add(point)
    draft.check()
    rows = tuple(draft.rows())
    runs = tuple(cells(study, rows))
    return Plan(
        study=study,
        configurations=tuple(planned for planned, _ in rows),
        cases=study.cases,
        replicates=study.replicates,
        runs=runs,
        parameters=draft.varied,
        excluded=tuple(draft.excluded()),
        counts=Counts(
            declared=study.space.count(),
            excluded=dict(draft.excluded_by),
            applied=dict(draft.applied),
            equivalent=sum(len(points) for points in draft.folded.values()),
            distinct=len(rows),
            runs=_distinct(runs),
        ),
        equivalents={
            kept.resolved.configuration.id: tuple(scalars(point.values) for point in (kept.point, *draft.folded[key]))
            for key, kept in draft.kept.items()
            if draft.folded[key]
        },
        dropped={label: fields for label, fields in draft.dropped().items() if fields},
        overridden=dict(draft.overridden),
    )


# Points to configurations ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kept:
    """A point that is run: without its case, and under each case of the study in order."""

    point: Point
    resolved: Resolved
    under: tuple[Resolved, ...]


@dataclass
class _Draft:
    """The points of a study as they are sorted into kept, folded and excluded."""

    study: Study
    workload: Workload
    references: Mapping[str, Mapping[str, Any]]
    left_open: Mapping[str, Sequence[str]]
    kept: dict[str, _Kept] = field(default_factory=dict)
    folded: dict[str, list[Point]] = field(default_factory=dict)
    out: list[tuple[Point, str]] = field(default_factory=list)
    excluded_by: dict[str, int] = field(default_factory=dict)
    applied: dict[str, int] = field(default_factory=dict)
    overridden: dict[str, tuple[str, ...]] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    idle: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    unfit: dict[tuple[At, str], list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.index: FieldIndex = fields_of(self.workload.Config)
        self.own = dict(_flat(self.index, {key: value for key, value in self.study.base.items() if key != "from"}))
        source = self.study.base.get("from")
        self.base = overlaid(self.references[source] if source else {}, nested(self.own))
        self.varied = _varied(self.study)
        self.short = shortest({parameter.name for parameter in self.study.space.parameters()})
        self.excluded_by = {entry.text: 0 for entry in self.study.where}
        self.applied = dict(self.excluded_by)

    def add(self, point: Point) -> None:
        own = Faults()
        values = self._values(point)
        resolved = resolve(self.workload, values, own)
        reason = self._broken(point, values, resolved)
        if reason is not None:
            self.out.append((point, reason))
            return
        if resolved is not None:
            self._check_folds(resolved)
            self._check_left_open(point, resolved)
            under = [self._under(case, values, resolved, own) for case in self.study.cases]
            self._keep(_Kept(point, resolved, tuple(found for found in under if found is not None)))
        for fault in own.found:
            self.unfit.setdefault((fault.at, fault.message), []).append(self._label(point, point.values))

    def _under(self, case: Case, values: Mapping[str, Any], resolved: Resolved, faults: Faults) -> Resolved | None:
        """A point under a case: defaults that depend on a value of the case are its own."""
        if not case.values:
            return resolved
        return resolve(self.workload, overlaid(values, nested(case.values)), faults)

    def _check_folds(self, resolved: Resolved) -> None:
        """What is parted otherwise than the replicates say would repeat one fold, or lack some."""
        if FOLDS in self.index.leaves and not isinstance(self.study.task, Program):
            found, wanted = value_at(resolved.configuration.values, FOLDS), folds_of(self.study.replicates)
            if found != wanted:
                message = f"must be those of the replicates, {wanted or 'none'}, at every point; got {found or 'none'}"
                self.faults.add(tuple(FOLDS.split(".")), message, "give data.folds in base alone")

    def _check_left_open(self, point: Point, resolved: Resolved) -> None:
        """Where a decision says nothing, a default would stand for what nobody chose."""
        opened = {
            path: source
            for source in filter(None, (self.study.base.get("from"), *point.sources))
            for path in self.left_open.get(source, ())
            if source not in point.sources or not self._is_own_data(path.split(".")[0])
        }
        given = {path for path, _ in _flat(self.index, self._given(point))} if opened else set()
        for path, source in opened.items():
            crossed = all(path in case.values for case in self.study.cases)
            if path not in given and not crossed and resolved.matters(path):
                message = f"must be given; got none, and {source} was decided over several values of it"
                where = "base, the alternative or across" if point.labels else "base, space or across"
                self.faults.add(tuple(path.split(".")), message, f"name what it is here under {where}")

    def _values(self, point: Point) -> dict[str, Any]:
        """Nested values of a point; where it says nothing, those of the first case."""
        return overlaid(nested(self.study.cases[0].values), self._given(point))

    def _given(self, point: Point) -> dict[str, Any]:
        """Nested values of a point: base, decision, the point itself."""
        values: dict[str, Any] = self.base
        for source in point.sources:
            decided = {key: value for key, value in self.references[source].items() if not self._is_own_data(key)}
            replaced = dict(_flat(self.index, decided))
            differing = tuple(path for path, value in self.own.items() if replaced.get(path, value) != value)
            if differing:
                self.overridden[point.alternative] = differing
            values = overlaid(values, decided)
        return overlaid(values, nested(point.values))

    def _is_own_data(self, key: str) -> bool:
        return key == DATA and bool(set(self.study.base.get(DATA, ())) - {FOLDS.removeprefix(f"{DATA}.")})

    def _broken(self, point: Point, values: Mapping[str, Any], resolved: Resolved | None) -> str | None:
        """The first constraint that the point breaks; every constraint is counted where it applies."""
        known = dict(_flat(self.index, values)) if resolved is None else dict(_mattering(resolved, self.index))
        broken = None
        for entry in self.study.where:
            try:
                holds = entry.holds(known)
            except Undefined as error:
                place = entry.at or ("where",)
                where = self._label(point, point.values)
                self.faults.add(place, f"must have a value at every point; got {entry.text}: {error} at {where}")
                continue
            self.applied[entry.text] += holds is not None
            if holds is False and broken is None:
                broken = entry.text
        if broken is not None:
            self.excluded_by[broken] += 1
        return broken

    def _keep(self, found: _Kept) -> None:
        point, resolved = found.point, found.resolved
        idle = frozenset(path for path in self.own if not resolved.matters(path) and path not in point.values)
        self.idle.setdefault(point.alternative, []).append(idle)
        key = canonical_json(resolved.configuration.effective)
        if key not in self.kept:
            self.kept[key] = found
            self.folded[key] = []
            return
        self.folded[key].append(point)
        first = self.kept[key]
        labels = f"{self._label(first.point, first.point.values)} and {self._label(point, point.values)}"
        if _paths(first.resolved, self.index) != _paths(resolved, self.index):
            self.faults.add(("space",), f"must not hold points that differ only in a path; got {labels}", "use across")
        elif [one.configuration.effective for one in first.under] != [
            one.configuration.effective for one in found.under
        ]:
            message = (
                f"must not decide whether a tuned parameter matters; got {labels}, equal in base and not in a case"
            )
            self.faults.add(("across",), message, "vary in space what switches a parameter on")

    def check(self) -> None:
        for (at, message), labels in self.unfit.items():
            more = f" and {len(labels) - 1} more points" if len(labels) > 1 else ""
            self.faults.add(at, f"{message} (at {labels[0]}{more})")
        if self.faults:
            place = f"study {self.study.study}"
            raise StudyError(
                *(Problem(place, f"{dotted(fault.at)} {fault.message}", fault.hint) for fault in self.faults.found)
            )
        if not self.kept:
            hint = "loosen a constraint: " + "; ".join(f"{text} excludes {n}" for text, n in self.excluded_by.items())
            raise StudyError(Problem(f"study {self.study.study}", "where must leave a point to run; got none", hint))

    def rows(self) -> Iterator[tuple[Planned, tuple[Resolved, ...]]]:
        """Every distinct configuration in the order of declaration, and what it is under each case."""
        for kept in self.kept.values():
            point, resolved = kept.point, kept.resolved
            mattering = {path: value for path, value in point.values.items() if resolved.matters(path)}
            varied = scalars({path: value for path, value in mattering.items() if path in self.varied})
            label = self._label(point, mattering)
            yield Planned(resolved.configuration, varied, point.alternative, label), kept.under

    def excluded(self) -> Iterator[Excluded]:
        for point, reason in self.out:
            inside = {path: value for path, value in point.values.items() if path in self.varied}
            yield Excluded(scalars(inside), point.alternative, reason)

    def dropped(self) -> dict[str, tuple[str, ...]]:
        """Fields that base sets and that matter in no point of an alternative."""
        everywhere = {label: frozenset.intersection(*sets) for label, sets in self.idle.items()}
        return {label: tuple(path for path in self.own if path in paths) for label, paths in everywhere.items()}

    def _label(self, point: Point, values: Mapping[str, Value]) -> str:
        """The alternative and the values that single a point out; all its values when nothing else does."""
        names = point.free if point.free or point.alternative else tuple(point.values)
        named = [f"{self.short[path]}={text_of(values[path])}" for path in names if path in values]
        return " ".join([*filter(None, [point.alternative]), *named]) or "base"


def cells(study: Study, rows: Sequence[tuple[Planned, tuple[Resolved, ...]]]) -> Iterator[Cell]:
    """Replicate by replicate, row by row, case by case; what no replicate can change comes in the first round."""
    seen: set[str] = set()
    for replicate in study.replicates:
        for planned, under in rows:
            for case, found in zip(study.cases, under, strict=True):
                mattering = {factor: number for factor, number in replicate.items() if found.matters(factor)}
                key = canonical_json([planned.configuration.id, case.values, mattering])
                if key not in seen:
                    seen.add(key)
                    yield Cell(planned, case, found.configuration, mattering)


def _distinct(runs: Sequence[Cell]) -> int:
    """Two rows may hold one run where a case makes their difference one that cannot matter."""
    return len({canonical_json([cell.configuration.effective, cell.case.values, cell.replicate]) for cell in runs})


def _on_decided_folds(study: Study, references: Mapping[str, Mapping[str, Any]]) -> Study:
    """The study on the folds of the decision that its base starts from, where it says nothing of folds itself."""
    source = study.base.get("from")
    decided = value_at(references[source], FOLDS) if source else None
    silent = FOLDS.split(".")[1] not in study.base.get(DATA, {}) and folds_of(study.replicates) is None
    return with_folds(study, decided) if silent and isinstance(decided, int) else study


def _check_plannable(study: Study, references: Mapping[str, Mapping[str, Any]]) -> None:
    place = f"study {study.study}"
    problems = [
        Problem(place, f"must start from a study that is decided; got {name}, which is not", f"run {name} first")
        for name in study.decisions
        if name not in references
    ]
    if study.space.count() > MOST_POINTS:
        got = f"got {study.space.count()}"
        problems.append(Problem(place, f"space must declare at most {MOST_POINTS} points under grid; {got}"))
    if problems:
        raise StudyError(*problems)


# Small things ---------------------------------------------------------------------------------------------


def _varied(study: Study) -> tuple[str, ...]:
    """Parameters that take more than one value anywhere in the space, in the order of declaration."""
    choices: dict[str, set[str]] = {}
    for parameter in study.space.parameters():
        choices.setdefault(parameter.name, set()).update(map(canonical_json, parameter.choices))
    return tuple(name for name, values in choices.items() if len(values) > 1)


def _flat(index: FieldIndex, values: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    return ((path, value) for path, value, _ in index.walk(values, (), Faults()))


def _mattering(resolved: Resolved, index: FieldIndex) -> Iterator[tuple[str, Value]]:
    flat = _flat(index, resolved.configuration.values)
    return ((path, value) for path, value in flat if resolved.matters(path))


def _paths(resolved: Resolved, index: FieldIndex) -> dict[str, Value]:
    flat = _mattering(resolved, index)
    return {path: value for path, value in flat if index.leaves[path].identity == "path"}


def scalars(values: Mapping[str, Value]) -> dict[str, Scalar]:
    """As a page shows them: 4.0 is 4, a list is its text."""
    return {
        path: text_of(value) if isinstance(value, (list, dict)) else number_by_value(value)
        for path, value in values.items()
    }
