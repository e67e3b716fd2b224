"""Which parameters matter where a space is no grid: functional ANOVA on a random forest.

Levels that hold one configuration each have no mean and no spread, so a forest stands in for the levels. Its shares are
no test: they come out large on noise too. They are given only where the forest predicts configurations that it has not
seen (out of bag) better than their mean does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebook.analyse.designs import Design, Factor, Numbers, Observed, grouped, is_number
from tunebook.analyse.projections import projections

LEAST = 20
"""Fewest configurations that a forest is grown on."""
FORESEEN = 0.1
"""Share of the variance that a forest must foresee out of bag: on noise, fewer than 5 % of forests do from `LEAST`
configurations on."""
TREES, DEPTH = 64, 5
"""Shallow trees: what functional ANOVA takes grows with the square of the leaves, and deep ones foresee no more."""
Column = list[float] | list[str]
"""One parameter, configuration by configuration: numbers, or names of choices."""


@dataclass(frozen=True)
class Importance:
    """What a forest says of the parameters.

    Args:
        shares: Parameter -> share of the forest's variance that it alone explains, largest first; what is missing
            to 1 is what parameters do together. None where there is nothing to go by.
        reason: How far the forest can be trusted, or why there are no shares, in a sentence.
    """

    shares: tuple[tuple[str, float], ...] | None
    reason: str


def importance(found: Observed, *, seed: int) -> Importance:
    """Functional ANOVA (Hutter, Hoos and Leyton-Brown 2014) by Optuna, of configurations with their blocks taken out.

    A parameter that some configurations do not have is left out. Numbers are taken on the scale, linear or
    logarithmic, on which their values lie more evenly, for shares are means over the space.
    """
    configurations = grouped(found.configurations)
    first = np.unique(configurations, return_index=True)[1]
    factors = [each for each in found.design.factors if min(each.codes) >= 0]
    if len(first) < LEAST or len(factors) < 2:
        return Importance(None, f"Functional ANOVA needs {LEAST} configurations that share two parameters.")
    columns = {each.parameter: _column(each, first) for each in factors}
    means = _means(found, configurations)
    foreseen = _foreseen(columns, means, seed=seed % 2**32)
    if foreseen < FORESEEN:
        return Importance(None, "A random forest foresees nothing of configurations that it has not seen.")
    said = f"A random forest foresees {foreseen:.0%} of the variance between configurations that it has not seen."
    return Importance(_shares(columns, means, seed=seed % 2**32), said)


def _means(found: Observed, configurations: NDArray[np.intp]) -> Numbers:
    """Least-squares means of the configurations in the order of their first run."""
    every = Factor("configuration", tuple(dict.fromkeys(found.configurations)), tuple(configurations.tolist()))
    design = Design((every,), found.design.blocks, found.design.names)
    means: Numbers = projections(design).means[0] @ np.array(found.values)
    return means


def _column(factor: Factor, runs: NDArray[np.intp]) -> Column:
    values = [factor.levels[factor.codes[run]] for run in runs.tolist()]
    if not all(is_number(value) for value in values):
        return [repr(value) for value in values]
    linear: Numbers = np.array(values, dtype=np.float64)
    logarithmic: Numbers = np.log(linear) if linear.min() > 0 else linear
    more_even = logarithmic if _unevenness(logarithmic) < _unevenness(linear) else linear
    return list(map(float, more_even))


def _unevenness(values: Numbers) -> float:
    """How far the median lies from the middle of the range, as a share of it."""
    low, high = float(values.min()), float(values.max())
    return abs((float(np.median(values)) - low) / (high - low) - 0.5)


def _foreseen(columns: Mapping[str, Column], means: Numbers, *, seed: int) -> float:
    """R squared out of bag: of each configuration, by the trees that were grown without it."""
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415  takes seconds, and grids need none

    numbers = [column if isinstance(column[0], float) else grouped(column) for column in columns.values()]
    forest = RandomForestRegressor(TREES, max_depth=DEPTH, oob_score=True, random_state=seed)
    return float(forest.fit(np.stack(numbers, axis=1), means).oob_score_)


def _shares(columns: Mapping[str, Column], means: Numbers, *, seed: int) -> tuple[tuple[str, float], ...]:
    import optuna  # noqa: PLC0415  takes seconds, and grids need none

    distributions: dict[str, optuna.distributions.BaseDistribution] = {
        name: optuna.distributions.FloatDistribution(min(column), max(column))
        if isinstance(column[0], float)
        else optuna.distributions.CategoricalDistribution(sorted(set(column)))
        for name, column in columns.items()
    }
    points = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    loud = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it tells of every study that it makes
    study = optuna.create_study()
    optuna.logging.set_verbosity(loud)
    study.add_trials(
        [
            optuna.create_trial(params=point, distributions=distributions, value=mean)
            for point, mean in zip(points, means.tolist(), strict=True)
        ]
    )
    found = optuna.importance.FanovaImportanceEvaluator(n_trees=TREES, max_depth=DEPTH, seed=seed).evaluate(study)
    shares = [(name, float(share)) for name, share in found.items()]
    return tuple(sorted(shares, key=lambda each: (-each[1], each[0])))
