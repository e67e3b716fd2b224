"""Whether what was chosen is better than what needs no tuning: T405."""

from collections.abc import Iterator

from tunebook.analyse.audit.finding import Finding, finding
from tunebook.analyse.baselines import Baselines, Lead, baselines
from tunebook.analyse.leaderboard import Column
from tunebook.analyse.saying import counted, name_of, number
from tunebook.analyse.scores import Entry, Unavailable
from tunebook.records import Table


def not_above_baselines(table: Table) -> Iterator[Finding]:
    """T405: by the metric that the study chooses by, on the split of the choice or on a reported one."""
    found = baselines(table)
    if isinstance(found, Unavailable) or found.chosen is None:
        return
    short = [
        (row.entry, column, lead)
        for row in found.rows
        for column, lead in zip(found.columns, row.leads, strict=True)
        if column.metric == table.select_metric and lead.falls_short
    ]
    if short:
        behind = [each for each in short if each[2].verdict == "worse"]
        level = [each for each in short if each not in behind]
        said = [("shown to be worse than", behind)] if behind else []
        said += [("not shown to be better than", level)] if level else []
        clauses = (f"{how} {_who(each, found)} by {table.select_metric} on {_splits(each)}" for how, each in said)
        yield finding(
            "T405",
            f"{name_of(found.chosen)}, the chosen configuration, is {', and '.join(clauses)}.",
            (_evidence(*each) for each in short),
            "see whether training learns anything that the baseline does not; run more seeds, or score more items, "
            "where the interval is wide; else take the baseline",
        )


_Short = tuple[Entry, Column, Lead]


def _who(short: list[_Short], found: Baselines) -> str:
    """`the baseline majority`, `2 of 3 baselines`."""
    names = list(dict.fromkeys(name_of(entry) for entry, _, _ in short))
    if len(names) == 1:
        return f"the baseline {names[0]}"
    return f"{len(names)} of {counted(len(found.rows), 'baseline')}"


def _splits(short: list[_Short]) -> str:
    return " and ".join(dict.fromkeys(column.split for _, column, _ in short))


def _evidence(entry: Entry, column: Column, lead: Lead) -> str:
    """`majority: f1 on val is 0.500, and 0.512 of the choice: a lead of 0.012, with a 95 % interval from … to …`."""
    assert lead.lead is not None  # it falls short
    assert lead.cell.mean is not None
    assert lead.chosen.mean is not None
    where = f" in {column.case.label}" if column.case is not None and column.case.label else ""
    scores = f"{column.metric} on {column.split}{where} is {number(lead.cell.mean)}, and {number(lead.chosen.mean)} "
    if lead.low is None or lead.high is None:
        interval = "replicates in common are too few for an interval"
    else:
        interval = f"with a 95 % interval from {number(lead.low)} to {number(lead.high)} (n = {lead.n})"
    return f"{name_of(entry)}: {scores}of the choice; a lead of {number(lead.lead)}, {interval}"
