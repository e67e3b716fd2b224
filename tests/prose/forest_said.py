"""Which parameters matter where a space is no grid: shares of a random forest, grown anew.

A forest is random: its shares are found again within `NEAR` alone.
"""

from functools import lru_cache

import numpy as np
from effects_said import path
from patterns import Said, Truths, always, says
from printed_numbers import Truth, value
from raw_scores import Study

NEAR = 15
"""Percentage points by which another forest may differ."""
POINTS = 400

always("A random forest foresees nothing of configurations that it has not seen.")


@says("Share of the variance that each explains alone (functional ANOVA): {shares:text}.")
def _(study: Study, said: Said) -> Truths:
    found, _ = _shares(study)

    def check(printed: str) -> str:
        parts = printed.replace(" and ", ", ").split(", ")
        named = {path(study, part.split()[0]): value(part.split()[1]) for part in parts}
        order = sorted(named, key=lambda name: -named[name])
        near = named.keys() == found.keys() and all(abs(named[name] - found[name]) <= NEAR for name in found)
        return (
            "" if near and order == list(named) else ", ".join(f"{name} {each:.0f} %" for name, each in found.items())
        )

    return {"shares": check}


@says("A random forest foresees {share:int}% of the variance between configurations that it has not seen.")
def _(study: Study, said: Said) -> Truths:
    _, foreseen = _shares(study)
    return {"share": _near(foreseen)}


def _near(truth: float) -> Truth:
    return lambda printed: "" if abs(value(printed) - truth) <= NEAR else f"{truth:.0f}"


@lru_cache(maxsize=4)
def _shares(study: Study) -> tuple[dict[str, float], float]:
    """Percent of a forest's variance that each parameter explains alone, and of what it foresees out of bag."""
    from sklearn.ensemble import RandomForestRegressor

    names, ids = study.parameters, study.whole()
    columns = np.array([[float(study.configurations[each].parameters[name]) for name in names] for each in ids])
    for at in range(len(names)):
        columns[:, at] = _scaled(columns[:, at])
    means = np.array([study.chosen_by(each).mean for each in ids])
    forest = RandomForestRegressor(64, max_depth=5, oob_score=True, random_state=1).fit(columns, means)
    draw = np.random.default_rng(1)
    low, high = columns.min(0), columns.max(0)
    shares = np.zeros(len(names))
    for tree in forest.estimators_:
        everywhere = tree.predict(draw.uniform(low, high, (POINTS * 10, len(names)))).var()
        for at in range(len(names)):
            shares[at] += _alone(tree, at, low, high, draw) / max(everywhere, 1e-12) / len(forest.estimators_)
    return dict(zip(names, (100 * shares).tolist(), strict=True)), 100 * forest.oob_score_


def _alone(tree: object, at: int, low: np.ndarray, high: np.ndarray, draw: np.random.Generator) -> float:
    """The variance of a tree's mean over all other parameters."""
    means = []
    for here in np.linspace(low[at], high[at], 60):
        points = draw.uniform(low, high, (POINTS, len(low)))
        points[:, at] = here
        means.append(tree.predict(points).mean())
    return float(np.var(means))


def _scaled(column: np.ndarray) -> np.ndarray:
    """On the scale, linear or logarithmic, on which the values lie more evenly."""

    def uneven(values: np.ndarray) -> float:
        return abs((np.median(values) - values.min()) / np.ptp(values) - 0.5)

    return np.log(column) if column.min() > 0 and uneven(np.log(column)) < uneven(column) else column
