"""Rules of several measures, in words: the front of some objectives, and weighted means."""

import re

from answers_said import spread
from judged_again import COSTS
from patterns import Said, Truths, says
from printed_numbers import NUMBER, Names, Values
from raw_scores import Study
from rules_said import SIMPLER, judged, names, simpler, where

UNITS = {"seconds": " s", "cpu_seconds": " s", "peak_memory_gb": " GB"}


@says(
    "{n:int} of {of:int} candidate(s) {are:is|are} on the front of {objectives:text}, where none other is as good in "
    "all and better in one: {names:text}."
)
def _(study: Study, said: Said) -> Truths:
    by = judged(study, "pareto")
    ways = [
        f"{name} ({'more' if name not in COSTS and study.way(name) > 0 else 'less'} is better)"
        for name in study.argument
    ]
    return {"n": len(by.front), "of": len(by.able), "are": "is" if len(by.front) == 1 else "are",
            "objectives": " and ".join(ways), "names": names(study, by.front)}  # fmt: skip


@says(
    "{who} is taken, the simplest by {prefer:text}: {values:text}.",
    "{who} is taken, the best mean of {metric} on {split}, {score}: {values:text}.",
    "{who} has {values:text}.",
)
def _(study: Study, said: Said) -> Truths:
    by = judged(study, "pareto")
    who = by.order[0]
    found = by.objectives(who)
    pattern = ", ".join(rf"{re.escape(name)} ({NUMBER}){UNITS.get(name, '')}" for name in found)
    numbers = [int(value) if name == "trainable_parameters" else value for name, value in found.items()]
    return {**where(study), "who": study.name(who), "values": Values(pattern, numbers),
            "prefer": Names([name for name, _ in study.prefer]), "score": spread(by.score[who])}  # fmt: skip


@says("{who} has the best mean of these, {score}[; " + SIMPLER + " of {who}].")
def _(study: Study, said: Said) -> Truths:
    by = judged(study, "pareto")
    best = min(by.front, key=by.better)
    assert best != by.order[0]
    return {"who": study.name(best), "score": spread(by.score[best]), **simpler(study, by.order[0], best)}


# Weights ----------------------------------------------------------------------------------------------


@says(
    "{who} has the {most:highest|lowest} weighted mean {formula:text} on {split}, {score}, of {n:int} candidate(s).",
    "Next is {who} with {score}.",
)
def _(study: Study, said: Said) -> Truths:
    by = judged(study, "weights")
    who = by.order["split" not in said.parts]
    weights = study.argument
    terms = [f"{'- ' if study.way(name) < 0 else '+ ' if at else ''}{weight:g} × {name}"
             for at, (name, weight) in enumerate(weights.items())]  # fmt: skip
    return {"who": study.name(who), "most": "highest", "formula": f"({' '.join(terms)}) / {sum(weights.values()):g}",
            "split": study.split, "score": spread(by.weighted(who)), "n": len(by.able)}  # fmt: skip


@says("The best mean of {metric} on {split} is that of {who}, {mean}; {other:who} has {less}.")
def _(study: Study, said: Said) -> Truths:
    by = judged(study, "weights")
    return {**where(study), "who": study.name(by.best), "mean": by.score[by.best].mean,
            "other": study.name(by.order[0]), "less": by.score[by.order[0]].mean}  # fmt: skip
