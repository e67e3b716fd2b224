"""The page as a whole: files, sameness, what both forms show."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from study_tables import AIS, BOX, a_row, a_run, a_table, failed, missing, scaling

from tunebook.analyse import decide
from tunebook.errors import DataError, InputError
from tunebook.records import Case, CurvePoint, Excluded, MetricFacts, Picture, Upstream
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
    assert "| → LoRA | rank=4 (scaling) |" in render(table, to=tmp_path).markdown.read_text()


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
    """A best configuration that the seeds do not set apart is not told as if it were."""
    table = a_table(
        a_row("a", a_run(0, val=0.5), a_run(1, val=0.7)),
        a_row("b", a_run(0, val=0.5), a_run(1, val=0.6)),
        a_row("c", a_run(0, val=0.1), a_run(1, val=0.301)),
    )

    assert compose(table).answer.endswith(
        "1 of 2 other configurations cannot be told from it on val "
        "(95 % intervals of paired differences, 2 replicates in common)."
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

    assert "the best is drawn in colour; the worst, c, has no curve" in card.sentence
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


def two_cases(
    *, metrics=("ais.msa", "box.msa", "point.msa", "ib.msa", "ip.msa"), seeds=3, pictured=("nuclei", "cells")
):
    """Three alternatives in two cases: one that trains best, one level with it in one case, and a floor."""
    facts = {
        name: MetricFacts(name, "maximize", f"Mean segmentation accuracy; {name.partition('.')[0]} mode")
        for name in metrics
    }
    rows = []
    for root, level in (("nuclei", 0.6), ("cells", 0.4)):
        case = Case({"data.root": root})
        for label, gain in (("LoRA", 0.05), ("full", 0.049 if root == "cells" else 0.01), ("zero-shot", 0.0)):
            runs = []
            for seed in range(seeds) if gain else [None]:
                wobble = 0.0 if seed is None else 0.002 * ((seed * (1 if label == "LoRA" else 2)) % 3)
                scores = {(name, split): level + gain + wobble for name in metrics for split in ("val", "test")}
                pictures = (Picture(f"{root}-1", {"image": "/i.png", "mask": "/m.png"}),) if root in pictured else ()
                curve = (CurvePoint(1, {"loss": 1.0}),) if gain else ()
                quantities = {"trainable_parameters": 100.0 * (gain > 0)}
                runs.append(a_run(seed, scores=scores, pictures=pictures, curve=curve, quantities=quantities))
            rows.append(a_row(label, *runs, alternative=label, case=case))
    table = a_table(*rows, report=metrics, metrics=facts, declared=3)
    return replace(table, decision=decide(table))


def card_of(table, anchor):
    """One card of a page."""
    (found,) = (card for card in compose(table).cards if card.anchor == anchor)
    return found


def test_many_columns_of_several_cases_become_a_table_for_each():
    """First what is chosen by, cases side by side; then every reported metric, case by case, n beside it."""
    grids = [block for block in card_of(two_cases(), "best").blocks if isinstance(block, Grid)]

    assert [grid.title for grid in grids] == ["Chosen by ais.msa on val", "nuclei", "cells"]
    assert [head.below for head in grids[0].headings[2:5]] == [
        "chosen on val · mean over cases", "chosen on val · nuclei", "chosen on val · cells",
    ]  # fmt: skip
    assert [head.text for head in grids[2].headings] == [
        "alternative", "ais.msa", "box.msa", "point.msa", "ib.msa", "ip.msa", "n",
    ]  # fmt: skip
    assert [row[-1].text for row in grids[2].rows] == ["3", "3", "1"]
    assert all(grid.marked == {0} for grid in grids)


def test_few_columns_of_several_cases_stand_side_by_side():
    """One table holds them all."""
    grids = [block for block in card_of(two_cases(metrics=("ais.msa",)), "best").blocks if isinstance(block, Grid)]

    assert [head.below for head in grids[0].headings[2:7]] == [
        "chosen on val · mean over cases", "chosen on val · nuclei", "chosen on val · cells",
        "test · nuclei", "test · cells",
    ]  # fmt: skip
    assert len(grids) == 1


def test_bold_is_by_case():
    """Full is level with LoRA on cells and behind it on nuclei; what is not trained is named so."""
    _, nuclei, cells = (block for block in card_of(two_cases(), "best").blocks if isinstance(block, Grid))

    assert [(row[0].text, row[1].best) for row in nuclei.rows] == [
        ("LoRA", True), ("full", False), ("zero-shot", False),
    ]  # fmt: skip
    assert [row[1].best for row in cells.rows] == [True, True, False]
    assert [row[0].note for row in cells.rows] == ["", "", "nothing is trained"]


def test_what_can_be_told_apart_is_said_in_words():
    """For every case and metric: the best, who is level with it, who is behind, with intervals."""
    nuclei, cells = (block for block in card_of(two_cases(), "best").blocks if isinstance(block, Facts))

    assert cells.title == "What can be told apart on test in cells"
    assert [term for term, _ in cells.pairs] == [
        "ais.msa", "ais.msa, against zero-shot", "box.msa", "point.msa", "ib.msa", "ip.msa",
    ]  # fmt: skip
    assert cells.heads == ("metric", "which alternatives common seeds tell apart")
    assert cells.pairs[0][1] == (
        "LoRA has the best value, 0.452 ± 0.002 (n = 3). Cannot be told from it: full, 0.001 (-0.004 to 0.006). "
        "Behind it: zero-shot, 0.052 (0.047 to 0.057)."
    )
    assert "Behind it: full, 0.040" in nuclei.pairs[0][1]


def test_what_training_gains_is_said_for_each_alternative():
    """Whether it is told from what is not trained, also by the seeds: not only whether it is behind the best."""
    nuclei, cells = (block for block in card_of(two_cases(), "best").blocks if isinstance(block, Facts))
    few = two_cases(seeds=2)
    noisy = next(block for block in card_of(few, "best").blocks if isinstance(block, Facts))

    assert dict(nuclei.pairs)["ais.msa, against zero-shot"] == (
        "Better: LoRA, 0.052 (0.047 to 0.057); full, 0.012 (0.007 to 0.017)."
    )
    assert dict(cells.pairs)["ais.msa, against zero-shot"].startswith("Better: LoRA, 0.052 (0.047 to 0.057); full")
    assert dict(noisy.pairs)["ais.msa, against zero-shot"].endswith(
        "Cannot be told from it: full, 0.012 (-0.013 to 0.037)."
    )


def test_less_is_better_where_the_metric_says_so():
    """A lower loss than without training is named better, by how much less it is."""
    scores = [{("loss", split): loss for split in ("val", "test")} for loss in (0.5, 0.51, 0.9, 0.91, 0.7)]
    floor = a_run(None, scores=scores[4], quantities={"trainable_parameters": 0})
    table = a_table(
        a_row("LoRA", a_run(0, scores=scores[0]), a_run(1, scores=scores[1]), alternative="LoRA"),
        a_row("full", a_run(0, scores=scores[2]), a_run(1, scores=scores[3]), alternative="full"),
        a_row("none", floor, alternative="none"),
        select_metric="loss",
        report=("loss",),
    )
    (found,) = (block for block in card_of(table, "best").blocks if isinstance(block, Facts))

    assert dict(found.pairs)["loss, against none"] == (
        "Better: LoRA, 0.195 (0.131 to 0.259). Worse: full, -0.205 (-0.269 to -0.141)."
    )


def test_bold_is_the_same_among_the_candidates():
    """Those that cannot be told from the best are bold there too; of an outdated decision none is."""
    table = a_table(
        a_row("a", a_run(0, val=0.5), a_run(1, val=0.7)),
        a_row("b", a_run(0, val=0.5), a_run(1, val=0.6)),
        a_row("c", a_run(0, val=0.1), a_run(1, val=0.301)),
    )
    found = decide(table)
    now, then = (
        next(block for block in card_of(replace(table, decision=each), "decision").blocks if isinstance(block, Grid))
        for each in (found, replace(found, configuration="gone"))
    )

    assert [row[1].best for row in now.rows] == [True, True, False]
    assert not any(row[1].best for row in then.rows)


def test_a_row_carried_through_studies_says_what_they_tried():
    """Though it stands here with one configuration; and that it was chosen by the runs that score it."""
    behind = {"LoRA": Upstream(("ranks", "rates"), 9, 6), "full": Upstream(("lrs",), 3, 0)}
    card = card_of(replace(two_cases(), upstream=behind), "best")
    grid = next(block for block in card.blocks if isinstance(block, Grid))

    assert [(row[0].text, row[2].text) for row in grid.rows] == [("LoRA", "9"), ("full", "3"), ("zero-shot", "1")]
    assert card.caveats[:3] == [
        "The alternatives had between 1 and 9 configurations: more tries find a higher maximum.",
        "Tried counts each configuration of the studies behind a row once: LoRA (ranks after rates); full (lrs).",
        "LoRA: scored here on runs by which the studies behind them chose. What made them the best there by luck is in "
        "these scores too; other seeds would not share it.",
    ]
    assert any(caveat.startswith("msa: ") for caveat in card.caveats)


def test_many_comparisons_are_warned_of_on_the_leaderboard():
    """Its bold compares as much as that of the best results; one run in each row compares nothing."""
    alone = "Each comparison stands alone"

    assert any(alone in caveat for caveat in card_of(a_table(a_row("a", a_run(0), a_run(1))), "leaderboard").caveats)
    assert not any(alone in caveat for caveat in card_of(a_table(a_row("a", a_run(0))), "leaderboard").caveats)


def test_nothing_is_said_apart_with_one_seed():
    """Neither bold nor words claim what one run in each row cannot show."""
    card = card_of(two_cases(seeds=1), "best")

    assert not [block for block in card.blocks if isinstance(block, Facts)]
    assert "nothing can be said of how far apart they are" in card.sentence


def test_two_seeds_are_told_to_be_few():
    """Much is bold, and the reader learns why."""
    assert card_of(two_cases(seeds=2), "best").caveats[0] == (
        "With 2 common seeds an interval reaches 12.7 standard errors to each side, with 3 it is 4.3: "
        "two seeds tell little apart."
    )


def test_one_configuration_for_each_alternative_is_shown_once():
    """The leaderboard would hold the same rows as the best results."""
    assert card_of(two_cases(), "leaderboard").blocks == ()


def test_metrics_that_differ_in_their_mode_are_explained_together():
    """The score once, then each column."""
    (line,) = (caveat for caveat in card_of(two_cases(metrics=(AIS, BOX)), "best").caveats if "msa" in caveat)

    assert line == ("msa: Mean segmentation accuracy; higher is better. ais.msa is ais mode; box.msa is box mode.")


def test_curves_and_pictures_are_shown_in_every_case():
    """Each under the name of its case; a case without pictures says so."""
    table = two_cases()
    figures = card_of(table, "curves").blocks[0].figures
    galleries = card_of(table, "pictures").blocks
    names = [panel.name for gallery in galleries for _, panels in gallery.rows for panel in panels]

    assert [(figure.name, figure.title[1]) for figure in figures] == [
        ("curves-1", "nuclei"), ("curves-2", "cells"),
    ]  # fmt: skip
    assert [(gallery.title, gallery.rows[0][0]) for gallery in galleries] == [
        ("nuclei", "nuclei-1"), ("cells", "cells-1"),
    ]  # fmt: skip
    assert len(set(names)) == len(names)
    assert card_of(two_cases(pictured=("cells",)), "pictures").caveats == [
        "No pictures in nuclei: neither the best nor the median nor the worst configuration has pictures."
    ]


def test_the_decision_names_cases_and_runs():
    """How it was averaged, and which runs stand behind it in each case."""
    card = card_of(two_cases(), "decision")
    facts = dict(card.blocks[0].pairs)

    assert card.sentence.endswith("is 0.552, mean over 2 cases.")
    assert "averaged over the cases nuclei and cells, among" in facts["rule"]
    assert facts["runs in cells"].startswith("seed 0: run-0")


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

    assert "| floor (method=none; nothing is trained) | 0.371 | 0.354 | *takes no prompts* | 1 | 0 |" in page
    assert "*failed: out of memory*" in page
    assert f"{AIS} · chosen on val" in page
