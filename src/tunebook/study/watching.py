"""How far a study is, without disturbing it: counts from the ledger, and a look at the folders of its runs."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from statistics import fmean

from tunebook.folders import RunFolder, is_held
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import PlannedEntry
from tunebook.ledger.stopping import lacking, stop_of
from tunebook.records import State
from tunebook.runs import current_decision
from tunebook.study.handed_out import UnderWay, under_way
from tunebook.study.limiting import Clock, now

_Entries = Mapping[tuple[str, int], PlannedEntry]


@dataclass(frozen=True)
class Running:
    """A run that a process works on, or the first of those that train together there.

    Args:
        together: How many runs that process was given.
        label: `lr=0.5 seed=1`.
        step: How far its learning curve is, of `length`; None before its first point.
        losses: Those of that step.
    """

    run: str
    label: str
    length: int
    step: int | None = None
    losses: Mapping[str, float] = field(default_factory=dict)
    together: int = 1


@dataclass(frozen=True)
class Watched:
    """How far a study is.

    Args:
        state: As the index of the book says it; `running` while a process works on one of its runs.
        runs: Planned, each once. `ended`: those with a result. `failed`: without. `missing`: the others.
        to_confirm: Runs that finalists take at most beside these, while they are not known.
        running: One for each process, from the moment on in which it was given its runs.
        seconds_left: What is missing takes at the mean of the runs that finished, as many at once as run, and no more
            than the study's limit leaves; None where nothing runs, or nothing tells.
        last: When a file of its runs was last written; None where there is none.
        bytes: What the folders of its runs take, those of earlier plans too.
        why: What stopped it.
    """

    study: str
    state: str
    runs: int = 0
    ended: int = 0
    failed: int = 0
    missing: int = 0
    running: Sequence[Running] = ()
    to_confirm: int = 0
    seconds_left: float | None = None
    last: datetime | None = None
    bytes: int = 0
    why: str = ""


def state_of(name: str, ledger: Ledger) -> State:
    """How far a study is, as the index of its book says it."""
    planned = ledger.planned(name)
    return _state(name, ledger, planned, None) if planned else "not run"


def _state(name: str, ledger: Ledger, planned: Sequence[PlannedEntry], missing: Sequence[PlannedEntry] | None) -> State:
    """`missing`: its runs that lack; None: not known, and looked for where the state depends on them."""
    if current_decision(name, ledger) is not None:
        return "decided"
    if ledger.decision(name) is not None:
        return "outdated"
    missing = lacking(planned, ledger) if missing is None else missing
    if not missing:
        return "undecided"
    return "interim" if stop_of(name, ledger, missing) is None else "stopped"


def watch(name: str, ledger: Ledger, book: Path, *, clock: Clock = now) -> Watched:
    """Look at a study; nothing is written, and no run waits for it."""
    entries = ledger.planned(name)
    if not entries:
        return Watched(name, "not run")
    planned = {(entry.run, entry.length): entry for entry in entries}
    missing = {(entry.run, entry.length): entry for entry in lacking(planned.values(), ledger)}
    state = _state(name, ledger, entries, tuple(missing.values()))
    outcomes = ledger.outcomes(run for run, _ in planned)
    ended = [outcomes[key] for key in planned if key in outcomes and key not in missing]
    failed = sum(outcome.status == "failed" for outcome in ended)
    given = under_way(book)
    given = given if given is not None and given.study == name else None
    running = tuple(_running(missing, book) if given is None else _given(given, missing, book))
    finals = _to_confirm(planned.values(), ledger.declared(name) or "{}") if missing else 0
    seconds = [outcome.costs.seconds for outcome in ended if outcome.status == "finished"]
    left = None
    if seconds and given is not None:
        left = _left(given, sum(each.together for each in running), fmean(seconds), clock)
    elif seconds and running:
        left = fmean(seconds) * (len(missing) + finals) / len(running)
    size, last = _on_disk({book / "runs" / run for run, _ in ledger.runs_of(name)})
    stop = stop_of(name, ledger, missing.values())
    return Watched(
        study=name,
        state="running" if running or given is not None else state,
        runs=len(planned),
        ended=len(ended) - failed,
        failed=failed,
        missing=len(missing),
        running=running,
        to_confirm=finals,
        seconds_left=left,
        last=last,
        bytes=size,
        why="" if stop is None or running or given is not None else f"by {stop.reason} on {stop.on}",
    )


def _to_confirm(planned: Iterable[PlannedEntry], declared: str) -> int:
    """Runs that finalists take at most, where they are not planned yet."""
    confirm: tuple[int, int] | None = json.loads(declared).get("confirm")
    searched = [entry for entry in planned if entry.role == "search"]
    names = {entry.configuration for entry in searched}
    if confirm is None or len(names) < 2 or any(entry.role == "confirm" for entry in planned):
        return 0
    folds = {entry.replicate["fold"] for entry in searched if "fold" in entry.replicate}
    top, seeds = confirm
    return min(top, len(names)) * seeds * max(1, len(folds)) * len({entry.case.label for entry in searched})


def _running(missing: _Entries, book: Path) -> Iterator[Running]:
    """The runs whose folders a process holds, where nobody tells what was handed out."""
    for key, entry in missing.items():
        if is_held(RunFolder(book / "runs" / entry.run, entry.length).path / "lock"):
            yield _seen([key], missing, book)


def _given(given: UnderWay, missing: _Entries, book: Path) -> Iterator[Running]:
    """One for each process that was given runs which have not ended."""
    for cohort in given.cohorts:
        if left := [key for key in cohort if key in missing]:
            yield _seen(left, missing, book)


def _seen(cohort: Sequence[tuple[str, int]], missing: _Entries, book: Path) -> Running:
    """The first of some runs, with the head of its learning curve."""
    entry = missing[cohort[0]]
    factors = (f"{factor}={number}" for factor, number in entry.replicate.items())
    label = " ".join(word for word in (entry.label, entry.case.label, *factors) if word)
    curve = RunFolder(book / "runs" / entry.run, entry.length).read_curve()
    found = Running(entry.run, label, entry.length, together=len(cohort))
    return replace(found, step=curve[-1].step, losses=curve[-1].values) if curve else found


def _left(given: UnderWay, running: int, each: float, clock: Clock) -> float:
    """Seconds until a command has run what it hands out, as far as the study's limit leaves it."""
    left = each * (running + given.waiting + given.kept) / given.at_once
    if given.stop_at is None:
        return left
    return min(left, max(0.0, (given.stop_at - clock()).total_seconds()))


def _on_disk(folders: set[Path]) -> tuple[int, datetime | None]:
    """Bytes of all files below some folders, and when the last of them was written."""
    size, last = 0, 0.0
    open_folders = [str(folder) for folder in folders if folder.is_dir()]
    while open_folders:
        with os.scandir(open_folders.pop()) as found:
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    open_folders.append(entry.path)
                    continue
                try:
                    facts = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # a file that was renamed into its place meanwhile
                    continue
                size, last = size + facts.st_size, max(last, facts.st_mtime)
    return size, datetime.fromtimestamp(last).astimezone() if last else None
