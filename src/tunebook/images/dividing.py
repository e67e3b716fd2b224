"""Images divided into train, val and test: as folders give them, by fractions, in folds; groups are kept together."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from pydantic import field_validator

from tunebook.errors import DataError, Problem
from tunebook.spec.names import listed
from tunebook.spec.parameters import Fields, parameter
from tunebook.splitting import Fractions, Group, check_fractions, dealt, folded, torn

SPLITS = ("train", "val", "test")
TRAIN, VAL = SPLITS.index("train"), SPLITS.index("val")
PLACE = "data.split"
T = TypeVar("T")


class Split(Fields):
    """How images are divided where folders do not say it, or do not say it right."""

    by: str | None = parameter(
        None,
        meaning="What is kept in one split: a regular expression on the name of each file, without its ending, whose "
        "first group (or whole match) names the slide, animal or site: ^(slide\\d+)_. Where root is a CSV file, a "
        "column of it. null: each file (a volume with all its slices) by itself.",
        as_before=None,
    )
    fractions: Fractions = parameter(
        None,
        meaning="Split -> share of the images of one folder (root, where it holds images, else data.train), or of a "
        "CSV file: {train: 0.7, val: 0.15, test: 0.15}. What it does not name is as given. One number is the share of "
        "val; the rest is train. null: as given.",
        as_before=None,
    )
    seed: int = parameter(
        0, meaning="Seed of the dealing by fractions and folds; never the replicate's.", as_before=0, ge=0
    )

    @field_validator("by")
    @classmethod
    def _can_be_read(cls, by: str | None) -> str | None:
        try:
            re.compile(by or "")
        except re.error as error:
            raise ValueError(f"must be a regular expression, or a column's name; {error}") from error
        return by

    @field_validator("fractions")
    @classmethod
    def _of_splits(cls, fractions: Mapping[str, float] | None) -> Mapping[str, float] | None:
        if fractions is None:
            return None
        if not {"train"} <= set(fractions) <= set(SPLITS):
            raise ValueError(f"must name train, and of val and test those that are dealt out; got {listed(fractions)}")
        check_fractions(fractions)
        return {name: fractions[name] for name in SPLITS if name in fractions}


def folds_parameter() -> Any:
    """The field `folds` of a task's `Data`."""
    return parameter(
        None,
        meaning="Cross-validation: the images of train and val are dealt out, by whole groups, to so many parts; in "
        "fold i part i is val and the others are train. Each fold is a replicate. null: none.",
        as_before=None,
        ge=2,
    )


def fold_parameter() -> Any:
    """The field `fold` of a task's `Data`."""
    return parameter(None, meaning="The part that is val; set by the replicate. null: the first.", as_before=None, ge=0)


class Divided(Protocol):
    """The part of a task's `Data` that divides."""

    @property
    def split(self) -> Split: ...
    @property
    def folds(self) -> int | None: ...
    @property
    def fold(self) -> int | None: ...


def instead(root: Path) -> str:
    """What a study may say where the folder of a split is missing and root itself holds images; else nothing."""
    if not (root / "images").is_dir():
        return ""
    return (
        "; data.split.fractions: {train: 0.6, val: 0.2, test: 0.2} deals out the images of one folder (with folds and "
        "without a test: {train: 1.0})"
    )


def is_dealt(data: Divided) -> bool:
    """Whether anything is dealt out: else splits are as given."""
    return data.split.fractions is not None or data.folds is not None


def is_as_given(data: Divided) -> bool:
    """Whether splits are as they are given, and no groups are looked at."""
    return not is_dealt(data) and data.split.by is None


def without_effect(data: Divided) -> Iterator[str]:
    """Fields of `data` that cannot matter for what is dealt out."""
    if not is_dealt(data):
        yield "data.split.seed"
    for name in data.split.fractions or ():
        if name != "train":  # that may be the folder which is dealt out
            yield f"data.{name}"


@dataclass(frozen=True)
class Sources(Generic[T]):
    """Where the items of the splits come from.

    Args:
        name: Of an item, as scores and pictures name it.
        file: Its file's name without ending: slices of one volume have it in common.
        path: Its file, from the data's root: what a book that moves with its data does not change.
        column: What a table says of it in the column `by`; None where there is no table.
        renamed: The same item under another name.
    """

    name: Callable[[T], str]
    file: Callable[[T], str]
    path: Callable[[T], str]
    renamed: Callable[[T, str], T]
    column: Callable[[T], str] | None = None


def divided(
    data: Divided, sources: Sources[T], *, whole: Callable[[], Sequence[T]], given: Callable[[str], Sequence[T] | None]
) -> dict[str, tuple[T, ...]]:
    """Split -> its items, each ordered by name.

    First the fractions deal out the whole; what they do not name is given. Then the folds deal out train and val
    together. Items of train and val that have one name get that of their split before it: train-0001, val-0001.

    Args:
        whole: The items that fractions deal out.
        given: The items of a split as they are given; None where there is no such split and none is needed.

    Raises:
        DataError: when a name does not match `by`, a group stands in two splits as they are given, or there are fewer
            groups than splits or folds.
    """
    fractions = data.split.fractions or {}
    found: list[tuple[T, int, Group]] = []
    if fractions:
        items = tuple(whole())
        groups = _groups(items, data.split.by, sources)
        places = dealt(groups, ((),) * len(items), fractions=fractions, seed=data.split.seed, place=PLACE)
        names = tuple(fractions)
        found += [(item, SPLITS.index(names[at]), group) for item, at, group in zip(items, places, groups, strict=True)]
    for name in SPLITS:
        if name not in fractions and (items := tuple(given(name) or ())):
            split = SPLITS.index(name)
            groups = _groups(items, data.split.by, sources)
            found += [(item, split, group) for item, group in zip(items, groups, strict=True)]
    if data.folds is not None:
        found = _in_folds(found, data, sources, folds=data.folds)
    _check_whole(found, data)
    return {
        name: tuple(sorted((item for item, at, _ in found if at == split), key=sources.name))
        for split, name in enumerate(SPLITS)
    }


def _in_folds(
    found: Sequence[tuple[T, int, Group]], data: Divided, sources: Sources[T], *, folds: int
) -> list[tuple[T, int, Group]]:
    """Train and val as one, and the fold's part of it as val."""
    pool = [(item, split, group) for item, split, group in found if split in (TRAIN, VAL)]
    times = Counter(sources.name(item) for item, _, _ in pool)
    groups = [group for _, _, group in pool]
    parts = folded(groups, ((),) * len(pool), folds=folds, seed=data.split.seed, place="data.folds")
    again = any(number > 1 for number in times.values())
    named = [
        sources.renamed(item, f"{SPLITS[split]}-{sources.name(item)}") if again else item for item, split, _ in pool
    ]
    fold = data.fold or 0
    return [
        *(
            (item, VAL if part == fold else TRAIN, group)
            for item, part, group in zip(named, parts, groups, strict=True)
        ),
        *(each for each in found if each[1] not in (TRAIN, VAL)),
    ]


def _check_whole(found: Sequence[tuple[T, int, Group]], data: Divided) -> None:
    """Refuse groups in two splits: where they are given so, or a given split has a group of what is dealt out."""
    if data.split.by is None:
        return
    # What folds part is one: they keep groups whole.
    if groups_torn := torn([split for _, split, _ in found], [group for _, _, group in found], SPLITS):
        hint = "images of one group resemble each other, so scores would flatter; fractions deal out whole groups"
        message = f"must keep every group in one split; got {listed(groups_torn)}"
        raise DataError(Problem(f"{PLACE}.by, {data.split.by}", message, hint))


def _groups(items: Sequence[T], by: str | None, sources: Sources[T]) -> list[Group]:
    """The group of each item; of an item by itself its file."""
    if by is None:
        return [(sources.path(item),) for item in items]
    if sources.column is not None:
        column = sources.column
        if empty := [sources.name(item) for item in items if not column(item)]:
            message = f"must have a value for every image; got none for {listed(empty)}"
            raise DataError(Problem(f"{PLACE}.by, {by}", message))
        return [(column(item),) for item in items]
    names = [_named(by, sources.file(item)) for item in items]
    unmatched = dict.fromkeys(sources.file(item) for item, name in zip(items, names, strict=True) if not name)
    if unmatched:
        message = f"must match the name of every file; it does not match {listed(unmatched)}"
        raise DataError(Problem(f"{PLACE}.by, {by}", message, "its first group, or the whole match, names the group"))
    return [(name,) for name in names]


def _named(by: str, file: str) -> str:
    """The group that an expression finds in a name; empty where it finds none, or nothing."""
    match = re.search(by, file)
    return "" if match is None else match.group(1 if match.re.groups else 0) or ""
