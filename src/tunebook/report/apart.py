"""How far every row of a board is behind the best: as a figure, and in a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tunebook.analyse import Difference, Standing, difference
from tunebook.analyse.noise import folds
from tunebook.analyse.scores import items_differ
from tunebook.report.cards import Facts, Figures, Grid, Heading, Value
from tunebook.report.figures.drawing import text_width
from tunebook.report.figures.figure import Estimate, Group, IntervalsFigure, Kind
from tunebook.report.scoreboard import Board
from tunebook.report.wording import (
    ITEMS_DIFFER,
    between,
    count,
    counted,
    gap,
    listed,
    metric_name,
    number,
    over_cases,
    shortened,
    units,
    with_n,
)

ROOM = 138.0
"""Width of a name beside a figure, in its pixels; a longer one would be cut off."""
DRAWN = 20
"""Most rows of a figure; the table below it holds all."""


def distances(board: Board, shown: Sequence[int], *, prefix: str) -> list[Figures]:
    """A figure for each of some columns, and the numbers of all rows; nothing where nothing can be compared.

    Args:
        shown: Which columns.
        prefix: What the names of the figures start with.
    """
    told = [at for at in shown if sum(row.behind[at] is not None for row in board.rows) > 1]
    figures = [_figure(board, at, f"{prefix}-{place}") for place, at in enumerate(told, start=1)]
    return [Figures(figures, _numbers(board, told))] if told else []


def verdict(board: Board, at: int) -> str:
    """`On test in cells, box.msa: full is best, 0.142 ± 0.003 (n = 3). It can be told from all 5 others.`."""
    column = board.columns[at]
    whole = [row for row in board.rows if row.cells[at].complete]
    if len(whole) < 2:
        return ""
    best = next(row for row in whole if row.first[at])
    others = [row for row in whole if row is not best]
    level = [board.who(row) for row in others if (gap_of := row.behind[at]) is not None and not gap_of.apart]
    behind = [board.who(row) for row in others if (gap_of := row.behind[at]) is not None and gap_of.apart]
    untold = len(others) - len(level) - len(behind)
    where = f"On {column.split}{over_cases(board.table, column.case)}, {column.metric}"
    parts = [f"{where}: {board.who(best)} is best, {with_n(best.cells[at])}."]
    if level:
        parts.append(
            f"{len(level)} of {counted(len(others), f'other {board.kind}')} cannot be told from the best: "
            f"{listed(level)}."
        )
    if behind and not level and not untold:
        parts.append(f"It can be told from {'the other' if len(others) == 1 else f'all {len(others)} others'}.")
    elif behind:
        parts.append(f"Behind it: {listed(behind)}.")
    if untold:
        parts.append(f"{untold} cannot be compared with it, for want of common {units(board.table)}.")
    return " ".join(parts)


def gains(board: Board) -> list[Facts]:
    """For the metric that the study chooses by: how much better each trained row is than one that is not trained."""
    found = []
    for at, column in enumerate(board.columns):
        if column.metric == board.table.select_metric and column.case is not None and board.reported(column):
            where = f"{column.metric} on {column.split}{over_cases(board.table, column.case)}"
            found += [
                (f"{where}, against {board.who(floor)}", said)
                for floor in floors(board)
                if floor.cells[at].complete and (said := _against(board, floor, at))
            ]
    title = "What training changes, against rows in which nothing is trained"
    return [Facts(found, title, folded=True, heads=("metric", "difference"))] if found else []


def floors(board: Board) -> list[Standing]:
    """The rows in which nothing is trained, where there are others."""
    found = [row for row in board.rows if row.entry.trainable == 0]
    return found if len(found) < len(board.rows) else []


def covered(board: Board) -> str:
    """What the intervals of a board cover: other seeds, and other items where they are known."""
    items = {gap_of.items for row in board.rows for gap_of in row.behind if gap_of is not None}
    differ = any(items_differ(board.table, each.metric, each.split) for each in board.columns)
    seeds = "other seeds and folds of these data" if folds(board.table) else "other seeds"
    if differ:
        known = "" if items == {0} else " (but where all replicates have the same ones, and scores are their means)"
        return f"{seeds}; {ITEMS_DIFFER}{known}"
    if folds(board.table):
        return seeds + (", and other items where they are known" if items != {0} else "")
    if items == {0}:
        return "other seeds on these same items"
    return (
        "other seeds and other items" if 0 not in items else "other seeds, and other items where scores are their means"
    )


def _figure(board: Board, at: int, name: str) -> IntervalsFigure:
    table, column = board.table, board.columns[at]
    way = board.way(at)
    ranked = sorted(board.rows, key=lambda row: (not row.first[at], _place(row, at, way)))
    drawn, named = terse([_estimate(board, row, at) for row in ranked[:DRAWN]])
    ns = sorted({row.cells[at].n for row in board.rows if row.cells[at].complete})
    n = f"n = {ns[0]}" if len(ns) == 1 else f"n = {ns[0]} to {ns[-1]}"
    of = f"the first {len(drawn)} of {len(ranked)}" if len(drawn) < len(ranked) else ""
    where = over_cases(table, column.case).removeprefix(" in ").removeprefix(", ")
    items = max((found.items for row in board.rows if (found := row.behind[at]) is not None), default=0)
    n += f", {counted(items, 'item')}" if items else ""
    below = [part for part in (where, "difference to the best, 95 % intervals", n, of) if part]
    title = [f"{column.metric} {'chosen on' if column.chosen else 'on'} {column.split}", " · ".join(below)]
    return IntervalsFigure(
        name=name,
        title=[*title, *([f"rows: {named}"] if named else [])],
        alt=verdict(board, at) or f"{column.metric} on {column.split}: fewer than two rows have a value.",
        groups=[Group("", drawn)],
        axis=f"{metric_name(table, column.metric)}, behind the best",
        zero=0.0,
        key="filled: behind the best · open: cannot be told from it",
    )


def terse(drawn: Sequence[Estimate]) -> tuple[list[Estimate], str]:
    """Rows by their values alone, and what these are of, where names of parameters leave no room for the values.

    `lr=0.001 hidden_units=512` becomes `0.001 512`, of `lr hidden_units`; a parameter that a row lacks is `–`.
    """
    words = [dict(word.split("=", 1) for word in each.label.split() if "=" in word) for each in drawn]
    whole = all(len(found) == len(each.label.split()) for found, each in zip(words, drawn, strict=True))
    if not whole or max((text_width(each.label) for each in drawn), default=0) <= ROOM:
        return list(drawn), ""
    names = list(dict.fromkeys(name for found in words for name in found))
    labels = [" ".join(found.get(name, "–") for name in names) for found in words]
    return [replace(each, label=label) for each, label in zip(drawn, labels, strict=True)], " ".join(names)


def _place(row: Standing, at: int, way: str) -> float:
    mean = row.cells[at].mean
    if mean is None or not row.cells[at].complete:
        return float("inf")
    return -mean if way == "maximize" else mean


def _estimate(board: Board, row: Standing, at: int) -> Estimate:
    cell, behind, who = row.cells[at], row.behind[at], board.who(row)
    if row.first[at] and cell.mean is not None:
        return Estimate(who, 0.0, said=f"best, {number(cell.mean)}", kind="best")
    if behind is None:
        why = f"too few {units(board.table)} in common" if cell.complete else shortened(cell.reason or "no value")
        return Estimate(who, None, said=why)
    kind: Kind = "behind" if behind.apart else "level"
    mean, low, high = _signed(behind, board.way(at))
    return Estimate(who, mean, low, high, gap(mean), kind)


def _numbers(board: Board, told: Sequence[int]) -> Grid:
    headings = [Heading(each) for each in (board.kind, "metric", "split", "case", "against the best")]
    headings += [Heading(each, numeric=True) for each in ("behind by", "from", "to", units(board.table), "items")]
    lines = [_line(board, row, at) for at in told for row in board.rows]
    facets = {
        heading.text: [line[at].text for line in lines]
        for at, heading in enumerate(headings[:5])
        if at and len({line[at].text for line in lines}) > 1
    }
    title = "The numbers behind these figures" if len(told) > 1 else "The numbers behind this figure"
    caption = f"Differences to the best {board.kind}, with their intervals."
    return Grid(caption, headings, lines, title, folded=True, facets=facets)


def _line(board: Board, row: Standing, at: int) -> list[Value]:
    column, behind = board.columns[at], row.behind[at]
    if behind is None or row.first[at]:
        said = "the best" if row.first[at] else "not compared"
        measured = [Value("") for _ in range(5)]
    else:
        said = "behind it" if behind.apart else "cannot be told from it"
        numbers = [Value(gap(each), sort=each) for each in _signed(behind, board.way(at))]
        measured = [*numbers, *(Value(count(each), sort=each) for each in (behind.n, behind.items))]
    case = column.case.label if column.case else "mean over cases"
    return [*(Value(each) for each in (board.who(row), column.metric, column.split, case, said)), *measured]


def _against(board: Board, floor: Standing, at: int) -> str:
    """`Better: LoRA, 0.049 (0.042 to 0.057). Cannot be told from it: full, …`: what training does to the floor."""
    told: dict[str, list[str]] = {"Better": [], "Worse": [], "Cannot be told from it": [], "Not compared": []}
    for row in board.rows:
        if row.entry.trainable == 0:
            continue
        found = difference(row.cells[at], floor.cells[at]) if row.cells[at].complete else None
        if found is None:
            told["Not compared"].append(board.who(row))
        else:
            mean, low, high = _signed(found, board.way(at))
            kind = "Cannot be told from it" if not found.apart else "Better" if mean > 0 else "Worse"
            interval = f"({between(low, high)})" if found.n > 1 else "(no seed can change it)"
            told[kind].append(f"{board.who(row)}, {gap(mean)} {interval}")
    return _listed(told).strip()


def _listed(told: Mapping[str, Sequence[str]]) -> str:
    return "".join(f" {kind}: {'; '.join(who)}." for kind, who in told.items() if who)


def _signed(found: Difference, way: str) -> tuple[float, float, float]:
    """Mean and ends of a difference, positive where the first is better, whichever way the metric goes."""
    if way == "maximize":
        return found.mean, found.low, found.high
    return -found.mean, -found.high, -found.low
