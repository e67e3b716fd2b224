"""Best results: the best configuration of every alternative, beside each other."""

from dataclasses import dataclass

from tunebook.analyse.leaderboard import Column, Standing, columns_of, standings
from tunebook.analyse.scores import Entry, Unavailable, ordered
from tunebook.records import Table


@dataclass(frozen=True)
class BestResults:
    """One row per alternative: its best configuration on the selection split.

    Args:
        tried: Alternative -> number of its configurations, and of those of the studies that it was carried through.
    """

    columns: tuple[Column, ...]
    rows: tuple[Standing, ...]
    tried: dict[str, int]


def alternatives(table: Table) -> BestResults | Unavailable:
    """The best configuration of each alternative, best alternative first.

    A configuration whose runs all have a value goes before one whose runs do not.
    """
    names = list(dict.fromkeys(row.alternative for row in table.rows))
    if len(names) < 2:
        return Unavailable("the space has no alternatives to compare")
    entries = ordered(table)
    members = {name: [entry for entry in entries if entry.alternative == name] for name in names}
    best = [_best(members[name]) for name in names]
    columns = columns_of(table)
    rows = standings(table, [entry for entry in entries if entry in best], columns)
    behind = {name: each.tried for name, each in table.upstream.items()}
    return BestResults(columns, rows, {name: behind.get(name, len(members[name])) for name in names})


def _best(entries: list[Entry]) -> Entry:
    return next((entry for entry in entries if entry.selection.complete), entries[0])
