"""The rules by which a study chooses: each orders candidates by a number and says why the first one is chosen.

best-mean            the best mean
one-standard-error   the simplest within one standard error of the best mean
lower-bound          the best mean less k standard deviations
most-stable          the smallest standard deviation
pareto               the simplest (or best) of those that nothing beats in all objectives
weights              the best weighted mean of several metrics
"""

from collections.abc import Mapping, Sequence

from tunebook.analyse.pooling import pooled
from tunebook.analyse.rules.means import BestMean, OneStandardError
from tunebook.analyse.rules.spreads import LowerBound, MostStable, sd_interval
from tunebook.analyse.rules.terms import Choice, Rule, Terms, mean_of, separation, tied
from tunebook.analyse.rules.trading import Pareto, Weights, front
from tunebook.analyse.rules.wording import rule_in_words, simpler_in_words
from tunebook.analyse.saying import counted, name_of
from tunebook.analyse.scores import COMPARED, Entry, ordered
from tunebook.errors import InputError, Problem
from tunebook.records import Role, Table

RULES = ("best-mean", "one-standard-error", "lower-bound", "most-stable", "pareto", "weights")

__all__ = [
    "BestMean", "Choice", "LowerBound", "MostStable", "OneStandardError", "Pareto", "RULES", "Rule", "Terms", "Weights",
    "front", "mean_of", "rule_in_words", "rule_of", "sd_interval", "separation", "simpler_in_words", "tied",
]  # fmt: skip


def rule_of(table: Table, role: Role, entries: Sequence[Entry]) -> tuple[Rule, str]:
    """The rule of a study, for configurations whose runs of a role all have a value.

    Returns:
        The rule, and why it is best-mean instead of the one that the study names: because that one needs to know the
        spread between replicates, and nothing tells it. Empty when it is the one that is named.

    Raises:
        InputError: for a rule that does not exist, or lacks its argument.
    """
    terms, argument = Terms(table, role), table.argument
    if table.rule == "best-mean":
        return BestMean(terms), ""
    if table.rule == "one-standard-error":
        return _one_standard_error(terms)
    if table.rule in ("lower-bound", "most-stable"):
        if all(entry.selection.sd is None for entry in entries):
            return BestMean(terms), f"{table.rule} needs two replicates of a configuration, and none has them"
        k = argument if isinstance(argument, int | float) else 1.0
        return (LowerBound(terms, k) if table.rule == "lower-bound" else MostStable(terms)), ""
    if table.rule == "pareto" and isinstance(argument, Sequence):
        return Pareto(terms, argument), ""
    if table.rule == "weights" and isinstance(argument, Mapping):
        return Weights(terms, argument), ""
    lacking = f"{table.rule} with its argument" if table.rule in RULES else f"one of {', '.join(RULES)}"
    raise InputError(Problem("select.rule", f"must be {lacking}; got {table.rule}"))


def _one_standard_error(terms: Terms) -> tuple[Rule, str]:
    found = _spread(terms)
    if found is None:
        return BestMean(terms), "one-standard-error needs to know the noise, and no configuration has two replicates"
    return OneStandardError(terms, *found), ""


def _spread(terms: Terms) -> tuple[float, str] | None:
    """The spread of the score between replicates, and how it is known; None where nothing tells it.

    Pooled over the configurations that have replicates, searched and confirmed alike; where none has, that of the
    centre point, which is taken to be that of all.
    """
    entries = [entry for role in COMPARED for entry in ordered(terms.table, role)]
    found = pooled(entry.selection for entry in entries)
    if found is not None:
        n = len({entry.configuration for entry in entries if entry.selection.sd is not None})
        have = "configuration that has" if n == 1 else "configurations that have"
        return found.sd, f"the pooled sd of the {counted(n, have, have)} replicates"
    centre = next((each for each in ordered(terms.table, "noise") if each.selection.sd is not None), None)
    if centre is None:
        return None
    sd = centre.selection.sd or 0.0
    return sd, f"the sd of {name_of(centre)} between {centre.selection.n} seeds of its own"
