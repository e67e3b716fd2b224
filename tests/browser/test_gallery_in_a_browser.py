"""Walls of pictures in a browser: what cells show and count, how they are moved through, filtered and rated."""

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from made_up_walls import binary, instances, page_of
from PIL import Image
from test_browser_pages import faults

from tunebook.report.cards import Value
from tunebook.report.html import html
from tunebook.report.wall_data import wall_files

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

HOSTILE = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
PIXELS = """(canvas) => { const found = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return [found.width, found.height, [...found.data]]; }"""
TRANSFORMS = """() => [...new Set([...document.querySelectorAll(".wall canvas")].map((each) => {
  const at = new DOMMatrix(getComputedStyle(each).transform), box = each.parentElement.getBoundingClientRect();
  return [at.a, at.e / box.width, at.f / box.height].map((number) => number.toFixed(1)).join(" "); }))]"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("walls")


@pytest.fixture(scope="module")
def wall(folder):
    """Six configurations and two pictures; the last configuration predicts nothing."""
    return binary(folder / "binary")


@pytest.fixture(scope="module")
def binary_page(wall, folder):
    return written(wall, folder / "binary.html")


def written(wall, path):
    """A page with one wall."""
    files = {name: Path(name).read_bytes() for name in wall_files(wall)}
    path.write_text(html(page_of(wall), {}, thumbnails=files))
    return path


def ready(opened, path, **how):
    """The page, once the first cells are painted."""
    one = opened(path, **how)
    one.page.locator(".wall[data-painted]").wait_for()
    return one.page


def cell(page, row, column):
    """A shown cell, in the order of showing."""
    return page.locator(".wall-region tbody tr").nth(row).locator("td:not([hidden])").nth(column)


def pixels(page, row, column):
    width, height, data = cell(page, row, column).locator("canvas").evaluate(PIXELS)
    return np.array(data, dtype=np.uint8).reshape(height, width, 4)[..., :3]


def layers(wall, row, column):
    """Probabilities and mask of a cell."""
    paths = wall.columns[column].cells[row].probability, wall.pictures[row].mask
    probability, mask = (np.asarray(Image.open(path)) for path in paths)
    return probability, mask > 0


def counted(wall, row, column, level):
    """What is written under a cell whose pixels are predicted from a level on."""
    probability, mask = layers(wall, row, column)
    tp, fp, fn = ((probability >= level) & mask).sum(), ((probability >= level) & ~mask).sum(), None
    fn = mask.sum() - tp
    precision, recall, f1 = tp / max(tp + fp, 1), tp / (tp + fn), 2 * tp / (2 * tp + fp + fn)
    return f"F1 {f1:.3f} · P {precision:.3f} · R {recall:.3f}TP {tp:,} · FP {fp:,} · FN {fn:,}"


def labels(page):
    """Heads of the shown columns, from the left."""
    return page.locator(".wall-region thead th:not([hidden]) .label").all_inner_texts()


def names(wall):
    return [column.label for column in wall.columns]


def rating(page, rater="Ada"):
    """Start to rate."""
    page.get_by_role("button", name="rate", exact=True).click()
    page.get_by_label("rater").fill(rater)


def exported(page):
    with page.expect_download() as download:
        page.get_by_role("button", name="export").click()
    return json.loads(download.value.path().read_text())


def test_a_wall_opens_without_a_complaint_and_without_a_request(opened, binary_page):
    """Nothing in the console, and nothing asked for beside the file itself."""
    one = opened(binary_page)
    one.page.locator(".wall[data-painted]").wait_for()

    assert (one.errors, one.requests) == ([], [])


def test_errors_are_painted_pixel_by_pixel_at_the_threshold_of_each_run(opened, binary_page, wall):
    """True positives, false positives and false negatives have their colours; under them are the counts of all."""
    page = ready(opened, binary_page)
    found = pixels(page, 1, 2)
    probability, mask = layers(wall, 1, 2)
    predicted = probability >= 102

    assert (found[predicted & mask] == (86, 180, 233)).all()
    assert (found[predicted & ~mask] == (240, 228, 66)).all()
    assert (found[~predicted & mask] == (213, 94, 0)).all()
    assert (found[~predicted & ~mask].max(axis=1) < 128).all()
    assert cell(page, 1, 2).inner_text().replace("\n", "") == counted(wall, 1, 2, 102)


def test_the_slider_moves_every_cell_live(opened, binary_page, wall):
    """Pixels and counts follow; 0.5 is level 128, and each run's own threshold comes back."""
    page = ready(opened, binary_page)
    slider = page.get_by_label("threshold", exact=True).and_(page.locator("input"))
    slider.fill("200")
    page.get_by_label("prediction", exact=True).check(force=True)
    page.wait_for_timeout(100)
    shown = pixels(page, 0, 1)
    at_200 = cell(page, 0, 1).inner_text()
    page.get_by_role("button", name="0.5").click()
    page.wait_for_timeout(100)
    at_half = [cell(page, 0, column).inner_text() for column in (0, 4)]
    page.get_by_role("button", name="each its own").click()
    page.wait_for_timeout(100)

    assert (shown[..., 0] == 255 * (layers(wall, 0, 1)[0] >= 200)).all()
    assert at_200.replace("\n", "") == counted(wall, 0, 1, 200)
    assert [text.replace("\n", "") for text in at_half] == [counted(wall, 0, column, 128) for column in (0, 4)]
    assert cell(page, 0, 1).inner_text().replace("\n", "") == counted(wall, 0, 1, 101)


def test_probabilities_come_through_unchanged(opened, binary_page, wall):
    """Every one of the 256 levels, so that no threshold is shown wrongly."""
    page = ready(opened, binary_page)
    page.get_by_label("probability", exact=True).check(force=True)
    page.wait_for_timeout(100)

    assert (pixels(page, 0, 0)[..., 1] == layers(wall, 0, 0)[0]).all()


def test_zoom_and_pan_go_in_step(opened, binary_page):
    """By keys, by the wheel where a mask has the focus, by dragging: every picture shows the same part."""
    page = ready(opened, binary_page)
    box = cell(page, 0, 1).locator(".frame").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.wheel(0, -100)
    page.wait_for_timeout(100)
    unfocused = page.evaluate(TRANSFORMS)
    cell(page, 0, 1).focus()
    page.keyboard.press("+")
    by_key = page.evaluate(TRANSFORMS)
    top = cell(page, 0, 1).locator(".frame").bounding_box()
    middle = top["x"] + top["width"] / 2, top["y"] + top["height"] / 2
    page.mouse.move(*middle)
    page.mouse.wheel(0, -100)
    page.wait_for_timeout(100)
    by_wheel = page.evaluate(TRANSFORMS)
    page.mouse.down()
    page.mouse.move(middle[0] + top["width"] / 10, middle[1])
    page.mouse.up()
    dragged = page.evaluate(TRANSFORMS)
    page.keyboard.press("Shift+ArrowDown")
    panned = page.evaluate(TRANSFORMS)
    page.keyboard.press("0")

    assert unfocused == ["1.0 0.0 0.0"]
    assert by_key == ["1.3 -0.1 -0.1"]
    assert by_wheel == ["1.6 -0.3 -0.3"]
    assert dragged == ["1.6 -0.2 -0.3"]
    assert panned == ["1.6 -0.2 -0.4"]
    assert page.evaluate(TRANSFORMS) == ["1.0 0.0 0.0"]


def test_columns_are_ordered_by_score_and_by_parameter(opened, binary_page, wall):
    """Best first as they come; scores fall, parameters rise, and the other way round."""
    page = ready(opened, binary_page)
    as_given = labels(page)
    page.get_by_role("combobox", name="order").select_option("f1 val")
    by_score = labels(page)
    page.get_by_role("button", name="turn the order round").click()
    turned = labels(page)
    page.get_by_role("combobox", name="order").select_option("loss.pos_weight")
    by_parameter = labels(page)

    assert as_given == names(wall)
    assert by_score == names(replace(wall, columns=sorted(wall.columns, key=lambda each: -each.scores["f1 val"].sort)))
    assert turned == by_score[::-1]
    assert [label.partition("pos_weight=")[2] for label in by_parameter] == ["1"] * 3 + ["4"] * 3


def test_scores_that_are_better_when_low_begin_with_the_lowest(opened, wall, tmp_path):
    """An order by a loss rises."""
    page = ready(opened, written(replace(wall, direction="minimize"), tmp_path / "loss.html"))
    page.get_by_role("combobox", name="order").select_option("f1 val")
    rising = sorted(wall.columns, key=lambda each: each.scores["f1 val"].sort)

    assert labels(page) == [column.label for column in rising]


def test_a_head_says_whose_masks_stand_below(opened, binary_page):
    """The replicate, and of how many the scores are means."""
    page = ready(opened, binary_page)
    found = page.locator(".wall-region thead small[title*=scores]")

    assert found.all_inner_texts() == ["seed 0"] * 5 + ["seed 1"]
    assert found.first.get_attribute("title") == "masks of seed 0 alone; scores are means over 3 replicates"
    assert found.last.get_attribute("title") == "masks and scores of seed 1"


def test_the_legend_of_the_truth_stays_when_errors_are_not_shown(opened, folder, wall):
    """The truth stands beside the masks whatever they show."""
    legend = {"green": "true foreground", **wall.legend}
    page = ready(opened, written(replace(wall, legend=legend), folder / "legend.html"))
    lines = page.locator(".wall-legend li")
    with_errors = [line.is_visible() for line in lines.all()]
    page.get_by_label("probability", exact=True).check(force=True)

    assert with_errors == [True] * 4
    assert [line.is_visible() for line in lines.all()] == [True, False, False, False]


def test_columns_are_filtered_by_parameter_group_and_degenerate_kind(opened, binary_page, wall):
    """What is unticked is gone, how many are left is announced, and all come back."""
    page = ready(opened, binary_page)
    page.get_by_text("Filter", exact=True).click()
    tick = lambda facet, value: page.get_by_role("group", name=facet).get_by_label(re.compile(rf"^{value}\b"))  # noqa: E731
    tick("loss.pos_weight", "4").uncheck()
    by_value = labels(page)
    announced = page.locator(".wall-bar output").inner_text()
    page.get_by_role("button", name="show all").click()
    tick("masks look like", "most of it").uncheck()
    by_group = labels(page)
    page.get_by_role("button", name="show all").click()
    tick("degenerate", "all black").uncheck()
    by_kind = labels(page)

    assert by_value == [name for name in names(wall) if "pos_weight=1" in name]
    assert announced == "3 of 6 configurations"
    assert by_group == names(wall)[-1:]
    assert by_kind == names(wall)[:-1]


def test_keys_move_enlarge_and_close(opened, binary_page, wall):
    """Arrows move the focus and stop at the edge; Enter shows image, truth and mask large; Esc comes back."""
    page = ready(opened, binary_page)
    page.locator(".wall-region").focus()
    page.keyboard.press("Tab")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.locator("dialog[open] figure.mask figcaption .scores").wait_for()
    title = page.locator("dialog h3").inner_text()
    inside = page.locator("dialog canvas").evaluate_all("all => all.map((each) => each.getAttribute('aria-label'))")
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(100)
    next_title = page.locator("dialog h3").inner_text()
    page.keyboard.press("Escape")
    page.wait_for_timeout(100)
    focused = page.evaluate("document.activeElement.querySelector('canvas').getAttribute('aria-label')")

    assert title == f"page-02 · {wall.columns[2].label}"
    assert [text.split()[0] for text in inside] == ["image", "truth", "mask"]
    assert next_title == f"page-02 · {wall.columns[1].label}"
    assert page.locator("dialog[open]").count() == 0
    assert focused == f"errors of page-02 by {wall.columns[1].label}"


def test_ratings_are_given_by_keys_and_exported(opened, binary_page, wall):
    """The keys 1 to 5 rate and move on, to the next picture after the last column; second thoughts count."""
    page = ready(opened, binary_page)
    page.get_by_role("button", name="0.5").click()
    rating(page)
    cell(page, 0, 5).focus()
    for key in ("3", "5", "ArrowLeft", "1"):
        page.keyboard.press(key)
    found = exported(page)
    first, second = found.pop("ratings")

    assert found == {"format": "tunebook-ratings-1", "study": "masks", "split": "test", "rater": "Ada"}
    assert datetime.fromisoformat(first.pop("on")).date()
    assert first == {
        "run": "run0005", "configuration": "c005", "item": "page-01", "value": 3, "blind": False, "threshold": 0.5,
    }  # fmt: skip
    assert (second["run"], second["item"], second["value"]) == ("run0000", "page-02", 1)
    assert page.locator(".rating output").inner_text() == "2 of 12 rated"


def again(page, wall, path):
    """The page at the same address, rendered anew, as the rater sees it."""
    written(wall, path)
    page.reload()
    page.locator(".wall[data-painted]").wait_for()
    rating(page)
    return page.locator(".rating output").inner_text()


def test_ratings_of_runs_that_a_page_shows_no_more_come_back_with_them(opened, wall, tmp_path):
    """They are neither shown nor exported, and no later rating loses them."""
    path = written(wall, tmp_path / "wall.html")
    page = ready(opened, path)
    rating(page)
    cell(page, 0, 0).focus()
    page.keyboard.press("4")
    without = again(page, replace(wall, columns=wall.columns[1:]), path)
    cell(page, 0, 0).focus()
    page.keyboard.press("2")
    of_others = exported(page)["ratings"]
    whole = again(page, wall, path)
    of_all = exported(page)["ratings"]

    assert without == "0 of 10 rated"
    assert [(each["run"], each["value"]) for each in of_others] == [("run0001", 2)]
    assert whole == "2 of 12 rated"
    assert [(each["run"], each["value"]) for each in of_all] == [("run0000", 4), ("run0001", 2)]


def test_ratings_of_another_book_are_not_shown(opened, wall, tmp_path):
    """A study of the same name, whose runs are others."""
    path = written(wall, tmp_path / "wall.html")
    page = ready(opened, path)
    rating(page)
    cell(page, 0, 0).focus()
    page.keyboard.press("4")
    columns = [
        replace(column, cells=[replace(each, run=f"other-{each.run}") for each in column.cells])
        for column in wall.columns
    ]
    of_other = again(page, replace(wall, columns=columns), path)

    assert of_other == "0 of 12 rated"
    assert again(page, wall, path) == "1 of 12 rated"


def test_who_rates_has_to_be_said(opened, binary_page):
    """Without a name nothing is rated and nothing is exported."""
    page = ready(opened, binary_page)
    page.get_by_role("button", name="rate", exact=True).click()
    cell(page, 0, 0).focus()
    page.keyboard.press("4")

    assert page.locator(".rating output").inner_text() == "who rates? type a name first"
    assert page.evaluate("document.activeElement.type") == "text"
    assert page.locator(".badge:not(:empty)").count() == 0


def test_blind_rating_hides_names_and_scores_and_shuffles(opened, binary_page, wall):
    """No label, item, score, group or count is left; the order is another one, and the same after a reload."""
    page = ready(opened, binary_page)
    rating(page)
    page.get_by_label("blind").check()
    page.wait_for_timeout(200)
    said = page.locator(".wall-region").inner_text()
    spoken = page.evaluate(
        "[...document.querySelectorAll('.wall-region *')].map((e) => e.ariaLabel || e.title).join(' ')"
    )
    before = pixels(page, 0, 0)
    cell(page, 0, 0).focus()
    page.keyboard.press("2")
    (one,) = exported(page)["ratings"]
    page.reload()
    page.locator(".wall[data-painted]").wait_for()
    page.get_by_role("button", name="rate", exact=True).click()
    page.get_by_label("blind").check()
    page.wait_for_timeout(200)

    for hidden in (*names(wall), "page-0", "f1", "F1", "TP", "most of it", "all black"):
        assert hidden not in said + spoken
    assert "seed" not in said
    assert labels(page) == [f"mask {number}" for number in range(1, 7)]
    assert one["blind"] is True
    assert (pixels(page, 0, 0) == before).all()
    assert page.locator(".rating output").inner_text() == "1 of 12 rated blind"
    assert page.get_by_label("rater").input_value() == "Ada"


def test_columns_out_of_sight_wait(opened, binary_page, wall):
    """On a phone the last column is decoded when it is scrolled to."""
    page = ready(opened, binary_page, width=390)
    page.wait_for_timeout(200)
    before = cell(page, 0, 5).inner_text()
    page.locator(".wall-region").evaluate("region => { region.scrollLeft = 5000; }")
    cell(page, 0, 5).locator(".scores").wait_for()

    assert before == ""
    assert cell(page, 0, 5).inner_text().replace("\n", "") == counted(wall, 0, 5, 105)


def test_instances_have_no_slider(opened, tmp_path):
    """Their predictions are shown as they were drawn, with what is said of them; a missing one says so."""
    page = ready(opened, written(instances(tmp_path), tmp_path / "instances.html"))

    assert not page.get_by_label("threshold", exact=True).first.is_visible()
    assert page.get_by_label("errors", exact=True).count() == 0
    assert cell(page, 0, 0).inner_text() == "5 matched"
    assert cell(page, 1, 1).inner_text() == "no picture"
    assert pixels(page, 0, 0).std() > 5


def test_hostile_names_stay_text(opened, tmp_path):
    """Labels, items, parameters, groups and captions run nothing."""
    wall = binary(tmp_path / "binary", pictures=1, weights=(0, 1), positives=(1,))
    columns = [
        replace(each, label=HOSTILE + each.label, group=HOSTILE, parameters={HOSTILE: Value(HOSTILE + each.label)})
        for each in wall.columns
    ]
    pictures = [replace(each, item=HOSTILE) for each in wall.pictures]
    wall = replace(wall, columns=columns, pictures=pictures, groups={HOSTILE: HOSTILE}, legend={HOSTILE: HOSTILE})
    one = opened(written(wall, tmp_path / "hostile.html"))
    one.page.locator(".wall[data-painted]").wait_for()
    cell(one.page, 0, 0).focus()
    one.page.keyboard.press("Enter")

    assert (one.errors, one.requests) == ([], [])
    assert one.page.title() == "masks · Tunebook"
    assert HOSTILE in labels(one.page)[0]
    assert one.page.locator("dialog h3").inner_text().startswith(HOSTILE)


def test_without_javascript_the_first_columns_are_plain_pictures(browser, binary_page, wall):
    """Image, truth and the predictions of four configurations, with their captions."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(binary_page.resolve().as_uri())
    heads = page.locator(".wall thead th").all_inner_texts()
    widths = page.locator(".wall img").evaluate_all("all => all.map((each) => each.naturalWidth)")
    context.close()

    assert heads == ["image", "truth", *(f"{name}\nseed 0" for name in names(wall)[:4])]
    assert widths == [256] * 12


@pytest.mark.parametrize("width", [390, 1280])
def test_a_wall_serves_readers_of_all_kinds(opened, binary_page, width):
    """No serious fault of accessibility, in light and dark, with all parts unfolded; and nothing overflows a phone."""
    page = ready(opened, binary_page, width=width)
    rating(page)
    page.get_by_text("Filter", exact=True).click()
    light = faults(page)
    page.emulate_media(color_scheme="dark")
    dark = faults(page, {"runOnly": ["color-contrast"]})

    assert (light, dark) == ([], [])
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
def test_72_configurations_of_5_pictures_are_light_and_open_fast(opened, tmp_path):
    """Below 15 MB, and the first cells are painted within 2 s; the best of three times."""
    weights, positives = [each / 5 for each in range(6)], range(1, 13)
    page = written(binary(tmp_path / "binary", weights=weights, positives=positives, pictures=5), tmp_path / "big.html")
    painted = "performance.getEntriesByName('gallery painted')[0].startTime"

    assert page.stat().st_size < 15e6
    assert min(ready(opened, page).evaluate(painted) for _ in range(3)) < 2000
