"""Tables of scores in words: who is best where, who cannot be told from it; fronts, squares, curves, pictures."""

import re
from collections.abc import Mapping, Sequence

from answers_said import cases_of, spread
from judged_again import costs, first_run, places
from patterns import Said, Truths, always, says
from printed_numbers import NUMBER, Names, Values
from raw_scores import Study
from told_apart import Gap, against_best, best

UNITS = {"trainable_parameters": "", "seconds": " s", "peak_memory_gb": " GB"}
IN_WORDS = {"Trainable parameters": "trainable_parameters", "Time": "seconds", "Memory": "peak_memory_gb"}
DIGITS, POINTS = 2, 60
"""Of a measured cost that are compared; points of a learning curve."""

always(
    "Values are means over the n runs of a row, ± their standard deviation (ddof 1; none when n = 1).",
    "Bold: the best value of a column and those that cannot be told from it (multiple comparisons with the best, 95 % "
    "for all at once); only rows whose runs all have a value are compared.",
    "Time and memory are of the run's process and change with the machine and with what ran beside it: 2 digits of them "
    "are compared.",
    "Colours span at least 4 standard deviations between replicates, so that noise looks even.",
)


class Board:
    """Rows that are compared in one column: every configuration, or the best of every alternative."""

    def __init__(self, study: Study, metric: str, split: str, case: str | None, *, alternatives: bool) -> None:
        self.study, self.metric = study, metric
        rows = best_of_each(study) if alternatives else study.ranked()
        self.names = {each: study.configurations[each].alternative if alternatives else study.name(each) for each in rows}
        self.scores = {each: study.score(each, metric, split, case) for each in rows}
        values = list(self.scores.values())
        at = best(values, study.way(metric))
        assert at is not None
        self.best = rows[at]
        self.gaps: dict[str, Gap | None] = dict(zip(rows, against_best(values, study.way(metric)), strict=True))

    @property
    def others(self) -> list[str]:
        return [each for each, score in self.scores.items() if score.complete and each != self.best]

    def told(self, *, apart: bool) -> list[str]:
        """The names of those that are told apart from the best, or are not."""
        known = [each for each in self.others if self.gaps[each] is not None]
        return [self.names[each] for each in known if self.gaps[each].apart == apart]


def best_of_each(study: Study) -> list[str]:
    """The best configuration of each alternative, in the order of the ranking."""
    ranked = study.ranked()
    found: dict[str, str] = {}
    for each in sorted(ranked, key=lambda each: not study.chosen_by(each).complete):
        found.setdefault(study.configurations[each].alternative, each)
    return [each for each in ranked if each in found.values()]


@says("On {split}[ in {case}][{over:, mean over cases}], {metric}: {who} is best, {score}.")
def _(study: Study, said: Said) -> Truths:
    case, over = said.get("case"), ", mean over cases" if said.get("case") is None and cases_of(study) else None
    board = Board(study, said["metric"], said["split"], case, alternatives=said.line.card == "Best results")
    said.heard["board"] = board
    return {"split": said["split"], "metric": said["metric"], "case": case, "over": over,
            "who": board.names[board.best], "score": spread(board.scores[board.best])}  # fmt: skip


@says("{n:int} of {of:int} other {kind:configuration|alternative}(s) cannot be told from it: {names:text}.")
def _(study: Study, said: Said) -> Truths:
    board: Board = said.heard["board"]
    level = board.told(apart=False)
    kind = "alternative" if said.line.card == "Best results" else "configuration"
    return {"n": len(level), "of": len(board.others), "kind": kind, "names": Names(level)}


@says("It can be told from the other.", "It can be told from all {n:int} others.")
def _(study: Study, said: Said) -> Truths:
    board: Board = said.heard["board"]
    assert len(board.told(apart=True)) == len(board.others)
    assert (len(board.others) == 1) == ("n" not in said.parts)
    return {"n": len(board.others)}


@says("Behind it: {names:text}.")
def _(study: Study, said: Said) -> Truths:
    board: Board = said.heard["board"]
    return {"names": Names(board.told(apart=True))}


@says("{n:int} cannot be compared with it, for want of common seeds.")
def _(study: Study, said: Said) -> Truths:
    board: Board = said.heard["board"]
    return {"n": len(board.others) - len(board.told(apart=True)) - len(board.told(apart=False))}


@says(
    "{n:int} configuration(s), ordered by {metric} on {split}[ (mean over the cases {cases:text})], the score that the "
    "study chooses by.",
    "The best configuration of each of {n:int} alternative(s), chosen by {metric} on {split}[ (mean over the cases "
    "{cases:text})].",
)
def _(study: Study, said: Said) -> Truths:
    rows = best_of_each(study) if said.line.card == "Best results" else study.held("search")
    return {"n": len(rows), "metric": study.metric, "split": study.split,
            "cases": Names(study.cases) if cases_of(study) else None}  # fmt: skip


@says("Nothing is trained in the rows that training has to beat: {names:text}.")
def _(study: Study, said: Said) -> Truths:
    floors = [study.configurations[each].alternative for each in best_of_each(study) if study.trainable(each) == 0]
    return {"names": Names(floors)}


@says("The alternatives had between {fewest:int} and {most:int} configurations: more tries find a higher maximum.")
def _(study: Study, said: Said) -> Truths:
    tried = [len(_tried(study, study.configurations[each].alternative)) for each in best_of_each(study)]
    return {"fewest": min(tried), "most": max(tried)}


def _tried(study: Study, alternative: str) -> set[str]:
    """The configurations of an alternative, and those of the studies that it was carried through."""
    (space,) = [each["one_of"] for each in study.file["space"].values() if isinstance(each, Mapping)]
    before = space[alternative].get("from")
    if before:
        return _of_chain(study, before)
    return {each for each, run in study.configurations.items() if run.alternative == alternative}


def _of_chain(study: Study, name: str) -> set[str]:
    source = study.others[name]
    before = dict(source.file.get("base") or {}).get("from")
    return set(source.held("search")) | (_of_chain(study, before) if before else set())


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
    front = _front(study, known)
    said_of = [(study.name(each), study.chosen_by(each).mean, known[each]) for each in front]
    listed = [rf"{re.escape(who)} \(({NUMBER}) at ({NUMBER}){UNITS[cost]}\)" for who, _, _ in said_of[:7]]
    most = 6 if len(front) > 7 else len(front)
    tail = f" and {len(front) - 6} more" if len(front) > 7 else ""
    truths = [number for _, mean, value in said_of[:most] for number in (mean, int(value) if value >= 10 or cost == "trainable_parameters" else value)]
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
    ns = sorted({score.n for score in _squares(study, *said.heard["column"]).values()})
    where = said.get("where")
    names = [each for each in study.where if where and each in where]
    return {"metric": said["metric"], "split": said["split"], "case": said.get("case"),
            "alternative": said.get("alternative"), "n": ns[0], "most": ns[-1] if len(ns) > 1 else None,
            "where": where and "; ".join(names)}  # fmt: skip


@says("Best: {mean} at {x:parameter} = {a}, {y:parameter} = {b}.")
def _(study: Study, said: Said) -> Truths:
    metric, split, case, alternative = said.heard["column"]
    squares = _squares(study, metric, split, case, alternative)
    top = max(squares, key=lambda each: study.way(metric) * squares[each].mean)
    parameters = study.configurations[top].parameters
    return {"mean": squares[top].mean, "x": said["x"], "y": said["y"], "a": float(parameters[said["x"]]),
            "b": float(parameters[said["y"]])}  # fmt: skip


def _squares(study: Study, metric: str, split: str, case: str | None, alternative: str | None) -> dict:
    """The scores of the squares of a heatmap: one configuration each."""
    inside = [each for each in study.held("search") if study.configurations[each].alternative == (alternative or "")]
    found = {each: study.score(each, metric, split, case or study.cases[0]) for each in inside}
    return {each: score for each, score in found.items() if score.values}


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
