"""How a task declares a hyperparameter, and what of it belongs to a run's identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

Identity = Literal["value", "path", "scoring", "shorthand"]


class Fields(BaseModel):
    """A group of hyperparameters: frozen, unknown keys refused, numbers never taken from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, validate_default=True)


def parameter(
    default: Any = ...,
    *,
    meaning: str,
    identity: Identity = "value",
    also: tuple[str, ...] = (),
    as_before: Any = ...,
    **bounds: Any,
) -> Any:
    """Declare one hyperparameter of a task's Config.

    Args:
        default: Its value when a study says nothing; leave it out for a required field.
        meaning: One sentence with unit and range, shown in the reference and the JSON Schema.
        identity: `value`: part of the run's id. `path`: where something lies; the id holds the content's
            fingerprint instead. `scoring`: changes how predictions are scored, never what is trained.
            `shorthand`: stands for values of other fields, which are what counts.
        also: What other tools call it: names that a study file may use for it outside of any group.
        as_before: For a field that was added to a published task: the value that means "as without it".
            At this value the field is left out of the id, so that older runs keep theirs.
        bounds: pydantic's constraints (`gt`, `ge`, `lt`, `le`, `min_length`).
    """
    extra: dict[str, Any] = {"identity": identity, "also": list(also)}
    if as_before is not ...:
        extra["as_before"] = as_before
    return Field(default, description=meaning, json_schema_extra=extra, **bounds)


def identity_of(field: FieldInfo) -> Identity:
    """The declared identity of a field (`value` when it was declared without `parameter`)."""
    extra = field.json_schema_extra
    if not isinstance(extra, dict):
        return "value"
    return extra.get("identity", "value")  # type: ignore[return-value]  # written by `parameter` alone


def also_of(field: FieldInfo) -> tuple[str, ...]:
    """What other tools call a field."""
    extra = field.json_schema_extra
    return tuple(extra.get("also", ())) if isinstance(extra, dict) else ()  # type: ignore[arg-type]  # as above


@dataclass(frozen=True, eq=False)
class StandsFor:
    """Values that another tool writes for values of a field: `Annotated[float, StandsFor({True: 0.1, False: 0.0})]`.

    What is not among them is taken as it is; true is not 1 and false is not 0.
    """

    values: Mapping[Any, Any]

    def meant(self, value: Any) -> Any:
        """The field's value for a value that was given."""
        return next((own for other, own in self.values.items() if type(other) is type(value) and other == value), value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.meant, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"enum": list(self.values)}]}
