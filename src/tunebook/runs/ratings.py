"""Ratings of masks, kept beside the runs that they are of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunebook.errors import InputError, Problem
from tunebook.folders import RunFolder
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import PlannedEntry
from tunebook.records import Rating
from tunebook.runs.exported_ratings import Rated, read_ratings


@dataclass(frozen=True)
class Noted:
    """What became of a file of ratings.

    Args:
        new: Ratings of masks that this rater had not rated. `replaced`: in the place of an earlier one, which stays in
            the run's folder and counts no more. `known`: equal to the one that counts. `outrun`: of an earlier day
            than the one that counts, and left out.
    """

    rater: str
    split: str
    configurations: int
    new: int = 0
    replaced: int = 0
    known: int = 0
    outrun: int = 0


def note_ratings(file: Path, study: str, ledger: Ledger, book: Path) -> Noted:
    """Keep a file of ratings in the folders of the runs that they are of.

    A rater's rating of a mask, blind or not, counts until a later one of the same kind: of a later day, or of the same
    day and read later. The same file twice changes nothing. The caller holds the book's lock.

    Raises:
        InputError: naming all that is wrong with the file, or that the study was never run; nothing is kept then.
        OSError: when the file cannot be read.
    """
    rated = Rated(study, splits=_splits(study, ledger), runs=_runs(study, ledger), book=book)
    found = read_ratings(file, rated)
    fates = [fate for run, ratings in found.ratings.items() for fate in _keep(rated.folder(run), ratings)]
    configurations = {rated.runs[run].configuration for run in found.ratings}
    counts = {fate: fates.count(fate) for fate in set(fates)}
    return Noted(found.rater, found.split, len(configurations), **counts)


def _keep(folder: RunFolder, ratings: Sequence[Rating]) -> list[str]:
    """Add those that count from here on; what became of each."""
    counting = {_mask(rating): rating for rating in folder.read_ratings()}
    fates = [_fate(counting.get(_mask(rating)), rating) for rating in ratings]
    added = [rating for rating, fate in zip(ratings, fates, strict=True) if fate in ("new", "replaced")]
    if added:
        folder.add_ratings(added)
    return fates


def _fate(former: Rating | None, rating: Rating) -> str:
    if former is None:
        return "new"
    if former == rating:
        return "known"
    return "outrun" if rating.on < former.on else "replaced"


def _mask(rating: Rating) -> tuple[str, str, str, bool]:
    return rating.split, rating.item, rating.rater, rating.blind


def _runs(study: str, ledger: Ledger) -> Mapping[str, PlannedEntry]:
    """Every run that the study ever held, as the newest plan that holds it says."""
    return {entry.run: entry for number in ledger.plans(study) for entry in ledger.planned(study, number=number)}


def _splits(study: str, ledger: Ledger) -> tuple[str, ...]:
    """The splits whose predictions a study judges.

    Raises:
        InputError: when it has never been run.
    """
    declared = ledger.declared(study)
    if declared is None:
        raise InputError(Problem(study, "must have been run in this book before it is rated", f"tunebook run {study}"))
    table = json.loads(declared)
    return tuple(dict.fromkeys((table["select_split"], *table["splits"])))
