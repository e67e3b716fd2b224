"""A study's rule in words, as its page and its exports say it."""

from tunebook import analyse
from tunebook.records import Decision, Table
from tunebook.report.wording import joined


def rule_in_words(table: Table, decision: Decision) -> str:
    """The rule, what it takes and whom it compares; of a decision that the study has outgrown, its name alone."""
    if table.decision is not None and analyse.outdated(table):
        return f"{decision.rule} by {decision.metric} on {decision.split}, as recorded"
    every = [case.label for case in analyse.cases(table)]
    over = f", averaged over the cases {joined(every)}" if len(every) > 1 else ""
    runs = "runs on fresh seeds" if decision.role == "confirm" else "runs"
    taken = f"{decision.rule}: {analyse.rule_in_words(table)}{over}"
    return f"{taken}; among configurations whose {runs} all have a value"
