"""The cards with scores: leaderboard and best results."""

from collections.abc import Sequence

from tunebook.analyse import Cell, Column, Standing, Unavailable, alternatives, cases, leaderboard, outdated
from tunebook.records import Table
from tunebook.report.cards import Card, Grid, Heading, Value
from tunebook.report.wording import carried, count, counted, facts_of, metric_name, name, shortened, spread

BOLD = "Bold: the best value of a column among configurations whose runs all have one."
MEANS = "Values are means over the n runs of a row, ± their standard deviation (ddof 1; none when n = 1)."


def leaderboard_card(table: Table) -> Card:
    """Configurations against reported metrics, best selection score first."""
    board = leaderboard(table)
    if not board.rows:
        return Card("leaderboard", "Leaderboard", absent="the study has no configurations")
    chosen = table.decision.configuration if table.decision else ""
    marked = frozenset(at for at, row in enumerate(board.rows) if row.entry.configuration == chosen)
    grid = Grid(
        caption=f"Every configuration, ordered by {table.select_metric} on {table.select_split}.",
        headings=[Heading("configuration"), *_headings(table, board.columns, board.rows)],
        rows=[[_name(table, row), *_values(row, board.rows)] for row in board.rows],
        marked=marked,
    )
    sentence = (
        f"{counted(len(board.rows), 'configuration')}, ordered by {table.select_metric} on {table.select_split}, "
        f"the score that the study chooses by. {MEANS} {BOLD}"
    )
    if marked:
        stale = ", by a recorded decision that is not current" if outdated(table) else ""
        sentence += f" The row set apart is the decided one{stale}."
    return Card("leaderboard", "Leaderboard", sentence, [grid], _meanings(table))


def alternatives_card(table: Table) -> Card:
    """The best configuration of every alternative."""
    best = alternatives(table)
    if isinstance(best, Unavailable):
        return Card("best", "Best results", absent=best.reason)
    grid = Grid(
        caption="The best configuration of every alternative.",
        headings=[
            Heading("alternative"),
            Heading("best configuration"),
            Heading("tried", "configurations", numeric=True),
            *_headings(table, best.columns, best.rows),
        ],
        rows=[
            [
                Value(row.entry.alternative or "(none)"),
                _name(table, row),
                Value(count(best.tried[row.entry.alternative]), sort=best.tried[row.entry.alternative]),
                *_values(row, best.rows),
            ]
            for row in best.rows
        ],
    )
    sentence = (
        f"The best configuration of each of {counted(len(best.rows), 'alternative')}, "
        f"chosen by {table.select_metric} on {table.select_split}. {BOLD}"
    )
    tried = sorted(set(best.tried.values()))
    caveats = (
        [f"The alternatives had between {tried[0]} and {tried[-1]} configurations: more tries find a higher maximum."]
        if len(tried) > 1
        else []
    )
    return Card("best", "Best results", sentence, [grid], caveats)


def _name(table: Table, row: Standing) -> Value:
    return Value(name(row.entry), carried(table, row.entry))


def _headings(table: Table, columns: Sequence[Column], rows: Sequence[Standing]) -> list[Heading]:
    scores = [_heading(table, column) for column in columns]
    return [*scores, Heading("n", "runs", numeric=True), *_trainable_heading(rows)]


def _heading(table: Table, column: Column) -> Heading:
    where = "mean over cases" if column.case is None else column.case.label
    split = f"chosen on {column.split}" if column.chosen else column.split
    below = " · ".join(part for part in (split, where) if part)
    return Heading(metric_name(table, column.metric), below, numeric=True, tip=facts_of(table.metrics[column.metric]))


def _trainable_heading(rows: Sequence[Standing]) -> list[Heading]:
    return [Heading("trainable", "parameters", numeric=True)] if _shows_trainable(rows) else []


def _shows_trainable(rows: Sequence[Standing]) -> bool:
    return any(row.entry.trainable is not None for row in rows)


def _values(row: Standing, rows: Sequence[Standing]) -> list[Value]:
    n = max((cell.n for cell in row.cells), default=0)
    scores = [_value(cell, n, best=best) for cell, best in zip(row.cells, row.best, strict=True)]
    return [*scores, Value(str(n), sort=n), *([_trainable(row)] if _shows_trainable(rows) else [])]


def _value(cell: Cell, n: int, *, best: bool) -> Value:
    if cell.mean is None:
        return Value(shortened(cell.reason or "no value"), muted=True)
    notes = [f"n = {cell.n}" if cell.n != n else "", shortened(cell.reason)]
    return Value(spread(cell), "; ".join(note for note in notes if note), best, cell.mean)


def _trainable(row: Standing) -> Value:
    found = row.entry.trainable
    return Value("not known", muted=True) if found is None else Value(count(found), sort=found)


def _meanings(table: Table) -> list[str]:
    names = dict.fromkeys((table.select_metric, *table.report))
    caveats = [f"{metric}: {facts_of(table.metrics[metric])}" for metric in names]
    if len(cases(table)) > 1:
        caveats.append("A configuration's score over several cases is the mean of its means and has no spread.")
    return caveats
