"""A study as one long table: a row for each run, metric and split, in the order of the study's plan.

    study configuration label alternative    what was tried
    adapter.rank …                           a column for each varied parameter
    case seed …                              where, and a column for each factor of the replicates
    role repeat run status reason            the run, and why there is no value
    metric split item value n expected       the number; `item` is empty for the aggregate over all items
    settings trainable_parameters            what was chosen after training (JSON), and the size of what is trained
    seconds cpu_seconds peak_memory_gb       what the run took

A cell without a value is empty: a text that is empty, a number that there is none of, a parameter that a
configuration does not have, and one that is null.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tunebook.records import Row, RunFacts, Scalar, Table, canonical_json

FIRST_COLUMNS = ("study", "configuration", "label", "alternative")
LAST_COLUMNS = (
    "role", "repeat", "run", "status", "reason",
    "metric", "split", "item", "value", "n", "expected", "settings", "trainable_parameters",
)  # fmt: skip
COST_COLUMNS = ("seconds", "cpu_seconds", "peak_memory_gb")
"""Wall-clock and CPU seconds of the run, and its largest memory in 10^9 bytes."""
KINDS: Mapping[str, type] = {
    **dict.fromkeys(("repeat", "n", "expected", "trainable_parameters"), int),
    **dict.fromkeys(("value", *COST_COLUMNS), float),
}
"""What the cells of a column are; text where nothing is said, and for parameters what their values are."""
MB_IN_GB = 1000
NOT_SCORED = "not scored"
Key = tuple[str, str]


@dataclass(frozen=True)
class Column:
    """One column: a name that no other has, and its values, all of one kind (bool, int, float or str) or None."""

    name: str
    kind: type
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class Long:
    """The table, column by column; every column has as many values."""

    columns: tuple[Column, ...]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.columns[0].values)


def long(table: Table, *, items: bool = False, without_costs: bool = False) -> Long:
    """Every run of a study, whatever its role, on every metric and split that the study asks for or a run has.

    Args:
        items: A row for each item too, after that of the aggregate.
        without_costs: Leave out what differs between equal runs.
    """
    held = [(row, run) for row in _rows(table) for run in row.runs]
    parameters = tuple(dict.fromkeys((*table.parameters, *(name for row, _ in held for name in row.parameters))))
    factors = tuple(dict.fromkeys(factor for _, run in held for factor in run.replicate))
    costs = () if without_costs else COST_COLUMNS
    taken = {*FIRST_COLUMNS, "case", *factors, *LAST_COLUMNS, *COST_COLUMNS}
    named = tuple(f"parameter.{name}" if name in taken else name for name in parameters)
    names = (*FIRST_COLUMNS, *named, "case", *factors, *LAST_COLUMNS, *costs)
    keys = _keys(table, [run for _, run in held])
    lines = [
        (
            *(table.study, row.configuration, row.label, row.alternative),
            *(row.parameters.get(name) for name in parameters),
            row.case.label,
            *(run.replicate.get(factor) for factor in factors),
            *(run.role, run.repeat, run.id, run.status),
            *score,
            *((run.costs.seconds, run.costs.cpu_seconds, run.costs.peak_memory_mb / MB_IN_GB) if costs else ()),
        )
        for row, run in held
        for key in keys
        for score in _scores(run, key, mode=_mode(table, key[0]), items=items)
    ]
    varied = {*named, *factors}
    return Long(
        tuple(_column(name, [line[at] for line in lines], varied=name in varied) for at, name in enumerate(names))
    )


def _rows(table: Table) -> Sequence[Row]:
    return (*table.rows, *(row for control in table.controls for row in control.here), *table.baselines)


def _keys(table: Table, runs: Sequence[RunFacts]) -> tuple[Key, ...]:
    """What the study chooses by, what it reports, then by name whatever else a run was scored with."""
    asked = [(metric, split) for split in table.splits for metric in table.report]
    found = sorted({key for run in runs for key in (*run.scores, *run.reasons)})
    return tuple(dict.fromkeys([(table.select_metric, table.select_split), *asked, *found]))


def _scores(run: RunFacts, key: Key, *, mode: str, items: bool) -> Iterator[tuple[Scalar, ...]]:
    """The cells from `reason` to `trainable_parameters`: of the aggregate, and of each item."""
    metric, split = key
    value, (n, expected) = run.scores.get(key), run.counts.get(key, (None, None))
    reason = run.reason if run.status != "finished" else "" if value is not None else run.reasons.get(key, NOT_SCORED)
    trainable = run.quantities.get("trainable_parameters")
    last = (_settings(run, mode), None if trainable is None else round(trainable))
    yield (reason, metric, split, "", value, n, expected, *last)
    if items:
        for item, score in run.items.get(key, {}).items():
            yield ("", metric, split, item, score, 1, 1, *last)
        for name, part in run.parts.get(key, {}).items():
            yield ("", metric, split, name, part.value, part.n, part.expected, *last)


def _mode(table: Table, metric: str) -> str:
    """The mode whose settings are behind a metric; where nobody says it, the first part of its name."""
    facts = table.metrics.get(metric)
    return (facts.mode if facts is not None else "") or metric.partition(".")[0]


def _settings(run: RunFacts, mode: str) -> str:
    """What was chosen after training for a mode."""
    chosen = next((each.values for each in run.settings if each.mode == mode), None)
    return "" if chosen is None else canonical_json(chosen)


def _column(name: str, values: Sequence[Scalar], *, varied: bool) -> Column:
    """The values of a column; an empty text is None."""
    given = [None if value == "" else value for value in values]
    kind = _kind({type(value) for value in given if value is not None}) if varied else KINDS.get(name, str)
    return Column(name, kind, tuple(None if value is None else _as(kind, value) for value in given))


def _kind(kinds: set[type]) -> type:
    """What all values can be: of several kinds that are no numbers, text."""
    if kinds == {int, float}:
        return float
    return kinds.pop() if len(kinds) == 1 else str


def _as(kind: type, value: Scalar) -> Scalar:
    """A value as one of a kind: beside words, truths and numbers are written as JSON writes them."""
    found: Scalar = canonical_json(value) if kind is str and not isinstance(value, str) else kind(value)
    return found
