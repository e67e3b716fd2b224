"""The page as a whole: files, sameness, what both forms show."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from judged_tables import judged
from made_up import HOSTILE, hostile, small
from study_tables import AIS, a_row, a_run, a_table, failed, scaling

from tunebook.errors import DataError, InputError
from tunebook.report import compose, render
from tunebook.report.cards import Facts, Grid, Said

GOLDEN = Path(__file__).parent / "golden"


class Fetches(HTMLParser):
    """Collects what a browser would load or run from elsewhere, and every tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            outside = not (value or "").startswith(("#", "data:"))
            if name in ("src", "href", "srcset", "data", "action", "poster") and outside:
                self.found.append(f"{tag} {name}={value}")
            if name == "style" or name.startswith("on") or tag in ("link", "iframe", "object", "base"):
                self.found.append(f"{tag} {name}={value}")


@pytest.mark.parametrize(
    ("name", "table"), [("small", small), ("judged", lambda: judged(because="Rank 1 fits on the microscope."))]
)
def test_the_markdown_of_a_study(tmp_path, name, table):
    """Whole pages against files that a person has read."""
    found = render(table(), to=tmp_path).markdown.read_text()

    assert found == (GOLDEN / f"{name}.md").read_text()


def test_rendering_twice_gives_equal_bytes(tmp_path):
    """Text, script, figures and pictures: no time of rendering, no random ids."""
    table = scaling(tmp_path / "runs", values=(1, 2, 4))
    first, second = (render(table, to=tmp_path / name) for name in "ab")
    files = [sorted(path.relative_to(tmp_path / name) for path in (tmp_path / name).rglob("*.*")) for name in "ab"]

    assert first.html.read_bytes() == second.html.read_bytes()
    assert files[0] == files[1]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files[0])


def test_html_needs_nothing_else(tmp_path):
    """With figures and pictures on it, no element loads anything from outside of the file."""
    page = render(scaling(tmp_path / "runs", values=(1, 2, 4)), to=tmp_path).html.read_text()

    assert Fetches(page).found == []
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import", page.split("</style>")[0])


def test_the_check_for_fetches_can_fail():
    """A page with an image from elsewhere is found out."""
    assert Fetches("<img src=https://example.org/x.png>").found == ["img src=https://example.org/x.png"]


def test_hostile_text_stays_text_in_html(tmp_path):
    """No tag, attribute or script comes from what a study says."""
    page = Fetches(render(hostile(), to=tmp_path).html.read_text())

    assert page.found == []
    assert "img" not in page.tags
    assert page.tags.count("script") == 1


def test_hostile_text_stays_text_in_markdown(tmp_path):
    """No raw tag, and every row of a table has as many cells as its heading."""
    text = render(hostile(), to=tmp_path).markdown.read_text()
    outside = re.sub(r"(?ms)^(`{3,}).*?^\1$", "", text)
    lines = [line for line in outside.splitlines() if line.startswith("|")]
    cells = [len(re.findall(r"(?<!\\)\|", line)) for line in lines]
    ruled = [at for at, line in enumerate(lines) if set(line) <= set("|-: ")]
    columns = [next(cells[rule] for rule in reversed(ruled) if rule <= at + 1) for at in range(len(lines))]

    assert "<script" not in outside
    assert "<img" not in outside
    assert cells == columns


def test_hostile_text_stays_text_in_figures(tmp_path):
    """Figures draw mathematics, tags and characters without a glyph as they stand."""
    rows = [
        a_row(f"{HOSTILE} 漢 {x} {y}", a_run(), parameters={"$\\frac{": x, "<b>": y}, alternative=HOSTILE)
        for x in (1, 2)
        for y in (1, 2)
    ]
    found = render(a_table(*rows), to=tmp_path)

    assert Fetches(found.html.read_text()).found == []
    assert (tmp_path / "cells" / "heatmap-1.png").exists()


def test_both_forms_show_the_same_values(tmp_path):
    """Every cell, fact and sentence of the cards stands in Markdown and in HTML."""
    table = replace(small(), provenance={})
    found = render(table, to=tmp_path)
    shown = [
        value
        for card in compose(table).cards
        for block in card.blocks
        for value in (
            [cell.text for row in block.rows for cell in row]
            if isinstance(block, Grid)
            else [text for pair in block.pairs for text in pair]
            if isinstance(block, Facts)
            else block.lines
            if isinstance(block, Said)
            else []
        )
    ]
    plain = {
        "md": found.markdown.read_text().replace("\\", ""),
        "html": found.html.read_text().replace("\N{NO-BREAK SPACE}", " ").replace("&#39;", "'"),
    }

    assert len(shown) > 50
    assert [value for value in shown if value.replace("<", "&lt;") not in plain["md"].replace("&gt;", ">")] == []
    assert [value for value in shown if value.replace("<", "&lt;") not in plain["html"].replace("&gt;", ">")] == []


def test_without_costs_leaves_out_what_differs_between_equal_studies(tmp_path):
    """Hosts, dates, time and memory are gone; versions and trainable parameters stay."""
    table = scaling(tmp_path / "runs", values=(1, 2))
    page = render(table, to=tmp_path, without_costs=True).markdown.read_text()

    assert "## Costs" not in page
    assert "host-0" not in page
    assert not re.search(r"\| \**[\d.,]+ (GB|s)\** \|", page)
    assert re.findall(r"lora-scaling/tradeoff-[\w-]+", page) == ["lora-scaling/tradeoff-trainable-parameters"]
    assert "| torch | 2.13.0 |" in page


def test_times_of_every_kind_are_left_out_with_costs(tmp_path):
    """A study that was stopped and went on has a page like one that was not: scored again, at another time."""
    told = {"torch": "2.13.0", "started": "2026-01-01T10:00:00+00:00", "host": "a"}
    again = {"scored": "2026-01-02T10:00:00+00:00", "fetched": "2026-01-02T11:00:00Z", "host": "b", **told}
    one, other = (a_table(a_row("a", a_run(0, provenance=each))) for each in (told, again))
    pages = [render(each, to=tmp_path, without_costs=True).markdown.read_text() for each in (one, other)]

    assert pages[0] == pages[1]
    assert "2026-01-02" in render(other, to=tmp_path).markdown.read_text()


def test_cards_come_in_a_fixed_order():
    """A study with nothing to show has the same cards, each with its reason."""
    cards = compose(a_table(a_row("a", failed(0)))).cards

    assert [card.anchor for card in cards] == [
        "decision", "leaderboard", "best", "splits", "effects", "stability", "tradeoffs", "curves", "pictures",
        "findings", "declared", "noise", "settings", "provenance", "costs",
    ]  # fmt: skip
    assert {card.anchor for card in cards if card.absent} == {
        "decision", "best", "splits", "effects", "stability", "tradeoffs", "curves", "pictures", "noise", "settings",
        "provenance",
    }  # fmt: skip


def test_nothing_of_others_is_deleted(tmp_path):
    """Files beside the page stay."""
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "notes.txt").write_text("mine")
    render(small(), to=tmp_path)

    assert (tmp_path / "cells" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["../evil", "index"])
def test_a_name_that_is_no_page_of_its_own_is_refused(tmp_path, name):
    """No page is written outside of its folder, and none over the index of the book."""
    with pytest.raises(InputError, match="study: must be letters, .* and not index"):
        render(replace(small(), study=name), to=tmp_path)


def test_a_picture_that_is_gone_is_named(tmp_path):
    """The message has the file and the way out, and no half page is left."""
    table = scaling(tmp_path / "runs", values=(1, 2))
    for path in (tmp_path / "runs").glob("*.png"):
        path.unlink()

    with pytest.raises(DataError, match=r"must be a readable PNG file; got No such file") as raised:
        render(table, to=tmp_path / "pages")
    assert raised.value.problems[0].hint == "`tunebook run` draws them again"
    assert not (tmp_path / "pages").exists()


def test_cells_without_a_value_say_why(tmp_path):
    """The floor takes no prompts, one configuration ran out of memory."""
    page = render(scaling(tmp_path / "runs", values=(1, 2, 4)), to=tmp_path).markdown.read_text()

    assert "| floor (method=none; nothing is trained) | 0.371 | 0.354 | *takes no prompts* | 1 | 0 |" in page
    assert "*failed: out of memory*" in page
    assert f"{AIS} · chosen on val" in page
