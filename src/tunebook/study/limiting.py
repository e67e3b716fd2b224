"""What a study's limit leaves: for its search, and for the finalists, whose runs are kept in reserve.

Of a number of runs, those of the finalists are kept; of a time, what they need at the pace of the runs so far.
A limit that is smaller than what would be kept goes to the search as a whole.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from tunebook.records import PlannedRun, Stop
from tunebook.spec.study import Limit

FEWEST = 2
"""Configurations that a decision compares at least."""
Clock = Callable[[], datetime]
"""What tells the time, with its zone."""


def now() -> datetime:
    """The time, in the zone of this machine."""
    return datetime.now().astimezone()


@dataclass
class Budget:
    """What is left of a study's limit in this command.

    Args:
        stop_at: From when on nothing is handed out; None where no time limits.
        runs: How many may still be handed out; None where no number limits.
        reached: What has been reached of the limit: `its limit of 40 runs`; empty while nothing has.
    """

    limit: Limit
    clock: Clock
    started: datetime
    stop_at: datetime | None
    runs: int | None
    reached: str = ""

    @classmethod
    def of(cls, limit: Limit | None, clock: Clock) -> "Budget":
        """All of a limit; nothing limits where there is none."""
        limit, started = limit or Limit(), clock()
        return cls(limit, clock, started, limit.deadline(started), limit.runs)

    @property
    def limited(self) -> bool:
        """Whether anything limits."""
        return self.runs is not None or self.stop_at is not None

    def cut(self, waiting: deque[PlannedRun], *, kept: int) -> tuple[PlannedRun, ...]:
        """Take out of what waits, from its end, what the number of runs does not allow; the rest is spent.

        Args:
            kept: Runs to leave for later, where there are more than these.
        """
        if self.runs is None:
            return ()
        share = self.runs - kept if self.runs > kept else self.runs
        out = [waiting.pop() for _ in range(len(waiting) - share)]
        if out:
            self.reached = f"its limit of {_counted(self.limit.runs or 0, 'run')}"
        self.runs -= len(waiting)
        return tuple(out)

    def is_over(self, *, kept: int, each: float | None, at_once: int, following: int = 1) -> bool:
        """Whether the time is over, or the runs to keep would not fit after those that are handed out next.

        Args:
            each: Seconds that a run takes (`pace`); None while nothing is known of it.
            following: Runs that would be handed out next, one after the other.
        """
        if self.stop_at is None:
            return False
        over = (moment := self.clock()) >= self.stop_at
        if kept and each is not None and not over:
            reserve = timedelta(seconds=math.ceil(kept / at_once) * each)
            possible = reserve < self.stop_at - self.started
            over = possible and moment + timedelta(seconds=following * each) + reserve > self.stop_at
        if over:
            self.reached = self._time()
        return over

    def fits(self, runs: int, *, each: float | None, at_once: int) -> bool:
        """Whether the last of some runs is expected to begin before the time is over."""
        if self.stop_at is None or each is None:
            return True
        return self.clock() + timedelta(seconds=(math.ceil(runs / at_once) - 1) * each) < self.stop_at

    def is_spent(self) -> bool:
        """Whether nothing more may be handed out, kept or not."""
        return self.runs == 0 or (self.stop_at is not None and self.clock() >= self.stop_at)

    def stop(self) -> Stop:
        """Why it ends, as it is recorded."""
        return Stop(self.reached, self.clock().date().isoformat(), limit=True)

    def _time(self) -> str:
        """Which of the times comes first."""
        hours = self.limit.hours
        if hours is not None and self.stop_at == self.started + timedelta(hours=hours):
            return f"its limit of {_counted(hours, 'hour')}"
        return f"its limit, {self.limit.until}"


def pace(seconds: Sequence[float], under_way: Iterable[float] = (), *, latest: int = 1) -> float | None:
    """Seconds that a run is expected to take; None while none has ended.

    The mean of all, or that of the latest where these took longer: a machine may have become busy. No less than what
    a run under way has taken already.

    Args:
        seconds: What the runs took, the latest last.
        under_way: For how long others have been running.
        latest: How many are the latest.
    """
    if not seconds:
        return None
    return max(fmean(seconds), fmean(seconds[-latest:]), *under_way)


def too_short(limit: Limit, *, runs: int, each: float, at_once: int, started: datetime) -> str:
    """`13 runs at about 60 s, 2 at once: about 7 min; the limit is 4.8 min`; empty where the time is enough.

    Args:
        runs: All that are to be run, those that confirm too.
        each: Seconds that a run takes.
        started: When the command starts, with its zone.
    """
    stop_at, needed = limit.deadline(started), math.ceil(runs / at_once) * each
    if stop_at is None or needed <= (given := (stop_at - started).total_seconds()):
        return ""
    many = _counted(runs, "run")
    return f"{many} at about {_time(each)}, {at_once} at once: about {_time(needed)}; the limit is {_time(given)}"


def fewest_to_decide(searched: Sequence[PlannedRun], *, whole: int, kept: int) -> int:
    """How many runs a study takes until it may be decided: two whole configurations, and those that confirm.

    Args:
        searched: The runs of its search that are missing, in their order.
        whole: Configurations that lack none.
        kept: Runs that the finalists take at most.
    """
    left = Counter(planned.configuration for planned in searched)
    for number, planned in enumerate(searched, start=1):
        if whole >= FEWEST:
            return number - 1 + kept
        left[planned.configuration] -= 1
        whole += not left[planned.configuration]
    return len(searched) + kept


def limit_in_words(limit: Limit, *, kept: int, fewest: int = 0) -> str:
    """`60 runs, 15 of them kept to confirm`: what one command may take, and what of it the search leaves.

    Args:
        kept: Runs that the finalists take at most.
        fewest: Runs without which nothing can be decided (`fewest_to_decide`).
    """
    parts = [] if limit.runs is None else [_counted(limit.runs, "run")]
    parts += [] if limit.hours is None else [_counted(limit.hours, "hour")]
    parts += [] if limit.until is None else [f"until {limit.until}"]
    said = " or ".join(parts)
    if not kept:
        short = limit.runs is not None and limit.runs < fewest
        return f"{said}: too few; nothing is decided before {fewest} runs" if short else said
    if limit.runs is None:
        return f"{said}; of the time, what {_counted(kept, 'run')} to confirm will take is kept"
    if limit.runs < max(fewest, kept + 1):
        few = f"{said}: too few to search and to keep the {kept} that confirm"
        return f"{few}; nothing is decided before {fewest} runs" if fewest else few
    return f"{said}, {kept} of them kept to confirm"


def _time(seconds: float) -> str:
    """`60 s`, `4.8 min`, `2.5 h`."""
    for unit, length, most in (("s", 1, 100), ("min", 60, 100)):
        if seconds < length * most:
            return f"{float(f'{seconds / length:.2g}'):g} {unit}"
    return f"{seconds / 3600:.1f} h"


def _counted(number: float, noun: str) -> str:
    return f"{number:g} {noun}" if number == 1 else f"{number:g} {noun}s"
