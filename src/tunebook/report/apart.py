"""What a table of alternatives shows, in words: who is best in a column, who is level with it, who is behind."""

from collections.abc import Mapping, Sequence

from tunebook.analyse import Column, Difference, Standing, cases, difference, reach
from tunebook.records import Table
from tunebook.report.cards import Facts
from tunebook.report.wording import in_case, name, number, shortened, with_n


def support(table: Table, columns: Sequence[Column], rows: Sequence[Standing]) -> list[Facts]:
    """For every case and split: which alternatives common seeds tell from the best one, metric by metric.

    For the metric that the study chooses by, also which of the trained ones they tell from each that is not trained.
    """
    found = []
    for case in cases(table):
        for split in table.splits:
            pairs = []
            for at, column in enumerate(columns):
                if column.case == case and column.split == split and reported(table, column):
                    way = table.metrics[column.metric].direction
                    pairs.append((column.metric, _said(rows, at, way)))
                    if column.metric == table.select_metric:
                        pairs += [
                            (f"{column.metric}, against {_who(floor)}", _against(rows, floor, at, way))
                            for floor in floors(rows)
                            if floor.cells[at].complete
                        ]
            title = f"What can be told apart on {split}{in_case(case)}"
            found.append(Facts(pairs, title, heads=("metric", "which alternatives common seeds tell apart")))
    return found


def floors(rows: Sequence[Standing]) -> list[Standing]:
    """The rows in which nothing is trained, where there are others."""
    found = [row for row in rows if row.entry.trainable == 0]
    return found if len(found) < len(rows) else []


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
    if sum(row.cells[at].complete for row in rows) < 2:
        return "fewer than two alternatives have a value from all of their runs"
    best = next(row for row in rows if row.first[at])
    told: dict[str, list[str]] = {"Cannot be told from it": [], "Behind it": [], "Not compared": []}
    for row in rows:
        if row is best:
            continue
        who, behind = _who(row), row.behind[at]
        if not row.cells[at].complete:
            told["Not compared"].append(f"{who} ({shortened(row.cells[at].reason or 'no value')})")
        elif behind is None:
            told["Not compared"].append(f"{who} (fewer than two seeds in common)")
        else:
            told["Behind it" if behind.apart else "Cannot be told from it"].append(f"{who}, {_gap(behind, way)}")
    return f"{_who(best)} has the best value, {with_n(best.cells[at])}.{_listed(told)}"


def _against(rows: Sequence[Standing], floor: Standing, at: int, way: str) -> str:
    """`Better: LoRA, 0.049 (0.042 to 0.057). Cannot be told from it: full, …`: what training does to the floor."""
    told: dict[str, list[str]] = {"Better": [], "Worse": [], "Cannot be told from it": [], "Not compared": []}
    for row in rows:
        if row.entry.trainable == 0:
            continue
        gap = difference(row.cells[at], floor.cells[at]) if row.cells[at].complete else None
        if gap is None:
            told["Not compared"].append(_who(row))
        else:
            better = (gap.mean > 0) == (way == "maximize")
            kind = "Cannot be told from it" if not gap.apart else "Better" if better else "Worse"
            told[kind].append(f"{_who(row)}, {_gap(gap, way)}")
    return _listed(told).strip()


def _gap(gap: Difference, way: str) -> str:
    """`0.003 (-0.002 to 0.008)`: how much better, whichever way the metric goes."""
    sign = 1 if way == "maximize" else -1
    low, high = sorted((sign * gap.low, sign * gap.high))
    return number(sign * gap.mean) + (
        f" ({number(low)} to {number(high)})" if gap.n > 1 else " (no seed can change it)"
    )


def _listed(told: Mapping[str, Sequence[str]]) -> str:
    return "".join(f" {kind}: {'; '.join(who)}." for kind, who in told.items() if who)


def _who(row: Standing) -> str:
    return row.entry.alternative or name(row.entry)
