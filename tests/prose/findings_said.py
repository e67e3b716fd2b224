"""The flaws that a page finds, with their evidence; and decisions of other studies that were run again."""

import math
import re
from collections.abc import Mapping

import numpy as np
from effects_said import evidence, path
from judged_again import Judged, pooled
from patterns import Said, Truths, always, says
from printed_numbers import Names, Truth, unit, value
from raw_scores import Run, Score, Study
from runs_said import distinct, noise, repeated
from scipy import stats
from told_apart import Gap, against_best

always("Way out: replicates: {seed: 3}")
SLACK = 1e-3
"""Share of an interval by which its ends may differ: critical values are found by quadratures of limited precision."""


@says("{n:int} finding(s) ({codes:text}) to keep in mind while reading.", "None of {checks:int} checks found a flaw.")
def _(study: Study, said: Said) -> Truths:
    found = [line for line in said.page["prose"].findings]
    checks = said.page["prose"].table("Findings", "code", "finding")
    return {"n": len(found), "codes": Names(list(dict.fromkeys(found))), "checks": len(checks)}


@says("Evidence ({n:int})")
def _(study: Study, said: Said) -> Truths:
    lines = [each for each in said.page["prose"].lines if each.number > said.line.number and each.card == said.line.card]
    same = [each for each in lines if (each.finding, each.block) == (said.line.finding, said.line.block + 1)]
    return {"n": len(same)}


# Runs -------------------------------------------------------------------------------------------------


@says("{n:int} run(s) {were:was|were} declared but {how:not run|failed}.")
def _(study: Study, said: Said) -> Truths:
    status = "missing" if said["how"] == "not run" else "failed"
    n = sum(run.status == status for run in study.own)
    return {"n": n, "were": "was" if n == 1 else "were", "how": said["how"]}


@says("{who}[ ({case})][ seed={seed:int}][ ({role:noise|confirm})]: {reason:text}")
def _(study: Study, said: Said) -> Truths:
    runs = [
        run for run in study.own if (run.status == "missing") == (run.reason == said["reason"]) or run.status == "failed"
    ]  # fmt: skip
    return next(_named(run, said) | {"reason": run.reason} for run in runs if run.reason and _is(run, said))


def _is(run: Run, said: Said) -> bool:
    seed = said.get("seed")
    return (run.label, run.case or None, run.role) == (said["who"], said.get("case"), said.get("role") or "search") and (
        seed is None or str(run.seed) == seed
    )


def _named(run: Run, said: Said) -> dict[str, Truth]:
    return {"who": run.label, "case": run.case or None, "seed": run.seed if said.get("seed") else None,
            "role": said.get("role")}  # fmt: skip


@says(
    "{n:int} {have:configuration has|configurations have} fewer finished runs than the others, which have {most:int}.",
    "{who}[ ({case})]: {runs:int} run(s) of {most:int}",
)
def _(study: Study, said: Said) -> Truths:
    counts = _finished(study)
    most = max(counts.values())
    fewer = {key: n for key, n in counts.items() if 0 < n < most}
    n = len({configuration for configuration, _ in fewer})
    have = "configuration has" if n == 1 else "configurations have"
    if "who" not in said.parts:
        return {"n": n, "have": have, "most": most}
    configuration = _id(study, said["who"])
    return {"who": said["who"], "case": said.get("case"), "most": most,
            "runs": fewer[configuration, said.get("case") or ""]}  # fmt: skip


def _finished(study: Study) -> dict[tuple[str, str], int]:
    """Rows that a seed can change -> finished runs of the search."""
    found: dict[tuple[str, str], int] = {}
    for run in study.own:
        if run.role == "search" and run.seed is not None:
            key = run.configuration, run.case
            found[key] = found.get(key, 0) + (run.status == "finished")
    return found


def _id(study: Study, label: str) -> str:
    return next(each for each in study.configurations if label in (study.name(each), each))


@says("{n:int} {have:configuration has|configurations have} one replicate: no spread can be given, and gaps between "
      "them may be noise.")  # fmt: skip
def _(study: Study, said: Said) -> Truths:
    n = len({configuration for (configuration, _), runs in _finished(study).items() if runs == 1})
    return {"n": n, "have": "configuration has" if n == 1 else "configurations have"}


@says("{who}[ ({case})]")
def _(study: Study, said: Said) -> Truths:
    """Evidence that is a name alone: of T302, a row with one run."""
    key = _id(study, said["who"]), said.get("case") or ""
    assert said.line.finding != "T302" or _finished(study)[key] == 1
    return {"who": said["who"], "case": said.get("case")}


# Parameters -------------------------------------------------------------------------------------------


@says(
    "{metric} on {split}: F = {f} ({one:int}, {two:int}), {chance}; a range above {seen} between its values would have "
    "been seen, and the configurations range over {range}"
)
def _(study: Study, said: Said) -> Truths:
    titles = [each.text for each in said.page["prose"].lines if each.finding == "T201" and each.number < said.line.number]
    about = next(text for text in reversed(titles) if " has no measurable effect on " in text)
    subject = re.fullmatch(r"(\S+)(?: \((.+?)\))? has no measurable effect on .*", about)
    alternative, column = subject[2] or "", (said["metric"], said["split"])
    inside = [each for each in study.held("search") if study.configurations[each].alternative == alternative]
    means = [study.score(each, *column).mean for each in inside]
    return {"metric": column[0], "split": column[1], **evidence(study, said, alternative, path(study, subject[1]), column),
            "range": max(means) - min(means)}  # fmt: skip


@says("{n:int} parameters of best configurations lie at the edge of the values tried: a better one may lie beyond.")
def _(study: Study, said: Said) -> Truths:
    lines = [each.text for each in said.page["prose"].lines if each.finding == said.line.finding]
    return {"n": sum(" is the smallest of " in text or " is the largest of " in text for text in lines)}


@says("{who}: {parameter} {value} is the {end:smallest|largest} of {values:text}")
def _(study: Study, said: Said) -> Truths:
    here = study.configurations[_id(study, said["who"])]
    name = path(study, said["parameter"])
    tried = _tried(study, here, name)
    mine = float(here.parameters[name])
    return {"who": said["who"], "parameter": said["parameter"], "value": mine,
            "end": "smallest" if mine == tried[0] else "largest" if mine == tried[-1] else "neither",
            "values": ", ".join(f"{each:g}" for each in tried)}  # fmt: skip


def _tried(study: Study, here: Run, name: str) -> list[float]:
    """The values of a parameter that were tried with all others as they are here."""
    others = [{**each.parameters, name: None} for each in study.configurations.values()]
    same = [run for run, other in zip(study.configurations.values(), others, strict=True)
            if run.alternative == here.alternative and other == {**here.parameters, name: None}]  # fmt: skip
    return sorted({float(run.parameters[name]) for run in same})


@says("Way out: try the next value, where the parameter can have it: {beyond:text}")
def _(study: Study, said: Said) -> Truths:
    lines = [each for each in said.page["prose"].lines if each.finding == said.line.finding]
    edges = [re.match(r"(.+): (\S+) \S+ is the (smallest|largest) of ", each.text) for each in lines]
    found = dict.fromkeys(_beyond(study, each) for each in edges if each)

    def check(printed: str) -> str:
        parts = [part.split() for part in printed.split(", ")]
        right = len(parts) == len(found) and all(
            part[0] == name and abs(float(part[1]) - number) <= 5e-3 * abs(number)
            for part, (name, number) in zip(parts, found, strict=True)
        )
        return "" if right else ", ".join(f"{name} {number:g}" for name, number in found)

    return {"beyond": check}


def _beyond(study: Study, edge: re.Match[str]) -> tuple[str, float]:
    """The next value after an edge: at an equal ratio where neighbours are a factor of two apart, else as far on."""
    name = path(study, edge[2])
    tried = _tried(study, study.configurations[_id(study, edge[1])], name)
    one, two = (tried[0], tried[1]) if edge[3] == "smallest" else (tried[-1], tried[-2])
    apart = [max(a / b, b / a) for a, b in zip(tried, tried[1:], strict=False) if a * b > 0]
    ratios = len(apart) == len(tried) - 1 and min(apart) >= 2
    return name, one * one / two if ratios else 2 * one - two


# Gaps -------------------------------------------------------------------------------------------------


def _ties(study: Study) -> tuple[list[str], dict[str, Gap]]:
    """Who was compared, best first; and who is not told apart from the best, the nearest first."""
    whole = study.whole(study.role)
    gaps = against_best([study.chosen_by(each, study.role) for each in whole], study.way(study.metric))
    tied = {each: gap for each, gap in list(zip(whole, gaps, strict=True))[1:] if gap is not None and not gap.apart}
    return whole, dict(sorted(tied.items(), key=lambda each: abs(each[1].mean)))


@says(
    "{who}, the best of {n:int} configuration(s)[{fresh: on fresh seeds}], is not told apart from {tied:int} other(s): "
    "the smallest gap of {metric} on {split} is {gap}."
)
def _(study: Study, said: Said) -> Truths:
    whole, tied = _ties(study)
    return {"who": study.name(whole[0]), "n": len(whole), "fresh": " on fresh seeds" if study.role == "confirm" else None,
            "tied": len(tied), "metric": study.metric, "split": study.split,
            "gap": min(abs(gap.mean) for gap in tied.values())}  # fmt: skip


@says("{who}: {gap} behind, with an interval from {low} to {high} (n = {n:int})")
def _(study: Study, said: Said) -> Truths:
    gap = _ties(study)[1][_id(study, said["who"])]
    slack = SLACK * (gap.high - gap.low) / 2
    return {"who": said["who"], "gap": abs(gap.mean), "low": within(gap.low, slack), "high": within(gap.high, slack),
            "n": gap.n}  # fmt: skip


def within(truth: float, slack: float) -> Truth:
    """A number that may differ by so much, beside rounding."""

    def check(printed: str) -> str:
        near = abs(value(printed) - truth) <= 0.5 * unit(printed) * (1 + 1e-6) + slack
        return "" if near else f"{truth:.6g}"

    return check


@says("and {n:int} more")
def _(study: Study, said: Said) -> Truths:
    return {"n": len(_ties(study)[1]) - 5}


@says("{rule:text} decides between them[: {who}]")
def _(study: Study, said: Said) -> Truths:
    by = study.overruled.configuration if study.overruled else Judged(study, study.role).order[0]
    return {"rule": study.rule, "who": study.name(by)}


# Scores -----------------------------------------------------------------------------------------------


@says("{n:int} run(s) {score:scores|score} as a predictor would that does not look at its input.")
def _(study: Study, said: Said) -> Truths:
    n = len({run.id for run in study.own if _constants(run)})
    return {"n": n, "score": "scores" if n == 1 else "score"}


@says(
    "{who}[ ({case})][ seed={seed:int}][ ({role:noise|confirm})]: {metric} on {split} is {level} on each of {n:int} "
    "items[{end:, the worst there is}]"
)
def _(study: Study, said: Said) -> Truths:
    run = next(run for run in study.own if _is(run, said))
    items = run.items[said["metric"], said["split"]]
    level = next(iter(items.values()))
    assert set(items.values()) == {level}
    return {**_named(run, said), "metric": said["metric"], "split": said["split"], "level": level, "n": len(items),
            "end": ", the worst there is" if level == 0 and study.way(said["metric"]) > 0 else None}  # fmt: skip


def _constants(run: Run) -> list[tuple[str, str]]:
    """Scores that are the same on three items or more, and not the best that there is."""
    return [key for key, items in run.items.items() if len(items) >= 3 and len(set(items.values())) == 1
            and next(iter(items.values())) != 1]  # fmt: skip


@says("{what:text} chosen on {split} in {n:int} run(s)")
def _(study: Study, said: Said) -> Truths:
    n = len([run for run in study.own if run.settings])
    return {"what": said["what"], "split": said["split"], "n": n}


@says("{differing:int} of {n:int} equal run(s) that {was:was|were} executed again {end:ends|end} otherwise, by up to {most}.")
def _(study: Study, said: Said) -> Truths:
    from runs_said import _largest

    largest = [_largest(one, other) for one, other in repeated(study)]
    differing = sum(each > 0 for each in largest)
    return {"differing": differing, "n": len(largest), "was": "was" if len(largest) == 1 else "were",
            "end": "ends" if differing == 1 else "end", "most": max(largest)}  # fmt: skip


@says("compared: {n:int} value(s) over all metrics and items")
def _(study: Study, said: Said) -> Truths:
    n = 0
    for one, other in repeated(study):
        n += len(one.scores.keys() & other.scores.keys())
        n += sum(len(one.items[key].keys() & other.items[key].keys()) for key in one.items.keys() & other.items.keys())
    return {"n": n}


@says("spread of {metric} on {split} between replicates (sd): {sd}")
def _(study: Study, said: Said) -> Truths:
    return {"metric": study.metric, "split": study.split, "sd": noise(study, study.metric, study.split)[0]}


# Controls ---------------------------------------------------------------------------------------------


class Control:
    """A decision of another study that was run again here: its scores there and here, case by case."""

    def __init__(self, study: Study, label: str, source: str) -> None:
        self.study, self.source = study, study.others[source]
        there = self.source
        here = [run for run in study.runs if run.role == "control" and run.label == label]
        ids = {run.configuration for run in here} & set(there.configurations)
        (self.configuration,) = ids
        here = [run for run in here if run.configuration == self.configuration]
        role = there.role if self.configuration in there.held(there.role) else "search"
        before = [run for run in there.own if (run.configuration, run.role, run.repeat) == (self.configuration, role, 0)]
        self.metric, self.split = there.metric, there.split
        sides = [self._by_case(before), self._by_case(here)]
        self.both = {case: (sides[0][case], sides[1][case]) for case in sides[1] if case in sides[0]}

    def _by_case(self, runs: list[Run]) -> dict[str, dict]:
        found: dict[str, dict] = {}
        for run in runs:
            if (self.metric, self.split) in run.scores:
                found.setdefault(run.case, {}).setdefault(run.seed, run.scores[self.metric, self.split])
        return found

    @property
    def means(self) -> tuple[float, float]:
        return tuple(float(np.mean([np.mean(list(each[at].values())) for each in self.both.values()])) for at in (0, 1))

    @property
    def n(self) -> tuple[int, int]:
        return tuple(min(len(each[at]) for each in self.both.values()) for at in (0, 1))

    @property
    def shared(self) -> list[tuple[float, float]]:
        return [(before[seed], here[seed]) for before, here in self.both.values() for seed in before if seed in here]

    @property
    def equal(self) -> bool:
        return bool(self.shared) and all(one == other for one, other in self.shared)

    @property
    def half(self) -> float | None:
        """Half of the interval of the difference, by the spread within configurations of both studies."""
        own = {(run.configuration, run.case) for run in self.study.own}
        rows: dict[tuple, dict] = {}
        for where, runs in (("here", self.study.runs), ("there", self.source.own)):
            for run in runs:
                key = where, run.configuration, run.case, run.role
                inside = where == "here" and (run.role != "control" or (run.configuration, run.case) not in own)
                carried = where == "there" and run.configuration == self.configuration and run.role == self._role
                if run.repeat == 0 and (inside or carried) and (self.metric, self.split) in run.scores:
                    rows.setdefault(key, {})[run.seed] = run.scores[self.metric, self.split]
        found = pooled(Score(values, len(values)) for values in rows.values())
        if found is None or found[1] < 2:
            return None
        variance = sum(1 / len(a) + 1 / len(b) for a, b in self.both.values()) / len(self.both) ** 2
        return float(stats.t.ppf(0.975, found[1])) * found[0] * math.sqrt(variance)

    @property
    def _role(self) -> str:
        there = self.source
        return there.role if self.configuration in there.held(there.role) else "search"


SCORES = "{metric} on {split} was {before} there and is {here} here (n = {n1:int} and {n2:int})"


@says(
    "{who} of {source} {verb:reproduced}: {same:int} common {has:run has the same score|runs have the same scores}, to "
    f"the last digit; {SCORES}.",
    "{who} of {source} {verb:reproduced|did not reproduce}: " + SCORES + "; the difference is {gap}, with a 95 % interval "
    "from {low} to {high}.",
    "{who} of {source} {verb:cannot be judged}: " + SCORES + ", and too little is known of the spread between replicates "
    "to judge the difference.",
)
def _(study: Study, said: Said) -> Truths:
    control = Control(study, said["who"], said["source"])
    before, here = control.means
    half = control.half
    verb = "reproduced" if control.equal else "cannot be judged" if half is None else (
        "reproduced" if abs(before - here) <= half else "did not reproduce")  # fmt: skip
    same = len(control.shared)
    ends: Mapping[str, float] = {} if half is None else {"low": before - here - half, "high": before - here + half}
    assert control.equal == ("same" in said.parts)
    return {"who": said["who"], "source": said["source"], "verb": verb, "same": same, "gap": before - here, **ends,
            "has": "run has the same score" if same == 1 else "runs have the same scores", "metric": control.metric,
            "split": control.split, "before": before, "here": here, "n1": control.n[0], "n2": control.n[1]}  # fmt: skip


@says("{words:there|here}[ ({case})]: {values:text}")
def _(study: Study, said: Said) -> Truths:
    titles = [each.text for each in said.page["prose"].lines if each.finding == "T601" and each.number < said.line.number]
    about = next(each for each in (re.match(r"(.+?) of (\S+) did not", text) for text in reversed(titles)) if each)
    before, here = Control(study, about[1], about[2]).both[said.get("case") or ""]
    values = before if said["words"] == "there" else here
    from printed_numbers import NUMBER, Values

    pattern = ", ".join(rf"{'the run' if seed is None else f'seed={seed}'}: ({NUMBER})" for seed in values)
    return {"words": said["words"], "case": said.get("case"), "values": Values(pattern, list(values.values()))}


__all__ = ["distinct"]
