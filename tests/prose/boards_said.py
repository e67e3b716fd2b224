"""Tables of scores in words: who is best where, who cannot be told from it; fronts, squares, curves, pictures."""

import re
from collections.abc import Mapping
from functools import lru_cache

from answers_said import cases_of, spread
from patterns import Said, Truths, always, says
from printed_numbers import NUMBER, Names, Values
from raw_scores import Score, Study
from told_apart import PAIR, Gap, against, against_best, best

always(
    "Values are means over the n runs of a row, ± their standard deviation (ddof 1; none when n = 1).",
    "Bold: the best value of a column and those that cannot be told from it (multiple comparisons with the best, 95 % "
    "for all at once); only rows whose runs all have a value are compared.",
)


class Board:
    """Rows that are compared in one column: every configuration, or the best of every alternative."""

    def __init__(self, study: Study, metric: str, split: str, case: str | None, *, alternatives: bool) -> None:
        self.study, self.metric = study, metric
        rows = best_of_each(study) if alternatives else study.ranked()
        self.names = {
            each: study.configurations[each].alternative if alternatives else study.name(each) for each in rows
        }
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


@lru_cache(maxsize=256)
def _board(study: Study, metric: str, split: str, case: str | None, alternatives: bool) -> Board:
    return Board(study, metric, split, case, alternatives=alternatives)


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
    board = _board(study, said["metric"], said["split"], case, said.line.card == "Best results")
    said.heard["board"] = board
    return {"split": said["split"], "metric": said["metric"], "case": case, "over": over,
            "who": board.names[board.best], "score": spread(board.scores[board.best])}  # fmt: skip


@says(
    "{n:int} of {of:int} other {kind:configuration|alternative}(s) cannot be told from {it:the best|it}: {names:text}."
)
def _(study: Study, said: Said) -> Truths:
    board: Board = said.heard["board"]
    level = board.told(apart=False)
    kind = "alternative" if said.line.card == "Best results" else "configuration"
    return {"n": len(level), "of": len(board.others), "kind": kind, "it": said["it"], "names": Names(level)}


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


@says("{case}", "Chosen by {metric} on {split}")
def _(study: Study, said: Said) -> Truths:
    return {"case": said.get("case"), "metric": study.metric, "split": study.split}


@says("{names:text}: scored here on runs by which the studies behind them chose.")
def _(study: Study, said: Said) -> Truths:
    """Rows whose seeds are those that their studies chose by."""
    names = [study.configurations[each].alternative for each in best_of_each(study)]
    return {"names": Names([each for each in names if _chosen_on_these_runs(study, each)])}


def _chosen_on_these_runs(study: Study, alternative: str) -> bool:
    (space,) = [each["one_of"] for each in study.file["space"].values() if isinstance(each, Mapping)]
    source = study.others.get(space[alternative].get("from"))
    before = {run.id for run in source.own} if source else set()
    return any(run.id in before for run in study.own if run.alternative == alternative and run.role == "search")


@says("Tried counts each configuration of the studies behind a row once: {chains:text}.")
def _(study: Study, said: Said) -> Truths:
    (space,) = [each["one_of"] for each in study.file["space"].values() if isinstance(each, Mapping)]
    chains = []
    for each in best_of_each(study):
        name = study.configurations[each].alternative
        if "from" in space[name]:
            chains.append(f"{name} ({' after '.join(_chain(study, space[name]['from']))})")
    return {"chains": "; ".join(chains)}


def _chain(study: Study, name: str) -> list[str]:
    before = dict(study.others[name].file.get("base") or {}).get("from")
    return [name, *(_chain(study, before) if before else [])]


@says("{metric} on {split}[ in {case}], against {who}.")
def _(study: Study, said: Said) -> Truths:
    """The head of what training changes, against a row in which nothing is trained."""
    rows = {study.configurations[each].alternative or study.name(each): each for each in best_of_each(study)}
    case = said.get("case")
    scores = {name: study.score(each, study.metric, said["split"], case) for name, each in rows.items()}
    assert study.trainable(rows[said["who"]]) == 0
    trained = [name for name, each in rows.items() if study.trainable(each) != 0]
    said.heard["gaps"] = {name: _pair(scores[name], scores[said["who"]]) for name in trained}
    return {"metric": study.metric, "split": said["split"], "case": case, "who": said["who"]}


def _pair(one: Score, other: Score) -> Gap | None:
    """The difference of a pair, to both sides."""
    return against([one, other], 0, PAIR)[1] if one.complete else None


@says("{kind:Better|Worse|Cannot be told from it|Not compared}: {rows:text}.")
def _(study: Study, said: Said) -> Truths:
    gaps: dict[str, Gap | None] = said.heard["gaps"]
    way = study.way(study.metric)
    inside = {name: gap for name, gap in gaps.items() if _kind_of(gap, way) == said["kind"]}
    if said["kind"] == "Not compared":
        return {"kind": said["kind"], "rows": Names(list(inside))}
    number = rf"({NUMBER}) (?:\(({NUMBER}) to ({NUMBER})\)|\(no seed can change it\))"
    truths = [each for gap in inside.values() for each in sorted((way * gap.low, way * gap.high))]
    found = [each for gap, at in zip(inside.values(), range(0, len(truths), 2), strict=True)
             for each in (way * gap.mean, *truths[at : at + 2])]  # fmt: skip
    return {"kind": said["kind"], "rows": Values("; ".join(rf"{re.escape(name)}, {number}" for name in inside), found)}


def _kind_of(gap: Gap | None, way: float) -> str:
    if gap is None:
        return "Not compared"
    return "Cannot be told from it" if not gap.apart else "Better" if way * gap.mean > 0 else "Worse"
