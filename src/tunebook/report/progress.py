"""What stands at the top of a page whose study lacks runs: that it is no final one, and why."""

from tunebook.analyse import Progress, decidable, is_open, outdated, progress
from tunebook.analyse.searching import FEWEST
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
    return f"{stopped}; nothing is decided{f': {why}' if (why := undecided(table)) else ' before all have'}."


def undecided(table: Table) -> str:
    """Why a study that its own limit stopped is not decided; empty where it waits for runs as any does."""
    found = progress(table)
    if table.stop is None or not table.stop.limit or decidable(table) or outdated(table):
        return ""
    if found.whole < FEWEST:
        return "fewer than two configurations have all of their runs"
    return "" if table.confirm is None else "the limit left too little to run the best again on fresh seeds"


def ended(found: Progress) -> str:
    """`12 of 45 runs have ended, and at most 15 more confirm the best`."""
    more = f", and at most {count(found.to_confirm)} more confirm the best" if found.to_confirm else ""
    return f"{count(found.ended)} of {counted(found.runs, 'run')} have ended{more}"
