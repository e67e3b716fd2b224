"""Who is chosen, by each rule of a study, and what that takes: costs, requirements, pooled spreads; all found anew."""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache

import numpy as np
from raw_scores import Run, Score, Study
from scipy import stats
from told_apart import Gap, against_best

COSTS = ("trainable_parameters", "seconds", "cpu_seconds", "peak_memory_gb")
COMPARISON = re.compile(r"(\S+) *(<=|>=|<|>|==) *(\S+)")
COMPARE = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "==": operator.eq}


def costs(study: Study, configuration: str) -> dict[str, float]:
    """What is known of its costs: most parameters, mean time, highest memory, of the runs that finished."""
    runs = [run for run in study.own if run.configuration == configuration and run.status == "finished"]
    found: dict[str, float | None] = {"trainable_parameters": study.trainable(configuration)}
    for name, of in (("seconds", np.mean), ("cpu_seconds", np.mean), ("peak_memory_gb", max)):
        measured = [run.costs[name] for run in runs if run.costs.get(name, 0) > 0]
        found[name] = float(of(measured)) if measured else None
    return {name: value for name, value in found.items() if value is not None}


def simplicity(study: Study, configuration: str) -> tuple[float, ...]:
    """What makes it simple, smallest first; infinite where there is no number."""
    known, parameters = costs(study, configuration), study.configurations[configuration].parameters
    found = []
    for name, way in study.prefer or [("trainable_parameters", "low")]:
        value = known.get(name) if name in COSTS else parameters.get(name)
        number = float(value) if isinstance(value, int | float) else None
        found.append(math.inf if number is None else number if way == "low" else -number)
    return tuple(found)


def unmet(study: Study, configuration: str, role: str) -> list[tuple[str, str, float | None]]:
    """The requirements that it fails: (text, name, value)."""
    found = []
    for text in study.require:
        name, sign, bound = COMPARISON.fullmatch(text).groups()
        score = study.score(configuration, name, study.split, role=role) if name not in COSTS else None
        value = costs(study, configuration).get(name) if score is None else score.mean if score.complete else None
        if value is None or not COMPARE[sign](value, float(bound)):
            found.append((text, name, value))
    return found


def pooled(scores: Iterable[Score]) -> tuple[float, int] | None:
    """The sd within scores, over their degrees of freedom; None where no score has two values."""
    spread = [(each.sd, len(each.values) - 1) for each in scores if each.sd is not None]
    df = sum(freedom for _, freedom in spread)
    return (math.sqrt(sum(sd**2 * freedom for sd, freedom in spread) / df), df) if df else None


def sd_interval(sd: float, df: int) -> tuple[float, float]:
    """The 95 % interval of a standard deviation."""
    return sd * math.sqrt(df / stats.chi2.ppf(0.975, df)), sd * math.sqrt(df / stats.chi2.ppf(0.025, df))


class Judged:
    """The decision of a study by its rule.

    Args:
        role: Which runs are compared.
    """

    def __init__(self, study: Study, role: str) -> None:
        self.study, self.role, self.way = study, role, study.way(study.metric)
        self.whole = study.whole(role)
        self.score = {each: study.chosen_by(each, role) for each in study.held(role)}
        self.simple = {each: simplicity(study, each) for each in self.whole}
        self.able = [each for each in self.whole if not unmet(study, each, role) and self.number(each) is not None]

    def number(self, configuration: str) -> float | None:
        """What the rule orders by."""
        score, rule = self.score[configuration], self.rule
        if rule == "lower-bound":
            return None if score.sd is None else score.mean - self.way * self.k * score.sd
        if rule == "most-stable":
            return score.sd
        return self.weighted(configuration).mean if rule == "weights" else score.mean

    @property
    def k(self) -> float:
        return float(self.study.argument if self.study.argument is not None else 1.0)

    @cached_property
    def rule(self) -> str:
        """The rule of the study; best-mean where it needs a spread and there is none."""
        rule, none = self.study.rule, all(self.score[each].sd is None for each in self.whole)
        if (rule in ("lower-bound", "most-stable") and none) or (rule == "one-standard-error" and self.noise is None):
            return "best-mean"
        return rule

    @cached_property
    def order(self) -> list[str]:
        """The chosen one first, then as the rule goes on."""
        better = self.better
        keys: Mapping[str, Callable[[str], tuple]] = {
            "lower-bound": lambda each: (-self.way * self.number(each), *self._then(each)),
            "most-stable": lambda each: (self.number(each), *better(each)),
            "weights": lambda each: (-self.number(each), *self._then(each)),
        }
        if self.rule == "pareto":
            outside = [each for each in self.able if each not in self.front]
            return [*self.front, *sorted(outside, key=self._preferred)]
        if self.rule == "one-standard-error":
            chosen = min(self.within, key=lambda each: (*self.simple[each], *better(each)))
            return [chosen, *sorted((each for each in self.able if each != chosen), key=better)]
        return sorted(self.able, key=keys.get(self.rule, better))

    def better(self, configuration: str) -> tuple:
        """Sorts by mean, then by simplicity."""
        return -self.way * self.score[configuration].mean, *self._then(configuration)

    @cached_property
    def best(self) -> str:
        """The candidate with the best mean."""
        return min(self.able, key=self.better)

    def behind(self, configuration: str) -> float:
        """How much worse its mean is than the best one."""
        return self.way * (self.score[self.best].mean - self.score[configuration].mean)

    def gaps(self, candidates: Sequence[str]) -> dict[str, Gap | None]:
        """The best minus each, for all at once; the best is the first of them."""
        return dict(zip(candidates, against_best([self.score[each] for each in candidates], self.way), strict=True))

    # One standard error -------------------------------------------------------------------------------

    @cached_property
    def replicated(self) -> list[Score]:
        roles = ("search", "confirm")
        found = [self.study.chosen_by(each, role) for role in roles for each in self.study.held(role)]
        return [each for each in found if each.sd is not None]

    @cached_property
    def noise(self) -> float | None:
        """The spread that one-standard-error goes by: pooled, else of the centre point."""
        found = pooled(self.replicated)
        if found is not None:
            return found[0]
        centre = [self.study.chosen_by(each, "noise").sd for each in self.study.held("noise")]
        return next((sd for sd in centre if sd is not None), None)

    @cached_property
    def error(self) -> float:
        """The standard error of the best mean."""
        best = self.score[self.best]
        return 0.0 if best.fixed else self.noise / math.sqrt(best.n)

    @cached_property
    def within(self) -> list[str]:
        """Those within one standard error of the best, which is among them."""
        return [each for each in self.able if self.behind(each) <= self.error]

    # Pareto -------------------------------------------------------------------------------------------

    def objectives(self, configuration: str) -> dict[str, float]:
        """Its metrics on the split of the choice, and its costs."""
        known = costs(self.study, configuration)
        return {name: known[name] if name in COSTS else self._mean(configuration, name) for name in self.study.argument}

    @cached_property
    def front(self) -> list[str]:
        """Those that no other beats in all objectives, by what chooses among them."""
        good = {each: [value * (-1 if name in COSTS else self.study.way(name))
                       for name, value in self.objectives(each).items()] for each in self.able}  # fmt: skip
        beaten = {
            one for one, a in good.items() for b in good.values()
            if a != b and all(y >= x for x, y in zip(a, b, strict=True))
        }  # fmt: skip
        return sorted((each for each in self.able if each not in beaten), key=self._preferred)

    def _preferred(self, configuration: str) -> tuple:
        return (*(self.simple[configuration] if self.study.prefer else ()), *self.better(configuration))

    def _mean(self, configuration: str, metric: str) -> float:
        return self.study.score(configuration, metric, self.study.split, role=self.role).mean

    # Weights ------------------------------------------------------------------------------------------

    def weighted(self, configuration: str) -> Score:
        """Its weighted mean, seed by seed; the metrics that are minimised count negative among others."""
        study, weights = self.study, self.study.argument
        found = {name: study.score(configuration, name, study.split, role=self.role) for name in weights}
        if not all(each.complete for each in found.values()):
            return Score({}, 0)
        signs = {name: study.way(name) for name in weights}
        seeds = set.intersection(*(set(each.values) for each in found.values()))
        total = sum(weights.values())
        values = {
            seed: sum(weights[name] * signs[name] * each.values[seed] for name, each in found.items()) / total
            for seed in seeds
        }
        return Score(values, len(values))

    def _then(self, configuration: str) -> tuple:
        return *self.simple[configuration], configuration


@lru_cache(maxsize=64)
def decision(study: Study, role: str) -> Judged:
    """The decision of a study, by its runs of one role."""
    return Judged(study, role)


def places(study: Study) -> dict[str, str]:
    """Best, median and worst configuration by the searched score."""
    scored = study.whole() or [each for each in study.ranked() if study.chosen_by(each).mean is not None]
    least = (("best", 0, 1), ("median", len(scored) // 2, 3), ("worst", -1, 2))
    return {place: scored[at] for place, at, needed in least if len(scored) >= needed}


def first_run(study: Study, configuration: str) -> Run:
    """Its first searched run that finished."""
    return next(
        run for run in study.own
        if (run.configuration, run.role, run.repeat, run.status) == (configuration, "search", 0, "finished")
    )  # fmt: skip
