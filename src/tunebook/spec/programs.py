"""Own programs as tasks: `task: train.py:main`, or a command; metrics are declared beside it.

Every key of base, space and across is a parameter of the program. A program with its parameters and metrics is a
frozen value, and every stored configuration holds it (`Program.of`), so that a run says itself what it runs.
"""

import keyword
import re
import shlex
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, Field

from tunebook.errors import InputError, Problem
from tunebook.records import COSTS, DATA_ROOT, MetricFacts
from tunebook.spec.cases import CaseGroup
from tunebook.spec.faults import At, Faults, shown
from tunebook.spec.names import listed, suggestion
from tunebook.spec.parts import Part, read_model
from tunebook.spec.space import Space

TASK = "own-program"
"""What the task of every own program is called in its runs."""
GROUP = "program"
"""The group of a configuration that holds the program itself."""
GIVEN = ("seed", "out", "config", "fold")
"""Placeholders of a command, and arguments of a function, beside the parameters."""
FUNCTION = re.compile(r"(?P<file>[^:]+\.py):(?P<name>[^\W\d]\w*)")
PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
PARAMETER = re.compile(r"[A-Za-z][\w-]*(\.[A-Za-z][\w-]*)*")
METRIC = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
RESERVED = frozenset(name for name in dir(BaseModel) if not name.startswith("_"))
MEANING = "As the program reports it."
DIRECTIONS = {
    "max": "maximize", "maximise": "maximize", "higher": "maximize", "up": "maximize",
    "min": "minimize", "minimise": "minimize", "lower": "minimize", "down": "minimize",
}  # fmt: skip
"""What people write for a direction."""

Kind = Literal["boolean", "whole", "number", "text", "list", "null"]


@dataclass(frozen=True)
class Program:
    """An own program: what is called, with what, and what it reports.

    Args:
        function: `train.py:main`, a function of a file of the book; empty where `command` is run.
        command: Words with placeholders; never given to a shell.
        files: Further files and folders of the program, whose content is part of it.
        inputs: Parameters that are paths; the content below them belongs to a run's identity.
        predict: `train.py:predict`, which applies a finished run to new data; empty: there is none.
        metrics: Name -> what is to be known of it.
        parameters: Dotted path -> the kinds of the values that the study gives it; none: it is only named so far, and
            a decision of another study gives it.
    """

    function: str = ""
    command: str = ""
    files: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    predict: str = ""
    metrics: Mapping[str, MetricFacts] = field(default_factory=dict)
    parameters: Mapping[str, tuple[Kind, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"own program {self.function or self._called}"

    @property
    def _called(self) -> str:
        """The file of a command, else its first word."""
        words = words_of(self.command)
        return next((PurePosixPath(word).name for word in words if "." in word and "{" not in word), words[0])

    @property
    def declared(self) -> Mapping[str, Any]:
        """Itself without its parameters, as plain values of a configuration."""
        said = {name: _metric_values(facts) for name, facts in self.metrics.items()}
        return {
            "function": self.function,
            "command": self.command,
            "files": list(self.files),
            "inputs": list(self.inputs),
            "predict": self.predict,
            "metrics": said,
        }

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Program":
        """The program that a configuration holds.

        Raises:
            InputError: when it holds none.
        """
        found = values.get(GROUP)
        if not isinstance(found, Mapping):
            raise InputError(Problem("task", "must be an own program; its configuration holds none"))
        return cls(
            function=found["function"],
            command=found["command"],
            files=tuple(found["files"]),
            inputs=tuple(found["inputs"]),
            predict=found["predict"],
            metrics={name: MetricFacts(name, **facts) for name, facts in found["metrics"].items()},
            parameters={path: (kind_of(value),) for path, value in parameters_of(values)},
        )

    def joined(self, decisions: Iterable[Mapping[str, Any]]) -> "Program":
        """The same with the parameters that decisions of other studies bring; theirs are the full names.

        Args:
            decisions: Nested values of each.
        """
        brought: dict[str, dict[Kind, None]] = {}
        for values in decisions:
            for path, value in parameters_of(values):
                brought.setdefault(path, {})[kind_of(value)] = None
        kinds = {path: kinds for path, kinds in self.parameters.items() if kinds}
        for path, own in kinds.items():
            brought.setdefault(_meant(path, brought) or path, {}).update(dict.fromkeys(own))
        inputs = (*self.inputs, *([DATA_ROOT] if DATA_ROOT in brought and not self.inputs else []))
        return replace(self, parameters={path: tuple(found) for path, found in brought.items()}, inputs=inputs)


class MetricPart(Part):
    """A metric of an own program, as a study file declares it."""

    direction: str = Field(description="maximize or minimize")
    meaning: str = Field(MEANING, description="One sentence")
    unit: str = Field("", description="Its unit")
    low: float | None = Field(None, description="The least value that there can be", allow_inf_nan=False)
    high: float | None = Field(None, description="The largest value that there can be", allow_inf_nan=False)
    zero: str = Field("", description="What 0 means")
    one: str = Field("", description="What 1 means")


class ProgramPart(Part):
    """An own program, as a study file declares it when it says more than a function."""

    command: str | None = Field(None, min_length=1, description="A command with placeholders: {lr}, {seed}, {out}")
    function: str | None = Field(None, description="A function of a Python file of the book: train.py:main")
    files: tuple[str, ...] = Field((), strict=False, description="Further files or folders of the program")
    inputs: tuple[str, ...] | None = Field(
        None, strict=False, description="Parameters that are paths, whose content counts; default: data.root"
    )
    predict: str | None = Field(None, description="A function that applies a finished run: train.py:predict")


def is_program(raw: Any) -> bool:
    """Whether a task, as a study gives it, is an own program and no installed task."""
    return isinstance(raw, Mapping | Program) or (isinstance(raw, str) and ".py" in raw)


def read_program(study: Mapping[str, Any], read: Mapping[str, Any], faults: Faults) -> Program | None:
    """The program of a study; None after a fault that leaves nothing to go on with.

    Args:
        study: The keys of the study as they were given.
        read: Those that were read already: base, space, across, replicates, where, refine.
    """
    if isinstance(study["task"], Program):
        return study["task"]
    part = _read_task(study["task"], faults)
    metrics = read_metrics(study["metrics"], ("metrics",), faults) if "metrics" in study else None
    if "metrics" not in study:
        hint = "metrics: {accuracy: maximize}"
        faults.add((), "must have metrics, which say what an own program reports; got a study without them", hint)
    if part is None:
        return None
    known = len(faults.found)
    parameters = _parameters(read, faults)
    misnamed = len(faults.found) > known
    program = Program(
        function=part.function or "",
        command=part.command or "",
        files=part.files,
        inputs=tuple(_inputs(part, parameters, faults)),
        predict=part.predict or "",
        metrics=metrics or {},
        parameters=parameters,
    )
    if part.command is not None and not _check_words(part.command, faults):
        return None
    if program.command:
        _check_command(program, read, faults, closed=not _is_open(read))
    return None if misnamed else program


def read_metrics(raw: Any, at: At, faults: Faults) -> dict[str, MetricFacts] | None:
    """Name -> metric, in the order of declaration."""
    if not isinstance(raw, Mapping) or not raw:
        faults.add(at, f"must name each metric and its direction; got {shown(raw)}", "metrics: {accuracy: maximize}")
        return None
    found = {}
    for name, said in raw.items():
        if isinstance(said, MetricFacts):
            found[str(name)] = said
        elif (facts := _read_metric(str(name), said, (*at, str(name)), faults)) is not None:
            found[str(name)] = facts
    return found


def parameters_of(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted path, value) of every parameter in nested values; the program itself is none."""
    for key, value in values.items():
        if prefix or key not in (GROUP, "from"):
            if isinstance(value, Mapping):
                yield from parameters_of(value, f"{prefix}{key}.")
            else:
                yield f"{prefix}{key}", value


def kind_of(value: Any) -> Kind:
    """What a plain value is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "whole"
    if isinstance(value, float):
        return "number"
    return "text" if isinstance(value, str) else "list"


def words_of(command: str) -> list[str]:
    """The words of a command, as a shell would part them.

    Raises:
        ValueError: when a quotation does not end.
    """
    return shlex.split(command)


def placeholders(word: str) -> Iterator[str]:
    """The names in braces; doubled braces stand for themselves."""
    yield from (found[1] for found in PLACEHOLDER.finditer(word) if found[1] is not None)


def filled(word: str, texts: Mapping[str, str]) -> str:
    """A word with a text for each of its placeholders."""

    def text(found: re.Match[str]) -> str:
        return found[0][0] if found[1] is None else texts[found[1]]

    return PLACEHOLDER.sub(text, word)


def named(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The paths that a name may mean: itself, else those that it ends."""
    known = tuple(known)
    return (name,) if name in known else tuple(path for path in known if path.endswith(f".{name}"))


def untold(replicates: Sequence[Mapping[str, int]], taken: Container[str]) -> Iterator[tuple[str, int, str]]:
    """(what, how many there are, what else to do) of each thing in which replicates differ and a program is not told.

    Such replicates would be copies of one another.

    Args:
        taken: What the program is told: `seed`, `fold`.
    """
    for name, hint in (("seed", "; a program without chance has replicates: [0]"), ("fold", "")):
        count = len({each[name] for each in replicates if name in each})
        if count > 1 and name not in taken:
            yield name, count, hint


# Reading --------------------------------------------------------------------------------------------------


def _read_task(raw: Any, faults: Faults) -> ProgramPart | None:
    """What the task says; a function that is none is left out after a fault."""
    if isinstance(raw, str):
        part: ProgramPart | None = ProgramPart(function=raw)
        at: At = ("task",)
    else:
        part, at = read_model(ProgramPart, raw, ("task",), faults), ("task", "function")
        if part is not None and (part.command is None) == (part.function is None):
            if not any(fault.at[:1] == ("task",) for fault in faults.found):
                got = "neither" if part.command is None else "both"
                hint = "task: train.py:main, or task: {command: …}"
                faults.add(("task",), f"must have a command or a function; got {got}", hint)
            return None
    if part is None:
        return None
    wrong: dict[str, None] = {}
    for key, place, text in (("function", at, part.function), ("predict", ("task", "predict"), part.predict)):
        if text is not None and not FUNCTION.fullmatch(text):
            hint = "train.py:main" if key == "function" else "train.py:predict"
            faults.add(place, f"must be a Python file and a function of it, FILE.py:FUNCTION; got {shown(text)}", hint)
            wrong[key] = None
    return part.model_copy(update=wrong)


def _read_metric(name: str, said: Any, at: At, faults: Faults) -> MetricFacts | None:
    if not METRIC.fullmatch(name) or name in COSTS:
        rule = f"must be a name of letters, digits and _ that is no cost ({listed(COSTS)})"
        faults.add(at, f"{rule}; got {name}")
        return None
    part = read_model(MetricPart, {"direction": said} if isinstance(said, str) else said, at, faults)
    if part is None:
        return None
    direction = getattr(part, "direction", None)
    if direction not in ("maximize", "minimize"):
        place = at if isinstance(said, str) else (*at, "direction")
        if direction is not None:
            near = DIRECTIONS.get(str(direction).lower())
            hint = f"write {near}" if near else suggestion(str(direction), ("maximize", "minimize"))
            faults.add(place, f"must be maximize or minimize; got {shown(direction)}", hint)
    facts: dict[str, Any] = {name: getattr(part, name, None) for name in MetricPart.model_fields}
    low, high = facts["low"], facts["high"]
    if low is not None and high is not None and not low < high:
        faults.add(at, f"must have low < high; got low {shown(low)}, high {shown(high)}")
    return MetricFacts(name, **{**facts, "direction": "minimize" if direction == "minimize" else "maximize"})


def _parameters(read: Mapping[str, Any], faults: Faults) -> dict[str, tuple[Kind, ...]]:
    """Dotted path -> kinds of its values; a name without dots may end one path of base."""
    found: dict[str, dict[Kind, None]] = {}
    for name, values, at in _given(read):
        path = _meant(name, found) or name
        _check_name(path, found, at, faults)
        found.setdefault(path, {}).update(dict.fromkeys(map(kind_of, values)))
    kinds = {path: tuple(kinds) for path, kinds in found.items()}
    if _is_open(read):
        kinds |= dict.fromkeys((name for name in _only_named(read) if not named(name, kinds)), ())
    return kinds


def _given(read: Mapping[str, Any]) -> Iterator[tuple[str, Iterable[Any], At]]:
    """(name, values, place) of every parameter that the study gives, base first."""
    for path, value in parameters_of(read.get("base") or {}):
        yield path, (value,), ("base", *path.split("."))
    space: Space = read.get("space") or Space(())
    for parameter in space.parameters():
        yield parameter.name, parameter.choices, parameter.at
    groups: tuple[CaseGroup, ...] = read.get("across") or ()
    for group in groups:
        for name, values in group.fields.items():
            yield name, values, (*group.at, name)


def _is_open(read: Mapping[str, Any]) -> bool:
    """Whether a decision of another study brings parameters."""
    space: Space = read.get("space") or Space(())
    sources = any(alternative.source is not None for alternative in space.alternatives())
    return "from" in (read.get("base") or {}) or read.get("refine") is not None or sources


def _only_named(read: Mapping[str, Any]) -> Iterator[str]:
    """Names of parameters that the study gives no value."""
    for entry in read.get("where") or ():
        yield from entry.names
    if read.get("refine") is not None:
        yield from read["refine"].only
    if read.get("select") is not None:
        yield from (name for name, _ in read["select"].prefer if name not in COSTS)


def _meant(name: str, known: Iterable[str]) -> str:
    """The one path that a name ends; empty where there is none."""
    found = named(name, known) if "." not in name else ()
    return found[0] if found else ""


def _check_name(path: str, known: Iterable[str], at: At, faults: Faults) -> None:
    parts = path.split(".")
    wrong = [part for part in parts if part in RESERVED or part.startswith("model_") or keyword.iskeyword(part)]
    if not PARAMETER.fullmatch(path) or wrong or parts[0] == GROUP or path in GIVEN:
        taken = f"{GROUP}, {', '.join(GIVEN)}, a word of Python or one that begins with model_"
        rule = f"must be named by letters, digits, _ and -, and not {taken}"
        faults.add(at, f"{rule}; got {wrong[0] if wrong else path}", "call it otherwise")
    above = next((other for other in known if other.startswith(f"{path}.") or path.startswith(f"{other}.")), None)
    if above is not None:
        faults.add(at, f"must be a value or a group of values; got {path} beside {above}", "rename one of them")


def _inputs(part: ProgramPart, parameters: Mapping[str, tuple[Kind, ...]], faults: Faults) -> Iterator[str]:
    """Full names of the parameters that are paths."""
    if part.inputs is None:
        if "text" in parameters.get(DATA_ROOT, ()):
            yield DATA_ROOT
        return
    for i, name in enumerate(part.inputs):
        found = named(name, parameters)
        if len(found) != 1:
            got = "none is called so" if not found else f"it may be {listed(found)}"
            hint = suggestion(name, tuple(parameters), also=f"the parameters are {listed(parameters, most=40)}")
            faults.add(
                ("task", "inputs", i), f"must name a parameter of base, space or across; got {name}: {got}", hint
            )
        elif set(parameters[found[0]]) - {"text", "null"}:
            faults.add(("task", "inputs", i), f"must name a parameter that is a path; got {found[0]}, which is no text")
        else:
            yield found[0]


def _check_words(command: str, faults: Faults) -> bool:
    """Whether a command is words of which the first is a program; a fault where it is not."""
    at, hint = ("task", "command"), "task: {command: python train.py --lr {lr} --out {out}}"
    try:
        words = words_of(command)
    except ValueError as error:
        said = str(error)[:1].lower() + str(error)[1:]
        faults.add(at, f"must be words, with quotations that end; got {said} in {command}", "close the quotation")
        return False
    if not words or not words[0]:
        faults.add(at, "must begin with a program; got nothing", hint)
    elif any(True for _ in placeholders(words[0])):
        faults.add(at, f"must begin with a program that is the same in all runs; got {words[0]}", hint)
    else:
        return True
    return False


def _check_command(program: Program, read: Mapping[str, Any], faults: Faults, *, closed: bool) -> None:
    """Find every placeholder that means nothing, and every parameter that the command leaves out."""
    at = ("task", "command")
    used: set[str] = set()
    for name in dict.fromkeys(name for word in words_of(program.command) for name in placeholders(word)):
        found = named(name, program.parameters)
        if name in GIVEN:
            used.add(name)
        elif len(found) == 1:
            used.add(found[0])
        elif found:
            faults.add(at, f"must name one parameter in braces; got {{{name}}}, which may be {listed(found)}")
        elif closed:
            known = (*program.parameters, *GIVEN)
            hint = suggestion(name, known, also=f"there are {listed(known, most=40)}; {{{{ and }}}} are plain braces")
            faults.add(at, f"must name parameters in braces; got {{{name}}}", hint)
    if "out" not in used:
        faults.add(at, "must have {out}, the folder that the program writes metrics.json to; got none", "--out {out}")
    left = [path for path in program.parameters if path not in used]
    if left and "config" not in used and closed:
        hint = f"add {' '.join(f'{{{path}}}' for path in left)}, or {{config}}: a JSON file of all parameters"
        faults.add(at, f"must use every parameter; got none of {listed(left)}", hint)
    if "config" not in used:
        for name, count, hint in untold(read.get("replicates") or (), used):
            faults.add(at, f"must have {{{name}}}, as the study has {count} {name}s; got none", f"add {{{name}}}{hint}")


def _metric_values(facts: MetricFacts) -> dict[str, Any]:
    return {name: value for name, value in asdict(facts).items() if name not in ("name", "mode")}
