"""A study: what a person declares, as a frozen value with the study file's own names.

`Study(...)` in Python and a study file mean the same: both go through `read_parts`, which finds every
mistake that can be seen without the task. `spec.completing.complete` adds what needs the task.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, field_validator, model_validator

from tunebook.errors import StudyError
from tunebook.records import Case, MetricFacts
from tunebook.spec import references
from tunebook.spec.cases import CaseGroup, cases_of, read_across
from tunebook.spec.expressions import Expression
from tunebook.spec.faults import At, Faults, shown
from tunebook.spec.fields import plain
from tunebook.spec.judging import (
    Confirm,
    Noise,
    Refine,
    Select,
    read_confirm,
    read_noise,
    read_refine,
    read_select,
)
from tunebook.spec.names import OTHER_TOOLS, listed, meant, suggestion
from tunebook.spec.parts import Part, read_expressions, read_model
from tunebook.spec.programs import Program, is_program, read_program
from tunebook.spec.space import Space, read_space

LATER = "comes in a later version"
LATER_SEARCHES = ("random", "race", "halving", "confirm", "tpe", "gp", "cmaes", "qmc", "hyperband", "asha")
EVERYTHING = "everything"
DEVICE = r"auto|cpu|mps|cuda(:\d+)?"
MOST_SEEDS = 10_000
STANDARD_CONFIRM = Confirm()
"""What a study that says nothing of `confirm` has where it has one replicate; told by being this very value."""


class Report(Part):
    """What the page shows."""

    metrics: tuple[str, ...] = Field(
        (), strict=False, description="Columns; default: every metric that ends like the selection metric"
    )
    splits: tuple[str, ...] = Field(("test",), strict=False, min_length=1, description="Reported splits")
    pictures: int | Annotated[tuple[str, ...], Field(strict=False)] | Literal["best-median-worst"] = Field(
        5,
        description="Items of the first reported split in the gallery: the first so many, a list of their names, or "
        "best-median-worst (by the score of the best configuration)",
    )

    @field_validator("pictures", mode="before")
    @classmethod
    def _shows_something(cls, pictures: Any) -> Any:
        names = isinstance(pictures, list | tuple) and pictures and all(isinstance(each, str) for each in pictures)
        number = isinstance(pictures, int) and not isinstance(pictures, bool) and pictures >= 1
        if not (names or number or pictures == "best-median-worst"):
            raise ValueError("must be a number from 1 on, names of items, or best-median-worst")
        return pictures


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


class Keep(Part):
    """What stays of the files of a study's runs once it is decided; what another study keeps of a run stays as well."""

    checkpoints: Literal["decision", "finalists", "all"] = Field(
        "all", description="Trained weights: of the decided configuration, of all that were confirmed too, or of all"
    )
    predictions: Literal["report", "all"] = Field(
        "all", description="Raw predictions: of the reported splits, or of all (other settings are chosen from them)"
    )


class Study(BaseModel):
    """One study. Only task, base (with its data) and space are required.

    Raises:
        StudyError: with every problem that can be seen without the task.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str = Field("study", description="Name; default: the file's name")
    question: str = Field("", description="The question in words, shown on the page")
    task: str | InstanceOf[Program] = Field(
        description="Name of the task, what one run trains, predicts and scores; or an own program: train.py:main"
    )
    metrics: Mapping[str, InstanceOf[MetricFacts]] = Field(
        {}, description="What an own program reports, and which direction is better: {accuracy: maximize}"
    )
    base: Mapping[str, Any] = Field({}, description="Values that all configurations share; may be left out with refine")
    space: InstanceOf[Space] = Field(Space(()), description="What is tuned; may be left out where refine makes it")
    where: tuple[InstanceOf[Expression], ...] = Field((), description="Constraints over parameters")
    across: tuple[InstanceOf[CaseGroup], ...] = Field((), description="Cases crossed with every configuration")
    replicates: tuple[Mapping[str, int], ...] = Field(({"seed": 0},), description="Repetitions by chance only")
    search: Literal["grid"] = Field("grid", description="How configurations are proposed")
    confirm: Confirm | None = Field(
        None,
        description="Finalists on fresh seeds; default: {top: 5, seeds: 3} where there is one replicate; null: none",
    )
    noise: Noise | None = Field(None, description="Runs that measure the noise and choose nothing")
    control: bool = Field(True, description="Whether decisions that it starts from are run again as a control")
    baselines: bool = Field(True, description="Whether the task's baselines are run too, for the page to compare with")
    refine: Refine | None = Field(None, description="Stands for a space: a finer grid around a study's decision")
    select: Select = Field(Select(), description="What the decision is made by")
    report: Report = Field(Report(), description="What the page shows")
    limit: Limit | None = Field(None, description="When to stop early")
    keep: Keep = Field(Keep(), description="What stays of its runs' files once it is decided; default: everything")
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
        base += [self.refine.study] if self.refine is not None else []
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
    own = is_program(raw.get("task"))
    optional = {"base"} if own else set()
    for key in ("task", "base", "space"):
        if key not in raw and key not in optional and not (key in ("base", "space") and "refine" in raw):
            faults.add((), f"must have {key}; got a study without it")
    if "space" in raw and "refine" in raw:
        faults.add(("refine",), "must stand alone: it makes the space; got space too", "leave one of them out")
    readers = {
        "study": _read_name, "question": _read_text, "task": _read_task, "base": _read_base, "space": _read_space,
        "where": read_expressions, "across": _read_across, "replicates": _read_replicates, "search": _read_search,
        "confirm": read_confirm, "noise": read_noise, "refine": read_refine, "select": read_select,
        "report": _read_report, "limit": _read_limit, "keep": _read_keep, "device": _read_device, "control": _read_flag,
        "baselines": _read_flag,
    }  # fmt: skip
    found: dict[str, Any] = {key: read(raw[key], (key,), faults) for key, read in readers.items() if key in raw}
    if own:
        found |= _own_program(raw, found, faults)
    elif "metrics" in raw:
        hint = "leave it out; the columns of the page are report: {metrics: […]}"
        faults.add(("metrics",), "must be left out: an installed task declares its own metrics", hint)
    if "confirm" not in raw and len(found.get("replicates") or ({},)) == 1:
        found["confirm"] = STANDARD_CONFIRM
    return {"study": name, **{key: value for key, value in found.items() if value is not None}}


# Readers: each gives the value, or None after a fault -----------------------------------------------------


def _check_key(key: str, faults: Faults) -> None:
    if key not in Study.model_fields:
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
    return None if is_program(raw) else _read_text(raw, at, faults)


def _own_program(raw: Mapping[str, Any], found: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    """The task and the metrics of a study of an own program, whose page shows all of them unless it says which."""
    program = read_program(raw, found, faults)
    if program is None:
        return {}
    report = found.get("report") or Report()
    return {
        "task": program,
        "metrics": program.metrics,
        "report": report if report.metrics else report.model_copy(update={"metrics": tuple(program.metrics)}),
    }


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


def _read_across(raw: Any, at: At, faults: Faults) -> tuple[CaseGroup, ...]:
    if isinstance(raw, tuple) and all(isinstance(entry, CaseGroup) for entry in raw):
        return raw
    return read_across(raw, at, faults)


def _read_replicates(raw: Any, at: At, faults: Faults) -> tuple[Mapping[str, int], ...] | None:
    if isinstance(raw, (list, tuple)) and raw and all(isinstance(entry, Mapping) for entry in raw):
        return _read_each(raw, at, faults)
    if isinstance(raw, (list, tuple)):
        raw = {"seed": list(raw)}
    if not isinstance(raw, Mapping) or not raw:
        faults.add(
            at,
            f"must say how many seeds, {{seed: 3}}, or list them, [0, 1, 2]; got {shown(raw)}",
            "replicates: {seed: 3}",
        )
        return None
    known = len(faults.found)
    for key in raw.keys() - {"seed", "fold"}:
        hint = "replicates: {fold: 5}" if key == "folds" else "replicates: {seed: 3}"
        faults.add((*at, key), f"must be seed or fold; got the key {key}", hint)
    seeds = _read_seeds(raw.get("seed", 1), (*at, "seed"), faults)
    folds = raw.get("fold")
    if "fold" in raw and (type(folds) is not int or folds < 2):
        faults.add((*at, "fold"), f"must be how many folds, 2 or more; got {shown(folds)}", "replicates: {fold: 5}")
    if seeds is None or len(faults.found) > known or folds is None:
        return seeds
    return tuple({**each, "fold": fold} for each in seeds for fold in range(folds))


def _read_each(raw: Sequence[Mapping[str, Any]], at: At, faults: Faults) -> tuple[Mapping[str, int], ...] | None:
    """Replicates one by one, as Python gives them: every seed with every fold from 0."""
    written: dict[str, Any] = {"seed": list(dict.fromkeys(each.get("seed") for each in raw))}
    if any("fold" in each for each in raw):
        written["fold"] = len({each.get("fold") for each in raw})
    if all(each.keys() <= written.keys() for each in raw):
        found = _read_replicates(written, at, faults)
        if found is None or [dict(each) for each in found] == [dict(each) for each in raw]:
            return found
    hint = "replicates: {seed: 2, fold: 5}"
    faults.add(at, f"must be seeds, each once, or each with every fold from 0; got {shown(list(raw))}", hint)
    return None


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


def _read_flag(raw: Any, at: At, faults: Faults) -> bool | None:
    if isinstance(raw, bool):
        return raw
    faults.add(at, f"must be true or false; got {shown(raw)}")
    return None


def _read_report(raw: Any, at: At, faults: Faults) -> Report | None:
    return read_model(Report, raw, at, faults)


def _read_limit(raw: Any, at: At, faults: Faults) -> Limit | None:
    return None if raw is None else read_model(Limit, raw, at, faults)


def _read_keep(raw: Any, at: At, faults: Faults) -> Keep | None:
    if raw == EVERYTHING:
        return Keep()
    if not isinstance(raw, Mapping | Keep):
        message = f"must be {EVERYTHING}, or say which checkpoints and predictions stay; got {shown(raw)}"
        faults.add(at, message, "keep: {checkpoints: decision, predictions: report}")
        return None
    return read_model(Keep, raw, at, faults)


def _read_device(raw: Any, at: At, faults: Faults) -> str | None:
    if isinstance(raw, str) and re.fullmatch(DEVICE, raw):
        return raw
    faults.add(at, f"must be auto, cpu, mps, cuda or cuda:N; got {shown(raw)}")
    return None


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
