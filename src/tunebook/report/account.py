"""The end of a page: what was declared and what ran, under which versions, and what it took."""

import re
from collections import Counter
from collections.abc import Sequence

from tunebook.analyse import all_runs, called, cases, ordered
from tunebook.records import Row, RunFacts, Table
from tunebook.report.cards import Block, Card, Facts, Grid, Heading, Source, Value
from tunebook.report.wording import count, counted, joined, pairs

STUDY_FILE = "study file"
NEVER_THE_SAME = frozenset({"host", "started", "ended", "scored"})
"""Provenance that differs between equal studies: left out together with costs, and so is every other time."""
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def declared_card(table: Table) -> Card:
    """Declared, excluded, equivalent, distinct; runs finished, failed, missing, with reasons."""
    runs = [run for row in table.rows for run in row.runs]
    status = Counter(run.status for run in runs)
    distinct = len({row.configuration for row in table.rows})
    excluded = Counter(each.reason for each in table.excluded)
    every = [case.label for case in cases(table) if case.label]
    facts = Facts(
        [
            ("declared points", count(table.declared)),
            *((f"excluded by {reason}", count(n)) for reason, n in sorted(excluded.items())),
            ("equivalent to another point", count(table.equivalent)),
            ("distinct configurations", count(distinct)),
            *([("cases", joined(every))] if every else []),
            ("runs", _by_role(runs)),
            *((f"runs {each}", count(status[each])) for each in ("finished", "failed", "missing")),
        ]
    )
    sentence = (
        f"{counted(table.declared, 'declared point')}: {count(len(table.excluded))} excluded, "
        f"{count(table.equivalent)} equivalent to another, {counted(distinct, 'distinct configuration')}. "
        f"Of {counted(len(runs), 'run')}, {count(status['finished'])} finished, {count(status['failed'])} failed and "
        f"{count(status['missing'])} did not run."
    )
    blocks: list[Block] = [facts]
    troubled = [(row, run) for row, run in all_runs(table) if run.status != "finished"]
    if troubled:
        blocks.append(_run_grid(troubled, title=f"{counted(len(troubled), 'run')} without a result", folded=False))
    blocks.append(_run_grid(list(all_runs(table)), title=f"All {counted(len(runs), 'run')}", folded=True))
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
    sentence = f"Chosen after training, for each run, from its stored predictions: by {', '.join(chosen)}."
    return Card("settings", "Settings", sentence, [Grid(title, headings, rows, title=title, folded=True)])


def provenance_card(table: Table, *, without_costs: bool) -> Card:
    """Versions, device, threads; the study file as it was."""
    runs = [run for _, run in all_runs(table) if run.provenance]
    shared = [(key, value) for key, value in table.provenance.items() if key != STUDY_FILE]
    facts = [*shared, *_told(runs, without_costs=without_costs)]
    blocks: list[Block] = [Facts(facts)] if facts else []
    if STUDY_FILE in table.provenance:
        blocks.append(Source("The study file", table.provenance[STUDY_FILE]))
    if not blocks:
        return Card("provenance", "Provenance", absent="no run has told its provenance yet")
    said = f"As told by {counted(len(runs), 'run')}." if runs else "No run has told its provenance yet."
    return Card("provenance", "Provenance", said, blocks)


def costs_card(table: Table) -> Card:
    """Time and memory of every configuration's runs."""
    ended = [run for _, run in all_runs(table) if run.status != "missing"]
    if not ended:
        return Card("costs", "Costs", absent="no run has ended yet")
    rows = []
    for entry in ordered(table):
        for row in entry.rows:
            runs = [run for run in row.runs if run.status != "missing"] if row is not None else []
            if row is not None and runs:
                rows.append([Value(called(row)), *_costs(runs)])
    headings = [
        Heading("configuration"),
        Heading("seconds", "mean per run", numeric=True),
        Heading("CPU seconds", "mean per run", numeric=True),
        Heading("memory, MB", "largest peak", numeric=True),
        Heading("n", "runs", numeric=True),
    ]
    seconds, cpu = sum(run.costs.seconds for run in ended), sum(run.costs.cpu_seconds for run in ended)
    peak = max(run.costs.peak_memory_mb for run in ended)
    sentence = (
        f"{counted(len(ended), 'run')} took {_duration(seconds)} together ({_duration(cpu)} of CPU time); "
        f"the largest peak of memory was {count(peak)} MB."
    )
    caveats = ["Seconds are of the run's process and add up over runs that ran beside each other."]
    return Card("costs", "Costs", sentence, [Grid("Costs of every configuration.", headings, rows)], caveats)


def _costs(runs: Sequence[RunFacts]) -> list[Value]:
    seconds = sum(run.costs.seconds for run in runs) / len(runs)
    cpu = sum(run.costs.cpu_seconds for run in runs) / len(runs)
    peak = max(run.costs.peak_memory_mb for run in runs)
    return [
        Value(f"{seconds:,.1f}", sort=seconds),
        Value(f"{cpu:,.1f}", sort=cpu),
        Value(count(peak), sort=peak),
        Value(str(len(runs)), sort=len(runs)),
    ]


def _told(runs: Sequence[RunFacts], *, without_costs: bool) -> list[tuple[str, str]]:
    """Key and value, by key; where runs differ, every value with its number of runs; times as first and last."""
    keys = sorted({key for run in runs for key in run.provenance})
    told = {key: [run.provenance[key] for run in runs if key in run.provenance] for key in keys}
    return [
        (key, _values(values))
        for key, values in told.items()
        if not (without_costs and (key in NEVER_THE_SAME or _times(values)))
    ]


def _times(values: Sequence[str]) -> bool:
    return all(TIME.match(value) for value in values)


def _values(told: Sequence[str]) -> str:
    counts = Counter(told)
    if len(counts) == 1:
        return told[0]
    if _times(told):
        return f"{min(told)} to {max(told)}"
    return "; ".join(f"{value} ({counted(n, 'run')})" for value, n in sorted(counts.items()))


def _run_grid(found: Sequence[tuple[Row, RunFacts]], *, title: str, folded: bool) -> Grid:
    headings = [Heading(text) for text in ("configuration", "replicate", "role", "status", "reason", "run")]
    rows = [
        [
            Value(called(row)),
            Value(_replicate(run)),
            Value(run.role),
            Value(run.status),
            Value(run.reason),
            Value(run.id),
        ]
        for row, run in found
    ]
    return Grid(title, headings, rows, title=title, folded=folded)


def _by_role(runs: Sequence[RunFacts]) -> str:
    roles = Counter(run.role for run in runs)
    return ", ".join(f"{n} {role}" for role, n in sorted(roles.items())) or "0"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes = seconds / 60
    return f"{minutes:.1f} min" if minutes < 100 else f"{minutes / 60:.1f} h"


def _replicate(run: RunFacts) -> str:
    return pairs(run.replicate) or "no seed matters"
