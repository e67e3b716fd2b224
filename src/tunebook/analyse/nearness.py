"""Which configurations the spread between replicates does not set apart from a chosen one."""

import math
from dataclasses import dataclass

from tunebook.analyse.scores import Entry, cell, ordered
from tunebook.records import Table


@dataclass(frozen=True)
class Near:
    """How many configurations score about the same.

    Args:
        sd: Pooled standard deviation between the replicates of a row (ddof 1), on the selection score.
        rows: Rows with n >= 2: those that it is pooled over.
        others: Other configurations whose runs all have a value, at most `sd` away from the chosen one.
    """

    sd: float
    rows: int
    others: int


def near(table: Table, entry: Entry) -> Near | None:
    """The neighbourhood of a configuration; None when it has no score, nothing to compare, or no row has n >= 2.

    A description of the scores, no test: it says nothing of what would happen with more replicates.
    """
    cells = [cell(row, metric=table.select_metric, split=table.select_split) for row in table.rows]
    spreads = [(each.sd, each.n) for each in cells if each.sd is not None]
    mean = entry.selection.mean
    gaps = [
        abs(other.selection.mean - mean)
        for other in ordered(table)
        if mean is not None
        and other.selection.complete
        and other.selection.mean is not None
        and other.configuration != entry.configuration
    ]
    if not gaps or not spreads:
        return None
    freedom = sum(n - 1 for _, n in spreads)
    sd = math.sqrt(sum((n - 1) * spread**2 for spread, n in spreads) / freedom)
    return Near(sd, len(spreads), sum(gap <= sd for gap in gaps))
