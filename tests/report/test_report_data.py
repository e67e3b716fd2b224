"""The card of the data, and the page of `tunebook look`."""

from dataclasses import replace
from pathlib import Path

from made_up import HOSTILE, small
from PIL import Image

from tunebook.records import DataFacts, Picture, SplitFacts
from tunebook.report.cards import Contacts, Grid, Said
from tunebook.report.data import card, data_card, page
from tunebook.report.html import html
from tunebook.report.markdown import markdown
from tunebook.report.page import compose
from tunebook.report.writing import write_alone

SPLITS = (
    SplitFacts("train", 1_200, {"size": "8 × 8 px", "empty": "3"}),
    SplitFacts("test", 10, {"size": "8 × 8 px"}),
)
CELLS = DataFacts("cells", "images", SPLITS, together="of 8 × 8 px")


def test_a_sentence_says_what_there_is():
    """How many of each split, and whether anything is odd."""
    odd = replace(CELLS, odd=["1 label has no object: a.png."])

    assert card([CELLS]).sentence == "1,200 train and 10 test images of 8 × 8 px. Nothing odd was found."
    assert card([odd]).sentence == "1,200 train and 10 test images of 8 × 8 px. 1 thing is odd."


def test_every_split_has_a_row():
    """A fact that a split lacks is an empty cell."""
    (grid,) = card([CELLS]).blocks

    assert isinstance(grid, Grid)
    assert [heading.text for heading in grid.headings] == ["split", "images", "size", "empty"]
    assert [[value.text for value in row] for row in grid.rows] == [
        ["train", "1,200", "8 × 8 px", "3"],
        ["test", "10", "8 × 8 px", ""],
    ]


def test_what_is_in_two_splits_comes_first():
    """With what it means."""
    found = replace(CELLS, odd=["1 label has no object: a.png."], twice=["1 image is in train and in test: a = b."])
    said = card([found]).blocks[1]

    assert isinstance(said, Said)
    assert said.lines == [
        "1 image is in train and in test: a = b.",
        "1 label has no object: a.png.",
        "What is in two splits is tested on what it was trained on (T406).",
    ]


def test_several_data_sets_share_the_room_for_pictures():
    """Each has its name, and names of pictures do not clash."""
    pictures = [Picture(f"train/{n}", {"image": f"/{n}.png", "truth": f"/{n}-truth.png"}) for n in range(12)]
    both = card([replace(CELLS, pictures=pictures), replace(CELLS, name="others", pictures=pictures)])
    sheets = [block for block in both.blocks if isinstance(block, Contacts)]
    names = [panel.name for sheet in sheets for _, panels in sheet.items for panel in panels]

    assert both.sentence.startswith("cells: 1,200 train")
    assert [[item for item, _ in sheet.items] for sheet in sheets] == [[f"train/{n}" for n in range(0, 12, 2)]] * 2
    assert len(set(names)) == len(names) == 24


def test_a_study_without_a_survey_has_no_card():
    """Nor is it checked for T406; one with a survey has it first."""
    with_data = compose(replace(small(), data=(CELLS,)))

    assert data_card(small()) is None
    assert "data" not in [each.anchor for each in compose(small()).cards]
    assert with_data.cards[0].anchor == "data"


def test_names_are_shown_as_they_are(tmp_path: Path):
    """Whatever files and classes are called."""
    Image.new("L", (2, 2)).save(tmp_path / "a.png")
    hostile = DataFacts(
        name=HOSTILE,
        noun=HOSTILE,
        splits=[SplitFacts(HOSTILE, 1, {HOSTILE: HOSTILE})],
        odd=[HOSTILE],
        twice=[HOSTILE],
        together=HOSTILE,
        pictures=[Picture(HOSTILE, {"image": str(tmp_path / "a.png")})],
    )
    shown = page([hostile, hostile], name="x", kind="Data")
    write_alone(shown, tmp_path / "page.html")

    for text in ((tmp_path / "page.html").read_text(), markdown(shown, folder="x")):
        assert "alert(&#39;x&#39;)" in text or "&lt;script&gt;alert" in text
        assert "<script>alert" not in text
        assert "<img src=http" not in text


def test_the_html_holds_the_contact_sheet():
    """Item by item, its pictures beside each other."""
    shown = page(
        [replace(CELLS, pictures=[Picture("train/a", {"image": "/a.png", "truth": "/b.png"})])], name="x", kind=""
    )
    text = html(shown, {"data-1-1-1": b"a", "data-1-1-2": b"b"})

    assert 'alt="image of train/a"' in text
    assert 'alt="truth of train/a"' in text
    assert "<small>train/a</small>" in text
