"""Joining the ledger with run folders: one run as a page needs it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunebook.folders import RunFolder
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import PlannedEntry
from tunebook.records import Measurement, Outcome, RunFacts

Key = tuple[str, str]


def run_facts(ledger: Ledger, book: Path, planned: PlannedEntry, *, pictures_split: str, curve: bool) -> RunFacts:
    """Everything a page says of one run.

    Args:
        ledger: Where numbers come from.
        book: The book's folder, where curve and pictures lie.
        planned: The run as its study holds it.
        pictures_split: The split whose pictures are wanted; empty for none.
        curve: Whether the learning curve is wanted.

    Returns:
        `missing` for a run that did not end, or that nobody scored as its study does; `failed` with `kind: reason`;
        else `finished`, with scores and counts from aggregates, and a reason for each score that has no value. Items
        without a value are absent.
    """
    outcome = ledger.outcome(planned.run, planned.length)
    measurements = ledger.measurements(planned.run, planned.length, planned.scoring)
    if outcome is None or (outcome.status == "finished" and not measurements):
        reason = "not run yet" if outcome is None else "not scored yet as this study does; tunebook run does it"
        return RunFacts(planned.run, planned.replicate, planned.role, "missing", reason)
    folder = RunFolder(book / "runs" / planned.run, planned.length)
    return RunFacts(
        id=planned.run,
        replicate=planned.replicate,
        role=planned.role,
        status=outcome.status,
        reason=_why(outcome),
        **_scores(measurements),
        settings=ledger.settings(planned.run, planned.length, planned.scoring),
        quantities=outcome.quantities,
        costs=outcome.costs,
        provenance=outcome.provenance,
        curve=folder.read_curve() if curve else (),
        pictures=folder.pictures(planned.scoring, pictures_split) if pictures_split else (),
    )


def _why(outcome: Outcome) -> str:
    return ": ".join(part for part in (outcome.kind, outcome.reason) if part)


def _scores(measurements: Sequence[Measurement]) -> dict[str, Any]:
    scores: dict[Key, float] = {}
    reasons: dict[Key, str] = {}
    counts: dict[Key, tuple[int, int]] = {}
    items: dict[Key, dict[str, float]] = {}
    for one in measurements:
        key = (one.metric, one.split)
        if one.item:
            if one.value is not None:
                items.setdefault(key, {})[one.item] = one.value
            continue
        counts[key] = (one.n, one.expected)
        if one.value is None:
            reasons[key] = one.reason
        else:
            scores[key] = one.value
    return {"scores": scores, "reasons": reasons, "counts": counts, "items": items}
