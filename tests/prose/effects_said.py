"""What parameters do, in words: F, p, ranges, interactions, and how they were judged."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from patterns import Said, Truths, always, says
from printed_numbers import NUMBER, Chance, Names, Truth, Values, unit, value, wrong
from raw_scores import Study
from what_matters import Model, Tested

LEVEL, LISTED = 0.05, 3

always(
    "What would have been seen: the smallest range between level means that is found with 80 % power at 5 %.",
    "Means are adjusted: what they would be had all runs this level.",
)


@lru_cache(maxsize=64)
def model(study: Study, metric: str, split: str, alternative: str = "") -> Model:
    """The least-squares model of a score."""
    return Model(study, metric, split, alternative)


@lru_cache(maxsize=256)
def main(study: Study, metric: str, split: str, alternative: str, parameter: str) -> Tested:
    return model(study, metric, split, alternative).main(parameter)


def path(study: Study, said: str) -> str:
    """A parameter by its short name."""
    (found,) = [each for each in study.parameters if said in (each, each.rsplit(".", 1)[-1])]
    return found


def alternative_of(study: Study, said: Said, parameter: str) -> str:
    """The alternative that a sentence is about: the one that varies the parameter and fits what is printed."""
    names = dict.fromkeys(run.alternative for run in study.own)
    varied = [each for each in names if parameter in model(study, study.metric, study.split, each).levels]
    titles = [
        line.text for line in said.page["prose"].lines if line.number < said.line.number and line.card == "Effects"
    ]
    named = [title for title in titles if title in names]
    return named[-1] if named and named[-1] in varied else varied[0]


def agreed(study: Study, said: Said, key: tuple[str, ...], chance: Chance) -> Truth:
    """A p-value, and that it is the same wherever the page gives it."""
    told: dict = said.page.setdefault("chances", _beside(study, said))

    def check(printed: str) -> str:
        differing = [each for each in told.setdefault(key, []) if not _alike(each, printed)]
        told[key] += [] if differing else [printed]
        return wrong(printed, chance) or (f"{differing[0]}, as elsewhere on the page" if differing else "")

    return check


def _beside(study: Study, said: Said) -> dict[tuple[str, ...], list[str]]:
    """The p-values of the table of every metric."""
    rows = said.page["prose"].table("Effects", "parameter", "metric", "p")
    found: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        printed = row["p"] if row["p"].startswith("<") else f"= {row['p']}"
        found.setdefault((path(study, row["parameter"]), row["metric"], row["split"], row["alternative"]), []).append(
            f"p {printed}"
        )
    return found


def _alike(one: str, other: str) -> bool:
    """Whether two printed p-values can be of one number."""
    (sign, a), (other_sign, b) = one.split()[1:], other.split()[1:]
    if sign == other_sign == "=":
        return abs(value(a) - value(b)) < 0.5 * (unit(a) + unit(b)) * (1 - 1e-6)
    low = min(value(a), value(b)) if sign != other_sign else 0.0
    return sign == other_sign or low <= max(value(a), value(b))


# Sentences --------------------------------------------------------------------------------------------


@says("By {metric} on {split}: {told:text}.")
def _(study: Study, said: Said) -> Truths:
    """`alpha matters, no effect of rank was measurable`; with alternatives, one part for each."""
    parts, split = [], said["split"]
    assert split == study.split or split in study.splits
    names = list(dict.fromkeys(run.alternative for run in study.own))
    judged = [each for each in names if model(study, study.metric, split, each).levels]
    for each in judged:
        levels = model(study, study.metric, split, each).levels
        does = {name: main(study, study.metric, split, each, name) for name in levels}
        printed = {name: _matters(study, said, (each, name, split), found) for name, found in does.items()}
        parts.append((each, [n for n, yes in printed.items() if yes], [n for n, yes in printed.items() if not yes]))
    return {"metric": study.metric, "split": split, "told": _summary(study, parts, alone=len(judged) == 1)}


def _matters(study: Study, said: Said, what: tuple[str, str, str], found: Tested) -> bool:
    """By p; where the draws of page and test leave it open, as the sentence about the parameter says, or the table."""
    alternative, name, split = what
    if model(study, study.metric, split, alternative).equal(name) or found.f is None:
        return False
    if abs(found.p.p - LEVEL) > found.p.error:
        return found.p.p < LEVEL
    short = name.rsplit(".", 1)[-1]
    if split != study.split:
        told = _beside(study, said)[name, study.metric, split, alternative][0].removeprefix("p ").split()
        return told[0] == "<" or value(told[1]) < LEVEL
    return any(line.text.startswith(f"{short} matters for") for line in said.page["prose"].lines)


def _summary(study: Study, parts: Sequence[tuple[str, list[str], list[str]]], *, alone: bool) -> str:
    told = []
    for alternative, *both in parts:
        yes, no = ([each.rsplit(".", 1)[-1] for each in names] for names in both)
        said = [f"{_and(yes)} {'matters' if len(yes) == 1 else 'matter'}"] if yes else []
        said += [f"no effect of {_and(no)} was measurable"] if no else []
        told.append(("" if alone or not alternative else f"in {alternative}, ") + ", ".join(said))
    return "; ".join(told)


def _and(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


@says(
    "{parameter} has no measurable effect on {metric}: F = {f}, {chance}; a range above {seen} would have been seen.",
    "{parameter} matters for {metric}: {course:text}, a range of {range} (F = {f}, {chance}, eta² = {eta2}).",
)
def _(study: Study, said: Said) -> Truths:
    name = path(study, said["parameter"])
    alternative = alternative_of(study, said, name)
    found = main(study, study.metric, study.split, alternative, name)
    here = model(study, study.metric, study.split, alternative)
    means = here.means(name)
    assert (found.p.p < LEVEL) == ("range" in said.parts) or abs(found.p.p - LEVEL) < found.p.error
    chance = agreed(study, said, (name, study.metric, study.split, alternative), found.p)
    return {"parameter": said["parameter"], "metric": study.metric, "f": found.f, "chance": chance,
            "seen": here.seen(name), "range": max(means) - min(means), "eta2": found.eta2,
            "course": _course(here.levels[name], means)}  # fmt: skip


def _course(levels: Sequence[object], means: Sequence[float]) -> Values:
    """`0.571 at 1, 0.580 at 4`; of many levels the lowest and the highest."""
    both = list(zip(levels, means, strict=True))
    if len(both) > LISTED:
        ends = min(means), max(means)
        both = [each for each in both if each[1] in ends]
    pattern = ", ".join(rf"({NUMBER}) at {re.escape(_written(level))}" for level, _ in both)
    return Values(pattern, [mean for _, mean in both])


def _written(level: object) -> str:
    if isinstance(level, bool):
        return str(level).lower()
    return f"{level:g}" if isinstance(level, float) else str(level)


@says(
    "{parameter} does nothing to {metric}: in {n:int} group(s) of runs that differ in it alone, all scores are equal "
    "to the last digit."
)
def _(study: Study, said: Said) -> Truths:
    name = path(study, said["parameter"])
    here = model(study, study.metric, study.split, alternative_of(study, said, name))
    return {"parameter": said["parameter"], "metric": study.metric, "n": here.equal(name)}


@says(
    "No interaction of {parameter} and {other:parameter} was measurable: F = {f}, {chance}.",
    "What {parameter} does to {metric} depends on {other:parameter}: F = {f}, {chance}, eta² = {eta2}.",
)
def _(study: Study, said: Said) -> Truths:
    name = path(study, said["parameter"])
    other = said["other"] if said["other"] in study.case_fields else path(study, said["other"])
    alternative = alternative_of(study, said, name)
    found = _together(study, alternative, name, other)
    assert (found.p.p < LEVEL) == ("eta2" in said.parts) or abs(found.p.p - LEVEL) < found.p.error
    chance = agreed(study, said, (name, other, study.metric, study.split, alternative), found.p)
    return {"parameter": said["parameter"], "other": said["other"], "metric": study.metric, "f": found.f,
            "chance": chance, "eta2": found.eta2}  # fmt: skip


@lru_cache(maxsize=256)
def _together(study: Study, alternative: str, one: str, other: str) -> Tested:
    return model(study, study.metric, study.split, alternative).interaction(one, other)


@says(
    "The {runs:int} runs leave no error to judge by: as many numbers describe their blocks and levels.",
    "{n:int} {have:configuration has|configurations have} a value, and no parameter has two levels among them.",
)
def _(study: Study, said: Said) -> Truths:
    sizes = [
        (len(m.y), len({run.configuration for run in m.runs}), np.linalg.matrix_rank(m.all_but()))
        for m in _models(study)
    ]
    runs, n, needed = next(
        each for each in sizes if str(each["runs" not in said.parts]) == (said.get("runs") or said["n"])
    )
    assert "runs" not in said.parts or runs <= needed
    return {"runs": runs, "n": n, "have": "configuration has" if n == 1 else "configurations have"}


def _models(study: Study) -> list[Model]:
    names = dict.fromkeys(run.alternative for run in study.own)
    return [model(study, study.metric, study.split, each) for each in names]


@says("{n:int} run(s) {have:has|have} no value and no part in this.")
def _(study: Study, said: Said) -> Truths:
    n = sum(
        run.role == "search" and run.repeat == 0 and (study.metric, study.split) not in run.scores for run in study.own
    )
    return {"n": n, "have": "has" if n == 1 else "have"}


# How it was judged ------------------------------------------------------------------------------------


@says("Each parameter is judged with all others taken out[, and with these blocks: {blocks:text}].")
def _(study: Study, said: Said) -> Truths:
    blocks = set()
    for each in dict.fromkeys(run.alternative for run in study.own):
        here = model(study, study.metric, study.split, each)
        if here.levels:
            seeds = zip(here.runs, here.seeds, strict=True)
            blocks |= {f"{run.case} seed={seed}" if seed is not None else run.case for run, seed in seeds}
    blocks = sorted(each.strip() for each in blocks if each.strip())
    return {"blocks": Names(blocks) if blocks else None}


@says(
    "p is the share[ of {counts:text} rearrangements] of the scores that do as well by chance; below 0.05 a parameter "
    "matters."
)
def _(study: Study, said: Said) -> Truths:
    counts = set()
    for each in dict.fromkeys(run.alternative for run in study.own):
        here = model(study, study.metric, study.split, each)
        counts |= {here.rearrangements(name) for name in here.levels} - {0}
    return {"counts": Names([f"{each:,}" for each in sorted(counts)]) if counts else None}


def evidence(
    study: Study, said: Said, alternative: str, parameter: str, column: tuple[str, str]
) -> Mapping[str, Truth]:
    """F, its degrees of freedom, p and what would have been seen, of one parameter on one metric and split."""
    found = main(study, *column, alternative, parameter)
    chance = agreed(study, said, (parameter, *column, alternative), found.p)
    here = model(study, *column, alternative)
    return {"f": found.f, "one": found.df[0], "two": found.df[1], "chance": chance, "seen": here.seen(parameter)}
