"""Which configurations the replicates do not set apart from a chosen one."""

from dataclasses import dataclass

from tunebook.analyse.differences import difference
from tunebook.analyse.scores import Entry, ordered
from tunebook.records import Table


@dataclass(frozen=True)
class Near:
    """How many configurations cannot be told from one, by the selection score.

    Args:
        others: Those whose interval of the paired difference holds 0.
        compared: Those whose runs all have a value and that share two replicates with it, or that none can change.
            Where no pair has two replicates, nothing is compared.
        fewest, most: Replicates in common, in the pair with fewest and with most of those that replicates can change.
    """

    others: int
    compared: int
    fewest: int
    most: int


def near(table: Table, entry: Entry) -> Near | None:
    """The neighbourhood of a configuration; None when it lacks a value, or nothing can be compared with it.

    With several cases the score is the mean over them, replicate by replicate.
    """
    if not entry.selection.complete:
        return None
    found = [
        gap
        for other in ordered(table)
        if other.selection.complete
        and other.configuration != entry.configuration
        and (gap := difference(entry.selection, other.selection)) is not None
    ]
    common = [gap.n for gap in found if gap.n > 1]
    if not common:
        return None
    return Near(sum(not gap.apart for gap in found), len(found), min(common), max(common))
