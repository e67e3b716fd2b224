"""How much scores vary between replicates of one configuration, and whether equal runs repeat."""

from tunebook.analyse import Unavailable
from tunebook.analyse.noise import Noise, Repeats, noise, repeats
from tunebook.records import Table
from tunebook.report.cards import Block, Card, Grid, Heading, Said, Value
from tunebook.report.wording import between, counted, gap, metric_name

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
        return Card("noise", "Noise", f"The noise is not known: {reason}.", [Said(lines)])
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
    blocks: list[Block] = [grid, *([Said(lines)] if lines else [])]
    caveats = ["Pooled over configurations (ddof 1 in each), in each case by itself."]
    return Card("noise", "Noise", sentence, blocks, caveats)


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
