"""What was measured, as Markdown."""

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import fmean, median, stdev

import numpy as np
from scipy.special import stdtrit
from sweep_rounds import PER_TRIAL, Whole
from sweep_trials import WHOLE, Plan, Trial
from sweep_ways import TUNED, USUAL, WAYS, Measured

PACKAGES = ("numpy", "torch", "scikit-learn", "keras", "tensorflow-cpu", "tensorflow", "optuna")


@dataclass(frozen=True)
class Ratio:
    """One for each round; written as the median, the least and the most."""

    each: tuple[float, ...]

    def __str__(self) -> str:
        if not self.each:
            return "–"
        if len(self.each) == 1:
            return f"{self.each[0]:.3g}"
        return f"{median(self.each):.3g} ({min(self.each):.3g} to {max(self.each):.3g})"


@dataclass(frozen=True)
class Line:
    """One way in one family; seconds are medians over the rounds.

    Args:
        runs: How many were measured, of `of`; `wall` and `cpu` are for all of them, by the steps.
        less: Other way -> how many times less CPU time than it, round by round.
    """

    family: str
    way: str
    runs: int
    of: int
    steps: int
    wall: float
    cpu: float
    less: dict[str, Ratio]


def lines(found: Sequence[Measured], plan: Plan) -> list[Line]:
    """Family by family, and the whole sweep last."""
    families = {**plan.families(), WHOLE: plan.sweep()}
    seconds = {
        (family, way): _seconds(found, plan, family, way, trials)
        for family, trials in families.items()
        for way in WAYS
        if any(each.way == way for each in found)
    }
    made = []
    for (family, way), taken in seconds.items():
        if not taken:
            continue
        less = {
            other: Ratio(tuple(theirs[1] / ours[1] for theirs, ours in zip(seconds[family, other], taken, strict=True)))
            for other in (USUAL, TUNED)
            if seconds.get((family, other))
        }
        parts = _parts(family, way, plan)
        runs = sum(each.runs for each in found if each.way == way and each.round == 0 and each.family in parts)
        trials = families[family]
        wall, cpu = (median(each[which] for each in taken) for which in (0, 1))
        made.append(Line(family, way, runs, len(trials), plan.steps(trials), wall, cpu, less))
    return made


def _parts(family: str, way: str, plan: Plan) -> list[str]:
    """The families whose measurements make up one: the whole sweep is one of its own where cohorts are."""
    return [family] if family != WHOLE or WAYS[way].cohorts else [str(hidden) for hidden in plan.hidden]


def _seconds(
    found: Sequence[Measured], plan: Plan, family: str, way: str, trials: Sequence[Trial]
) -> list[tuple[float, float]]:
    """Wall and CPU seconds of all runs of a family in each round; none where a part was not measured."""
    parts = {family: list(trials)}
    if family == WHOLE and not WAYS[way].cohorts:
        parts = {str(hidden): [trial for trial in trials if trial.hidden == hidden] for hidden in plan.hidden}
    rounds = sorted({each.round for each in found})
    made = []
    for number in rounds:
        totals = np.zeros(2)
        for part, them in parts.items():
            here = [each for each in found if (each.way, each.family, each.round) == (way, part, number)]
            if not here:
                return []
            per_step = np.array([[each.wall, each.cpu] for each in here]).sum(0) / sum(each.steps for each in here)
            totals += per_step * plan.steps(them)
        made.append((float(totals[0]), float(totals[1])))
    return made


# Tables -----------------------------------------------------------------------------------------------


def by_family(found: Sequence[Measured], plan: Plan) -> Iterator[str]:
    """One process: what a run takes, and all runs of the family."""
    yield (
        "| hidden units | way | runs measured | wall ms a run | CPU ms a run | CPU ms a step | wall s, all runs "
        "| CPU s, all runs | × less CPU than usual | × less CPU than tuned |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for each in lines(found, plan):
        usual, tuned = ("–" if each.way == other else str(each.less.get(other, "–")) for other in (USUAL, TUNED))
        yield (
            f"| {each.family} | {WAYS[each.way].title} | {each.runs} of {each.of} | {1000 * each.wall / each.of:.1f} "
            f"| {1000 * each.cpu / each.of:.1f} | {1000 * each.cpu / each.steps:.3f} | {each.wall:.1f} "
            f"| {each.cpu:.1f} | {usual} | {tuned} |"
        )


def memory(found: Sequence[Measured], plan: Plan) -> Iterator[str]:
    """Peak MB of a process that trains runs of one family."""
    ways = list(dict.fromkeys(each.way for each in found))
    peaks = {(each.family, each.way): f"{each.peak:.0f}" for each in found}
    yield "| hidden units | " + " | ".join(WAYS[way].title for way in ways) + " |"
    yield "|---" * (1 + len(ways)) + "|"
    for family in (*plan.families(), WHOLE):
        yield f"| {family} | " + " | ".join(peaks.get((family, way), "–") for way in ways) + " |"


def whole(found: Sequence[Whole], plan: Plan) -> Iterator[str]:
    """Two processes: the sweep from its start to its end."""
    yield (
        "| two at a time | runs measured | wall s, all runs | CPU s, all runs | × less wall than one process per trial "
        "| peak MB of a process |"
    )
    yield "|---|---|---|---|---|---|"
    trials = len(plan.sweep())
    alone = {each.round: each.wall / each.runs for each in found if each.way == PER_TRIAL}
    for way in dict.fromkeys(each.way for each in found):
        here = [each for each in found if each.way == way]
        wall, cpu = (median(trials * getattr(each, name) / each.runs for each in here) for name in ("wall", "cpu"))
        less = "–" if way == PER_TRIAL else Ratio(tuple(alone[each.round] / (each.wall / each.runs) for each in here))
        yield (
            f"| {WAYS[way].title if way in WAYS else way} | {here[0].runs} of {trials} | {wall:.1f} | {cpu:.1f} "
            f"| {less} | {max(each.peak for each in here):.0f} |"
        )
    for each in found:
        if each.way == PER_TRIAL and each.round == 0:
            runs = ", ".join(f"{number} at {hidden}" for hidden, number in sorted(each.hidden.items()))
            yield f"\nTrials with a process each, by hidden units: {runs}."


def agreement(found: Sequence[Measured], plan: Plan) -> Iterator[str]:
    """Validation average precision, way by way, and its difference from the usual loop on the same runs.

    All runs of a way with one seed share their luck, so the interval (Student's t, 95 %) is over seeds.
    """
    yield "| hidden units | way | runs | AP | AP less that of the usual loop |"
    yield "|---|---|---|---|---|"
    for family in plan.alike():
        aps = {way: _aps(found, family, way) for way in WAYS}
        for way, values in aps.items():
            if values:
                gap = "–" if way == USUAL else _gap(values, aps[USUAL])
                yield f"| {family} | {WAYS[way].title} | {len(values)} | {fmean(values.values()):.4f} | {gap} |"


def _aps(found: Sequence[Measured], family: str, way: str) -> dict[Trial, float]:
    return {trial: ap for each in found if (each.family, each.way) == (family, way) for trial, ap in each.aps.items()}


def _gap(values: dict[Trial, float], usual: dict[Trial, float]) -> str:
    gaps: dict[int, list[float]] = {}
    for trial in values.keys() & usual.keys():
        gaps.setdefault(trial.seed, []).append(values[trial] - usual[trial])
    means = [fmean(each) for each in gaps.values()]
    if len(means) < 2:
        return "–"
    half = float(stdtrit(len(means) - 1, 0.975)) * stdev(means) / len(means) ** 0.5
    return f"{fmean(means):+.4f} ± {half:.4f}"


# Circumstances ----------------------------------------------------------------------------------------


def machine() -> dict[str, str]:
    """What it was measured on, and with."""
    found = {"processor": _processor(), "cores": str(os.cpu_count()), "load": f"{os.getloadavg()[0]:.1f}"}
    found["python"] = platform.python_version()
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    """Linux keeps its name in a file; elsewhere Python knows it."""
    described = Path("/proc/cpuinfo")
    names = (
        [line.partition(":")[2] for line in described.read_text().splitlines() if line.startswith("model name")]
        if described.exists()
        else []
    )
    return names[0].strip() if names else platform.processor()
