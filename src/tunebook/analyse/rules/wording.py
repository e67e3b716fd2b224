"""How a study chooses, in words."""

from collections.abc import Mapping, Sequence

from tunebook.analyse.costs import preferences
from tunebook.analyse.scores import direction
from tunebook.records import Table


def rule_in_words(table: Table) -> str:
    """Among whom, and what the rule takes: `of those with box.msa >= 0.9, the highest mean of ais.msa on val`."""
    required = f"of those with {' and '.join(table.require)}, " if table.require else ""
    return f"{required}{_taken(table)}"


def simpler_in_words(table: Table) -> str:
    """What is simpler: `less trainable_parameters, then less adapter.rank`."""
    return ", then ".join(f"{'less' if way == 'low' else 'more'} {name}" for name, way in preferences(table))


def _taken(table: Table) -> str:
    more = direction(table, table.select_metric) == "maximize"
    metric, argument = f"{table.select_metric} on {table.select_split}", table.argument
    best = f"the {'highest' if more else 'lowest'} mean of {metric}"
    if table.rule == "one-standard-error":
        return f"the simplest of those within one standard error of {best}; simpler is {simpler_in_words(table)}"
    if table.rule == "lower-bound":
        k = argument if isinstance(argument, int | float) else 1.0
        return best.replace(" mean of ", f" mean {'minus' if more else 'plus'} {k:g} sd of ")
    if table.rule == "most-stable":
        return f"the smallest standard deviation of {metric} between replicates"
    if table.rule == "pareto" and isinstance(argument, Sequence):
        first = f"the simplest ({simpler_in_words(table)})" if table.prefer else best
        return f"{first}, of those that no other beats in all of {', '.join(argument)}"
    if table.rule == "weights" and isinstance(argument, Mapping):
        weighted = " + ".join(f"{weight:g} × {name}" for name, weight in argument.items())
        return f"the best weighted mean of {weighted} on {table.select_split}"
    return best
