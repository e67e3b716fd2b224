"""The hyperparameters of a task by dotted path, and whether a value fits one.

A value is checked field by field, so that a study file's mistakes are all found, each with its line.
Numbers are never taken from text and never from true or false; a whole float is a whole number.
"""

import json
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from tunebook.spec import references
from tunebook.spec.faults import At, Faults, shown
from tunebook.spec.names import listed, suggestion
from tunebook.spec.parameters import Identity, also_of, identity_of

Value = Any
"""Plain data as YAML gives it: null, true/false, numbers, text, lists and mappings of these."""


@dataclass(frozen=True)
class Leaf:
    """One hyperparameter: its path, the group that declares it, how it was declared, and what checks it."""

    path: str
    owner: type[BaseModel]
    info: FieldInfo
    adapter: TypeAdapter[Any]

    @property
    def identity(self) -> Identity:
        return identity_of(self.info)

    @property
    def holds_list(self) -> bool:
        """Whether one value of it is a list."""
        kinds = [get_origin(part) or part for part in _members(self.info.annotation)]
        return any(isinstance(kind, type) and issubclass(kind, (list, tuple, set, frozenset)) for kind in kinds)


@dataclass(frozen=True)
class FieldIndex:
    """All hyperparameters of a Config, in the order of declaration.

    Args:
        leaves: Dotted path -> hyperparameter.
        groups: Dotted path of each group around them -> whether it must be given.
        also: What other tools call one, with _ for - -> its path.
    """

    leaves: Mapping[str, Leaf]
    groups: Mapping[str, bool]
    also: Mapping[str, str] = field(default_factory=dict)

    def missing(self, given: Collection[str]) -> tuple[str, ...]:
        """The fields that must be given and are not; those of a group that may be left out only if it is there."""
        return tuple(
            path
            for path, leaf in self.leaves.items()
            if leaf.info.is_required()
            and path not in given
            and all(self._needed(group, given) for group in _above(path))
        )

    def _needed(self, group: str, given: Collection[str]) -> bool:
        return self.groups[group] or any(path.startswith(f"{group}.") for path in given)

    def named(self, name: str) -> tuple[str, ...]:
        """The paths that a name may mean: itself, those that it ends, what another tool calls so; - may stand for _."""
        for written in dict.fromkeys((name, name.replace("-", "_"))):
            if written in self.leaves:
                return (written,)
            if found := tuple(path for path in self.leaves if path.endswith(f".{written}")):
                return found
            if written in self.also:
                return (self.also[written],)
        return ()

    def resolve(self, name: str, at: At, faults: Faults) -> str | None:
        """The dotted path that a name means, if it means one alone; else None with a fault."""
        found = self.named(name)
        if len(found) == 1:
            return found[0]
        if found:
            faults.add(at, f"must name one parameter; got {name}, which may be {listed(found)}", "write the full name")
        elif name in self.groups:
            inside = [path for path in self.leaves if path.startswith(f"{name}.")]
            faults.add(at, f"must name a parameter; got {name}, a group", f"name one of {listed(inside)}")
        else:
            known = (*self.leaves, *self.also)
            hint = suggestion(name, known, also=f"the parameters are {listed(self.leaves, most=40)}")
            faults.add(at, f"must be a parameter of the task; got {name}", hint)
        return None

    def walk(self, values: Mapping[str, Any], at: At, faults: Faults) -> Iterator[tuple[str, Value, At]]:
        """(path, value, place) of every leaf in nested values; what is no field becomes a fault.

        On the outermost level a name may also be dotted, a unique ending, or what another tool calls it.
        """
        yield from self._walk("", values, at, faults)

    def _walk(self, prefix: str, values: Mapping[str, Any], at: At, faults: Faults) -> Iterator[tuple[str, Value, At]]:
        for key, value in values.items():
            path, here = f"{prefix}{key}", (*at, str(key))
            if path in self.leaves:
                yield path, value, here
            elif path in self.groups and isinstance(value, Mapping):
                yield from self._walk(f"{path}.", value, here, faults)
            elif not prefix and (path in self.also or path not in self.groups):
                resolved = self.resolve(key, here, faults)
                if resolved is not None:
                    yield resolved, value, here
            elif path in self.groups:
                inside = [leaf for leaf in self.leaves if leaf.startswith(f"{path}.")]
                faults.add(here, f"must be a mapping of {listed(inside)}; got {shown(value)}")
            else:
                known = [leaf[len(prefix) :] for leaf in self.leaves if leaf.startswith(prefix)]
                hint = suggestion(path, [leaf for leaf in self.leaves if leaf.startswith(prefix)])
                hint = hint or suggestion(path, self.leaves)
                faults.add(here, f"must be one of {listed(known, most=20)}; got the key {key}", hint)

    def check(self, path: str, value: Value, at: At, faults: Faults) -> Value:
        """The value as the field's type has it, as plain data; what does not fit becomes a fault."""
        adapter = self.leaves[path].adapter
        value = plain(value)
        if not _finite(value):
            faults.add(at, f"must be finite; got {shown(value)}")
            return value
        if references.is_reference(value):
            try:
                references.parse(value)
            except ValueError as error:
                faults.add(at, str(error))
        try:
            return plain(_validated(adapter, value))
        except ValidationError as error:
            for message in _messages(error, adapter, value):
                faults.add(at, message, self._in_own_words(at))
            return value

    def _in_own_words(self, at: At) -> str:
        """`learning_rate is optimizer.lr`, where a place has what another tool calls it; else nothing."""
        written = str(at[-1]).replace("-", "_") if at else ""
        return f"{at[-1]} is {self.also[written]}" if written in self.also else ""


@cache
def fields_of(config: type[BaseModel]) -> FieldIndex:
    """The hyperparameters of a task's Config."""
    leaves: dict[str, Leaf] = {}
    groups: dict[str, bool] = {}
    _collect(config, "", leaves, groups)
    also = {name.replace("-", "_"): path for path, leaf in leaves.items() for name in also_of(leaf.info)}
    assert not any(FieldIndex(leaves, groups).named(name) for name in also), "another tool's name is one of our own"
    return FieldIndex(leaves, groups, also)


def leaves_of(config: BaseModel) -> Iterator[tuple[str, Value]]:
    """(dotted path, plain value) of every leaf of one validated configuration, in the order of declaration."""
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            yield from ((f"{name}.{path}", inner) for path, inner in leaves_of(value))
        else:
            yield name, plain(value)


def nested(flat: Mapping[str, Value]) -> dict[str, Any]:
    """Dotted path -> value as nested mappings."""
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *groups, name = path.split(".")
        node = tree
        for group in groups:
            node = node.setdefault(group, {})
        node[name] = value
    return tree


def value_at(values: Mapping[str, Any], path: str) -> Value:
    """The value at a dotted path of nested values; None where there is none."""
    node: Any = values
    for part in path.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node


def plain(value: Any) -> Value:
    """Plain data for any value that a Config may hold; sets are sorted, -0.0 is 0.0."""
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(entry) for entry in value), key=lambda entry: json.dumps(entry, sort_keys=True))
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, float) and value == 0:
        return 0.0
    return value


def messages_of(error: ValidationError) -> Iterator[tuple[At, str]]:
    """(place, `must be …; got …`) of each mistake that pydantic found."""
    for details in error.errors(include_url=False):
        whole = details["type"] == "missing" or isinstance(details["input"], (Mapping, BaseModel))
        got = "" if whole else f"; got {shown(plain(details['input']))}"
        yield tuple(details["loc"]), f"{_words(details)}{got}"


# Private ------------------------------------------------------------------------------------------------


def _collect(config: type[BaseModel], prefix: str, leaves: dict[str, Leaf], groups: dict[str, bool]) -> None:
    for name, info in config.model_fields.items():
        path = f"{prefix}{name}"
        group = _group(info.annotation)
        if group is None:
            adapter: TypeAdapter[Any] = TypeAdapter(_annotated(info))
            leaves[path] = Leaf(path, config, info, adapter)
        else:
            groups[path] = info.is_required()
            _collect(group, f"{path}.", leaves, groups)


def _annotated(info: FieldInfo) -> Any:
    return Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation


def _above(path: str) -> Iterator[str]:
    parts = path.split(".")[:-1]
    return (".".join(parts[: count + 1]) for count in range(len(parts)))


def _group(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _validated(adapter: TypeAdapter[Any], value: Value) -> Any:
    """JSON rules with strict types: a list may become a tuple or a set, text never becomes a number."""
    try:
        return adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        whole = _whole(value)
        if json.dumps(whole) == json.dumps(value):
            raise
        return adapter.validate_json(json.dumps(whole), strict=True)


def _whole(value: Value) -> Value:
    if isinstance(value, list):
        return [_whole(entry) for entry in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _finite(value: Value) -> bool:
    if isinstance(value, Mapping):
        return all(map(_finite, value.values()))
    if isinstance(value, list):
        return all(map(_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _messages(error: ValidationError, adapter: TypeAdapter[Any], value: Value) -> list[str]:
    found = [details for details in error.errors(include_url=False) if not _miscounted(details)]
    whole = [details for details in found if details["input"] == value] or found
    words = list(dict.fromkeys(_words(details) for details in whole))
    first, *others = words
    nullable = " or null" if value is not None and _takes_null(adapter) else ""
    parts = "".join(f" or {other.removeprefix('must be ')}" for other in others)
    inside = whole[0]["input"]
    part = "" if inside == value else f" (in it {shown(inside)})"
    return [f"{first}{parts}{nullable}; got {shown(value)}{part}"]


def _miscounted(details: ErrorDetails) -> bool:
    """Whether a list is called too short because pydantic counts only those entries that fit."""
    given = details["input"]
    return details["type"] == "too_short" and isinstance(given, list) and len(given) >= details["ctx"]["min_length"]


def _takes_null(adapter: TypeAdapter[Any]) -> bool:
    try:
        adapter.validate_python(None, strict=True)
    except ValidationError:
        return False
    return True


WORDS: Mapping[str, str] = {
    "greater_than": "must be > {gt}",
    "greater_than_equal": "must be >= {ge}",
    "less_than": "must be < {lt}",
    "less_than_equal": "must be <= {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be finite",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "none_required": "must be null",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "missing": "must be given",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "extra_forbidden": "must not be there: it is no key that is known",
}


def _words(details: ErrorDetails) -> str:
    context = {key: str(_whole(value)).replace("'", "") for key, value in details.get("ctx", {}).items()}
    if details["type"] in WORDS:
        return WORDS[details["type"]].format(**context)
    if details["type"] in ("value_error", "assertion_error"):
        text = context.get("error", details["msg"])
        return text if text.startswith("must ") else f"must be valid: {text}"
    return f"must be valid: {details['msg']}"
