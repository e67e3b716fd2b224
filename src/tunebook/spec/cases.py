"""Conditions that are crossed with every configuration, neither tuned nor averaged silently.

`across` is a list of mappings from fields to a value or a list of values: the product inside one mapping,
one mapping after the other, so that pairs need not be a full product.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tunebook.records import Case, Scalar
from tunebook.spec.faults import At, Faults, shown
from tunebook.spec.fields import plain


@dataclass(frozen=True)
class CaseGroup:
    """One mapping of `across`: field -> its values."""

    fields: Mapping[str, tuple[Scalar, ...]]
    at: At = field(default=(), compare=False, repr=False)

    def cases(self) -> tuple[Case, ...]:
        """Every combination, the last field varying fastest."""
        rows = itertools.product(*self.fields.values())
        return tuple(Case(dict(zip(self.fields, row, strict=True))) for row in rows)


def cases_of(groups: tuple[CaseGroup, ...]) -> tuple[Case, ...]:
    """All cases in the order of declaration; one empty case when nothing is declared."""
    return tuple(case for group in groups for case in group.cases()) or (Case(),)


def read_across(raw: Any, at: At, faults: Faults) -> tuple[CaseGroup, ...]:
    """`across` as a study file gives it; what is wrong becomes faults, the rest is read."""
    if not isinstance(raw, (list, tuple)):
        faults.add(at, f"must be a list of mappings; got {shown(raw)}", "begin each with a dash: - {data.root: [a, b]}")
        return ()
    return tuple(_read_group(entry, (*at, i), faults) for i, entry in enumerate(raw))


def _read_group(raw: Any, at: At, faults: Faults) -> CaseGroup:
    if not isinstance(raw, Mapping) or not raw:
        faults.add(at, f"must be a mapping of fields to a value or a list; got {shown(raw)}")
        return CaseGroup({}, at)
    fields: dict[str, tuple[Scalar, ...]] = {}
    for key, entry in raw.items():
        value = plain(entry)
        values = value if isinstance(value, list) else [value]
        if not values:
            faults.add((*at, key), "must have at least one value; got []")
        elif any(isinstance(one, (list, dict)) for one in values):
            faults.add((*at, key), f"must be a value or a list of values; got {shown(value)}")
        else:
            fields[str(key)] = tuple(values)
    return CaseGroup(fields, at)
