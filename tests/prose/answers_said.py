"""The top of a page and its decision: who was chosen, with which score, and who cannot be told from it."""

import math
import re

from judged_again import decision, pooled
from patterns import Said, Truths, always, says
from printed_numbers import SCORE, Names, Spread, Values
from raw_scores import Score, Study
from scipy import stats
from told_apart import BEST, CHOSEN, against

always("Nothing is decided yet.")


def spread(score: Score) -> Spread:
    """A score as it is printed."""
    return Spread(score.mean, score.sd, score.n)


def cases_of(study: Study) -> int | None:
    """How many cases a mean is over; None where there is one."""
    return len(study.cases) if len(study.cases) > 1 else None


def chosen(study: Study) -> str:
    """The configuration that is carried forward: a person's choice, else the rule's."""
    return study.overruled.configuration if study.overruled else decision(study, study.role).order[0]


def field(study: Study) -> Truths:
    """Who competed."""
    whole, all_of_them = len(study.whole()), len(study.held("search"))
    return {"whole": whole, "declared": None if whole == all_of_them else all_of_them}


@says(
    "Of {whole:int} configuration(s)[ whose runs all have a value ({declared:int} were declared)], {who} "
    "{has:has the best|has the lowest|was chosen; it has|is one of}[ {equal:int} with the {best:best|lowest}] {metric} "
    "on {split}: {score}"
    "[, mean over {cases:int} cases]."
)
def _(study: Study, said: Said) -> Truths:
    who, means = chosen(study), [study.chosen_by(each).mean for each in study.whole()]
    first, equal = who == study.whole()[0], means.count(means[0])
    top = "best" if study.way(study.metric) > 0 else "lowest"
    has = "was chosen; it has" if not first else f"has the {top}" if equal == 1 else "is one of"
    assert study.role == "search"
    several = {"equal": equal, "best": top} if has == "is one of" else {"equal": None, "best": None}
    return {**field(study), **_choice(study, who, "search"), "has": has, **several}


@says(
    "Of {whole:int} configuration(s)[ whose runs all have a value ({declared:int} were declared)], {who} was chosen "
    "{how:on fresh seeds; there its|by} [{by:text}; {it:it|on fresh seeds it} has ]{metric} on {split}{is: is|:} "
    "{score}[, mean over {cases:int} cases]."
)
def _(study: Study, said: Said) -> Truths:
    over = bool(study.overruled)
    how, stands = ("by", ":") if over else ("on fresh seeds; there its", " is")
    return {**field(study), **_choice(study, chosen(study), study.role), "how": how, "is": stands,
            "it": ("on fresh seeds it" if _on_fresh(study) else "it") if over else None,
            "by": study.overruled.by if over else None}  # fmt: skip


def _choice(study: Study, who: str, role: str) -> Truths:
    role = role if who in study.held(role) else "search"
    score = spread(study.chosen_by(who, role))
    return {"who": study.name(who), "metric": study.metric, "split": study.split, "score": score,
            "cases": cases_of(study)}  # fmt: skip


@says("{metric}: {meaning:text}; {better:higher is better|lower is better}{rest:text}")
def _(study: Study, said: Said) -> Truths:
    """What the metric is, before the cards, as the legend of the scores has it."""
    better = "higher is better" if study.way(study.metric) > 0 else "lower is better"
    tables = [table for each in said.page["prose"].tables.values() for table in each]
    told = {row["metric"]: row["meaning"] for table in tables for row in table if {"metric", "meaning"} <= row.keys()}
    meaning, _, rest = told.get(study.metric, "").partition(f"; {better}")
    if not rest:  # told together with the other modes of its score
        meaning, rest = said["meaning"], said["rest"]
    return {"metric": study.metric, "meaning": meaning, "better": better, "rest": rest}


@says("{whose:Its|On fresh seeds its|In the search its} {metric} is {scores:text}.")
def _(study: Study, said: Said) -> Truths:
    """By the runs that the answer is of; by those of the search where it has no value of these."""
    splits, who = [split for split in study.splits if split != study.split], chosen(study)
    where = [(split, case) for split in splits for case in study.cases]
    fresh = _on_fresh(study) and _tells_its_metric(study, said)
    role = "confirm" if said["whose"].startswith("On fresh") else "search"
    held = {
        (split, case): "confirm"
        if fresh and study.score(who, study.metric, split, case, "confirm").mean is not None
        else "search"
        for split, case in where
    }
    where = [each for each in where if held[each] == role]
    found = [spread(study.score(who, study.metric, split, case, role)) for split, case in where]
    parts = [rf"({SCORE}) on {re.escape(f'{split} in {case}' if case else split)}" for split, case in where]
    whose = "Its" if not fresh else "On fresh seeds its" if role == "confirm" else "In the search its"
    return {"whose": whose, "metric": study.metric, "scores": Values("(?:, | and )".join(parts), found)}


@says("In the search it had {score}: of the best of many, a searched score tends to be too good.")
def _(study: Study, said: Said) -> Truths:
    return {"score": spread(study.chosen_by(chosen(study)))}


@says("On fresh seeds it has {score}.")
def _(study: Study, said: Said) -> Truths:
    return {"score": spread(study.chosen_by(chosen(study), "confirm"))}


NEAR = (
    "{of:int} other {kind:configuration|finalist}(s)",
    " on {split}[{role: on fresh seeds| in the search}] (95 % for all at once, {n:int}[ to {most:int}] replicates in "
    "common).",
)
IT = "{it:the chosen one|it}"
"""Pages that were rendered before say `it`."""


@says(
    f"{{untold:It|The chosen one}} can be told from {NEAR[0]}{NEAR[1]}",
    f"{{untold:None}} of {NEAR[0]} can be told from {IT}{NEAR[1]}",
    f"{{untold:The}} {NEAR[0]} cannot be told from {IT}{NEAR[1]}",
    f"{{untold:int}} of {NEAR[0]} cannot be told from {IT}{NEAR[1]}",
)
def _(study: Study, said: Said) -> Truths:
    role = "confirm" if said["kind"] == "finalist" else "search"
    ranked = study.ranked(role)
    at = ranked.index(chosen(study))
    levels = BEST if study.whole(role)[0] == ranked[at] else CHOSEN
    gaps = against([study.chosen_by(each, role) for each in ranked], at, levels)
    others = [gap for j, gap in enumerate(gaps) if gap is not None and j != at]
    untold, n = sum(not gap.apart for gap in others), sorted({gap.n for gap in others if gap.n > 1})
    words = {0: "The chosen one", len(others): "None" if len(others) > 1 else "The"}
    first = words.get(untold, untold)
    if said["untold"] == "It":
        first = "It" if first == "The chosen one" else first
    where = {"confirm": " on fresh seeds", "search": " in the search" if _on_fresh(study) else None}[role]
    if said.get("it") == "it" or said["untold"] == "It":
        where = said.get("role")
    return {"untold": first, "of": len(others), "kind": said["kind"], "it": said.get("it"), "split": study.split,
            "role": where, "n": n[0], "most": n[-1] if len(n) > 1 else None}  # fmt: skip


def _tells_its_metric(study: Study, said: Said) -> bool:
    """Whether a page tells what its metric is; one that was rendered before has every score from the search."""
    return any(line.text.startswith(f"{study.metric}: ") for line in said.page["prose"].lines if not line.card)


def _on_fresh(study: Study) -> bool:
    """Whether the answer is of runs on fresh seeds."""
    return study.role == "confirm" and chosen(study) in study.held("confirm")


@says("Each of {n:int} finalists has one run on fresh seeds: nothing tells them apart there (T302).")
def _(study: Study, said: Said) -> Truths:
    assert {study.chosen_by(each, "confirm").n for each in study.whole("confirm")} == {1}
    return {"n": len(study.whole("confirm"))}


@says("The rule {rule:text} chooses it too; {by:text} chose it on {on:text}.")
def _(study: Study, said: Said) -> Truths:
    assert decision(study, study.role).order[0] == study.overruled.configuration
    return {"rule": study.rule, "by": study.overruled.by, "on": study.overruled.on}


@says("Before the study was changed, the rule {rule:text} had chosen {who}: its {metric} on {split} was {mean}.")
def _(study: Study, said: Said) -> Truths:
    """What the decision recorded of a rule that the study has no more."""
    return {each: said[each] for each in ("rule", "who", "metric", "split")} | {"mean": float(said["mean"])}


@says("The rule {rule:text} had chosen {who}, {mean}; {by:text} overruled it on {on:text}.")
def _(study: Study, said: Said) -> Truths:
    judged = decision(study, study.role)
    return {"rule": study.rule, "who": study.name(judged.order[0]), "mean": judged.score[judged.order[0]].mean,
            "by": study.overruled.by, "on": study.overruled.on}  # fmt: skip


@says(
    "Overruled: the rule {rule:text} had chosen {who}, whose mean was {mean}.",
)
def _(study: Study, said: Said) -> Truths:
    judged = decision(study, study.role)
    return {"rule": study.rule, "who": study.name(judged.order[0]), "mean": judged.score[judged.order[0]].mean}


@says("A person chose {who} instead, because:")
def _(study: Study, said: Said) -> Truths:
    return {"who": study.name(study.overruled.configuration)}


@says(
    "The rule {rule:text} {carries:carries|would carry} {who} forward: {metric} on {split}{fresh: on fresh seeds|} is "
    "{mean}[, mean over {cases:int} cases].",
    "{by:text} {carries:carries} {who} forward, {against:against|as does} the rule {rule:text}: {metric} on {split}"
    "{fresh: on fresh seeds|} is {mean}[, mean over {cases:int} cases].",
)
def _(study: Study, said: Said) -> Truths:
    who, carries = chosen(study), "would carry" if "Nothing is decided yet." in said.line.text else "carries"
    role = study.role if who in study.held(study.role) else "search"
    by = study.overruled.by if study.overruled else None
    return {"rule": study.rule, "by": by, "carries": carries, "who": study.name(who), "metric": study.metric,
            "split": study.split, "fresh": " on fresh seeds" if role == "confirm" else "",
            "against": said.get("against"), "mean": study.chosen_by(who, role).mean,
            "cases": cases_of(study)}  # fmt: skip


# Searched against fresh scores ------------------------------------------------------------------------


@says("{metric} on {split}, finalists: searched against fresh seeds, n = {n:int}[ to {most:int}].")
def _(study: Study, said: Said) -> Truths:
    n = sorted({study.chosen_by(each, "confirm").n for each in study.held("confirm")})
    return {"metric": study.metric, "split": study.split, "n": n[0], "most": n[-1] if len(n) > 1 else None}


@says(
    "{who} had the best searched {metric} on {split}, {searched:score}; on fresh seeds it has {fresh:score}: a "
    "{moved:drop|rise} of {by}[ (95 % interval {low} to {high})]."
)
def _(study: Study, said: Said) -> Truths:
    who = _searched_first(study)
    before, after = study.chosen_by(who), study.chosen_by(who, "confirm")
    drop = study.way(study.metric) * (before.mean - after.mean)
    low = high = None
    known = pooled(study.chosen_by(each, role) for each in study.held("confirm") for role in ("search", "confirm"))
    if known is not None and not before.fixed:
        half = stats.t.ppf(0.975, known[1]) * known[0] * math.sqrt(1 / before.n + 1 / after.n)
        low, high = abs(drop) - half, abs(drop) + half
    return {"who": study.name(who), "metric": study.metric, "split": study.split, "searched": spread(before),
            "fresh": spread(after), "moved": "drop" if drop >= 0 else "rise", "by": abs(drop), "low": low,
            "high": high}  # fmt: skip


@says("On fresh seeds {who} has the best mean, {score}.")
def _(study: Study, said: Said) -> Truths:
    fresh = {each: study.chosen_by(each, "confirm") for each in study.held("confirm")}
    whole = [each for each in fresh if fresh[each].complete]
    who = max(whole, key=lambda each: study.way(study.metric) * fresh[each].mean)
    assert who != _searched_first(study)
    return {"who": study.name(who), "score": spread(fresh[who])}


@says("{fell:int} of {of:int} finalist(s) scored worse on fresh seeds than in the search.")
def _(study: Study, said: Said) -> Truths:
    way = study.way(study.metric)
    moved = [
        way * (study.chosen_by(each).mean - study.chosen_by(each, "confirm").mean) for each in study.held("confirm")
    ]
    return {"fell": sum(each > 0 for each in moved), "of": len(moved)}


def _searched_first(study: Study) -> str:
    return next(each for each in study.ranked() if each in study.held("confirm"))


# What limits a decision -------------------------------------------------------------------------------


@says(
    "In {case} alone {other:who} has the best {metric} on {split}, {best}; {who} has {here}"
    "[{few:, with fewer than two common replicates to tell them apart}]."
)
def _(study: Study, said: Said) -> Truths:
    judged = decision(study, study.role)
    here = {each: study.score(each, study.metric, study.split, said["case"], study.role) for each in judged.able}
    other = max(judged.able, key=lambda each: judged.way * here[each].mean)
    first = min(judged.able, key=judged.whole.index)
    return {"case": said["case"], "other": study.name(other), "metric": study.metric, "split": study.split,
            "best": here[other].mean, "who": study.name(first), "here": here[first].mean,
            "few": said.get("few")}  # fmt: skip


@says(
    "The score of a configuration is its mean over the cases {names:text}; each case weighs the same, and ± is the "
    "spread of that mean between replicates."
)
def _(study: Study, said: Said) -> Truths:
    return {"names": Names(study.cases)}
