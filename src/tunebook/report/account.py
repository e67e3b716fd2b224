"""What was declared and what ran, in which role; and what was chosen for each run after training."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Literal

from tunebook.analyse import all_runs, called, cases, cell, under_every_name
from tunebook.records import Role, Row, RunFacts, Scalar, Settings, Table
from tunebook.report.cards import Block, Card, Facts, Grid, Heading, Said, Source, Value
from tunebook.report.wording import count, counted, joined, number, pairs, spread, value_text

ROLES: Mapping[Role, str] = {
    "search": "compares the configurations",
    "noise": "measures the spread of one configuration",
    "confirm": "runs the finalists on fresh seeds before the decision",
    "control": "runs what another study decided, to see whether it does as well here",
    "baseline": "runs what every page of the task compares with",
}
"""Role -> what its runs are for, in the order of showing."""
STATUSES: tuple[Literal["finished", "failed", "missing"], ...] = ("finished", "failed", "missing")

LOGS = 10
"""Of how many ways to fail a log is shown."""

Held = tuple[Row, RunFacts]


def declared_card(table: Table, *, without_costs: bool = False) -> Card:
    """Declared, excluded, equivalent, distinct; runs by role: finished, failed, missing, with reasons and logs.

    Args:
        without_costs: Leave out what differs between equal studies: logs, which hold paths and times.
    """
    further = (*(row for control in table.controls for row in control.here), *table.baselines)
    held = [*all_runs(table), *((row, run) for row in further for run in row.runs)]
    runs = {(run.id, run.repeat): run for _, run in held}  # one that serves two roles is one run
    status = Counter(run.status for run in runs.values())
    distinct = len({row.configuration for row in table.rows})
    sentence = (
        f"{counted(table.declared, 'declared point')}: {count(len(table.excluded))} excluded, "
        f"{count(table.equivalent)} equivalent to another, {counted(distinct, 'distinct configuration')}. "
        f"Of {counted(len(runs), 'run')}, {count(status['finished'])} finished, {count(status['failed'])} failed and "
        f"{count(status['missing'])} did not run."
    )
    blocks: list[Block] = [_points(table, distinct), *_folded(table), _roles(held)]
    troubled = [(row, run) for row, run in held if run.status != "finished"]
    if troubled:
        blocks.append(_run_grid(troubled, title=f"{counted(len(troubled), 'run')} without a result", folded=False))
    blocks += [] if without_costs else _logs(troubled)
    blocks.append(_run_grid(held, title=f"All {counted(len(runs), 'run')}", folded=True))
    return Card("declared", "Declared and run", sentence, blocks)


def settings_card(table: Table) -> Card:
    """What each run had chosen for it after training."""
    found = [(row, run, each) for row, run in all_runs(table) for each in run.settings]
    if not found:
        return Card("settings", "Settings", absent="the runs have no settings that are chosen after training")
    rows = [
        [
            Value(called(row)),
            Value(_replicate(run)),
            Value(each.mode),
            Value(f"{each.metric} on {each.split}"),
            Value(pairs(each.values)),
        ]
        for row, run, each in found
    ]
    headings = [Heading(text) for text in ("configuration", "replicate", "mode", "chosen by", "values")]
    title = f"Settings of {counted(len({run.id for _, run, _ in found}), 'run')}"
    chosen = dict.fromkeys(f"{each.metric} on {each.split}" for _, _, each in found)
    each_once = {(run.id, each.mode): each for _, run, each in found}
    ranges = list(_ranges(list(each_once.values())))
    sentence = f"Chosen after training, for each run, from its stored predictions: by {', '.join(chosen)}."
    facets = _facets(headings, rows, ("replicate", "mode"))
    grid = Grid(title, headings, rows, title, folded=True, facets=facets)
    return Card("settings", "Settings", sentence, [*([Said(ranges)] if ranges else []), grid])


def _ranges(settings: Sequence[Settings]) -> Iterator[str]:
    """`threshold, chosen by f1 on val: mean 0.512, from 0.301 to 0.688, over 288 runs.`: numbers that were chosen."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for each in settings:
        for name, value in each.values.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                called = name if each.mode in ("", name) else f"{each.mode} {name}"
                found.setdefault((called, each.metric, each.split), []).append(value)
    for (called, metric, split), values in found.items():
        low, high = min(values), max(values)
        taken = f"always {number(low)}"
        if low < high:
            taken = f"mean {number(fmean(values))}, from {number(low)} to {number(high)}"
        yield f"{called}, chosen by {metric} on {split}: {taken}, over {counted(len(values), 'run')}."


def _logs(troubled: Sequence[Held]) -> Iterator[Block]:
    """The end of the log of failed runs; of many that failed in one way, the first."""
    failed: dict[str, list[Held]] = {}
    for row, run in troubled:
        if run.log:
            failed.setdefault(run.reason, []).append((row, run))
    for (row, run), *others in list(failed.values())[:LOGS]:
        also = f", and {counted(len(others), 'other')} with the same reason" if others else ""
        name = " ".join(part for part in (called(row), _replicate(run)) if part)
        yield Source(f"The end of the log of {name}{also}", run.log, "text")


def _points(table: Table, distinct: int) -> Facts:
    excluded = Counter(each.reason for each in table.excluded)
    every = [case.label for case in cases(table) if case.label]
    return Facts(
        [
            ("declared points", count(table.declared)),
            *((f"excluded by {reason}", count(n)) for reason, n in sorted(excluded.items())),
            ("equivalent to another point", count(table.equivalent)),
            ("distinct configurations", count(distinct)),
            *([("cases", joined(every))] if every else []),
        ]
    )


def _folded(table: Table) -> list[Block]:
    """Every declared point with the scores of the configuration that it is, where points are equivalent to others."""
    if not table.equivalents:
        return []
    where = list(dict.fromkeys((table.select_split, *table.splits)))
    headings = [Heading(name.rsplit(".", 1)[-1], name, numeric=True) for name in table.parameters]
    headings += [Heading("configuration"), *(Heading(table.select_metric, split, numeric=True) for split in where)]
    headings += [Heading("case")] * bool(cases(table)[0].label)
    rows = []
    for row in table.rows:
        scores = [cell(row, metric=table.select_metric, split=split) for split in where]
        for point in under_every_name(table, row):
            values = [point.parameters.get(name) for name in table.parameters]
            rows.append(
                [
                    *(Value("" if value is None else value_text(value), sort=_order(value)) for value in values),
                    Value(called(row)),
                    *(Value(spread(each), each.reason, sort=each.mean) for each in scores),
                    *([Value(row.case.label)] if cases(table)[0].label else []),
                ]
            )
    points = len(rows) // len(cases(table))
    title = f"{counted(points, 'declared point')}, and the configuration that each is"
    return [Grid("A parameter without effect has any of its values.", headings, rows, title, folded=True)]


def _order(value: Scalar) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _roles(held: Sequence[Held]) -> Grid:
    """How many runs of each role there are, and how they ended."""
    found = Counter((run.role, run.status) for _, run in held)
    again = Counter(run.role for _, run in held if run.repeat)
    rows = []
    for role, purpose in ROLES.items():
        counts = [found[role, status] for status in STATUSES]
        if sum(counts):
            note = f"{count(again[role])} of them executed again" if again[role] else ""
            numbers = [Value(count(n), sort=n) for n in (sum(counts), *counts)]
            rows.append([Value(role), Value(purpose, note), *numbers])
    headings = [Heading("role"), Heading("what its runs are for")]
    headings += [Heading(each, numeric=True) for each in ("runs", "finished", "failed", "did not run")]
    return Grid("Runs by role.", headings, rows, title="Runs by role")


def _run_grid(held: Sequence[Held], *, title: str, folded: bool) -> Grid:
    headings = [Heading(text) for text in ("configuration", "replicate", "role", "status", "reason", "run")]
    rows = [
        [
            Value(called(row)),
            Value(_replicate(run)),
            Value(run.role, "executed again" if run.repeat else ""),
            Value(run.status),
            Value(run.reason),
            Value(run.id),
        ]
        for row, run in held
    ]
    facets = _facets(headings, rows, ("replicate", "role", "status"))
    return Grid(title, headings, rows, title=title, folded=folded, facets=facets)


def _facets(
    headings: Sequence[Heading], rows: Sequence[Sequence[Value]], wanted: Sequence[str]
) -> dict[str, list[str]]:
    """Columns that rows can be filtered by; without those that are all equal."""
    columns = {heading.text: [row[at].text for row in rows] for at, heading in enumerate(headings)}
    return {name: columns[name] for name in wanted if len(set(columns[name])) > 1}


def _replicate(run: RunFacts) -> str:
    return pairs(run.replicate) or "no seed matters"
