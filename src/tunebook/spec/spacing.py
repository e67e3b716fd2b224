"""Numbers between and beyond those that were tried.

Where neighbours of the tried values are at least a factor of two apart, further ones follow at equal ratios; else at
equal distances. Zero is no neighbour at a ratio: beside it, distances count.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, TypeGuard

GEOMETRIC = 2
"""From this ratio of neighbours on, values follow at equal ratios."""
FEWEST_DIGITS, MOST_DIGITS = 3, 17


def numbers(values: Iterable[Any]) -> tuple[float, ...]:
    """Those of the values that are numbers, each once, ascending."""
    return tuple(sorted({value for value in values if is_number(value)}))


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a value of a parameter is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def between(tried: Sequence[float], value: float, *, points: int, whole: bool) -> tuple[float, ...]:
    """Values between a tried one and each of its neighbours, ascending.

    Args:
        tried: Distinct numbers, ascending; two or more.
        value: One of them.
        points: How many towards each neighbour; fewer where `whole` and no more lie there.
        whole: Whether only whole numbers will do.
    """
    at = tried.index(value)
    neighbours = [tried[other] for other in (at - 1, at + 1) if 0 <= other < len(tried)]
    found: list[float] = []
    for neighbour in neighbours:
        found += _inside(value, neighbour, points=points, ratios=_geometric(tried), whole=whole)
    return tuple(sorted(found))


def beyond(tried: Sequence[float], value: float, *, points: int, whole: bool) -> tuple[float, ...]:
    """Values that come next after the first or the last tried one, the nearest first; none after one between others.

    Below zero nothing follows where nothing negative was tried.

    Args:
        tried, value, whole: As for `between`.
        points: How many at most.
    """
    if len(tried) < 2 or value not in (tried[0], tried[-1]):
        return ()
    inner = tried[1] if value == tried[0] else tried[-2]
    if _geometric(tried) and value * inner > 0:
        exact = [value * (value / inner) ** step for step in range(1, points + 1)]
        kept = [each for each in exact if not whole or round(each) != 0]
    else:
        exact = [value + step * (value - inner) for step in range(1, points + 1)]
        kept = [each for each in exact if tried[0] < 0 or _short(each, FEWEST_DIGITS) >= 0]
    return _written(kept, after=value, before=math.copysign(math.inf, value - inner), whole=whole)


def _inside(value: float, neighbour: float, *, points: int, ratios: bool, whole: bool) -> list[float]:
    parts = [step / (points + 1) for step in range(1, points + 1)]
    if ratios and value * neighbour > 0:
        exact = [value * (neighbour / value) ** part for part in parts]
    else:
        exact = [value + (neighbour - value) * part for part in parts]
    return list(_written(exact, after=value, before=neighbour, whole=whole))


def _geometric(tried: Sequence[float]) -> bool:
    """Whether all neighbours but zero are a factor apart; beside a zero, two values are too few to tell."""
    values = [value for value in tried if value != 0]
    if len(values) < 2 or (len(values) == 2 and len(tried) > 2):
        return False
    return all(one * other > 0 and max(one / other, other / one) >= GEOMETRIC for one, other in pairwise(values))


def _written(exact: Sequence[float], *, after: float, before: float, whole: bool) -> tuple[float, ...]:
    """Values on their way from one number to another with as few digits as keep all of them apart, each once."""
    if whole:
        return tuple(value for value in dict.fromkeys(map(round, exact)) if value not in (after, before))
    for digits in range(FEWEST_DIGITS, MOST_DIGITS):
        short = tuple(_short(value, digits) for value in exact)
        steps = [(later - earlier) * (before - after) for earlier, later in pairwise((after, *short, before))]
        if all(step > 0 for step in steps):
            return short
    return ()  # so near to each other that there is no number between


def _short(value: float, digits: int) -> float:
    """A value to so many digits; a whole number is as short as it can be."""
    return value if float(value).is_integer() else float(f"{value:.{digits}g}")
