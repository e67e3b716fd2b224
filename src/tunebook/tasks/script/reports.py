"""What a program reports: numbers of a step, and metrics for each split; and what comes of it.

{"step": 3, "loss": 0.3, "val": {"accuracy": 0.9}}         the whole of val
{"val": {"accuracy": {"plate-1": 0.8, "plate-2": 1.0}}}    item by item; the mean is that of val
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from tunebook.errors import Crashed, Diverged
from tunebook.folders import write_atomically
from tunebook.records import CurvePoint

Reported = float | None | dict[str, float | None]
"""A metric of a split: of the whole, or item by item; None where there is no value."""
FORM = '{"val": {"accuracy": 0.9}}'


@dataclass(frozen=True)
class Report:
    """One report.

    Args:
        values: Plain numbers: points of the learning curve.
        splits: Split -> metric -> value.
    """

    step: int
    values: Mapping[str, float] = field(default_factory=dict)
    splits: Mapping[str, Mapping[str, Reported]] = field(default_factory=dict)

    @property
    def point(self) -> CurvePoint:
        """All of it as a point of the learning curve: `val.accuracy` beside `loss`."""
        scored = {
            f"{split}.{metric}": joined
            for split, metrics in self.splits.items()
            for metric, value in metrics.items()
            if (joined := mean(value)) is not None
        }
        return CurvePoint(self.step, {**self.values, **scored})


class Kept:
    """The reports of a run, in a file that outlives an attempt.

    A program that goes on where it was stopped reports later steps; what it had reported of them before is replaced.

    Args:
        path: One report a line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before: list[Report] | None = list(_stored(path))
        self._to_report = {split for report in self._before or () for split in report.splits}
        self._reports: list[Report] = []

    def add(self, report: Report) -> Iterator[Report]:
        """Keep a report; with the first of this attempt, those of earlier steps come before it."""
        self._to_report -= set(report.splits)
        if self._before is None:
            new = [report]
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line(report))
        else:
            new = [*(each for each in self._before if each.step < report.step), report]
            self._before = None
            write_atomically(self._path, "".join(map(_line, new)).encode())
        self._reports += new
        yield from new

    def rest(self) -> Iterator[Report]:
        """What was reported before, by a program that had no step to add."""
        if self._before is not None:
            self._reports, self._before = self._before, None
            yield from self._reports

    def stale(self, last: Mapping[str, Mapping[str, Reported]]) -> tuple[str, ...]:
        """Splits that were reported before, and not in this attempt: what is known of them is of an earlier step.

        Args:
            last: What the program ended with.
        """
        return tuple(sorted(self._to_report - set(last)))

    @property
    def added(self) -> bool:
        """Whether anything was reported in this attempt."""
        return self._before is None

    def answer(self, last: Mapping[str, Mapping[str, Reported]]) -> dict[str, Mapping[str, Reported]]:
        """Split -> metric -> value: the last that was reported of each split.

        Args:
            last: What the program ended with.
        """
        found: dict[str, Mapping[str, Reported]] = {}
        for report in self._reports:
            found |= report.splits
        found |= last
        return found


def read_report(said: Any, *, place: str, number: int) -> Report:
    """A report as a program gives it.

    Args:
        place: What gave it, for messages: `main`, `metrics.json`.
        number: Its number, from 1; the step where it names none.

    Raises:
        Crashed: for anything else.
    """
    if not isinstance(said, Mapping):
        raise Crashed(f"{place} must give a mapping, {FORM}; got {_shown(said)}")
    step = said.get("step", number)
    if isinstance(step, bool) or not hasattr(step, "__index__") or (step := step.__index__()) < 0:
        raise Crashed(f"step of {place} must be a whole number >= 0; got {_shown(said['step'])}")
    values: dict[str, float] = {}
    splits: dict[str, dict[str, Reported]] = {}
    for name, entry in said.items():
        if name == "step":
            continue
        if isinstance(entry, Mapping):
            splits[str(name)] = {
                str(metric): _reported(value, f"{metric} of {name}", place) for metric, value in entry.items()
            }
        else:
            values[str(name)] = _number(entry, str(name), place)
    return Report(step, values, splits)


def finite(splits: Mapping[str, Mapping[str, Reported]]) -> None:
    """See that every number is one.

    Raises:
        Diverged: naming the first that is not.
    """
    for split, metrics in splits.items():
        for metric, value in metrics.items():
            for item, each in value.items() if isinstance(value, dict) else [("", value)]:
                if each is not None and not math.isfinite(each):
                    of = f" of {item}" if item else ""
                    raise Diverged(f"{metric} on {split}{of} is {each}")


def mean(value: Reported) -> float | None:
    """One number for a split; None where there is none."""
    if not isinstance(value, dict):
        return value
    held = [each for each in value.values() if each is not None]
    return fmean(held) if held else None


def _reported(value: Any, what: str, place: str) -> Reported:
    if value is None:
        return None
    if isinstance(value, Mapping):
        if not value:
            raise Crashed(f"{what} in {place} must have a value for each item; got no items")
        return {
            str(item): None if each is None else _number(each, f"{what}, {item}", place) for item, each in value.items()
        }
    return _number(value, what, place)


def _number(value: Any, what: str, place: str) -> float:
    """A number of Python, NumPy or torch."""
    if not isinstance(value, str | bytes) and hasattr(value, "__float__"):
        try:
            return float(value)
        except (TypeError, ValueError):  # an array of several
            pass
    raise Crashed(f"{what} in {place} must be a number, or a mapping from items to numbers; got {_shown(value)}")


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return f"{type(value).__name__} {text[:60]}" if value is not None else "None"


def _line(report: Report) -> str:
    return json.dumps(asdict(report)) + "\n"


def _stored(path: Path) -> Iterator[Report]:
    """Reports of an earlier attempt; one that was cut short is none."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            return
        yield Report(**found)
