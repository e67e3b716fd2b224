"""Which split an item belongs to where it is dealt out: by shares, or in turns (folds). A group never stands in two."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from jaxtyping import Int
from pydantic import BeforeValidator

from tunebook.errors import DataError, Problem

LEFT_OUT = -1
"""Of an item that is in none of the splits."""
BETWEEN = " · "
"""What stands between the parts of the name of a group."""
Group = tuple[str, ...]
"""What is kept together: the values of one or more columns, the name of a slide."""


def _share_of_val(fractions: Any) -> Any:
    if isinstance(fractions, bool) or not isinstance(fractions, int | float):
        return fractions
    if not 0 < fractions < 1:
        raise ValueError("must be a share for each split, or that of val (> 0 and < 1)")
    return {"train": round(1 - fractions, 12), "val": float(fractions)}


Given = Mapping[str, float] | float | None
Fractions = Annotated[Mapping[str, float] | None, BeforeValidator(_share_of_val, json_schema_input_type=Given)]
"""Split -> share. One number, as BirdNET-Analyzer's `--val_split`, is the share of val; what is left is train."""


def check_fractions(fractions: Mapping[str, float]) -> None:
    """Refuse shares that are no shares.

    Raises:
        ValueError: when one is not above 0, or all do not add up to 1.
    """
    if min(fractions.values(), default=0) <= 0 or abs(sum(fractions.values()) - 1) > 1e-6:
        raise ValueError("must have fractions > 0 that add up to 1")


def check_fold(folds: int | None, fold: int | None) -> None:
    """Refuse a fold that there is not.

    Raises:
        ValueError: when there are no folds, or not so many.
    """
    if fold is not None and (folds is None or fold >= folds):
        there = "there are none" if folds is None else f"there are {folds}, from 0"
        raise ValueError(f"must have its fold among its folds; got {fold}, and {there}")


def dealt(
    groups: Sequence[Group],
    labels: Sequence[tuple[str, ...]],
    *,
    fractions: Mapping[str, float],
    seed: int,
    place: str,
) -> Int[np.ndarray, " items"]:
    """Deal whole groups out to splits, so that each has about its share of all items and of every label's items.

    The largest groups go first, in random order among equals, each to where it brings the shares nearest (in squares
    relative to what is due). The result depends on groups, labels and seed, never on the order of the items.

    Args:
        groups: Each item's group; of items by themselves their names.
        labels: Of each item; none where only the number of items counts.
        fractions: Split -> its share; they add up to 1.

    Returns:
        The place of each item's split among the fractions. No split is empty.

    Raises:
        DataError: when there are fewer groups than splits.
    """
    _check_enough(groups, len(fractions), what="splits", hint=f"the splits are {', '.join(fractions)}", place=place)
    return _dealt(groups, labels, shares=tuple(fractions.values()), seed=seed, stream="split")


def folded(
    groups: Sequence[Group], labels: Sequence[tuple[str, ...]], *, folds: int, seed: int, place: str
) -> Int[np.ndarray, " items"]:
    """Deal whole groups out to parts for cross-validation, each of about the same number of items and labels.

    Returns:
        The part of each item, from 0. It depends on what `dealt` depends on. No part is empty.

    Raises:
        DataError: when there are fewer groups than folds.
    """
    _check_enough(groups, folds, what="folds", hint="lower data.folds, or make smaller groups", place=place)
    return _dealt(groups, labels, shares=(1 / folds,) * folds, seed=seed, stream="folds")


def torn(assigned: Sequence[int], groups: Sequence[Group], names: Sequence[str]) -> list[str]:
    """Groups that stand in two splits, each in words: `slide3 in train and test`; ordered by group.

    Args:
        assigned: Place of each item's split among the names; items that are `LEFT_OUT` do not count.
    """
    found: dict[Group, set[int]] = defaultdict(set)
    for split, group in zip(assigned, groups, strict=True):
        if split != LEFT_OUT:
            found[group].add(split)
    return [
        f"{BETWEEN.join(group)} in {' and '.join(names[split] for split in sorted(splits))}"
        for group, splits in sorted(found.items())
        if len(splits) > 1
    ]


def _check_enough(groups: Sequence[Group], wanted: int, *, what: str, hint: str, place: str) -> None:
    if (there := len(set(groups))) < wanted:
        raise DataError(Problem(place, f"must have at least as many groups as {what}, {wanted}; got {there}", hint))


def _dealt(
    groups: Sequence[Group], labels: Sequence[tuple[str, ...]], *, shares: Sequence[float], seed: int, stream: str
) -> Int[np.ndarray, " items"]:
    counts = _counts(groups, labels)
    names = sorted(counts)
    shuffled = [names[place] for place in _generator(seed, stream).permutation(len(names))]
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
    """Group -> label -> items; under None all of its items."""
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
    """How much farther a split is from what is due to it, once it has these items too; negative: nearer."""
    return sum(
        items * (2 * (have[label] - share * due[label]) + items) / (share * due[label] ** 2) for label, items in strata
    )


def _generator(seed: int, stream: str) -> np.random.Generator:
    """A generator of its own for each seed and purpose (Philox, Salmon et al. 2011), without torch."""
    digest = hashlib.sha256(f"{seed}\0{stream}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=np.frombuffer(digest[:16], "<u8")))
