"""A table as the runs of a worker share it: read once, its rows numbered once, each training set made once."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from tunebook.records import canonical_json
from tunebook.task import Example
from tunebook.tasks.embedding_classification import pooling, subsets, tables
from tunebook.tasks.embedding_classification.config import Data, Subset
from tunebook.tasks.embedding_classification.rows import Kind, Labelled, TrainingSet

ROWS = "rows"
"""Name of the one example and of the one prediction of a split."""
EVERYTHING, NO_GROUP = "all", "without a group"
"""Names of the only group where `data.groups` is empty, and of rows that have none of its values."""


@dataclass(frozen=True)
class SharedTable:
    """A table that was read, and what was made of it so far."""

    labelled: Labelled
    grouped: bool
    _training: dict[tuple[str, int], TrainingSet] = field(default_factory=dict)
    _plain: dict[str, TrainingSet] = field(default_factory=dict)
    _examples: dict[str, Example] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        return self.labelled.kind

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups of all splits, in the order of their numbers: sorted."""
        return tuple(sorted({self._called(group) for rows in self.labelled.splits.values() for group in rows.groups}))

    def training(self, split: str, subset: Subset, *, seed: int) -> TrainingSet:
        """The rows to train on; the same object for the same rows.

        Raises:
            DataError: when the subset asks for what the rows do not have.
        """
        key = (canonical_json([split, subset.model_dump()]), seed)
        if key not in self._training:
            rows = self.labelled.splits[split]
            self._training[key] = subsets.training_set(rows, subset, kind=self.kind, seed=seed)
        return self._training[key]

    def plain(self, split: str) -> TrainingSet:
        """All rows of a split that have an embedding; the same object each time."""
        if split not in self._plain:
            self._plain[split] = subsets.plain_set(self.labelled.splits[split])
        return self._plain[split]

    def example(self, split: str) -> Example:
        """A split as one example: the numbers of each row's item and group, and the targets."""
        if split not in self._examples:
            rows, numbers = self.labelled.splits[split], {name: number for number, name in enumerate(self.groups)}
            groups = np.array([numbers[self._called(group)] for group in rows.groups], np.int64)
            codes = np.stack([pooling.numbered(rows.items), groups], axis=1)
            self._examples[split] = Example(ROWS, codes, rows.targets)
        return self._examples[split]

    def _called(self, group: str) -> str:
        return (group or NO_GROUP) if self.grouped else EVERYTHING


@dataclass
class SharedTables:
    """The tables of a worker, by what a configuration says of its data."""

    book: Path | None = None
    read: dict[str, SharedTable] = field(default_factory=dict)

    def of(self, data: Data, book: Path) -> SharedTable:
        """The table, read when it is first asked for.

        Raises:
            DataError: when it cannot be used.
        """
        if book != self.book:
            self.book, self.read = book, {}
        key = _key(data)
        if key not in self.read:
            self.read[key] = SharedTable(tables.read(data, book), grouped=bool(data.groups))
        return self.read[key]

    def known(self, data: Data) -> SharedTable:
        """A table that was read before."""
        return self.read[_key(data)]


def _key(data: Data) -> str:
    return canonical_json(data.model_dump())
