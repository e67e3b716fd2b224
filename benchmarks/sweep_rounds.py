"""The sweep trained in every way, taking turns: in one process, in two, and in one process per trial."""

import json
import multiprocessing
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from sweep_peak import Clock
from sweep_trials import WHOLE, Plan, Trial, blocks, spread
from sweep_ways import WAYS, Measured, job, measure

ONE = Path(__file__).with_name("sweep_one.py")
PER_TRIAL = "one process per trial"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Whole:
    """The sweep trained by two processes, their start included.

    Args:
        runs: How many were trained; the seconds are of these.
        steps: Of all of them together.
        peak: Most memory of one process, in MB.
        hidden: Hidden units -> how many of the runs have them.
    """

    way: str
    round: int
    runs: int
    steps: int
    wall: float
    cpu: float
    peak: float
    hidden: Mapping[int, int]


def one_process(plan: Plan, ways: Sequence[str], *, rounds: int, say: Say) -> Iterator[Measured]:
    """Every way in a process of its own, in turns, one list of runs at a time: family by family, block by block."""
    chosen = {way: _chosen(way, plan) for way in ways}
    with ExitStack() as stack:
        pools = {way: stack.enter_context(_pool(1)) for way in ways}
        for way, pool in pools.items():
            some = next(blocks(next(iter(chosen[way].values()))))[:2]
            pool.submit(measure, way, some, replace(plan, epochs=1)).result()  # imports, and first calls
        for number in range(rounds):
            for turn, (family, block) in enumerate(_lists(plan)):
                for way in _rotated(ways, number + turn):
                    trials = [trial for trial in block if trial in chosen[way].get(family, ())]
                    if trials:
                        call = pools[way].submit(measure, way, trials, plan, family=family, round=number)
                        yield call.result()
                say(f"round {number + 1} of {rounds}: {family}, {block[0].quality}, from seed {block[0].seed}")


def memory(plan: Plan, ways: Sequence[str], *, say: Say) -> Iterator[Measured]:
    """Every way and family in a fresh process for one epoch of one block; of ways without cohorts two runs suffice."""
    for way in ways:
        for family, trials in _chosen(way, plan).items():
            block = next(blocks(trials))
            some = block if WAYS[way].cohorts else block[-2:]
            with _pool(1) as pool:
                yield pool.submit(measure, way, some, replace(plan, epochs=1), family=family).result()
            say(f"memory: {way}, {family}")


def agreement(plan: Plan, ways: Sequence[str], *, say: Say) -> Iterator[Measured]:
    """Every way in a process of its own, on several seeds; what it can express."""
    for way in ways:
        with _pool(1) as pool:
            for family, trials in plan.alike().items():
                can = [trial for trial in trials if WAYS[way].can(trial)]
                for block in blocks(can):
                    yield pool.submit(measure, way, block, plan, family=family).result()
        say(f"agreement: {way}")


def two_processes(plan: Plan, ways: Sequence[str], *, trials: int, rounds: int, say: Say) -> Iterator[Whole]:
    """Two workers that share the sweep, and two at a time of one process per trial, in turns.

    Args:
        trials: How many of the sweep's runs get a process of their own; 0: all.
    """
    some = spread(plan.sweep(), trials or len(plan.sweep()))
    for number in range(rounds):
        for way in ways:
            yield _workers(way, plan, number)
            say(f"round {number + 1} of {rounds}: two workers, {way}")
        yield _each_its_own(some, plan, number)
        say(f"round {number + 1} of {rounds}: one process per trial, {len(some)} trials")


def _chosen(way: str, plan: Plan) -> dict[str, list[Trial]]:
    """Family -> the runs that a way is measured on. The whole sweep at once is a cohort's alone."""
    families = plan.families()
    if WAYS[way].cohorts:
        return {**families, WHOLE: plan.sweep()}
    can = {family: [trial for trial in trials if WAYS[way].can(trial)] for family, trials in families.items()}
    some = {family: spread(trials, plan.few) for family, trials in can.items()} if WAYS[way].slow else can
    return {family: trials for family, trials in some.items() if trials}


def _lists(plan: Plan) -> Iterator[tuple[str, list[Trial]]]:
    lists = {**plan.families(), WHOLE: plan.sweep()}
    return ((family, block) for family, trials in lists.items() for block in blocks(trials))


def _rotated(ways: Sequence[str], by: int) -> list[str]:
    at = by % len(ways)
    return [*ways[at:], *ways[:at]]


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _workers(way: str, plan: Plan, number: int) -> Whole:
    """Cohorts are dealt out whole, loops run by run; the longest first."""
    parts = list(blocks(plan.sweep())) if WAYS[way].cohorts else [[trial] for trial in plan.sweep()]
    parts.sort(key=lambda part: sum(plan.steps([trial]) * (1 + trial.hidden) for trial in part), reverse=True)
    start = Clock.read()
    with _pool(2) as pool:
        found = [call.result() for call in [pool.submit(measure, way, part, plan) for part in parts]]
    taken = Clock.read().since(start)
    return _whole(way, number, plan.sweep(), plan, taken, max(each.peak for each in found))


def _each_its_own(trials: Sequence[Trial], plan: Plan, number: int) -> Whole:
    """Optuna hands out the trials, two at a time; each is `sweep_one.py` in a fresh Python."""
    import optuna  # noqa: PLC0415  for this part alone

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    peaks = []

    def objective(asked: optuna.Trial) -> float:
        trial = trials[asked.suggest_int("trial", 0, len(trials) - 1)]
        rows, words = plan.folder / f"{trial.quality}.npz", json.dumps(job(trial, plan))
        done = subprocess.run([sys.executable, ONE, rows, words], stdout=subprocess.PIPE, text=True, check=True)
        ap, peak = map(float, done.stdout.split())
        peaks.append(peak)
        return ap

    start = Clock.read()
    study = optuna.create_study(direction="maximize")
    for at in range(len(trials)):
        study.enqueue_trial({"trial": at})
    study.optimize(objective, n_trials=len(trials), n_jobs=2)
    taken = Clock.read().since(start)
    return _whole(PER_TRIAL, number, trials, plan, taken, max(peaks))


def _whole(way: str, number: int, trials: Sequence[Trial], plan: Plan, taken: Clock, peak: float) -> Whole:
    hidden = Counter(trial.hidden for trial in trials)
    return Whole(way, number, len(trials), plan.steps(trials), taken.wall, taken.cpu, peak, hidden)
