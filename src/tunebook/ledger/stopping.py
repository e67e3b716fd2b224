"""Why a study was left before its end, as long as that is the last that is known of it."""

from collections.abc import Iterable
from dataclasses import replace

from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import PlannedEntry, Stopped, newest_stop, write_stop
from tunebook.records import Stop, digest


def lacking(entries: Iterable[PlannedEntry], ledger: Ledger) -> tuple[PlannedEntry, ...]:
    """The runs of a plan that have not ended, or that nobody scored as their study does; in their order."""
    held = tuple(entries)
    ended = ledger.outcomes(entry.run for entry in held)
    scored = ledger.scored(entry.run for entry in held)

    def lacks(entry: PlannedEntry) -> bool:
        outcome = ended.get((entry.run, entry.length))
        if outcome is None:
            return True
        return outcome.status == "finished" and (entry.run, entry.length, entry.scoring) not in scored

    return tuple(filter(lacks, held))


def record_stop(study: str, ledger: Ledger, *, reason: str, on: str, limit: bool) -> None:
    """Write down that a command leaves a study; nothing is written where no run is missing.

    Args:
        reason: A part of a sentence: `its limit of 40 runs`. `limit`: whether it is the study's own.
        on: The day, 2030-01-31.
    """
    missing = lacking(ledger.planned(study), ledger)
    if missing:
        stop = Stop(reason, on, limit)
        write_stop(ledger.book, Stopped(study, stop, _plan(study, ledger), _digest(missing)))


def resume(study: str, ledger: Ledger) -> None:
    """Write down that a command goes on with a study: what stopped it before is no reason why runs are missing."""
    if stop_of(study, ledger) is not None and (stopped := newest_stop(ledger.book, study)) is not None:
        write_stop(ledger.book, replace(stopped, lacking=""))


def stop_of(study: str, ledger: Ledger, missing: Iterable[PlannedEntry] | None = None) -> Stop | None:
    """Why a study was left; None where nothing is missing, or where its plan or its runs are others since.

    Args:
        missing: Its runs that lack, where they are known.
    """
    stopped = newest_stop(ledger.book, study)
    if stopped is None:
        return None
    missing = lacking(ledger.planned(study), ledger) if missing is None else tuple(missing)
    same = missing and (stopped.plan, stopped.lacking) == (_plan(study, ledger), _digest(missing))
    return stopped.stop if same else None


def _plan(study: str, ledger: Ledger) -> int:
    return max(ledger.plans(study), default=-1)


def _digest(missing: Iterable[PlannedEntry]) -> str:
    return digest(sorted({f"{entry.run} {entry.length} {entry.scoring}" for entry in missing}))
