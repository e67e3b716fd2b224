"""What each split can tell: whether configurations lie apart on it, and in the order of the split of the choice."""

from collections.abc import Iterator, Sequence

from tunebook.analyse import Unavailable, cell, ordered
from tunebook.analyse.scores import mean_over_cases
from tunebook.analyse.separating import Agreement, Separation, separations
from tunebook.records import Table
from tunebook.report.cards import Block, Card, Figures, Grid, Heading, Said, Value
from tunebook.report.figures.figure import Point, ScatterFigure
from tunebook.report.wording import (
    between,
    chance,
    counted,
    gap,
    metric_name,
    name,
    number,
    percent,
    spread,
    statistic,
    units,
)

ANCHOR, HEADING = "splits", "What each split can tell"


def splits_card(table: Table) -> Card:
    """Split by split: range of the means, noise, what is left beyond it, who is told apart, and the order."""
    found = separations(table)
    if isinstance(found, Unavailable):
        return Card(ANCHOR, HEADING, absent=found.reason)
    blocks: list[Block] = [Said([*_lines(table, found)])]
    figures = list(_figures(table, found))
    blocks += [Figures(figures)] if figures else []
    blocks.append(_grid(table, found))
    return Card(ANCHOR, HEADING, _sentence(table, found), blocks, _caveats(table, found))


def _sentence(table: Table, found: Sequence[Separation]) -> str:
    """`By f1: val hardly separates the configurations (…); ood separates the configurations (…).`."""
    parts = [f"{each.split} {each.verdict} the configurations{_middle(table, each)}" for each in found]
    return f"By {table.select_metric}: {'; '.join(parts)}."


def _middle(table: Table, each: Separation) -> str:
    """` (the middle half of the means within 0.008, by seeds alone 0.013)`."""
    if each.by_noise is None:
        return ""
    alone = f"by {units(table)} alone {gap(each.by_noise)}"
    return f" (the middle half of the means within {gap(each.high - each.low)}, {alone})"


def _lines(table: Table, found: Sequence[Separation]) -> Iterator[str]:
    for each in found:
        df = counted(each.df, "degree of freedom", "degrees of freedom")
        same = f" {each.ties} of {each.configurations} have the best mean." if each.ties > 1 else ""
        yield (
            f"On {each.split}, means lie between {number(each.lowest)} and {number(each.highest)}, the middle half "
            f"between {number(each.low)} and {number(each.high)}; replicates of one configuration differ by a standard "
            f"deviation of {gap(each.sd)} ({df}).{same}{_share(table, each)} {each.told} of "
            f"{counted(each.compared, 'other')} can be told from the best."
        )
    chosen = next((each for each in found if each.chosen), None)
    for each in found:
        if chosen is not None and each.agreement is not None:
            yield f"{_order(each, each.agreement, table.select_split)}{_first(table, chosen, each)}"


def _share(table: Table, each: Separation) -> str:
    """` Of the variance of the means, 15 % (0 % to 41 %) is not that of seeds (F = 1.18, p = 0.17).`."""
    if each.share is None:
        return ""
    found = each.share
    test = f"F = {statistic(found.f)}, {chance(found.p)}"
    return (
        f" Of the variance of the means, {percent(found.value)} ({percent(found.low)} to {percent(found.high)}) is "
        f"not what {units(table)} do ({test})."
    )


def _order(each: Separation, found: Agreement, chosen: str) -> str:
    if found.value is None:
        return f"The order on {chosen} says nothing of that on {each.split}: there are too few configurations, or ties."
    interval = "" if found.low is None or found.high is None else f", 95 % interval {between(found.low, found.high)}"
    return (
        f"The order on {chosen} and that on {each.split} have a rank correlation of {gap(found.value)} (Spearman, "
        f"{counted(found.n, 'configuration')}{interval})."
    )


def _first(table: Table, chosen: Separation, other: Separation) -> str:
    """Where the best configuration of the split of the choice stands on another."""
    sign = -1.0 if table.metrics[table.select_metric].direction == "maximize" else 1.0
    means = _means(table, other.split)
    labels = {entry.configuration: name(entry) for entry in ordered(table)}
    if chosen.best not in means:
        return ""
    here = means[chosen.best]
    place = 1 + sum(sign * mean < sign * here for mean in means.values())
    best = other.highest if sign < 0 else other.lowest
    return (
        f" The best on {chosen.split}, {labels[chosen.best]}, is at place {place} of {len(means)} on {other.split}: "
        f"{number(here)}, where the best has {number(best)}."
    )


def _means(table: Table, split: str) -> dict[str, float]:
    """Configuration -> mean over cases, of those whose runs all have a value, two or more."""
    found = {}
    for entry in ordered(table):
        whole = mean_over_cases([cell(row, metric=table.select_metric, split=split) for row in entry.rows])
        if whole.complete and whole.sd is not None and whole.mean is not None:
            found[entry.configuration] = whole.mean
    return found


def _figures(table: Table, found: Sequence[Separation]) -> Iterator[ScatterFigure]:
    """Each reported split against the split of the choice."""
    chosen = next((each for each in found if each.chosen), None)
    others = [each for each in found if each.agreement is not None]
    if chosen is None:
        return
    across, decided = _means(table, chosen.split), table.decision.configuration if table.decision else ""
    for at, each in enumerate(others, start=1):
        up = _means(table, each.split)
        both = [entry for entry in ordered(table) if entry.configuration in across and entry.configuration in up]
        ns = f"n = {min(chosen.n, each.n)}"
        assert each.agreement is not None  # those without are left out above
        yield ScatterFigure(
            name=f"splits-{at}",
            title=[
                f"{table.select_metric} on {each.split} against {chosen.split}",
                f"a mark is the mean of a configuration, {ns}",
                f"sd between replicates: {gap(chosen.sd)} across, {gap(each.sd)} upwards · square: decided",
            ],
            alt=f"{_order(each, each.agreement, chosen.split)}{_first(table, chosen, each)}",
            points=[
                Point(
                    label=name(entry),
                    cost=across[entry.configuration],
                    score=up[entry.configuration],
                    front=False,
                    decided=entry.configuration == decided,
                    tip=f"{name(entry)}: {chosen.split} {spread(entry.selection)}, {each.split} "
                    f"{number(up[entry.configuration])}",
                )
                for entry in both
            ],
            x=f"{metric_name(table, table.select_metric)} on {chosen.split}, the split of the choice",
            y=f"{metric_name(table, table.select_metric)} on {each.split}",
            maximize=table.metrics[table.select_metric].direction == "maximize",
            x_better="none",
        )


def _grid(table: Table, found: Sequence[Separation]) -> Grid:
    headings = [
        Heading("split"),
        Heading("used for"),
        Heading("lowest mean", numeric=True),
        Heading("highest mean", numeric=True),
        Heading("middle half", "of the means", numeric=True),
        Heading("its width", numeric=True),
        Heading(f"by {units(table)} alone", "width", numeric=True),
        Heading("sd", "of replicates", numeric=True),
        Heading("not noise", "of their variance", numeric=True),
        Heading("told apart", "from the best", numeric=True),
        Heading("rank correlation", f"with {table.select_split}", numeric=True),
        Heading("n", "replicates", numeric=True),
    ]
    caption = f"What each split tells of the configurations by {table.select_metric}."
    return Grid(caption, headings, [_line(each) for each in found])


def _line(each: Separation) -> list[Value]:
    uses = [word for word, is_so in (("choice", each.chosen), ("report", each.reported)) if is_so]
    found, order = each.share, each.agreement
    none = Value("")
    return [
        Value(each.split),
        Value(" and ".join(uses)),
        Value(number(each.lowest), sort=each.lowest),
        Value(number(each.highest), sort=each.highest),
        Value(f"{number(each.low)} to {number(each.high)}", sort=each.low),
        Value(gap(each.high - each.low), sort=each.high - each.low),
        none if each.by_noise is None else Value(gap(each.by_noise), sort=each.by_noise),
        Value(gap(each.sd), sort=each.sd),
        none
        if found is None
        else Value(percent(found.value), f"{percent(found.low)} to {percent(found.high)}", sort=found.value),
        Value(str(each.told), f"of {each.compared}", sort=each.told),
        none
        if order is None or order.value is None
        else Value(
            gap(order.value),
            "" if order.low is None or order.high is None else between(order.low, order.high),
            sort=order.value,
        ),
        Value(str(each.n), sort=each.n),
    ]


def _caveats(table: Table, found: Sequence[Separation]) -> list[str]:
    lines = [
        "Not noise: ICC(C,k), 1 - 1/F of configurations and replicates (McGraw and Wong 1996); what a replicate does "
        "to all configurations is taken out. Told apart: as bold is found in the leaderboard. Below a value: its 95 % "
        "interval. A split does not separate where p of F is 0.05 or more; it hardly does where the middle half of the "
        f"means lies no farther apart than {units(table)} alone may put it (95 %), so that what differs are the best "
        "or the worst few."
    ]
    if any(each.agreement is not None for each in found):
        lines.append(
            "Rank correlation: all splits score the same runs, so that a lucky run is lucky on all of them; its "
            "interval (Bonett and Wright 2000) is for other configurations of the kind."
        )
    return lines
