"""Which configurations and which items a page shows in pictures, by stated rules."""

from dataclasses import dataclass

from tunebook.analyse.scores import Entry, Unavailable, cases, ordered, searched
from tunebook.records import Case, RunFacts, Table


@dataclass(frozen=True)
class Representative:
    """A configuration that stands for its place in the order, and the run whose pictures are shown."""

    place: str
    """`best`, `median` or `worst`."""
    entry: Entry
    run: RunFacts


@dataclass(frozen=True)
class Representatives:
    """Who is shown, and on what.

    Args:
        case: The case of the runs.
        metric, split: Where the scores under the pictures were read.
        items: Names of the items, in the order of showing.
        item_rule: How they were chosen, in words.
    """

    case: Case
    metric: str
    split: str
    shown: tuple[Representative, ...]
    items: tuple[str, ...]
    item_rule: str


def representatives(table: Table) -> Representatives | Unavailable:
    """Best, median and worst configuration by the selection score, each by its first finished run with pictures.

    With several cases the first is shown. The items are chosen from those that every shown run has a
    picture of: the first by name, the one whose score is the median of the best configuration's run, and the
    one where that run is worst.
    """
    every = cases(table)
    found = [
        (entry, run)
        for entry in ordered(table)
        if entry.selection.mean is not None and (run := _run_with_pictures(entry)) is not None
    ]
    if not found:
        return Unavailable("no finished run with a score has pictures")
    places = {"best": 0, "median": len(found) // 2, "worst": len(found) - 1}
    shown: list[Representative] = []
    for place, at in places.items():
        entry, run = found[at]
        if all(entry.configuration != other.entry.configuration for other in shown):
            shown.append(Representative(place, entry, run))
    split = table.splits[0] if table.splits else table.select_split
    items, rule = _items(table, shown, split)
    if not items:
        return Unavailable("the best, median and worst configuration have no pictured item in common")
    return Representatives(every[0], table.select_metric, split, tuple(shown), items, rule)


def _run_with_pictures(entry: Entry) -> RunFacts | None:
    row = entry.rows[0]
    runs = searched(row) if row is not None else ()
    return next((run for run in runs if run.status == "finished" and run.pictures), None)


def _items(table: Table, shown: list[Representative], split: str) -> tuple[tuple[str, ...], str]:
    pictured = [{picture.item for picture in each.run.pictures} for each in shown]
    common = sorted(set.intersection(*pictured))
    if not common:
        return (), ""
    scores = shown[0].run.items.get((table.select_metric, split), {})
    maximize = table.metrics[table.select_metric].direction == "maximize"
    scored = sorted((item for item in common if item in scores), key=lambda item: (scores[item], item))
    if not scored:
        return tuple(common[:3]), "the first items by name"
    median = scored[(len(scored) - 1) // 2]
    hardest = scored[0] if maximize else scored[-1]
    items = tuple(dict.fromkeys((common[0], median, hardest)))
    return items, (
        "the first item by name, the one with the median score of the best configuration, "
        "and the one with its worst score"
    )
