"""The score of one configuration in one column: mean, spread, n, and the reason where there is none.

Runs of one role are averaged, and never an equal run that was executed again: it is no further replicate.
"""

import math
import statistics
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tunebook.analyse.remembering import of_table
from tunebook.records import Case, Role, Row, RunFacts, Table

COMPARED: tuple[Role, ...] = ("search", "confirm")
"""Roles of the runs by which configurations are compared, and which stand for the one that is decided."""


@dataclass(frozen=True)
class Cell:
    """A mean over replicates.

    Args:
        mean: None when no run has a value; then `reason` says why.
        sd: Standard deviation over replicates (ddof 1); None when n < 2.
        n: Runs behind the mean.
        expected: Runs that the study declares for it.
        reason: Why runs are missing from the mean; empty when none are.
        by_replicate: Replicate (`seed=0`) -> value; the key is empty where no replicate can change the value.
        items: Replicate -> item -> value. Empty where a score is not the mean of its items (an F1, an AUROC), where
            the runs do not have the same items, and for a mean over cases: then nothing is known of other items.
        parts: The scores of the cases behind a mean over several; empty otherwise.
    """

    mean: float | None
    sd: float | None
    n: int
    expected: int
    reason: str = ""
    by_replicate: Mapping[str, float] = field(default_factory=dict, compare=False)
    items: Mapping[str, Mapping[str, float]] = field(default_factory=dict, compare=False, repr=False)
    parts: tuple["Cell", ...] = field(default=(), compare=False, repr=False)

    @property
    def complete(self) -> bool:
        """Whether every declared run stands behind the mean."""
        return self.mean is not None and self.n == self.expected


@dataclass(frozen=True)
class Unavailable:
    """A result that a table cannot give, and why."""

    reason: str


@dataclass(frozen=True)
class Entry:
    """One configuration with its rows, one per case in the order of `cases` (None where there is none).

    Args:
        selection: Its score on the selection metric and split, from runs of the role that was asked for; the mean
            over cases when there are several.
        trainable: Trainable parameters of its runs; None when no run tells.
    """

    configuration: str
    label: str
    alternative: str
    rows: tuple[Row | None, ...]
    selection: Cell
    trainable: float | None


def cases(table: Table) -> tuple[Case, ...]:
    """The cases of a table in the order of their first row."""
    found: list[Case] = []
    for row in table.rows:
        if row.case not in found:
            found.append(row.case)
    return tuple(found)


def searched(row: Row) -> tuple[RunFacts, ...]:
    """The runs of a row that the search compares: those with the role `search`, each once."""
    return runs_of(row, "search")


def runs_of(row: Row, role: Role) -> tuple[RunFacts, ...]:
    """The runs of a row with one role; an equal run that was executed again is left out."""
    return tuple(run for run in row.runs if run.role == role and run.repeat == 0)


def all_runs(table: Table) -> Iterator[tuple[Row, RunFacts]]:
    """Every run of a table with its row, in the order of the rows; roles and endings of every kind."""
    for row in table.rows:
        for run in row.runs:
            yield row, run


def called(row: Row) -> str:
    """What a person calls a row: `alpha=4 (root=cells)`; its id when nothing singles it out."""
    label = row.label or row.configuration
    return f"{label} ({row.case.label})" if row.case.label else label


def value_of(run: RunFacts, metric: str, split: str) -> float | None:
    """A run's score; None when it did not finish, has none, or has one that is not a finite number."""
    value = run.scores.get((metric, split)) if run.status == "finished" else None
    return value if value is not None and math.isfinite(value) else None


def cell(row: Row | None, *, metric: str, split: str, role: Role = "search") -> Cell:
    """The mean of a row's runs of one role on one metric and split."""
    if row is None:
        return Cell(None, None, 0, 0, "not declared for this case")
    runs = runs_of(row, role)
    values = [(run, value) for run in runs if (value := value_of(run, metric, split)) is not None]
    found = [value for _, value in values]
    absent = [_why(run, metric, split) for run in runs if value_of(run, metric, split) is None]
    mean = statistics.fmean(found) if found else None
    sd = _sd(found)
    by_replicate = {replicate_of(run): value for run, value in values}
    items = _items(values, metric, split) if len(by_replicate) == len(values) else {}
    return Cell(mean, sd, len(found), len(runs), _joined(absent, runs), by_replicate, items)


def parts_of(row: Row, *, metric: str, split: str, role: Role = "search") -> dict[str, Cell]:
    """Part of the split -> the mean of its scores over the runs of one role; of the runs that have a score of it."""
    runs = runs_of(row, role)
    held = [run.parts.get((metric, split), {}) for run in runs if value_of(run, metric, split) is not None]
    found = {}
    for name in dict.fromkeys(name for each in held for name in each):
        values = [each[name].value for each in held if name in each and math.isfinite(each[name].value)]
        mean = statistics.fmean(values) if values else None
        found[name] = Cell(mean, _sd(values), len(values), len(runs))
    return found


def mean_over_cases(cells: Sequence[Cell]) -> Cell:
    """One score from a score per case: the mean of the means; n is the smallest.

    The value of a replicate is its mean over the cases, and the spread is that of these values; there is none where
    a case lacks a run. A case without a value leaves the whole without one, so that configurations are compared on
    equal terms.
    """
    if len(cells) == 1:
        return cells[0]
    reason = "; ".join(dict.fromkeys(each.reason for each in cells if each.reason))
    means = [each.mean for each in cells if each.mean is not None]
    expected = max((each.expected for each in cells), default=0)
    if len(means) < len(cells) or not means:
        return Cell(None, None, 0, expected, reason)
    whole = all(each.complete for each in cells)
    by_replicate = _over_cases(cells) if whole else {}
    sd = _sd(list(by_replicate.values()))
    n = expected if whole else min(each.n for each in cells)
    return Cell(statistics.fmean(means), sd, n, expected, reason, by_replicate, parts=tuple(cells))


@of_table
def ordered(table: Table, role: Role = "search") -> tuple[Entry, ...]:
    """Every configuration, best selection score first; those without a score last.

    Equal scores: fewer trainable parameters first, then the id. For another role than `search`: only the
    configurations that have runs of that role.
    """
    sign = -1.0 if direction(table, table.select_metric) == "maximize" else 1.0

    def key(entry: Entry) -> tuple[bool, float, float, str]:
        mean = entry.selection.mean
        trainable = math.inf if entry.trainable is None else entry.trainable
        return mean is None, sign * (mean or 0.0), trainable, entry.configuration

    entries = _entries(table, role)
    return tuple(sorted((each for each in entries if role == "search" or each.selection.expected), key=key))


def direction(table: Table, metric: str) -> str:
    """`maximize` or `minimize`."""
    return table.metrics[metric].direction


def best_of(values: Iterable[float], way: str) -> float | None:
    """The largest or smallest value; None of none."""
    found = list(values)
    if not found:
        return None
    return max(found) if way == "maximize" else min(found)


def _sd(values: Sequence[float]) -> float | None:
    """Standard deviation (ddof 1); None of fewer than two. `statistics.stdev` does the same with fractions, slowly."""
    if len(values) < 2:
        return None
    mean = statistics.fmean(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _entries(table: Table, role: Role) -> Iterable[Entry]:
    every = cases(table)
    by_configuration: dict[str, list[Row]] = {}
    for row in table.rows:
        by_configuration.setdefault(row.configuration, []).append(row)
    for name, rows in by_configuration.items():
        aligned = tuple(next((row for row in rows if row.case == case), None) for case in every)
        scores = [cell(row, metric=table.select_metric, split=table.select_split, role=role) for row in aligned]
        yield Entry(name, rows[0].label, rows[0].alternative, aligned, mean_over_cases(scores), _trainable(rows))


def _over_cases(cells: Sequence[Cell]) -> dict[str, float]:
    """Replicate -> mean over cases, for the replicates that every case has; one value stands for all of a case."""
    every = [each.by_replicate for each in cells]
    names = dict.fromkeys(name for each in every for name in each)
    keys = {name: [covering(each, name) for each in every] for name in names}
    return {
        name: statistics.fmean(each[key] for each, key in zip(every, found, strict=True) if key is not None)
        for name, found in keys.items()
        if None not in found
    }


def _items(values: Sequence[tuple[RunFacts, float]], metric: str, split: str) -> dict[str, Mapping[str, float]]:
    """Replicate -> the items of its run, as the run holds them; none unless every score is the mean of the same."""
    found = {replicate_of(run): run.items.get((metric, split), {}) for run, _ in values}
    scores = [score for _, score in values]
    alike = len({frozenset(items) for items in found.values()}) == 1
    return found if alike and all(map(_is_mean, found.values(), scores)) else {}


def items_differ(table: Table, metric: str, split: str) -> bool:
    """Whether replicates of a configuration are scored on items of other names (folds, a split drawn by seed).

    Then the spread between replicates holds some of that between items, and nothing is known of other items.
    """
    for row in table.rows:
        held = [run.items.get((metric, split), {}) for run in runs_of(row, "search")]
        if len({frozenset(items) for items in held if items}) > 1:
            return True
    return False


def _is_mean(items: Mapping[str, float], score: float) -> bool:
    return bool(items) and math.isclose(statistics.fmean(items.values()), score, rel_tol=1e-9, abs_tol=1e-12)


def replicate_of(run: RunFacts) -> str:
    """`seed=0`; empty where no replicate can change the run."""
    return " ".join(f"{factor}={number}" for factor, number in sorted(run.replicate.items()))


def finest(replicates: Iterable[str]) -> tuple[str, ...]:
    """Replicates without those that have but some factors of another one (`fold=0` beside `fold=0 seed=0`); sorted."""
    parts = {name: set(name.split()) for name in replicates}
    return tuple(sorted(name for name in parts if not any(parts[name] < other for other in parts.values())))


def covering(values: Collection[str], replicate: str) -> str | None:
    """The key of a replicate among some: itself, or one with fewer factors, which the others cannot change."""
    if replicate in values:
        return replicate
    parts = set(replicate.split())
    return next((name for name in values if set(name.split()) < parts), None)


def _trainable(rows: Iterable[Row]) -> float | None:
    counts = [
        run.quantities["trainable_parameters"]
        for row in rows
        for run in row.runs
        if "trainable_parameters" in run.quantities
    ]
    return max(counts, default=None)


def _why(run: RunFacts, metric: str, split: str) -> str:
    if run.status == "missing":
        return run.reason or "not run yet"
    if run.status == "failed":
        return f"failed: {_kind(run)}"
    if (metric, split) in run.scores:
        return "not a finite number"
    return run.reasons.get((metric, split)) or "not scored"


def _kind(run: RunFacts) -> str:
    """`diverged` of `diverged: the loss is not finite`: the whole reason stands in the table of runs."""
    return run.reason.partition(":")[0].strip() or "no reason is recorded"


def _joined(absent: Sequence[str], runs: Sequence[RunFacts]) -> str:
    """`takes no prompts` when all runs agree, `2 of 3 seeds: 1 diverged` when some have a value."""
    if not runs:
        return "no run of this role"
    counts = Counter(absent)
    if len(absent) == len(runs) and len(counts) == 1:
        return absent[0]
    if not absent:
        return ""
    unit = "seeds" if all(set(run.replicate) == {"seed"} for run in runs) else "runs"
    parts = ", ".join(f"{count} {reason.removeprefix('failed: ')}" for reason, count in counts.items())
    return f"{len(runs) - len(absent)} of {len(runs)} {unit}: {parts}"
