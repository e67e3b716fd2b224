"""Which split a row belongs to, as the table says; `splitting` deals out where it does not."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Int

from tunebook.errors import Problem
from tunebook.spec.names import listed, suggestion
from tunebook.splitting import BETWEEN, LEFT_OUT, Group, torn


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
    groups_torn = torn(assigned.tolist(), groups, names)
    if not groups_torn:
        return []
    columns = f"column {by[0]}" if len(by) == 1 else f"columns {BETWEEN.join(by)}"
    hint = "rows of one group resemble each other, so scores would flatter; data.split.fractions deals out whole groups"
    return [Problem(f"{place}, {columns}", f"must keep every value in one split; got {listed(groups_torn)}", hint)]
