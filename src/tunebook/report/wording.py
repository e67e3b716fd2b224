"""Numbers and names as a page writes them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tunebook.analyse import Cell, Entry, cases
from tunebook.analyse.noise import folds
from tunebook.analyse.saying import score
from tunebook.records import Case, MetricFacts, Table
from tunebook.spec.programs import GROUP

ITEMS_DIFFER = "items differ from replicate to replicate, so that nothing is said about other items"
"""Of scores whose replicates have items of their own, in every card."""
CUT = "Intervals are cut at the lowest and the highest value that the metric can have."
COSTS_IN_WORDS = {
    "trainable_parameters": "trainable parameters",
    "seconds": "time",
    "cpu_seconds": "CPU time",
    "peak_memory_gb": "memory",
}
"""Costs as a page calls them."""


def number(value: float) -> str:
    """A score: three decimals, `0.512`; one digit of what they would show as nothing, `0.0003`."""
    return score(value)


def gap(value: float) -> str:
    """A difference or a spread: three decimals, two digits of what is small: `0.017`, `0.0024`."""
    if 5e-7 <= abs(value) < 0.00995:
        return f"{value:.{1 - math.floor(math.log10(abs(value)))}f}"
    return f"{round(value, 3) + 0.0:,.3f}"


def between(low: float, high: float) -> str:
    """An interval: `-0.002 to 0.008`."""
    return f"{gap(low)} to {gap(high)}"


def statistic(value: float) -> str:
    """An F, an eta², a ratio: two decimals, none of what is large: `0.46`, `1,204`."""
    if math.isinf(value):
        return "infinite"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def chance(p: float) -> str:
    """A p-value: `p = 0.83`, `p = 0.004`, `p < 0.001`."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


def percent(part: float) -> str:
    """A share: `46 %`; one decimal below 1 %."""
    return f"{100 * part:.1f} %" if 0 < part < 0.01 else f"{100 * part:.0f} %"


def plain(value: float) -> str:
    """A parameter's value, as short as it can be: `16`, `0.001`, `1e-05`."""
    return f"{value:g}"


def count(value: float) -> str:
    """A whole number with thousands set apart: `4,102`."""
    return f"{value:,.0f}"


def cost(name: str, value: float) -> str:
    """What a run took, with its unit: `4,608`, `41.2 s`, `0.85 GB`; three digits of what is measured."""
    if name == "trainable_parameters":
        return count(value)
    return f"{value:.3g} GB" if name == "peak_memory_gb" else f"{value:,.{0 if value >= 100 else 1}f} s"


def counted(n: int, one: str, many: str = "") -> str:
    """`1 run`, `2 runs`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def joined(words: Sequence[str]) -> str:
    """`best, median and worst`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def listed(words: Sequence[str], most: int = 6) -> str:
    """`a, b and c`; of many the first few, and how many more there are."""
    more = len(words) - most
    return joined(words) if more <= 1 else f"{', '.join(words[:most])} and {more:,} more"


def spread(cell: Cell) -> str:
    """`0.512 ± 0.004`, without ± where n < 2; empty where there is no mean."""
    if cell.mean is None:
        return ""
    return number(cell.mean) if cell.sd is None else f"{number(cell.mean)} ± {number(cell.sd)}"


def with_n(cell: Cell) -> str:
    """`0.512 ± 0.004 (n = 2)`, or why there is none."""
    return f"{spread(cell)} (n = {cell.n})" if cell.mean is not None else f"no value ({cell.reason})"


def within(table: Table, metric: str, low: float, high: float) -> tuple[float, float]:
    """Ends of an interval of a mean, cut at the lowest and the highest value that a metric can have."""
    facts = table.metrics[metric]
    least = -math.inf if facts.low is None else facts.low
    most = math.inf if facts.high is None else facts.high
    return min(max(low, least), most), min(max(high, least), most)


def units(table: Table) -> str:
    """What replicates are: `seeds`, or `replicates` where they are seeds on folds."""
    return "replicates" if folds(table) else "seeds"


def name(entry: Entry) -> str:
    """What a person calls a configuration; its id when nothing singles it out."""
    return entry.label or entry.configuration


def carried(table: Table, entry: Entry) -> str:
    """What singles out a configuration whose name holds no values: what it took over, else its parameters."""
    if "=" in entry.label:
        return ""
    parameters = next((row.parameters for row in entry.rows if row is not None), {})
    return table.carried.get(entry.alternative, "") or pairs(parameters)


def short(path: str, among: Sequence[str]) -> str:
    """The last part of a parameter's path where no other parameter has the same, `rank`; else the whole path."""
    last = path.rsplit(".", 1)[-1]
    alike = [each for each in among if each.rsplit(".", 1)[-1] == last]
    return last if alike == [path] else path


def parameters(values: Mapping[str, object]) -> Mapping[str, object]:
    """Nested values without the own program among them, which the study file shows as its task and its metrics."""
    return {key: value for key, value in values.items() if key != GROUP}


def dotted(values: Mapping[str, object], above: str = "") -> dict[str, str]:
    """Nested values as dotted path -> text, sorted; a path is written as it stands."""
    found: dict[str, str] = {}
    for key, value in values.items():
        path = f"{above}{key}"
        found |= dotted(value, f"{path}.") if isinstance(value, Mapping) and value else {path: value_text(value)}
    return dict(sorted(found.items()))


def in_case(case: Case | None) -> str:
    """` in root=cells`; empty for the only case."""
    return f" in {case.label}" if case is not None and case.label else ""


def over_cases(table: Table, case: Case | None) -> str:
    """` in root=cells`, `, mean over cases`; empty where there is one case only."""
    if case is not None:
        return in_case(case)
    return ", mean over cases" if len(cases(table)) > 1 else ""


def pairs(values: Mapping[str, object]) -> str:
    """`alpha=4 rank=8`, by the last part of each name."""
    return " ".join(f"{path.rsplit('.', 1)[-1]}={value_text(value)}" for path, value in values.items())


def facts_of(metric: MetricFacts) -> str:
    """A metric in words: meaning, unit, direction, what 0 and 1 mean."""
    parts = [
        metric.meaning.rstrip("."),
        f"unit: {metric.unit}" if metric.unit else "",
        ("higher is better" if metric.direction == "maximize" else "lower is better") + _range(metric),
        f"0: {metric.zero}" if metric.zero else "",
        f"1: {metric.one}" if metric.one else "",
    ]
    return "; ".join(part for part in parts if part) + "."


def _range(metric: MetricFacts) -> str:
    """`, 0 to 1`: the values that a metric can have."""
    if metric.low is not None and metric.high is not None:
        return f", {plain(metric.low)} to {plain(metric.high)}"
    if metric.low is not None:
        return f", from {plain(metric.low)}"
    return "" if metric.high is None else f", up to {plain(metric.high)}"


def legend(table: Table) -> list[tuple[str, str]]:
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
            lines.append((members[0].name, facts_of(members[0])))
        else:
            lines.append((score, rest))
            lines += [(each.name, f"{each.meaning.partition('; ')[2].rstrip('.')}.") for each in members]
    return lines


def metric_name(table: Table, metric: str) -> str:
    """A metric with its unit, if it has one: `loss (nats)`."""
    unit = table.metrics[metric].unit
    return f"{metric} ({unit})" if unit else metric


def first_and_rest(text: str) -> tuple[str, str]:
    """The first line of a text, and what follows it: a study file, under a way out."""
    first, _, rest = text.partition("\n")
    return first, rest


def shortened(text: str, length: int = 60) -> str:
    """Text of at most `length` characters on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def value_text(value: object) -> str:
    """A parameter's value as it was written: `16`, `1e-05`, `true`, `[q, v]`."""
    if isinstance(value, float):
        short = plain(value)
        return short if float(short) == value else repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(value_text(each) for each in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)
