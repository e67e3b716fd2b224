"""Where a study's runs find what they read, the decisions of other studies among it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tunebook.errors import InputError, Problem
from tunebook.fingerprints import FingerprintCache
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import PlannedEntry
from tunebook.ledger.stopping import lacking, stop_of
from tunebook.records import Decision

NO_SEED = -1
"""The key of a decision's run when no seed matters."""


@dataclass(frozen=True)
class Shelf:
    """Where a study's runs find what they read.

    Args:
        book: The book's folder, absolute.
        ledger: Where decisions of other studies stand.
        cache: Where content hashes are remembered.
        roots: Names of data roots -> paths, as book.yaml gives them.
    """

    book: Path
    ledger: Ledger
    cache: FingerprintCache
    roots: Mapping[str, str] = field(default_factory=dict)

    def decision(self, name: str, *, place: str) -> Decision:
        """The decision of a study; see `decision_of`."""
        return decision_of(name, self.ledger, place=place)


def decision_of(name: str, ledger: Ledger, *, place: str) -> Decision:
    """The decision of a study.

    Raises:
        InputError: when it has none, or one that the study no longer stands behind.
    """
    decision = current_decision(name, ledger)
    if decision is None:
        stale = ledger.decision(name) is not None
        which = (
            f"a decision of the study '{name}' as it is declared; the one it has is older"
            if stale
            else f"the decision of the study '{name}', which has none yet"
        )
        raise InputError(Problem(place, f"needs {which}", f"tunebook run {ledger.book / name}"))
    return decision


def moved(entries: Iterable[PlannedEntry], ledger: Ledger) -> tuple[str, ...]:
    """The studies whose decisions a plan runs as controls and that decide otherwise by now."""
    carried = {(entry.source, entry.configuration) for entry in entries if entry.source}
    decided = {source: ledger.decision(source) for source, _ in carried}
    return tuple(
        sorted(
            source
            for source, configuration in carried
            if (decision := decided[source]) is not None and decision.configuration != configuration
        )
    )


def current_decision(name: str, ledger: Ledger) -> Decision | None:
    """The decision of a study, if its newest plan holds what was decided and all its runs have ended and are scored.

    That of a study which its limit stopped counts as long as the runs that it lacks are those of that time. A study
    that was edited since, or lacks runs, or builds on one that decides otherwise since, has none until it is run again.
    """
    decision = ledger.decision(name)
    if decision is None:
        return None
    planned = ledger.planned(name)
    decided = decision.configuration, decision.scoring
    held = any((each.configuration, each.scoring) == decided for each in planned if each.role != "baseline")
    if not held or moved(planned, ledger):
        return None
    missing = lacking(planned, ledger)
    return decision if not missing or decision.stopped == _stopped(name, planned, missing, ledger) else None


def _stopped(name: str, planned: Sequence[PlannedEntry], missing: Sequence[PlannedEntry], ledger: Ledger) -> str | None:
    """What a decision says that is made on what a limit left of the search; None where no limit stopped it."""
    stop = stop_of(name, ledger, missing)
    if stop is None or not stop.limit:
        return None
    from tunebook.analyse import stopped_words  # noqa: PLC0415  # heavy, and asked for where a limit stopped a study

    searched = {entry.configuration for entry in planned if entry.role == "search"}
    lacks = {entry.configuration for entry in missing if entry.role == "search"}
    return stopped_words(stop.reason, len(searched - lacks), len(searched))
