"""How a task declares a hyperparameter, and what of it belongs to a run's identity."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

Identity = Literal["value", "path", "scoring", "shorthand"]


class Fields(BaseModel):
    """A group of hyperparameters: frozen, unknown keys refused, numbers never taken from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, validate_default=True)


def parameter(
    default: Any = ...,
    *,
    meaning: str,
    identity: Identity = "value",
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
        as_before: For a field that was added to a published task: the value that means "as without it".
            At this value the field is left out of the id, so that older runs keep theirs.
        bounds: pydantic's constraints (`gt`, `ge`, `lt`, `le`, `min_length`).
    """
    extra: dict[str, Any] = {"identity": identity}
    if as_before is not ...:
        extra["as_before"] = as_before
    return Field(default, description=meaning, json_schema_extra=extra, **bounds)


def identity_of(field: FieldInfo) -> Identity:
    """The declared identity of a field (`value` when it was declared without `parameter`)."""
    extra = field.json_schema_extra
    if not isinstance(extra, dict):
        return "value"
    return extra.get("identity", "value")  # type: ignore[return-value]  # written by `parameter` alone
