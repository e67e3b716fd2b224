"""How far a study is: whether runs are missing, and what it may be decided on when its limit stopped it.

It is *finished* once every run has ended; *stopped* where runs are missing and its last command left it
(`Table.stop`); *interim* where nothing says why they are: it runs, or was killed.
"""

from dataclasses import dataclass
from typing import Literal

from tunebook.analyse.decision import outdated
from tunebook.analyse.finals import confirmed, finalists
from tunebook.analyse.remembering import of_table
from tunebook.analyse.scores import all_runs, cases
from tunebook.analyse.searching import searched_whole, stopped_early
from tunebook.records import Table

Condition = Literal["finished", "interim", "stopped"]


@dataclass(frozen=True)
class Progress:
    """How far a study is.

    Args:
        runs: All that are planned, each once. `ended`: those that have a result or failed.
        to_confirm: Runs that the finalists take at most beside these, while they are not known.
        whole: Configurations whose searched runs have all ended, of `configurations`.
    """

    condition: Condition
    runs: int
    ended: int
    to_confirm: int
    whole: int
    configurations: int


@of_table
def progress(table: Table) -> Progress:
    """How far a study is; one of others (a foreign table) is always finished: nothing of it is to come."""
    further = (*(row for control in table.controls for row in control.here), *table.baselines)
    held = [*(run for _, run in all_runs(table)), *(run for row in further for run in row.runs)]
    runs = {(run.id, run.repeat): run.status for run in held}
    ended = sum(status != "missing" for status in runs.values())
    names = {row.configuration for row in table.rows}
    to_confirm = _to_confirm(table)
    condition: Condition = "finished"
    if table.task and (ended < len(runs) or to_confirm):
        condition = "interim" if table.stop is None else "stopped"
    return Progress(condition, len(runs), ended, to_confirm, len(searched_whole(table)), len(names))


def decidable(table: Table) -> bool:
    """Whether a study that lacks runs may be decided: its limit stopped it, and what it searched is a whole.

    A study that confirms has run its finalists on all of their fresh seeds, too.
    """
    return bool(stopped_early(table)) and (table.confirm is None or confirmed(table))


def is_open(table: Table) -> bool:
    """Whether runs are missing that a decision waits for: what is said of the best holds so far."""
    decided = table.decision is not None and not outdated(table)
    return progress(table).condition != "finished" and not decided


def _to_confirm(table: Table) -> int:
    """Runs that finalists take at most, as long as they are not planned."""
    names = {row.configuration for row in table.rows}
    planned = any(run.role == "confirm" for _, run in all_runs(table))
    if table.confirm is None or len(names) < 2 or planned:
        return 0
    unfinished = any(run.status == "missing" for _, run in all_runs(table))
    if not unfinished and not finalists(table):
        return 0
    top, seeds = table.confirm
    folds = {run.replicate["fold"] for _, run in all_runs(table) if "fold" in run.replicate}
    return min(top, len(names)) * seeds * max(1, len(folds)) * len(cases(table))
