"""Collecting every mistake of a file before saying any.

A reader never stops at the first mistake: it adds a fault and goes on with the rest. Where a fault lies is
a path of keys and list positions, so the same readers serve a file (the path becomes `name:line`) and
a value built in Python (the path is shown as it is).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tunebook.errors import Problem

At = tuple[str | int, ...]
LONGEST = 80
LARGEST_PLAIN = 1e6
TAKEN = {"", "null", "~", "true", "false"}


@dataclass(frozen=True)
class Fault:
    """One mistake: where it is, what must be and what is, and the way out."""

    at: At
    message: str
    hint: str = ""
    line: int | None = None
    """Its line, where that is not the line of the place."""


@dataclass
class Faults:
    """The mistakes found so far, in the order of finding."""

    found: list[Fault] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.found)

    def add(self, at: At, message: str, hint: str = "", *, line: int | None = None) -> None:
        """Record a mistake; the message continues the name of the place: `must be …; got …`."""
        fault = Fault(at, message, hint, line)
        if fault not in self.found:
            self.found.append(fault)

    def problems(self, place: Callable[[At], tuple[str, int]] | None = None) -> tuple[Problem, ...]:
        """The mistakes as problems: by line where `place` gives (file, line), else by dotted path."""
        if place is None:
            return tuple(Problem(dotted(fault.at), fault.message, fault.hint) for fault in self.found)
        placed = []
        for fault in self.found:
            file, line = place(fault.at)
            placed.append((line if fault.line is None else fault.line, file, fault))
        return tuple(
            Problem(f"{file}:{line}", f"{dotted(fault.at)} {fault.message}", fault.hint)
            for line, file, fault in sorted(placed, key=lambda entry: entry[0])
        )


def dotted(at: At) -> str:
    """`space.adapter.rank`, `where[0]`; `the file` for the whole."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "the file"


def shown(value: Any) -> str:
    """A value as a person writes it in a study file, shortened when long."""
    text = text_of(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def text_of(value: Any) -> str:
    """A value as a person writes it in a study file."""
    if isinstance(value, str):
        return json.dumps(value) if value.lower() in TAKEN or _reads_as_number(value) else value
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_PLAIN:
        return str(int(value))
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {text_of(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(text_of, value)) + "]"
    if value is None or isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return str(value)


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
