"""Numbers and names as a page writes them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tunebook.analyse import Cell, Entry
from tunebook.records import Case, MetricFacts, Table


def number(value: float) -> str:
    """Three decimals: `0.512`."""
    return f"{round(value, 3) + 0.0:.3f}"


def plain(value: float) -> str:
    """A parameter's value, as short as it can be: `16`, `0.001`, `1e-05`."""
    return f"{value:g}"


def count(value: float) -> str:
    """A whole number with thousands set apart: `4,102`."""
    return f"{value:,.0f}"


def counted(n: int, one: str, many: str = "") -> str:
    """`1 run`, `2 runs`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def joined(words: Sequence[str]) -> str:
    """`best, median and worst`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def spread(cell: Cell) -> str:
    """`0.512 ± 0.004`, without ± where n < 2; empty where there is no mean."""
    if cell.mean is None:
        return ""
    return number(cell.mean) if cell.sd is None else f"{number(cell.mean)} ± {number(cell.sd)}"


def with_n(cell: Cell) -> str:
    """`0.512 ± 0.004 (n = 2)`, or why there is none."""
    return f"{spread(cell)} (n = {cell.n})" if cell.mean is not None else f"no value ({cell.reason})"


def name(entry: Entry) -> str:
    """What a person calls a configuration; its id when nothing singles it out."""
    return entry.label or entry.configuration


def carried(table: Table, entry: Entry) -> str:
    """What singles out a configuration whose name holds no values: what it took over, else its parameters."""
    if "=" in entry.label:
        return ""
    parameters = next((row.parameters for row in entry.rows if row is not None), {})
    return table.carried.get(entry.alternative, "") or pairs(parameters)


def dotted(values: Mapping[str, object], above: str = "") -> dict[str, str]:
    """Nested values as dotted path -> text, sorted; a path is written as it stands."""
    found: dict[str, str] = {}
    for key, value in values.items():
        path = f"{above}{key}"
        found |= dotted(value, f"{path}.") if isinstance(value, Mapping) and value else {path: _value(value)}
    return dict(sorted(found.items()))


def in_case(case: Case | None) -> str:
    """` in root=cells`; empty for the only case."""
    return f" in {case.label}" if case is not None and case.label else ""


def pairs(values: Mapping[str, object]) -> str:
    """`alpha=4 rank=8`, by the last part of each name."""
    return " ".join(f"{path.rsplit('.', 1)[-1]}={_value(value)}" for path, value in values.items())


def facts_of(metric: MetricFacts) -> str:
    """A metric in words: meaning, unit, direction, what 0 and 1 mean."""
    parts = [
        metric.meaning.rstrip("."),
        f"unit: {metric.unit}" if metric.unit else "",
        "higher is better" if metric.direction == "maximize" else "lower is better",
        f"0: {metric.zero}" if metric.zero else "",
        f"1: {metric.one}" if metric.one else "",
    ]
    return "; ".join(part for part in parts if part) + "."


def legend(table: Table) -> list[str]:
    """What the metrics of a table are; those that are one score of several modes are told together."""
    facts = [table.metrics[name] for name in dict.fromkeys((table.select_metric, *table.report))]
    kin: dict[tuple[str, str], list[MetricFacts]] = {}
    for each in facts:
        score, means = each.name.partition(".")[2], each.meaning.partition("; ")[0]
        rest = facts_of(replace(each, meaning=means))
        kin.setdefault((score, rest) if score and "; " in each.meaning else (each.name, ""), []).append(each)
    lines = []
    for (score, rest), members in kin.items():
        if len(members) == 1:
            lines.append(f"{members[0].name}: {facts_of(members[0])}")
        else:
            modes = [f"{each.name} is {each.meaning.partition('; ')[2].rstrip('.')}" for each in members]
            lines.append(f"{score}: {rest} {'; '.join(modes)}.")
    return lines


def metric_name(table: Table, metric: str) -> str:
    """A metric with its unit, if it has one: `loss (nats)`."""
    unit = table.metrics[metric].unit
    return f"{metric} ({unit})" if unit else metric


def shortened(text: str, length: int = 60) -> str:
    """Text of at most `length` characters on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _value(value: object) -> str:
    if isinstance(value, float):
        short = plain(value)
        return short if float(short) == value else repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(each) for each in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)
