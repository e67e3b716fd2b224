"""A study as a table: what it declares, what it holds, and what ledger and run folders say of that."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tunebook.analyse import COMPARED
from tunebook.errors import InputError, Problem
from tunebook.execute.scoring import scoring_of
from tunebook.ledger.ledger import Ledger
from tunebook.ledger.queries import facts_of
from tunebook.ledger.records_files import PlannedEntry
from tunebook.ledger.stopping import lacking, stop_of
from tunebook.records import (
    Control,
    Decision,
    Excluded,
    MetricFacts,
    PlannedRun,
    Row,
    RunFacts,
    Scoring,
    Stop,
    Table,
    Upstream,
)
from tunebook.runs import current_decision, moved, surveys
from tunebook.spec.plan import Planned
from tunebook.study.changes import changes, where_of
from tunebook.study.noting import notes_of
from tunebook.study.preparing import Prepared


def table(name: str, ledger: Ledger, book: Path, *, plan: int | None = None) -> Table:
    """What the ledger and the run folders hold of a study, as analysis and page need it.

    Args:
        plan: Number of a plan of the study; None: the newest.

    Raises:
        InputError: when the study has never been run in this book, or has no plan of this number.
    """
    declared = ledger.declared(name, number=plan)
    if declared is None:
        if plan is not None:
            raise InputError(
                Problem(f"{name}@{plan}", "must be a plan of the study; the ledger has none of this number")
            )
        raise InputError(Problem(name, "must have been run in this book before it has a page", f"tunebook run {name}"))
    static, entries = _read_table(json.loads(declared), book), ledger.planned(name, number=plan)
    found = _filled(static, entries, ledger, book, drawn=True, before=plan)
    return found if plan is None else replace(found, decision=_then(entries, ledger.decisions(name)))


def table_of(prepared: Prepared, ledger: Ledger) -> Table:
    """The same of a study that is made ready, whether or not its plan is written down; without curves and pictures."""
    return _filled(declared_table(prepared), entries_of(prepared), ledger, prepared.book, drawn=False)


def declared_table(prepared: Prepared) -> Table:
    """The table of a study before anything ran: what it declares, without rows."""
    study, planned, metrics = prepared.study, prepared.plan, prepared.task.metrics
    select = study.select
    named = [name for entry in select.require for name in entry.names]
    named += list(select.argument) if isinstance(select.argument, Mapping | tuple | list) else []
    shown = dict.fromkeys((select.metric, *study.report.metrics, *(name for name in named if name in metrics)))
    shown |= dict.fromkeys(decision.metric for decision in prepared.decisions.values())
    confirm = study.confirm if len(planned.configurations) > 1 else None
    return Table(
        study=study.study,
        question=study.question,
        task=str(study.task),
        metrics={name: replace(metrics[name].facts, mode=metrics[name].mode) for name in shown},
        report=tuple(study.report.metrics),
        splits=tuple(study.report.splits),
        pictures=study.report.pictures,
        select_metric=select.metric,
        select_split=select.split,
        rule=select.rule,
        parameters=tuple(planned.parameters),
        rows=(),
        excluded=planned.excluded,
        equivalent=planned.counts.equivalent,
        equivalents=planned.equivalents,
        declared=planned.counts.declared,
        provenance={"study file": prepared.text},
        carried=prepared.carried,
        upstream=prepared.upstream,
        argument=select.argument,
        prefer=select.prefer,
        require=tuple(entry.text for entry in select.require),
        where=tuple(entry.text for entry in study.where),
        confirm=None if confirm is None else (confirm.top, confirm.seeds),
        stopped={name: decided.stopped for name, decided in _behind(prepared) if decided.stopped},
    )


def entries_of(prepared: Prepared) -> tuple[PlannedEntry, ...]:
    """What the study holds, as its plan is written down."""
    return tuple(
        PlannedEntry(
            run=one.run.id,
            length=one.run.length,
            configuration=one.configuration,
            case=one.case,
            replicate=one.run.replicate,
            role=one.role,
            position=position,
            parameters=row.parameters,
            alternative=row.alternative,
            label=row.label,
            scoring=scoring(one, prepared).id,
            repeat=one.run.repeat,
            source=one.source,
        )
        for position, (one, row) in enumerate(_placed(prepared))
    )


def scoring(planned: PlannedRun, prepared: Prepared) -> Scoring:
    """How the study scores a run: a control as the study that decided it did."""
    judge = prepared.decisions[planned.source] if planned.source else prepared.study.select
    return scoring_of(planned.run.configuration, prepared.task, split=judge.split, metric=judge.metric)


# Private ----------------------------------------------------------------------------------------------


def _placed(prepared: Prepared) -> Iterator[tuple[PlannedRun, Planned]]:
    """Every run with the row that it belongs to; a control has a row of its own."""
    planned = {row.configuration.id: row for row in prepared.plan.configurations}
    for one in prepared.runs:
        if one.source:
            yield one, Planned(one.run.configuration, {}, "", prepared.decisions[one.source].label)
        else:
            yield one, (prepared.baselines if one.role == "baseline" else planned)[one.configuration]


def _filled(
    static: Table,
    entries: Sequence[PlannedEntry],
    ledger: Ledger,
    book: Path,
    *,
    drawn: bool,
    before: int | None = None,
) -> Table:
    """A declared table with its rows, its controls, its baselines, its decision and its notes.

    Args:
        drawn: As a page needs it: with curves, pictures, notes, and what was changed.
        before: Number of the plan that it is; None: the newest, or one that is not written down.
    """
    own = [entry for entry in entries if not entry.source and entry.role != "baseline"]
    floors = [entry for entry in entries if entry.role == "baseline"]
    pictured = static.splits[0] if drawn else ""
    facts = facts_of(ledger, book, own, pictures_split=pictured, curves=drawn)
    decisions = ledger.decisions(static.study)
    return replace(
        static,
        rows=_rows(zip(own, facts, strict=True)),
        decision=decisions[-1] if decisions else None,
        controls=tuple(_controls([entry for entry in entries if entry.source], ledger, book)),
        baselines=_rows(
            zip(floors, facts_of(ledger, book, floors, pictures_split=pictured, curves=False), strict=True)
        ),
        moved=moved(entries, ledger),
        earlier=changes(static, entries, decisions, ledger, before=before) if drawn else (),
        notes=notes_of(static.study, book) if drawn else (),
        stop=_stop(static.study, entries, ledger),
    )


def _stop(study: str, entries: Sequence[PlannedEntry], ledger: Ledger) -> Stop | None:
    """Why the study was left, as long as the runs that it lacks are those of that time."""
    return stop_of(study, ledger, lacking(entries, ledger))


def _behind(prepared: Prepared) -> Iterator[tuple[str, Decision]]:
    """The studies that a study builds on, and their decisions."""
    for name in prepared.study.references:
        decision = current_decision(name, prepared.inputs.shelf.ledger)
        if decision is not None:
            yield name, decision


def _rows(found: Iterable[tuple[PlannedEntry, RunFacts]]) -> tuple[Row, ...]:
    rows: dict[tuple[str, str], tuple[PlannedEntry, list[RunFacts]]] = {}
    for entry, facts in found:
        rows.setdefault((entry.configuration, entry.case.label), (entry, []))[1].append(facts)
    return tuple(
        Row(entry.configuration, entry.label, entry.parameters, entry.case, entry.alternative, tuple(runs))
        for entry, runs in rows.values()
    )


def _controls(entries: Sequence[PlannedEntry], ledger: Ledger, book: Path) -> Iterable[Control]:
    """The carried configurations: their runs here, and those that they were decided on, as the ledger holds them."""
    for source in dict.fromkeys(entry.source for entry in entries):
        here = [entry for entry in entries if entry.source == source]
        decision = next(
            (each for each in reversed(ledger.decisions(source)) if each.configuration == here[0].configuration), None
        )
        if decision is None:
            continue  # the files of the other study are gone: there is nothing to compare with
        before = [
            entry
            for entry in ledger.planned(source)
            if entry.configuration == decision.configuration and entry.role in COMPARED and not entry.source
        ]
        yield Control(
            study=source,
            label=decision.label,
            metric=decision.metric,
            split=decision.split,
            before=_rows(zip(before, _bare(ledger, book, before), strict=True)),
            here=_rows(zip(here, _bare(ledger, book, here), strict=True)),
        )


def _then(entries: Sequence[PlannedEntry], decisions: Sequence[Decision]) -> Decision | None:
    """The newest decision that a plan holds: its configuration, scored as it was for the decision."""
    planned = {(entry.configuration, entry.scoring) for entry in entries if entry.role != "baseline"}
    return next((each for each in reversed(decisions) if (each.configuration, each.scoring) in planned), None)


def _bare(ledger: Ledger, book: Path, entries: Sequence[PlannedEntry]) -> tuple[RunFacts, ...]:
    return facts_of(ledger, book, entries, pictures_split="", curves=False)


def _read_table(found: Mapping[str, Any], book: Path) -> Table:
    fields = dict(found)
    fields["data"] = tuple(surveys(book, found.get("data", ())))
    if "where" not in found:  # written before plans listed the constraints
        fields["where"] = where_of(found.get("provenance", {}).get("study file") or "") or ()
    fields["metrics"] = {name: MetricFacts(**facts) for name, facts in found["metrics"].items()}
    fields["excluded"] = tuple(Excluded(**point) for point in found["excluded"])
    fields["upstream"] = {name: Upstream(**each) for name, each in found.get("upstream", {}).items()}
    fields["pictures"] = tuple(shown) if isinstance(shown := found.get("pictures", 5), list) else shown
    fields["prefer"] = tuple((name, way) for name, way in found.get("prefer", ()))
    return Table(**fields)
