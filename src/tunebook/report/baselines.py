"""The card of the baselines: what the task compares every study with, and how far the chosen configuration leads."""

from collections.abc import Iterator, Sequence

from tunebook.analyse import Against, Baselines, Column, Lead, Standing, Unavailable, baselines
from tunebook.records import Table
from tunebook.report.cards import Block, Card, Figures, Grid, Heading, Said, Value
from tunebook.report.figures.figure import Estimate, Group, IntervalsFigure, Kind
from tunebook.report.scoreboard import Board, score_grids
from tunebook.report.wording import (
    count,
    counted,
    gap,
    listed,
    metric_name,
    name,
    over_cases,
    shortened,
)

DRAWN = 8
"""Most baselines that a group of the figure holds: the nearest."""
SAID = {
    "better": "better",
    "not told apart": "cannot be told from it",
    "worse": "worse",
    "no interval": "no interval: too few replicates in common",
    "no value": "no value",
    "itself": "is the chosen configuration",
}
"""Verdict -> what a table says of the chosen configuration."""
AT_LEAST = (
    "A lead is the chosen configuration's score minus that of the baseline, turned so that more is better, with a 95 % "
    "interval of each pair alone, over replicates and items in common; at least: the lowest end of these."
)


def baselines_card(table: Table) -> Card | None:
    """The card; None where the study runs no baselines."""
    found = baselines(table)
    return None if isinstance(found, Unavailable) else _card(table, found)


def verdict(table: Table, found: Baselines, at: int) -> str:
    """`By f1 on val, the chosen configuration is better than every baseline, by at least 0.120.`; of one column."""
    column, who = found.columns[at], "the chosen configuration"
    first, *rest = _clauses([(name(row.entry), row.leads[at]) for row in found.rows])
    said = f"By {column.metric} on {column.split}{over_cases(table, column.case)}, {who} {first}."
    return " ".join([said, *(f"It {clause}." for clause in rest)])


def _card(table: Table, found: Baselines) -> Card:
    shown = [at for at, column in enumerate(found.columns) if column.metric == table.select_metric]
    if found.chosen is None:
        sentence = f"Nothing is chosen yet: {counted(len(found.rows), 'baseline')} to compare with."
        return Card("baselines", "Baselines", sentence, [*_scores(table, found)], _caveats(table, found))
    blocks: list[Block] = [*_scores(table, found)]
    blocks += [Said([verdict(table, found, at) for at in shown[1:]])] if shown[1:] else []
    blocks += [Figures([_figure(table, found, shown)], _numbers(table, found))]
    return Card("baselines", "Baselines", verdict(table, found, 0), blocks, _caveats(table, found))


def _caveats(table: Table, found: Baselines) -> list[str]:
    """How leads are found, and where one is too large."""
    configurations = len({row.configuration for row in table.rows})
    said = ["Baselines are no candidates: nothing else that this page judges or compares holds them."]
    if found.chosen is not None:
        said.append(AT_LEAST)
    unconverged = sum(run.quantities.get("converged") == 0 for row in table.baselines for run in row.runs)
    if unconverged:
        said.append(
            f"{counted(unconverged, 'run')} of baselines did not converge: they may do better than they did here."
        )
    if found.role == "confirm":
        said.append("The scores of the chosen configuration are those on fresh seeds.")
    elif found.chosen is not None and configurations > 1:
        said.append(
            f"On {table.select_split} the chosen configuration was chosen from {configurations}, so that its lead "
            "there tends to be too large."
        )
    return said


# In words ---------------------------------------------------------------------------------------------


def _clauses(leads: Sequence[tuple[str, Lead]]) -> Iterator[str]:
    """What is so of the chosen configuration, by verdict."""
    said: dict[str, list[tuple[str, Lead]]] = {}
    for who, lead in leads:
        said.setdefault(lead.verdict, []).append((who, lead))
    others = len(leads) - len(said.get("itself", ()))
    if better := said.get("better"):
        least = gap(min(lead.low or 0.0 for _, lead in better))
        every = len(better) == others > 1
        yield f"is better than {'every baseline' if every else _who(better)}, by at least {least}"
    if level := said.get("not told apart"):
        yield f"cannot be told from {_who(level)}"
    if worse := said.get("worse"):
        yield f"is worse than {_who(worse)}"
    if alone := said.get("no interval"):
        yield _by_mean(alone)
    if lacking := said.get("no value"):
        yield f"cannot be compared with {_who(lacking)}, for want of a value"
    if itself := said.get("itself"):
        yield f"is the baseline {_who(itself)}"


def _by_mean(alone: Sequence[tuple[str, Lead]]) -> str:
    """Where too few replicates are in common for an interval: against the best of these."""
    who, nearest = min(alone, key=lambda each: each[1].lead or 0.0)
    lead = nearest.lead or 0.0
    than = f"{who}, the best of {len(alone)} baselines" if len(alone) > 1 else who
    how = f"{gap(abs(lead))} {'better' if lead > 0 else 'worse'} than" if lead else "as"
    return f"scores {how} {than}, with too few replicates in common for an interval"


def _who(leads: Sequence[tuple[str, Lead]]) -> str:
    return listed([who for who, _ in leads])


# In numbers -------------------------------------------------------------------------------------------


def _scores(table: Table, found: Baselines) -> list[Block]:
    """The scores of the chosen configuration and of every baseline; nothing is bold, for these do not compete."""
    plain = (False,) * len(found.columns)
    entries = [(row.entry, tuple(lead.cell for lead in row.leads)) for row in found.rows]
    entries = [*([(found.chosen, found.cells)] if found.chosen is not None else []), *entries]
    rows = [Standing(entry, cells, plain, plain, (None,) * len(plain)) for entry, cells in entries]
    named = [
        [Value(name(row.entry), "baseline" if at or found.chosen is None else "chosen")] for at, row in enumerate(rows)
    ]
    board = Board(table, found.columns, rows, "configuration")
    caption = "The chosen configuration and the baselines of the task"
    return score_grids(board, caption=caption, names=[Heading("configuration")], named=named)


def _figure(table: Table, found: Baselines, shown: Sequence[int]) -> IntervalsFigure:
    """The leads in the metric that the study chooses by, split by split."""
    ns = sorted({row.leads[at].n for at in shown for row in found.rows if row.leads[at].low is not None})
    n = "" if not ns else f" · n = {ns[0]}" if len(ns) == 1 else f" · n = {ns[0]} to {ns[-1]}"
    return IntervalsFigure(
        name="baselines",
        title=[f"{table.select_metric}: lead over the baselines", f"95 % intervals of each pair{n}"],
        alt=" ".join(verdict(table, found, at) for at in shown),
        groups=[_group(table, found, at) for at in shown],
        axis=f"{metric_name(table, table.select_metric)}, better than the baseline by",
        zero=0.0,
        key="filled: told apart · open: cannot be told apart",
    )


def _group(table: Table, found: Baselines, at: int) -> Group:
    column = found.columns[at]
    ranked = sorted(found.rows, key=lambda row: (row.leads[at].lead is None, row.leads[at].lead or 0.0))
    aside = f"the nearest {DRAWN} of {len(ranked)}" if len(ranked) > DRAWN else ""
    title = f"{'chosen on ' if column.chosen else ''}{column.split}{over_cases(table, column.case)}"
    return Group(title, [_estimate(row, at) for row in ranked[:DRAWN]], aside)


def _estimate(row: Against, at: int) -> Estimate:
    lead = row.leads[at]
    if lead.itself or lead.lead is None:
        why = SAID["itself"] if lead.itself else lead.cell.reason or lead.chosen.reason
        return Estimate(name(row.entry), None, said=shortened(why))
    kinds: dict[str, Kind] = {"not told apart": "level", "no interval": "level", "worse": "behind"}
    return Estimate(name(row.entry), lead.lead, lead.low, lead.high, gap(lead.lead), kinds.get(lead.verdict, "plain"))


def _numbers(table: Table, found: Baselines) -> Grid:
    headings = [Heading(each) for each in ("baseline", "metric", "split", "case", "the chosen configuration")]
    headings += [Heading(each, numeric=True) for each in ("lead", "from", "to", "replicates", "items")]
    lines = [_line(row, column, row.leads[at]) for at, column in enumerate(found.columns) for row in found.rows]
    facets = {
        heading.text: [line[at].text for line in lines]
        for at, heading in enumerate(headings[:5])
        if len({line[at].text for line in lines}) > 1
    }
    caption = "Leads of the chosen configuration over the baselines, with their intervals."
    return Grid(
        caption,
        headings,
        lines,
        "The numbers behind this figure, and those of other metrics",
        folded=True,
        facets=facets,
    )


def _line(row: Against, column: Column, lead: Lead) -> list[Value]:
    case = column.case.label if column.case else "mean over cases"
    names = (name(row.entry), column.metric, column.split, case, SAID[lead.verdict])
    numbers = [Value("" if each is None else gap(each), sort=each) for each in (lead.lead, lead.low, lead.high)]
    known = lead.low is not None
    counts = [Value(count(each), sort=each) if known else Value("") for each in (lead.n, lead.items)]
    return [*(Value(each) for each in names), *numbers, *counts]
