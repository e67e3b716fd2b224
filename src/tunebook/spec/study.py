"""A study: what a person declares, as a frozen value with the study file's own names.

`Study(...)` in Python and a study file mean the same: both go through `read_parts`, which finds every
mistake that can be seen without the task. `spec.completing.complete` adds what needs the task.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, ValidationError, field_validator, model_validator

from tunebook.errors import StudyError
from tunebook.records import Case
from tunebook.spec import references
from tunebook.spec.cases import CaseGroup, cases_of, read_across
from tunebook.spec.expressions import Expression, Malformed, parse
from tunebook.spec.faults import At, Faults, shown
from tunebook.spec.fields import messages_of, plain
from tunebook.spec.names import OTHER_TOOLS, listed, meant, suggestion
from tunebook.spec.space import Space, read_space

LATER = "comes in a later version"
LATER_KEYS = ("confirm", "noise", "refine")
LATER_SEARCHES = ("random", "race", "halving", "confirm", "tpe", "gp", "cmaes", "qmc", "hyperband", "asha")
LATER_RULES = ("one-standard-error", "lower-bound", "most-stable", "pareto")
LATER_SELECT = ("prefer", "require", "per")
LATER_FACTORS = ("fold", "folds")
LATER_KEEP = ("scores", "predictions", "decision")
DEVICE = r"auto|cpu|mps|cuda(:\d+)?"
MOST_SEEDS = 10_000


class Part(BaseModel):
    """A mapping inside a study file: frozen, unknown keys refused, nothing converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


M = TypeVar("M", bound=Part)


class Select(Part):
    """What the decision is made by."""

    metric: str = Field("", description="Metric of the decision; default: the task's first")
    split: str = Field("val", min_length=1, description="Split where the metric is read for the decision")
    rule: Literal["best-mean"] = Field("best-mean", description="The rule of the decision")


class Report(Part):
    """What the page shows."""

    metrics: tuple[str, ...] = Field(
        (), strict=False, description="Columns; default: every metric that ends like the selection metric"
    )
    splits: tuple[str, ...] = Field(("test",), strict=False, min_length=1, description="Reported splits")


class Limit(Part):
    """When to stop before the study is complete: whatever comes first."""

    hours: float | None = Field(None, gt=0, description="Hours of one `tunebook run`")
    until: str | None = Field(None, description="A time of day (18:00) or a date and time (2030-01-31 18:00)")
    runs: int | None = Field(None, ge=1, description="Number of runs that one `tunebook run` starts")

    @field_validator("until")
    @classmethod
    def _is_a_time(cls, until: str | None) -> str | None:
        if until is not None:
            _when(until, datetime(2000, 1, 1).astimezone())
        return until

    def deadline(self, start: datetime) -> datetime | None:
        """When to stop; None when only `runs` or nothing limits.

        Args:
            start: When the command started, with its time zone; a time of day is the next one after it.
        """
        ends = [] if self.hours is None else [start + timedelta(hours=self.hours)]
        if self.until is not None:
            ends.append(_when(self.until, start))
        return min(ends, default=None)


class Study(BaseModel):
    """One study. Only task, base (with its data) and space are required.

    Raises:
        StudyError: with every problem that can be seen without the task.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str = Field("study", description="Name; default: the file's name")
    question: str = Field("", description="The question in words, shown on the page")
    task: str = Field(description="Name of the task: what one run trains, predicts and scores")
    base: Mapping[str, Any] = Field(description="Values that all configurations share")
    space: InstanceOf[Space] = Field(description="What is tuned")
    where: tuple[InstanceOf[Expression], ...] = Field((), description="Constraints over parameters")
    across: tuple[InstanceOf[CaseGroup], ...] = Field((), description="Cases crossed with every configuration")
    replicates: tuple[Mapping[str, int], ...] = Field(({"seed": 0},), description="Repetitions by chance only")
    search: Literal["grid"] = Field("grid", description="How configurations are proposed")
    select: Select = Field(Select(), description="What the decision is made by")
    report: Report = Field(Report(), description="What the page shows")
    limit: Limit | None = Field(None, description="When to stop early")
    keep: Literal["everything"] = Field("everything", description="What stays of a run's files")
    device: str = Field("auto", description="auto, cpu, mps, cuda or cuda:N", pattern=f"^({DEVICE})$")

    @model_validator(mode="before")
    @classmethod
    def _read(cls, raw: Any) -> Any:
        faults = Faults()
        parts = read_parts(raw, faults)
        if faults:
            raise StudyError(*faults.problems())
        return parts

    @property
    def cases(self) -> tuple[Case, ...]:
        """Every case, in the order of declaration; one empty case when there is no `across`."""
        return cases_of(self.across)

    @property
    def decisions(self) -> tuple[str, ...]:
        """Studies whose decided configuration this one starts from: `from` in base and in alternatives."""
        base = [self.base["from"]] if isinstance(self.base.get("from"), str) else []
        return tuple(dict.fromkeys([*base, *(a.source for a in self.space.alternatives() if a.source is not None)]))

    @property
    def weights(self) -> tuple[references.WeightsReference, ...]:
        """Weights of other studies that it names, in the order of appearance."""
        texts = [*_texts(self.base)]
        texts += [text for parameter in self.space.parameters() for text in _texts(parameter.choices)]
        texts += [text for group in self.across for text in _texts(group.fields)]
        found = (references.parse(text) for text in texts if references.REFERENCE.fullmatch(text))
        return tuple(dict.fromkeys(found))

    @property
    def references(self) -> tuple[str, ...]:
        """Names of all studies that must be decided before this one runs."""
        return tuple(dict.fromkeys([*self.decisions, *(reference.study for reference in self.weights)]))


def read_parts(raw: Any, faults: Faults, *, name: str = "study") -> dict[str, Any]:
    """The fields of a Study that could be read; what is wrong becomes faults.

    Args:
        raw: What the file or the caller gives: the keys of a study.
        name: The study's name when it gives none.
    """
    if not isinstance(raw, Mapping):
        faults.add((), f"must be a mapping with task, base and space; got {shown(raw)}")
        return {}
    for key in raw:
        _check_key(str(key), faults)
    for key in ("task", "base", "space"):
        if key not in raw:
            faults.add((), f"must have {key}; got a study without it")
    readers = {
        "study": _read_name, "question": _read_text, "task": _read_task, "base": _read_base, "space": _read_space,
        "where": _read_where, "across": _read_across, "replicates": _read_replicates, "search": _read_search,
        "select": _read_select, "report": _read_report, "limit": _read_limit, "keep": _read_keep,
        "device": _read_device,
    }  # fmt: skip
    found = {key: read(raw[key], (key,), faults) for key, read in readers.items() if key in raw}
    return {"study": name, **{key: value for key, value in found.items() if value is not None}}


# Readers: each gives the value, or None after a fault -----------------------------------------------------


def _check_key(key: str, faults: Faults) -> None:
    if key in LATER_KEYS:
        faults.add((key,), f"is not yet there; it {LATER}", "leave it out")
    elif key not in Study.model_fields:
        names = tuple(Study.model_fields)
        field = next(iter(meant(key, OTHER_TOOLS)), "")
        also = "hyperparameters stand under base or space" + (f": {field}" if "." in field else "")
        hint = suggestion(key, names, also=also)
        faults.add((key,), f"must be one of {listed(names, most=20)}; got the key {key}", hint)


def _read_name(raw: Any, at: At, faults: Faults) -> str | None:
    if isinstance(raw, str) and re.fullmatch(references.NAME, raw):
        return raw
    faults.add(at, f"must be a name of letters, digits, -, _ and .; got {shown(raw)}", "put a number in quotes")
    return None


def _read_text(raw: Any, at: At, faults: Faults) -> str | None:
    if isinstance(raw, str):
        return raw
    faults.add(at, f"must be text; got {shown(raw)}", "put it in quotes")
    return None


def _read_task(raw: Any, at: At, faults: Faults) -> str | None:
    if isinstance(raw, Mapping) or (isinstance(raw, str) and ".py" in raw):
        faults.add(at, f"must be the name of an installed task; own programs: not yet, that {LATER}; got {shown(raw)}")
        return None
    return _read_text(raw, at, faults)


def _read_base(raw: Any, at: At, faults: Faults) -> dict[str, Any] | None:
    if not isinstance(raw, Mapping):
        faults.add(at, f"must be a mapping of the task's fields; got {shown(raw)}", "data: {root: …}")
        return None
    base: dict[str, Any] = plain(raw)
    source = base.get("from")
    if "from" in base and not (isinstance(source, str) and re.fullmatch(references.NAME, source)):
        faults.add((*at, "from"), f"must be the name of a study; got {shown(source)}")
        del base["from"]
    return base


def _read_space(raw: Any, at: At, faults: Faults) -> Space:
    return raw if isinstance(raw, Space) else read_space(raw, at, faults)


def _read_where(raw: Any, at: At, faults: Faults) -> tuple[Expression, ...] | None:
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


def _read_across(raw: Any, at: At, faults: Faults) -> tuple[CaseGroup, ...]:
    if isinstance(raw, tuple) and all(isinstance(entry, CaseGroup) for entry in raw):
        return raw
    return read_across(raw, at, faults)


def _read_replicates(raw: Any, at: At, faults: Faults) -> tuple[Mapping[str, int], ...] | None:
    if isinstance(raw, (list, tuple)) and raw and all(isinstance(entry, Mapping) for entry in raw):
        factors = {key for entry in raw for key in entry}
        raw = {"seed": [entry.get("seed") for entry in raw]} if factors == {"seed"} else dict.fromkeys(factors)
    if isinstance(raw, (list, tuple)):
        raw = {"seed": list(raw)}
    if not isinstance(raw, Mapping) or not raw:
        faults.add(
            at,
            f"must say how many seeds, {{seed: 3}}, or list them, [0, 1, 2]; got {shown(raw)}",
            "replicates: {seed: 3}",
        )
        return None
    for key in raw.keys() - {"seed"}:
        if key in LATER_FACTORS:
            faults.add((*at, key), f"is not yet there; it {LATER}", "use seed")
        else:
            faults.add((*at, key), f"must be seed; got the key {key}", "replicates: {seed: 3}")
    return _read_seeds(raw.get("seed", 1), (*at, "seed"), faults)


def _read_seeds(raw: Any, at: At, faults: Faults) -> tuple[Mapping[str, int], ...] | None:
    seeds = list(range(raw)) if type(raw) is int and 0 < raw <= MOST_SEEDS else raw
    if not isinstance(seeds, list) or not seeds or not all(type(seed) is int and seed >= 0 for seed in seeds):
        faults.add(at, f"must be how many seeds (1 to {MOST_SEEDS}) or a list of seeds >= 0; got {shown(raw)}")
        return None
    twice = [seed for seed in dict.fromkeys(seeds) if seeds.count(seed) > 1]
    if twice:
        faults.add(at, f"must name each seed once; got {twice[0]} more than once")
        return None
    return tuple({"seed": seed} for seed in seeds)


def _read_search(raw: Any, at: At, faults: Faults) -> str | None:
    if raw == "grid":
        return "grid"
    steps = raw if isinstance(raw, (list, tuple)) else [raw]
    named = [name for step in steps for name in (step if isinstance(step, Mapping) else [step])]
    later = [name for name in named if name in LATER_SEARCHES]
    if later:
        faults.add(at, f"must be grid; {listed(later)}: not yet, that {LATER}; got {shown(raw)}", "search: grid")
    else:
        faults.add(at, f"must be grid; got {shown(raw)}", "search: grid")
    return None


def _read_select(raw: Any, at: At, faults: Faults) -> Select | None:
    if isinstance(raw, Select):
        return raw
    if not isinstance(raw, Mapping):
        faults.add(at, f"must be a mapping of metric, split and rule; got {shown(raw)}")
        return None
    rest = dict(raw)
    for key in LATER_SELECT:
        if key in rest:
            faults.add((*at, key), f"is not yet there; it {LATER}", "leave it out; the rule is best-mean")
            del rest[key]
    rule = rest.get("rule")
    name = next(iter(rule), None) if isinstance(rule, Mapping) else rule
    if name in LATER_RULES:
        faults.add((*at, "rule"), f"must be best-mean; {name}: not yet, that {LATER}", "rule: best-mean")
        del rest["rule"]
    return _read_model(Select, rest, at, faults)


def _read_report(raw: Any, at: At, faults: Faults) -> Report | None:
    return _read_model(Report, raw, at, faults)


def _read_limit(raw: Any, at: At, faults: Faults) -> Limit | None:
    return None if raw is None else _read_model(Limit, raw, at, faults)


def _read_keep(raw: Any, at: At, faults: Faults) -> str | None:
    if raw == "everything":
        return "everything"
    later = f"; {raw}: not yet, that {LATER}" if isinstance(raw, str) and raw in LATER_KEEP else ""
    faults.add(at, f"must be everything{later}; got {shown(raw)}", "leave it out")
    return None


def _read_device(raw: Any, at: At, faults: Faults) -> str | None:
    if isinstance(raw, str) and re.fullmatch(DEVICE, raw):
        return raw
    faults.add(at, f"must be auto, cpu, mps, cuda or cuda:N; got {shown(raw)}")
    return None


def _read_model(model: type[M], raw: Any, at: At, faults: Faults) -> M | None:
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


# Small things ---------------------------------------------------------------------------------------------


def _when(until: str, start: datetime) -> datetime:
    """The moment that a text means, in the time zone of `start` unless it names one.

    Raises:
        ValueError: when it is no time.
    """
    try:
        clock = time.fromisoformat(until)
    except ValueError:
        clock = None
    if clock is not None:
        today = start.replace(hour=clock.hour, minute=clock.minute, second=clock.second, microsecond=0)
        return today if today > start else today + timedelta(days=1)
    try:
        moment = datetime.fromisoformat(until)
    except ValueError:
        raise ValueError("must be a time of day (18:00) or a date and time (2030-01-31 18:00)") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=start.tzinfo)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for entry in value.values() for text in _texts(entry)]
    if isinstance(value, (list, tuple)):
        return [text for entry in value for text in _texts(entry)]
    return []
