"""Whom a decision chose from: what the rule, `prefer` and `require` say of each, and what fresh seeds said later."""

from collections.abc import Callable, Iterator

from tunebook.analyse import (
    Candidate,
    Judgement,
    Optimism,
    against_best,
    cases,
    optimism,
    ordered,
    preferences,
    simplicity,
)
from tunebook.analyse.noise import folds
from tunebook.analyse.requirements import unmet
from tunebook.records import COSTS, Decision, Table
from tunebook.report.cards import Block, Figures, Grid, Heading, Said, Value
from tunebook.report.figures.figure import Estimate, Group, IntervalsFigure
from tunebook.report.stability import spread_text
from tunebook.report.wording import (
    COSTS_IN_WORDS,
    between,
    cost,
    counted,
    gap,
    metric_name,
    name,
    number,
    plain,
    spread,
    with_n,
)

TOP = 8
"""Most candidates that are shown: the leaderboard holds all."""
ORDERED_BY = {"lower-bound": "bound", "most-stable": "sd", "weights": "weighted mean"}
"""Rule -> what it orders by, where that is not the mean."""

NOT_AMONG = Value("no candidate: searched alone", muted=True)
"""The place of a configuration that a person chose and the rule did not compare."""

Column = tuple[Heading, Callable[[Candidate], Value]]


def candidates(table: Table, decision: Decision, judgement: Judgement) -> Iterator[Block]:
    """Those that the rule chose from; where finalists were run on fresh seeds, beside what they scored before."""
    if not judgement.candidates:
        return
    found = optimism(table)
    again = found if isinstance(found, Optimism) else None
    shown = _shown(table, judgement, decision)
    few = len(shown) < len(judgement.candidates)
    title = f"{f'The first {TOP} of ' if few else ''}{counted(len(judgement.candidates), 'candidate')}"
    columns = [*_scores(table, decision, judgement), *_fresh(table, again), *_simpler(table), *_required(table)]
    rows = [[Value(name(each.entry)), *(value(each) for _, value in columns), place] for each, place in shown]
    headings = [Heading("candidate"), *(heading for heading, _ in columns), Heading("place", numeric=True)]
    marked = frozenset(at for at, (each, _) in enumerate(shown) if _id(each) == decision.configuration)
    yield Grid(title, headings, rows, title=title, marked=marked)
    if again is not None:
        yield Said(list(_drop(table, again)), "What picking the best of many did to its score")
        yield Figures([_fall(table, again)])


def recorded(table: Table, decision: Decision) -> Grid:
    """The means that an outdated decision recorded; nothing is compared."""
    labels = {entry.configuration: name(entry) for entry in ordered(table)}
    labels |= {decision.configuration: decision.label or decision.configuration}
    top = list(decision.candidates.items())[:TOP]
    rows = [
        [
            Value(labels.get(configuration, configuration)),
            Value(number(mean), sort=mean),
            Value(gap(abs(mean - decision.score)), sort=abs(mean - decision.score)),
            Value(str(place), sort=place),
        ]
        for place, (configuration, mean) in enumerate(top, start=1)
    ]
    headings = [
        Heading("candidate"),
        Heading(metric_name(table, decision.metric), f"chosen on {decision.split}, as recorded", numeric=True),
        Heading("gap", "to the chosen", numeric=True),
        Heading("place", numeric=True),
    ]
    of = f"The first {len(rows)} of " if len(rows) < len(decision.candidates) else ""
    title = f"{of}{counted(len(decision.candidates), 'candidate')}"
    marked = frozenset(at for at, (each, _) in enumerate(top) if each == decision.configuration)
    return Grid(title, headings, rows, title=title, marked=marked)


def _shown(table: Table, judgement: Judgement, decision: Decision) -> list[tuple[Candidate, Value]]:
    """The first few by the rule, with their places; and the decided one, wherever it stands."""
    placed = [(each, Value(str(at), sort=at)) for at, each in enumerate(judgement.candidates, start=1)]
    chosen = decision.configuration
    shown = [(each, place) for at, (each, place) in enumerate(placed) if at < TOP or _id(each) == chosen]
    if any(_id(each) == chosen for each, _ in shown):
        return shown
    others = [entry for entry in ordered(table) if entry.configuration == chosen]
    return [
        *shown,
        *((Candidate(each, None, unmet(each, table, "search"), simplicity(each, table)), NOT_AMONG) for each in others),
    ]


def _scores(table: Table, decision: Decision, judgement: Judgement) -> Iterator[Column]:
    """Mean, what the rule orders by, the gap to the chosen one, n."""
    fresh = judgement.decision is not None and judgement.decision.role == "confirm"
    below = f"fresh seeds, {table.select_split}" if fresh else f"chosen on {table.select_split}"
    level, among = _level(table, judgement), {_id(each) for each in judgement.candidates}

    def mean(each: Candidate) -> Value:
        if fresh and _id(each) not in among:
            return Value("not run on them", muted=True)
        return Value(spread(each.entry.selection), best=_id(each) in level, sort=each.entry.selection.mean)

    yield Heading(metric_name(table, table.select_metric), below, numeric=True), mean
    if table.rule in ORDERED_BY:
        yield Heading(ORDERED_BY[table.rule], "the rule's number", numeric=True), _ordering
    chosen = next((each for each in judgement.candidates if _id(each) == decision.configuration), None)
    if chosen is not None:
        middle = chosen.entry.selection.mean or 0.0
        yield Heading("gap", "to the chosen", numeric=True), lambda each: _distance(each, middle)
    if table.rule != "most-stable" and len(cases(table)) == 1:  # elsewhere the rule's own number, or no run's spread
        yield Heading("sd", "95 % interval", numeric=True), _own_spread
    yield (
        Heading("n", "runs", numeric=True),
        lambda each: Value(str(each.entry.selection.n), sort=each.entry.selection.n),
    )


def _own_spread(each: Candidate) -> Value:
    text, interval = spread_text(each.entry.selection)
    return Value(text or "none", interval, sort=each.entry.selection.sd, muted=not text)


def _runs(each: Candidate) -> Value:
    return Value(str(each.entry.selection.n), sort=each.entry.selection.n)


def _fresh(table: Table, again: Optimism | None) -> Iterator[Column]:
    """Where finalists were confirmed: what each scored in the search, and how far it fell."""
    if again is None:
        return
    finals = {final.entry.configuration: final for final in again.finals}

    def searched(each: Candidate) -> Value:
        found = finals[_id(each)].searched if _id(each) in finals else each.entry.selection
        return Value(spread(found), sort=found.mean)

    def drop(each: Candidate) -> Value:
        final = finals.get(_id(each))
        known = final is not None and final.drop is not None
        return Value(gap(final.drop), sort=final.drop) if known else Value("")  # type: ignore[union-attr,arg-type]

    yield Heading("searched", f"on {table.select_split}", numeric=True), searched
    yield Heading("drop", "searched to fresh", numeric=True), drop


def _simpler(table: Table) -> Iterator[Column]:
    """What makes one simpler than another, where the study says so or its rule asks for it."""
    if not table.prefer and table.rule not in ("one-standard-error", "pareto"):
        return
    for at, (what, way) in enumerate(preferences(table)):

        def value(each: Candidate, at: int = at, what: str = what) -> Value:
            found = each.simpler[at]
            if found is None:
                return Value("none", muted=True)
            return Value(cost(what, found) if what in COSTS else plain(found), sort=found)

        below = f"{'less' if way == 'low' else 'more'} is simpler"
        yield Heading(COSTS_IN_WORDS.get(what, what), below, numeric=True), value


def _required(table: Table) -> Iterator[Column]:
    if table.require:
        yield (
            Heading("requirements", tip="; ".join(table.require)),
            lambda each: Value("; ".join(f"fails {one}" for one in each.unmet) or "met", muted=bool(each.unmet)),
        )


def _ordering(each: Candidate) -> Value:
    return Value("not judged", muted=True) if each.score is None else Value(gap(each.score), sort=each.score)


def _distance(each: Candidate, chosen: float) -> Value:
    found = abs((each.entry.selection.mean or 0.0) - chosen)
    return Value(gap(found), sort=found)


def _level(table: Table, judgement: Judgement) -> frozenset[str]:
    """The best mean, and those that are not told from it."""
    way = table.metrics[table.select_metric].direction
    gaps = against_best([each.entry.selection for each in judgement.candidates], way)
    pairs = zip(judgement.candidates, gaps, strict=True)
    return frozenset(_id(each) for each, found in pairs if found is not None and not found.apart)


def _id(each: Candidate) -> str:
    return each.entry.configuration


def _drop(table: Table, found: Optimism) -> Iterator[str]:
    """How far the one with the best searched score fell, and who is the best on fresh seeds."""
    winner = found.winner
    where = f"{table.select_metric} on {table.select_split}"
    if winner.drop is not None:
        moved = "a drop of" if winner.drop >= 0 else "a rise of"
        interval = ""
        if found.low is not None and found.high is not None:
            low, high = sorted((found.low, found.high) if winner.drop >= 0 else (-found.low, -found.high))
            interval = f" (95 % interval {between(low, high)})"
        yield (
            f"{name(winner.entry)} had the best searched {where}, {with_n(winner.searched)}; on fresh seeds it has "
            f"{with_n(winner.confirmed)}: {moved} {gap(abs(winner.drop))}{interval}."
        )
    sign = 1 if table.metrics[table.select_metric].direction == "maximize" else -1
    fresh = [final for final in found.finals if final.confirmed.complete]
    if fresh:
        best = max(fresh, key=lambda final: sign * (final.confirmed.mean or 0.0))
        if best is not winner:
            yield f"On fresh seeds {name(best.entry)} has the best mean, {with_n(best.confirmed)}."
    drops = [final.drop for final in found.finals if final.drop is not None]
    if len(drops) > 1:
        fell = sum(drop > 0 for drop in drops)
        yield f"{fell} of {counted(len(drops), 'finalist')} scored worse on fresh seeds than in the search."
    if drops and folds(table):
        yield f"Fresh seeds are on the same {folds(table)} folds: what a choice owes to these items is in both scores."


def _fall(table: Table, found: Optimism) -> IntervalsFigure:
    """Searched scores hollow, those on fresh seeds filled."""
    rows = [
        Estimate(name(final.entry), final.confirmed.mean, said=number(final.confirmed.mean), before=final.searched.mean)
        if final.confirmed.mean is not None
        else Estimate(name(final.entry), None, said=final.confirmed.reason)
        for final in found.finals
    ]
    ns = sorted({final.confirmed.n for final in found.finals if final.confirmed.mean is not None})
    n = "no value" if not ns else f"n = {ns[0]}" if len(ns) == 1 else f"n = {ns[0]} to {ns[-1]}"
    title = [f"{table.select_metric} on {table.select_split}", f"finalists: searched against fresh seeds, {n}"]
    return IntervalsFigure(
        name="confirmed",
        title=title,
        alt=f"{', '.join(title)}. {' '.join(_drop(table, found))}",
        groups=[Group("", rows)],
        axis=metric_name(table, table.select_metric),
        key="open: searched · filled: on fresh seeds",
    )
