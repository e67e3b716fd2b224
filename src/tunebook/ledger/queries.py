"""Joining the ledger with run folders: the runs of a study as a page needs them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunebook.folders import RunFolder
from tunebook.ledger.ledger import Aggregate, Ledger
from tunebook.ledger.records_files import PlannedEntry
from tunebook.records import Outcome, Part, RunFacts, Settings

LOG_LINES = 40
"""How much of the log of a failed run is shown."""
Key = tuple[str, str]
Scored = tuple[str, int, str]


def facts_of(
    ledger: Ledger, book: Path, entries: Sequence[PlannedEntry], *, pictures_split: str, curves: bool
) -> tuple[RunFacts, ...]:
    """Everything a page says of some runs, in their order.

    Args:
        ledger: Where numbers come from; it is asked a few times for all runs together.
        book: The book's folder, where curves, pictures and ratings lie.
        entries: The runs as their study holds them.
        pictures_split: The split whose pictures are wanted, and with them all ratings; empty for none.
        curves: Whether the learning curves are wanted.

    Returns:
        `missing` for a run that did not end, or that nobody scored as its study does; `failed` with `kind: reason`;
        else `finished`, with scores and counts from aggregates, and a reason for each score that has no value. Items
        without a value are absent.
    """
    runs = {entry.run for entry in entries}
    outcomes = ledger.outcomes(runs)
    scores = _scores(ledger, runs, {_scored(entry) for entry in entries})
    settings, evaluators, made_of = ledger.settings_of(runs), ledger.scored(runs), ledger.made_of(runs)
    return tuple(
        _facts(
            entry,
            outcomes.get((entry.run, entry.length)),
            scores.get(_scored(entry)),
            settings.get(_scored(entry), ()),
            {**made_of.get((entry.run, entry.length), {}), "evaluator": evaluators.get(_scored(entry), "none")},
            RunFolder(book / "runs" / entry.run, entry.length),
            pictures_split=pictures_split,
            curve=curves,
        )
        for entry in entries
    )


@dataclass(frozen=True)
class _Scores:
    """What one scoring says of one run."""

    scores: dict[Key, float] = field(default_factory=dict)
    reasons: dict[Key, str] = field(default_factory=dict)
    counts: dict[Key, tuple[int, int]] = field(default_factory=dict)
    items: dict[Key, dict[str, float]] = field(default_factory=dict)
    parts: dict[Key, dict[str, Part]] = field(default_factory=dict)

    def add(self, one: Aggregate) -> None:
        key = (one.metric, one.split)
        self.counts[key] = (one.n, one.expected)
        if one.value is None:
            self.reasons[key] = one.reason
        else:
            self.scores[key] = one.value


def _scores(ledger: Ledger, runs: Collection[str], wanted: set[Scored]) -> Mapping[Scored, _Scores]:
    found: dict[Scored, _Scores] = {}
    for one in ledger.aggregates(runs):
        key = (one.run, one.length, one.scoring)
        if key in wanted:
            found.setdefault(key, _Scores()).add(one)
    for (run, length, scoring, metric, split), values, parts in ledger.items(runs):
        if (run, length, scoring) in wanted:
            held = found.setdefault((run, length, scoring), _Scores())
            held.items[metric, split] = values
            if parts:
                held.parts[metric, split] = parts
    return found


def _facts(
    entry: PlannedEntry,
    outcome: Outcome | None,
    scores: _Scores | None,
    settings: tuple[Settings, ...],
    made_of: Mapping[str, str],
    folder: RunFolder,
    *,
    pictures_split: str,
    curve: bool,
) -> RunFacts:
    known: dict[str, Any] = {
        "id": entry.run,
        "replicate": entry.replicate,
        "role": entry.role,
        "repeat": entry.repeat,
    }
    if outcome is None or (outcome.status == "finished" and scores is None):
        reason = "not run yet" if outcome is None else "not scored yet as this study does; tunebook run does it"
        return RunFacts(**known, status="missing", reason=reason)
    scored = scores or _Scores()
    return RunFacts(
        **known,
        status=outcome.status,
        reason=": ".join(part for part in (outcome.kind, outcome.reason) if part),
        log=folder.last_lines(LOG_LINES) if outcome.status == "failed" else "",
        scores=scored.scores,
        reasons=scored.reasons,
        counts=scored.counts,
        items=scored.items,
        parts=scored.parts,
        settings=settings,
        quantities=outcome.quantities,
        costs=outcome.costs,
        provenance={**outcome.provenance, **made_of},
        curve=folder.read_curve() if curve else (),
        pictures=folder.pictures(entry.scoring, pictures_split) if pictures_split else (),
        ratings=folder.read_ratings() if pictures_split else (),
    )


def _scored(entry: PlannedEntry) -> Scored:
    return entry.run, entry.length, entry.scoring
