"""What a study has searched when its limit stopped it before its end: a smaller study, and a balanced one."""

from tunebook.analyse.scores import searched
from tunebook.records import Table

FEWEST = 2
"""Configurations that a decision compares at least: of a single one nothing was chosen."""


def searched_whole(table: Table) -> tuple[str, ...]:
    """The configurations whose searched runs have all ended, in every case, in the order of the rows."""
    lacking = {row.configuration for row in table.rows if any(run.status == "missing" for run in searched(row))}
    return tuple(dict.fromkeys(row.configuration for row in table.rows if row.configuration not in lacking))


def stopped_early(table: Table) -> str:
    """What a study that its own limit stopped is decided on; empty when it was not, or lacks what to decide on.

    `its limit of 40 runs: 12 of 49 configurations were run`; where the search is whole, what goes along with it is
    missing: baselines, controls, runs that measure the noise.
    """
    whole, names = len(searched_whole(table)), {row.configuration for row in table.rows}
    if table.stop is None or not table.stop.limit or not FEWEST <= whole <= len(names):
        return ""
    return stopped_words(table.stop.reason, whole, len(names))


def stopped_words(reason: str, whole: int, configurations: int) -> str:
    """How a decision says that a limit ended its search."""
    if whole == configurations:
        return f"{reason}: all {configurations} configurations were run, but not all that goes along with them"
    return f"{reason}: {whole} of {configurations} configurations were run"
