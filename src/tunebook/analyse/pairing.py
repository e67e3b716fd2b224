"""What two studies have in common: configurations, and the scores of these on equal cases, replicates and items."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from tunebook.analyse.scores import Cell, Entry, cell, covering, finest, ordered
from tunebook.records import Row, Scalar, Table

Value = TypeVar("Value")


@dataclass(frozen=True)
class Shared:
    """Names that two studies have: those of both, and those of one alone; each in the order of its study."""

    both: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """A configuration that two studies hold.

    Args:
        by: `id`: all that can matter is equal. `values`: equal in the parameters that both studies vary (and in the
            alternative, where both have alternatives); what else can matter may differ.
    """

    first: Entry
    second: Entry
    by: Literal["id", "values"]


@dataclass(frozen=True)
class Both:
    """One score in two studies, each on what both have."""

    first: Cell
    second: Cell


def shared(first: Iterable[str], second: Iterable[str]) -> Shared:
    """The names of two studies, each once."""
    one, other = dict.fromkeys(first), dict.fromkeys(second)
    return Shared(
        tuple(name for name in one if name in other),
        tuple(name for name in one if name not in other),
        tuple(name for name in other if name not in one),
    )


def paired(first: Table, second: Table) -> tuple[Pair, ...]:
    """The configurations of both studies, in the order of the first one's ranking.

    Equal ids first; then, of the rest, those whose values of the parameters that both vary single out one
    configuration on each side.
    """
    one, other = ordered(first), {entry.configuration: entry for entry in ordered(second)}
    found = {entry.configuration: Pair(entry, other[entry.configuration], "id") for entry in one if _in(entry, other)}
    here = _singled_out(first, second, [entry for entry in one if entry.configuration not in found])
    there = _singled_out(second, first, [entry for entry in other.values() if entry.configuration not in found])
    for key, entry in here.items():
        if key in there:
            found[entry.configuration] = Pair(entry, there[key], "values")
    return tuple(found[entry.configuration] for entry in one if entry.configuration in found)


def on_common(pairs: Sequence[Pair], case: str, *, metric: str, split: str) -> tuple[dict[str, Both], dict[str, str]]:
    """The scores of pairs in one case, over the replicates and items that both studies have values of.

    Args:
        case: Label of the case.

    Returns:
        Id in the first study -> its scores; and id -> why it has none: a replicate that others have is missing.
    """
    cells = {pair.first.configuration: _cells(pair, case, metric, split) for pair in pairs}
    names = _replicates(both.first for both in cells.values()) & _replicates(both.second for both in cells.values())
    found: dict[str, Both] = {}
    left_out: dict[str, str] = {}
    for name, both in cells.items():
        if not all(each.mean is not None and _has(each, names) for each in (both.first, both.second)):
            left_out[name] = both.first.reason or both.second.reason or "no replicate that both have"
        elif (items := _common_items(both)) is not None and not items:
            left_out[name] = "no item that both have"
        else:
            found[name] = Both(_on(both.first, names, items), _on(both.second, names, items))
    return found, left_out


def joined(every: Sequence[Both], mean: Callable[[Sequence[Cell]], Cell]) -> Both:
    """Several scores of two studies made one, each side by itself."""
    return Both(mean([both.first for both in every]), mean([both.second for both in every]))


def averaged(cells: Sequence[Cell]) -> Cell:
    """The mean over configurations of one case: replicate by replicate, and item by item where all have the same."""
    if len(cells) == 1:
        return cells[0]
    names = finest(name for each in cells for name in each.by_replicate)
    by_replicate = {name: statistics.fmean(_value(each.by_replicate, name) for each in cells) for name in names}
    items: dict[str, Mapping[str, float]] = {}
    known = [set(scores) for each in cells for scores in (each.items or {"": {}}).values()]
    if known[0] and all(each == known[0] for each in known):
        for name in by_replicate:
            here = [_value(each.items, name) for each in cells]
            items[name] = {item: statistics.fmean(scores[item] for scores in here) for item in sorted(known[0])}
    return _made(by_replicate, items)


# Configurations -------------------------------------------------------------------------------------------


def _in(entry: Entry, other: Mapping[str, Entry]) -> bool:
    return entry.configuration in other


def _singled_out(table: Table, other: Table, entries: Sequence[Entry]) -> dict[tuple[object, ...], Entry]:
    """What both studies name of a configuration -> the only one of these that has it."""
    names = [name for name in table.parameters if name in other.parameters]
    grouped = all(any(row.alternative for row in each.rows) for each in (table, other))
    found: dict[tuple[object, ...], list[Entry]] = {}
    for entry in entries:
        point: Mapping[str, Scalar] = next(row.parameters for row in entry.rows if row is not None)
        values = tuple((name, point[name]) for name in sorted(names) if name in point)
        if values or (grouped and entry.alternative):
            found.setdefault((entry.alternative if grouped else "", values), []).append(entry)
    return {key: each[0] for key, each in found.items() if len(each) == 1}


# Scores ---------------------------------------------------------------------------------------------------


def _cells(pair: Pair, case: str, metric: str, split: str) -> Both:
    return Both(*(cell(_row(entry, case), metric=metric, split=split) for entry in (pair.first, pair.second)))


def _row(entry: Entry, case: str) -> Row | None:
    return next((row for row in entry.rows if row is not None and row.case.label == case), None)


def _replicates(cells: Iterable[Cell]) -> set[str]:
    return set(finest(name for each in cells for name in each.by_replicate)) - {""}


def _has(one: Cell, names: set[str]) -> bool:
    """Whether a cell has a value for each of these replicates; one that none can change has it for all."""
    found = [covering(one.by_replicate, name) is not None for name in names]
    return "" in one.by_replicate or (bool(names) and all(found))


def _common_items(both: Both) -> frozenset[str] | None:
    """The items of both; None where a score is no mean of its items, or both have the same ones."""
    one, other = ({item for scores in each.items.values() for item in scores} for each in (both.first, both.second))
    return None if one == other or not one or not other else frozenset(one & other)


def _on(one: Cell, names: set[str], items: frozenset[str] | None) -> Cell:
    """A cell on these replicates, and on these items where they are given."""
    kept = [name for name in one.by_replicate if not name or any(covering([name], each) for each in names)]
    if items is None:
        return _made(
            {name: one.by_replicate[name] for name in kept}, {name: one.items[name] for name in kept if one.items}
        )
    scores = {name: {item: one.items[name][item] for item in sorted(items)} for name in kept}
    return _made({name: statistics.fmean(scores[name].values()) for name in kept}, scores)


def _made(by_replicate: Mapping[str, float], items: Mapping[str, Mapping[str, float]]) -> Cell:
    values = list(by_replicate.values())
    sd = statistics.stdev(values) if len(values) > 1 else None
    return Cell(statistics.fmean(values), sd, len(values), len(values), "", by_replicate, items)


def _value(values: Mapping[str, Value], name: str) -> Value:
    found = covering(values, name)
    assert found is not None  # what is averaged has a value for each
    return values[found]
