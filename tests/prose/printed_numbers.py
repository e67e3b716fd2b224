"""Whether what a page prints agrees with what is true, in all digits that it prints."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NUMBER = r"-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?"
SCORE = rf"{NUMBER}(?: ± {NUMBER})? \(n = \d+\)"
CHANCE = rf"p (?:=|<) {NUMBER}"
LARGE_F = "infinite"
SPREAD = re.compile(rf"(?P<mean>{NUMBER})(?: ± (?P<sd>{NUMBER}))?(?: \(n = (?P<n>\d+)\))?")


@dataclass(frozen=True)
class Spread:
    """`0.512 ± 0.004 (n = 3)`: no ± where there is none."""

    mean: float
    sd: float | None
    n: int


@dataclass(frozen=True)
class Chance:
    """A p-value.

    Args:
        p: As found here.
        page, own: Random rearrangements behind the p of the page and behind this one; 0: it is exact.
    """

    p: float
    page: int = 0
    own: int = 0

    @property
    def error(self) -> float:
        """Four standard errors of the difference of two shares of random draws, and the page's own +1 in both."""
        if not self.page:
            return 0.0
        known = min(max(self.p, 0.001), 0.999)
        return (
            4 * math.sqrt(known * (1 - known) * (1 / self.page + (1 / self.own if self.own else 0.0))) + 1 / self.page
        )


@dataclass(frozen=True)
class Within:
    """A number that may be off by so much, beside rounding."""

    truth: float
    off: float


@dataclass(frozen=True)
class Names:
    """Names in this order, of which a sentence may list the first few and count the rest."""

    of: Sequence[str]


@dataclass(frozen=True)
class Values:
    """A list of numbers with what stands around them: a pattern with groups, and their truths by group."""

    pattern: str
    truths: Sequence[object]


Truth = None | str | int | float | Spread | Chance | Within | Names | Values | Callable[[str], str]


def wrong(printed: str | None, truth: Truth) -> str:
    """What should stand there instead; empty when it agrees."""
    if printed is None or truth is None:
        return "" if printed is truth else f"{truth} must be there" if printed is None else "must not be there"
    if isinstance(truth, str):
        return "" if printed == truth else truth or "nothing"
    if isinstance(truth, Spread):
        return _spread(printed, truth)
    if isinstance(truth, Chance):
        return _chance(printed, truth)
    if isinstance(truth, Within):
        near = abs(value(printed) - truth.truth) <= 0.5 * unit(printed) * (1 + 1e-6) + truth.off
        return "" if near else f"{truth.truth:.6g}"
    if isinstance(truth, Names):
        return _names(printed, truth.of)
    if isinstance(truth, Values):
        return _values(printed, truth)
    if isinstance(truth, int | float):
        return "" if _is(printed, truth) else f"{truth:.6g}"
    return truth(printed)


def value(printed: str) -> float:
    """A printed number."""
    return float(printed.replace(",", ""))


def unit(printed: str) -> float:
    """One in the last printed digit."""
    mantissa, _, exponent = printed.partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def _is(printed: str, truth: float) -> bool:
    if isinstance(truth, int):
        return printed == f"{truth:,}"
    if math.isinf(truth):
        return printed == LARGE_F
    if not re.fullmatch(NUMBER, printed):
        return False
    return abs(value(printed) - truth) <= 0.5 * unit(printed) * (1 + 1e-6) + 1e-12


def _spread(printed: str, truth: Spread) -> str:
    found = SPREAD.fullmatch(printed)
    said = f"{truth.mean:.6g} ± {truth.sd if truth.sd is None else f'{truth.sd:.4g}'} (n = {truth.n})"
    if not found or not _is(found["mean"], truth.mean) or (found["n"] or str(truth.n)) != str(truth.n):
        return said
    return said if wrong(found["sd"], truth.sd) else ""


def _chance(printed: str, truth: Chance) -> str:
    _, sign, number = printed.split()
    bound = value(number)
    if sign == "<":
        return "" if truth.p - truth.error < bound else f"p = {truth.p:.4g}"
    near = abs(bound - truth.p) <= truth.error + 0.5 * unit(number) * (1 + 1e-6) + 1e-12
    return "" if near else f"p = {truth.p:.4g} (± {truth.error:.2g})"


def _names(printed: str, truth: Sequence[str]) -> str:
    """`a, b and c`, `a; b`, `a, b and 3 more`: the first ones, and how many more there are."""
    rest, listed = printed, 0
    for name in truth:
        if not rest.startswith(name):
            break
        rest, listed = rest[len(name) :], listed + 1
        rest = re.sub(r"^(?:, | and |; )(?!\d+ more$)", "", rest)
    more = len(truth) - listed
    return "" if listed and rest == (f" and {more:,} more" if more else "") else ", ".join(truth) or "nobody"


def _values(printed: str, truth: Values) -> str:
    found = re.fullmatch(truth.pattern, printed)
    if not found:
        return f"like {truth.pattern}"
    return "; ".join(filter(None, map(wrong, found.groups(), truth.truths)))
