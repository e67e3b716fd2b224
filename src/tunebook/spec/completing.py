"""A study joined with its task: full names, every value checked against its field, every default filled in."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tunebook.errors import StudyError
from tunebook.records import COSTS, Scalar, canonical_json
from tunebook.spec.cases import CaseGroup
from tunebook.spec.expressions import Expression
from tunebook.spec.faults import At, Faults, shown
from tunebook.spec.fields import FieldIndex, Value, fields_of, nested
from tunebook.spec.folding import complete_folds
from tunebook.spec.judging import Refine, Select
from tunebook.spec.names import listed, suggestion
from tunebook.spec.space import OneOf, Parameter, Space
from tunebook.spec.study import Report, Study
from tunebook.spec.workload import Workload


def complete(study: Study, workload: Workload) -> Study:
    """The study with full names, values as its fields have them, and no default left open.

    Raises:
        StudyError: with every mistake that the task's fields and metrics show.
    """
    faults = Faults()
    completed = complete_parts(study, workload, faults)
    if faults:
        raise StudyError(*faults.problems())
    return completed


def complete_parts(study: Study, workload: Workload, faults: Faults) -> Study:
    """The same; mistakes become faults and what is right is completed."""
    index = fields_of(workload.Config)
    base = _base(study.base, index, faults)
    space = _space(study.space, index, faults)
    tuned = frozenset(parameter.name for parameter in space.parameters())
    across = tuple(_case_group(group, tuned, index, faults) for group in study.across)
    crossed = frozenset(path for group in across for path in group.fields)
    _check_cases(across, faults)
    _check_given(study, base, tuned | crossed, index, faults)
    _check_shorthands(base, space, across, index, faults)
    select = _select(study.select, None if study.refine else space, index, workload, faults)
    study = complete_folds(study.model_copy(update={"space": space, "across": across}), base, index, faults)
    return study.model_copy(
        update={
            "space": space,
            "across": across,
            "where": tuple(_constraint(entry, crossed, index, faults) for entry in study.where),
            "refine": _refine(study.refine, index, faults),
            "select": select,
            "report": _report(study.report, select, workload, faults),
        }
    )


# Values ---------------------------------------------------------------------------------------------------


def _base(base: Mapping[str, Any], index: FieldIndex, faults: Faults) -> dict[str, Any]:
    flat: dict[str, Value] = {}
    rest = {key: value for key, value in base.items() if key != "from"}
    for path, value, at in index.walk(rest, ("base",), faults):
        if path in flat:
            faults.add(at, f"must be given once; got {path} twice in base", "remove one of the two")
        flat[path] = index.check(path, value, at, faults)
    source = {"from": base["from"]} if "from" in base else {}
    return {**source, **nested(flat)}


def _space(space: Space, index: FieldIndex, faults: Faults) -> Space:
    def change(parameter: Parameter) -> Parameter | None:
        path = index.resolve(parameter.name, parameter.at, faults)
        if path is None:
            return None
        _check_identity(path, parameter, index, faults)
        return replace(parameter, name=path, choices=_choices(parameter, path, index, faults))

    completed = space.mapped(change)
    _check_once(completed, faults)
    return completed


def _choices(parameter: Parameter, path: str, index: FieldIndex, faults: Faults) -> tuple[Value, ...]:
    found: dict[str, Value] = {}
    own = Faults()
    for choice in parameter.choices:
        known = len(own.found)
        value = index.check(path, choice, parameter.at, own)
        if len(own.found) > known:
            continue
        key = canonical_json(value)
        if key in found:
            own.add(parameter.at, f"must list each choice once; got {shown(value)} twice")
        found[key] = value
    if own and index.leaves[path].holds_list and not any(isinstance(choice, list) for choice in parameter.choices):
        written = shown(list(parameter.choices))
        faults.add(parameter.at, f"must be choices that are lists; got {written}", f"one fixed list is [{written}]")
    else:
        faults.found.extend(own.found)
    return tuple(found.values())


def _case_group(group: CaseGroup, tuned: frozenset[str], index: FieldIndex, faults: Faults) -> CaseGroup:
    fields: dict[str, tuple[Scalar, ...]] = {}
    for name, values in group.fields.items():
        at = (*group.at, name)
        path = index.resolve(name, at, faults)
        if path is None:
            continue
        if path in tuned:
            hint = "tune it in space, or compare it in across"
            faults.add(at, f"must be in across or in space; got {path} in both", hint)
        if index.leaves[path].identity == "scoring":
            faults.add(at, f"must be a field that changes what is trained; got {path}, a setting of the scoring")
        if path in fields:
            faults.add(at, f"must be given once; got {path} twice in one mapping")
        fields[path] = tuple(index.check(path, value, at, faults) for value in values)
    return CaseGroup(fields, group.at)


def _constraint(entry: Expression, crossed: frozenset[str], index: FieldIndex, faults: Faults) -> Expression:
    at = entry.at or ("where",)
    full = {name: path for name in entry.names if (path := index.resolve(name, at, faults)) is not None}
    for path in full.values():
        if path in crossed:
            hint = "leave the pair out of across"
            faults.add(at, f"must compare parameters; got {path}, which across varies", hint)
    return replace(entry, full=full)


# Checks that join parts -----------------------------------------------------------------------------------


def _check_identity(path: str, parameter: Parameter, index: FieldIndex, faults: Faults) -> None:
    """A configuration is not identified by paths: an alternative may set one, choices of one are cases."""
    identity = index.leaves[path].identity
    if identity == "path" and len(parameter.choices) > 1:
        got = f"got choices of {path}, which says where something lies"
        faults.add(parameter.at, f"must be a hyperparameter; {got}", f"vary it under across: - {{{path}: […]}}")
    elif identity == "scoring":
        got = f"got {path}, which changes how predictions are scored"
        faults.add(
            parameter.at, f"must change what is trained; {got}", "set it in base; scoring again retrains nothing"
        )


def _check_once(space: Space, faults: Faults) -> None:
    """No point may get one parameter from two entries; the alternatives of one group may share names."""
    seen: set[str] = set()
    for entry in space.entries:
        inside = [entry] if isinstance(entry, Parameter) else list(Space((entry,)).parameters())
        for parameter in inside:
            if parameter.name in seen:
                faults.add(parameter.at, f"must be given once; got {parameter.name} in another part of space too")
        seen.update(parameter.name for parameter in inside)
        if isinstance(entry, OneOf):
            for alternative in entry.alternatives:
                _check_once(alternative.space, faults)


def _check_cases(across: tuple[CaseGroup, ...], faults: Faults) -> None:
    if any(fault.at[:1] == ("across",) for fault in faults.found):
        return
    seen: set[str] = set()
    for group in across:
        for case in group.cases():
            key = canonical_json(case.values)
            if key in seen:
                faults.add(group.at or ("across",), f"must name each case once; got {case.label} twice")
            seen.add(key)


def _check_given(
    study: Study, base: Mapping[str, Any], elsewhere: frozenset[str], index: FieldIndex, faults: Faults
) -> None:
    """Every field without a default must be given somewhere, unless another study's decision may give it."""
    if study.decisions or "base" not in study.model_fields_set:
        return
    given = elsewhere | {path for path, _, _ in index.walk(base, (), Faults())}
    if "data" in index.groups and "data" not in study.base and not any(path.startswith("data.") for path in given):
        faults.add(("base",), "must have data; got a base without it", "data: {root: …}")
        return
    for path in index.missing(given):
        at = ("base", *path.split(".")[:-1])
        if not any(fault.at[: len(at)] == at and len(fault.at) > len(at) for fault in faults.found):
            faults.add(at, f"must have {path.rsplit('.', 1)[-1]}, which has no default; got none")


def _check_shorthands(
    base: Mapping[str, Any], space: Space, across: tuple[CaseGroup, ...], index: FieldIndex, faults: Faults
) -> None:
    """A decision gives every value, so over one a shorthand would stand for none."""
    given: list[tuple[str, At]] = [(parameter.name, parameter.at) for parameter in _over_decisions(space, base=base)]
    if "from" in base:
        flat = index.walk({key: value for key, value in base.items() if key != "from"}, ("base",), Faults())
        given += [(path, at) for path, _, at in flat]
        given += [(path, (*group.at, path)) for group in across for path in group.fields]
    for path, at in given:
        if index.leaves[path].identity == "shorthand":
            message = f"must not stand over a decision, which gives every value; got {path}"
            faults.add(at, message, "name the values that are to differ")


def _over_decisions(space: Space, *, base: Mapping[str, Any]) -> Iterator[Parameter]:
    """The parameters whose points start from a study's decision."""
    for entry in space.entries:
        if "from" in base:
            yield from Space((entry,)).parameters()
        elif isinstance(entry, OneOf):
            for alternative in entry.alternatives:
                over = base if alternative.source is None else {"from": alternative.source}
                yield from _over_decisions(alternative.space, base=over)


def _refine(refine: Refine | None, index: FieldIndex, faults: Faults) -> Refine | None:
    """The same with full names."""
    if refine is None or not refine.only:
        return refine
    named = [index.resolve(name, ("refine", "only", i), faults) for i, name in enumerate(refine.only)]
    return refine.model_copy(update={"only": tuple(dict.fromkeys(path for path in named if path is not None))})


# Metrics --------------------------------------------------------------------------------------------------


def _select(select: Select, space: Space | None, index: FieldIndex, workload: Workload, faults: Faults) -> Select:
    """The same with full names; `space` is None where it is not known yet."""
    metrics = tuple(workload.metrics)
    if select.metric:
        _check_metric(select.metric, ("select", "metric"), metrics, faults)
    for i, entry in enumerate(select.require):
        for name in entry.names:
            _check_metric(name, entry.at or ("select", "require", i), metrics, faults, costs=True)
    if select.rule in {"pareto", "weights"}:
        for name in select.argument or ():
            _check_metric(name, ("select", "rule"), metrics, faults, costs=select.rule == "pareto")
    prefer = tuple(_preferences(select, space, index, faults))
    return select.model_copy(update={"metric": select.metric or metrics[0], "prefer": prefer})


def _preferences(select: Select, space: Space | None, index: FieldIndex, faults: Faults) -> Iterator[tuple[str, str]]:
    """What is simpler: costs, and parameters with numbers that the space tunes: only these differ."""
    tuned: dict[str, list[Value]] = {}
    for parameter in space.parameters() if space is not None else ():
        tuned.setdefault(parameter.name, []).extend(parameter.choices)
    seen: set[str] = set()
    for i, (name, way) in enumerate(select.prefer):
        at = ("select", "prefer", i)
        path = name if name in COSTS else _parameter_or_cost(name, at, index, faults)
        if path is None:
            continue
        if path in seen:
            faults.add(at, f"must be named once; got {path} again")
        elif path not in COSTS and space is not None and path not in tuned:
            known = listed((*COSTS, *sorted(tuned)), most=20)
            faults.add(at, f"must be a cost or a parameter that space tunes; got {path}", f"name one of {known}")
        elif path in tuned and not any(isinstance(choice, int | float) for choice in tuned[path]):
            faults.add(at, f"must be a parameter with numbers, to prefer low or high; got {path}")
        seen.add(path)
        yield path, way


def _parameter_or_cost(name: str, at: At, index: FieldIndex, faults: Faults) -> str | None:
    if name in index.groups or index.named(name):
        return index.resolve(name, at, faults)
    also = f"the costs are {listed(COSTS)}; the parameters are {listed(index.leaves, most=40)}"
    hint = suggestion(name, (*COSTS, *index.leaves), also=also)
    faults.add(at, f"must be a parameter of the task or a cost; got {name}", hint)
    return None


def _report(report: Report, select: Select, workload: Workload, faults: Faults) -> Report:
    metrics = tuple(workload.metrics)
    for i, name in enumerate(report.metrics):
        _check_metric(name, ("report", "metrics", i), metrics, faults)
    if report.metrics:
        return report
    ending = select.metric.rsplit(".", 1)[-1]
    if ending == select.metric:
        return report.model_copy(update={"metrics": (ending,)})
    return report.model_copy(update={"metrics": tuple(name for name in metrics if name.rsplit(".", 1)[-1] == ending)})


def _check_metric(name: str, at: At, metrics: tuple[str, ...], faults: Faults, *, costs: bool = False) -> None:
    known = (*metrics, *COSTS) if costs else metrics
    if name not in known:
        kind = "a metric of the task or a cost" if costs else "a metric of the task"
        also = f"the metrics are {listed(metrics, most=40)}" + (f"; the costs are {listed(COSTS)}" if costs else "")
        faults.add(at, f"must be {kind}; got {name}", suggestion(name, known, also=also))
