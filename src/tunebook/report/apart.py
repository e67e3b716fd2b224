"""What a table of alternatives shows, in words: who is best in a column, who is level with it, who is behind."""

from collections.abc import Sequence

from tunebook.analyse import Column, Standing, cases, reach
from tunebook.records import Table
from tunebook.report.cards import Facts
from tunebook.report.wording import in_case, name, number, shortened, with_n


def support(table: Table, columns: Sequence[Column], rows: Sequence[Standing]) -> list[Facts]:
    """For every case and split: which alternatives common seeds tell from the best one, metric by metric."""
    found = []
    for case in cases(table):
        for split in table.splits:
            pairs = [
                (column.metric, _said(rows, at, table.metrics[column.metric].direction))
                for at, column in enumerate(columns)
                if column.case == case and column.split == split and reported(table, column)
            ]
            found.append(Facts(pairs, title=f"What can be told apart on {split}{in_case(case)}"))
    return found


def few_seeds(rows: Sequence[Standing]) -> list[str]:
    """With two seeds an interval tells almost nothing apart, and a reader should know why so much is bold."""
    columns = zip(*(row.behind for row in rows), strict=True)
    compared = [found for column in columns if len(found := [each for each in column if each is not None]) > 1]
    if max((behind.n for column in compared for behind in column), default=0) != 2:
        return []
    return [
        f"With 2 common seeds an interval reaches {reach(2):.1f} standard errors to each side, with 3 it is "
        f"{reach(3):.1f}: two seeds tell little apart."
    ]


def reported(table: Table, column: Column) -> bool:
    """Whether a column belongs to what the study reports, not only to what it chooses by."""
    return not column.chosen or (column.split in table.splits and column.metric in table.report)


def _said(rows: Sequence[Standing], at: int, way: str) -> str:
    """`LoRA has the best value, 0.7. Cannot be told from it: FacT, 0.003 (-0.002 to 0.008). Behind it: …`."""
    whole = [row for row in rows if row.cells[at].complete]
    if len(whole) < 2:
        return "fewer than two alternatives have a value from all of their runs"
    sign = 1 if way == "maximize" else -1
    best = max(whole, key=lambda row: sign * (row.cells[at].mean or 0.0))
    told: dict[str, list[str]] = {"Cannot be told from it": [], "Behind it": [], "Not compared": []}
    for row in rows:
        if row is best:
            continue
        who, behind = row.entry.alternative or name(row.entry), row.behind[at]
        if not row.cells[at].complete:
            told["Not compared"].append(f"{who} ({shortened(row.cells[at].reason or 'no value')})")
        elif behind is None:
            told["Not compared"].append(f"{who} (fewer than two seeds in common)")
        else:
            low, high = sorted((sign * behind.low, sign * behind.high))
            between = f" ({number(low)} to {number(high)})" if behind.n > 1 else " (no seed can change it)"
            told["Behind it" if behind.apart else "Cannot be told from it"].append(
                f"{who}, {number(sign * behind.mean)}{between}"
            )
    parts = [f"{kind}: {'; '.join(who)}." for kind, who in told.items() if who]
    first = f"{best.entry.alternative or name(best.entry)} has the best value, {with_n(best.cells[at])}."
    return " ".join([first, *parts])
