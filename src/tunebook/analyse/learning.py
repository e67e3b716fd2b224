"""Learning curves: the mean loss of every configuration, step by step."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tunebook.analyse.scores import Unavailable, searched
from tunebook.records import Case, Row, RunFacts, Table

POINTS = 60
"""Most points of a curve; longer ones are averaged over equal stretches of steps."""


@dataclass(frozen=True)
class Curve:
    """The mean loss of one configuration in one case.

    Args:
        steps, losses: Equally long; a point is the mean over `stretch` recorded steps that end there. The curve ends
            with the shortest run, so that every point is a mean over the same runs.
        n: Finished runs behind the mean.
    """

    configuration: str
    label: str
    case: Case
    steps: tuple[int, ...]
    losses: tuple[float, ...]
    n: int


@dataclass(frozen=True)
class Curves:
    """Every configuration with a finished run that was trained, in the order of the table."""

    part: str
    """Which of the recorded quantities is shown."""
    stretch: int
    """Recorded steps behind a point, in the longest curve."""
    lines: tuple[Curve, ...]
    left_out: int = 0
    """Runs that recorded a curve and did not finish: part of no mean."""


def curves(table: Table) -> Curves | Unavailable:
    """The mean over finished replicates of the quantity `loss` (else of the first recorded one, by name)."""
    recorded = [(row, [run for run in searched(row) if run.curve]) for row in table.rows]
    finished = [(row, [run for run in runs if run.status == "finished"]) for row, runs in recorded]
    trained = [(row, runs) for row, runs in finished if runs]
    if not trained:
        return Unavailable("no finished run recorded a learning curve")
    names = {name for _, runs in trained for run in runs for point in run.curve for name in point.values}
    if not names:
        return Unavailable("the learning curves hold no quantities")
    part = "loss" if "loss" in names else min(names)
    stretch = max(_stretch(len(_steps(runs, part))) for _, runs in trained)
    lines = [line for row, runs in trained if (line := _curve(row, runs, part)).steps]
    left_out = sum(len(runs) for _, runs in recorded) - sum(len(runs) for _, runs in finished)
    return Curves(part, stretch, tuple(lines), left_out)


def _curve(row: Row, runs: Sequence[RunFacts], part: str) -> Curve:
    steps = _steps(runs, part)
    by_run = [{point.step: point.values[part] for point in run.curve if part in point.values} for run in runs]
    means = [statistics.fmean(values[step] for values in by_run if step in values) for step in steps]
    size = _stretch(len(steps))
    ends = [min(start + size, len(steps)) for start in range(0, len(steps), size)]
    losses = tuple(statistics.fmean(means[max(0, end - size) : end]) for end in ends)
    return Curve(row.configuration, row.label, row.case, tuple(steps[end - 1] for end in ends), losses, len(runs))


def _steps(runs: Sequence[RunFacts], part: str) -> list[int]:
    """The recorded steps, up to the last one of the run that ended first."""
    by_run = [{point.step for point in run.curve if part in point.values} for run in runs]
    end = min((max(steps) for steps in by_run if steps), default=0)
    return sorted(step for step in set().union(*by_run) if step <= end)


def _stretch(points: int) -> int:
    return max(1, -(-points // POINTS))
