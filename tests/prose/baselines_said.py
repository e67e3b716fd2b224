"""The chosen configuration against the baselines of the task: which it leads, by how much, and which it does not."""

import re
from dataclasses import dataclass
from functools import lru_cache

from answers_said import cases_of, chosen, spread
from patterns import Said, Truths, always, says
from printed_numbers import NUMBER, SCORE, Names, Truth, Values
from raw_scores import Study
from told_apart import PAIR, against

always(
    "A lead is the chosen configuration's score minus that of the baseline, turned so that more is better, with a 95 % "
    "interval of each pair alone, over replicates and items in common; at least: the lowest end of these."
)
COLUMN = "By {metric} on {split}[ in {case}][{over:, mean over cases}], the chosen configuration "


@dataclass(frozen=True)
class Lead:
    """How far the chosen configuration is ahead of a baseline: by means, and by the interval where there is one."""

    who: str
    theirs: float | None
    ours: float | None
    mean: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0

    @property
    def kind(self) -> str:
        if self.mean is None or self.low is None or self.high is None:
            return "lacking" if self.mean is None else "alone"
        return "better" if self.low > 0 else "worse" if self.high < 0 else "level"


@lru_cache(maxsize=64)
def leads(study: Study, metric: str, split: str, case: str | None) -> list[Lead]:
    """Of every baseline in one column, the best of the study's choice first; those without a score last."""
    way = study.way(study.metric)
    means = {each: study.score(each, study.metric, study.split, role="baseline").mean for each in study.baselines}
    ranked = sorted(means, key=lambda each: (means[each] is None, -way * (means[each] or 0.0), each))
    return [_lead(study, each, metric, split, case) for each in ranked]


def _lead(study: Study, floor: str, metric: str, split: str, case: str | None) -> Lead:
    who, way, name = chosen(study), study.way(metric), study.baselines[floor]
    role = study.role if who in study.whole(study.role) else "search"
    pair = [study.score(who, metric, split, case, role), study.score(floor, metric, split, case, "baseline")]
    ours, theirs = (each.mean for each in pair)
    if ours is None or theirs is None:
        return Lead(name, theirs, ours, None)
    gap = against(pair, 0, PAIR)[1] if pair[0].complete else None
    if gap is None:
        return Lead(name, theirs, ours, way * (ours - theirs))
    return Lead(name, theirs, ours, way * gap.mean, *sorted((way * gap.low, way * gap.high)), gap.n)


def _column(study: Study, said: Said) -> Truths:
    """Which column a sentence is of; `It …` is of that before it."""
    if "metric" in said.parts:
        case = said.get("case")
        said.heard["leads"] = leads(study, study.metric, said["split"], case)
        over = ", mean over cases" if case is None and cases_of(study) else None
        return {"metric": study.metric, "split": said["split"], "case": case, "over": over}
    return {}


def _of(said: Said, kind: str) -> list[Lead]:
    found: list[Lead] = said.heard["leads"]
    return [each for each in found if each.kind == kind]


def _names(found: list[Lead]) -> Names:
    return Names([each.who for each in found])


@says(
    *(f"{start}is better than {{names:text}}, by at least {{least}}." for start in (COLUMN, "It ")),
    f"{COLUMN}is better than {{every:every baseline}}, by at least {{least}}.",
)
def _(study: Study, said: Said) -> Truths:
    column, found = _column(study, said), _of(said, "better")
    all_of_them = len(found) == len(study.baselines) > 1
    names: Truth = "every baseline" if all_of_them else _names(found)
    which = "every" if "every" in said.parts else "names"
    return {**column, which: names, "least": min(each.low for each in found)}


@says(
    *(f"{start}{{verb:cannot be told from|is worse than}} {{names:text}}." for start in (COLUMN, "It ")),
    *(f"{start}cannot be compared with {{names:text}}, for want of a value." for start in (COLUMN, "It ")),
)
def _(study: Study, said: Said) -> Truths:
    column = _column(study, said)
    if "verb" not in said.parts:
        return {**column, "names": _names(_of(said, "lacking"))}
    kind = {"cannot be told from": "level", "is worse than": "worse"}[said["verb"]]
    return {**column, "verb": said["verb"], "names": _names(_of(said, kind))}


@says(
    *(
        f"{start}scores {{lead}} {{how:better|worse}} than {{who}}[, the best of {{n:int}} baselines], with too few "
        "replicates in common for an interval."
        for start in (COLUMN, "It ")
    )
)
def _(study: Study, said: Said) -> Truths:
    column, found = _column(study, said), _of(said, "alone")
    nearest = min(found, key=lambda each: each.mean)
    return {**column, "lead": abs(nearest.mean), "how": "better" if nearest.mean > 0 else "worse", "who": nearest.who,
            "n": len(found) if len(found) > 1 else None}  # fmt: skip


@says("Nothing is chosen yet: {n:int} baseline(s) to compare with.")
def _(study: Study, said: Said) -> Truths:
    return {"n": len(study.baselines)}


@says("On {split} the chosen configuration was chosen from {n:int}, so that its lead there tends to be too large.")
def _(study: Study, said: Said) -> Truths:
    return {"split": study.split, "n": len(study.held("search"))}


# The finding ------------------------------------------------------------------------------------------


def short(study: Study) -> list[tuple[str, str | None, Lead]]:
    """(split, case, lead) of each baseline that the chosen configuration is not shown to be better than."""
    cases = [None, *study.cases] if cases_of(study) else [None]
    columns = [(study.split, case) for case in cases]
    columns += [(split, case) for case in cases[-len(study.cases) :] for split in study.splits if split != study.split]
    found = [(split, case, lead) for split, case in columns for lead in leads(study, study.metric, split, case)]
    behind = [each for each in found if each[2].kind == "alone" and each[2].mean <= 0]
    return [each for each in found if each[2].kind in ("level", "worse") or each in behind]


AMONG = "[the baseline {names:text}][{n:int} of {of:int} baseline(s)] by {metric} on {splits:text}"
SECOND = "[the baseline {names2:text}][{n2:int} of {of2:int} baseline(s)] by {metric} on {splits2:text}"


@says(
    f"{{who}}, the chosen configuration, is {{how:not shown to be better than|shown to be worse than}} {AMONG}.",
    f"{{who}}, the chosen configuration, is {{how:shown to be worse than}} {AMONG}, and not shown to be better than "
    f"{SECOND}.",
)
def _(study: Study, said: Said) -> Truths:
    found = short(study)
    behind = [each for each in found if each[2].kind == "worse"]
    level = [each for each in found if each[2].kind != "worse"]
    assert bool(behind and level) == ("splits2" in said.parts)
    truths: dict[str, object] = {"who": study.name(chosen(study)), "metric": study.metric}
    truths["how"] = "shown to be worse than" if behind else "not shown to be better than"
    for end, those in zip(("", "2"), (each for each in (behind, level) if each), strict=False):
        names = list(dict.fromkeys(lead.who for _, _, lead in those))
        one = len(names) == 1
        truths[f"names{end}"] = Names(names) if one else None
        truths[f"n{end}"], truths[f"of{end}"] = (None, None) if one else (len(names), len(study.baselines))
        ordered = [split for split in (study.split, *study.splits) if split in {each for each, _, _ in those}]
        truths[f"splits{end}"] = Names(list(dict.fromkeys(ordered)))
    return truths


@says("It is {how:not shown to be better than every|worse than a} baseline: {floors:text}.")
def _(study: Study, said: Said) -> Truths:
    """The best baseline of each column in which the choice does not lead."""
    columns: dict[tuple[str, str | None], list[Lead]] = {}
    for split, case, lead in short(study):
        columns.setdefault((split, case), []).append(lead)
    parts, truths, worse = [], [], said["how"] == "worse than a"
    for (split, case), those in columns.items():
        best = min(those, key=lambda each: each.mean)
        if (best.kind == "worse") != worse:
            continue
        floor = next(each for each, name in study.baselines.items() if name == best.who)
        over = f" in {case}" if case else " over all cases" if cases_of(study) else ""
        part = rf"{re.escape(best.who)} has ({SCORE}) on {re.escape(split + over)}"
        truths.append(spread(study.score(floor, study.metric, split, case, "baseline")))
        if worse:
            part += rf", better by ({NUMBER}) \(95 % interval ({NUMBER}) to ({NUMBER})\)"
            truths += [-best.mean, -best.high, -best.low]
        parts.append(part)
    assert parts
    return {"how": said["how"], "floors": Values("(?:, | and )".join(parts), truths)}


@says(
    "{who}: {metric} on {split}[ in {case}] is {theirs}, and {ours} of the choice; a lead of {lead}, with a 95 % "
    "interval from {low} to {high} (n = {n:int})",
    "{who}: {metric} on {split}[ in {case}] is {theirs}, and {ours} of the choice; a lead of {lead}, replicates in "
    "common are too few for an interval",
)
def _(study: Study, said: Said) -> Truths:
    found = next(
        each for split, case, each in short(study)
        if (each.who, split, case) == (said["who"], said["split"], said.get("case"))
    )  # fmt: skip
    ends = {"low": found.low, "high": found.high, "n": found.n} if "low" in said.parts else {}
    assert bool(ends) == (found.kind != "alone")
    return {"who": found.who, "metric": study.metric, "split": said["split"], "case": said.get("case"),
            "theirs": found.theirs, "ours": found.ours, "lead": found.mean, **ends}  # fmt: skip
