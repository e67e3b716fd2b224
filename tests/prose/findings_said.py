"""The flaws that a page finds, with their evidence."""

from functools import lru_cache

from judged_again import decision
from masks_said import degenerate
from patterns import Said, Truths, always, says
from printed_numbers import Names, Truth, Within
from raw_scores import Run, Study
from runs_said import difference, noise, repeated
from told_apart import Gap, against_best

always("Way out: replicates: {seed: 3}")
SLACK = 1e-3
"""Share of an interval by which its ends may differ: critical values are found by quadratures of limited precision."""


@says("{n:int} finding(s) ({codes:text}) to keep in mind while reading.", "None of {checks:int} checks found a flaw.")
def _(study: Study, said: Said) -> Truths:
    found = said.page["prose"].findings
    checks = said.page["prose"].table("Findings", "code", "finding")
    return {"n": len(found), "codes": Names(list(dict.fromkeys(found))), "checks": len(checks)}


@says("Evidence ({n:int})")
def _(study: Study, said: Said) -> Truths:
    lines = [
        each for each in said.page["prose"].lines if each.number > said.line.number and each.card == said.line.card
    ]
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
    """Evidence of T101: a run that has no result, and why."""
    runs = [run for run in study.own if run.status in ("missing", "failed") and run.reason and is_meant(run, said)]
    return next(_named(run, said) | {"reason": run.reason} for run in runs)


def is_meant(run: Run, said: Said) -> bool:
    seed = said.get("seed")
    return (run.label, run.case or None, run.role) == (
        said["who"],
        said.get("case"),
        said.get("role") or "search",
    ) and (seed is None or str(run.seed) == seed)


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
    configuration = id_of(study, said["who"])
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


def id_of(study: Study, label: str) -> str:
    return next(each for each in study.configurations if label in (study.name(each), each))


@says("{n:int} {have:configuration has|configurations have} one replicate: no spread can be given, and gaps between "
      "them may be noise.")  # fmt: skip
def _(study: Study, said: Said) -> Truths:
    n = len({configuration for (configuration, _), runs in _finished(study).items() if runs == 1})
    return {"n": n, "have": "configuration has" if n == 1 else "configurations have"}


@says("{n:int} {have:finalist has|finalists have} one run on fresh seeds, by which the study decides: no spread can be "
      "given there, and gaps between them may be noise.")  # fmt: skip
def _(study: Study, said: Said) -> Truths:
    n = sum(study.chosen_by(each, "confirm").n == 1 for each in study.held("confirm"))
    return {"n": n, "have": "finalist has" if n == 1 else "finalists have"}


@says("{who}[ ({case})]")
def _(study: Study, said: Said) -> Truths:
    """Evidence that is a name alone: of T302, a row with one run."""
    key = id_of(study, said["who"]), said.get("case") or ""
    fresh = study.role == "confirm" and study.chosen_by(key[0], "confirm").n == 1
    assert said.line.finding != "T302" or fresh or _finished(study)[key] == 1
    return {"who": said["who"], "case": said.get("case")}


# Gaps -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
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
    fresh = " on fresh seeds" if study.role == "confirm" else None
    return {"who": study.name(whole[0]), "n": len(whole), "fresh": fresh, "tied": len(tied), "metric": study.metric,
            "split": study.split, "gap": min(abs(gap.mean) for gap in tied.values())}  # fmt: skip


@says("{who}: {gap} behind, with an interval from {low} to {high} (n = {n:int})")
def _(study: Study, said: Said) -> Truths:
    gap = _ties(study)[1][id_of(study, said["who"])]
    slack = SLACK * (gap.high - gap.low) / 2
    return {"who": said["who"], "gap": abs(gap.mean), "low": Within(gap.low, slack), "high": Within(gap.high, slack),
            "n": gap.n}  # fmt: skip


@says("and {n:int} more")
def _(study: Study, said: Said) -> Truths:
    return {"n": len(_ties(study)[1]) - 5}


@says("{rule:text} decides between them[: {who}]")
def _(study: Study, said: Said) -> Truths:
    by = decision(study, study.role).order[0]
    undecided = any(line.text.startswith("Nothing is decided yet.") for line in said.page["prose"].lines)
    return {"rule": study.rule, "who": None if undecided else study.name(by)}


# Scores -----------------------------------------------------------------------------------------------


@says("{n:int} run(s) {score:scores|score} as a predictor would that does not look at its input.")
def _(study: Study, said: Said) -> Truths:
    return _scoring(study, said)


@says(
    "{masks:int} run(s) {have:has|have} degenerate masks, at 0.5 or at the chosen threshold[; {n:int} run(s) "
    "{score:scores|score} as a predictor would that does not look at its input]."
)
def _(study: Study, said: Said) -> Truths:
    masks = len(degenerate(said))
    rest = _scoring(study, said)
    left = rest if rest["n"] else {"n": None, "score": None}
    return {"masks": masks, "have": "has" if masks == 1 else "have", **left}


def _scoring(study: Study, said: Said) -> Truths:
    """Runs whose scores say it, where their pixels do not."""
    told = {(row["configuration"], row["replicate"], row["role"]) for row in degenerate(said)}
    runs = {
        run.id
        for run in study.own
        if _constants(run) and (run.label, "" if run.seed is None else f"seed={run.seed}", run.role) not in told
    }
    return {"n": len(runs), "score": "scores" if len(runs) == 1 else "score"}


@says(
    "{who}[ ({case})][ seed={seed:int}][ ({role:noise|confirm})]: {metric} on {split} is {level} on each of {n:int} "
    "items[{end:, the worst there is}]"
)
def _(study: Study, said: Said) -> Truths:
    run = next(run for run in study.own if is_meant(run, said))
    items = run.items[said["metric"], said["split"]]
    level = next(iter(items.values()))
    assert set(items.values()) == {level}
    return {**_named(run, said), "metric": said["metric"], "split": said["split"], "level": level, "n": len(items),
            "end": ", the worst there is" if level == 0 and study.way(said["metric"]) > 0 else None}  # fmt: skip


def _constants(run: Run) -> list[tuple[str, str]]:
    """Scores that are the same on three items or more, and not the best that there is."""
    return [key for key, items in run.items.items() if len(items) >= 3 and len(set(items.values())) == 1
            and next(iter(items.values())) != 1]  # fmt: skip


@says("{n:int} score(s) with fewer items scored than the split has.")
def _(study: Study, said: Said) -> Truths:
    n = len([each for run in study.own for each in run.scores if _lacks_items(run, each)])
    return {"n": n}


def _lacks_items(run: Run, score: tuple[str, str]) -> bool:
    n, of = run.expected.get(score, (0, 0))
    return n < of


@says(
    "{who}[ ({case})][ seed={seed:int}][ ({role:noise|confirm})]: {metric} on {split} scored {n:int} of {of:int} items"
)
def _(study: Study, said: Said) -> Truths:
    run = next(run for run in study.own if is_meant(run, said))
    n, of = run.expected[said["metric"], said["split"]]
    return {**_named(run, said), "metric": said["metric"], "split": said["split"], "n": n, "of": of}


@says("recorded: {who}[ ({id:who})]", "{rule:text} of {metric} on {split} chooses {who}")
def _(study: Study, said: Said) -> Truths:
    """Evidence of T501 and T503: names alone."""
    by = decision(study, study.role)
    who = said["who"] if said.line.text.startswith("recorded") else study.name(by.order[0])
    return {"who": who, "id": said.get("id"), "rule": study.rule, "metric": study.metric, "split": study.split}


@says("{what:text} chosen on {split} in {n:int} run(s)")
def _(study: Study, said: Said) -> Truths:
    n = len([run for run in study.own if run.settings])
    return {"what": said["what"], "split": said["split"], "n": n}


@says(
    "{differing:int} of {n:int} equal run(s) that {was:was|were} executed again {end:ends|end} otherwise, by up to "
    "{most}."
)
def _(study: Study, said: Said) -> Truths:
    largest = [difference(one, other) for one, other in repeated(study)]
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
