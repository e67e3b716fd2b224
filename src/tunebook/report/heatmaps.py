"""Scores by two parameters, as heatmaps."""

from tunebook.analyse import Heatmap, Unavailable, heatmaps
from tunebook.analyse.noise import Noise, noise
from tunebook.records import Table
from tunebook.report.cards import Block, Figures, Grid, Heading, Value
from tunebook.report.figures.figure import HeatmapFigure
from tunebook.report.figures.heatmap import HATCHED, NOISE
from tunebook.report.wording import number, plain


def heatmap_blocks(table: Table) -> list[Block]:
    """The selection metric by two parameters, on the selection split and on each reported one."""
    figures = _figures(table)
    return [Figures(figures, _numbers(figures), title="Two parameters at once")] if figures else []


def heatmap_caveats(table: Table) -> list[str]:
    """How the squares are read, and what was left out of them."""
    figures = _figures(table)
    if not figures:
        return []
    known = any(figure.sd for figure in figures)
    wide = f" Colours span at least {NOISE:g} standard deviations between replicates, so that noise looks even."
    found = [
        "Squares: axes are spaced evenly, value by value; brighter is better, within each figure."
        f"{wide if known else ''} Hatched: excluded or not declared; ×: no value; *: not every run has a value."
    ]
    squares = [square for figure in figures for row in figure.data.squares for square in row]
    reasons = dict.fromkeys(square.reason for square in squares if square.state == "excluded")
    found += [f"Excluded: {reason}." for reason in reasons]
    found += [
        f"A square is the mean over the values of {' and '.join(over)}."
        for over in dict.fromkeys(figure.data.over for figure in figures)
        if over
    ]
    return found


def _figures(table: Table) -> list[HeatmapFigure]:
    figures: list[HeatmapFigure] = []
    for split in dict.fromkeys((table.select_split, *table.splits)):
        found = heatmaps(table, metric=table.select_metric, split=split)
        if isinstance(found, Unavailable):
            return []
        figures += [_figure(table, data, len(figures) + at) for at, data in enumerate(found, start=1)]
    return figures


def _figure(table: Table, data: Heatmap, at: int) -> HeatmapFigure:
    facts = table.metrics[data.metric]
    ns = sorted({square.n for row in data.squares for square in row if square.state == "value"})
    n = "no run yet" if not ns else f"n = {ns[0]}" if len(ns) == 1 else f"n = {ns[0]} to {ns[-1]}"
    filters = [*(part for part in (data.alternative, data.case.label) if part), f"mean over replicates, {n}"]
    title = [f"{data.metric} on {data.split}", " · ".join(filters)]
    reasons = dict.fromkeys(square.reason for row in data.squares for square in row if square.state in HATCHED)
    title += [f"hatched: {'; '.join(reasons)}"] if reasons else []
    known = noise(table, data.metric, data.split)
    return HeatmapFigure(
        name=f"heatmap-{at}",
        title=title,
        alt=f"{', '.join(title)}. {_extreme(data, facts.direction)}",
        data=data,
        maximize=facts.direction == "maximize",
        sd=known.sd if isinstance(known, Noise) else None,
    )


def _numbers(figures: list[HeatmapFigure]) -> Grid:
    x, y = figures[0].data.x, figures[0].data.y
    headings = [Heading(each) for each in ("metric", "split", "alternative", "case")]
    headings += [Heading(each, numeric=True) for each in ("x", "y")]
    headings += [Heading("mean", numeric=True), Heading("n", "runs", numeric=True), Heading("state")]
    rows = [
        [
            *(Value(each) for each in (data.metric, data.split, data.alternative, data.case.label)),
            Value(f"{data.x.rsplit('.', 1)[-1]} {plain(across)}", sort=across),
            Value(f"{data.y.rsplit('.', 1)[-1]} {plain(up)}", sort=up),
            Value("" if square.mean is None else number(square.mean), sort=square.mean),
            Value(str(square.n), sort=square.n),
            Value(square.reason or square.state),
        ]
        for data in (figure.data for figure in figures)
        for up, row in zip(data.ys, data.squares, strict=True)
        for across, square in zip(data.xs, row, strict=True)
    ]
    caption = f"Scores by {x} and {y}, square by square."
    return Grid(caption, headings, rows, "The numbers behind the squares", folded=True)


def _extreme(data: Heatmap, direction: str) -> str:
    found = [
        (square.mean, x, y)
        for y, row in zip(data.ys, data.squares, strict=True)
        for x, square in zip(data.xs, row, strict=True)
        if square.mean is not None
    ]
    if not found:
        return "No square has a value."
    mean, x, y = max(found) if direction == "maximize" else min(found)
    return f"Best: {number(mean)} at {data.x} = {plain(x)}, {data.y} = {plain(y)}."
