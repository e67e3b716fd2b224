"""Figures: laid out once, put down as SVG and as PNG."""

import re
from xml.etree import ElementTree

import pytest
from judged_tables import chapters, judged
from made_up import two_cases
from study_tables import scaling

from tunebook.report import compose
from tunebook.report.figures import drawn
from tunebook.report.figures.drawing import WIDTH, Box, Dot, Drawing, Line, Text, fitted, heading
from tunebook.report.figures.figure import Estimate, Group, IntervalsFigure, Point, ScatterFigure
from tunebook.report.figures.palette import INKS, VIRIDIS, shade
from tunebook.report.figures.png import png
from tunebook.report.figures.svg import svg
from tunebook.report.index import compose_index


def every_figure(folder):
    """The figures of several pages and of an index: every kind there is."""
    study = judged()
    book = compose_index("book", chapters(study.decision), linked=())
    pages = [compose(scaling(folder, values=(1, 2, 4, 8))), compose(study), compose(two_cases()), book]
    blocks = [block for page in pages for card in page.cards for block in card.blocks]
    return [figure for block in blocks for figure in getattr(block, "figures", ())]


def estimates(*means, zero=0.0):
    """Intervals around values."""
    rows = [Estimate(f"e{at}", mean, mean - 0.01, mean + 0.01, f"{mean:g}") for at, mean in enumerate(means)]
    return IntervalsFigure("i", ["title"], "in words", [Group("", rows)], "score", zero)


def test_every_figure_is_valid_svg_with_a_name(tmp_path):
    """Well-formed, named for those who do not see it, and without script, style or reference."""
    figures = every_figure(tmp_path)
    found = [ElementTree.fromstring(svg(drawn(each), alt=each.alt)) for each in figures]

    assert {type(each).__name__ for each in figures} == {
        "ChainFigure", "CurvesFigure", "HeatmapFigure", "IntervalsFigure", "ScatterFigure",
    }  # fmt: skip
    assert all(each.get("role") == "img" and each.get("aria-label") for each in found)
    tags = {element.tag for each in found for element in each.iter()}
    assert tags == {"svg", "polyline", "rect", "circle", "path", "text", "title"}


def test_every_mark_lies_on_its_sheet(tmp_path):
    """No line, box or dot is cut at an edge."""
    off = []
    for figure in every_figure(tmp_path):
        sheet = drawn(figure)
        for mark in sheet.marks:
            points = mark.points if isinstance(mark, Line) else [(mark.x, mark.y)]
            off += [mark for x, y in points if not (-1 <= x <= sheet.width + 1 and -1 <= y <= sheet.height + 1)]

    assert off == []


def test_every_figure_says_what_it_is_of(tmp_path):
    """Metric and split, or what is recorded; and n."""
    titles = [" ".join(each.title) for each in every_figure(tmp_path) if type(each).__name__ != "ChainFigure"]

    assert [title for title in titles if not re.search(r"\bon (val|test)\b|while training", title)] == []
    assert [title for title in titles if "n = " not in title and "run again here" not in title] == []


def test_text_of_a_figure_is_escaped():
    """In the drawing, in what is shown on pointing, and in its name."""
    marks = [Text(0, 12, "<b>&"), Dot(5, 5, tip="<i>"), Line([(0, 0), (1, 1)], '#000" onload="x')]
    found = svg(Drawing(10, 20, marks), alt='"<script>')

    assert "<b>" not in found
    assert "<i>" not in found
    assert "<script>" not in found
    assert ElementTree.fromstring(found).find("text").text == "<b>&"


def test_inks_follow_the_page_and_colours_do_not():
    """A named ink is a class that light and dark colour; a colour of its own stays."""
    found = svg(Drawing(10, 10, [Box(0, 0, 5, 5, "tint"), Box(5, 5, 5, 5, "#440154"), Dot(1, 1, hollow=True)]), alt="x")

    assert 'class="f-tint"' in found
    assert 'fill="#440154"' in found
    assert 'class="open s-accent"' in found


def test_png_holds_no_version_and_no_time(tmp_path):
    """Nothing in a PNG but the picture, and the same picture every time."""
    figure = drawn(estimates(0.0, 0.02))

    assert png(figure).startswith(b"\x89PNG")
    assert b"tEXt" not in png(figure)
    assert png(figure) == png(figure)


def test_an_estimate_far_off_is_an_arrow():
    """It does not press the others into a corner."""
    near, far = drawn(estimates(0.0, 0.02)), drawn(estimates(0.0, 0.02, 5.0))
    dots = [[mark.x for mark in each.marks if isinstance(mark, Dot)] for each in (near, far)]

    assert dots[0] == dots[1]
    assert any(isinstance(mark, Line) and mark.tip == "e2: 5" for mark in far.marks)


def test_what_cannot_be_told_from_the_best_is_open():
    """And what is behind it is filled: told apart without colour."""
    rows = [Estimate(kind, 0.0, -0.1, 0.1, "0", kind) for kind in ("best", "level", "behind")]
    sheet = drawn(IntervalsFigure("i", ["t"], "", [Group("", rows)], "score", 0.0))

    assert [mark.hollow for mark in sheet.marks if isinstance(mark, Dot)] == [False, True, False]


def test_two_estimates_far_apart_are_both_dots():
    """There is nothing to be far off from."""
    assert sum(isinstance(mark, Dot) for mark in drawn(estimates(0.0, 5.0)).marks) == 2


def test_a_row_without_a_value_says_why():
    """In place of its dot."""
    row = Estimate("a", None, said="takes no prompts")
    sheet = drawn(IntervalsFigure("i", ["t"], "", [Group("", [row, Estimate("b", 1.0, said="1")])], "score"))

    assert "takes no prompts" in [mark.text for mark in sheet.marks if isinstance(mark, Text)]
    assert sum(isinstance(mark, Dot) for mark in sheet.marks) == 1


def points(*places):
    """Points on the front at (cost, score)."""
    every = [Point(f"p{at}", cost, score, True, at == 0) for at, (cost, score) in enumerate(places)]
    return ScatterFigure("s", ["t"], "", every, "cost", "score", True)


def test_costs_that_differ_by_much_stand_on_a_logarithmic_axis():
    """And the axis says so; a cost of nothing has no logarithm."""
    words = [
        [mark.text for mark in drawn(points(*places)).marks if isinstance(mark, Text)]
        for places in (((1, 0.1), (1000, 0.2)), ((1, 0.1), (3, 0.2)), ((0, 0.1), (1000, 0.2)))
    ]

    assert ["cost, logarithmic" in each for each in words] == [True, False, False]


def test_names_of_points_do_not_cover_each_other():
    """Of points on one place a name is shown; the decided one's first."""
    crowded = drawn(points(*[(1, 0.1)] * 5, (9, 0.5)))
    names = [mark.text for mark in crowded.marks if isinstance(mark, Text) and re.fullmatch(r"p\d", mark.text)]

    assert "p5" in names
    assert len(names) < 6


def test_long_titles_are_set_in_lines():
    """Of at most the width of the sheet, and at most three of them."""
    marks, down = heading(["word " * 200], WIDTH)

    assert len(marks) == 3
    assert marks[-1].text.endswith("…")
    assert down > marks[-1].y


@pytest.mark.parametrize(("text", "width", "shown"), [("short", 100, "short"), ("x" * 50, 64, "x" * 9 + "…")])
def test_text_is_cut_to_its_room(text, width, shown):
    """With a sign that it was."""
    assert fitted(text, width) == shown


def test_shades_run_from_dark_to_bright():
    """The ends are those of the scale; beyond them nothing changes."""
    assert [shade(part) for part in (-1, 0, 1, 2)] == [VIRIDIS[0], VIRIDIS[0], VIRIDIS[-1], VIRIDIS[-1]]
    assert re.fullmatch("#[0-9a-f]{6}", shade(0.123))
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in INKS.values())
