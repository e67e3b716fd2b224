"""What each parameter does to a score, with its uncertainty: main effects, interactions, importance.

The model is score = block + one term per parameter (each of its values a level of its own) + error, by least squares,
so that a constrained grid, where levels do not meet equally often, is judged fairly. What parameters do together is in
the error of the main effects, which makes them harder to see and never easier. With one run per configuration the
error is just that: how far the configurations lie from the sum of their parameters. So it is with several runs each,
where the grid does not tell a parameter from what others do together: then the means over replicates are judged.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from tunebook.analyse.designs import Design, Observed, is_number, observed
from tunebook.analyse.importance import importance
from tunebook.analyse.interactions import Interaction, interactions
from tunebook.analyse.main_effects import Effect, main_effect, unit_of
from tunebook.analyse.projections import confounded, projections
from tunebook.analyse.remembering import of_table
from tunebook.analyse.scores import Unavailable
from tunebook.records import Table, digest

GRID = 0.5
"""A number with more distinct values than this share of the configurations has fewer than two for each level."""
FEW = 4
"""So many values make a small grid, however few its points are."""


@dataclass(frozen=True)
class Effects:
    """What the parameters of one alternative do to one metric on one split.

    Args:
        runs: Runs that were judged (searched, with a value); `configurations`: of so many.
        blocks: What was taken out first: `orgasegment seed=0`.
        main: Parameter by parameter, in the order of declaration; those that cannot be judged are absent.
        interactions: Of the pairs that can be judged.
        importance: Where the space is no grid: parameter -> share of the variance of a random forest that it alone
            explains (functional ANOVA), largest first. None on grids.
        reason: What the error is, where it is not the spread of replicates, and why something is absent; sentences.
    """

    alternative: str
    metric: str
    split: str
    runs: int
    configurations: int
    blocks: tuple[str, ...]
    main: tuple[Effect, ...]
    interactions: tuple[Interaction, ...]
    importance: tuple[tuple[str, float], ...] | None
    reason: str


EffectsOf = Callable[[Table, str, str], tuple[Effects, ...] | Unavailable]
"""How effects are found: `effects`, or what stands for it."""


@of_table
def effects(table: Table, metric: str, split: str) -> tuple[Effects, ...] | Unavailable:
    """The effects of the varied parameters, alternative by alternative.

    An alternative that varies nothing is left out; a space without alternatives is one called "". The random
    rearrangements are drawn with a seed made of the study, the metric, the split, the alternative and the parameter.
    """
    names = [name for name in dict.fromkeys(row.alternative for row in table.rows) if _varies(table, name)]
    if not names:
        return Unavailable("no parameter was varied")
    return tuple(_effects(table, metric, split, name) for name in names)


def _effects(table: Table, metric: str, split: str, alternative: str) -> Effects:
    found = observed(table, alternative, metric=metric, split=split)
    design, configurations = found.design, len(set(found.configurations))
    blocks = tuple(name for name in design.names if name)
    blank = Effects(alternative, metric, split, len(found.values), configurations, blocks, (), (), None, "")
    key = (table.study, metric, split, alternative)
    if configurations < 2 or not design.factors:
        return replace(blank, reason=_nothing(configurations))
    if scattered := _scattered(design, configurations):
        found_by_forest = importance(found, seed=_seed(*key))
        why = f"The space is no grid: most configurations have a value of their own of {' and '.join(scattered)}."
        reasons = [why, found_by_forest.reason, *_left_out(found)]
        return replace(blank, importance=found_by_forest.shares, reason=" ".join(reasons))
    if why := _saturated(design):
        return replace(blank, reason=" ".join([why, *_left_out(found)]))
    units = {at: unit_of(found, at) for at in range(len(design.factors)) if not confounded(design, at)}
    judged = {at: design.factors[at] for at, unit in units.items() if not _unjudged(unit, at)}
    unjudged = (
        confounded(design, at) or _unjudged(units[at], at) for at in range(len(design.factors)) if at not in judged
    )
    reasons = [*_caveats(found), *_by_means(found, units, judged), *unjudged, *_left_out(found)]
    return replace(
        blank,
        main=tuple(
            main_effect(found, units[at], at, seed=_seed(*key, factor.parameter)) for at, factor in judged.items()
        ),
        interactions=interactions(found, seed=_seed(*key, "interactions")),
        reason=" ".join(reasons),
    )


def _nothing(configurations: int) -> str:
    if configurations == 0:
        return "No run has a value."
    have = "configuration has" if configurations == 1 else "configurations have"
    return f"{configurations} {have} a value, and no parameter has two levels among them."


def _scattered(design: Design, configurations: int) -> list[str]:
    """The numbers that keep a space from being a grid."""
    if len(design.factors) < 2:
        return []
    least = max(FEW, GRID * configurations)
    numbers = [factor for factor in design.factors if all(map(is_number, factor.levels))]
    return [factor.parameter for factor in numbers if len(factor.levels) > least]


def _saturated(design: Design) -> str:
    runs, needed = len(design.blocks), projections(design).whole.shape[1]
    if runs > needed:
        return ""
    return (
        f"The {runs} runs leave no error to judge by: as many numbers describe their blocks and levels. "
        "More replicates would."
    )


def _caveats(found: Observed) -> Iterator[str]:
    if found.once:
        yield "Replicates change no score, so the runs of a configuration count as one."
    if not found.replicated:
        each = "configuration" if found.design.case is None else "configuration and case"
        yield (
            f"One run per {each}: the error is how far scores lie from the sum of blocks and parameters, so it holds "
            "what these do together."
        )


def _unjudged(unit: Observed, at: int) -> str:
    """Why the means over replicates cannot judge a parameter that the runs can tell from the others; empty if so."""
    parameter, needed = unit.design.factors[at].parameter, projections(unit.design).whole.shape[1]
    if len(unit.values) > needed:
        return confounded(unit.design, at)
    return f"{parameter} cannot be judged: what others do together can pass for it, and replicates do not tell."


def _by_means(found: Observed, units: Mapping[int, Observed], judged: Collection[int]) -> Iterator[str]:
    names = [found.design.factors[at].parameter for at in judged if units[at] is not found]
    if names:
        yield (
            f"By their means over replicates, configurations judge {' and '.join(names)}: what other parameters do "
            "together can pass for this, in every replicate alike."
        )


def _left_out(found: Observed) -> Iterator[str]:
    if found.without:
        have = "run has" if found.without == 1 else "runs have"
        yield f"{found.without} {have} no value and no part in this."


def _varies(table: Table, alternative: str) -> bool:
    points = [row.parameters for row in table.rows if row.alternative == alternative]
    return any(len({repr(point[name]) for point in points if name in point}) > 1 for name in table.parameters)


def _seed(*names: str) -> int:
    return int(digest(names)[:16], 16)
