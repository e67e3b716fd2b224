"""Why a rule chose: the evidence of each rule, one sentence each."""

from collections import Counter
from collections.abc import Sequence

from answers_said import chosen, spread
from judged_again import COSTS, Judged, costs, decision, sd_interval, unmet
from patterns import Said, Truths, always, says
from printed_numbers import Names, Values
from raw_scores import Run, Study
from told_apart import against_best

SIMPLER = "[{cost:text} {one:text} against {two:text}[ ({less} % less)]]"
always(
    "Its mean is the best, too.",
    "Of these the best is the simplest too.",
    "Nothing tells which of these is simpler.",
    "Common replicates do not set the two apart.",
    "With one replicate the rule cannot judge noise: a rerun may order the configurations otherwise.",
    "The finalists have not been run on fresh seeds: the best of many searched scores is too good.",
)


def judged(study: Study, *rules: str) -> Judged:
    """The decision by the runs that it compares; `rules`: those that a sentence can be about."""
    by = decision(study, study.role)
    assert not rules or by.rule in rules, by.rule
    return by


def where(study: Study) -> Truths:
    return {"metric": study.metric, "split": study.split}


def names(study: Study, configurations: Sequence[str]) -> Names:
    return Names([study.name(each) for each in configurations])


@says(
    "{who} has the {most:highest|lowest} mean of {metric} on {split}, {score}, of {n:int} candidate(s).",
    "{who} is the only candidate: its mean of {metric} on {split} is {score}.",
)
def _(study: Study, said: Said) -> Truths:
    by = judged(study)
    most = "highest" if by.way > 0 else "lowest"
    return {**where(study), "who": study.name(by.best), "most": most, "score": spread(by.score[by.best]),
            "n": len(by.able)}  # fmt: skip


@says("Next is {who} with {score}, {gap} {worse:less|more}.", "Next is {who} with {score}, no different.")
def _(study: Study, said: Said) -> Truths:
    by = judged(study)
    second = by.order[1]
    return {"who": study.name(second), "score": spread(by.score[second]), "gap": by.behind(second),
            "worse": "less" if by.way > 0 else "more"}  # fmt: skip


@says(
    "It is separated from the other one[ of the {compared:int} that share replicates with it].",
    "It is separated from all {n:int} others[ of the {compared:int} that share replicates with it].",
    "It is not separated from {tied:int} other(s)[ of the {compared:int} that share replicates with it]: {names:text}.",
    "{who} is separated from the other one[ of the {compared:int} that share replicates with it].",
    "{who} is separated from all {n:int} others[ of the {compared:int} that share replicates with it].",
    "{who} is not separated from {tied:int} other(s)[ of the {compared:int} that share replicates with it]: "
    "{names:text}.",
)
def _(study: Study, said: Said) -> Truths:
    by = judged(study)
    best, others = _compared(by)
    scores = {each: by.weighted(each) if by.rule == "weights" else by.score[each] for each in (best, *others)}
    gaps = dict(zip(scores, against_best(list(scores.values()), by.way), strict=True))
    known = [each for each in others if gaps[each] is not None]
    tied = [each for each in known if not gaps[each].apart]
    assert bool(tied) == ("tied" in said.parts)
    assert tied or len(known) == 1 or said.get("n")
    return {"who": study.name(best), "n": len(known), "tied": len(tied), "names": names(study, tied),
            "compared": None if len(known) == len(others) else len(known)}  # fmt: skip


def _compared(by: Judged) -> tuple[str, list[str]]:
    if by.rule == "one-standard-error":
        return by.best, [each for each in by.able if each != by.best]
    return by.order[0], by.order[1:]


@says("The simplest of these is {who}: " + SIMPLER + "; best-mean does not weigh that.")
def _(study: Study, said: Said) -> Truths:
    by = judged(study)
    gaps = by.gaps(by.order)
    level = [each for each in by.order if each == by.best or (gaps[each] is not None and not gaps[each].apart)]
    simplest = min(level, key=lambda each: (by.simple[each], each))
    return {"who": study.name(simplest), **simpler(study, simplest, by.best)}


def simpler(study: Study, one: str, two: str) -> Truths:
    """By what one is simpler than another: the first thing that is preferred in which they differ."""
    for name, _ in study.prefer or [("trainable_parameters", "low")]:
        a, b = (_preferred(study, each, name) for each in (one, two))
        if a is not None and b is not None and a != b:
            less = min(100 * (1 - a / b), 99.99) if 0 <= a < b else None
            return {"cost": name, "one": _amount(name, a), "two": _amount(name, b), "less": less}
    return {"cost": None, "one": None, "two": None, "less": None}


def _preferred(study: Study, configuration: str, name: str) -> float | None:
    known = costs(study, configuration) if name in COSTS else study.configurations[configuration].parameters
    value = known.get(name)
    return float(value) if isinstance(value, int | float) else None


def _amount(name: str, value: float) -> Values:
    unit = {"seconds": " s", "cpu_seconds": " s", "peak_memory_gb": " GB"}.get(name, "")
    return Values(rf"(\S+){unit}", [int(value) if value.is_integer() else value])


# One standard error -----------------------------------------------------------------------------------


@says(
    "One standard error of that is {error}: {sd}, the pooled sd of the {n:int} configuration(s) that {has:has|have} "
    "replicates, over the square root of {runs:int}.",
    "One standard error of that is {error}: {sd}, the sd of {centre:who} between {seeds:int} seeds of its own, over "
    "the square root of {runs:int}.",
)
def _(study: Study, said: Said) -> Truths:
    by = judged(study, "one-standard-error")
    spread_of = [(each, study.chosen_by(each, role).sd) for role in ("search", "confirm") for each in study.held(role)]
    n = len({each for each, sd in spread_of if sd is not None})
    found = {"error": by.error, "sd": by.noise, "n": n, "has": "has" if n == 1 else "have", "runs": by.score[by.best].n}
    centre = study.held("noise")
    if centre and not n:
        found |= {"centre": study.name(centre[0]), "seeds": study.chosen_by(centre[0], "noise").n}
    return found


@says(
    "No other is within it, {bound} or {more:more|less}: so the best mean is taken.",
    "{n:int} further {are:candidate is|candidates are} within it, {bound} or {more:more|less}: {names:text}.",
)
def _(study: Study, said: Said) -> Truths:
    by = judged(study, "one-standard-error")
    others = sorted((each for each in by.within if each != by.best), key=by.better)
    assert bool(others) == ("n" in said.parts)
    return {"bound": by.score[by.best].mean - by.way * by.error, "more": "more" if by.way > 0 else "less",
            "n": len(others), "are": "candidate is" if len(others) == 1 else "candidates are",
            "names": names(study, others)}  # fmt: skip


@says(
    "The simplest of these is taken, {who}[: " + SIMPLER + "]; it is {gap} {worse:less|more}.",
    "The simplest of these is taken, {who}[: " + SIMPLER + "]; it is no different.",
)
def _(study: Study, said: Said) -> Truths:
    by = judged(study, "one-standard-error")
    who = by.order[0]
    return {"who": study.name(who), **simpler(study, who, by.best), "gap": by.behind(who),
            "worse": "less" if by.way > 0 else "more"}  # fmt: skip


# Spreads ----------------------------------------------------------------------------------------------


@says(
    "{who} has the {most:highest|lowest} mean {sign:minus|plus} {k} sd of {metric} on {split}, {bound}, of {n:int} "
    "candidate(s): its mean is {score}."
)
def _(study: Study, said: Said) -> Truths:
    by = judged(study, "lower-bound", "most-stable")
    most, sign = ("highest", "minus") if by.way > 0 else ("lowest", "plus")
    return {**where(study), **_bound(study, by, by.order[0]), "most": most, "sign": sign, "k": by.k,
            "n": len(by.able)}  # fmt: skip


@says("Next is {who} with {bound}: {score}.", "The best mean, that of {who}, has {bound}: {score}.")
def _(study: Study, said: Said) -> Truths:
    by = judged(study, "lower-bound", "most-stable")
    return _bound(study, by, by.order[1] if said.line.text.startswith("Next") else by.best)


def _bound(study: Study, by: Judged, who: str) -> Truths:
    return {"who": study.name(who), "bound": by.number(who), "score": spread(by.score[who])}


@says(
    "{who} has the smallest sd of {metric} on {split}, {sd} (95 % interval {low} to {high}, n = {runs:int}), of "
    "{n:int} candidate(s); its mean is {mean}.",
    "The best mean, that of {who}, is {mean} with sd {sd} (95 % interval {low} to {high}, n = {runs:int}).",
)
def _(study: Study, said: Said) -> Truths:
    by = judged(study, "lower-bound", "most-stable")
    who = by.order[0] if "split" in said.parts else by.best
    score = by.score[who]
    low, high = sd_interval(score.sd, score.n - 1)
    return {**where(study), "who": study.name(who), "sd": score.sd, "low": low, "high": high, "runs": score.n,
            "n": len(by.able), "mean": score.mean}  # fmt: skip


@says(
    "The intervals overlap: that {who} is more stable is not shown, and it is {gap} {worse:lower|higher}.",
    "The intervals do not overlap; {who} is {gap} {worse:lower|higher}.",
)
def _(study: Study, said: Said) -> Truths:
    by = judged(study, "lower-bound", "most-stable")
    who = by.order[0]
    ends = {each: sd_interval(by.score[each].sd, by.score[each].n - 1) for each in (who, by.best)}
    assert (ends[who][1] >= ends[by.best][0]) == ("not shown" in said.line.text)
    return {"who": study.name(who), "gap": by.behind(who), "worse": "lower" if by.way > 0 else "higher"}


# Who was not chosen among, and what a person chose ----------------------------------------------------


@says("{n:int} configuration(s) {were:was|were} not chosen among, for what is required is not met: {failing:text}.")
def _(study: Study, said: Said) -> Truths:
    failing = {each: unmet(study, each, study.role) for each in study.whole(study.role)}
    failing = {each: found for each, found in failing.items() if found}
    each_of_them = [(each, *why) for each, found in failing.items() for why in found]
    pattern = [rf"{study.name(each)}: {text} \({name} is (.+?)\)" for each, text, name, _ in each_of_them]
    values = [value for *_, value in each_of_them]
    n = len(failing)
    listed = Values("(?:, )".join(pattern[:3]) + rf"(?: and {n - 3} more)?", values[:3])
    return {"n": n, "were": "was" if n == 1 else "were", "failing": listed}


@says("{n:int} configuration(s) {were:was|were} not chosen among, for {rule:text} cannot judge: {names:text}.")
def _(study: Study, said: Said) -> Truths:
    by = judged(study, "lower-bound", "most-stable")
    alone = [each for each in by.whole if by.score[each].sd is None]
    listed = Names([f"{study.name(each)} (n = {by.score[each].n}, so no spread)" for each in alone])
    return {"n": len(alone), "were": "was" if len(alone) == 1 else "were", "rule": study.rule, "names": listed}


@says("{who} has {score}, {gap} {worse:less|more} than {other:who}.")
def _(study: Study, said: Said) -> Truths:
    by, who = judged(study), chosen(study)
    gap = by.score[who].mean - by.score[by.order[0]].mean
    return {"who": study.name(who), "score": spread(by.score[who]), "gap": abs(gap), "other": study.name(by.order[0]),
            "worse": "less" if gap < 0 else "more"}  # fmt: skip


@says("{who} has {score} in the search alone: it was not run on fresh seeds.")
def _(study: Study, said: Said) -> Truths:
    who = chosen(study)
    assert who not in study.held("confirm")
    return {"who": study.name(who), "score": spread(study.chosen_by(who))}


@says("{n:int} configuration(s) {were:was|were} no candidate, for not every run has a value: {lacking:text}.")
def _(study: Study, said: Said) -> Truths:
    lacking = [each for each in study.ranked(study.role) if each not in study.whole(study.role)]
    listed = [f"{study.name(each)} ({'; '.join(_lacks(study, each))})" for each in lacking]
    return {"n": len(lacking), "were": "was" if len(lacking) == 1 else "were", "lacking": Names(listed)}


def _lacks(study: Study, configuration: str) -> list[str]:
    """Why runs have no value, case by case: `cells: 2 of 3 seeds: 1 diverged`."""
    found = []
    for case in study.cases:
        here = (configuration, case, study.role, 0)
        runs = [run for run in study.own if (run.configuration, run.case, run.role, run.repeat) == here]
        absent = [run for run in runs if (study.metric, study.split) not in run.scores]
        kinds = Counter(_kind(run) for run in absent)
        if len(absent) == len(runs) and len(kinds) == 1:
            why = next(iter(kinds))
        else:
            each = ", ".join(f"{n} {kind.removeprefix('failed: ')}" for kind, n in kinds.items())
            why = f"{len(runs) - len(absent)} of {len(runs)} seeds: {each}"
        found += [f"{case}: {why}" if case else why] if absent else []
    return found


def _kind(run: Run) -> str:
    if run.status == "failed":
        return f"failed: {run.reason.partition(':')[0]}"
    return "not run yet" if run.status == "missing" else "not scored"
