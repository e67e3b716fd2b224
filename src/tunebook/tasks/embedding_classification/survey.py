"""What a table of embeddings holds: rows, classes, groups and items of each split, and what is odd among them."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tunebook.images import surveying
from tunebook.images.surveying import said_of, spread
from tunebook.records import DataFacts, SplitFacts
from tunebook.tasks.embedding_classification import alike, tables
from tunebook.tasks.embedding_classification.config import Config, Data
from tunebook.tasks.embedding_classification.rows import Labelled, Rows

COUNTED = 4
"""Most classes whose rows are all told; of more, the largest and the smallest."""
FEW = 10
"""A class of fewer training rows is pointed out."""


def survey(config: Config, book: Path) -> DataFacts:
    """See `Task.survey`; there is nothing to draw.

    Raises:
        DataError: with everything that is wrong in the table.
    """
    labelled, beside = tables.read_beside(config.data, book)
    splits = {name: rows for name, rows in labelled.splits.items() if rows.ids}
    width = next(iter(splits.values())).embeddings.shape[1]
    return DataFacts(
        name=config.data.table,
        noun="rows",
        splits=[SplitFacts(name, len(rows.ids), _of_split(rows, labelled, config)) for name, rows in splits.items()],
        odd=(*_torn(splits, beside, config.data), *_odd(splits, labelled, train=config.data.split.train)),
        together=f"with {_classes(labelled)} and embeddings of {width:,} numbers"
        f"{surveying.dealing(config.data.split.fractions)}",
        twice=surveying.in_two_splits(
            {name: _contents(rows) for name, rows in splits.items()}, "embedding", "embeddings"
        ),
    )


def _of_split(rows: Rows, labelled: Labelled, config: Config) -> dict[str, str]:
    counts, background = _counts(rows, labelled)
    facts = {"rows of a class": _told(counts)}
    if background and labelled.kind != "binary":
        facts["rows of no class"] = f"{background:,}"
    if config.data.item is not None:
        facts[f"items ({config.data.item})"] = f"{len(set(rows.items)):,}"
    if config.data.groups:
        facts[f"groups ({', '.join(config.data.groups)})"] = f"{len(set(rows.groups)):,}"
    if lacking := int((~rows.embedded).sum()):
        facts["without an embedding"] = f"{lacking:,}"
    return facts


def _torn(
    splits: Mapping[str, Rows], beside: Mapping[str, Mapping[str, Sequence[str | None]]], data: Data
) -> list[str]:
    """Groups, items, and values of columns that may be groups by their names, in two splits."""
    looked_at: dict[str, Mapping[str, Sequence[str | None]]] = dict(beside)
    if data.groups:
        looked_at[", ".join(data.groups)] = {name: rows.groups for name, rows in splits.items()}
    if data.item is not None:
        looked_at[data.item] = {name: rows.items for name, rows in splits.items()}
    kept = {", ".join(data.split.by)}
    return [
        said
        for column, values in looked_at.items()
        if column not in kept
        for said in alike.torn(column, values, train=data.split.train)
    ]


def _odd(splits: Mapping[str, Rows], labelled: Labelled, *, train: str) -> Sequence[str]:
    odd = []
    for name, rows in splits.items():
        counts, _ = _counts(rows, labelled)
        absent = [label for label, count in counts.items() if not count]
        odd += said_of(absent, f"class has no row in {name}", f"classes have no row in {name}")
        if name == train:
            few = [f"{label} ({count})" for label, count in counts.items() if 0 < count < FEW]
            odd += said_of(
                few, f"class has fewer than {FEW} rows in {name}", f"classes have fewer than {FEW} in {name}"
            )
        ids = [each for each, there in zip(rows.ids, rows.embedded, strict=True) if not there]
        odd += said_of(ids, f"row of {name} has no embedding", f"rows of {name} have no embedding")
        more = int(rows.embedded.sum()) - len(_contents(rows))
        if more > 0:
            rows_repeat = "row repeats" if more == 1 else "rows repeat"
            odd.append(f"{more:,} {rows_repeat} the embedding of another in {name}.")
    return tuple(odd)


def _counts(rows: Rows, labelled: Labelled) -> tuple[dict[str, int], int]:
    """Class -> rows that carry it, the other side of a binary task included; and how many rows carry none."""
    carried = rows.targets > 0
    counts = {label: int(number) for label, number in zip(labelled.classes, carried.sum(axis=0), strict=True)}
    background = int((~carried.any(axis=1)).sum())
    return (counts | {"others": background} if labelled.kind == "binary" else counts), background


def _told(counts: Mapping[str, int]) -> str:
    """`yes 40, others 160`; `140 (120 in nine to 150 in zero)` of many."""
    if len(counts) <= COUNTED:
        return ", ".join(f"{label} {number:,}" for label, number in counts.items())
    least, most = min(counts, key=lambda label: counts[label]), max(counts, key=lambda label: counts[label])
    if counts[least] == counts[most]:
        return f"{counts[most]:,} each"
    return f"{spread(list(counts.values())).split(' ')[0]} ({counts[least]:,} in {least} to {counts[most]:,} in {most})"


def _classes(labelled: Labelled) -> str:
    if labelled.kind == "binary":
        return f"one class, {labelled.classes[0]}, against the others"
    return f"{len(labelled.classes)} classes ({labelled.kind})"


def _contents(rows: Rows) -> dict[str, str]:
    """Embedding -> the first row that has it; rows without one, and of one number throughout, are left out."""
    found: dict[str, str] = {}
    told = rows.embedded & (np.ptp(rows.embeddings, axis=1) > 0)
    for at in np.flatnonzero(told):
        content = hashlib.blake2b(np.ascontiguousarray(rows.embeddings[at]).data, digest_size=16).hexdigest()
        found.setdefault(content, rows.ids[at])
    return found
