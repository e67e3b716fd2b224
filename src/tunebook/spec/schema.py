"""The JSON Schema (draft 2020-12) of a study file, for editors; made from the models that check the file."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from tunebook.records import COSTS
from tunebook.spec.fields import FieldIndex, Leaf, fields_of
from tunebook.spec.judging import ARGUMENTS, RULES, WAYS, Confirm, Noise, Refine, Select
from tunebook.spec.names import shortest
from tunebook.spec.parts import Part
from tunebook.spec.programs import METRIC, MetricPart, ProgramPart
from tunebook.spec.references import NAME
from tunebook.spec.study import EVERYTHING, Keep, Limit, Report, Study
from tunebook.spec.workload import Workload

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TUNED = ("value", "shorthand")
"""Identities of the fields that a space may hold."""
FUNCTION_PATTERN = r"[^:]+\.py:[A-Za-z_]\w*"
Schema = dict[str, Any]


def json_schema(workload: Workload) -> Schema:
    """What an editor needs to complete and check a study file of this task."""
    index = fields_of(workload.Config)
    definitions: dict[str, Schema] = {}
    for leaf in index.leaves.values():
        _define(leaf, definitions)
    metrics = list(workload.metrics)
    report = _model(Report)
    report["properties"]["metrics"]["items"] = {"enum": metrics}
    properties: dict[str, Schema] = {
        "study": {"type": "string", "pattern": f"^{NAME}$"},
        "question": {"type": "string"},
        "task": {"const": workload.name},
        "base": _base(index),
        "space": {"$ref": "#/$defs/space"},
        "where": {"type": "array", "items": {"type": "string"}},
        "across": {"type": "array", "items": _across(index)},
        "replicates": _replicates(),
        "search": {"const": "grid"},
        "confirm": {"anyOf": [_model(Confirm), {"type": "null"}]},
        "control": {"type": "boolean"},
        "baselines": {"type": "boolean"},
        "noise": {"anyOf": [_noise(), {"type": "null"}]},
        "refine": {"anyOf": [{"type": "string", "pattern": f"^{NAME}$"}, _refine(index)]},
        "select": _select(metrics, index),
        "report": report,
        "limit": {"anyOf": [_model(Limit), {"type": "null"}]},
        "keep": {"anyOf": [_model(Keep), {"const": EVERYTHING}]},
        "device": {"type": "string", "pattern": _pattern_of("device")},
    }
    for name, schema in properties.items():
        schema["description"] = Study.model_fields[name].description
    definitions["space"] = _space(index)
    definitions["alternatives"] = _alternatives()
    return {
        "$schema": DIALECT,
        "title": f"A study of {workload.name}",
        "type": "object",
        "properties": properties,
        "required": ["task"],
        "oneOf": [{"required": ["base", "space"]}, {"required": ["refine"]}],
        "additionalProperties": False,
        "$defs": definitions,
    }


def program_schema() -> Schema:
    """The same for own programs: parameters and metrics are what the file says."""
    scalar: Schema = {"type": ["boolean", "number", "string", "null"]}
    name: Schema = {"type": "string", "pattern": f"^{METRIC.pattern}$"}
    metric, task = _model(MetricPart), _model(ProgramPart)
    metric["properties"]["direction"] = {"enum": ["maximize", "minimize"]}
    report, noise, refine = _model(Report), _noise(), _model(Refine)
    choices = {"anyOf": [{"type": "array", "minItems": 1}, _range(), scalar, _one_of()]}
    select = {key: {"description": Select.model_fields[key].description} for key in Select.model_fields}
    select = {key: entry for key, entry in select.items() if key not in ("argument",)}
    properties: dict[str, Schema] = {
        "study": {"type": "string", "pattern": f"^{NAME}$"},
        "question": {"type": "string"},
        "task": {"anyOf": [{"type": "string", "pattern": f"^{FUNCTION_PATTERN}$"}, task]},
        "metrics": {
            "type": "object",
            "propertyNames": name,
            "minProperties": 1,
            "additionalProperties": {"anyOf": [metric["properties"]["direction"], metric]},
        },
        "base": {"type": "object"},
        "space": {"$ref": "#/$defs/space"},
        "where": {"type": "array", "items": {"type": "string"}},
        "across": {"type": "array", "items": {"type": "object", "minProperties": 1}},
        "replicates": _replicates(),
        "search": {"const": "grid"},
        "confirm": {"anyOf": [_model(Confirm), {"type": "null"}]},
        "control": {"type": "boolean"},
        "baselines": {"type": "boolean"},
        "noise": {"anyOf": [noise, {"type": "null"}]},
        "refine": {"anyOf": [{"type": "string", "pattern": f"^{NAME}$"}, refine]},
        "select": {"type": "object", "properties": select, "additionalProperties": False},
        "report": report,
        "limit": {"anyOf": [_model(Limit), {"type": "null"}]},
        "keep": {"anyOf": [_model(Keep), {"const": EVERYTHING}]},
        "device": {"type": "string", "pattern": _pattern_of("device")},
    }
    for key, schema in properties.items():
        schema["description"] = Study.model_fields[key].description
    return {
        "$schema": DIALECT,
        "title": "A study of an own program",
        "type": "object",
        "properties": properties,
        "required": ["task", "metrics"],
        "oneOf": [{"required": ["space"]}, {"required": ["refine"]}],
        "additionalProperties": False,
        "$defs": {
            "space": {"type": "object", "minProperties": 1, "additionalProperties": choices},
            "alternatives": _alternatives(),
        },
    }


# Parts ----------------------------------------------------------------------------------------------------


def _define(leaf: Leaf, definitions: dict[str, Schema]) -> None:
    schema = leaf.adapter.json_schema(ref_template="#/$defs/{model}")
    definitions.update(schema.pop("$defs", {}))
    if leaf.info.description:
        schema["description"] = leaf.info.description
    if not leaf.info.is_required() and leaf.info.default_factory is None:
        schema["default"] = TypeAdapter(Any).dump_python(leaf.info.default, mode="json")
    definitions[leaf.path] = schema


def _base(index: FieldIndex) -> Schema:
    schema = _group("", index)
    schema["properties"] |= {name: _ref(path) for name, path in _short(index).items()}
    for name, path in _also(index).items():
        group = schema["properties"].get(name)
        schema["properties"][name] = _ref(path) if group is None else {"anyOf": [group, _ref(path)]}
    schema["properties"]["from"] = {"type": "string", "pattern": f"^{NAME}$"}
    if "data" in index.groups:
        short = {**_short(index), **_also(index)}
        in_short = [{"required": [name]} for name, path in short.items() if path.startswith("data.")]
        schema["anyOf"] = [{"required": ["data"]}, {"required": ["from"]}, *in_short]
    return schema


def _group(prefix: str, index: FieldIndex) -> Schema:
    names = {path[len(prefix) :].split(".")[0] for path in index.leaves if path.startswith(prefix)}
    ordered = sorted(names, key=lambda name: list(index.leaves).index(_first(f"{prefix}{name}", index)))
    return {
        "type": "object",
        "properties": {
            name: _ref(f"{prefix}{name}") if f"{prefix}{name}" in index.leaves else _group(f"{prefix}{name}.", index)
            for name in ordered
        },
        "additionalProperties": False,
    }


def _first(path: str, index: FieldIndex) -> str:
    return next(leaf for leaf in index.leaves if leaf == path or leaf.startswith(f"{path}."))


def _space(index: FieldIndex) -> Schema:
    tuned = {name: path for name, path in _names(index).items() if _tuned(path, index)}
    properties: dict[str, Schema] = {name: _choices(path, index) for name, path in tuned.items()}
    properties["one_of"] = {"$ref": "#/$defs/alternatives"}
    return {
        "type": "object",
        "properties": properties,
        "minProperties": 1,
        "additionalProperties": _one_of(),
    }


def _choices(path: str, index: FieldIndex) -> Schema:
    value = _ref(path)
    forms: list[Schema] = [{"type": "array", "items": value, "minItems": 1}, _range()]
    if not index.leaves[path].holds_list:
        forms.append(value)
    return {"anyOf": [*forms, _one_of()]}


def _one_of() -> Schema:
    return {
        "type": "object",
        "properties": {"one_of": {"$ref": "#/$defs/alternatives"}},
        "required": ["one_of"],
        "additionalProperties": False,
    }


def _alternatives() -> Schema:
    """Labels to sub-spaces; a sub-space may be empty or start from a study's decision."""
    source = {"type": "object", "properties": {"from": {"type": "string"}}, "required": ["from"]}
    empty = {"type": "object", "maxProperties": 0}
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"anyOf": [{"$ref": "#/$defs/space"}, source, empty]},
    }


def _range() -> Schema:
    return {
        "type": "object",
        "properties": {
            "low": {"type": "number"},
            "high": {"type": "number"},
            "step": {"type": "number", "exclusiveMinimum": 0},
            "points": {"type": "integer", "minimum": 2},
            "log": {"type": "boolean"},
        },
        "required": ["low", "high"],
        "oneOf": [{"required": ["step"]}, {"required": ["points"]}],
        "additionalProperties": False,
    }


def _across(index: FieldIndex) -> Schema:
    crossed = {name: path for name, path in _names(index).items() if index.leaves[path].identity != "scoring"}
    properties = {
        name: {"anyOf": [_ref(path), {"type": "array", "items": _ref(path), "minItems": 1}]}
        for name, path in crossed.items()
    }
    return {"type": "object", "properties": properties, "minProperties": 1, "additionalProperties": False}


def _replicates() -> Schema:
    seeds: Schema = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "uniqueItems": True}
    counted = {"anyOf": [{"type": "integer", "minimum": 1}, seeds]}
    keyed: Schema = {
        "type": "object",
        "properties": {"seed": counted, "fold": {"type": "integer", "minimum": 2}},
        "minProperties": 1,
        "additionalProperties": False,
    }
    return {"anyOf": [keyed, seeds]}


def _select(metrics: Sequence[str], index: FieldIndex) -> Schema:
    metric: Schema = {"enum": list(metrics)}
    measured: Schema = {"enum": [*metrics, *COSTS]}
    weights = {"type": "object", "propertyNames": metric, "minProperties": 1}
    arguments: dict[str, Schema] = {
        "lower-bound": {"type": "number", "minimum": 0},
        "pareto": {"type": "array", "items": measured, "minItems": 2, "uniqueItems": True},
        "weights": {**weights, "additionalProperties": {"type": "number", "exclusiveMinimum": 0}},
    }
    with_argument = [
        {"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": False}
        for name, schema in arguments.items()
    ]
    alone = [rule for rule in RULES if rule not in ARGUMENTS or ARGUMENTS[rule][2] is not None]
    simpler = {"enum": [*COSTS, *(name for name, path in _names(index).items() if _tuned(path, index))]}
    forms: dict[str, Schema] = {
        "metric": metric,
        "split": {"type": "string", "minLength": 1, "default": Select.model_fields["split"].default},
        "rule": {"anyOf": [{"enum": alone}, *with_argument]},
        "prefer": {"type": "array", "items": {"anyOf": [simpler, _one_way(simpler)]}, "uniqueItems": True},
        "require": {"type": "array", "items": {"type": "string"}},
    }
    properties = {name: {**form, "description": Select.model_fields[name].description} for name, form in forms.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _one_way(names: Schema) -> Schema:
    ways = {"enum": list(WAYS)}
    return {
        "type": "object", "propertyNames": names, "additionalProperties": ways, "minProperties": 1, "maxProperties": 1,
    }  # fmt: skip


def _noise() -> Schema:
    """Seeds, repeats or both; null is none."""
    schema = _model(Noise)
    given = [{"required": [name], "properties": {name: {"type": "integer"}}} for name in Noise.model_fields]
    return {**schema, "anyOf": given}


def _refine(index: FieldIndex) -> Schema:
    schema = _model(Refine)
    only = schema["properties"]["only"]
    only |= {"items": {"enum": [name for name, path in _names(index).items() if _tuned(path, index)]}}
    only["uniqueItems"] = True
    return schema


def _tuned(path: str, index: FieldIndex) -> bool:
    return index.leaves[path].identity in TUNED


def _model(model: type[Part]) -> Schema:
    schema = model.model_json_schema()
    schema.pop("title", None)
    return schema


def _pattern_of(name: str) -> str:
    return next(str(rule.pattern) for rule in Study.model_fields[name].metadata if hasattr(rule, "pattern"))


def _names(index: FieldIndex) -> Mapping[str, str]:
    """Every name that a parameter may be given by -> its path: the path, its shortest unique ending, other tools'."""
    return {**{path: path for path in index.leaves}, **_short(index), **_also(index)}


def _also(index: FieldIndex) -> dict[str, str]:
    return {spelled: path for name, path in index.also.items() for spelled in (name, name.replace("_", "-"))}


def _short(index: FieldIndex) -> dict[str, str]:
    return {short: path for path, short in shortest(index.leaves).items() if short not in index.groups}


def _ref(path: str) -> Schema:
    return {"$ref": f"#/$defs/{path}"}
