"""How far a study is, without disturbing it: counts from the ledger, and a look at the folders of its runs."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import fmean

from tunebook.folders import RunFolder, is_held
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import PlannedEntry
from tunebook.ledger.stopping import lacking, stop_of
from tunebook.records import State
from tunebook.runs import current_decision


@dataclass(frozen=True)
class Running:
    """A run that a process works on.

    Args:
        label: `lr=0.5 seed=1`.
        step: How far its learning curve is, of `length`; None before its first point.
        losses: Those of that step.
    """

    run: str
    label: str
    length: int
    step: int | None = None
    losses: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Watched:
    """How far a study is.

    Args:
        state: As the index of the book says it; `running` while a process works on one of its runs.
        runs: Planned, each once. `ended`: those with a result. `failed`: without. `missing`: the others.
        to_confirm: Runs that finalists take at most beside these, while they are not known.
        seconds_left: What is missing takes at the mean of the runs that finished, as many at once as run; None where
            nothing runs, or nothing tells.
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
    if not planned:
        return "not run"
    if current_decision(name, ledger) is not None:
        return "decided"
    if ledger.decision(name) is not None:
        return "outdated"
    missing = lacking(planned, ledger)
    if not missing:
        return "undecided"
    return "interim" if stop_of(name, ledger, missing) is None else "stopped"


def watch(name: str, ledger: Ledger, book: Path) -> Watched:
    """Look at a study; nothing is written, and no run waits for it."""
    state = state_of(name, ledger)
    if state == "not run":
        return Watched(name, state)
    planned = {(entry.run, entry.length): entry for entry in ledger.planned(name)}
    missing = {(entry.run, entry.length): entry for entry in lacking(planned.values(), ledger)}
    outcomes = ledger.outcomes(run for run, _ in planned)
    ended = [outcomes[key] for key in planned if key in outcomes and key not in missing]
    failed = sum(outcome.status == "failed" for outcome in ended)
    running = tuple(_running(missing.values(), book))
    finals = _to_confirm(planned.values(), ledger.declared(name) or "{}") if missing else 0
    seconds = [outcome.costs.seconds for outcome in ended if outcome.status == "finished"]
    left = fmean(seconds) * (len(missing) + finals) / len(running) if seconds and running else None
    size, last = _on_disk({book / "runs" / run for run, _ in ledger.runs_of(name)})
    stop = stop_of(name, ledger, missing.values())
    return Watched(
        study=name,
        state="running" if running else state,
        runs=len(planned),
        ended=len(ended) - failed,
        failed=failed,
        missing=len(missing),
        running=running,
        to_confirm=finals,
        seconds_left=left,
        last=last,
        bytes=size,
        why="" if stop is None or running else f"by {stop.reason} on {stop.on}",
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


def _running(missing: Iterable[PlannedEntry], book: Path) -> Iterator[Running]:
    """The runs whose folders a process holds, with the heads of their learning curves."""
    for entry in missing:
        folder = RunFolder(book / "runs" / entry.run, entry.length)
        if not is_held(folder.path / "lock"):
            continue
        factors = (f"{factor}={number}" for factor, number in entry.replicate.items())
        label = " ".join(word for word in (entry.label, entry.case.label, *factors) if word)
        curve = folder.read_curve()
        if curve:
            yield Running(entry.run, label, entry.length, curve[-1].step, curve[-1].values)
        else:
            yield Running(entry.run, label, entry.length)


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
