"""How much scores vary between replicates of one configuration, and whether equal runs repeat."""

from tunebook.analyse import Sure, Unavailable, sureness
from tunebook.analyse.noise import Noise, Repeats, folds, noise, repeats
from tunebook.records import Table
from tunebook.report.cards import Block, Card, Grid, Heading, Said, Value
from tunebook.report.wording import between, counted, gap, metric_name, number, units

METHODS = {
    "Student": "Student's t, seeds and items each by their variance",
    "BCa": "bootstrap (BCa)",
    "bootstrap": "bootstrap of seeds and items",
}
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
        f"Replicates of one configuration differ in {first.metric} on {first.split} by a standard deviation of "
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
    title = "The decided configuration on other seeds and other items of the kind"
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
    return [Grid(f"{title}.", headings, [_sure_cells(table, each) for each in found], title=title, folded=True)]


def _sure_cells(table: Table, each: Sure) -> list[Value]:
    mean, found = each.cell.mean, each.interval
    assert mean is not None  # `sureness` holds no others
    assert found is not None  # `_sure` shows no others
    return [
        Value(metric_name(table, each.metric)),
        Value(each.split),
        *([Value(each.case.label)] if each.case.label else []),
        Value(number(mean), sort=mean),
        Value(between(found.low, found.high), sort=found.low),
        Value(str(found.seeds), sort=found.seeds),
        Value("these alone" if found.items == 1 else str(found.items), sort=found.items),
        Value(METHODS[found.method]),
    ]


def _cells(table: Table, metric: str, split: str, found: Noise | Unavailable) -> list[Value]:
    names = [Value(metric_name(table, metric)), Value(split)]
    if isinstance(found, Unavailable):
        return [*names, Value(found.reason, muted=True), *(Value("") for _ in range(4))]
    return [
        *names,
        Value(gap(found.sd), sort=found.sd),
        Value(between(found.low, found.high), sort=found.low),
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
