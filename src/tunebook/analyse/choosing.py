"""Which configurations and which items a page shows in pictures, by stated rules."""

from dataclasses import dataclass

from tunebook.analyse.progress import is_open
from tunebook.analyse.scores import Entry, Unavailable, all_runs, cases, ordered, runs_of
from tunebook.analyse.searching import FEWEST
from tunebook.records import Case, Role, Row, RunFacts, Table


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


def places(table: Table) -> dict[str, Entry]:
    """`best`, `median` and `worst` configuration by the selection score: no median of two, the best alone of one.

    Among the configurations whose runs all have a value; where there are none, or fewer than two while runs are
    missing, among those with any value.
    """
    entries = ordered(table)
    scored = [entry for entry in entries if entry.selection.complete]
    if len(scored) < (FEWEST if is_open(table) else 1):
        scored = [entry for entry in entries if entry.selection.mean is not None]
    least = (("best", 0, 1), ("median", len(scored) // 2, 3), ("worst", -1, 2))
    return {place: scored[at] for place, at, needed in least if len(scored) >= needed}


def representatives(table: Table, case: Case) -> Representatives | Unavailable:
    """Best, median and worst configuration of `places`, each by its first finished run with pictures in one case.

    The configurations are those of the whole study: the same in every case. A place whose configuration has no
    pictures is left out. The items are chosen from those that every shown run has a picture of: those with the best,
    the median and the worst score of the first shown configuration's run.
    """
    at = cases(table).index(case)
    shown = [
        Representative(place, entry, run)
        for place, entry in places(table).items()
        if (run := pictured_run(entry.rows[at])) is not None
    ]
    if not shown and not any(run.pictures for _, run in all_runs(table)):
        return Unavailable("this task has no pictures, or none were kept")
    if not shown:
        return Unavailable("neither the best nor the median nor the worst configuration has pictures")
    split = table.splits[0] if table.splits else table.select_split
    items, rule = _items(table, shown, split)
    if not items:
        return Unavailable("the best, median and worst configuration have no pictured item in common")
    return Representatives(case, table.select_metric, split, tuple(shown), items, rule)


def pictured_run(row: Row | None, role: Role = "search") -> RunFacts | None:
    """The run of a row whose pictures are shown: the first finished one of a role that has any."""
    runs = runs_of(row, role) if row is not None else ()
    return next((run for run in runs if run.status == "finished" and run.pictures), None)


def _items(table: Table, shown: list[Representative], split: str) -> tuple[tuple[str, ...], str]:
    pictured = [{picture.item for picture in each.run.pictures} for each in shown]
    common = sorted(set.intersection(*pictured))
    if not common:
        return (), ""
    scores = shown[0].run.items.get((table.select_metric, split), {})
    sign = 1 if table.metrics[table.select_metric].direction == "maximize" else -1
    worst_first = sorted((item for item in common if item in scores), key=lambda item: (sign * scores[item], item))
    if len(worst_first) < 3:
        return tuple(common[:3]), "the first items by name"
    return (worst_first[-1], worst_first[len(worst_first) // 2], worst_first[0]), (
        f"those with the best, the median and the worst score of the {shown[0].place} configuration"
    )
