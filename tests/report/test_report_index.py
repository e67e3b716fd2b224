"""The index of a book."""

import pytest
from judged_tables import chapters, judged
from made_up import HOSTILE

from tunebook.records import Chapter
from tunebook.report import index
from tunebook.report.figures import drawn
from tunebook.report.figures.drawing import Line, Text
from tunebook.report.figures.figure import ChainFigure, Node

BOOK = chapters(judged(because="It fits.").decision)


@pytest.fixture
def text(tmp_path):
    """The index of a book in which one study has a page."""
    (tmp_path / "judged.html").write_text("")
    return index("made-up", BOOK, to=tmp_path).markdown.read_text()


def test_studies_stand_in_order_with_their_state(text):
    """Question, runs done of those declared, decision and score; a link where there is a page."""
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    (judged_row,) = (line for line in rows if line.startswith("| [judged](judged.md)"))

    assert text.startswith("# made-up\n\n**5 studies: 2 decided, 1 decided but outdated, 1 interim, 1 not run.**")
    others = ("rates", "ranks", "best", "alone")
    assert [name for name in others if any(line.startswith(f"| {name} |") for line in rows)] == list(others)
    assert "| decided | 30 of 30 | alpha=8 rank=1 (by A. Person, against the rule one-standard-error) |" in judged_row
    assert judged_row.endswith("| ranks (refine) |")
    assert "| 11 of 12 (1 failed) |" in text
    assert "ranks: 1 run failed." in text


def test_the_sum_of_all_runs_is_told(text):
    """And how many of them ended without a result."""
    assert "52 of 63 runs finished; 1 ended without a result." in text


def test_the_chain_is_a_picture_and_a_table(tmp_path):
    """In words for those who do not see it; the PNG lies beside the Markdown file."""
    found = index("made-up", BOOK, to=tmp_path)
    text, page = found.markdown.read_text(), found.html.read_text()

    assert "(index/chain.png)" in text
    assert (tmp_path / "index" / "chain.png").read_bytes().startswith(b"\x89PNG")
    assert "best builds on judged (alternative); rates (weights)." in page
    assert "| rates | best | weights |" in text


def test_studies_that_stand_alone_make_no_chain(tmp_path):
    """The card says so."""
    text = index("b", [Chapter("a", "", "toy", "not run", 0, 0, 4)], to=tmp_path).markdown.read_text()

    assert "Not available: no study builds on another." in text


def test_an_index_written_twice_is_the_same(tmp_path):
    """Equal chapters give equal bytes."""
    one, other = (index("b", BOOK, to=tmp_path / name) for name in "ab")

    assert one.html.read_bytes() == other.html.read_bytes()
    assert one.markdown.read_bytes() == other.markdown.read_bytes()


def test_hostile_names_stay_text(tmp_path):
    """In the table, in the picture, in the words for it."""
    hostile = [
        Chapter("a", HOSTILE, HOSTILE, "not run", 0, 0, 1),
        Chapter("b", HOSTILE, HOSTILE, "not run", 0, 0, 1, None, (("a", HOSTILE),), HOSTILE),
    ]
    page = index(HOSTILE, hostile, to=tmp_path).html.read_text()

    assert "<img" not in page
    assert page.count("<script") == 1


def chain(*edges, nodes):
    """A chain of studies in these columns."""
    return ChainFigure("c", ["t"], "", [Node(name, rank, "decided", ()) for name, rank in nodes], edges)


def test_a_study_stands_right_of_what_it_builds_on():
    """And a line that skips a column does not run through the study in it."""
    edges = (("a", "b", "base"), ("b", "c", "base"), ("a", "c", "weights"))
    marks = drawn(chain(*edges, nodes=[("a", 0), ("b", 1), ("c", 2)])).marks
    places = {mark.text: (mark.x, mark.y) for mark in marks if isinstance(mark, Text) and mark.bold}
    skipping = next(mark for mark in marks if isinstance(mark, Line) and mark.tip == "weights")
    beside_b = [y for x, y in skipping.points if places["b"][0] <= x <= places["b"][0] + 150]

    assert places["a"][0] < places["b"][0] < places["c"][0]
    assert all(abs(y - places["b"][1]) > 30 for y in beside_b)
