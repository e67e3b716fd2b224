"""The cards with scores: leaderboard and best results."""

from collections.abc import Sequence

from tunebook.analyse import (
    Cell,
    Column,
    Standing,
    Unavailable,
    alternatives,
    cases,
    leaderboard,
    outdated,
)
from tunebook.records import Table
from tunebook.report.apart import few_seeds, floors, reported, support
from tunebook.report.cards import Block, Card, Facts, Grid, Heading, Value
from tunebook.report.wording import (
    carried,
    count,
    counted,
    facts_of,
    joined,
    legend,
    metric_name,
    name,
    shortened,
    spread,
)

MOST_COLUMNS = 8
"""Most columns of scores that a table holds: with several cases, more become one table for each case."""
BOLD = (
    "Bold: the best value of a column and those that cannot be told from it, because the 95 % interval of the paired "
    "difference over common seeds (Student's t) holds 0; only rows whose runs all have a value are compared."
)
BOLD_ONE = "Bold: the best value of a column; with one run in each row, nothing can be said of how far apart they are."
ALONE = (
    "Each comparison stands alone: of many at 95 %, a few leave out 0 by chance. The intervals are about other "
    "seeds on these same items, not about other items."
)
MEANS = "Values are means over the n runs of a row, ± their standard deviation (ddof 1; none when n = 1)."


def leaderboard_card(table: Table) -> Card:
    """Configurations against reported metrics, best selection score first."""
    board = leaderboard(table)
    if not board.rows:
        return Card("leaderboard", "Leaderboard", absent="the study has no configurations")
    names = [row.entry.alternative for row in board.rows]
    if len(set(names)) == len(names) > 1:
        sentence = "Every alternative has one configuration: the table of the best results below holds them all."
        return Card("leaderboard", "Leaderboard", sentence)
    caption = f"Every configuration, ordered by {table.select_metric} on {table.select_split}"
    grids = _grids(
        table,
        board.columns,
        board.rows,
        caption=caption,
        names=[Heading("configuration")],
        named=[[_name(table, row)] for row in board.rows],
    )
    sentence = (
        f"{counted(len(board.rows), 'configuration')}, ordered by {table.select_metric} on {table.select_split}"
        f"{_over_cases(table)}, the score that the study chooses by. {MEANS} {_bold(board.rows)}"
    )
    sentence += _set_apart(table, board.rows)
    alone = [ALONE] if _replicated(board.rows) else []
    return Card("leaderboard", "Leaderboard", sentence, grids, [*few_seeds(board.rows), *alone, *legend(table)])


def alternatives_card(table: Table) -> Card:
    """The best configuration of every alternative, and what common seeds say of their differences."""
    best = alternatives(table)
    if isinstance(best, Unavailable):
        return Card("best", "Best results", absent=best.reason)
    tried = [best.tried[row.entry.alternative] for row in best.rows]
    several = max(tried) > 1
    grids = _grids(
        table,
        best.columns,
        best.rows,
        caption="The best configuration of every alternative",
        names=[
            Heading("alternative"),
            Heading("best configuration"),
            *([Heading("tried", "configurations", numeric=True)] if several else []),
        ],
        named=[
            [
                Value(row.entry.alternative or "(none)", _untrained(row)),
                _singled_out(table, row),
                *([Value(count(n), sort=n)] if several else []),
            ]
            for row, n in zip(best.rows, tried, strict=True)
        ],
    )
    sentence = (
        f"The best configuration of each of {counted(len(best.rows), 'alternative')}, "
        f"chosen by {table.select_metric} on {table.select_split}{_over_cases(table)}. {MEANS} {_bold(best.rows)}"
    )
    sentence += _set_apart(table, best.rows) + _floors(best.rows)
    caveats = few_seeds(best.rows)
    if min(tried) < max(tried):
        caveats.append(
            f"The alternatives had between {min(tried)} and {max(tried)} configurations: "
            "more tries find a higher maximum."
        )
    caveats += _upstream(table, best.rows)
    said: list[Facts] = []
    if _replicated(best.rows):
        said = support(table, best.columns, best.rows)
        caveats += [
            "What can be told apart: how far each is behind the best, or better than what is not trained, and in "
            "brackets the 95 % interval of that difference over common seeds.",
            ALONE,
        ]
    if len(best.rows) == len({row.configuration for row in table.rows}):  # there is no leaderboard to explain them
        caveats += legend(table)
    return Card("best", "Best results", sentence, [*grids, *said], caveats)


def _grids(
    table: Table,
    columns: Sequence[Column],
    rows: Sequence[Standing],
    *,
    caption: str,
    names: Sequence[Heading],
    named: Sequence[Sequence[Value]],
) -> list[Block]:
    """One table with the cases side by side; where it would be too wide, the choice and then each case by itself.

    Args:
        names, named: The columns before the scores; tables of one case show the first of them only.
    """
    every = cases(table)
    whole = list(range(len(columns)))
    marked = _decided(table, rows)
    if len(every) == 1 or len(columns) <= MOST_COLUMNS:
        shown = [*names, *_headings(table, columns, whole, rows)]
        values = [[*first, *_values(row, whole, rows)] for first, row in zip(named, rows, strict=True)]
        return [Grid(f"{caption}.", shown, values, marked=marked)]
    chosen = [at for at in whole if columns[at].chosen]
    metric = f"{table.select_metric} on {table.select_split}"
    grids: list[Block] = [
        Grid(
            f"{caption}: {metric} in every case.",
            [*names, *_headings(table, columns, chosen, rows)],
            [[*first, *_values(row, chosen, rows)] for first, row in zip(named, rows, strict=True)],
            title=f"Chosen by {metric}",
            marked=marked,
        )
    ]
    for case in every:
        here = [at for at in whole if columns[at].case == case and reported(table, columns[at])]
        if here:
            grids.append(
                Grid(
                    f"{caption}: {case.label}.",
                    [names[0], *_headings(table, columns, here, rows, trainable=False, case=False)],
                    [
                        [first[0], *_values(row, here, rows, trainable=False)]
                        for first, row in zip(named, rows, strict=True)
                    ],
                    title=case.label,
                    marked=marked,
                )
            )
    return grids


def _over_cases(table: Table) -> str:
    every = cases(table)
    return f" (mean over the cases {joined([case.label for case in every])})" if len(every) > 1 else ""


def _decided(table: Table, rows: Sequence[Standing]) -> frozenset[int]:
    chosen = table.decision.configuration if table.decision else ""
    return frozenset(at for at, row in enumerate(rows) if row.entry.configuration == chosen)


def _set_apart(table: Table, rows: Sequence[Standing]) -> str:
    if not _decided(table, rows):
        return ""
    stale = ", by a recorded decision that is not current" if outdated(table) else ""
    return f" The row set apart is the decided one{stale}."


def _floors(rows: Sequence[Standing]) -> str:
    """What training is compared with."""
    named = [row.entry.alternative or name(row.entry) for row in floors(rows)]
    return f" Nothing is trained in the rows that training has to beat: {'; '.join(named)}." if named else ""


def _upstream(table: Table, rows: Sequence[Standing]) -> list[str]:
    """Where the rows come from that were chosen elsewhere, and what choosing there does to their scores here."""
    behind = {name: table.upstream[name] for row in rows if (name := row.entry.alternative) in table.upstream}
    if not behind:
        return []
    chains = [f"{name} ({' after '.join(each.studies)})" for name, each in behind.items()]
    found = [f"Tried counts each configuration of the studies behind a row once: {'; '.join(chains)}."]
    again = [name for name, each in behind.items() if each.chosen_on]
    if again:
        found.append(
            f"{', '.join(again)}: scored here on runs by which the studies behind them chose. What made them the best "
            "there by luck is in these scores too; other seeds would not share it."
        )
    return found


def _replicated(rows: Sequence[Standing]) -> bool:
    return any(cell.n > 1 for row in rows for cell in row.cells)


def _bold(rows: Sequence[Standing]) -> str:
    return BOLD if _replicated(rows) else BOLD_ONE


def _name(table: Table, row: Standing) -> Value:
    notes = (carried(table, row.entry), _untrained(row))
    return Value(name(row.entry), "; ".join(note for note in notes if note))


def _singled_out(table: Table, row: Standing) -> Value:
    """What the best configuration of an alternative is, without the name that stands beside it."""
    return Value(
        carried(table, row.entry) or name(row.entry).removeprefix(row.entry.alternative).strip() or "as declared"
    )


def _untrained(row: Standing) -> str:
    return "nothing is trained" if row.entry.trainable == 0 else ""


def _headings(
    table: Table,
    columns: Sequence[Column],
    shown: Sequence[int],
    rows: Sequence[Standing],
    *,
    trainable: bool = True,
    case: bool = True,
) -> list[Heading]:
    scores = [_heading(table, columns[at], case=case) for at in shown]
    return [*scores, Heading("n", "runs", numeric=True), *(_trainable_heading(rows) if trainable else [])]


def _heading(table: Table, column: Column, *, case: bool) -> Heading:
    where = "mean over cases" if column.case is None else column.case.label
    split = f"chosen on {column.split}" if column.chosen else column.split
    below = " · ".join(part for part in (split, where if case else "") if part)
    return Heading(metric_name(table, column.metric), below, numeric=True, tip=facts_of(table.metrics[column.metric]))


def _trainable_heading(rows: Sequence[Standing]) -> list[Heading]:
    return [Heading("trainable", "parameters", numeric=True)] if _shows_trainable(rows) else []


def _shows_trainable(rows: Sequence[Standing]) -> bool:
    return any(row.entry.trainable is not None for row in rows)


def _values(row: Standing, shown: Sequence[int], rows: Sequence[Standing], *, trainable: bool = True) -> list[Value]:
    n = max((row.cells[at].n for at in shown), default=0)
    scores = [_value(row.cells[at], n, best=row.best[at]) for at in shown]
    last = [_trainable(row)] if trainable and _shows_trainable(rows) else []
    return [*scores, Value(str(n), sort=n), *last]


def _value(cell: Cell, n: int, *, best: bool) -> Value:
    if cell.mean is None:
        return Value(shortened(cell.reason or "no value"), muted=True)
    notes = [f"n = {cell.n}" if cell.n != n else "", shortened(cell.reason)]
    return Value(spread(cell), "; ".join(note for note in notes if note), best, cell.mean)


def _trainable(row: Standing) -> Value:
    found = row.entry.trainable
    return Value("not known", muted=True) if found is None else Value(count(found), sort=found)
