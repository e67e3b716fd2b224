"""On what terms configurations are compared, and how close they are: what all rules share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tunebook.analyse.comparisons import against_best
from tunebook.analyse.costs import preferences, simpler_first, simplicity
from tunebook.analyse.saying import amount, counted, named
from tunebook.analyse.scores import Entry, direction
from tunebook.records import Role, Table


@dataclass(frozen=True)
class Choice:
    """What a rule makes of its candidates.

    Args:
        order: The chosen one first, then the others as the rule orders them.
        evidence: Why, one sentence each, with the numbers.
    """

    order: tuple[Entry, ...]
    evidence: tuple[str, ...]


class Rule(Protocol):
    """How one configuration is chosen among several."""

    def score(self, entry: Entry) -> float | None:
        """The number by which the rule orders a configuration; None when it cannot judge it."""
        ...

    def lacks(self, entry: Entry) -> str:
        """Why it cannot judge a configuration that has no score."""
        ...

    def choose(self, entries: Sequence[Entry]) -> Choice:
        """Choose among candidates that all have a score; there is at least one."""
        ...


@dataclass(frozen=True)
class Terms:
    """The metric, the split and the runs by which a study's configurations are compared."""

    table: Table
    role: Role

    @property
    def way(self) -> str:
        """`maximize` or `minimize`."""
        return direction(self.table, self.table.select_metric)

    @property
    def sign(self) -> float:
        """1 where more is better, else -1."""
        return 1.0 if self.way == "maximize" else -1.0

    @property
    def metric(self) -> str:
        """`ais.msa on val`."""
        return f"{self.table.select_metric} on {self.table.select_split}"

    def better_first(self, entry: Entry) -> tuple[float | str, ...]:
        """A key that sorts by mean, the best first; equal means by simplicity, then by id."""
        return (-self.sign * mean_of(entry), *self.then(entry))

    def then(self, entry: Entry) -> tuple[float | str, ...]:
        """A key that settles what a rule holds equal: the simpler, then the id."""
        return (*simpler_first(entry, self.table), entry.configuration)

    def best(self, entries: Sequence[Entry]) -> Entry:
        """The candidate with the best mean."""
        return min(entries, key=self.better_first)

    def behind(self, entry: Entry, best: Entry) -> float:
        """How much worse the mean of one is than that of another; below 0 when it is better."""
        return self.sign * (mean_of(best) - mean_of(entry))

    def simpler_by(self, entry: Entry, other: Entry) -> str:
        """By what one is simpler than another: `trainable_parameters 4,608 against 36,864 (88 % less)`."""
        compared = zip(
            preferences(self.table), simplicity(entry, self.table), simplicity(other, self.table), strict=True
        )
        for (name, _), one, two in compared:
            if one is not None and two is not None and one != two:
                return f"{name} {amount(name, one)} against {amount(name, two)}{_less(one, two)}"
        return ""


def _less(one: float, two: float) -> str:
    """` (88 % less)`; nothing where it is more."""
    if not 0 <= one < two:
        return ""
    share = 100 * (1 - one / two)
    return f" ({share:.0f} % less)" if share < 99 or one == 0 else f" ({min(share, 99.99):.2f} % less)"


def mean_of(entry: Entry) -> float:
    """The mean of a candidate."""
    assert entry.selection.mean is not None  # a candidate is complete
    return entry.selection.mean


def tied(best: Entry, others: Sequence[Entry], *, way: str) -> tuple[list[Entry], int]:
    """Those that common replicates do not set apart from the best, and how many could be compared with it."""
    cells = [best.selection, *(other.selection for other in others)]
    gaps = list(zip(others, against_best(cells, way)[1:], strict=True))
    return [other for other, gap in gaps if gap is not None and not gap.apart], sum(gap is not None for _, gap in gaps)


def separation(best: Entry, others: Sequence[Entry], *, way: str) -> str:
    """From how many others the best is not separated; empty where no replicates can tell."""
    level, compared = tied(best, others, way=way)
    if not compared:
        return ""
    of = "" if compared == len(others) else f" of the {compared:,} that share replicates with it"
    if not level:
        what = "the other one" if compared == 1 else f"all {compared:,} others"
        return f"It is separated from {what}{of if len(others) > compared else ''}."
    them = counted(len(level), "other")
    return f"It is not separated from {them}{of}: {named(level)}."
