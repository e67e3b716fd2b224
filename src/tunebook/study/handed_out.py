"""What a command has handed out, for others to read: a file that counts for as long as the command holds its book."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from tunebook.folders import is_held

FILE = Path(".cache", "under-way.json")
"""From the folder of a book."""


@dataclass(frozen=True)
class UnderWay:
    """What was handed out, and what is to follow.

    Args:
        cohorts: The runs of each process with their lengths; a run that trains alone is a cohort of one.
        waiting: Runs that have not been handed out and will be.
        kept: Runs that finalists take at most beside these, while they are not known.
        at_once: Cohorts at once.
        stop_at: From when on nothing is handed out, with its zone; None where no time limits.
    """

    study: str
    cohorts: Sequence[Sequence[tuple[str, int]]]
    waiting: int
    kept: int
    at_once: int
    stop_at: datetime | None = None


def write_under_way(book: Path, found: UnderWay) -> None:
    """Say what is under way; the caller holds the book's lock. Nothing depends on it: it is not made to last."""
    path = book / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    stop_at = found.stop_at and found.stop_at.isoformat()
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps({**asdict(found), "stop_at": stop_at}))
    os.replace(part, path)


def forget_under_way(book: Path) -> None:
    """Nothing is under way."""
    (book / FILE).unlink(missing_ok=True)


def under_way(book: Path) -> UnderWay | None:
    """What the command that holds a book has handed out; None where none holds it, or none that runs."""
    if not is_held(book / ".lock"):
        return None
    try:
        found = json.loads((book / FILE).read_text())
    except FileNotFoundError:
        return None
    cohorts = [[(run, length) for run, length in cohort] for cohort in found["cohorts"]]
    stop_at = found["stop_at"] and datetime.fromisoformat(found["stop_at"])
    return UnderWay(**{**found, "cohorts": cohorts, "stop_at": stop_at})
