"""What runs take: wall-clock and processor time, and memory.

A process knows the most that it has held itself, and the most that one process held which it started and which has
ended. What several hold together is known to whoever looks at them (`saw_memory`).
"""

import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tunebook.records import Costs


def saw_memory(megabytes: float) -> None:
    """Tell what this process and those that it has started hold together at this moment, in 10^6 bytes."""
    for span in _spans:
        span.seen_mb = max(span.seen_mb, megabytes)


def _memory_mb(whose: int) -> float:
    """The most that a process held at once: this one, or of those that it started and that have ended the largest."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(whose).ru_maxrss * unit / 1e6


def _processor_seconds() -> float:
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


@dataclass
class Meter:
    """What one run has taken.

    Args:
        spent: What it took in attempts before, and in the spans that have ended.
    """

    spent: Costs
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    _span: "_Span | None" = None

    def costs(self) -> Costs:
        """All of it, with its share of a span that goes on."""
        return self.spent if self._span is None else self._span.added_to(self.spent)


@contextmanager
def metered(meters: Sequence[Meter]) -> Iterator[None]:
    """A span of work for some runs, who share its time equally; memory counts for each of them whole."""
    span = _Span(len(meters))
    for meter in meters:
        meter._span = span
    _spans.append(span)
    try:
        yield
    finally:
        _spans.remove(span)
        for meter in meters:
            meter.spent = meter.costs()
            meter._span = None


@dataclass(eq=False)
class _Span:
    """Time since it was made. Processor time, and the largest process, count children that have ended.

    Args:
        children_mb: The largest that had ended before: it is none of this span.
        seen_mb: The most that was told of them all together.
    """

    among: int
    wall: float = field(default_factory=time.monotonic)
    processor: float = field(default_factory=_processor_seconds)
    children_mb: float = field(default_factory=lambda: _memory_mb(resource.RUSAGE_CHILDREN))
    seen_mb: float = 0.0

    def added_to(self, before: Costs) -> Costs:
        largest = _memory_mb(resource.RUSAGE_CHILDREN)
        peak = max(_memory_mb(resource.RUSAGE_SELF), self.seen_mb, largest if largest > self.children_mb else 0.0)
        return replace(
            before,
            seconds=before.seconds + (time.monotonic() - self.wall) / self.among,
            cpu_seconds=before.cpu_seconds + (_processor_seconds() - self.processor) / self.among,
            peak_memory_mb=max(before.peak_memory_mb, peak),
        )


_spans: list[_Span] = []
"""Those that go on in this process."""
