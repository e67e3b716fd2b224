"""The cards with something to look at: learning curves and predicted masks."""

from collections.abc import Mapping
from dataclasses import replace

from tunebook.analyse import (
    Curves,
    Entry,
    Representative,
    Representatives,
    Unavailable,
    cases,
    curves,
    is_open,
    places,
    representatives,
)
from tunebook.records import Case, Picture, RunFacts, Table
from tunebook.report.cards import Card, Figures, Gallery, Grid, Heading, Panel, Value
from tunebook.report.figures.curves import others
from tunebook.report.figures.figure import CurvesFigure
from tunebook.report.wording import counted, in_case, joined, name, number

SHARED = ("image", "truth")
"""Panels that are the same for every configuration."""
LAYERS = ("mask", "probability")
"""Panels of a binary mask that are no pictures by themselves."""


def curves_card(table: Table) -> Card:
    """The mean training loss of every configuration."""
    data = curves(table)
    if isinstance(data, Unavailable):
        return Card("curves", "Learning curves", absent=data.reason)
    trained = {line.configuration for line in data.lines}
    placed = {} if is_open(table) else places(table)
    drawn = {place: entry.configuration for place, entry in placed.items() if entry.configuration in trained}
    figures = [figure for at, case in enumerate(cases(table), start=1) if (figure := _curves(data, case, at, drawn))]
    figures = figures if len(figures) > 1 else [replace(figure, name="curves") for figure in figures]
    stretch = f" Each point is the mean of up to {data.stretch} recorded steps." if data.stretch > 1 else ""
    sentence = (
        f"The quantity {data.part} that {counted(len(trained), 'trained configuration')} recorded while training"
        f"{', case by case' if len(figures) > 1 else ''}; "
        f"{_set_apart(table, placed, drawn)}." + stretch
    )
    caveats = ["A lower training loss is not a better score: the study chooses on the split named above."]
    if data.left_out:
        were = "run that recorded a curve did" if data.left_out == 1 else "runs that recorded a curve did"
        caveats.append(f"{data.left_out} {were} not finish and {'is' if data.left_out == 1 else 'are'} left out.")
    for figure in figures:
        drawn_of, grey = others(figure)
        if len(drawn_of) < grey:
            where = in_case(figure.data.lines[0].case)
            caveats.append(f"Of {grey:,} grey curves{where}, {len(drawn_of):,} are drawn, in equal steps of the order.")
    return Card("curves", "Learning curves", sentence, [Figures(figures, _ends(data, placed))], caveats)


def gallery_card(table: Table) -> Card:
    """Predictions of the best, median and worst configuration beside image and truth, case by case."""
    every = cases(table)
    found = [(case, representatives(table, case)) for case in every]
    there = [each for _, each in found if isinstance(each, Representatives)]
    lacking = [(case, each.reason) for case, each in found if isinstance(each, Unavailable)]
    if not there:
        return Card("pictures", "Predictions", absent=lacking[0][1] if lacking else "the study has no configurations")
    one = len(every) == 1
    galleries = [
        _gallery(table, each, "" if one else f"{every.index(each.case) + 1}-", "" if one else each.case.label)
        for each in there
    ]
    items = "; ".join(f"{each.split}{in_case(each.case)}: {each.item_rule}" for each in there)
    of = {each.split for each in there}.pop()
    rules = {each.item_rule for each in there}
    if not one and len(rules) == 1:
        items = f"{of} in each case: {rules.pop()}"
    placed = {shown.place: shown for each in there for shown in each.shown}
    who = "; ".join(f"{place}: {name(placed[place].entry)}{_seed(placed[place])}" for place in placed)
    over = "" if one else ", mean over cases"
    so_far = ", so far" if is_open(table) else ""
    by = f"{table.select_metric} on {table.select_split}{over}{so_far}"
    sentence = f"Items of {items}. Configurations by {by}: {who}."
    caveats = [f"No pictures{in_case(case)}: {reason}." for case, reason in lacking]
    return Card("pictures", "Predictions", sentence, galleries, caveats)


def _gallery(table: Table, found: Representatives, prefix: str, title: str) -> Gallery:
    rows = []
    for at, item in enumerate(found.items, start=1):
        drawn = [_picture(each, item) for each in found.shown]
        panels = [Panel(path, "", f"{panel} of {item}") for panel, path in drawn[0].panels.items() if panel in SHARED]
        for each, picture in zip(found.shown, drawn, strict=True):
            below = _below(table, found, each.run, picture)
            for panel, path in picture.panels.items():
                if _is_own(panel, picture):
                    alt = f"{panel} of {item} by the {each.place} configuration, {name(each.entry)}"
                    panels.append(Panel(path, "", alt, below))
        named = [replace(panel, name=f"picture-{prefix}{at}-{column}") for column, panel in enumerate(panels, start=1)]
        rows.append((item, named))
    return Gallery(_columns(found.shown, _picture(found.shown[0], found.items[0])), rows, title)


def _curves(data: Curves, case: Case, at: int, drawn: dict[str, str]) -> CurvesFigure | None:
    """The curves of one case; None when it has none."""
    lines = tuple(line for line in data.lines if line.case == case)
    if not lines:
        return None
    ns = sorted({line.n for line in lines})
    n = str(ns[0]) if len(ns) == 1 else f"{ns[0]} to {ns[-1]}"
    mean = f"mean over replicates, n = {n}"
    here = {line.configuration for line in lines}
    return CurvesFigure(
        name=f"curves-{at}",
        title=[f"{data.part} while training", f"{case.label} · {mean}" if case.label else mean],
        alt=f"Learning curves of {counted(len(lines), 'configuration')}{in_case(case)}.",
        data=replace(data, lines=lines),
        highlighted={place: configuration for place, configuration in drawn.items() if configuration in here},
    )


def _ends(data: Curves, placed: Mapping[str, Entry]) -> Grid:
    """Where every curve starts and ends, and its lowest point."""
    named = {entry.configuration: place for place, entry in placed.items()}
    headings = [Heading("configuration"), Heading("case"), Heading("drawn as")]
    headings += [Heading(each, data.part, numeric=True) for each in ("first", "lowest", "last")]
    headings += [Heading("last step", numeric=True), Heading("n", "runs", numeric=True)]
    rows = [
        [
            Value(line.label or line.configuration),
            Value(line.case.label),
            Value(named.get(line.configuration, "grey")),
            *(Value(number(each), sort=each) for each in (line.losses[0], min(line.losses), line.losses[-1])),
            Value(f"{line.steps[-1]:,}", sort=line.steps[-1]),
            Value(str(line.n), sort=line.n),
        ]
        for line in data.lines
    ]
    return Grid(
        f"First, lowest and last {data.part} of every curve.",
        headings,
        rows,
        "The numbers behind the curves",
        folded=True,
    )


def _set_apart(table: Table, placed: Mapping[str, Entry], drawn: Mapping[str, str]) -> str:
    """Whose curves are drawn in colour: nobody's before the end, for the best may be another then."""
    whose = "none is set apart while runs are missing" if is_open(table) else f"the {_coloured(placed, drawn)}"
    return f"by {table.select_metric} on {table.select_split}, {whose}"


def _coloured(placed: Mapping[str, Entry], drawn: Mapping[str, str]) -> str:
    """`best and median are drawn in colour; the worst, zero-shot, has no curve`."""
    absent = "".join(
        f"; the {place}, {name(entry)}, has no curve" for place, entry in placed.items() if place not in drawn
    )
    if not drawn:
        return f"best, median and worst are not among them{absent}"
    return f"{joined(list(drawn))} {'is' if len(drawn) == 1 else 'are'} drawn in colour{absent}"


def _below(table: Table, found: Representatives, run: RunFacts, picture: Picture) -> str:
    """The score of what is drawn, and its caption: `box.msa 0.512 · box: 5 of 7 found`."""
    metric = _drawn_metric(table, found, run, picture)
    if metric is None:
        return picture.caption
    score = run.items.get((metric, found.split), {}).get(picture.item)
    said = f"{metric} {'no score' if score is None else number(score)}"
    return f"{said} · {picture.caption}" if picture.caption else said


def _drawn_metric(table: Table, found: Representatives, run: RunFacts, picture: Picture) -> str | None:
    """The metric of the mode that a caption begins with: the one that the study chooses by, else its namesake.

    None when the study reports no such metric; the metric chosen by when the caption names no mode.
    """
    mode, colon, _ = picture.caption.partition(":")
    modes = {metric.partition(".")[0] for metric, _ in run.items} | {
        metric.partition(".")[0] for metric in table.metrics
    }
    if not colon or mode not in modes or found.metric.startswith(f"{mode}."):
        return found.metric
    kin = f"{mode}.{found.metric.partition('.')[2]}"
    reported = [metric for metric in table.report if metric.startswith(f"{mode}.")]
    return kin if kin in reported else next(iter(reported), None)


def _picture(each: Representative, item: str) -> Picture:
    return next(picture for picture in each.run.pictures if picture.item == item)


def _columns(shown: tuple[Representative, ...], first: Picture) -> list[str]:
    shared = [panel for panel in first.panels if panel in SHARED]
    return [*shared, *(f"{each.place}: {name(each.entry)}" for each in shown for panel in _own(each, first.item))]


def _own(each: Representative, item: str) -> list[str]:
    picture = _picture(each, item)
    return [panel for panel in picture.panels if _is_own(panel, picture)]


def _is_own(panel: str, picture: Picture) -> bool:
    """Whether a panel is a picture of this configuration alone."""
    return panel not in SHARED and (picture.pixels is None or panel not in LAYERS)


def _seed(each: Representative) -> str:
    replicate = ", ".join(f"{factor} {number}" for factor, number in each.run.replicate.items())
    return f" ({replicate})" if replicate else ""
