"""The end of a page: under which versions the runs were made, and what they took."""

import re
from collections import Counter
from collections.abc import Sequence

from tunebook.analyse import all_runs, called, ordered
from tunebook.records import RunFacts, Table
from tunebook.report.cards import LONG, Block, Card, Facts, Grid, Heading, Source, Value
from tunebook.report.wording import count, counted

STUDY_FILE = "study file"
NEVER_THE_SAME = frozenset({"host", "started", "ended", "scored"})
"""Provenance that differs between equal studies: left out together with costs, and so is every other time."""
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


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
    title, folded = (f"Costs of {count(len(rows))} rows", True) if len(rows) > LONG else ("", False)
    grid = Grid("Costs of every configuration.", headings, rows, title, folded)
    seconds, cpu = sum(run.costs.seconds for run in ended), sum(run.costs.cpu_seconds for run in ended)
    peak = max(run.costs.peak_memory_mb for run in ended)
    sentence = (
        f"{counted(len(ended), 'run')} took {_duration(seconds)} together ({_duration(cpu)} of CPU time); "
        f"the largest peak of memory was {count(peak)} MB."
    )
    caveats = ["Seconds are of the run's process and add up over runs that ran beside each other."]
    return Card("costs", "Costs", sentence, [grid], caveats)


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


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes = seconds / 60
    return f"{minutes:.1f} min" if minutes < 100 else f"{minutes / 60:.1f} h"
