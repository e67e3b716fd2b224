"""The text of a first study: a short YAML file with a comment on every line that a newcomer will touch."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from tunebook.records import Scalar

COLUMN = 44
"""Where comments begin, in characters."""
LONGEST = 120
SEEDS, TOP, FRESH = 2, 2, 2
"""Seeds of every combination, how many of the best run again, and on how many fresh seeds."""
PLAIN = re.compile(r"[A-Za-z_][\w./ -]*[\w./-]|[A-Za-z_]")
WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
"""What YAML may take for something else than text."""


@dataclass(frozen=True)
class First:
    """What a first study says.

    Args:
        study: Its name. `task`: as the file names it.
        found: What it was written for: a sentence without its full stop.
        base: Dotted path -> value. `space`: dotted path -> values.
        why: Dotted path -> comment.
        select: Metric and split. `splits`, `metrics`: reported.
        declared: Metric -> direction, of an own program.
        prefer: What is simpler; none: the best mean decides.
        seconds: Of one run on one core; 0: not known.
        fresh: Seeds that the best run again on.
    """

    study: str
    question: str
    task: str
    found: str
    base: Mapping[str, Any]
    space: Mapping[str, Sequence[Scalar]]
    why: Mapping[str, str]
    select: tuple[str, str]
    splits: Sequence[str]
    metrics: Sequence[str] = ()
    declared: Mapping[str, str] = field(default_factory=dict)
    prefer: Sequence[str] = ()
    seconds: float = 0.0
    fresh: int = FRESH

    def text(self, forecast: str = "") -> str:
        """The study file.

        Args:
            forecast: How many runs it has and how long they take; empty: not known.
        """
        lines = [
            f"# Written by `tunebook new` for {self.found}.",
            *([f"# `tunebook run` trains it: {forecast}, as estimated when this was written."] if forecast else []),
            "# All of it may be changed: `tunebook check` counts what it means, and names every mistake with its line.",
            f"study: {self.study}",
            _line(f"question: {_scalar(self.question)}", ""),
            f"task: {self.task}",
        ]
        if self.declared:
            said = ", ".join(f"{name}: {direction}" for name, direction in self.declared.items())
            lines.append(
                _line(
                    f"metrics: {{{said}}}", self.why.get("metrics", "what the program reports, and which way is better")
                )
            )
        if self.base:
            lines += ["", _line("base:", "what all runs have in common"), *_nested(self.base, self.why)]
        lines += ["", _line("space:", f"what is tuned: {_counted(self.space)}")]
        lines += [
            _line(f"  {path}: {_value(list(values))}", self.why.get(path, "")) for path, values in self.space.items()
        ]
        return "\n".join([*lines, "", *self._judged()]) + "\n"

    def _judged(self) -> Iterable[str]:
        metric, split = self.select
        rule = "one-standard-error" if self.prefer else "best-mean"
        reason = "the simplest that is as good as the best" if self.prefer else "the best mean over its seeds"
        yield _line(f"replicates: {{seed: {SEEDS}}}", "every combination with two seeds: their spread is the noise")
        yield _line(
            f"confirm: {{top: {TOP}, seeds: {self.fresh}}}", "the best two again, on seeds that did not make them so"
        )
        yield _line("select:", "what decides; the split that is reported never does")
        yield f"  metric: {metric}"
        yield f"  split: {split}"
        yield _line(f"  rule: {rule}", reason)
        if self.prefer:
            yield _line(f"  prefer: {_value(list(self.prefer))}", "what simple means: less of this")
        yield _line("report:", "what the page shows")
        yield f"  metrics: {_value(list(self.metrics or (metric,)))}"
        yield f"  splits: {_value(list(self.splits))}"


def named(text: str) -> str:
    """A name that book.yaml and study files take, from that of a folder or file."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.") or "data"


# Lines ----------------------------------------------------------------------------------------------------


def _line(code: str, comment: str) -> str:
    """A line with its comment behind it, or above it where it would be too long."""
    if not comment:
        return code
    padded = f"{code:<{COLUMN - 2}}  # {comment}"
    if len(padded) <= LONGEST:
        return padded
    indent = " " * (len(code) - len(code.lstrip()))
    return f"{indent}# {comment}\n{code}"


def _nested(base: Mapping[str, Any], why: Mapping[str, str]) -> Iterable[str]:
    """Groups of dotted paths: one line for a group of one field, else a line for each of them."""
    groups: dict[str, dict[str, Any]] = {}
    for path, value in base.items():
        group, _, name = path.partition(".")
        groups.setdefault(group, {})[name] = value
    for group, fields in groups.items():
        if "" in fields:
            yield _line(f"  {group}: {_value(fields[''])}", why.get(group, ""))
        elif len(fields) == 1:
            name, value = next(iter(fields.items()))
            yield _line(f"  {group}: {_value(_unfolded(name, value))}", why.get(f"{group}.{name}", ""))
        else:
            yield f"  {group}:"
            yield from _fields(group, fields, why)


def _fields(group: str, fields: Mapping[str, Any], why: Mapping[str, str]) -> Iterable[str]:
    """The fields of a group; those of a group within it stand in braces."""
    inner: dict[str, dict[str, Any]] = {}
    for name, value in fields.items():
        head, _, rest = name.partition(".")
        inner.setdefault(head, {})[rest] = value
    for head, values in inner.items():
        if "" in values:
            yield _line(f"    {head}: {_value(values[''])}", why.get(f"{group}.{head}", ""))
        elif len(values) == 1:
            rest, value = next(iter(values.items()))
            yield _line(f"    {head}: {_value({rest: value})}", why.get(f"{group}.{head}.{rest}", ""))
        else:
            yield f"    {head}:"
            for rest, value in values.items():
                yield _line(f"      {rest}: {_value(value)}", why.get(f"{group}.{head}.{rest}", ""))


def _unfolded(name: str, value: Any) -> dict[str, Any]:
    head, _, rest = name.partition(".")
    return {head: _unfolded(rest, value) if rest else value}


def _counted(space: Mapping[str, Sequence[Scalar]]) -> str:
    sizes = [len(values) for values in space.values()]
    return f"{' × '.join(map(str, sizes))} = {prod(sizes)} combinations" if len(sizes) > 1 else f"{sizes[0]} values"


# Values ---------------------------------------------------------------------------------------------------


def _value(value: Any) -> str:
    """A value as YAML in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return _scalar(value, inside=True)


def _scalar(value: Any, *, inside: bool = False) -> str:
    """A number, a text or null; a text is quoted where YAML would take it for something else.

    Args:
        inside: Whether it may stand within brackets, where a comma would part it.
    """
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if not inside and not re.search(r": | #|^[\s\"'&*!|>%@`\[{?-]", text) and text.strip() == text:
        return text
    if PLAIN.fullmatch(text) and text.lower() not in WORDS:
        return text
    return "'" + text.replace("'", "''") + "'" if text.isprintable() else json.dumps(text)


def _number(value: float) -> str:
    """`0.001` as 1e-3, which is read at a glance; other numbers in their shortest form."""
    if 0 < abs(value) < 0.01:
        digits, exponent = f"{value:e}".split("e")
        return f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}"
    return repr(value)
