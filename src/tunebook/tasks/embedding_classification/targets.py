"""What heads learn: the kind of the task, its classes, and 0 or 1 for each row and class."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from tunebook.errors import DataError, Problem
from tunebook.spec.names import listed, suggestion
from tunebook.tasks.embedding_classification.config import Data
from tunebook.tasks.embedding_classification.rows import Kind

TWO_SIDED: Mapping[frozenset[str], str] = {frozenset({"false", "true"}): "true", frozenset({"0", "1"}): "1"}
"""Labels that make a binary task by themselves -> the positive one."""
Labels = Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Targets:
    """As of `Labelled`, for all rows of all splits; values are float32."""

    kind: Kind
    classes: tuple[str, ...]
    values: Float[np.ndarray, "rows classes"]


def of_labels(labels: Labels, data: Data, *, several: bool, place: str) -> Targets:
    """Targets of the rows with these labels.

    Binary by `data.positive`, by labels that are true and false or 1 and 0, or because there is one class against
    background; else multi-label where rows may have several labels, else multi-class. Classes are in alphabetical
    order, or that of their numbers.

    Args:
        several: Whether a row may have several labels.
        place: File and column, for messages.

    Raises:
        DataError: for positive labels that no row has, and where no row carries a class.
    """
    known = {label for own in labels for label in own}
    if data.positive is not None:
        wanted = (data.positive,) if isinstance(data.positive, str) else data.positive
        if problems := _absent(wanted, known, place):
            raise DataError(*problems)
        return _binary(labels, wanted, name=" or ".join(wanted))
    for sides, positive in TWO_SIDED.items():
        if not several and {label.lower() for label in known} <= sides:
            return _binary([tuple(label.lower() for label in own) for own in labels], (positive,), name=positive)
    background = {label.casefold() for label in data.background}
    classes = _ordered(label for label in known if label.casefold() not in background)
    if not classes:
        message = f"must have rows that carry a class; got {listed(sorted(known)) or 'no labels'}"
        raise DataError(Problem(place, message, "data.background says which labels are no class"))
    if len(classes) == 1:
        return _binary(labels, classes, name=classes[0])
    return Targets("multi-label" if several else "multi-class", classes, _marked(labels, classes))


def uncovered(
    targets: Targets,
    assigned: Int[np.ndarray, " rows"],
    embedded: Bool[np.ndarray, " rows"],
    *,
    names: Sequence[str],
    train: str,
    place: str,
) -> list[Problem]:
    """A problem for every class (of a binary task: side) without a training row that has an embedding.

    Args:
        assigned: The place of each row's split among the names.
    """
    training = (assigned == list(names).index(train)) & embedded
    marks = targets.values > 0
    problems = []
    for number, label in enumerate(targets.classes):
        if not marks[training, number].any():
            where = [names[split] for split in np.unique(assigned[marks[:, number]])]
            hint = f"{label} is in {', '.join(where)}; among data.background it is no class"
            problems.append(Problem(place, f"must have a row of {label} with an embedding in {train}; got none", hint))
    if targets.kind == "binary" and marks[training].all() and training.any():
        message = f"must have a row other than {targets.classes[0]} with an embedding in {train}; got none"
        problems.append(Problem(place, message, "a head learns one side from the other"))
    return problems


def _absent(wanted: Sequence[str], known: set[str], place: str) -> list[Problem]:
    there = f"there are {listed(_ordered(known))}"
    return [
        Problem(place, f"must have rows of data.positive; got none of {label}", suggestion(label, known, also=there))
        for label in wanted
        if label not in known
    ]


def _binary(labels: Labels, positive: Sequence[str], *, name: str) -> Targets:
    wanted = set(positive)
    values = np.array([[not wanted.isdisjoint(own)] for own in labels], dtype=np.float32).reshape(-1, 1)
    return Targets("binary", (name,), values)


def _marked(labels: Labels, classes: Sequence[str]) -> Float[np.ndarray, "rows classes"]:
    places = {label: place for place, label in enumerate(classes)}
    values = np.zeros((len(labels), len(classes)), dtype=np.float32)
    for row, own in enumerate(labels):
        for label in own:
            if label in places:
                values[row, places[label]] = 1
    return values


def _ordered(labels: Iterable[str]) -> tuple[str, ...]:
    names = sorted(labels)
    return tuple(sorted(names, key=int) if all(name.isdecimal() for name in names) else names)
