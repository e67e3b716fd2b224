"""The leaderboard for a paper: the cells of the page, as tables of LaTeX with the package booktabs."""

import re
from collections.abc import Iterator, Sequence

from tunebook.analyse import leaderboard
from tunebook.analyse.overruling import agrees
from tunebook.records import Table
from tunebook.report.cards import Grid, Heading, Value
from tunebook.report.leaderboards import BOLD, BOLD_ONE, MEANS
from tunebook.report.rules import rule_in_words
from tunebook.report.scoreboard import Board, score_grids
from tunebook.report.wording import counted, name

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
COMMANDS = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''", "±": r"$\pm$", "×": r"$\times$",
    "·": r"\textperiodcentered{}", "→": r"$\rightarrow$", "²": r"$^2$", "–": "--", "…": r"\dots{}",
    **{each: f"\\{each}" for each in "&%$#_{}"},
    **{each: f"{{{each}}}" for each in "[]*"},  # not the argument of the line before
}  # fmt: skip
ESCAPES = str.maketrans(COMMANDS)
MINUS = re.compile(r"^-(?=\d)")
MARK = "→ "


def latex(table: Table) -> str:
    """The leaderboard as floating tables: one, or with many columns one for the choice and one for each case."""
    found = leaderboard(table)
    board = Board(table, found.columns, found.rows, "configuration")
    grids = score_grids(
        board,
        caption=f"Every configuration, ordered by {table.select_metric} on {table.select_split}",
        names=[Heading("configuration")],
        named=[[Value(name(row.entry))] for row in board.rows],
    )
    shown = [grid for grid in grids if isinstance(grid, Grid)]
    parts = [_table(grid, _caption(grid, board), f"tab:{table.study}-{at}") for at, grid in enumerate(shown, start=1)]
    head = f"% tunebook export {table.study} --format latex\n% \\usepackage{{booktabs}}\n"
    return head + "\n".join(parts)


def escaped(text: str) -> str:
    """Text that LaTeX sets as it is, on one line."""
    return CONTROL.sub("", " ".join(text.split())).translate(ESCAPES)


def _caption(grid: Grid, board: Board) -> str:
    """What is shown, how it was chosen, what ± and bold mean."""
    table = board.table
    replicated = any(cell.n > 1 for row in board.rows for cell in row.cells)
    parts = [
        f"Study {table.study}.",
        grid.caption,
        *_decided(table),
        f"{MARK}marks the decided configuration." if grid.marked else "",
        f"{counted(len(grid.rows), 'configuration')}; n is the number of runs behind a mean.",
        MEANS,
        BOLD if replicated else BOLD_ONE,
    ]
    return " ".join(part for part in parts if part)


def _decided(table: Table) -> Iterator[str]:
    """The rule, and who decided otherwise."""
    decision = table.decision
    if decision is None:
        yield f"Nothing is decided yet; the rule is {table.rule} of {table.select_metric} on {table.select_split}."
        return
    yield f"Chosen by {rule_in_words(table, decision)}."
    if decision.overruled is not None:
        otherwise = decision.overruled
        said = "Chosen as well" if agrees(decision) else "Overruled"
        of = "" if agrees(decision) else f", in place of {otherwise.label}"
        yield f"{said} by {otherwise.by} on {otherwise.on}{of}: {otherwise.because}."


def _table(grid: Grid, caption: str, label: str) -> str:
    align = "".join("r" if head.numeric else "l" for head in grid.headings)
    lines = [
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{escaped(caption)}}}",
        f"  \\label{{{label}}}",
        f"  \\begin{{tabular}}{{{align}}}",
        r"    \toprule",
        _line([escaped(head.text) for head in grid.headings]),
        *([_line([escaped(head.below) for head in grid.headings])] if any(h.below for h in grid.headings) else []),
        r"    \midrule",
        *(_line(_cells(row, marked=at in grid.marked)) for at, row in enumerate(grid.rows)),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _cells(row: Sequence[Value], *, marked: bool) -> list[str]:
    first, *rest = (_cell(value) for value in row)
    return [escaped(MARK) + " " + first if marked else first, *rest]


def _cell(value: Value) -> str:
    """A minus sign is set as one, what cannot be told from the best is bold, a reason is slanted."""
    text = MINUS.sub("$-$", escaped(value.text)) if value.sort is not None else escaped(value.text)
    if value.best:
        text = f"\\textbf{{{text}}}"
    elif value.muted:
        text = f"\\textit{{{text}}}"
    return f"{text} ({escaped(value.note)})" if value.note else text


def _line(cells: Sequence[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"
