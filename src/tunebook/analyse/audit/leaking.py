"""Whether the splits of the data share items: T406."""

from collections.abc import Iterator

from tunebook.analyse.audit.finding import Finding, finding
from tunebook.records import Table


def in_two_splits(table: Table) -> Iterator[Finding]:
    """T406: for each data set of the study in which the same content is in two splits."""
    for data in table.data:
        if data.twice:
            yield finding(
                "T406",
                f"Splits of {data.name} share items: the same content is in both.",
                data.twice,
                "keep them in one split, with all that was made of the same recording or specimen, and run the study "
                "again",
            )
