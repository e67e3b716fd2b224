"""What is kept of scores that were removed for space: that they were there, so that what a person has seen stays known.

records/removed.json    {"values": [[[metric, split], …], …], "runs": {run@length: place in values}}
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tunebook.folders import RunFolder, read_json, write_json

FILE = Path("records", "removed.json")
Values = frozenset[tuple[str, str]]
"""(metric, split) of every score that is a number."""


def remember(folders: Iterable[RunFolder], book: Path) -> None:
    """Write down what some runs were scored by; nothing of what has no score.

    The caller holds the book's lock.
    """
    held = {folder: found for folder in folders if (found := _values(folder))}
    if not held:
        return
    known = dict(remembered(book))
    for folder, found in held.items():
        key = (folder.path.name, folder.length)
        known[key] = known.get(key, frozenset()) | found
    distinct = list(dict.fromkeys(known.values()))
    runs = {f"{run}@{length}": distinct.index(found) for (run, length), found in sorted(known.items())}
    write_json(book / FILE, {"values": [sorted(found) for found in distinct], "runs": runs})


def remembered(book: Path) -> Mapping[tuple[str, int], Values]:
    """(run, length) -> what it was scored by, of the runs that scores were removed of."""
    if not (book / FILE).exists():
        return {}
    found = read_json(book / FILE)
    values = [frozenset((metric, split) for metric, split in each) for each in found["values"]]
    keys = ((*key.split("@"), place) for key, place in found["runs"].items())
    return {(run, int(length)): values[place] for run, length, place in keys}


def _values(folder: RunFolder) -> Values:
    scored = (each for scoring in folder.scorings() for each in folder.read_measurements(scoring))
    return frozenset((each.metric, each.split) for each in scored if not each.item and each.value is not None)
