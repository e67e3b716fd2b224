"""Decisions of other studies that were run again here: whether they reproduced."""

import math
import re
from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np
from judged_again import pooled
from patterns import Said, Truths, says
from printed_numbers import NUMBER, Values
from raw_scores import Run, Score, Seed, Study
from scipy import stats

SCORES = (
    "{metric} on {split} was {before} there and is {here} here {where:on other replicates|for the same replicates} "
    "(n = {n1:int} and {n2:int})"
)
Side = dict[Seed, float]


class Control:
    """Its scores where it was decided and here, case by case and seed by seed.

    They are compared on the seeds that the other study did not have, with those on fresh seeds where it decided by
    them; where there are no others, on the seeds of both.
    """

    def __init__(self, study: Study, label: str, source: str) -> None:
        there = study.others[source]
        self.study, self.there, self.metric, self.split = study, there, there.metric, there.split
        named = [run for run in study.runs if run.role == "control" and run.label == label]
        (self.configuration,) = {run.configuration for run in named} & set(there.configurations)
        self.here = [run for run in named if run.configuration == self.configuration]
        self.before = [
            run for run in there.own if run.configuration == self.configuration and run.role in ("search", "confirm")
        ]
        before, here = self.by_case(self.before), self.by_case(self.here)
        self.fresh = self.by_case([run for run in self.before if run.role == "confirm"])
        self.sides = {case: (before[case], here[case]) for case in here if case in before}

    def by_case(self, runs: Sequence[Run]) -> dict[str, Side]:
        """Case -> seed -> score."""
        found: dict[str, Side] = {}
        for run in runs:
            if (self.metric, self.split) in run.scores:
                found.setdefault(run.case, {}).setdefault(run.seed, run.scores[self.metric, self.split])
        return found

    @property
    def again(self) -> list[tuple[float, float]]:
        """The scores of the runs that were executed again, and those of the runs that they equal."""
        return [(before[seed], here[seed]) for before, here in self.sides.values() for seed in before if seed in here]

    @property
    def equal(self) -> bool:
        return all(one == other for one, other in self.again)

    @cached_property
    def compared(self) -> tuple[str, Sequence[tuple[Side, Side]]]:
        others = {
            case: {seed: here[seed] for seed in here if seed not in before}
            for case, (before, here) in self.sides.items()
        }
        if all(others.values()):
            return "on other replicates", [
                (self.fresh.get(case) or self.sides[case][0], others[case]) for case in others
            ]
        common = [
            (
                {seed: before[seed] for seed in before if seed in here},
                {seed: here[seed] for seed in here if seed in before},
            )
            for before, here in self.sides.values()
        ]
        return "for the same replicates", common

    def mean(self, side: int) -> float:
        return float(np.mean([np.mean(list(each[side].values())) for each in self.compared[1]]))

    def n(self, side: int) -> int:
        return min(len(each[side]) for each in self.compared[1])

    @cached_property
    def half(self) -> float | None:
        """Half of the interval of the difference, by the spread within configurations of both studies."""
        own = {(run.configuration, run.case) for run in self.study.own}
        elsewhere = [run for run in self.here if (run.configuration, run.case) not in own]
        rows: dict[tuple[str, ...], Side] = {}
        for where, runs in (("here", self.study.own), ("here", elsewhere), ("there", self.before)):
            for run in runs:
                if run.repeat == 0 and (self.metric, self.split) in run.scores:
                    row = rows.setdefault((where, run.configuration, run.case, run.role), {})
                    row[run.seed] = run.scores[self.metric, self.split]
        found = pooled(Score(values, len(values)) for values in rows.values())
        if found is None or found[1] < 2:
            return None
        sides = self.compared[1]
        variance = sum(1 / len(before) + 1 / len(here) for before, here in sides) / len(sides) ** 2
        return float(stats.t.ppf(0.975, found[1])) * found[0] * math.sqrt(variance)


@lru_cache(maxsize=64)
def control_of(study: Study, label: str, source: str) -> Control:
    """A decision that was carried here, by its label there."""
    return Control(study, label, source)


@says("{who} of {source} reproduced: {n:int} run(s) executed again, equal to the last digit.")
def _(study: Study, said: Said) -> Truths:
    control = control_of(study, said["who"], said["source"])
    assert control.equal
    assert control.compared[0] == "for the same replicates"
    return {"who": said["who"], "source": said["source"], "n": len(control.again)}


@says(
    "{who} of {source} {verb:reproduced|did not reproduce}: "
    + SCORES
    + "; the difference is {gap}, with a 95 % interval "
    "from {low} to {high}.",
    "{who} of {source} {verb:cannot be judged}: "
    + SCORES
    + ", and too little is known of the spread between replicates "
    "to judge the difference.",
)
def _(study: Study, said: Said) -> Truths:
    control = control_of(study, said["who"], said["source"])
    said.heard["control"] = control
    gap, half = control.mean(0) - control.mean(1), control.half
    verb = "cannot be judged" if half is None else "reproduced" if abs(gap) <= half else "did not reproduce"
    ends = {} if half is None else {"low": gap - half, "high": gap + half}
    return {"who": said["who"], "source": said["source"], "verb": verb, "metric": control.metric,
            "split": control.split, "before": control.mean(0), "here": control.mean(1),
            "where": control.compared[0], "n1": control.n(0), "n2": control.n(1), "gap": gap, **ends}  # fmt: skip


@says("{who} of {source} cannot be judged: no run of it has a value of {metric} on {split} {side:here|there}.")
def _(study: Study, said: Said) -> Truths:
    control = control_of(study, said["who"], said["source"])
    side = "there" if control.by_case(control.here) else "here"
    assert not control.by_case(control.here if side == "here" else control.before)
    return {
        "who": said["who"],
        "source": said["source"],
        "metric": control.metric,
        "split": control.split,
        "side": side,
    }


@says("{n:int} run(s) executed again: {equal:equal|not equal}, to the last digit.")
def _(study: Study, said: Said) -> Truths:
    control: Control = said.heard["control"]
    return {"n": len(control.again), "equal": "equal" if control.equal else "not equal"}


@says("{words:there|here}[ ({case})]: {values:text}")
def _(study: Study, said: Said) -> Truths:
    """Evidence of T601: every run of both sides."""
    lines = [each for each in said.page["prose"].lines if each.finding == "T601" and each.number < said.line.number]
    about = next(each for each in (re.match(r"(.+?) of (\S+) did not", line.text) for line in lines[::-1]) if each)
    control = control_of(study, about[1], about[2])
    values = control.sides[said.get("case") or ""][said["words"] == "here"]
    pattern = ", ".join(rf"{'the run' if seed is None else f'seed={seed}'}: ({NUMBER})" for seed in values)
    return {"words": said["words"], "case": said.get("case"), "values": Values(pattern, list(values.values()))}
