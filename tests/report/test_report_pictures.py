"""Learning curves and predicted masks."""

from dataclasses import replace

from made_up import card_of, two_cases
from study_tables import AIS, BOX, a_row, a_run, a_table, failed, missing, scaling

from tunebook.records import CurvePoint, Picture
from tunebook.report import compose
from tunebook.report.cards import Gallery

CURVE = (CurvePoint(1, {"loss": 1.0}), CurvePoint(2, {"loss": 0.5}))


def _below(table):
    (gallery,) = (block for card in compose(table).cards for block in card.blocks if isinstance(block, Gallery))
    return gallery.rows[0][1][0].below


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


def test_curves_say_who_is_missing():
    """The worst was never trained, and a failed run's curve is left out."""
    lost = replace(failed(1), curve=CURVE)
    table = a_table(a_row("a", a_run(0, curve=CURVE)), a_row("b", a_run(0, val=0.4), lost), a_row("c", a_run(0, val=0)))
    card = card_of(table, "curves")

    assert "the best is drawn in colour; the worst, c, has no curve" in card.sentence
    assert card.caveats[-1] == "1 run that recorded a curve did not finish and is left out."


def test_where_every_curve_starts_and_ends_is_in_a_table():
    """First, lowest and last value, and how it is drawn."""
    rows = [a_row(name, a_run(0, val=val, curve=CURVE)) for name, val in (("a", 0.5), ("b", 0.4), ("c", 0.3), ("d", 0))]
    (block,) = card_of(a_table(*rows), "curves").blocks

    assert [value.text for value in block.data.rows[0]] == ["a", "", "best", "1.000", "0.500", "0.500", "2", "1"]
    assert [row[2].text for row in block.data.rows] == ["best", "grey", "median", "worst"]


def test_of_very_many_curves_some_are_drawn_and_the_page_says_so():
    """The coloured ones always; of the grey ones every third."""
    rows = [a_row(f"c{n:03}", a_run(0, val=0.5 - 0.001 * n, curve=CURVE)) for n in range(253)]
    card = card_of(a_table(*rows), "curves")

    assert card.caveats[-1] == "Of 250 grey curves, 84 are drawn, in equal steps of the order."
    assert len(card.blocks[0].data.rows) == 253


def test_curves_and_pictures_are_shown_in_every_case():
    """Each under the name of its case; a case without pictures says so."""
    table = two_cases()
    figures = card_of(table, "curves").blocks[0].figures
    galleries = card_of(table, "pictures").blocks
    names = [panel.name for gallery in galleries for _, panels in gallery.rows for panel in panels]

    assert [(figure.name, figure.title[1]) for figure in figures] == [
        ("curves-1", "nuclei · mean over replicates, n = 3"), ("curves-2", "cells · mean over replicates, n = 3"),
    ]  # fmt: skip
    assert [(gallery.title, gallery.rows[0][0]) for gallery in galleries] == [
        ("nuclei", "nuclei-1"), ("cells", "cells-1"),
    ]  # fmt: skip
    assert len(set(names)) == len(names)
    assert card_of(two_cases(pictured=("cells",)), "pictures").caveats == [
        "No pictures in nuclei: neither the best nor the median nor the worst configuration has pictures."
    ]


def test_no_curve_is_set_apart_while_runs_are_missing():
    """Nobody is the best yet: all curves are grey, in the figure and in its table."""
    rows = [a_row(name, a_run(0, val=val, curve=CURVE), missing(1)) for name, val in (("a", 0.5), ("b", 0.4))]
    card = card_of(a_table(*rows), "curves")
    (block,) = card.blocks

    assert card.sentence.endswith("by ais.msa on val, none is set apart while runs are missing.")
    assert [row[2].text for row in block.data.rows] == ["grey", "grey"]
    assert block.figures[0].highlighted == {}


def test_predictions_of_an_unfinished_study_are_of_all_that_have_a_value(tmp_path):
    """The only one whose runs have all ended is not the best for that."""
    pictured = scaling(tmp_path, values=(1, 2)).rows[0].runs[0].pictures
    whole = a_row("whole", a_run(0, val=0.2, pictures=pictured), a_run(1, val=0.2, pictures=pictured))
    ahead = a_row("ahead", a_run(0, val=0.6, pictures=pictured), missing(1))
    card = card_of(a_table(whole, ahead), "pictures")

    assert "Configurations by ais.msa on val, so far: best: ahead (seed 0); worst: whole (seed 0)." in card.sentence
