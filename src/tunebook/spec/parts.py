"""Reading the mappings and lists inside a study file: what is wrong becomes faults, the rest is read."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from tunebook.spec.expressions import Expression, Malformed, parse
from tunebook.spec.faults import At, Faults, shown
from tunebook.spec.fields import messages_of
from tunebook.spec.names import listed, suggestion


class Part(BaseModel):
    """A mapping inside a study file: frozen, unknown keys refused, nothing converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


M = TypeVar("M", bound=Part)


def read_model(model: type[M], raw: Any, at: At, faults: Faults) -> M | None:
    """A part of a study file; a key that is wrong is left out."""
    if isinstance(raw, model):
        return raw
    if not isinstance(raw, Mapping):
        faults.add(at, f"must be a mapping of {listed(model.model_fields)}; got {shown(raw)}")
        return None
    rest = dict(raw)
    for key in raw:
        if key not in model.model_fields:
            known = listed(model.model_fields)
            hint = suggestion(str(key), tuple(model.model_fields))
            faults.add((*at, str(key)), f"must be one of {known}; got the key {key}", hint)
            del rest[key]
    try:
        return model.model_validate(rest)
    except ValidationError as error:
        wrong = set()
        for inner, message in messages_of(error):
            faults.add((*at, *inner), message)
            wrong.add(inner[0] if inner else None)
        return cast(M, model.model_construct(**{key: value for key, value in rest.items() if key not in wrong}))


def read_expressions(raw: Any, at: At, faults: Faults) -> tuple[Expression, ...] | None:
    """A list of comparisons, each of them text or read already."""
    if isinstance(raw, str) or not isinstance(raw, Sequence):
        faults.add(at, f"must be a list of constraints; got {shown(raw)}", "begin each with a dash")
        return None
    found = []
    for i, entry in enumerate(raw):
        if isinstance(entry, Expression):
            found.append(entry)
        elif not isinstance(entry, str):
            faults.add((*at, i), f"must be a comparison as text; got {shown(entry)}", "put it in quotes")
        else:
            try:
                found.append(parse(entry, at=(*at, i)))
            except Malformed as error:
                faults.add((*at, i), str(error))
    return tuple(found)
