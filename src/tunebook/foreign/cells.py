"""What the text of a cell says: a number, a word, nothing, or something that no run has."""

import re

from tunebook.records import Scalar

EMPTY = frozenset({"", "-", "--", "–", "—", "n/a", "na", "?"})
"""Texts that say nothing."""
WORDS: dict[str, Scalar] = {"true": True, "false": False, "none": None, "null": None}
FAILED = frozenset(
    {
        "failed",
        "fail",
        "failure",
        "crashed",
        "error",
        "diverged",
        "oom",
        "out of memory",
        "timeout",
        "killed",
        "aborted",
    }
)
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
SUMMARY = re.compile(rf"({NUMBER})\s*(?:(?:±|\+/-|\+-)\s*({NUMBER}))?\s*(?:\(?\s*n\s*=\s*(\d+)\s*\)?)?")
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
NOT_FINITE = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "-infinity"})


class Unreadable(ValueError):
    """A cell that holds no score of a run; the message says what it must be and what it is."""


class Summary(Unreadable):
    """A mean over several runs."""


def said(text: str, *, decimal_comma: bool = False) -> Scalar:
    """The value of a cell's text: a number in its plainest form (1.0 is 1), true, false, none, or the text itself.

    Args:
        decimal_comma: Whether 1,5 is a number.
    """
    bare = text.strip()
    if decimal_comma and DECIMAL_COMMA.fullmatch(bare):
        bare = bare.replace(",", ".")
    if bare.lower() in WORDS:
        return WORDS[bare.lower()]
    if not re.fullmatch(NUMBER, bare):
        return bare
    number = float(bare)
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def is_empty(text: str) -> bool:
    """Whether a cell's text says nothing."""
    return text.strip().lower() in EMPTY


def is_number(value: Scalar) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def score(value: Scalar) -> float | str:
    """The score that a cell holds, or why there is none: `failed`, `not a finite number`.

    A mean is refused, for it is no score of one run; `0.91 (n=1)` is one, and so is `**0.91**`. A number in per cent
    keeps its size: `91 %` is 91.

    Raises:
        Unreadable: for anything else.
    """
    if isinstance(value, bool) or value is None:
        raise Unreadable(f"must be a number; got {value}")
    if isinstance(value, int | float):
        return float(value)
    bare = value.strip().strip("*").strip()
    if bare.lower() in NOT_FINITE:
        return "not a finite number"
    if bare.lower() in FAILED:
        return f"failed: {bare.lower()}" if bare.lower() not in {"failed", "fail", "failure"} else "failed"
    bare = bare.removesuffix("%").strip()
    found = SUMMARY.fullmatch(bare.replace(",", ".") if DECIMAL_COMMA.fullmatch(bare) else bare)
    if found is None:
        raise Unreadable(f"must be a number, or failed, or empty; got {value!r}")
    number, spread, n = found.groups()
    if n not in (None, "1") or (spread is not None and n is None):
        raise Summary(f"must be the score of one run; got the summary {value!r}")
    return float(number)


def is_score(value: Scalar) -> bool:
    """Whether a cell is one of a column of scores; a mean is, though it is then refused with its line."""
    try:
        return isinstance(score(value), float)
    except Summary:
        return True
    except Unreadable:
        return False
