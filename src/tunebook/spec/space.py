"""What is tuned: choices, ranges, and alternatives with their own sub-spaces.

A space is a list of entries, each a parameter with its choices or a group of alternatives; its points are
the product of the entries in the order of declaration, the last one varying fastest.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from tunebook.spec.faults import At, Faults, shown
from tunebook.spec.fields import Value, plain
from tunebook.spec.names import listed, suggestion

RANGE_KEYS = ("low", "high", "step", "points", "log")
SIGNIFICANT_DIGITS = 12
MOST_CHOICES = 10_000


@dataclass(frozen=True)
class Range:
    """All numbers from low to high, both included.

    Args:
        step: Distance of neighbours, or None.
        points: How many numbers, or None; one of step and points is given under grid.
        log: Points at equal ratios instead of equal distances.
    """

    low: int | float
    high: int | float
    step: int | float | None = None
    points: int | None = None
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether it holds whole numbers only: low, high and step are."""
        return all(isinstance(value, int) for value in (self.low, self.high, self.step) if value is not None)

    def choices(self) -> tuple[int | float, ...]:
        """Its numbers in rising order, as decimals: 0.1 + 0.1 + 0.1 is 0.3."""
        low, high = Decimal(repr(self.low)), Decimal(repr(self.high))
        if self.step is not None:
            step = Decimal(repr(self.step))
            values = [low + step * i for i in range(int((high - low) / step) + 1)]
        else:
            values = list(_spread(low, high, self.points or 2, log=self.log))
        if self.whole:
            return tuple(int(value.to_integral_value(ROUND_HALF_UP)) for value in values)
        return tuple(map(_short, values))


@dataclass(frozen=True)
class Parameter:
    """One tuned parameter and its choices, in the order of declaration."""

    name: str
    choices: tuple[Value, ...]
    range: Range | None = None
    at: At = field(default=(), compare=False, repr=False)

    def points(self) -> Iterator["Point"]:
        free = (self.name,) if len(self.choices) > 1 else ()
        return (Point({self.name: choice}, free=free) for choice in self.choices)

    def count(self) -> int:
        return len(self.choices)


@dataclass(frozen=True)
class Alternative:
    """One of several sub-spaces.

    Args:
        label: How a person names it.
        space: Its own parameters; may be empty.
        source: The study whose decision it starts from; None: the base.
    """

    label: str
    space: "Space"
    source: str | None = None
    at: At = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class OneOf:
    """Alternatives of which every point has exactly one."""

    label: str
    alternatives: tuple[Alternative, ...]

    def points(self) -> Iterator["Point"]:
        for alternative in self.alternatives:
            sources = () if alternative.source is None else (alternative.source,)
            for point in alternative.space.points():
                yield replace(point, labels=(alternative.label, *point.labels), sources=(*sources, *point.sources))

    def count(self) -> int:
        return sum(alternative.space.count() for alternative in self.alternatives)


@dataclass(frozen=True)
class Point:
    """One declared point.

    Args:
        values: Parameter -> choice.
        labels: The alternatives that it belongs to, in the order of the groups.
        sources: Studies whose decisions it starts from.
        free: The parameters with more than one choice here: what names it among its like.
    """

    values: Mapping[str, Value]
    labels: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    free: tuple[str, ...] = ()

    @property
    def alternative(self) -> str:
        """Its alternatives as one text; empty when there are none."""
        return " + ".join(self.labels)


@dataclass(frozen=True)
class Space:
    """Everything that is tuned."""

    entries: tuple[Parameter | OneOf, ...] = ()

    def points(self) -> Iterator[Point]:
        """Every declared point, in the order of declaration; the last entry varies fastest."""
        for parts in itertools.product(*(tuple(entry.points()) for entry in self.entries)):
            yield Point(
                values={name: value for part in parts for name, value in part.values.items()},
                labels=tuple(label for part in parts for label in part.labels),
                sources=tuple(source for part in parts for source in part.sources),
                free=tuple(name for part in parts for name in part.free),
            )

    def count(self) -> int:
        """How many points it declares, without making them."""
        total = 1
        for entry in self.entries:
            total *= entry.count()
        return total

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter anywhere in it, in the order of declaration; a name may come in several alternatives."""
        for entry in self.entries:
            if isinstance(entry, Parameter):
                yield entry
            else:
                for alternative in entry.alternatives:
                    yield from alternative.space.parameters()

    def alternatives(self) -> Iterator[Alternative]:
        """Every alternative anywhere in it."""
        for entry in self.entries:
            if isinstance(entry, OneOf):
                for alternative in entry.alternatives:
                    yield alternative
                    yield from alternative.space.alternatives()

    def mapped(self, change: Callable[[Parameter], Parameter | None]) -> "Space":
        """The same space with every parameter changed; None leaves it out."""
        entries: list[Parameter | OneOf] = []
        for entry in self.entries:
            if isinstance(entry, OneOf):
                inner = tuple(replace(a, space=a.space.mapped(change)) for a in entry.alternatives)
                entries.append(OneOf(entry.label, inner))
            elif (changed := change(entry)) is not None:
                entries.append(changed)
        return Space(tuple(entries))


def read_space(raw: Any, at: At, faults: Faults) -> Space:
    """A space as a study file gives it; what is wrong becomes faults, the rest is read."""
    if not isinstance(raw, Mapping) or not raw:
        faults.add(at, f"must be a mapping of parameters to choices; got {shown(raw)}", "adapter.rank: [4, 8]")
        return Space()
    return _read_entries(raw, at, faults)


# Reading ------------------------------------------------------------------------------------------------


def _read_entries(raw: Mapping[str, Any], at: At, faults: Faults) -> Space:
    entries: list[Parameter | OneOf] = []
    for key, value in raw.items():
        here = (*at, str(key))
        if key == "one_of":
            entries.append(_read_one_of("", value, here, faults))
        elif isinstance(value, Mapping) and "one_of" in value:
            for extra in value.keys() - {"one_of"}:
                faults.add((*here, extra), f"must stand inside an alternative; got {extra} beside one_of")
            entries.append(_read_one_of(str(key), value["one_of"], (*here, "one_of"), faults))
        else:
            parameter = _read_parameter(str(key), value, here, faults)
            if parameter is not None:
                entries.append(parameter)
    return Space(tuple(entries))


def _read_one_of(label: str, raw: Any, at: At, faults: Faults) -> OneOf:
    if not isinstance(raw, Mapping) or not raw:
        faults.add(at, f"must be a mapping of labels to alternatives; got {shown(raw)}")
        return OneOf(label, ())
    found = (_read_alternative(str(key), value, (*at, str(key)), faults) for key, value in raw.items())
    return OneOf(label, tuple(alternative for alternative in found if alternative is not None))


def _read_alternative(label: str, raw: Any, at: At, faults: Faults) -> Alternative | None:
    if not isinstance(raw, Mapping):
        hint = "{adapter.method: lora, adapter.rank: [4, 16]}, or {} for the base as it is"
        faults.add(at, f"must be a mapping of parameters to choices; got {shown(raw)}", hint)
        return None
    rest = {key: value for key, value in raw.items() if key != "from"}
    source = raw.get("from")
    if "from" in raw and not (isinstance(source, str) and source):
        faults.add((*at, "from"), f"must be the name of a study; got {shown(source)}")
        source = None
    return Alternative(label, _read_entries(rest, at, faults), source, at)


def _read_parameter(name: str, raw: Any, at: At, faults: Faults) -> Parameter | None:
    raw = plain(raw)
    if isinstance(raw, Mapping):
        if not set(raw) & set(RANGE_KEYS):
            hint = suggestion(next(iter(raw), ""), (*RANGE_KEYS, "one_of")) or f"write {name}.… with its full name"
            faults.add(
                at, f"must be a list of choices, a range {{low, high, …}} or {{one_of: …}}; got {shown(raw)}", hint
            )
            return None
        found = _read_range(raw, at, faults)
        return None if found is None else Parameter(name, found.choices(), found, at)
    choices = raw if isinstance(raw, list) else [raw]
    if not choices:
        faults.add(at, "must have at least one choice; got []")
        return None
    return Parameter(name, tuple(choices), None, at)


def _read_range(raw: Mapping[str, Any], at: At, faults: Faults) -> Range | None:
    known = len(faults.found)
    for key in raw.keys() - set(RANGE_KEYS):
        faults.add((*at, key), f"must be one of {listed(RANGE_KEYS)}; got the key {key}", suggestion(key, RANGE_KEYS))
    for key in ("low", "high"):
        if key not in raw:
            faults.add(at, f"must have {key}; got {shown(raw)}")
    for key in ("low", "high", "step"):
        if key in raw and not _is_number(raw[key]):
            faults.add((*at, key), f"must be a finite number; got {shown(raw[key])}")
    if "points" in raw and (type(raw["points"]) is not int or not 2 <= raw["points"] <= MOST_CHOICES):
        faults.add((*at, "points"), f"must be a whole number from 2 to {MOST_CHOICES}; got {shown(raw['points'])}")
    if not isinstance(raw.get("log", False), bool):
        faults.add((*at, "log"), f"must be true or false; got {shown(raw['log'])}")
    if len(faults.found) > known:
        return None
    found = Range(raw["low"], raw["high"], raw.get("step"), raw.get("points"), raw.get("log", False))
    _check_range(found, at, faults)
    return found if len(faults.found) == known else None


def _check_range(found: Range, at: At, faults: Faults) -> None:
    if found.low >= found.high:
        faults.add((*at, "low"), f"must be < high ({shown(found.high)}); got {shown(found.low)}")
    elif found.log and found.low <= 0:
        faults.add((*at, "low"), f"must be > 0 when log is true; got {shown(found.low)}")
    elif found.step is None and found.points is None:
        faults.add(at, "must have step or points under grid; got neither", "add points: 5")
    elif found.step is not None and found.points is not None:
        faults.add(at, "must have step or points; got both", "remove one of the two")
    elif found.step is not None and found.log:
        faults.add((*at, "step"), f"must be left out when log is true; got {shown(found.step)}", "use points")
    elif found.step is not None and found.step <= 0:
        faults.add((*at, "step"), f"must be > 0; got {shown(found.step)}")
    elif found.step is not None:
        _check_steps(found, at, faults)
    else:
        _check_points(found, at, faults)


def _check_points(found: Range, at: At, faults: Faults) -> None:
    there = len(set(found.choices()))
    if found.points is not None and there < found.points:
        hint = "lower points, or write low with a decimal point for a range of reals"
        faults.add((*at, "points"), f"must be at most the {there} numbers there are; got {found.points}", hint)


def _check_steps(found: Range, at: At, faults: Faults) -> None:
    low, high, step = (Decimal(repr(value)) for value in (found.low, found.high, found.step))
    count = (high - low) / step
    if count + 1 > MOST_CHOICES:
        faults.add((*at, "step"), f"must make at most {MOST_CHOICES} choices; got {int(count) + 1}")
    elif count != int(count):
        below = _short(low + step * int(count))
        above = _short(low + step * (int(count) + 1))
        got = f"{shown(found.high)}, between {shown(below)} and {shown(above)}"
        faults.add((*at, "high"), f"must be reached from low in whole steps of {shown(found.step)}; got {got}")


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf")


def _spread(low: Decimal, high: Decimal, points: int, *, log: bool) -> Iterator[Decimal]:
    with localcontext() as context:
        context.prec = 40
        values = []
        for i in range(points):
            part = Decimal(i) / (points - 1)
            values.append(low * (high / low) ** part if log else low + (high - low) * part)
    yield from (low, *values[1:-1], high)


def _short(value: Decimal) -> float:
    with localcontext() as context:
        context.prec = SIGNIFICANT_DIGITS
        return float(+value)
