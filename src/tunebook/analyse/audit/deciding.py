"""Whether the decision follows from the table: by its rule, among its rows, and by the rule that was stated first."""

from collections.abc import Iterator

from tunebook.analyse.audit.finding import Finding, finding, is_own
from tunebook.analyse.decision import judge, outdated
from tunebook.records import Change, Table

LEFT_OUT = ("space", "across", "replicates")
"""Parts of which it is said what is declared no longer."""


def other_decision(table: Table) -> Iterator[Finding]:
    """T501: the rule chooses another configuration than the recorded one, or than the one that a person overruled.

    A decision of before (T503) is not judged by a table that is not its own. That a person decided otherwise than the
    rule is no finding: the page shows both.
    """
    decision = table.decision
    if decision is None or _gone(table) or (is_own(table) and outdated(table)):
        return
    recorded = decision.overruled or decision
    chosen = judge(table).decision
    if chosen is None or chosen.configuration != recorded.configuration:
        by = f"{table.rule} of {table.select_metric} on {table.select_split}"
        here = f"{by} chooses {chosen.label or chosen.configuration}" if chosen else f"{by} cannot choose"
        yield finding(
            "T501",
            "The recorded decision does not follow from its rule on this table.",
            (f"recorded: {recorded.label or recorded.configuration}", here),
            f"tunebook run BOOK/{table.study} decides again"
            if is_own(table)
            else "state the rule before the runs, or say who decided otherwise and why",
        )


def outdated_decision(table: Table) -> Iterator[Finding]:
    """T503."""
    decision = table.decision
    if decision is None:
        return
    name = decision.label or decision.configuration
    if is_own(table) and (why := outdated(table)):
        yield finding(
            "T503",
            "The recorded decision is not that of the study as it stands.",
            (f"recorded: {name} ({decision.configuration})", why),
            f"tunebook run BOOK/{table.study} runs what is missing and decides again",
        )
    elif not is_own(table) and _gone(table):
        rows = len({row.configuration for row in table.rows})
        yield finding(
            "T503",
            "The configuration that was carried forward is not among the rows.",
            (f"carried forward: {name}", f"configurations in the table: {rows}"),
            "show the runs that it was chosen by",
        )


def changed_rule(table: Table) -> Iterator[Finding]:
    """T504: another rule, and what the rule had to choose from."""
    if table.earlier:
        less = all(change.part in LEFT_OUT for change in table.earlier)
        yield finding(
            "T504",
            "Not all that had results already is declared by the study any more."
            if less
            else "The study chooses otherwise than it did when it had results already.",
            [line for change in table.earlier for line in _changed(change)],
            f"{'declare it again' if less else 'go back to the first rule'}, or stand by a choice: "
            f"tunebook decide BOOK/{table.study} --choose … --because …",
        )


def _changed(change: Change) -> Iterator[str]:
    if change.part in LEFT_OUT:
        yield change.now
        return
    yield from (f"before: {each}" for each in change.before)
    gone = f"{change.left_out:,} configuration" + ("" if change.left_out == 1 else "s")
    are = "is no candidate" if change.left_out == 1 else "are no candidates"
    left_out = f" ({gone} with results {are} any more)" if change.left_out else ""
    yield f"as it stands: {change.now}{left_out}"


def _gone(table: Table) -> bool:
    decision = table.decision
    return decision is not None and all(row.configuration != decision.configuration for row in table.rows)
