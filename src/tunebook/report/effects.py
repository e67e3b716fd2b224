"""What each parameter does: a sentence with its numbers, its levels with their intervals, pairs, and heatmaps."""

from collections.abc import Iterator, Sequence

from tunebook.analyse import Unavailable
from tunebook.analyse.effects import Effects, effects
from tunebook.analyse.f_tests import tail
from tunebook.analyse.interactions import Interaction
from tunebook.analyse.main_effects import Effect, Level
from tunebook.records import Table
from tunebook.report.cards import Block, Card, Figures, Grid, Heading, Said, Value
from tunebook.report.figures.figure import Estimate, Group, IntervalsFigure
from tunebook.report.heatmaps import heatmap_blocks, heatmap_caveats
from tunebook.report.wording import (
    CUT,
    chance,
    count,
    counted,
    gap,
    joined,
    listed,
    metric_name,
    number,
    percent,
    short,
    statistic,
    value_text,
    within,
)

LEVEL = 0.05
HIDDEN = (
    "A small F with a small p: what other parameters do together is in the error of F. p compares runs that share all "
    "other parameters, where it cancels."
)
LISTED = 3
"""Most levels whose means a sentence names one by one."""


def effects_card(table: Table) -> Card:
    """Main effects on the score that the study chooses by, in sentences and a figure; then pairs of parameters."""
    found = effects(table, table.select_metric, table.select_split)
    if isinstance(found, Unavailable):
        return Card("effects", "Effects", absent=found.reason)
    judged = [each for each in found if each.main]
    blocks: list[Block] = []
    for each in found:
        blocks += _of(table, each, alone=len(found) == 1)
    reported = _reported(table)
    cut = [CUT] * _is_cut(table, [*judged, *(each for there in reported for each in there)])
    if judged:
        figures = [_figure(table, each, at) for at, each in enumerate(judged, start=1)]
        others = [each for found_there in reported for each in found_there]
        figures += [_figure(table, each, at) for at, each in enumerate(others, start=len(figures) + 1)]
        said = [_sentence(table, each) for each in reported]
        blocks += [Said(said, "On the splits that are reported")] if said else []
        blocks.append(Figures(figures, _numbers(table, [*judged, *others])))
    blocks += _everywhere(table)
    blocks += heatmap_blocks(table)
    caveats = [*_method(judged), *cut, *heatmap_caveats(table)]
    return Card("effects", "Effects", _sentence(table, found), blocks, caveats)


def effect_in_words(table: Table, found: Effects, effect: Effect) -> str:
    """`alpha has no measurable effect on ais.msa: F = 0.46, p = 0.83; a range above 0.006 would have been seen.`."""
    name = short(effect.parameter, table.parameters)
    if effect.equal:
        return (
            f"{name} does nothing to {found.metric}: in {counted(effect.equal, 'group')} of runs that differ in it "
            "alone, all scores are equal to the last digit."
        )
    if effect.f is None:
        return f"{name} cannot be judged: no run's {found.metric} differs from another's."
    test = f"F = {statistic(effect.f)}, {chance(effect.p)}"
    if effect.p >= LEVEL:
        return (
            f"{name} has no measurable effect on {found.metric}: {test}; "
            f"a range above {gap(effect.seen)} would have been seen."
        )
    means = [level.mean for level in effect.levels]
    return (
        f"{name} matters for {found.metric}: {_course(effect)}, a range of {gap(max(means) - min(means))} "
        f"({test}, eta² = {statistic(effect.eta2)})."
    )


def interaction_in_words(table: Table, found: Effects, pair: Interaction) -> str:
    """`What alpha does depends on rank: F = 5.2, p = 0.004, eta² = 0.12.`."""
    one, other = (short(each, table.parameters) for each in pair.parameters)
    if pair.f is None:
        return f"{one} and {other} together do nothing to {found.metric} beyond what each does."
    test = f"F = {statistic(pair.f)}, {chance(pair.p)}"
    if pair.p < LEVEL:
        return f"What {one} does to {found.metric} depends on {other}: {test}, eta² = {statistic(pair.eta2)}."
    return f"No interaction of {one} and {other} was measurable: {test}."


def _reported(table: Table) -> list[list[Effects]]:
    """Split by split, what parameters do there to the metric that the study chooses by; without the split of choice."""
    every = [effects(table, table.select_metric, split) for split in table.splits if split != table.select_split]
    judged = [[each for each in found if each.main] for found in every if not isinstance(found, Unavailable)]
    return [each for each in judged if each]


def _sentence(table: Table, found: Sequence[Effects]) -> str:
    """Which parameters matter and which do not."""
    where = f"{table.select_metric} on {found[0].split}"
    if not any(each.main for each in found):
        return f"No parameter could be judged by {where}."
    return f"By {where}: {'; '.join(_summed_up(table, each, alone=len(found) == 1) for each in found if each.main)}."


def _summed_up(table: Table, found: Effects, *, alone: bool) -> str:
    """`alpha matters, no effect of rank was measurable`."""
    names = {short(effect.parameter, table.parameters): _matters(effect) for effect in found.main}
    yes, no = ([name for name, does in names.items() if does is what] for what in (True, False))
    parts = [f"{joined(yes)} {'matters' if len(yes) == 1 else 'matter'}"] if yes else []
    parts += [f"no effect of {joined(no)} was measurable"] if no else []
    return ("" if alone or not found.alternative else f"in {found.alternative}, ") + ", ".join(parts)


def _matters(effect: Effect) -> bool:
    return effect.f is not None and effect.p < LEVEL and not effect.equal


def _of(table: Table, found: Effects, *, alone: bool) -> Iterator[Block]:
    """Sentences of one alternative."""
    lines = [effect_in_words(table, found, effect) for effect in found.main]
    lines += [interaction_in_words(table, found, pair) for pair in found.interactions]
    if found.importance:
        shares = [f"{short(name, table.parameters)} {percent(share)}" for name, share in found.importance]
        lines.append(f"Share of the variance that each explains alone (functional ANOVA): {listed(shares)}.")
    lines += [found.reason] if found.reason else []
    if lines:
        yield Said(lines, "" if alone else found.alternative or "(no alternative)")


def _course(effect: Effect) -> str:
    """`0.571 at 1, 0.580 at 4, 0.605 at 16`; of many levels the lowest and the highest."""
    levels = effect.levels
    if len(levels) > LISTED:
        worst, best = min(levels, key=lambda level: level.mean), max(levels, key=lambda level: level.mean)
        levels = tuple(level for level in levels if level in (worst, best))
    return ", ".join(f"{number(level.mean)} at {value_text(level.value)}" for level in levels)


def _figure(table: Table, found: Effects, at: int) -> IntervalsFigure:
    """The adjusted mean of each level, all parameters on one axis, so that sizes can be compared."""
    groups = [
        Group(
            short(effect.parameter, table.parameters),
            [
                Estimate(
                    value_text(level.value),
                    level.mean,
                    *_ends(table, found, level),
                    number(level.mean),
                )
                for level in effect.levels
            ],
            f"{chance(effect.p)}" if effect.f is not None else "",
        )
        for effect in found.main
    ]
    who = f"{found.alternative} · " if found.alternative else ""
    return IntervalsFigure(
        name=f"effects-{at}",
        title=[
            f"{found.metric} on {found.split}",
            f"{who}adjusted mean of each level, 95 % interval, n = {count(found.runs)} runs",
        ],
        alt=" ".join(effect_in_words(table, found, effect) for effect in found.main)
        if found.split == table.select_split
        else f"{who}{_sentence(table, [found])}",
        groups=groups,
        axis=metric_name(table, found.metric),
    )


def _ends(table: Table, found: Effects, level: Level) -> tuple[float, float]:
    """The interval of a level's mean, as far as the metric goes."""
    return within(table, found.metric, level.low, level.high)


def _is_cut(table: Table, judged: Sequence[Effects]) -> bool:
    """Whether an interval goes beyond what the metric can be."""
    levels = [(each, level) for each in judged for effect in each.main for level in effect.levels]
    return any(_ends(table, each, level) != (level.low, level.high) for each, level in levels)


def _numbers(table: Table, judged: Sequence[Effects]) -> Grid:
    headings = [Heading("parameter"), Heading("alternative"), Heading("split"), Heading("level", numeric=True)]
    headings += [Heading(each, numeric=True) for each in ("adjusted mean", "from", "to")]
    headings.append(Heading("n", "runs", numeric=True))
    rows = [
        [
            Value(effect.parameter),
            Value(found.alternative),
            Value(found.split),
            Value(value_text(level.value), sort=_sort(level.value)),
            *(Value(number(each), sort=each) for each in (level.mean, *_ends(table, found, level))),
            Value(str(level.n), sort=level.n),
        ]
        for found in judged
        for effect in found.main
        for level in effect.levels
    ]
    facets = {heading.text: [row[at].text for row in rows] for at, heading in enumerate(headings[:3])}
    facets = {name: values for name, values in facets.items() if len(set(values)) > 1}
    title = "The numbers behind this figure" if len(judged) == 1 else "The numbers behind these figures"
    return Grid("Adjusted means of levels.", headings, rows, title, folded=True, facets=facets)


def _everywhere(table: Table) -> Iterator[Block]:
    """What the parameters do to every reported metric: F, p, and what would have been seen."""
    rows = []
    for split in table.splits:
        for metric in table.report:
            found = effects(table, metric, split)
            if isinstance(found, Unavailable):
                return
            for each in found:
                rows += [_line(table, each, effect) for effect in each.main]
    if rows:
        headings = [Heading(each) for each in ("parameter", "metric", "split", "alternative")]
        headings += [Heading(each, numeric=True) for each in ("range", "F", "p", "eta²", "would have been seen")]
        title = "Effects on every reported metric"
        facets = {
            heading.text: [row[at].text for row in rows]
            for at, heading in enumerate(headings[:4])
            if len({row[at].text for row in rows}) > 1
        }
        yield Grid("Main effects on every reported metric.", headings, rows, title, folded=True, facets=facets)


def _line(table: Table, found: Effects, effect: Effect) -> list[Value]:
    means = [level.mean for level in effect.levels]
    reach = max(means) - min(means)
    f = Value("none", muted=True) if effect.f is None else Value(statistic(effect.f), sort=min(effect.f, 1e300))
    return [
        Value(short(effect.parameter, table.parameters)),
        Value(found.metric),
        Value(found.split),
        Value(found.alternative),
        Value(gap(reach), sort=reach),
        f,
        Value(chance(effect.p).removeprefix("p = ").removeprefix("p "), best=_matters(effect), sort=effect.p),
        Value(statistic(effect.eta2), sort=effect.eta2),
        Value(gap(effect.seen), sort=effect.seen),
    ]


def _method(judged: Sequence[Effects]) -> list[str]:
    if not judged:
        return []
    blocks = sorted({name for each in judged for name in each.blocks})
    first = "Each parameter is judged with all others taken out"
    first += f", and with these blocks: {listed(blocks)}." if blocks else "."
    puzzling = any(
        effect.test == "exact" and effect.p < LEVEL and effect.f is not None and tail(effect.f, effect.df) >= LEVEL
        for each in judged
        for effect in each.main
    )
    counts = sorted({effect.permutations for each in judged for effect in each.main if effect.permutations})
    drawn = f" of {joined([count(each) for each in counts])} rearrangements" if counts else ""
    normal = dict.fromkeys(each.parameter for found in judged for each in found.main if each.test == "normal")
    few = [f"Too few runs to rearrange for {joined(list(normal))}: p is that of the F distribution."] if normal else []
    return [
        f"{first} Means are adjusted: what they would be had all runs this level.",
        f"p is the share{drawn} of the scores that do as well by chance; below {LEVEL:g} a parameter matters. "
        "What would have been seen: the smallest range between level means that is found with 80 % power at 5 %.",
        *few,
        *([HIDDEN] if puzzling else []),
        *_partly(judged),
    ]


def _partly(judged: Sequence[Effects]) -> Iterator[str]:
    """Parameters that only some runs have: dropout, where there is no hidden layer."""
    for found in judged:
        for effect in found.main:
            n = sum(level.n for level in effect.levels)
            if n < found.runs:
                of = f" of {found.alternative}" if len(judged) > 1 else ""
                yield (
                    f"{effect.parameter} exists in {count(n)} of {count(found.runs)} runs{of}: its levels are compared "
                    "among these, and other parameters as if it were at the middle of them elsewhere."
                )


def _sort(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
