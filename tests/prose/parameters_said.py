"""What the findings say of parameters: one that does nothing, one whose best value is the last that was tried."""

import re
from itertools import pairwise

from effects_said import evidence, path
from findings_said import id_of, is_meant
from patterns import Said, Truths, says
from printed_numbers import wrong
from raw_scores import Run, Study


@says(
    "{metric} on {split}: F = {f} ({one:int}, {two:int}), {chance}; a range above {seen} between its values would have "
    "been seen, and the configurations range over {range}"
)
def _(study: Study, said: Said) -> Truths:
    titles = [
        each.text for each in said.page["prose"].lines if each.finding == "T201" and each.number < said.line.number
    ]
    about = next(text for text in reversed(titles) if " has no measurable effect on " in text)
    subject = re.fullmatch(r"(\S+)(?: \((.+?)\))? has no measurable effect on .*", about)
    alternative, column = subject[2] or "", (said["metric"], said["split"])
    inside = [each for each in study.held("search") if study.configurations[each].alternative == alternative]
    means = [study.score(each, *column).mean for each in inside]
    found = evidence(study, said, alternative, path(study, subject[1]), column)
    return {"metric": column[0], "split": column[1], **found, "range": max(means) - min(means)}


@says("{n:int} group(s) of runs compared, for example {who}[ ({case})] seed={seed:int} and {parameter}={level:text}")
def _(study: Study, said: Said) -> Truths:
    """Evidence of a parameter that has no effect at all: groups of runs that differ in it alone."""
    name = path(study, said["parameter"])
    groups: dict[tuple, set] = {}
    for run in study.own:
        if run.role == "search" and run.status == "finished" and run.repeat == 0:
            others = tuple((each, value) for each, value in run.parameters.items() if each != name)
            groups.setdefault((run.alternative, run.case, run.seed, others), set()).add(run.parameters.get(name))
    here = study.configurations[id_of(study, said["who"])]
    tried = {_text(run.parameters[name]) for run in study.own if run.alternative == here.alternative}
    assert said["level"] in tried
    return {"n": sum(len(values) > 1 for values in groups.values()), "who": said["who"], "case": said.get("case"),
            "seed": next(run.seed for run in study.own if is_meant(run, said)), "parameter": said["parameter"],
            "level": said["level"]}  # fmt: skip


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@says("{n:int} parameters of best configurations lie at the edge of the values tried: a better one may lie beyond.")
def _(study: Study, said: Said) -> Truths:
    lines = [each.text for each in said.page["prose"].lines if each.finding == said.line.finding]
    return {"n": sum(" is the smallest of " in text or " is the largest of " in text for text in lines)}


@says("{who}: {parameter} {value} is the {end:smallest|largest} of {values:text}")
def _(study: Study, said: Said) -> Truths:
    here = study.configurations[id_of(study, said["who"])]
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
        parts = re.findall(r"(\S+) (\S+?)(?: \((.+?)\))?(?:, |$)", printed)
        right = len(parts) == len(found) and all(
            part[0] == name and part[2] == alternative and (not wrong(part[1], number) or part[1] == f"{number:.3g}")
            for part, (name, number, alternative) in zip(parts, found, strict=True)
        )
        return "" if right else ", ".join(f"{name} {number:g} {inside}".strip() for name, number, inside in found)

    return {"beyond": check}


def _beyond(study: Study, edge: re.Match[str]) -> tuple[str, float, str]:
    """The next value after an edge: at an equal ratio where neighbours are a factor of two apart, else as far on."""
    name = path(study, edge[2])
    here = study.configurations[id_of(study, edge[1])]
    tried = _tried(study, here, name)
    one, two = (tried[0], tried[1]) if edge[3] == "smallest" else (tried[-1], tried[-2])
    apart = [max(a / b, b / a) for a, b in pairwise(tried) if a * b > 0]
    ratios = len(apart) == len(tried) - 1 and min(apart) >= 2
    return name, one * one / two if ratios else 2 * one - two, here.alternative
