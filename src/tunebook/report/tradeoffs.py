"""Scores against what they cost: trainable parameters, time, memory; and which of them nothing beats in both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunebook.analyse import Entry, cases, costs_of, ordered
from tunebook.analyse.rules import front
from tunebook.records import Table
from tunebook.report.cards import LONG, Block, Card, Figures, Grid, Heading, Said, Value
from tunebook.report.figures.figure import Point, ScatterFigure
from tunebook.report.scoreboard import facets_of
from tunebook.report.wording import (
    COSTS_IN_WORDS,
    count,
    counted,
    joined,
    listed,
    metric_name,
    name,
    number,
    plain,
    spread,
)

FACTS = ("trainable_parameters",)
"""Costs that are the same for equal studies."""
MEASURED = ("seconds", "peak_memory_gb")
UNITS = {"seconds": "s", "peak_memory_gb": "GB"}
AXES = {
    "trainable_parameters": "trainable parameters",
    "seconds": "time of a run, seconds",
    "peak_memory_gb": "highest memory of a run, GB",
}
DIGITS = 2
"""Digits of a measured cost that are compared: smaller differences are the machine's."""


@dataclass(frozen=True)
class _Tradeoff:
    """The configurations whose cost is known, and those of them that nothing beats."""

    cost: str
    known: Mapping[str, float]
    members: frozenset[str]


def tradeoffs_card(table: Table, *, without_costs: bool) -> Card:
    """A figure for each cost, and one table of all.

    Args:
        without_costs: Leave out what differs between equal studies: time and memory.
    """
    entries = [entry for entry in ordered(table) if entry.selection.complete]
    shown = FACTS if without_costs else (*FACTS, *MEASURED)
    found = [_tradeoff(table, entries, each) for each in shown]
    differing = [each for each in found if len(set(each.known.values())) > 1]
    if not differing:
        why = "no two configurations with a score differ in a cost that is known"
        return Card("tradeoffs", "Trade-offs", absent=why)
    figures = [_figure(table, entries, each) for each in differing]
    over = f", mean over {counted(len(cases(table)), 'case')}" if len(cases(table)) > 1 else ""
    sentence = (
        f"{table.select_metric} on {table.select_split}{over}, against "
        f"{joined([COSTS_IN_WORDS[each.cost] for each in differing])}. "
        "On the front: no other scores better for as much, or as well for less."
    )
    said = Said([_front_in_words(entries, each) for each in differing])
    blocks: list[Block] = [said, Figures(figures), _grid(table, entries, found)]
    return Card("tradeoffs", "Trade-offs", sentence, blocks, _caveats(without_costs=without_costs))


def _tradeoff(table: Table, entries: Sequence[Entry], what: str) -> _Tradeoff:
    sign = 1.0 if table.metrics[table.select_metric].direction == "maximize" else -1.0
    found = {entry.configuration: costs_of(entry).get(what) for entry in entries}
    known = {each: _compared(what, value) for each, value in found.items() if value is not None}
    points = {
        entry.configuration: (sign * (entry.selection.mean or 0.0), -known[entry.configuration])
        for entry in entries
        if entry.configuration in known
    }
    return _Tradeoff(what, known, front(points))


def _compared(what: str, value: float) -> float:
    return value if what in FACTS else float(f"{value:.{DIGITS}g}")


def _front_in_words(entries: Sequence[Entry], found: _Tradeoff) -> str:
    """`Memory: 2 of 6 are on the front, zero-shot (0.320 at 0.43 GB) and full (0.343 at 0.65 GB).`."""
    members = [entry for entry in entries if entry.configuration in found.members]
    members.sort(key=lambda entry: found.known[entry.configuration])
    said = [
        f"{name(entry)} ({number(entry.selection.mean or 0.0)} at {_said(found, entry.configuration)})"
        for entry in members
    ]
    what = COSTS_IN_WORDS[found.cost]
    are = "is" if len(members) == 1 else "are"
    return f"{what[0].upper()}{what[1:]}: {len(members)} of {len(found.known)} {are} on the front, {listed(said)}."


def _said(found: _Tradeoff, configuration: str) -> str:
    """`4,608`, `59 s`, `0.62 GB`."""
    value = found.known[configuration]
    return count(value) if found.cost in FACTS else f"{plain(value)} {UNITS[found.cost]}"


def _figure(table: Table, entries: Sequence[Entry], found: _Tradeoff) -> ScatterFigure:
    chosen = table.decision.configuration if table.decision else ""
    points = [
        Point(
            label=name(entry),
            cost=found.known[entry.configuration],
            score=entry.selection.mean or 0.0,
            front=entry.configuration in found.members,
            decided=entry.configuration == chosen,
            tip=f"{name(entry)}: {spread(entry.selection)}, {_said(found, entry.configuration)}",
        )
        for entry in entries
        if entry.configuration in found.known
    ]
    ns = sorted({entry.selection.n for entry in entries})
    n = f"n = {ns[0]}" if len(ns) == 1 else f"n = {ns[0]} to {ns[-1]}"
    over = "mean over cases and replicates" if len(cases(table)) > 1 else "mean over replicates"
    return ScatterFigure(
        name=f"tradeoff-{found.cost.replace('_', '-')}",
        title=[
            f"{table.select_metric} on {table.select_split} against {COSTS_IN_WORDS[found.cost]}",
            f"{over}, {n}",
            "filled: on the front · open: beaten · square: decided",
        ],
        alt=f"{table.select_metric} on {table.select_split}. {_front_in_words(entries, found)}",
        points=points,
        x=AXES[found.cost],
        y=metric_name(table, table.select_metric),
        maximize=table.metrics[table.select_metric].direction == "maximize",
    )


def _grid(table: Table, entries: Sequence[Entry], found: Sequence[_Tradeoff]) -> Grid:
    known = [each for each in found if each.known]
    headings = [
        Heading("configuration"),
        Heading(metric_name(table, table.select_metric), f"chosen on {table.select_split}", numeric=True),
        Heading("n", "runs", numeric=True),
        *(Heading(COSTS_IN_WORDS[each.cost], _below(each.cost), numeric=True) for each in known),
        Heading("on the front of"),
    ]
    rows = []
    for entry in entries:
        costs = [_cost(each, entry.configuration) for each in known]
        fronts = ", ".join(COSTS_IN_WORDS[each.cost] for each in known if entry.configuration in each.members)
        score = Value(spread(entry.selection), sort=entry.selection.mean)
        n = Value(str(entry.selection.n), sort=entry.selection.n)
        rows.append([Value(name(entry)), score, n, *costs, Value(fronts)])
    chosen = table.decision.configuration if table.decision else ""
    marked = frozenset(at for at, entry in enumerate(entries) if entry.configuration == chosen)
    caption = "Scores and costs of every configuration whose runs all have a value."
    title, folded = (f"Costs of all {count(len(rows))} configurations", True) if len(rows) > LONG else ("", False)
    return Grid(caption, headings, rows, title, folded, marked, facets_of(entries, table))


def _cost(found: _Tradeoff, configuration: str) -> Value:
    value = found.known.get(configuration)
    if value is None:
        return Value("not known", muted=True)
    return Value(_said(found, configuration), best=configuration in found.members, sort=value)


def _below(what: str) -> str:
    return {"trainable_parameters": "most of its runs", "peak_memory_gb": "highest peak"}.get(what, "mean of its runs")


def _caveats(*, without_costs: bool) -> list[str]:
    if without_costs:
        return []
    return [
        f"Bold costs: on the front of that cost. Time and memory are of the run's process and change with the machine "
        f"and with what ran beside it: {DIGITS} digits of them are compared."
    ]
