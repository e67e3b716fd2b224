"""Which split a row belongs to: as the table says, or dealt out by fractions. A group never stands in two."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from jaxtyping import Int

from tunebook.errors import DataError, Problem
from tunebook.spec.names import listed, suggestion
from tunebook.tasks.embedding_classification.streams import generator

LEFT_OUT = -1
"""Of a row that is in none of the splits."""
BETWEEN = " · "
"""What stands between the values of several columns in the name of a group."""
Group = tuple[str, ...]


def given(column: Sequence[str | None], names: Sequence[str]) -> Int[np.ndarray, " rows"]:
    """The place of each row's split among the names; `LEFT_OUT` where it is none of them."""
    places = {name: place for place, name in enumerate(names)}
    return np.array([LEFT_OUT if value is None else places.get(value, LEFT_OUT) for value in column], dtype=np.int64)


def empty(column: Iterable[str | None], names: Sequence[str], *, place: str) -> list[Problem]:
    """A problem for every split that no row is in."""
    there = Counter(value for value in column if value is not None)
    found = listed(f"{name} ({count} rows)" for name, count in sorted(there.items())) or "none in any"
    return [
        Problem(place, f"must have rows of the split {name}; got {found}", suggestion(name, there, also=NAMES))
        for name in names
        if name not in there
    ]


NAMES = "data.split.names says which splits there are"


def spanning(
    assigned: Int[np.ndarray, " rows"], groups: Sequence[Group], names: Sequence[str], *, by: Sequence[str], place: str
) -> list[Problem]:
    """What is wrong when a group stands in two splits: at most one problem, which names such groups.

    Args:
        assigned: As `given` returns it; rows that are left out do not count.
        groups: Each row's values of the columns `by`.
        place: The file.
    """
    if not by:
        return []
    found: dict[Group, set[int]] = defaultdict(set)
    for split, group in zip(assigned.tolist(), groups, strict=True):
        if split != LEFT_OUT:
            found[group].add(split)
    torn = [
        f"{BETWEEN.join(group)} in {' and '.join(names[split] for split in sorted(splits))}"
        for group, splits in sorted(found.items())
        if len(splits) > 1
    ]
    if not torn:
        return []
    columns = f"column {by[0]}" if len(by) == 1 else f"columns {BETWEEN.join(by)}"
    hint = "rows of one group resemble each other, so scores would flatter; data.split.fractions deals out whole groups"
    return [Problem(f"{place}, {columns}", f"must keep every value in one split; got {listed(torn)}", hint)]


def dealt(
    groups: Sequence[Group],
    labels: Sequence[tuple[str, ...]],
    *,
    fractions: Mapping[str, float],
    seed: int,
    place: str,
) -> Int[np.ndarray, " rows"]:
    """Deal whole groups out to splits, so that each has about its share of all rows and of every label's rows.

    The largest groups go first, in random order among equals, each to where it brings the shares nearest (in squares
    relative to what is due). The result depends on groups, labels and seed, never on the order of the rows.

    Args:
        groups: Each row's values of the columns that are kept together; of rows by themselves their names.
        labels: Of each row.
        fractions: Split -> its share; they add up to 1.

    Returns:
        The place of each row's split among the fractions. No split is empty.

    Raises:
        DataError: when there are fewer groups than splits.
    """
    counts = _counts(groups, labels)
    if len(counts) < len(fractions):
        message = f"must have at least as many groups as splits, {len(fractions)}; got {len(counts)}"
        raise DataError(Problem(place, message, f"the splits are {', '.join(fractions)}"))
    names = sorted(counts)
    shuffled = [names[place] for place in generator(seed, "split").permutation(len(names))]
    shares = tuple(fractions.values())
    due = Counter[str | None]()
    for held in counts.values():
        due.update(held)
    have: tuple[Counter[str | None], ...] = tuple(Counter() for _ in shares)
    found: dict[Group, int] = {}
    for number, group in enumerate(sorted(shuffled, key=lambda name: -counts[name][None])):
        left = [split for split in range(len(shares)) if not have[split]]
        choices = left if len(left) == len(names) - number else range(len(shares))
        strata = sorted(counts[group].items(), key=lambda item: item[0] or "")
        found[group] = min(choices, key=lambda split: _farther(strata, have[split], due, shares[split]))
        have[found[group]].update(counts[group])
    return np.array([found[group] for group in groups], dtype=np.int64)


def _counts(groups: Sequence[Group], labels: Sequence[tuple[str, ...]]) -> dict[Group, Counter[str | None]]:
    """Group -> label -> rows; under None all of its rows."""
    counts: dict[Group, Counter[str | None]] = defaultdict(Counter)
    for group, own in zip(groups, labels, strict=True):
        counts[group].update((None, *dict.fromkeys(own)))
    return counts


def _farther(
    strata: Sequence[tuple[str | None, int]],
    have: Mapping[str | None, int],
    due: Mapping[str | None, int],
    share: float,
) -> float:
    """How much farther a split is from what is due to it, once it has these rows too; negative: nearer."""
    return sum(
        rows * (2 * (have[label] - share * due[label]) + rows) / (share * due[label] ** 2) for label, rows in strata
    )
