"""A result that many parts of one page ask for is found once.

Tables are frozen, so equal questions have equal answers; they hold mappings, so they cannot be keys. The last table is
kept by what it is, not by what it equals, until another one is asked about.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from tunebook.records import Table

Result = TypeVar("Result")


def of_table(find: Callable[..., Result]) -> Callable[..., Result]:
    """A function of a table and hashable words that finds each result of the last table once."""
    last: list[Table] = []
    found: dict[tuple[Any, ...], Result] = {}

    @wraps(find)
    def remembered(table: Table, *words: Any) -> Result:
        if not last or last[0] is not table:
            last[:] = [table]
            found.clear()
        if words not in found:
            found[words] = find(table, *words)
        return found[words]

    return remembered
