"""What a configuration costs, and what makes one simpler than another."""

import math
import statistics
from collections.abc import Mapping, Sequence

from tunebook.analyse.scores import Entry
from tunebook.records import COSTS, RunFacts, Scalar, Table

FEWEST_PARAMETERS = (("trainable_parameters", "low"),)
"""What is simpler where a study does not say."""


def costs_of(entry: Entry) -> dict[str, float]:
    """The costs of a configuration that are known, in the order of COSTS.

    Trainable parameters are the most of any run; seconds (wall clock, CPU) are means over the runs that finished,
    whatever their role; memory is the highest peak of these runs, in 10^9 bytes.
    """
    runs = [run for row in entry.rows if row is not None for run in row.runs if run.status == "finished"]
    found = {
        "trainable_parameters": entry.trainable,
        "seconds": _mean([run.costs.seconds for run in runs]),
        "cpu_seconds": _mean([run.costs.cpu_seconds for run in runs]),
        "peak_memory_gb": _most(runs),
    }
    return {name: value for name in COSTS if (value := found[name]) is not None}


def preferences(table: Table) -> Sequence[tuple[str, str]]:
    """What is simpler, most important first: what the study prefers, else fewer trainable parameters."""
    return table.prefer or FEWEST_PARAMETERS


def simplicity(entry: Entry, table: Table) -> tuple[float | None, ...]:
    """The values by which a configuration is simple, one for each of `preferences`; None where it has no number."""
    costs, parameters = costs_of(entry), parameters_of(entry)
    return tuple(costs.get(name) if name in COSTS else _number(parameters.get(name)) for name, _ in preferences(table))


def simpler_first(entry: Entry, table: Table) -> tuple[float, ...]:
    """A key that sorts the simplest first; what has no number comes last."""
    values = zip(simplicity(entry, table), preferences(table), strict=True)
    return tuple(math.inf if value is None else value if way == "low" else -value for value, (_, way) in values)


def parameters_of(entry: Entry) -> Mapping[str, Scalar]:
    """Varied parameter -> value."""
    return next(row.parameters for row in entry.rows if row is not None)


def _mean(values: Sequence[float]) -> float | None:
    """The mean of those that were measured; a run that took no time was not."""
    known = [value for value in values if value > 0]
    return statistics.fmean(known) if known else None


def _most(runs: Sequence[RunFacts]) -> float | None:
    peaks = [run.costs.peak_memory_mb / 1000 for run in runs if run.costs.peak_memory_mb > 0]
    return max(peaks, default=None)


def _number(value: Scalar) -> float | None:
    """A number; true is 1 and false is 0."""
    return float(value) if isinstance(value, int | float) else None
