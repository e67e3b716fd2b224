"""The page as a whole: files, sameness, what both forms show."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from study_tables import AIS, a_row, a_run, a_table, failed, missing, scaling

from tunebook.analyse import decide
from tunebook.errors import DataError, InputError
from tunebook.records import Case, Excluded
from tunebook.report import compose, render
from tunebook.report.cards import Facts, Grid

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "<script>alert('x')</script> a|b `code` **bold** $x$ [l](http://evil.example) <img src=http://evil.example/x>"


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


def small():
    """Two configurations with two seeds, one failed run, one excluded point."""
    point = [{"adapter.alpha": alpha, "adapter.rank": 4} for alpha in (4, 8)]
    table = a_table(
        a_row("alpha=4", a_run(0, val=0.5, test=0.45), a_run(1, val=0.52, test=0.47), parameters=point[0]),
        a_row("alpha=8", a_run(0, val=0.6, test=0.5), failed(1), parameters=point[1]),
        excluded=[Excluded({"adapter.alpha": 1, "adapter.rank": 16}, "", "0.25 <= alpha / rank")],
        declared=3,
        provenance={"study file": "study: cells\nquestion: '```'\n"},
    )
    return replace(table, decision=decide(table))


def hostile():
    """A study whose every text tries to be more than text."""
    table = a_table(
        a_row(HOSTILE, a_run(0), a_run(1), alternative=HOSTILE, case=Case({"data.root": HOSTILE})),
        a_row("b", failed(0, HOSTILE), missing(1), alternative="b", case=Case({"data.root": HOSTILE})),
        question=HOSTILE,
        excluded=[Excluded({}, "", HOSTILE)],
        provenance={"study file": f"{HOSTILE}\n````\n</details>", HOSTILE: HOSTILE},
    )
    return replace(table, decision=decide(table))


def test_the_markdown_of_a_small_study(tmp_path):
    """Whole page against a file that a person has read."""
    found = render(small(), to=tmp_path).markdown.read_text()

    assert found == (GOLDEN / "small.md").read_text()


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
    """Every cell and fact of the cards stands in Markdown and in HTML."""
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
            else []
        )
    ]
    plain = {
        "md": found.markdown.read_text().replace("\\", ""),
        "html": found.html.read_text(),
    }

    assert [value for value in shown if value.replace("<", "&lt;") not in plain["md"]] == []
    assert [value for value in shown if value.replace("<", "&lt;") not in plain["html"]] == []


def test_without_costs_leaves_out_what_differs_between_equal_studies(tmp_path):
    """Hosts, dates, time and memory are gone; versions stay."""
    table = scaling(tmp_path / "runs", values=(1, 2))
    page = render(table, to=tmp_path, without_costs=True).markdown.read_text()

    assert "## Costs" not in page
    assert "host-0" not in page
    assert "| torch | 2.13.0 |" in page


def test_cards_come_in_a_fixed_order():
    """A study with nothing to show has the same cards, each with its reason."""
    cards = compose(a_table(a_row("a", failed(0)))).cards

    assert [card.anchor for card in cards] == [
        "decision", "findings", "leaderboard", "best", "heatmap", "curves", "pictures", "declared", "settings",
        "provenance", "costs",
    ]  # fmt: skip
    assert {card.anchor for card in cards if card.absent} == {
        "decision", "best", "heatmap", "curves", "pictures", "settings", "provenance",
    }  # fmt: skip


def test_the_answer_is_computed_from_the_table():
    """Configuration, scores, spread and n are the table's."""
    assert compose(small()).answer == (
        "Of 1 configuration whose runs all have a value (2 were declared), alpha=4 has the best "
        "ais.msa on val: 0.510 ± 0.014 (n = 2); "
        "it scores ais.msa 0.460 ± 0.014 (n = 2) on test."
    )


def test_an_answer_without_results_says_why():
    """No number is made up for a study that has none."""
    assert compose(a_table(a_row("a", missing(0)))).answer == (
        "There is no answer yet: no configuration has a value of ais.msa on val from all of its runs."
    )


def test_a_decision_that_is_not_the_best_is_not_called_the_best():
    """The sentence follows the recorded decision and does not praise it."""
    table = a_table(a_row("a", a_run(0), a_run(1)), a_row("b", a_run(0, val=0.1), a_run(1, val=0.1)))
    other = replace(decide(table), configuration="b", label="b")

    assert "b was chosen; it has ais.msa on val: 0.100" in compose(replace(table, decision=other)).answer


def test_nothing_of_others_is_deleted(tmp_path):
    """Files beside the page stay."""
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "notes.txt").write_text("mine")
    render(small(), to=tmp_path)

    assert (tmp_path / "cells" / "notes.txt").read_text() == "mine"


def test_a_name_that_is_a_path_is_refused(tmp_path):
    """No page is written outside of its folder."""
    with pytest.raises(InputError, match="study: must be letters"):
        render(replace(small(), study="../evil"), to=tmp_path)


def test_a_picture_that_is_gone_is_named(tmp_path):
    """The message has the file and the way out, and no half page is left."""
    table = scaling(tmp_path / "runs", values=(1, 2))
    for path in (tmp_path / "runs").glob("*.png"):
        path.unlink()

    with pytest.raises(DataError, match=r"must be a readable PNG file; got No such file"):
        render(table, to=tmp_path / "pages")
    assert not (tmp_path / "pages").exists()


def test_cells_without_a_value_say_why(tmp_path):
    """The floor takes no prompts, one configuration ran out of memory."""
    page = render(scaling(tmp_path / "runs", values=(1, 2, 4)), to=tmp_path).markdown.read_text()

    assert "| floor | 0.371 | 0.354 | *takes no prompts* | 1 | 0 |" in page
    assert "*failed: out of memory*" in page
    assert f"{AIS} · chosen on val" in page
