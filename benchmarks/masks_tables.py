"""What masks.py measured, as Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import sweep_tables
import torch
from sweep_tables import Ratio

COHORT, ALONE, LOOP, PROCESSES = "cohort", "alone", "loop", "processes"
HOW = ("grouped", "vmap")


def titles(sizes: Sequence[int]) -> Mapping[str, str]:
    """Every way, and what tables call it; those that train several networks in a step, for each of some sizes."""
    found = {
        COHORT: "**Tunebook's cohort**",
        ALONE: "Tunebook, nothing shared",
        LOOP: "plain loop",
        PROCESSES: "plain loop, a process each",
    }
    return found | {f"{how} {size}": f"{how}, {size} in a step" for how in HOW for size in sizes}


@dataclass(frozen=True)
class Measured:
    """One way in one round.

    Args:
        steps: Of all runs together.
        wall, cpu: Seconds from the start of the first process to the end of the last, and of processors.
        trained_wall, trained_cpu: The same after each process's imports.
        peak: Most memory of one process, in MB; on a GPU its own is not in it.
    """

    way: str
    round: int
    runs: int
    steps: int
    processes: int
    wall: float
    cpu: float
    trained_wall: float
    trained_cpu: float
    peak: float


@dataclass(frozen=True)
class Compared:
    """One configuration trained in some way, beside the same trained alone.

    Args:
        apart: Largest difference of a weight.
    """

    way: str
    point: int
    equal: bool
    apart: float


def seconds(found: Sequence[Measured], called: Mapping[str, str]) -> Iterator[str]:
    """A line for each way: what a run takes, and how many times less than other ways need."""
    yield (
        "| way | processes | wall s a run | CPU s a run | after imports: wall s | CPU s | CPU ms a step | peak MB "
        "| × less CPU than a process each | × less wall | × less CPU than the plain loop |"
    )
    yield "|---" * 11 + "|"
    for way in called:
        here = _of(found, way)
        if not here:
            continue
        wall, cpu, own_wall, own_cpu = (
            median(getattr(each, name) / each.runs for each in here)
            for name in ("wall", "cpu", "trained_wall", "trained_cpu")
        )
        less = [
            "–" if way == other else str(ratio(found, way, than=other, of=name))
            for other, name in ((PROCESSES, "cpu"), (PROCESSES, "wall"), (LOOP, "cpu"))
        ]
        yield (
            f"| {called[way]} | {here[0].processes} | {wall:.2f} | {cpu:.2f} | {own_wall:.2f} | {own_cpu:.2f} "
            f"| {1000 * median(each.trained_cpu / each.steps for each in here):.1f} "
            f"| {max(each.peak for each in here):.0f} | {' | '.join(less)} |"
        )


def weights(compared: Sequence[Compared], called: Mapping[str, str]) -> Iterator[str]:
    """How many configurations have the weights of training alone, bit by bit, and how far off the others are."""
    yield "| way | weights equal to training alone (torch.equal) | largest difference of a weight |"
    yield "|---|---|---|"
    for way in dict.fromkeys(each.way for each in compared):
        here = [each for each in compared if each.way == way]
        equal = sum(each.equal for each in here)
        yield f"| {called[way]} | {equal} of {len(here)} | {max(each.apart for each in here):.1e} |"


def verdict(found: Sequence[Measured], device: str, called: Mapping[str, str]) -> Iterator[str]:
    """Whether several networks in one step take less than a cohort that trains one after the other.

    After imports, on a CPU by CPU time, elsewhere by the clock. It pays where it takes less in every round; one round
    decides nothing.
    """
    name = "trained_cpu" if device == "cpu" else "trained_wall"
    kind = "CPU time" if device == "cpu" else "time"
    for way in called:
        less = ratio(found, way, than=COHORT, of=name)
        if way.startswith(HOW) and less.each:
            pays = "pays" if min(less.each) > 1 else "does not pay"
            if len(less.each) == 1:
                pays = "is not decided by one round"
            yield f"- {called[way]} {pays} on {device}: × {less} less {kind} than the cohort, after imports."


def ratio(found: Sequence[Measured], way: str, *, than: str, of: str) -> Ratio:
    """How many times less a way takes than another, round by round."""
    ours, theirs = ({each.round: getattr(each, of) / each.runs for each in _of(found, which)} for which in (way, than))
    return Ratio(tuple(theirs[number] / ours[number] for number in sorted(ours.keys() & theirs.keys())))


def machine(device: str) -> dict[str, str]:
    """What it was measured on, and with."""
    known = {name: value for name, value in sweep_tables.machine().items() if name not in ("keras", "optuna")}
    return known if device == "cpu" else {"device": torch.cuda.get_device_name(device), **known}


def _of(found: Sequence[Measured], way: str) -> list[Measured]:
    return [each for each in found if each.way == way]
