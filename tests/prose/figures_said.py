"""What figures show, in words: fronts of score and cost, squares, learning curves, pictures."""

import re
from collections.abc import Mapping, Sequence

from answers_said import cases_of
from judged_again import costs, first_run, places
from patterns import Said, Truths, always, says
from printed_numbers import NUMBER, Values
from raw_scores import Score, Study

UNITS = {"trainable_parameters": "", "seconds": " s", "peak_memory_gb": " GB"}
IN_WORDS = {"Trainable parameters": "trainable_parameters", "Time": "seconds", "Memory": "peak_memory_gb"}
DIGITS, POINTS = 2, 60
"""Of a measured cost that are compared; points of a learning curve."""

always(
    "Time and memory are of the run's process and change with the machine and with what ran beside it: 2 digits of "
    "them are compared.",
    "Colours span at least 4 standard deviations between replicates, so that noise looks even.",
)


# Trade-offs -------------------------------------------------------------------------------------------


@says(
    "{metric} on {split}[, mean over {cases:int} cases], against {costs:text}.",
    "{metric} on {split}.",
)
def _(study: Study, said: Said) -> Truths:
    return {"metric": study.metric, "split": study.split, "cases": cases_of(study), "costs": said.get("costs")}


@says("{cost:Trainable parameters|Time|Memory}: {n:int} of {of:int} {are:is|are} on the front, {front:text}.")
def _(study: Study, said: Said) -> Truths:
    cost = IN_WORDS[said["cost"]]
    known = _known(study, cost)
    assert known, f"the export holds no {cost}"
    front = _front(study, known)
    said_of = [(study.name(each), study.chosen_by(each).mean, known[each]) for each in front]
    listed = [rf"{re.escape(who)} \(({NUMBER}) at ({NUMBER}){UNITS[cost]}\)" for who, _, _ in said_of[:7]]
    most = 6 if len(front) > 7 else len(front)
    tail = f" and {len(front) - 6} more" if len(front) > 7 else ""
    truths = [
        number
        for _, mean, value in said_of[:most]
        for number in (mean, int(value) if value >= 10 or cost == "trainable_parameters" else value)
    ]
    return {"cost": said["cost"], "n": len(front), "of": len(known), "are": "is" if len(front) == 1 else "are",
            "front": Values("(?:, | and )".join(listed[:most]) + tail, truths)}  # fmt: skip


def _known(study: Study, cost: str) -> dict[str, float]:
    """A cost of every configuration with a whole score, as it is compared."""
    found = {each: costs(study, each).get(cost) for each in study.whole()}
    exact = cost == "trainable_parameters"
    return {
        each: value if exact else float(f"{value:.{DIGITS}g}") for each, value in found.items() if value is not None
    }


def _front(study: Study, known: Mapping[str, float]) -> Sequence[str]:
    """Those that no other is as good as in both and better in one; the cheapest first."""
    way = study.way(study.metric)
    good = {each: (way * study.chosen_by(each).mean, -value) for each, value in known.items()}

    def beaten(each: str) -> bool:
        mean, cost = good[each]
        return any(a >= mean and b >= cost and (a, b) != (mean, cost) for a, b in good.values())

    return sorted((each for each in known if not beaten(each)), key=lambda each: known[each])


# Figures ----------------------------------------------------------------------------------------------


@says(
    "{metric} on {split}, [{alternative:who} · ][{case} · ]mean over replicates, n = {n:int}[ to {most:int}]"
    "[, hatched: {where:text}]."
)
def _(study: Study, said: Said) -> Truths:
    said.heard |= {"column": (said["metric"], said["split"], said.get("case"), said.get("alternative"))}
    ns = sorted({n for _, n in _squares(study, said, *said.heard["column"]).values()})
    where = said.get("where")
    names = [each for each in (where or "").split("; ") if each in (*study.where, "not declared")]
    return {"metric": said["metric"], "split": said["split"], "case": said.get("case"),
            "alternative": said.get("alternative"), "n": ns[0], "most": ns[-1] if len(ns) > 1 else None,
            "where": where and "; ".join(names)}  # fmt: skip


@says("Best: {mean} at {x:parameter} = {a}, {y:parameter} = {b}.")
def _(study: Study, said: Said) -> Truths:
    metric, split, case, alternative = said.heard["column"]
    squares = _squares(study, said, metric, split, case, alternative)
    top = max(squares, key=lambda each: study.way(metric) * squares[each][0])
    return {"mean": squares[top][0], "x": said["x"], "y": said["y"], "a": float(top[0]), "b": float(top[1])}


def _squares(study: Study, said: Said, metric: str, split: str, case: str | None, alternative: str | None) -> dict:
    """(x, y) -> the mean and the runs of a heatmap's square: of the configurations that have both values."""
    first = said.page["prose"].table("Effects", "x", "y", "state")[0]
    x, y = (first[axis].rpartition(" ")[0] for axis in "xy")
    squares: dict[tuple[float, float], list[Score]] = {}
    for each in study.held("search"):
        run = study.configurations[each]
        point = {name.rsplit(".", 1)[-1]: found for name, found in run.parameters.items()}
        score = study.score(each, metric, split, case or study.cases[0])
        if run.alternative == (alternative or "") and {x, y} <= point.keys() and score.values:
            squares.setdefault((point[x], point[y]), []).append(score)
    return {
        at: (sum(each.mean for each in found) / len(found), sum(each.n for each in found))
        for at, found in squares.items()
    }


@says("Excluded: {where:text}.")
def _(study: Study, said: Said) -> Truths:
    return {"where": next(each for each in study.where if each == said["where"])}


@says(
    "The quantity {part:text} that {n:int} trained configuration(s) recorded while training[, case by case]; by "
    "{metric} on {split}, the {drawn:text}."
)
def _(study: Study, said: Said) -> Truths:
    rows = said.page["prose"].table("Learning curves", "drawn as", "last step")
    trained = [each for each in study.held("search") if study.trainable(each)]
    assert {row["configuration"] for row in rows} == {study.name(each) for each in trained}
    placed = {place: each for place, each in places(study).items() if each not in trained}
    absent = "".join(f"; the {place}, {study.name(each)}, has no curve" for place, each in placed.items())
    assert said["drawn"].endswith(absent)
    return {"part": said["part"], "n": len(trained), "metric": study.metric, "split": study.split,
            "drawn": said["drawn"]}  # fmt: skip


@says("{n:int} run(s) that recorded a curve did not finish and {are:is|are} left out.")
def _(study: Study, said: Said) -> Truths:
    """How many did so is known to the curves alone: no more than did not finish."""
    n = int(said["n"])
    assert n <= sum(run.role == "search" and run.status == "failed" for run in study.own)
    return {"n": n, "are": "is" if n == 1 else "are"}


@says("Each point is the mean of up to {n:int} recorded steps.")
def _(study: Study, said: Said) -> Truths:
    rows = said.page["prose"].table("Learning curves", "drawn as", "last step")
    steps = max(int(row["last step"].replace(",", "")) for row in rows)
    return {"n": -(-steps // POINTS)}


@says("Learning curves of {n:int} configuration(s)[ in {case}].")
def _(study: Study, said: Said) -> Truths:
    return {"n": len([each for each in study.held("search") if study.trainable(each)]), "case": said.get("case")}


@says(
    "Configurations by {metric} on {split}[{over:, mean over cases}]: best: {best:text}[; median: {median:text}]"
    "[; worst: {worst:text}]."
)
def _(study: Study, said: Said) -> Truths:
    def called(each: str) -> str:
        seed = first_run(study, each).seed
        return study.name(each) + ("" if seed is None else f" (seed {seed})")

    placed = {place: called(each) for place, each in places(study).items()}
    return {"metric": study.metric, "split": study.split, "over": ", mean over cases" if cases_of(study) else None,
            "best": placed.get("best"), "median": placed.get("median"), "worst": placed.get("worst")}  # fmt: skip
