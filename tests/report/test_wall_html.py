"""Walls in HTML: what of them is in the file."""

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_up import HOSTILE
from made_up_walls import binary, instances, page_of
from PIL import Image
from test_report_page import Fetches

import tunebook.report
from tunebook.errors import DataError
from tunebook.report.html import COLOURS, html
from tunebook.report.wall_data import wall_data, wall_files
from tunebook.report.writing import write
from tunebook.tasks.binary_segmentation import panels

TEMPLATES = Path(tunebook.report.__file__).parent / "templates"


@pytest.fixture(scope="module")
def wall(tmp_path_factory):
    return binary(tmp_path_factory.mktemp("wall"), pictures=1, size=(34, 50))


def read(wall):
    return {path: Path(path).read_bytes() for path in wall_files(wall)}


def decoded(webp):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(webp))).convert("RGB"))


def test_layers_and_counts_are_exact(wall):
    """No level of a probability and no pixel of a histogram is lost on the way."""
    data, cell = wall_data(wall, read(wall)), wall.columns[1].cells[0]
    found = data.columns[1][0]
    background = np.frombuffer(base64.b64decode(found["background"]), dtype="<u4")

    assert (decoded(found["probability"])[..., 0] == np.asarray(Image.open(cell.probability))).all()
    assert (decoded(data.pictures[0]["mask"])[..., 0] == np.asarray(Image.open(wall.pictures[0].mask))).all()
    assert tuple(background) == cell.pixels.background


def test_only_what_is_shown_is_in_the_file(wall, tmp_path):
    """Cells that are painted need no drawn prediction, but for the columns of readers without JavaScript."""
    drawn = [column.cells[0].prediction for column in wall.columns]

    assert [path for path in wall_files(wall) if path in drawn] == drawn[:4]
    assert "prediction" not in wall_data(wall, read(wall)).columns[0][0]
    assert "probability" not in wall_data(other := instances(tmp_path), read(other)).columns[0][0]


def test_a_layer_of_another_size_is_refused(wall):
    """A probability that does not lie on its mask would be painted wrongly."""
    files = read(wall)
    path, small = wall.columns[2].cells[0].probability, io.BytesIO()
    Image.new("L", (5, 4)).save(small, "PNG")

    with pytest.raises(DataError, match=r"must be of the size of .*mask.png, \(50, 34\); got \(5, 4\)"):
        wall_data(wall, files | {path: small.getvalue()})


def test_a_page_with_a_wall_is_one_file_and_the_same_every_time(wall, tmp_path):
    """Nothing is loaded from elsewhere, and writing again gives equal bytes."""
    first, second = (write(page_of(wall), "masks", to=tmp_path / name).html.read_bytes() for name in "ab")

    assert first == second
    assert Fetches(first.decode()).found == []


def test_hostile_texts_of_a_wall_end_no_script(wall):
    """What a study says stays JSON, and is what it was."""
    columns = [replace(column, label=f"</script><!--<script>{HOSTILE}", group=HOSTILE) for column in wall.columns]
    wall = replace(wall, columns=columns, groups={HOSTILE: HOSTILE}, legend={HOSTILE: HOSTILE}, title=HOSTILE)
    text = html(page_of(wall), {}, thumbnails=read(wall))
    page = Fetches(text)
    (facts,) = re.findall(r'<script type="application/json" class="wall-facts">(.*?)</script>', text)

    assert page.found == []
    assert page.tags.count("script") == 3 + len(columns)
    assert json.loads(facts)["columns"][0]["label"] == columns[0].label


def test_a_page_without_a_wall_does_not_carry_its_script(wall):
    """Its style sheet and script are on pages that have one."""
    page = page_of(wall)
    plain = html(replace(page, cards=[replace(page.cards[0], blocks=[])]), {})

    assert ".wall" not in plain
    assert ".wall-region" in html(page, {}, thumbnails=read(wall))


def test_the_page_paints_in_the_colours_of_the_pictures():
    """True positives, false positives and false negatives look the same at any threshold, and in Markdown."""
    script = (TEMPLATES / "wall_pixels.js").read_text()
    found = {name: tuple(json.loads(shade)) for name, shade in re.findall(r"(\w+): (\[\d+, \d+, \d+\])", script)}

    assert found == {"found": panels.FOUND, "invented": panels.INVENTED, "missed": panels.MISSED}
    assert f"const DARKENED = {panels.DARKENED};" in script
    assert panels.LEGEND.keys() <= COLOURS.keys()


def test_swatches_have_the_colours_of_the_pictures():
    """Of the truth panel too, whose line stays in every view."""
    style = (TEMPLATES / "wall.css").read_text()
    shades = {"green": panels.TRUE, "blue": panels.FOUND, "yellow": panels.INVENTED, "orange": panels.MISSED}
    found = dict(re.findall(r"\.swatch\.(\w+) { background: (#\w{6}); }", style))

    assert found == {name: f"#{bytes(shade).hex()}" for name, shade in shades.items()}
    assert ".wall-legend li:not(.green) { visibility: hidden; }" in style
