"""Figures: what is drawn is what was computed."""

import plotly.graph_objects as go
from study_tables import AIS, METRICS, a_row, a_run, a_table, failed, scaling

from tunebook.analyse import heatmaps
from tunebook.report import compose
from tunebook.report.cards import Figures, HeatmapFigure
from tunebook.report.figures import png
from tunebook.report.interactive import plotly
from tunebook.report.palette import shades


def figures(folder):
    table = scaling(folder, values=(1, 2, 4, 8))
    return [
        each
        for card in compose(table).cards
        for block in card.blocks
        if isinstance(block, Figures)
        for each in block.figures
    ]


def test_plotly_accepts_every_figure(tmp_path):
    """plotly's own validation finds nothing to refuse."""
    drawn = [go.Figure(plotly(each)) for each in figures(tmp_path)]

    assert [len(each.data) for each in drawn] == [2, 2, 15]


def test_figures_carry_metric_split_and_n(tmp_path):
    """A figure cut out of its page still says what it shows."""
    val, test, loss = (plotly(each)["layout"]["title"]["text"] for each in figures(tmp_path))

    assert val.startswith("ais.msa on val<br>lora<br>mean over replicates, n = 1 to 2<br>hatched: 0.25 &lt;= adapter")
    assert test.startswith("ais.msa on test")
    assert loss == "loss while training<br>mean over replicates, n = 1 to 2"


def test_png_holds_no_version_and_no_time(tmp_path):
    """Nothing in a PNG but the picture."""
    drawn = png(figures(tmp_path)[0])

    assert drawn.startswith(b"\x89PNG")
    assert b"tEXt" not in drawn


def test_the_best_is_the_brightest_in_both_directions(tmp_path):
    """A loss is shaded the other way round, so that brighter is better."""
    first = figures(tmp_path)[0]
    means = [square.mean for row in first.data.squares for square in row if square.mean is not None]
    falling = type(first)(first.name, first.title, first.alt, first.data, METRICS["loss"])

    assert shades(first)(max(means)) == 1.0
    assert shades(falling)(min(means)) == 1.0


def test_wide_grids_leave_out_their_numbers():
    """Past ten columns the numbers would overlap; only crosses stay."""
    rows = [
        a_row(f"{x} {y}", failed(0) if x == y else a_run(), parameters={"x": x, "y": y})
        for x in range(12)
        for y in (0, 1)
    ]
    (data,) = heatmaps(a_table(*rows), metric=AIS, split="val")
    wide = HeatmapFigure("wide", ["title"], "", data, METRICS[AIS])

    assert set(plotly(wide)["data"][1]["text"]) == {"×"}
