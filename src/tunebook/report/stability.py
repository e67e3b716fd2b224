"""How steady configurations are: their spread over replicates with its own uncertainty, and whether it differs."""

from collections.abc import Iterator, Sequence

from tunebook.analyse import Cell, Effect, Unavailable, cell, ordered
from tunebook.analyse.scores import mean_over_cases
from tunebook.analyse.stability import LevelSpread, Parameters, Stability, own_spread, stability
from tunebook.records import Table
from tunebook.report.cards import Block, Card, Figures, Grid, Heading, Said, Value
from tunebook.report.figures.figure import Estimate, Group, IntervalsFigure
from tunebook.report.wording import (
    between,
    chance,
    counted,
    gap,
    joined,
    metric_name,
    name,
    short,
    spread,
    statistic,
    value_text,
)

ANCHOR, HEADING = "stability", "Stability"
UNCHANGED = "does not change between replicates"
LEVEL = 0.05
LISTED = 4
"""Most levels whose spreads a sentence names one by one."""


def stability_card(table: Table) -> Card:
    """The spread over replicates: pooled, by parameter, and of every configuration, split by split."""
    found = stability(table)
    if isinstance(found, Unavailable):
        return Card(ANCHOR, HEADING, absent=found.reason)
    judged = [each for each in found if each.parameters and each.pooled.sd]
    blocks: list[Block] = [Said([line for each in found for line in _lines(table, each)])]
    if judged:
        figures = [_figure(table, each, at) for at, each in enumerate(judged, start=1)]
        blocks.append(Figures(figures, _levels(judged)))
    blocks.append(_every(table, found))
    return Card(ANCHOR, HEADING, _sentence(found), blocks, _caveats(judged))


def spread_text(one: Cell) -> tuple[str, str]:
    """The sd of a configuration, and its interval with the degrees of freedom; empty with n = 1."""
    found = own_spread(one)
    if found is None:
        return "", ""
    return gap(found.sd), UNCHANGED if not found.sd else f"{between(found.low, found.high)}, df {found.df}"


def _sentence(found: Sequence[Stability]) -> str:
    first = found[0]
    if not first.pooled.sd:
        return f"{first.metric} on {first.split} {UNCHANGED}, in any configuration."
    own = own_spread(Cell(0.0, 1.0, first.n, first.n))
    assert own is not None  # those that are compared have two replicates or more
    return (
        f"Pooled over {counted(first.configurations, 'configuration')}, replicates differ in {first.metric} on "
        f"{first.split} by a standard deviation of {_known(first)}; that of one configuration alone, from {first.n} "
        f"replicates, is known to within {own.low:.2f} to {own.high:.2f} times what it shows "
        f"({counted(own.df, 'degree of freedom', 'degrees of freedom')})."
    )


def _known(each: Stability) -> str:
    """`0.036 (95 % interval 0.033 to 0.040, 192 degrees of freedom, 2 of them for what seeds do to all)`."""
    pooled = each.pooled
    df = counted(pooled.df, "degree of freedom", "degrees of freedom")
    common = f", {pooled.common} of them for what a replicate does to all" if pooled.common else ""
    return f"{gap(pooled.sd)} (95 % interval {between(pooled.low, pooled.high)}, {df}{common})"


def _lines(table: Table, each: Stability) -> Iterator[str]:
    if not each.pooled.sd:
        yield f"On {each.split}, {each.metric} {UNCHANGED}, in any configuration."
        return
    yield f"On {each.split}, {_between_configurations(each)}"
    for parameters in each.parameters:
        who = f" in {parameters.alternative}" if len(each.parameters) > 1 else ""
        yield f"On {each.split}{who}, {_by_parameters(table, each, parameters)}."


def _between_configurations(each: Stability) -> str:
    """Whether any configuration is shown to be steadier than another."""
    if each.unmoved:
        return (
            f"{each.unmoved} of {counted(each.configurations, 'configuration')} have the same score with every "
            "replicate: scores move in steps there, and single configurations are not compared by their spread."
        )
    if each.chi2 is None or each.p is None:
        return "configurations do not have the same replicates and are not compared by their spread."
    test = f"Bartlett's chi² = {statistic(each.chi2)}, {counted(each.df, 'degree of freedom', 'degrees of freedom')}"
    test = f"{test}, {chance(each.p)}"
    if each.p >= LEVEL:
        return (
            f"the spread differs between {counted(each.configurations, 'configuration')} no more than chance would "
            f"have it ({test}): no single one is shown to be steadier than another."
        )
    return (
        f"the spread differs between {counted(each.configurations, 'configuration')} more than normal noise of one "
        f"size would have it ({test}): some are steadier, or the noise has long tails."
    )


def _by_parameters(table: Table, each: Stability, parameters: Parameters) -> str:
    """`lr changes the spread (0.028 at 1e-4, …; F = 3.7, p = 0.02); no change of the spread by …`."""
    still = [(effect, levels) for effect in parameters.effects if (levels := _unchanged(parameters, effect))]
    judged = [effect for effect in parameters.effects if all(effect is not each for each, _ in still)]
    yes = [effect for effect in judged if effect.p < LEVEL and effect.f is not None]
    no = [effect for effect in judged if effect not in yes]
    parts = [
        f"{short(effect.parameter, table.parameters)} changes the spread ({_course(parameters, effect)}; "
        f"F = {statistic(effect.f or 0.0)}, {chance(effect.p)})"
        for effect in yes
    ]
    if no:
        names = joined([f"{short(effect.parameter, table.parameters)} ({chance(effect.p)})" for effect in no])
        parts.append(f"no change of the spread by {names} was measurable")
    parts += [
        f"at {short(effect.parameter, table.parameters)} {joined(levels)} the score {UNCHANGED}, so that no effect on "
        "the spread is told"
        for effect, levels in still
    ]
    return "; ".join(parts)


def _unchanged(parameters: Parameters, effect: Effect) -> list[str]:
    """The values of a parameter with which no score changes between replicates: what it does comes of these zeros."""
    levels = [level for level in parameters.levels if level.parameter == effect.parameter]
    return [value_text(level.value) for level in levels if not level.spread.sd]


def _course(parameters: Parameters, effect: Effect) -> str:
    """`0.028 at 0.0001, 0.005 at 0.001`: pooled spreads; of many levels the smallest and the largest."""
    levels = [level for level in parameters.levels if level.parameter == effect.parameter]
    if len(levels) > LISTED:
        ends = min(levels, key=lambda level: level.spread.sd), max(levels, key=lambda level: level.spread.sd)
        levels = [level for level in levels if level in ends]
    return ", ".join(f"{gap(level.spread.sd)} at {value_text(level.value)}" for level in levels)


def _figure(table: Table, each: Stability, at: int) -> IntervalsFigure:
    groups = [
        Group(
            " · ".join(part for part in (parameters.alternative, short(effect.parameter, table.parameters)) if part),
            [_estimate(level) for level in parameters.levels if level.parameter == effect.parameter],
            chance(effect.p) if effect.f is not None and not _unchanged(parameters, effect) else "",
        )
        for parameters in each.parameters
        for effect in parameters.effects
    ]
    return IntervalsFigure(
        name=f"stability-{at}",
        title=[
            f"spread of {each.metric} on {each.split}",
            f"sd over replicates, pooled, 95 % interval, n = {each.n}",
        ],
        alt=" ".join(_lines(table, each)),
        groups=groups,
        axis=f"sd of {metric_name(table, each.metric)}",
    )


def _estimate(level: LevelSpread) -> Estimate:
    found = level.spread
    return Estimate(value_text(level.value), found.sd, found.low, found.high, gap(found.sd))


def _levels(judged: Sequence[Stability]) -> Grid:
    headings = [Heading(each) for each in ("split", "alternative", "parameter")]
    headings += [Heading("level", numeric=True), Heading("sd", "pooled", numeric=True)]
    headings += [Heading(each, numeric=True) for each in ("from", "to")]
    headings.append(Heading("df", "degrees of freedom", numeric=True))
    rows = [
        [
            Value(each.split),
            Value(parameters.alternative),
            Value(level.parameter),
            Value(value_text(level.value), sort=float(level.value) if isinstance(level.value, int | float) else None),
            *(Value(gap(end), sort=end) for end in (level.spread.sd, level.spread.low, level.spread.high)),
            Value(str(level.spread.df), f"{level.spread.common} of all alike", sort=level.spread.df),
        ]
        for each in judged
        for parameters in each.parameters
        for level in parameters.levels
    ]
    facets = {heading.text: [row[at].text for row in rows] for at, heading in enumerate(headings[:3])}
    facets = {each: values for each, values in facets.items() if len(set(values)) > 1}
    title = "The numbers behind this figure" if len(judged) == 1 else "The numbers behind these figures"
    return Grid(
        "Spread over replicates by the levels of parameters.", headings, rows, title, folded=True, facets=facets
    )


def _every(table: Table, found: Sequence[Stability]) -> Grid:
    """Every configuration, in the order of the ranking."""
    metric, splits = table.select_metric, [each.split for each in found]
    headings = [Heading("configuration"), Heading(metric_name(table, metric), f"on {table.select_split}", numeric=True)]
    headings += [Heading("sd", f"on {split}, 95 % interval", numeric=True) for split in splits]
    headings.append(Heading("n", "runs", numeric=True))
    rows = []
    for entry in ordered(table):
        cells = [mean_over_cases([cell(row, metric=metric, split=split) for row in entry.rows]) for split in splits]
        first = Value(spread(entry.selection), sort=entry.selection.mean)
        rows.append([Value(name(entry)), first, *map(_own, cells), Value(str(cells[0].n), sort=cells[0].n)])
    chosen = table.decision.configuration if table.decision else ""
    marked = frozenset(at for at, entry in enumerate(ordered(table)) if entry.configuration == chosen)
    title = f"The spread of {'every configuration' if len(rows) > 1 else 'the configuration'}"
    return Grid(f"{title} over replicates.", headings, rows, title, folded=True, marked=marked)


def _own(one: Cell) -> Value:
    if one.sd is None:
        return Value("none" if one.mean is not None else one.reason or "no value", muted=True)
    text, interval = spread_text(one)
    return Value(text, interval, sort=one.sd)


def _caveats(judged: Sequence[Stability]) -> list[str]:
    lines = [
        "An sd has ddof 1, and its interval is by chi-square: for normal noise. A score close to its bound has less "
        "room to vary. Configurations are compared by what is left of it once that is taken out which a replicate "
        "does to all of them. Of a pooled sd, both parts keep their own degrees of freedom (Graybill and Wang 1980): "
        "what a replicate does to all is seen only as often as there are replicates."
    ]
    tests = sum(len(parameters.effects) for each in judged for parameters in each.parameters)
    if tests:
        lines.append(
            "Parameters are judged as in Effects, with the sd of each configuration in place of its score. Of "
            f"{counted(tests, 'such test')}, {tests * LEVEL:.1f} would have p < {LEVEL:g} if nothing changed it."
        )
    return lines
