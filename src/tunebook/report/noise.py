"""How much scores vary between replicates of one configuration, and whether equal runs repeat."""

from tunebook.analyse import Sure, Unavailable, sureness
from tunebook.analyse.noise import Noise, Repeats, folds, noise, repeats
from tunebook.analyse.scores import items_differ
from tunebook.records import Table
from tunebook.report.cards import Block, Card, Grid, Heading, Said, Value
from tunebook.report.stability import UNCHANGED
from tunebook.report.wording import CUT, ITEMS_DIFFER, between, counted, gap, metric_name, number, units, within

METHODS = {
    "Student": "Student's t, {units} and items each by their variance",
    "BCa": "bootstrap (BCa)",
    "bootstrap": "bootstrap of {units} and items",
}
ALONE = {**METHODS, "Student": "Student's t"}
"""The same where nothing is said of other items."""
SOURCES = {"replicates": "replicates of every configuration", "centre point": "centre point on fresh seeds"}


def noise_card(table: Table) -> Card:
    """Pooled standard deviations, metric by metric, and repeats."""
    columns = dict.fromkeys(
        [
            (table.select_metric, table.select_split),
            *((metric, split) for split in table.splits for metric in table.report),
        ]
    )
    found = [(metric, split, noise(table, metric, split)) for metric, split in columns]
    known = [each for _, _, each in found if isinstance(each, Noise)]
    lines = _repeats(repeats(table))
    if not known:
        reason = next((each.reason for _, _, each in found if isinstance(each, Unavailable)), "nothing was measured")
        if not lines:
            return Card("noise", "Noise", absent=reason)
        return Card("noise", "Noise", f"The noise is not known: {reason}.", [Said(lines), *_sure(table)])
    first = known[0]
    sentence = (
        f"Replicates of one configuration do not differ in {first.metric} on {first.split}, to the last digit: it "
        f"{UNCHANGED}."
        if not first.sd
        else f"Replicates of one configuration differ in {first.metric} on {first.split} by a standard deviation of "
        f"{gap(first.sd)} (95 % interval {between(first.low, first.high)}, "
        f"{counted(first.df, 'degree of freedom', 'degrees of freedom')})."
    )
    rows = [[*_cells(table, metric, split, each)] for metric, split, each in found]
    headings = [
        Heading("metric"),
        Heading("split"),
        Heading("sd", "pooled, within configurations", numeric=True),
        Heading("95 % interval", numeric=True),
        Heading("df", "degrees of freedom", numeric=True),
        Heading("configurations", numeric=True),
        Heading("from"),
    ]
    grid = Grid("Noise of every metric.", headings, rows)
    blocks: list[Block] = [grid, *([Said(lines)] if lines else []), *_sure(table)]
    caveats = ["Pooled over configurations (ddof 1 in each), in each case by itself.", *_of_folds(table)]
    return Card("noise", "Noise", sentence, blocks, caveats)


def _of_folds(table: Table) -> list[str]:
    """What folds are not, and what is done about it."""
    if not folds(table):
        return []
    return [
        f"Replicates are seeds on {folds(table)} folds. Trainings of different folds share most of their data, so that "
        "their spread is not that of independent repetitions, and no estimate of it is unbiased (Bengio and Grandvalet "
        "2004). Intervals of differences and of the decided configuration are widened for it, by tested over trained "
        "data (Nadeau and Bengio 2003); the sd, the interval of the sd and the tests of parameters are not."
    ]


def _sure(table: Table) -> list[Block]:
    """How far other seeds and other items could move the scores of what is carried forward."""
    found = [each for each in sureness(table) if each.interval is not None]
    if not found:
        return []
    items = "" if any(_differ(table, each) for each in found) else " and other items of the kind"
    title = f"The decided configuration on other {units(table)}{items}"
    headings = [
        Heading("metric"),
        Heading("split"),
        *([Heading("case")] if any(each.case.label for each in found) else []),
        Heading("mean", numeric=True),
        Heading("95 % interval", "of the mean", numeric=True),
        Heading(units(table), numeric=True),
        Heading("items", numeric=True),
        Heading("by"),
    ]
    rows = [_sure_cells(table, each) for each in found]
    said = [f"{ITEMS_DIFFER[0].upper()}{ITEMS_DIFFER[1:]}."] * (not items) + [CUT] * any(_cut(table, e) for e in found)
    caption = " ".join([f"{title}.", *said])
    return [*([Said(said)] if said else []), Grid(caption, headings, rows, title=title, folded=True)]


def _differ(table: Table, each: Sure) -> bool:
    return items_differ(table, each.metric, each.split)


def _cut(table: Table, each: Sure) -> bool:
    """Whether an interval goes beyond what the metric can be."""
    found = each.interval
    return found is not None and within(table, each.metric, found.low, found.high) != (found.low, found.high)


def _interval(table: Table, each: Sure) -> Value:
    """The ends of an interval; words where no replicate changed the score."""
    found = each.interval
    assert found is not None  # `_sure` shows no others
    if found.low == found.high:
        return Value(UNCHANGED, muted=True)
    low, high = within(table, each.metric, found.low, found.high)
    return Value(between(low, high), sort=low)


def _sure_cells(table: Table, each: Sure) -> list[Value]:
    mean, found = each.cell.mean, each.interval
    assert mean is not None  # `sureness` holds no others
    assert found is not None  # `_sure` shows no others
    return [
        Value(metric_name(table, each.metric)),
        Value(each.split),
        *([Value(each.case.label)] if each.case.label else []),
        Value(number(mean), sort=mean),
        _interval(table, each),
        Value(str(found.seeds), sort=found.seeds),
        Value(_items(table, each, found.items), sort=found.items),
        Value((METHODS if found.items > 1 else ALONE)[found.method].format(units=units(table))),
    ]


def _items(table: Table, each: Sure, n: int) -> str:
    """How many items an interval is for, or why for no others."""
    if n > 1:
        return str(n)
    return "other ones in each replicate" if _differ(table, each) else "these alone"


def _cells(table: Table, metric: str, split: str, found: Noise | Unavailable) -> list[Value]:
    names = [Value(metric_name(table, metric)), Value(split)]
    if isinstance(found, Unavailable):
        return [*names, Value(found.reason, muted=True), *(Value("") for _ in range(4))]
    return [
        *names,
        Value(gap(found.sd), sort=found.sd),
        Value(between(found.low, found.high), sort=found.low) if found.sd else Value(UNCHANGED, muted=True),
        Value(str(found.df), sort=found.df),
        Value(str(found.configurations), sort=found.configurations),
        Value(SOURCES.get(found.source, found.source)),
    ]


def _repeats(found: Repeats | Unavailable) -> list[str]:
    """Whether equal runs that were executed again gave equal scores."""
    if isinstance(found, Unavailable):
        return []
    pairs = counted(found.pairs, "equal run")
    if not found.differing:
        return [f"{pairs} executed again gave the same scores to the last digit."]
    return [
        f"{found.differing} of {pairs} executed again gave other scores, by up to {gap(found.largest)}: "
        "what differs between equal runs is no difference between configurations."
    ]
