"""What the varied parameters do: nothing that can be seen, or more beyond the last value that was tried."""

from collections.abc import Iterator, Sequence
from statistics import fmean

from tunebook.analyse.audit.equality import Idle, idle
from tunebook.analyse.audit.finding import Finding, finding, is_own
from tunebook.analyse.edges import Edge, edges
from tunebook.analyse.effects import Effects, EffectsOf
from tunebook.analyse.f_tests import LEVEL
from tunebook.analyse.main_effects import Effect
from tunebook.analyse.saying import counted, number
from tunebook.analyse.scores import Unavailable, cell
from tunebook.records import Table


def without_effect_or_at_an_edge(table: Table, effects_of: EffectsOf) -> Iterator[Finding]:
    """T201, then T202: beyond the last value of a parameter without effect there is nothing to look for."""
    certain = tuple(idle(table))
    yield from map(_certain, certain)
    nothing = {(each.alternative, each.parameter) for each in certain if not each.where}
    for alternative, parameter, judged in _judged(table, effects_of):
        if (alternative, parameter) not in nothing and (evidence := _unseen(table, parameter, judged)):
            nothing.add((alternative, parameter))
            yield _no_measurable(alternative, parameter, judged, evidence)
    found = [edge for edge in edges(table) if (edge.entry.alternative, edge.parameter) not in nothing]
    if found:
        yield _at_an_edge(table, found)


# T201 -------------------------------------------------------------------------------------------------


def _certain(found: Idle) -> Finding:
    """Its values score alike to the last digit."""
    where = f" where {found.where}" if found.where else ""
    way_out = f"leave {found.parameter} out where it cannot matter" if where else _way_out(found.parameter)
    return finding(
        "T201",
        f"{found.parameter}{_inside(found.alternative)} has no effect at all{where}: runs that differ in it alone have "
        "equal scores, to the last digit.",
        (f"{counted(found.groups, 'group')} of runs compared, for example {found.example}",),
        way_out,
    )


def _no_measurable(alternative: str, parameter: str, judged: Sequence[Effects], evidence: Sequence[str]) -> Finding:
    metrics = ", ".join(dict.fromkeys(each.metric for each in judged))
    sentence = f"{parameter}{_inside(alternative)} has no measurable effect on {metrics}."
    return finding("T201", sentence, evidence, _way_out(parameter))


def _judged(table: Table, effects_of: EffectsOf) -> Iterator[tuple[str, str, list[Effects]]]:
    """(alternative, parameter, what is known of that alternative), for every parameter that a metric can judge."""
    reported = [(metric, split) for split in table.splits for metric in table.report]
    columns = dict.fromkeys([(table.select_metric, table.select_split), *reported])
    found = [effects_of(table, metric, split) for metric, split in columns]
    known = [each for effects in found if not isinstance(effects, Unavailable) for each in effects if each.runs]
    for alternative in dict.fromkeys(each.alternative for each in known):
        here = [each for each in known if each.alternative == alternative]
        for parameter in dict.fromkeys(effect.parameter for each in here for effect in each.main):
            yield alternative, parameter, here


def _unseen(table: Table, parameter: str, judged: Sequence[Effects]) -> tuple[str, ...]:
    """The numbers of every metric where none shows an effect that it would have shown; else nothing.

    An effect is shown by p < 0.05, of the parameter or of an interaction. A range between its values as large as that
    between the configurations would have been.
    """
    evidence = []
    for each in judged:
        effect = next((effect for effect in each.main if effect.parameter == parameter), None)
        spread = _spread(table, each)
        interacts = any(parameter in pair.parameters and pair.p < LEVEL for pair in each.interactions)
        if effect is None or effect.p < LEVEL or interacts or effect.seen > spread:
            return ()
        evidence.append(
            f"{each.metric} on {each.split}: {_statistic(effect)}; a range above {number(effect.seen)} between its "
            f"values would have been seen, and the configurations range over {number(spread)}"
        )
    return tuple(evidence)


def _statistic(effect: Effect) -> str:
    f = "F is not defined" if effect.f is None else f"F = {effect.f:.2f}"
    return f"{f} ({effect.df[0]}, {effect.df[1]}), p = {effect.p:.2g}"


def _spread(table: Table, found: Effects) -> float:
    """From the worst to the best mean over cases of a configuration of an alternative."""
    means: dict[str, list[float | None]] = {}
    for row in table.rows:
        if row.alternative == found.alternative:
            mean = cell(row, metric=found.metric, split=found.split).mean
            means.setdefault(row.configuration, []).append(mean)
    whole = ([mean for mean in each if mean is not None] for each in means.values() if None not in each)
    known = [fmean(each) for each in whole]
    return max(known) - min(known) if known else 0.0


def _way_out(parameter: str) -> str:
    return f"see that {parameter} reaches the program that trains; if it does, leave it at one value"


# T202 -------------------------------------------------------------------------------------------------


def _at_an_edge(table: Table, found: Sequence[Edge]) -> Finding:
    """With the study file that would look beyond the edges of the decision."""
    at = f"{len(found)} parameters of best configurations lie" if len(found) > 1 else "The best configuration lies"
    beyond = ", ".join(
        dict.fromkeys(f"{edge.parameter} {edge.beyond:g}{_inside(edge.entry.alternative)}" for edge in found)
    )
    files = dict.fromkeys(edge.further for edge in found if edge.further and is_own(table))
    return finding(
        "T202",
        f"{at} at the edge of the values tried: a better one may lie beyond.",
        map(_at, found),
        "\n".join([f"try the next value, where the parameter can have it: {beyond}", *files]).rstrip(),
    )


def _at(edge: Edge) -> str:
    end = "smallest" if edge.value == edge.values[0] else "largest"
    values = ", ".join(f"{value:g}" for value in edge.values)
    return f"{edge.entry.label or edge.entry.configuration}: {edge.parameter} {edge.value:g} is the {end} of {values}"


def _inside(alternative: str) -> str:
    return f" ({alternative})" if alternative else ""
