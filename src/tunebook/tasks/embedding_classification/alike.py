"""Rows that resemble each other: which columns say so by their names, and which of their values stand in two splits."""

from collections.abc import Collection, Mapping, Sequence

from tunebook.errors import DataError
from tunebook.splitting import dealt

DOMAINS = ("domain", "site", "location", "station", "recorder", "speaker", "patient", "subject", "donor", "animal",
           "lab", "hospital", "scanner", "device", "plate", "batch", "region", "year")  # fmt: skip
TOGETHER = ("patient", "subject", "donor", "animal", "speaker", "site", "location", "station", "slide", "plate",
            "recording", "recording_id", "file", "filename", "source", "date")  # fmt: skip
"""Names of columns, the likeliest first, in any case of letters. Rows of one value of TOGETHER resemble each other."""


def by_name(columns: Collection[str]) -> tuple[str, ...]:
    """The columns whose values may be groups, in their order."""
    return tuple(column for column in columns if column.lower() in (*TOGETHER, *DOMAINS))


def can_be_kept(
    groups: Sequence[str],
    labels: Sequence[tuple[str, ...]],
    *,
    fractions: Mapping[str, float],
    train: str,
    everywhere: bool,
) -> bool:
    """Whether a study can be run on whole groups: all labels are trained on, and others can be told apart by scores.

    Args:
        groups: Of each row.
        everywhere: Whether each split must have every label; else two of them will do where it is no training split.
    """
    try:
        assigned = dealt([(group,) for group in groups], labels, fractions=fractions, seed=0, place="")
    except DataError:  # fewer groups than splits
        return False
    found: dict[str, set[str]] = {name: set() for name in fractions}
    names = tuple(fractions)
    for split, own in zip(assigned.tolist(), labels, strict=True):
        found[names[split]].update(own)
    whole = set().union(*found.values())
    return all(
        here == whole if everywhere or name == train else len(here) >= min(2, len(whole))
        for name, here in found.items()
    )


def torn(column: str, values: Mapping[str, Collection[str | None]], *, train: str) -> list[str]:
    """A sentence where values of a column stand in the training split and in another.

    Args:
        values: Split -> values of its rows; rows without one do not count.
    """
    held = {name: {value for value in own if value} for name, own in values.items()}
    if len(set().union(*held.values())) < 2:
        return []
    trained = held.get(train, set())
    told = [
        f"{len(here & trained):,} of {len(here):,} in {name}"
        for name, here in held.items()
        if name != train and here & trained
    ]
    if not told:
        return []
    way = f"data.split.by: [{column}] with data.split.fractions keeps each in one split"
    said = f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else told[0]
    return [
        f"Values of {column} stand in {train} and elsewhere, {said}: scores there are of what training has seen; {way}."
    ]
