"""Deciding, being overruled, and writing the page."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tunebook import analyse, report
from tunebook.errors import InputError, Problem
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.records_files import PlannedEntry, write_decision
from tunebook.ledger.stopping import stop_of
from tunebook.records import Decision, Table
from tunebook.report.page import Rendered
from tunebook.runs import NO_SEED
from tunebook.spec.plan import Plan
from tunebook.spec.study import Study
from tunebook.study.conducting import missing, with_finalists
from tunebook.study.preparing import Prepared, lay_out
from tunebook.study.tabling import entries_of, table, table_of


def decide(prepared: Prepared, ledger: Ledger) -> Decision | None:
    """Apply the study's rule once all its runs have ended, and write the decision down.

    A study that its own limit stopped is decided on what was searched: at least two configurations with all of their
    runs and, where it confirms, finalists among them that were run on their fresh seeds.

    A person's overruling stands as long as what they chose is among the rows; the rule's choice is recorded beside it.

    Returns:
        The decision, with the whole configuration that it carries forward, without what `across` varies: whoever
        builds on it says on which data. None while runs are missing, or when no configuration has a value from all
        of its runs.
    """
    whole = with_finalists(prepared, ledger)
    if missing(whole):
        whole = with_finalists(prepared, ledger, stop=stop_of(prepared.study.study, ledger))
        if not analyse.decidable(table_of(whole, ledger)):
            return None
    found = table_of(whole, ledger)
    by_rule = analyse.decide(found)
    if by_rule is None:
        return None
    chosen = by_rule if found.decision is None else analyse.stands(found.decision, by_rule, found)
    return _recorded(chosen, prepared.plan, entries_of(whole), ledger, prepared.book)


def overrule(study: Study, ledger: Ledger, book: Path, *, choice: str, because: str, by: str) -> Decision:
    """Choose otherwise than the rule, for a stated reason; recorded with what the rule chooses, for good.

    Args:
        choice: Values that single the configuration out (`alpha=4 rank=4`), or the beginning of its id.
        because: The reason. `by`: who decides.

    Raises:
        InputError: when the study is not decided as it stands, or the choice names none or several of its rows.
    """
    found, by_rule = _judged(study, ledger, book)
    today = datetime.now().astimezone().date().isoformat()
    chosen = analyse.overruled(by_rule, found, choice, because=because, by=by, on=today)
    return _recorded(chosen, lay_out(study, ledger).plan, ledger.planned(study.study), ledger, book)


def withdraw(study: Study, ledger: Ledger, book: Path) -> Decision:
    """Go back to what the rule chooses; the overruling stays in the ledger as an earlier decision.

    Raises:
        InputError: when the study is not decided as it stands.
    """
    _, by_rule = _judged(study, ledger, book)
    return _recorded(by_rule, lay_out(study, ledger).plan, ledger.planned(study.study), ledger, book)


def page(name: str, ledger: Ledger, book: Path, *, without_costs: bool = False, refresh: int = 0) -> Rendered:
    """Write a study's page below `pages/`; the same ledger gives the same bytes.

    Args:
        refresh: Seconds after which an open page reads its file again; 0 for never.
    """
    found = table(name, ledger, book)
    return report.render(found, to=book / "pages", without_costs=without_costs, refresh=refresh)


# Private ----------------------------------------------------------------------------------------------


def _judged(study: Study, ledger: Ledger, book: Path) -> tuple[Table, Decision]:
    """The table of a study whose runs have all ended, and what its rule says of it."""
    found = table(study.study, ledger, book)
    way_out = f"tunebook run {study.study}"
    if found.decision is None:
        raise InputError(Problem(study.study, "must be decided by its rule before a person can overrule it", way_out))
    if why := analyse.outdated(found):
        raise InputError(Problem(study.study, f"must have a current decision; got one that is {why}", way_out))
    judgement = analyse.judge(found)
    if judgement.decision is None:
        raise InputError(Problem(study.study, f"must have candidates to choose from; {judgement.reason}", way_out))
    return found, judgement.decision


def _recorded(
    decision: Decision, plan: Plan, entries: Collection[PlannedEntry], ledger: Ledger, book: Path
) -> Decision:
    """Write a decision down with all that whoever builds on it needs."""
    configurations = {planned.configuration.id: planned.configuration for planned in plan.configurations}
    if decision.configuration not in configurations:
        message = f"must be run as it is declared before it is decided; {decision.label} is no configuration of it"
        raise InputError(Problem(decision.study, message, f"tunebook run {decision.study}"))
    crossed = tuple(dict.fromkeys(path for group in plan.study.across for path in group.fields))
    own = [
        entry
        for entry in entries
        if entry.configuration == decision.configuration and entry.role in analyse.COMPARED and not entry.source
    ]
    outcomes = ledger.outcomes(entry.run for entry in own)
    ended = [entry for entry in own if (entry.run, entry.length) in outcomes]
    ended = [entry for entry in ended if outcomes[entry.run, entry.length].status == "finished"]
    several = len({entry.case.label for entry in own}) > 1
    whole = replace(
        decision,
        values=_without(crossed, configurations[decision.configuration].values),
        left_open=crossed,
        scoring=own[0].scoring,
        runs={} if several else {entry.replicate.get("seed", NO_SEED): entry.run for entry in _last_fold_first(ended)},
    )
    ledger.ingest_record(write_decision(book, whole))
    return whole


def _last_fold_first(entries: Iterable[PlannedEntry]) -> list[PlannedEntry]:
    """So that the lowest fold of each seed is the one that stands for it."""
    return sorted(entries, key=lambda entry: -entry.replicate.get("fold", 0))


def _without(paths: Collection[str], values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested values without those at some dotted paths."""
    return {
        key: _without(paths, value, f"{above}{key}.") if isinstance(value, Mapping) else value
        for key, value in values.items()
        if f"{above}{key}" not in paths
    }
