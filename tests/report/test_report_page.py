"""The page as a whole: files, sameness, what both forms show."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from study_tables import AIS, BOX, a_row, a_run, a_table, failed, missing, scaling

from tunebook.analyse import decide
from tunebook.errors import DataError, InputError
from tunebook.records import Case, CurvePoint, Excluded, Picture
from tunebook.report import compose, render
from tunebook.report.cards import Facts, Gallery, Grid

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


def _below(table):
    (gallery,) = (block for card in compose(table).cards for block in card.blocks if isinstance(block, Gallery))
    return gallery.rows[0][1][0].below


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


def test_times_of_every_kind_are_left_out_with_costs(tmp_path):
    """A study that was stopped and went on has a page like one that was not: scored again, at another time."""
    told = {"torch": "2.13.0", "started": "2026-01-01T10:00:00+00:00", "host": "a"}
    again = {"scored": "2026-01-02T10:00:00+00:00", "fetched": "2026-01-02T11:00:00Z", "host": "b", **told}
    one, other = (a_table(a_row("a", a_run(0, provenance=each))) for each in (told, again))
    pages = [render(each, to=tmp_path, without_costs=True).markdown.read_text() for each in (one, other)]

    assert pages[0] == pages[1]
    assert "2026-01-02" in render(other, to=tmp_path).markdown.read_text()


def test_the_decided_values_are_on_the_page(tmp_path):
    """Nested values as paths in order, as they were written; with the groups that are varied beside the label."""
    table = a_table(
        a_row("LoRA", a_run(0), a_run(1), alternative="LoRA"),
        a_row("full", a_run(0, val=0.1), a_run(1, val=0.1), parameters={"adapter.method": "full"}),
    )
    values = {"model": {"weights": "${HOME}/w.pt"}, "adapter": {"rank": 4, "targets": ["q", "v"]}, "lr": 0.0012345678}
    table = replace(table, decision=replace(decide(table), values=values), carried={"LoRA": "rank=4 (scaling)"})
    card = compose(table).cards[0]
    whole = card.blocks[-1]

    assert (whole.title, whole.folded) == ("The whole configuration (4 values)", True)
    assert whole.pairs == [
        ("adapter.rank", "4"),
        ("adapter.targets", "[q, v]"),
        ("lr", "0.0012345678"),
        ("model.weights", "${HOME}/w.pt"),
    ]
    assert ("singled out by", "rank=4 (scaling)") in card.blocks[0].pairs
    assert "LoRA (rank=4 (scaling))" in render(table, to=tmp_path).markdown.read_text()


def test_an_outdated_decision_is_not_told_as_the_answer():
    """The answer is the best of what there is; the decision is named as one of before."""
    table = a_table(a_row("a", a_run(0), a_run(1)), a_row("b", a_run(0, val=0.1), a_run(1, val=0.1)))
    page = compose(replace(table, decision=replace(decide(table), configuration="gone", label="gone", score=0.9)))
    why = "recorded before the study was changed: its configuration is not among the rows"

    assert page.answer.startswith("Of 2 configurations, a has the best ais.msa on val: 0.500")
    assert page.answer.endswith(f"The recorded decision, gone, is not current: {why}.")
    assert page.cards[0].sentence == (
        f"The recorded decision is not current: {why}. It carries gone forward by the rule best-mean: "
        "ais.msa on val was 0.900."
    )


def test_the_answer_says_how_many_are_about_as_good():
    """A best configuration that the spread does not set apart is not told as if it were."""
    table = a_table(
        a_row("a", a_run(0, val=0.5), a_run(1, val=0.7)),
        a_row("b", a_run(0, val=0.5), a_run(1, val=0.6)),
        a_row("c", a_run(0, val=0.1), a_run(1, val=0.1)),
    )

    assert compose(table).answer.endswith(
        "1 other configuration is within one standard deviation of it on val (pooled sd over replicates 0.091)."
    )


def test_the_score_below_a_picture_is_that_of_what_is_drawn():
    """A picture of box masks has the score of box masks, if the study reports it; else its caption alone."""
    picture = Picture("x", {"prediction": "/x.png"}, "box: 5 matched (blue)")
    items = {(AIS, "test"): {"x": 0.25}, (BOX, "test"): {"x": 0.75}}
    row = a_row("a", a_run(0, pictures=(picture,), items=items))

    assert _below(a_table(row, report=(AIS, BOX))) == "box.msa 0.750 · box: 5 matched (blue)"
    assert _below(a_table(row, report=(AIS,))) == "box: 5 matched (blue)"


def test_a_caption_without_a_mode_goes_with_the_chosen_metric():
    """A task that draws one thing only needs no mode."""
    picture = Picture("x", {"prediction": "/x.png"}, "note: blurred")
    row = a_row("a", a_run(0, pictures=(picture,), items={(AIS, "test"): {"x": 0.25}}))

    assert _below(a_table(row)) == "ais.msa 0.250 · note: blurred"


def test_curves_say_who_is_missing(tmp_path):
    """The worst was never trained, and a failed run's curve is left out."""
    curve = (CurvePoint(1, {"loss": 1.0}), CurvePoint(2, {"loss": 0.5}))
    lost = replace(failed(1), curve=curve)
    table = a_table(a_row("a", a_run(0, curve=curve)), a_row("b", a_run(0, val=0.4), lost), a_row("c", a_run(0, val=0)))
    (card,) = (card for card in compose(table).cards if card.anchor == "curves")

    assert "the best is drawn in colour; the median, c, has no curve" in card.sentence
    assert card.caveats[-1] == "1 run that recorded a curve did not finish and is left out."


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

    with pytest.raises(DataError, match=r"must be a readable PNG file; got No such file") as raised:
        render(table, to=tmp_path / "pages")
    assert raised.value.problems[0].hint == "`tunebook run` draws them again"
    assert not (tmp_path / "pages").exists()


def test_cells_without_a_value_say_why(tmp_path):
    """The floor takes no prompts, one configuration ran out of memory."""
    page = render(scaling(tmp_path / "runs", values=(1, 2, 4)), to=tmp_path).markdown.read_text()

    assert "| floor (method=none) | 0.371 | 0.354 | *takes no prompts* | 1 | 0 |" in page
    assert "*failed: out of memory*" in page
    assert f"{AIS} · chosen on val" in page
