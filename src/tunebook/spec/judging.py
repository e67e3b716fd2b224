"""How a study is judged: what it selects by, and which further runs it asks for to know its noise and its winner."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, InstanceOf

from tunebook.records import RuleArgument
from tunebook.spec.expressions import Expression
from tunebook.spec.faults import At, Faults, shown
from tunebook.spec.names import listed, suggestion
from tunebook.spec.parts import Part, read_expressions, read_model

RULES = ("best-mean", "one-standard-error", "lower-bound", "most-stable", "pareto", "weights")
WAYS = ("low", "high")


class Select(Part):
    """What the decision is made by."""

    metric: str = Field("", description="Metric of the decision; default: the task's first")
    split: str = Field("val", min_length=1, description="Split where the metric is read for the decision")
    rule: Literal["best-mean", "one-standard-error", "lower-bound", "most-stable", "pareto", "weights"] = Field(
        "best-mean", description="The rule of the decision; {rule: argument} where it takes one"
    )
    argument: Any = Field(None, description="Written as `rule: {lower-bound: 0.2}`")
    prefer: tuple[tuple[str, str], ...] = Field(
        (), description="What is simpler: parameters and costs, most important first; {name: high} for more of it"
    )
    require: tuple[InstanceOf[Expression], ...] = Field(
        (), description="Comparisons of metrics (on the selection split) and costs that a candidate must meet"
    )


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

    study: str = Field(description="The study that was decided")
    points: int = Field(1, ge=1, le=9, description="New values on each side of the decided one")
    only: tuple[str, ...] = Field((), strict=False, description="Parameters to refine; default: all that are numbers")


def read_select(raw: Any, at: At, faults: Faults) -> Select | None:
    """`select` as a study file gives it."""
    if isinstance(raw, Select):
        return raw
    if not isinstance(raw, Mapping):
        faults.add(at, f"must be a mapping of metric, split and rule; got {shown(raw)}")
        return None
    rest = dict(raw)
    if "rule" in rest:
        rest |= _read_rule(rest.pop("rule"), (*at, "rule"), faults)
    if "prefer" in rest:
        rest["prefer"] = tuple(_read_preferences(rest["prefer"], (*at, "prefer"), faults))
    if "require" in rest:
        rest["require"] = read_expressions(rest["require"], (*at, "require"), faults) or ()
    found = read_model(Select, rest, at, faults)
    if found is not None and found.rule == "one-standard-error" and not found.prefer:
        found = found.model_copy(update={"prefer": (("trainable_parameters", "low"),)})
    return found


def read_refine(raw: Any, at: At, faults: Faults) -> Refine | None:
    """`refine: STUDY`, or a mapping."""
    return read_model(Refine, {"study": raw} if isinstance(raw, str) else raw, at, faults)


def _read_rule(raw: Any, at: At, faults: Faults) -> dict[str, Any]:
    """A rule by its name, or `{name: argument}`; empty after a fault."""
    named = raw if isinstance(raw, Mapping) and len(raw) == 1 else {raw: None} if isinstance(raw, str) else {}
    name, argument = next(iter(named.items()), (None, None))
    if name not in RULES:
        hint = suggestion(str(name), RULES) if name else "rule: best-mean, or rule: {lower-bound: 0.2}"
        faults.add(at, f"must be one of {listed(RULES)}; got {shown(raw)}", hint)
        return {}
    wanted = ARGUMENTS.get(name)
    if wanted is None:
        if argument is not None:
            faults.add(at, f"must be {name} alone, which takes no argument; got {shown(raw)}")
        return {"rule": name}
    read, meaning, default = wanted
    value = default if argument is None else read(argument)
    if value is None:
        faults.add(at, f"must be {{{name}: {meaning}}}; got {shown(raw)}")
        return {}
    return {"rule": name, "argument": value}


def _number(raw: Any) -> float | None:
    return float(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) and raw >= 0 else None


def _names(raw: Any) -> tuple[str, ...] | None:
    named = isinstance(raw, list | tuple) and len(set(map(str, raw))) == len(raw) > 1
    return tuple(raw) if named and all(isinstance(name, str) for name in raw) else None


def _weights(raw: Any) -> dict[str, float] | None:
    if not isinstance(raw, Mapping) or not raw:
        return None
    found = {str(name): weight for name, value in raw.items() if (weight := _number(value))}
    return found if len(found) == len(raw) else None


ARGUMENTS: Mapping[str, tuple[Any, str, RuleArgument]] = {
    "lower-bound": (_number, "how many standard deviations, >= 0", 1.0),
    "pareto": (_names, "a list of two or more metrics and costs", None),
    "weights": (_weights, "a mapping of metrics to weights > 0", None),
}
"""Rule -> how its argument is read, what it is, and its default; a rule that is absent takes none."""


def _read_preferences(raw: Any, at: At, faults: Faults) -> Iterator[tuple[str, str]]:
    """Each a name, or a mapping of one name to low or high."""
    for i, entry in enumerate(raw if isinstance(raw, list | tuple) else [raw]):
        if isinstance(entry, str):
            yield entry, "low"
        elif isinstance(entry, Mapping) and len(entry) == 1 and set(entry.values()) <= set(WAYS):
            yield next((str(name), str(way)) for name, way in entry.items())
        elif isinstance(entry, tuple) and len(entry) == 2 and entry[1] in WAYS:
            yield str(entry[0]), str(entry[1])
        else:
            faults.add((*at, i), f"must be a name, or {{name: high}}; got {shown(entry)}", "prefer: [adapter.rank]")
