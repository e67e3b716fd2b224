"""What stands at the top of a page whose study lacks runs: that it is no final one, and why."""

from tunebook.analyse import Progress, decidable, is_open, outdated, progress
from tunebook.records import Table
from tunebook.report.wording import count, counted


def mark(table: Table) -> str:
    """`Interim: 12 of 45 runs have ended; no decision is made before all have.`; empty where none is missing."""
    found = progress(table)
    if found.condition == "finished":
        return ""
    if table.stop is None:
        return f"Interim: {ended(found)}; no decision is made before all have."
    stopped = f"Stopped by {table.stop.reason} on {table.stop.on}: {ended(found)}"
    if not is_open(table):
        searched = f"{count(found.whole)} of {counted(found.configurations, 'configuration')}"
        return f"{stopped}. It is decided on what was searched, {searched}."
    return f"{stopped}; nothing is decided{_why(table, found)}."


def ended(found: Progress) -> str:
    """`12 of 45 runs have ended, and at most 15 more confirm the best`."""
    more = f", and at most {count(found.to_confirm)} more confirm the best" if found.to_confirm else ""
    return f"{count(found.ended)} of {counted(found.runs, 'run')} have ended{more}"


def _why(table: Table, found: Progress) -> str:
    """What is lacking to decide a study that its own limit stopped."""
    assert table.stop is not None
    if not table.stop.limit or decidable(table) or outdated(table):
        return " before all have"
    if found.whole < 2:
        return ": fewer than two configurations have all of their runs"
    if found.whole < found.configurations:
        return ": the limit left too little to run the best again on fresh seeds"
    return " before all have"
