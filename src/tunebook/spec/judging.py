"""How a study is judged: what it selects by, and which further runs it asks for to know its noise and its winner."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, InstanceOf, field_validator

from tunebook.records import COSTS, RuleArgument
from tunebook.spec.expressions import Expression
from tunebook.spec.faults import At, Faults, shown
from tunebook.spec.names import listed, suggestion
from tunebook.spec.parts import Part, read_expressions, read_model
from tunebook.spec.references import NAME

Rule = Literal["best-mean", "one-standard-error", "lower-bound", "most-stable", "pareto", "weights"]
RULES: tuple[Rule, ...] = ("best-mean", "one-standard-error", "lower-bound", "most-stable", "pareto", "weights")
WAYS = ("low", "high")
SIMPLEST = (("trainable_parameters", "low"),)
"""What is simpler where a rule asks for it and the study does not say."""
KEYS = ("metric", "split", "rule", "prefer", "require")
LATER_KEYS = ("per",)


class Select(Part):
    """What the decision is made by."""

    metric: str = Field("", min_length=1, description="Metric of the decision; default: the task's first")
    split: str = Field("val", min_length=1, description="Split where the metric is read for the decision")
    rule: Rule = Field("best-mean", description="The rule of the decision; {rule: argument} where it takes one")
    argument: Any = Field(None, description="Written as `rule: {lower-bound: 0.2}`")
    prefer: tuple[tuple[str, str], ...] = Field(
        (),
        description="What is simpler: tuned parameters and costs, most important first; {name: high} for more of it. "
        "One-standard-error and pareto choose by it; elsewhere it settles equal scores",
    )
    require: tuple[InstanceOf[Expression], ...] = Field(
        (), description="Comparisons of metrics (on the selection split) and costs that a candidate must meet"
    )

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric that the decision is made by: its own first, then those of the rule and of `require`."""
        named = self.argument if self.rule in {"pareto", "weights"} and self.argument else ()
        required = [name for entry in self.require for name in entry.names]
        found = dict.fromkeys([self.metric, *named, *required])
        return tuple(name for name in found if name and name not in COSTS)


class Confirm(Part):
    """The finalists run on fresh seeds before the decision."""

    top: int = Field(5, ge=1, description="How many of the best configurations")
    seeds: int = Field(3, ge=1, description="How many fresh seeds: the next integers after the largest declared")


class Noise(Part):
    """Runs that measure the noise and choose nothing: of the configuration in the middle of the space."""

    seeds: int | None = Field(None, ge=2, description="Fresh seeds for the centre point")
    repeats: int | None = Field(None, ge=1, description="How often its first run is executed again")


class Refine(Part):
    """A finer grid around the decision of a study, or further out where it sits on the edge."""

    study: str = Field(json_schema_extra={"pattern": f"^{NAME}$"}, description="The study that was decided")
    points: int = Field(1, ge=1, le=9, description="New values on each side of the decided one")
    only: tuple[str, ...] = Field((), strict=False, description="Parameters to refine; default: all that are numbers")

    @field_validator("study")
    @classmethod
    def _is_a_name(cls, study: str) -> str:
        if not re.fullmatch(NAME, study):
            raise ValueError("must be the name of a study: letters, digits, -, _ and .")
        return study

    @field_validator("only")
    @classmethod
    def _each_once(cls, only: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(only)) < len(only):
            raise ValueError("must name each parameter once")
        return only


def read_select(raw: Any, at: At, faults: Faults) -> Select | None:
    """`select` as a study file gives it, or as a value built in Python."""
    if isinstance(raw, Select):
        raw = _as_written(raw)
    if not isinstance(raw, Mapping):
        faults.add(at, f"must be a mapping of metric, split and rule; got {shown(raw)}")
        return None
    _check_keys(raw, at, faults)
    rest = {key: value for key, value in raw.items() if key in KEYS}
    if "rule" in rest:
        rest |= _read_rule(rest.pop("rule"), (*at, "rule"), faults)
    if "prefer" in rest:
        rest["prefer"] = tuple(_read_preferences(rest["prefer"], (*at, "prefer"), faults))
    if "require" in rest:
        rest["require"] = read_expressions(rest["require"], (*at, "require"), faults) or ()
    if rest.get("rule") == "one-standard-error" and not rest.get("prefer"):
        rest["prefer"] = SIMPLEST
    return read_model(Select, rest, at, faults)


def read_confirm(raw: Any, at: At, faults: Faults) -> Confirm | None:
    """`confirm` as a study file gives it; null confirms nothing."""
    return None if raw is None else read_model(Confirm, raw, at, faults)


def read_noise(raw: Any, at: At, faults: Faults) -> Noise | None:
    """`noise` as a study file gives it; null measures nothing."""
    found = None if raw is None else read_model(Noise, raw, at, faults)
    given = raw.model_dump() if isinstance(raw, Noise) else raw
    if isinstance(given, Mapping) and set(given) <= set(Noise.model_fields) and set(given.values()) <= {None}:
        faults.add(at, f"must say how many seeds or repeats; got {shown(given)}", "noise: {seeds: 5}")
    return found


def read_refine(raw: Any, at: At, faults: Faults) -> Refine | None:
    """`refine: STUDY`, or a mapping; one whose study cannot be read is of the study without a name."""
    if not isinstance(raw, str | Mapping | Refine):
        faults.add(at, f"must be the name of a study, or a mapping of {listed(Refine.model_fields)}; got {shown(raw)}")
        return None
    found = read_model(Refine, {"study": raw} if isinstance(raw, str) else raw, at, faults)
    if found is None or "study" in found.model_fields_set:
        return found
    return found.model_copy(update={"study": ""})


def _as_written(select: Select) -> dict[str, Any]:
    """The keys of a study file that mean a value built in Python; those left at their defaults are left out."""
    given = {name: getattr(select, name) for name in select.model_fields_set}
    argument = given.pop("argument", None)
    return given if argument is None else given | {"rule": {select.rule: argument}}


def _check_keys(raw: Mapping[Any, Any], at: At, faults: Faults) -> None:
    for key in raw:
        if key in LATER_KEYS:
            faults.add((*at, key), "is not yet there; it comes in a later version", "leave it out")
        elif key == "argument":
            got = shown(raw[key])
            faults.add((*at, key), f"must stand with its rule; got {got} beside it", EXAMPLES["lower-bound"])
        elif key not in KEYS:
            hint = suggestion(str(key), KEYS)
            faults.add((*at, str(key)), f"must be one of {listed(KEYS)}; got the key {key}", hint)


def _read_rule(raw: Any, at: At, faults: Faults) -> dict[str, Any]:
    """A rule by its name, or `{name: argument}`; empty after a fault."""
    named = raw if isinstance(raw, Mapping) and len(raw) == 1 else {raw: None} if isinstance(raw, str) else {}
    name, argument = next(iter(named.items()), (None, None))
    if name not in RULES:
        hint = suggestion(str(name), RULES) if name else ""
        faults.add(at, f"must be one of {listed(RULES)}; got {shown(raw)}", hint or EXAMPLES["lower-bound"])
        return {}
    if name not in ARGUMENTS:
        if isinstance(raw, Mapping):
            faults.add(at, f"must be {name} alone, which takes no argument; got {shown(raw)}", f"rule: {name}")
            return {}
        return {"rule": name}
    read, meaning, default = ARGUMENTS[name]
    value = default if isinstance(raw, str) else read(argument)
    if value is None:
        faults.add(at, f"must be {{{name}: {meaning}}}; got {shown(raw)}", EXAMPLES[name])
        return {}
    return {"rule": name, "argument": value}


def _number(raw: Any) -> float | None:
    number = isinstance(raw, int | float) and not isinstance(raw, bool)
    return float(raw) if number and math.isfinite(raw) and raw >= 0 else None


def _names(raw: Any) -> tuple[str, ...] | None:
    named = isinstance(raw, list | tuple) and all(isinstance(name, str) for name in raw)
    return tuple(raw) if named and len(set(raw)) == len(raw) > 1 else None


def _weights(raw: Any) -> dict[str, float] | None:
    if not isinstance(raw, Mapping) or not raw:
        return None
    found = {str(name): weight for name, value in raw.items() if (weight := _number(value))}
    return found if len(found) == len(raw) else None


ARGUMENTS: Mapping[str, tuple[Any, str, RuleArgument]] = {
    "lower-bound": (_number, "how many standard deviations, >= 0", 1.0),
    "pareto": (_names, "a list of two or more metrics and costs, each once", None),
    "weights": (_weights, "a mapping of metrics to weights > 0", None),
}
"""Rule -> how its argument is read, what it is, and its default (None: it must be given). A rule that is absent takes
none."""
EXAMPLES: Mapping[str, str] = {
    "lower-bound": "rule: best-mean, or rule: {lower-bound: 0.2}",
    "pareto": "rule: {pareto: [ais.msa, trainable_parameters]}",
    "weights": "rule: {weights: {ais.msa: 2, box.msa: 1}}",
}


def _read_preferences(raw: Any, at: At, faults: Faults) -> Iterator[tuple[str, str]]:
    """Each a name, or a mapping of one name to low or high."""
    if not isinstance(raw, list | tuple):
        faults.add(at, f"must be a list of parameters and costs; got {shown(raw)}", "prefer: [trainable_parameters]")
        return
    named: set[str] = set()
    for i, entry in enumerate(raw):
        found = _read_preference(entry)
        if found is None:
            faults.add((*at, i), f"must be a name, or {{name: high}}; got {shown(entry)}", "prefer: [adapter.rank]")
        elif found[0] in named:
            faults.add((*at, i), f"must be named once; got {found[0]} again")
        else:
            named.add(found[0])
            yield found


def _read_preference(entry: Any) -> tuple[str, str] | None:
    if isinstance(entry, str):
        return entry, "low"
    pair = next(iter(entry.items())) if isinstance(entry, Mapping) and len(entry) == 1 else entry
    named = isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) and pair[1] in WAYS
    return (pair[0], pair[1]) if named else None
