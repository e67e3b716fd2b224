"""What a book could do without: what of its runs' files no study keeps, and what nothing asks for.

A file of a run stays when any study keeps it. A study keeps everything until it is decided, and where its file says
nothing else (`keep`). Weights that other runs start from always stay. A run that was stopped and can go on is left
alone. What own programs wrote goes whole or stays whole: no file in it is looked at by its name.
Outcomes, scores, curves, pictures and logs are never removed for space: pages, decisions and facts stay what they are.
"""

import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tunebook.errors import InputError, Problem
from tunebook.fingerprints import IN_BOOK, FingerprintCache
from tunebook.folders import OUT, UNFINISHED, Busy, RunFolder, note_of, note_of_out, write_atomically
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import PlannedEntry
from tunebook.records import Decision, canonical_json
from tunebook.runs import current_decision
from tunebook.spec.program_files import below
from tunebook.spec.study import Keep, Study
from tunebook.study.again import weights_in
from tunebook.study.forgotten import remember

Kind = Literal["checkpoints", "predictions", "unused runs", "unused scores", "leftovers"]
UNUSED: tuple[Kind, ...] = ("unused runs", "unused scores")
"""What only `--unused` removes: no study asks for it as it stands, and yet the ledger holds it as facts."""
WRITTEN = ("runs", "records", "pages", "surveys", "inventories")
"""Folders of a book in which whatever is written is written beside its place first."""
LOCK_SECONDS = 1.0
Key = tuple[str, int]


@dataclass(frozen=True)
class Prunable:
    """Files that can go together.

    Args:
        kind: What they are.
        study: The first study that holds their run, of those that were asked for; empty where none does.
        folder: Their run's, whose lock is held while they go; None for a leftover beside all runs.
        paths: Files and folders.
        files: How many files these are. `size`: their bytes.
    """

    kind: Kind
    study: str
    folder: RunFolder | None
    paths: tuple[Path, ...]
    files: int
    size: int


@dataclass
class Held:
    """What the studies of a book keep, by run.

    Args:
        studies: Run -> the studies that hold it.
        checkpoints: Runs whose checkpoints stay.
        predictions: Run -> the splits whose predictions stay; None for all.
        scorings: Run -> ids of the scorings that are asked for.
        why: Study -> what it keeps, in words.
    """

    studies: dict[Key, set[str]] = field(default_factory=dict)
    checkpoints: set[Key] = field(default_factory=set)
    predictions: dict[Key, set[str] | None] = field(default_factory=dict)
    scorings: dict[Key, set[str]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)


def held(studies: Sequence[Study], ledger: Ledger) -> Held:
    """What the studies of a book keep of their runs, as their newest plans hold them.

    Args:
        studies: All studies of the book. One that has been run and has no file any more keeps everything.
    """
    found, declared = Held(), {study.study: study for study in studies}
    for name in dict.fromkeys([*declared, *ledger.studies()]):
        _add(found, name, declared.get(name), ledger)
    for configuration in ledger.configured(run for run, _ in found.studies).values():
        found.checkpoints |= set(weights_in(configuration))
    for study in studies:
        for reference in study.weights:
            decision, lengths = ledger.decision(reference.study), dict(ledger.runs_of(reference.study))
            runs = [] if decision is None else decision.runs.values()
            found.checkpoints |= {(run, lengths[run]) for run in runs}
    return found


def prunable(book: Path, keeping: Held, *, only: Collection[str] | None = None) -> Iterator[Prunable]:
    """What of a book's files can go, run by run in the order of their ids.

    Args:
        only: What runs of these studies alone hold; None: of the whole book, with what no study holds.
    """
    for folder in RunFolder.all(book):
        key = (folder.path.name, folder.length)
        asked = [
            name for name in keeping.why if name in keeping.studies.get(key, ()) and (only is None or name in only)
        ]
        if asked:
            yield from _of_held(folder, key, keeping, asked[0])
        elif key not in keeping.studies and only is None:
            yield from _of_unheld(folder, key, keeping)
    if only is None:
        yield from _leftovers(book)


def remove_all(found: Sequence[Prunable], book: Path) -> Iterator[Prunable]:
    """Remove one after the other; of the scores that go it stays that they were there (T504).

    The caller holds the book's lock.

    Raises:
        InputError: when another process works on a run.
    """
    remember([one.folder for one in found if one.kind in UNUSED and one.folder is not None], book)
    for one in found:
        remove(one, book)
        yield one


def remove(found: Prunable, book: Path) -> None:
    """Remove the files; of a checkpoint, and of each file that an own program wrote, its sha256 stays.

    The caller holds the book's lock.

    Raises:
        InputError: when another process works on the run.
    """
    if found.folder is None:
        for path in found.paths:
            _gone(path)
        return
    try:
        with found.folder.lock(wait=LOCK_SECONDS):
            _remove(found, found.folder, book)
    except Busy as busy:
        message = "must not be in use; another process works on this run"
        raise InputError(Problem(str(found.folder.path), message, "wait for it")) from busy


def weights_noted(folders: Iterable[RunFolder], book: Path) -> Iterator[tuple[Path, bytes]]:
    """(note, its content) for the checkpoint of each run that has one, and for what an own program wrote."""
    cache = FingerprintCache(book / IN_BOOK)
    for folder in folders:
        files = [folder.checkpoint] if folder.checkpoint.is_file() else []
        written = below(folder.out)
        hashes = cache.hashes([*files, *written])
        if files:
            yield note_of(folder.checkpoint), f"{hashes[folder.checkpoint]}\n".encode()
        if written:
            named = {file.relative_to(folder.out).as_posix(): hashes[file] for file in written}
            yield note_of_out(folder.out), canonical_json(named).encode() + b"\n"


# What studies keep --------------------------------------------------------------------------------------


def _add(found: Held, name: str, study: Study | None, ledger: Ledger) -> None:
    entries, decision = ledger.planned(name), current_decision(name, ledger)
    keep = Keep() if study is None or decision is None else study.keep
    stay = _configurations(keep, entries, decision)
    for entry in entries:
        key = (entry.run, entry.length)
        found.studies.setdefault(key, set()).add(name)
        found.scorings.setdefault(key, set()).add(entry.scoring)
        if keep.checkpoints == "all" or (entry.configuration in stay and not entry.source):
            found.checkpoints.add(key)
        splits = found.predictions.setdefault(key, set())
        if keep.predictions == "all" or study is None:
            found.predictions[key] = None
        elif splits is not None:
            splits.update(study.report.splits)
    found.why[name] = _why(study, entries, decision)


def _configurations(keep: Keep, entries: Sequence[PlannedEntry], decision: Decision | None) -> set[str]:
    """Ids of the configurations whose checkpoints stay."""
    decided = set() if decision is None else {decision.configuration}
    if keep.checkpoints == "decision":
        return decided
    return decided | {entry.configuration for entry in entries if entry.role == "confirm"}


def _why(study: Study | None, entries: Sequence[PlannedEntry], decision: Decision | None) -> str:
    if study is None:
        return "keeps everything: it has no study file any more"
    if not entries:
        return "has not been run"
    if study.keep == Keep():
        return "keeps everything"
    if decision is None:
        return "keeps everything until it is decided as it stands"
    words = {"decision": " of its decision", "finalists": " of what was confirmed", "all": ""}
    of = f" of {', '.join(study.report.splits)}" if study.keep.predictions == "report" else ""
    return f"keeps checkpoints{words[study.keep.checkpoints]}, predictions{of}"


# What can go --------------------------------------------------------------------------------------------


def _of_held(folder: RunFolder, key: Key, keeping: Held, study: str) -> Iterator[Prunable]:
    outcome = folder.read_outcome()
    if outcome is None or outcome.status != "finished":
        return
    trained = [path for path in (folder.checkpoint, folder.out, folder.reports) if path.exists()]
    if key not in keeping.checkpoints and trained:
        yield _prunable("checkpoints", study, folder, trained)
    kept = keeping.predictions[key]
    splits = [] if kept is None else [split for split in _folders(folder.at / "predictions") if split.name not in kept]
    if splits:
        yield _prunable("predictions", study, folder, splits)
    scores = [path for path in _folders(folder.at / "scores") if path.name not in keeping.scorings[key]]
    if scores:
        yield _prunable("unused scores", study, folder, scores)
    state = [path for path in (folder.state, folder.spent) if path.exists()]
    if state:
        yield _prunable("leftovers", study, folder, state)


def _of_unheld(folder: RunFolder, key: Key, keeping: Held) -> Iterator[Prunable]:
    """A run that no study holds; what others start from stays, what can go on, and what people have rated."""
    goes_on = folder.read_outcome() is None and folder.goes_on
    if key not in keeping.checkpoints and not goes_on and not folder.read_ratings():
        yield _prunable("unused runs", "", folder, [folder.at])


def _leftovers(book: Path) -> Iterator[Prunable]:
    """Files that a command which was stopped had not put in place."""
    found = [path for name in WRITTEN for path in _unfinished(book / name)]
    if found:
        yield _prunable("leftovers", "", None, found)


def _unfinished(folder: Path) -> Iterator[Path]:
    """What was never put in place below a folder; what own programs wrote is theirs."""
    for where, folders, names in os.walk(folder):
        yield from (Path(where, name) for name in sorted((*folders, *names)) if name.startswith(UNFINISHED))
        of_run = Path(where).name.startswith("at-")
        folders[:] = sorted(name for name in folders if not (name.startswith(".") or (of_run and name == OUT)))


def _prunable(kind: Kind, study: str, folder: RunFolder | None, paths: Sequence[Path]) -> Prunable:
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    return Prunable(kind, study, folder, tuple(paths), len(files), sum(file.stat().st_size for file in files))


def _folders(path: Path) -> list[Path]:
    return sorted(each for each in path.iterdir() if each.is_dir()) if path.is_dir() else []


# Removing -----------------------------------------------------------------------------------------------


def _remove(found: Prunable, folder: RunFolder, book: Path) -> None:
    if found.kind == "checkpoints":
        for note, content in weights_noted([folder], book):
            write_atomically(note, content)
    for path in found.paths:
        _gone(path)
    if found.kind == "unused runs" and not list(folder.path.glob("at-*")):
        _gone(folder.path)


def _gone(path: Path) -> None:
    """Remove a file, or a folder at once: it has another name before the first of its files goes."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    if not path.name.startswith(UNFINISHED):
        path = path.rename(path.with_name(f"{UNFINISHED}{path.name}"))
    shutil.rmtree(path)
