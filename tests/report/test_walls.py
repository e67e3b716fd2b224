"""The gallery: what every configuration predicts for the same pictures, what its masks are, and contact sheets."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from made_up import small, two_cases
from masked_tables import drawn_study, masked, masked_table, pixels
from PIL import Image
from study_tables import a_row, a_run, a_table, failed

from tunebook.errors import DataError
from tunebook.records import Case, Picture
from tunebook.report import compose, render
from tunebook.report.cards import Grid
from tunebook.report.sheets import LARGEST, drawn, sheets
from tunebook.report.walls import BINARY, masks_card, wall_card
from tunebook.tasks.binary_segmentation.panels import LEGEND


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A study with drawn masks; nothing changes it."""
    return drawn_study(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="module")
def wall(table):
    """Its wall."""
    return wall_card(table).blocks[0]


def pictured(folder, row, *, items=("x",), size=(4, 4)):
    """A configuration whose instance pictures lie in files."""
    pictures = []
    for item in items:
        paths = {panel: str(folder / f"{item}-{panel}.png") for panel in ("image", "truth", "prediction")}
        for path in paths.values():
            Image.fromarray(np.full((*size, 3), 90, np.uint8)).save(path)
        pictures.append(
            Picture(item, paths, "ais: 12 matched (blue), 2 missed (orange), 1 invented (yellow) at IoU 0.5")
        )
    return replace(row, runs=tuple(replace(run, pictures=tuple(pictures)) for run in row.runs))


def image_of(png):
    """A PNG as RGB."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


# The wall ---------------------------------------------------------------------------------------------


def test_the_legend_is_that_of_the_task():
    """A page does not see tasks, so their colours are written down twice; that of the truth panel has its line too."""
    others = {colour: meaning for colour, meaning in BINARY.items() if colour != "green"}

    assert others == LEGEND
    assert BINARY["green"] == "true foreground, in the panel truth"


def test_columns_are_configurations_best_first_and_baselines_last(table, wall):
    """A failed configuration has no column; a caveat says so."""
    card = wall_card(table)

    assert [column.label for column in wall.columns] == [
        "bce_weight=0 pos_weight=5", "bce_weight=0.5 pos_weight=5", "bce_weight=0.5 pos_weight=1",
        "bce_weight=1 pos_weight=5", "bce_weight=0 pos_weight=1", "black",
    ]  # fmt: skip
    assert card.sentence == (
        "5 configurations and 1 baseline on 3 pictures of test: all 3. Columns: best first, by f1 on val; "
        "baselines last."
    )
    assert card.caveats[0] == "1 configuration without a picture: failed (1)."


def test_a_column_has_what_it_can_be_sorted_and_filtered_by(wall):
    """Parameters as text and number, scores where it is chosen and where it is seen, what its masks look like."""
    first, *_, floor = wall.columns

    assert {name: (value.text, value.sort) for name, value in first.parameters.items()} == {
        "loss.bce_weight": ("0", 0.0),
        "loss.pos_weight": ("5", 5.0),
    }
    assert [(name, value.text) for name, value in first.scores.items()] == [
        ("f1 on val", "0.350"),
        ("f1 on test", "0.350"),
    ]
    assert first.group in wall.groups
    assert (floor.group, floor.kind) == ("", "all black")
    assert floor.parameters["loss.bce_weight"].text == ""


def test_a_column_says_whose_masks_it_shows():
    """Those of its first finished run with pictures, another one where the first seed failed; scores are means."""
    rows = [masked(name, 0.5, [(0.8, 0.1)]) for name in ("whole", "broken", "once")]
    others = [replace(row.runs[0], id=f"other-{row.label}", replicate={"seed": 1}) for row in rows]
    rows[0] = replace(rows[0], runs=(*rows[0].runs, others[0]))
    rows[1] = replace(rows[1], runs=(failed(0), others[1]))
    card = wall_card(masked_table(*rows))
    shown = {column.label: (column.replicate, column.replicates) for column in card.blocks[0].columns}

    assert shown == {"whole": ("seed 0", 2), "broken": ("seed 1", 1), "once": ("seed 0", 1)}
    assert card.caveats[:2] == [
        "Scores of a column are means over 1 to 2 replicates; its masks are those of one, its first finished run with "
        "pictures.",
        "Columns show masks of different replicates: seed 0 (2 columns) and seed 1 (1 column).",
    ]


def test_columns_of_one_replicate_need_no_word_of_it(table):
    """Scores and masks are of the same run everywhere."""
    assert not [caveat for caveat in wall_card(table).caveats if "replicate" in caveat]


@pytest.mark.parametrize(("metric", "direction"), [("ais.msa", "maximize"), ("loss", "minimize")])
def test_a_wall_knows_which_scores_are_good(tmp_path, metric, direction):
    """Those of some metrics are best when low."""
    row = pictured(tmp_path, a_row("a", a_run(scores={("loss", "val"): 0.5, ("ais.msa", "val"): 0.5})))

    assert wall_card(a_table(row, select_metric=metric)).blocks[0].direction == direction


def test_the_rule_of_groups_is_said_in_full(table):
    """Also for pictures without foreground, and that kinds are of more pictures than groups."""
    said = " ".join(wall_card(table).caveats)

    assert "without foreground, false positives are relative to the mean foreground of the shown pictures" in said
    assert "the degenerate kind of a column from all pictured scans of its run" in said


def test_a_cell_is_a_prediction_with_its_layers(wall):
    """Its run, the panel in colours, probabilities, pixels, and the caption of the task."""
    picture, cell = wall.pictures[1], wall.columns[0].cells[1]

    assert (picture.item, picture.mask.endswith("scan-2-mask.png")) == ("scan-2", True)
    assert cell.run == "run-bce_weight=0 pos_weight=5"
    assert cell.prediction.endswith("scan-2-prediction.png")
    assert cell.probability.endswith("scan-2-probability.png")
    assert cell.pixels.threshold == 0.4
    assert "true positive (blue)" in cell.below
    assert wall.legend == BINARY


def test_a_configuration_without_a_picture_of_an_item_has_a_hole(tmp_path):
    """Nothing stands where nothing was drawn, and a sheet shows grey."""
    rows = [pictured(tmp_path, a_row("a", a_run()), items=("x", "y")), pictured(tmp_path, a_row("b", a_run(val=0.1)))]
    found = wall_card(a_table(*rows)).blocks[0]
    (sheet,) = sheets(found)

    assert [cell is not None for cell in found.columns[1].cells] == [True, False]
    assert (np.abs(image_of(drawn(sheet)).astype(int) - 225).max(axis=2) < 8).sum() >= 16


def test_instances_have_a_wall_of_their_own_colours(tmp_path):
    """Objects are matched, missed or invented; there are no layers, groups or kinds."""
    table = a_table(pictured(tmp_path, a_row("a", a_run())))
    found = wall_card(table).blocks[0]

    assert found.legend == {"blue": "matched", "orange": "missed", "yellow": "invented"}
    assert (found.groups, found.columns[0].kind, found.pictures[0].mask) == ({}, "", "")
    assert masks_card(table) is None


def test_every_case_has_its_wall(tmp_path):
    """With scores of that case, and sheets of other names."""
    rows = [
        pictured(tmp_path, a_row("a", a_run(val=val), case=Case({"root": root})))
        for root, val in (("cells", 0.5), ("nuclei", 0.75))
    ]
    walls = wall_card(a_table(*rows)).blocks

    assert [(each.name, each.title, each.columns[0].scores["ais.msa on val"].text) for each in walls] == [
        ("wall-1", "root=cells", "0.500"),
        ("wall-2", "root=nuclei", "0.750"),
    ]
    assert [sheet.name for each in walls for sheet in sheets(each)] == ["wall-1-1", "wall-2-1"]


def test_a_picture_that_is_asked_for_and_not_there_is_said(table):
    """The others are shown."""
    card = wall_card(replace(table, pictures=("scan-3", "none")))

    assert [each.item for each in card.blocks[0].pictures] == ["scan-3"]
    assert card.caveats[0] == "No run has a picture of none, which the study names."


@pytest.mark.parametrize("make", [small, two_cases])
def test_pages_without_such_pictures_have_no_wall(make):
    """Nor those whose task draws other panels."""
    assert {"gallery", "masks"} & {card.anchor for card in compose(make()).cards} == set()


def test_the_cards_follow_the_predictions(table):
    """What the best, median and worst predict; then what all do."""
    anchors = [card.anchor for card in compose(table).cards]
    at = anchors.index("pictures")

    assert anchors[at : at + 4] == ["pictures", "gallery", "masks", "findings"]


def test_layers_are_no_pictures_of_their_own(table):
    """The best, median and worst show what is seen, not what a slider needs."""
    (gallery,) = next(card for card in compose(table).cards if card.anchor == "pictures").blocks

    assert len(gallery.columns) == len(gallery.rows[0][1]) == 2 + 3


# What the masks are -----------------------------------------------------------------------------------


def test_degenerate_masks_are_named_with_their_pixels():
    """At either threshold; failed runs stand apart with their reason, and baselines are not counted."""
    table = masked_table(
        masked("good", 0.5, [(0.8, 0.1)] * 2),
        masked("black", 0.1, [pixels(0, 0, low=0)] * 2),
        masked("wrong", 0.0, [pixels(0, 0.5, high=200)] * 2),
        a_row("broken", failed(0)),
        baselines=[masked("floor", 0.1, [pixels(0, 0, low=0)] * 2, role="baseline")],
    )
    card = masks_card(table)
    counts, apart = card.blocks
    rows = {row[0].text: [value.text for value in row] for row in counts.rows}

    assert card.sentence == (
        "Of 3 configurations, on test (2 scans): at 0.5, 2 are all black and 1 has only false positives; at the "
        "threshold chosen for each, 1 is all black and 1 has only false positives. 1 run failed: without a mask, and "
        "counted apart."
    )
    assert rows["good"] == ["good", "seed=0", "search", "all black", "", "0.250", "0", "0", "800", "0 %", "640", "80",
                            "160", "9 %", "2"]  # fmt: skip
    assert rows["wrong"][3:5] == ["only false positives"] * 2
    assert rows["floor"][2] == "baseline"
    assert [[value.text for value in row] for row in apart.rows] == [
        ["broken", "seed=0", "diverged: the loss is not finite"]
    ]


def test_masks_without_a_flaw_are_said_to_be_so():
    """Runs are counted where a configuration has several."""
    good = masked("good", 0.5, [pixels(0.8, 0.1, high=200)])
    card = masks_card(
        masked_table(replace(good, runs=(*good.runs, replace(good.runs[0], id="b", replicate={"seed": 1}))))
    )

    assert card.sentence == (
        "Of 2 runs, on test (1 scan): at 0.5, none is degenerate; at the threshold chosen for each, none is degenerate."
    )
    assert all(isinstance(block, Grid) for block in card.blocks)


# Contact sheets ---------------------------------------------------------------------------------------


def test_sheets_show_the_best_of_every_group(wall):
    """And of the others the best, in the order of the wall, twelve on a sheet; numbers go on."""
    groups = dict.fromkeys(("group 1", "group 2", "all black"), "")
    members = ["group 1"] * 20 + ["all black"] * 18 + ["group 2", "all black"]
    columns = [replace(wall.columns[0], label=str(at), group=group) for at, group in enumerate(members)]
    found = sheets(replace(wall, columns=columns, groups=groups))
    shown = [column.label for sheet in found for column in sheet.wall.columns]

    assert shown == [str(at) for at in (*range(35), 38)]
    assert [sheet.first for sheet in found] == [1, 13, 25]
    assert found[2].alt == "Contact sheet: image, truth and the predictions of configurations 25 to 36."


def test_sheets_are_equal_bytes_and_small(wall):
    """Whenever they are drawn."""
    (sheet,) = sheets(wall)

    assert drawn(sheet) == drawn(sheet)
    assert len(drawn(sheet)) < LARGEST


def test_a_sheet_that_is_too_large_is_made_smaller(tmp_path, monkeypatch):
    """Until its file is small enough, or its pictures are as small as they get."""
    row = pictured(tmp_path, a_row("a", a_run()), size=(256, 256))
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "x-prediction.png")
    (sheet,) = sheets(wall_card(a_table(row)).blocks[0])
    widths = []
    for most in (LARGEST, 12_000, 100):
        monkeypatch.setattr("tunebook.report.sheets.LARGEST", most)
        widths.append(image_of(drawn(sheet)).shape[1])

    assert widths == [3 * (size + 4) + 4 for size in (128, 96, 64)]


def test_colours_stay_when_a_sheet_is_reduced(tmp_path):
    """A single wrong pixel is a pixel of its colour, not a paler one."""
    table = drawn_study(tmp_path, weights=(0.5, 1), pos=(1, 5))
    wall = wall_card(table).blocks[0]
    panel = np.full((256, 256, 3), 60, np.uint8)
    panel[100, 101] = (240, 228, 66)
    Image.fromarray(panel).save(wall.columns[0].cells[0].prediction)
    (sheet,) = sheets(wall)
    reduced = image_of(drawn(sheet))[:, 2 * 132 : 3 * 132]
    strong = np.abs(reduced.astype(int) - (240, 228, 66)).max(axis=2) < 16

    assert strong.sum() >= 1


def test_a_picture_that_is_gone_is_named(tmp_path):
    """Which, and the way out."""
    wall = wall_card(a_table(pictured(tmp_path, a_row("a", a_run())))).blocks[0]
    (tmp_path / "x-truth.png").unlink()

    with pytest.raises(DataError, match=r"x-truth\.png: must be a readable PNG file") as raised:
        drawn(sheets(wall)[0])
    assert raised.value.problems[0].hint == "`tunebook run` draws them again"


def test_markdown_refers_to_the_sheets_and_says_who_is_on_them(tmp_path, table):
    """Every file is there; legend and groups are text."""
    found = render(table, to=tmp_path)
    text = found.markdown.read_text()
    card = text[text.index("## Gallery") : text.index("## What the masks are")]

    assert re.findall(r"\((masks/\S+)\)", card) == ["masks/wall-1.png"]
    assert (tmp_path / "masks" / "wall-1.png").is_file()
    assert "Colours: green is true foreground, in the panel truth; blue is true positive: foreground that" in card
    assert "| 1 | bce\\_weight=0 pos\\_weight=5 | seed 0 | group 1 |  | 0.350 | 0.350 |" in card
    assert "contact sheets, the" not in card


def test_markdown_says_how_many_are_left_to_the_other_page(tmp_path, table):
    """Forty columns, of which thirty-six are on sheets."""
    rows = [masked(f"c{at:02}", 0.5 - at / 100, []) for at in range(40)]
    pictures = table.rows[0].runs[0].pictures
    many = [replace(row, runs=(replace(row.runs[0], pictures=pictures[:1]),)) for row in rows]
    text = render(masked_table(*many), to=tmp_path).markdown.read_text()

    assert (
        "36 of 40 columns are on contact sheets: the best of every visual group, and of the others the best; the HTML"
        in text
    )


def test_names_of_any_length_and_script_fit_on_a_sheet(tmp_path):
    """What does not fit is cut off."""
    short, long = (
        drawn(sheets(wall_card(a_table(pictured(tmp_path, a_row(name, a_run())))).blocks[0])[0])
        for name in ("a b c d", f"漢 {'long' * 40} a=1 b=2 {'c=3 ' * 40}")
    )

    assert image_of(long).shape == (image_of(short).shape[0] + 3 * 13, image_of(short).shape[1], 3)
