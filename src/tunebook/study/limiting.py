"""What a study's limit leaves: for its search, and for the finalists, whose runs are kept in reserve.

Of a number of runs, those of the finalists are kept; of a time, what they need at the mean seconds of a run so far.
A limit that is smaller than what would be kept goes to the search as a whole.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from tunebook.records import Outcome, PlannedRun, Stop
from tunebook.spec.study import Limit

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

    def is_over(self, *, kept: int, spent: Sequence[Outcome], at_once: int) -> bool:
        """Whether the time is over, or what is left of it is that of the runs to keep.

        Args:
            spent: How the study's runs ended so far: what they took says what the others will take.
        """
        if self.stop_at is None:
            return False
        seconds = [outcome.costs.seconds for outcome in spent if outcome.status == "finished"]
        reserve = timedelta(seconds=kept * fmean(seconds) / at_once) if seconds else timedelta()
        if reserve >= self.stop_at - self.started:
            reserve = timedelta()
        over = self.clock() >= self.stop_at - reserve
        if over:
            self.reached = self._time()
        return over

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


def limit_in_words(limit: Limit, *, kept: int) -> str:
    """`60 runs, 15 of them kept to confirm`: what one command may take, and what of it the search leaves.

    Args:
        kept: Runs that the finalists take at most.
    """
    parts = [] if limit.runs is None else [_counted(limit.runs, "run")]
    parts += [] if limit.hours is None else [_counted(limit.hours, "hour")]
    parts += [] if limit.until is None else [f"until {limit.until}"]
    said = " or ".join(parts)
    if not kept:
        return said
    if limit.runs is None:
        return f"{said}; of the time, what {_counted(kept, 'run')} to confirm will take is kept"
    if limit.runs <= kept:
        return f"{said}: too few to keep the {kept} that confirm"
    return f"{said}, {kept} of them kept to confirm"


def _counted(number: float, noun: str) -> str:
    return f"{number:g} {noun}" if number == 1 else f"{number:g} {noun}s"
