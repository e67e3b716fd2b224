"""The cards with scores: every configuration, and the best of every alternative."""

from collections.abc import Sequence
from dataclasses import replace

from tunebook.analyse import Standing, Unavailable, alternatives, cases, is_open, leaderboard, outdated
from tunebook.records import Table
from tunebook.report.apart import covered, distances, floors, gains, verdict
from tunebook.report.cards import Block, Card, Facts, Heading, Said, Value
from tunebook.report.notes import mark
from tunebook.report.scoreboard import Board, score_grids
from tunebook.report.wording import carried, count, counted, joined, legend, name, units

BOLD = (
    "Bold: the best value of a column and those that cannot be told from it (multiple comparisons with the best, 95 % "
    "for all at once); only rows whose runs all have a value are compared."
)
BOLD_ONE = "Bold: the best value of a column; with one run in each row, nothing can be said of how far apart they are."
MEANS = "Values are means over the n runs of a row, ± their standard deviation (ddof 1; none when n = 1)."


def leaderboard_card(table: Table) -> Card:
    """Configurations against reported metrics, best selection score first."""
    found = leaderboard(table)
    if not found.rows:
        return Card("leaderboard", "Leaderboard", absent="the study has no configurations")
    board = Board(table, found.columns, found.rows, "configuration")
    names = [row.entry.alternative for row in board.rows]
    if len(set(names)) == len(names) > 1:
        sentence = "Every alternative has one configuration: the table of the best results below holds them all."
        return Card("leaderboard", "Leaderboard", sentence)
    sentence = (
        f"{counted(len(board.rows), 'configuration')}, ordered by {table.select_metric} on {table.select_split}"
        f"{_over_cases(table)}, the score that the study chooses by.{_set_apart(board)}"
    )
    grids = score_grids(
        board,
        caption=f"Every configuration, ordered by {table.select_metric} on {table.select_split}",
        names=[Heading("configuration")],
        named=[[_name(table, row)] for row in board.rows],
    )
    chosen = [at for at, column in enumerate(board.columns) if column.chosen]
    said = [line for at in chosen[:1] if (line := verdict(board, at))] if _replicated(board) else []
    blocks = [*grids, *([Said(said)] if said else []), *distances(board, chosen, prefix="distance"), _legend(table)]
    return Card("leaderboard", "Leaderboard", sentence, blocks, _reading(board))


def alternatives_card(table: Table) -> Card:
    """The best configuration of every alternative, and what common seeds say of their differences."""
    best = alternatives(table)
    if isinstance(best, Unavailable):
        return Card("best", "Best results", absent=best.reason)
    board = Board(table, best.columns, best.rows, "alternative")
    tried = [best.tried[row.entry.alternative] for row in best.rows]
    several = max(tried) > 1
    grids = score_grids(
        board,
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
        f"chosen by {table.select_metric} on {table.select_split}{_over_cases(table)}."
    )
    sentence += _set_apart(board) + _floors(board)
    caveats = _reading(board)
    if min(tried) < max(tried):
        caveats.append(
            f"The alternatives had between {min(tried)} and {max(tried)} configurations: "
            "more tries find a higher maximum."
        )
    caveats += _upstream(table, best.rows)
    blocks = [*grids, *_compared(board)]
    if len(best.rows) == len({row.configuration for row in table.rows}):  # there is no leaderboard to explain them
        blocks.append(_legend(table))
    return Card("best", "Best results", sentence, blocks, caveats)


def _compared(board: Board) -> list[Block]:
    """What common seeds tell apart: in words for the metric that is chosen by, in a figure for every reported one."""
    if not _replicated(board):
        return []
    table = board.table
    shown = [at for at, column in enumerate(board.columns) if column.case is not None and board.reported(column)]
    told = [at for at in shown if board.columns[at].metric == table.select_metric] or shown[:1]
    lines = [line for at in told if (line := verdict(board, at))]
    blocks: list[Block] = [Said(lines)] if lines else []
    for place, case in enumerate(cases(table), start=1):
        here = [at for at in shown if board.columns[at].case == case]
        blocks += [replace(each, title=case.label) for each in distances(board, here, prefix=f"best-{place}")]
    return [*blocks, *gains(board)]


def _legend(table: Table) -> Facts:
    return Facts(legend(table), "What the metrics mean", folded=True, heads=("metric", "meaning"))


def _over_cases(table: Table) -> str:
    every = cases(table)
    return f" (mean over the cases {joined([case.label for case in every])})" if len(every) > 1 else ""


def _set_apart(board: Board) -> str:
    if not board.decided:
        return ""
    stale = ", by a recorded decision that is not current" if outdated(board.table) else ""
    return f" The row set apart is the decided one{stale}."


def _floors(board: Board) -> str:
    """What training is compared with."""
    named = [board.who(row) for row in floors(board)]
    return f" Nothing is trained in the rows that training has to beat: {'; '.join(named)}." if named else ""


def _reading(board: Board) -> list[str]:
    """How a table of scores is read, and what its comparisons do not say."""
    if not is_open(board.table):
        return _means(board)
    if any(best for row in board.rows for best in row.best):
        return ["Runs are missing: the order and what is bold are of what has ended so far.", *_means(board)]
    return [
        "Runs are missing: the order is of what has ended so far, and nothing is bold before two rows have all of "
        "their runs.",
        MEANS,
    ]


def _means(board: Board) -> list[str]:
    """What stands in a cell, and what bold says."""
    if not _replicated(board):
        return [f"{MEANS} {BOLD_ONE}"]
    cancels = f"what {units(board.table)} and items do to all cancels"
    return [f"{MEANS} {BOLD}", f"The intervals are for {covered(board)}; {cancels}."]


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


def _replicated(board: Board) -> bool:
    return any(cell.n > 1 for row in board.rows for cell in row.cells)


def _name(table: Table, row: Standing) -> Value:
    notes = (carried(table, row.entry), _untrained(row), mark(table, row.entry.configuration))
    return Value(name(row.entry), "; ".join(note for note in notes if note))


def _singled_out(table: Table, row: Standing) -> Value:
    """What the best configuration of an alternative is, without the name that stands beside it."""
    said = carried(table, row.entry) or name(row.entry).removeprefix(row.entry.alternative).strip() or "as declared"
    return Value(said, mark(table, row.entry.configuration))


def _untrained(row: Standing) -> str:
    return "nothing is trained" if row.entry.trainable == 0 else ""
