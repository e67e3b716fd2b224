"""A file of ratings, as the gallery of a page exports it: read, and checked against the study that was rated."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from tunebook.errors import InputError, Problem
from tunebook.folders import RunFolder
from tunebook.ledger.records_files import PlannedEntry
from tunebook.records import Rating

FORMAT = "tunebook-ratings-1"
OF_FILE = ("format", "study", "split", "rater", "ratings")
OF_RATING = ("run", "configuration", "item", "value", "blind", "threshold", "on")
WORST, BEST = 1, 5
LONGEST = 60
"""Characters of a rater's name."""
EXPORT = "export the ratings from the study's page again"

Fault = tuple[str, str, str]
"""Name of a field, what it must be and what it is, and the way out."""


@dataclass(frozen=True)
class Rated:
    """The study that is rated.

    Args:
        splits: Those whose predictions it judges.
        runs: Id of a run -> how the study holds it.
        book: The folder of its book.
    """

    study: str
    splits: Sequence[str]
    runs: Mapping[str, PlannedEntry]
    book: Path
    _items: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def folder(self, run: str) -> RunFolder:
        """Where a run lies."""
        return RunFolder(self.book / "runs" / run, self.runs[run].length)

    def items(self, run: str, split: str) -> tuple[str, ...]:
        """Names of the items of a split that a run predicted."""
        if (run, split) not in self._items:
            self._items[run, split] = self.folder(run).predicted(split)
        return self._items[run, split]


@dataclass(frozen=True)
class Export:
    """What the file says. `ratings`: run -> ratings of its masks, in the order of the file."""

    rater: str
    split: str
    ratings: Mapping[str, Sequence[Rating]]


def read_ratings(file: Path, rated: Rated) -> Export:
    """Read what a person thinks of the masks of a study.

    Raises:
        InputError: naming all that is wrong; what is wrong with several ratings alike is named once.
        OSError: when the file cannot be read.
    """
    found = _read(file)
    problems = [Problem(f"{file}: {name}" if name else str(file), *said) for name, *said in _of_file(found, rated)]
    problems += _of_ratings(file, found, rated)
    if problems:
        raise InputError(*problems)
    rater, split = found["rater"].strip(), found["split"]
    ratings: dict[str, list[Rating]] = {}
    for each in found["ratings"]:
        threshold = None if each["threshold"] is None else float(each["threshold"])
        rating = Rating(split, each["item"], each["value"], rater, each["blind"], each["on"], threshold)
        ratings.setdefault(each["run"], []).append(rating)
    return Export(rater, split, ratings)


def _read(file: Path) -> dict[str, Any]:
    """The object in the file.

    Raises:
        InputError: when it is not JSON, or says that it is of another form.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:  # a JSONDecodeError, or no UTF-8
        raise InputError(Problem(str(file), f"must be JSON as a gallery exports it; got {error}", EXPORT)) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        got = _got(found.get("format", "none")) if isinstance(found, dict) else _kind(found)
        raise InputError(Problem(str(file), f"must be an object with the format {FORMAT}; got {got}", EXPORT))
    return found


def _of_ratings(file: Path, found: Mapping[str, Any], rated: Rated) -> Iterator[Problem]:
    """What is wrong with the ratings, one after the other."""
    ratings = found.get("ratings")
    if not isinstance(ratings, list):
        return
    split = found["split"] if found.get("split") in rated.splits else ""
    where: dict[Fault, list[int]] = {}
    for at, each in enumerate(ratings):
        for fault in _of_rating(each, rated, split):
            where.setdefault(fault, []).append(at)
    for at, fault in _repeated(ratings):
        where.setdefault(fault, []).append(at)
    for (name, message, hint), places in where.items():
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        yield Problem(f"{file}: ratings[{places[0]}]{name}{more}", message, hint)


def _of_file(found: Mapping[str, Any], rated: Rated) -> Iterator[Fault]:
    """What is wrong beside the single ratings."""
    yield from _fields(found, OF_FILE)
    if "study" in found and found["study"] != rated.study:
        hint = f"tunebook note BOOK/{found['study']} --ratings FILE" if isinstance(found["study"], str) else EXPORT
        yield "study", f"must be {rated.study}, the study that is noted; got {_got(found['study'])}", hint
    if "split" in found and found["split"] not in rated.splits:
        message = f"must be a split that the study judges ({', '.join(rated.splits)}); got {_got(found['split'])}"
        yield "split", message, EXPORT
    if "rater" in found:
        name = found["rater"].strip() if isinstance(found["rater"], str) else ""
        if not (0 < len(name) <= LONGEST and name.isprintable()):
            message = f"must be a name of 1 to {LONGEST} printable characters; got {_got(found['rater'])}"
            yield "rater", message, "correct it in the file, or on the page and export again"
    if "ratings" in found and not (isinstance(found["ratings"], list) and found["ratings"]):
        got = "none" if found["ratings"] == [] else _kind(found["ratings"])
        yield "ratings", f"must be a list with a rating or more; got {got}", "rate masks on the page with keys 1 to 5"


def _of_rating(each: object, rated: Rated, split: str) -> Iterator[Fault]:
    """What is wrong with one rating; `split` is empty where the file's is wrong."""
    if not isinstance(each, dict):
        yield "", f"must be an object; got {_kind(each)}", EXPORT
        return
    for name, message, hint in _fields(each, OF_RATING):
        yield name and f".{name}", message, hint
    for name, (right, must) in SIMPLE.items():
        if name in each and not right(each[name]):
            yield f".{name}", f"must be {must}; got {_got(each[name])}", EXPORT
    if "run" not in each:
        return
    run = each["run"]
    if not isinstance(run, str) or run not in rated.runs:
        yield ".run", f"must be a run of {rated.study}; got {_got(run)}", "take the page of the same book"
        return
    configuration = rated.runs[run].configuration
    if each.get("configuration", configuration) != configuration:
        yield ".configuration", f"must be that of run {run}, {configuration}; got {_got(each['configuration'])}", EXPORT
    if split and "item" in each and each["item"] not in rated.items(run, split):
        known = rated.items(run, split)
        few = f" ({', '.join(known[:3])}{', …' if len(known) > 3 else ''})" if known else ", of which it has none"
        yield ".item", f"must be an item of {split} that run {run} predicted{few}; got {_got(each['item'])}", EXPORT


def _repeated(ratings: Sequence[object]) -> Iterator[tuple[int, Fault]]:
    """Places of ratings of a mask that one before them is of too; blind and open ones may stand beside each other."""
    first: dict[tuple[str, ...], int] = {}
    for at, each in enumerate(ratings):
        if isinstance(each, dict):
            mask = tuple(_got(each.get(name)) for name in ("run", "item", "blind"))
            if first.setdefault(mask, at) != at:
                yield at, ("", f"must be of a mask that ratings[{first[mask]}] is not of; got the same", EXPORT)


def _fields(found: Mapping[str, Any], names: Sequence[str]) -> Iterator[Fault]:
    yield from ((name, "must be given; got none", EXPORT) for name in names if name not in found)
    for name in found:
        if name not in names:
            yield "", f"must have no fields but {', '.join(names)}; got {_got(name)}", EXPORT


def _is_value(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and WORST <= value <= BEST


def _is_threshold(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value is None or (number and 0 <= value <= 1)  # type: ignore[operator]  # a number, as the first part says


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


SIMPLE: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "value": (_is_value, f"a whole number from {WORST} to {BEST}"),
    "blind": (lambda value: isinstance(value, bool), "true or false"),
    "threshold": (_is_threshold, "a number from 0 to 1, or null"),
    "on": (_is_day, "a day like 2030-01-31"),
}
"""Field of a rating -> what is right, and how it is said."""


def _got(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    text = text if text.isprintable() else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _kind(value: object) -> str:
    return {dict: "an object", list: "a list", str: "text", type(None): "null"}.get(type(value), "a number")
