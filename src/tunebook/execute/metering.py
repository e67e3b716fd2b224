"""What runs take: wall-clock and processor time, and memory."""

import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tunebook.records import Costs


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
    try:
        yield
    finally:
        for meter in meters:
            meter.spent = meter.costs()
            meter._span = None


@dataclass(frozen=True)
class _Span:
    """Time since it was made. Processor time counts children that have ended."""

    among: int
    wall: float = field(default_factory=time.monotonic)
    processor: float = field(default_factory=_processor_seconds)

    def added_to(self, before: Costs) -> Costs:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        unit = 1 if sys.platform == "darwin" else 1024
        return replace(
            before,
            seconds=before.seconds + (time.monotonic() - self.wall) / self.among,
            cpu_seconds=before.cpu_seconds + (_processor_seconds() - self.processor) / self.among,
            peak_memory_mb=max(before.peak_memory_mb, peak * unit / 1e6),
        )
