"""What common replicates say of the difference between two configurations.

One seed means the same data order and prompts for every configuration, so values are compared seed by seed.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tunebook.analyse.scores import Cell

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """One score minus another, over the replicates that both have.

    Args:
        mean: Mean of the paired differences.
        low, high: Its 95 % interval (Student's t, n - 1 degrees of freedom).
        n: Common replicates; 1 when no replicate can change either score: then the interval is the difference.
    """

    mean: float
    low: float
    high: float
    n: int

    @property
    def apart(self) -> bool:
        """Whether the interval leaves out 0."""
        return not self.low <= 0 <= self.high


def difference(one: Cell, other: Cell) -> Difference | None:
    """One score minus the other; None with fewer than two common replicates.

    A score that no replicate can change is compared with each value of the other. The interval tells how far the
    training of other seeds may move the difference; it says nothing of other items, and it is for this pair alone.
    """
    pairs = _pairs(one, other)
    constant = set(one.by_replicate) == set(other.by_replicate) == {""}
    gaps = [a - b for a, b in pairs]
    if constant:
        return Difference(gaps[0], gaps[0], gaps[0], 1)
    if len(gaps) < 2:
        return None
    mean, half = statistics.fmean(gaps), _half_width(gaps)
    return Difference(mean, mean - half, mean + half, len(gaps))


def reach(n: int) -> float:
    """How many standard errors the interval of n common replicates reaches to each side: 12.7 for 2, 4.3 for 3."""
    from scipy.special import stdtrit  # noqa: PLC0415  a command that compares nothing does not wait for it

    return float(stdtrit(n - 1, 0.5 + CONFIDENCE / 2))


def _pairs(one: Cell, other: Cell) -> Sequence[tuple[float, float]]:
    a, b = one.by_replicate, other.by_replicate
    if "" in b:
        return [(value, b[""]) for value in a.values()]
    if "" in a:
        return [(a[""], value) for value in b.values()]
    return [(a[name], b[name]) for name in a if name in b]


def _half_width(gaps: Sequence[float]) -> float:
    return reach(len(gaps)) * statistics.stdev(gaps) / math.sqrt(len(gaps))
