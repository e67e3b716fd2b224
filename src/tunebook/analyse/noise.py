"""How far chance alone moves a score: between replicates of one configuration, and between equal runs."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from tunebook.analyse.pooling import pooled, sd_interval
from tunebook.analyse.scores import Unavailable, all_runs, cell
from tunebook.records import Role, RunFacts, Table

SOURCES: tuple[tuple[Literal["replicates", "centre point"], Role], ...] = (
    ("replicates", "search"),
    ("centre point", "noise"),
)
FOLD = "fold"
Key = TypeVar("Key")


@dataclass(frozen=True)
class Noise:
    """The standard deviation of a score between replicates of one configuration in one case.

    Args:
        sd: Pooled: the root of the squared deviations from each configuration's own mean, over their degrees of
            freedom. Configurations may differ in their noise; this is the mean over them.
        low, high: Its 95 % interval (chi-square; exact for normal noise that is alike in all configurations).
        df: Degrees of freedom: replicates less one, summed over configurations and cases.
        configurations: How many have two replicates or more.
        source: `replicates` of the search, or the `centre point`: one configuration on seeds of its own.
    """

    metric: str
    split: str
    sd: float
    low: float
    high: float
    df: int
    configurations: int
    source: Literal["replicates", "centre point"]


@dataclass(frozen=True)
class Repeats:
    """What came of equal runs that were executed again.

    Args:
        pairs: Pairs of equal runs that both finished.
        differing: Pairs that do not agree in every value to the last digit.
        largest: The largest difference between two values that should be equal; over all metrics, splits and items.
        values: How many values were compared.
    """

    pairs: int
    differing: int
    largest: float
    values: int


def noise(table: Table, metric: str, split: str) -> Noise | Unavailable:
    """The pooled noise of a metric on a split: from replicates of the search, else from the centre point."""
    for source, role in SOURCES:
        found = [(row.configuration, cell(row, metric=metric, split=split, role=role)) for row in table.rows]
        spread = pooled(score for _, score in found)
        if spread is not None:
            low, high = sd_interval(spread.sd, spread.df)
            named = {configuration for configuration, score in found if score.sd is not None}
            return Noise(metric, split, spread.sd, low, high, spread.df, len(named), source)
    return Unavailable(f"no configuration has two runs with a value of {metric} on {split}")


def folds(table: Table) -> int:
    """Folds of a cross-validation among the replicates; 0 without."""
    return len({run.replicate[FOLD] for _, run in all_runs(table) if FOLD in run.replicate})


def repeats(table: Table) -> Repeats | Unavailable:
    """Every run that was executed again against the run that it equals; a pair counts once."""
    pairs = {again.id: list(_differences(again, first)) for first, again in _pairs(table)}
    if not pairs:
        return Unavailable("no equal run was executed again")
    largest = [max(found, default=0.0) for found in pairs.values()]
    return Repeats(len(pairs), sum(each > 0 for each in largest), max(largest), sum(map(len, pairs.values())))


def _pairs(table: Table) -> Iterator[tuple[RunFacts, RunFacts]]:
    """(the run, the equal run that was executed again) for those that finished."""
    rows = [(row.runs, row.runs) for row in table.rows]
    for control in table.controls:
        for here in control.here:
            before = [run for row in control.before if row.case == here.case for run in row.runs]
            rows.append((here.runs, (*here.runs, *before)))
    for runs, others in rows:
        for again in runs:
            first = next((run for run in others if run.repeat == 0 and run.replicate == again.replicate), None)
            if again.repeat and first is not None and again.status == first.status == "finished":
                yield first, again


def _differences(one: RunFacts, other: RunFacts) -> Iterator[float]:
    """The absolute difference of every value that both have: scores, and scores of items."""
    yield from _between(one.scores, other.scores)
    for key in one.items.keys() & other.items.keys():
        yield from _between(one.items[key], other.items[key])


def _between(one: Mapping[Key, float], other: Mapping[Key, float]) -> Iterator[float]:
    for key in one.keys() & other.keys():
        a, b = one[key], other[key]
        if not math.isnan(a) and not math.isnan(b):
            yield abs(a - b) if a != b else 0.0
