"""One configuration, fully resolved, and what of it can matter.

Two configurations are one when their effective values are equal: whatever the order of keys, the way a
number was written, the shorthand that a value comes from, where the data lie, how predictions are scored
afterwards, and whatever stands in a parameter that cannot matter.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from tunebook.errors import StudyError
from tunebook.records import Configuration, canonical_json
from tunebook.spec.faults import Faults
from tunebook.spec.fields import FieldIndex, Leaf, Value, fields_of, leaves_of, messages_of, nested, plain
from tunebook.spec.workload import Workload

LARGEST_EXACT = 2**53


@dataclass(frozen=True)
class Resolved:
    """A configuration and what its task says of it.

    Args:
        without: Dotted paths, groups and replicate factors that cannot matter here.
    """

    configuration: Configuration
    without: frozenset[str]

    def matters(self, path: str) -> bool:
        """Whether a parameter can matter here."""
        return not covers(self.without, path)


def configuration(workload: Workload, values: Mapping[str, Any]) -> Configuration:
    """The canonical configuration of nested values, every default written out.

    Raises:
        StudyError: when values do not fit the task's Config; every problem at once.
    """
    faults = Faults()
    resolved = resolve(workload, values, faults)
    if resolved is None:
        raise StudyError(*faults.problems())
    return resolved.configuration


def resolve(workload: Workload, values: Mapping[str, Any], faults: Faults) -> Resolved | None:
    """The same with what cannot matter; None when there are faults."""
    known = len(faults.found)
    index = fields_of(workload.Config)
    flat = {path: index.check(path, value, at, faults) for path, value, at in index.walk(values, (), faults)}
    if len(faults.found) > known:
        return None
    try:
        config = workload.Config.model_validate(nested(flat))
    except ValidationError as error:
        for at, message in messages_of(error):
            faults.add(at, message)
        return None
    without = frozenset(workload.without_effect(config))
    return Resolved(Configuration(values=plain(config), effective=_effective(config, index, without)), without)


def covers(paths: Set[str], path: str) -> bool:
    """Whether a dotted path, or a group around it, is among these paths."""
    return any(path == entry or path.startswith(f"{entry}.") for entry in paths)


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings, one over the other; a value above replaces the one below."""
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        result[key] = overlaid(under, value) if both else value  # type: ignore[arg-type]  # both are mappings
    return result


def number_by_value(value: Value) -> Value:
    """4 and 4.0 are one number, whatever type a field has in this version of its task."""
    if isinstance(value, list):
        return [number_by_value(entry) for entry in value]
    if isinstance(value, dict):
        return {key: number_by_value(entry) for key, entry in value.items()}
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_EXACT:
        return int(value)
    return value


def _effective(config: BaseModel, index: FieldIndex, without: frozenset[str]) -> dict[str, Value]:
    return {
        path: number_by_value(value)
        for path, value in leaves_of(config)
        if not covers(without, path) and _identifies(index.leaves.get(path), value)
    }


def _identifies(leaf: Leaf | None, value: Value) -> bool:
    if leaf is None:
        return True
    if leaf.identity != "value":
        return False
    extra = leaf.info.json_schema_extra
    if not isinstance(extra, dict) or "as_before" not in extra:
        return True
    before = number_by_value(plain(extra["as_before"]))
    return canonical_json(number_by_value(value)) != canonical_json(before)
