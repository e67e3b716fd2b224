"""Where values lie along an axis, and which of them are written on it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """A mapping of values to places.

    Args:
        low, high: Values at the places `start` and `end`.
        log: Whether equal ratios are equally far apart; both ends are above 0 then.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = (math.log(each) if self.log else each for each in (self.low, self.high, value))
        return self.start + (self.end - self.start) * (at - low) / (high - low)

    def ticks(self, most: int = 5) -> tuple[float, ...]:
        """Round values within the ends, ascending; at least one."""
        found = _decades(self.low, self.high, most) if self.log else _round(self.low, self.high, most)
        return found or (self.low,)


def scale(values: Sequence[float], start: float, end: float, *, log: bool = False, room: float = 0.06) -> Scale:
    """A scale that holds all values with some room at both ends; one value lies in the middle."""
    low, high = min(values), max(values)
    if log:
        low, high = math.log(low), math.log(high)
    spare = room * (high - low) or abs(low) * 0.1 or 0.5
    low, high = low - spare, high + spare
    return Scale(math.exp(low), math.exp(high), start, end, log=True) if log else Scale(low, high, start, end)


def written(value: float) -> str:
    """A value beside an axis: `0.25`, `40k`, `1.2M`."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size and abs(value) >= 1e4:
            return f"{value / size:.4g}{letter}"
    return f"{value:.6g}"


def _round(low: float, high: float, most: int) -> tuple[float, ...]:
    rough = (high - low) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * each for each in STEPS if size * each >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(round(at * step, 12) + 0.0 for at in range(first, last + 1))


def _decades(low: float, high: float, most: int) -> tuple[float, ...]:
    for within in ((1,), (1, 3), (1, 2, 5), tuple(range(1, 10))):
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        found = tuple(each * 10.0**power for power in powers for each in within if low <= each * 10.0**power <= high)
        if len(found) >= 2:
            return found[:: -(-len(found) // most)]
    return _round(low, high, most)
