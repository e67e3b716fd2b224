"""Pages in a browser: nothing is fetched, tables sort and filter, phones and readers of all kinds are served."""

from importlib.resources import files

import pytest
from study_tables import a_row, a_run, a_table, missing

from tunebook.report import render

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PAGES = ("lora-scaling", "judged", "index")
"""Of the fixture `pages`."""
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
FAULTS = """async (only) => (await axe.run(document, {resultTypes: ["violations"], ...only})).violations
  .filter((each) => ["serious", "critical"].includes(each.impact))
  .map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`)"""
CUT = """() => [...document.querySelectorAll("svg.drawn")].flatMap((svg) => {
  const box = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter((text) => {
    const at = text.getBoundingClientRect();
    return at.left < box.left - 2 || at.right > box.right + 2 || at.top < box.top - 2 || at.bottom > box.bottom + 2;
  }).map((text) => text.textContent);
})"""


def leaderboard(page):
    """The table of all configurations, and the line above it that filters it."""
    section = page.locator("#leaderboard")
    return section.locator("table.sortable").first, section.locator(".filter").first


def column(table, number):
    """The shown cells of a column, from above; 0 is that of the names."""
    return table.locator(f"tbody tr:not([hidden]) > :nth-child({number + 1})").all_inner_texts()


def faults(page, only=None):
    """What axe-core calls serious or critical; `only` names its rules."""
    page.evaluate(AXE)
    return page.evaluate(FAULTS, only or {})


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_a_complaint_and_without_a_request(opened, name):
    """Nothing in the console, and nothing asked for beside the file itself."""
    one = opened(name)

    assert one.page.locator("h1").inner_text()
    assert (one.errors, one.requests) == ([], [])


def test_a_request_would_be_seen(opened, tmp_path):
    """The check above can fail: an image from elsewhere is found out."""
    page = tmp_path / "page.html"
    page.write_text("<h1>x</h1><img src=https://example.org/x.png alt=''>")

    assert opened(page).requests == ["https://example.org/x.png"]


def test_a_heading_orders_the_rows(opened):
    """A click puts the best first, another one the worst; what has no value stays last."""
    page = opened("lora-scaling").page
    table, _ = leaderboard(page)
    heading = table.locator("thead th").nth(1)
    heading.locator("button").click()
    falling = column(table, 1)
    heading.locator("button").click()
    rising = column(table, 1)
    scores = [float(text.split()[0]) for text in falling if text[0].isdigit()]

    assert scores == sorted(scores, reverse=True)
    assert [float(text.split()[0]) for text in rising[: len(scores)]] == scores[::-1]
    assert falling[-1].startswith("failed")
    assert rising[-1].startswith("failed")
    assert heading.get_attribute("aria-sort") == "ascending"


def test_a_text_and_a_value_filter_the_rows(opened):
    """By keyboard alone: words that a row must hold, values of its parameters; how many are left is announced."""
    page = opened("lora-scaling").page
    table, bar = leaderboard(page)
    everything = len(column(table, 0))
    bar.get_by_label("Filter").focus()
    page.keyboard.type("lora alpha=4")
    by_text = column(table, 0)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("8")
    by_value = column(table, 0)

    assert everything > len(by_text) > len(by_value) > 0
    assert all("alpha=4" in text for text in by_text)
    assert all("rank=8" in text for text in by_value)
    assert bar.locator("output").inner_text() == f"{len(by_value)} of {everything} rows"
    assert bar.locator("output").get_attribute("aria-live") == "polite"


def test_a_folded_table_is_filtered_once_it_is_unfolded(opened):
    """It costs nothing before; a small table has no filter at all."""
    page = opened("judged").page
    folded = page.locator("#declared details").first
    before = folded.locator(".filter").count()
    folded.locator("summary").click()
    folded.locator(".filter").wait_for()
    folded.get_by_label("role").select_option("confirm")

    assert before == 0
    assert set(column(folded.locator("table"), 2)) == {"confirm"}
    assert page.locator("#noise .filter").count() == 0


@pytest.mark.parametrize("name", PAGES)
def test_nothing_overflows_a_phone(opened, name):
    """At 390 pixels the page is as wide as the window: wide tables and pictures scroll within their own part."""
    page = opened(name, width=390).page
    page.locator("details").evaluate_all("all => all.forEach((each) => { each.open = true; })")
    wide = page.evaluate("document.documentElement.scrollWidth")

    assert wide <= 390


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [390, 1280])
def test_no_text_of_a_figure_is_cut(opened, name, width):
    """Every word lies on its sheet, in the browser's font."""
    page = opened(name, width=width).page

    assert page.locator("svg.drawn").count() > 0
    assert page.evaluate(CUT) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_serious_fault_of_accessibility(opened, name):
    """axe-core finds none with everything unfolded; in the dark, where colours alone differ, contrast is enough."""
    page = opened(name).page
    page.locator("details").evaluate_all("all => all.forEach((each) => { each.open = true; })")
    light = faults(page)
    page.emulate_media(color_scheme="dark")
    dark = faults(page, {"runOnly": ["color-contrast"]})

    assert (light, dark) == ([], [])


def test_a_fault_of_accessibility_would_be_seen(opened, tmp_path):
    """The check above can fail: grey on white, and a picture without words."""
    page = tmp_path / "page.html"
    page.write_text("<html lang=en><title>x</title><p style='color:#ccc'>pale</p><img src='data:,'></html>")
    found = " ".join(faults(opened(page).page))

    assert "color-contrast" in found
    assert "image-alt" in found


def test_dark_and_light_have_papers_of_their_own(opened):
    """The page follows the reader's system."""
    paper = "getComputedStyle(document.body).backgroundColor"
    light, dark = (opened("judged", scheme=scheme).page.evaluate(paper) for scheme in ("light", "dark"))

    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(20, 23, 27)")


def test_paper_shows_whole_tables(opened):
    """Within the margins of A4, no table is a window of its own, and what only a screen can use is gone."""
    page = opened("lora-scaling", width=680).page
    page.emulate_media(media="print")
    region = page.locator("#declared .scroll").first
    cut = region.evaluate("each => getComputedStyle(each).overflowY")

    assert cut == "visible"
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    assert not page.locator("nav").is_visible()
    assert not page.locator(".filter").first.is_visible()


@pytest.mark.slow
def test_a_thousand_runs_open_within_a_second(opened, tmp_path):
    """The page of 200 configurations with 5 seeds, with all its tables; the best of five times."""
    rows = []
    for alpha in range(20):
        for rank in range(10):
            runs = [a_run(seed, val=alpha / 50 + seed / 1000, test=rank / 20 + seed / 1000) for seed in range(5)]
            rows.append(a_row(f"alpha={alpha} rank={rank}", *runs, parameters={"alpha": alpha, "rank": rank}))
    page = render(a_table(*rows), to=tmp_path).html
    loaded = "performance.getEntriesByType('navigation')[0].loadEventEnd"

    assert min(opened(page).page.evaluate(loaded) for _ in range(5)) < 1000


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [390, 900, 1280])
def test_no_name_in_the_navigation_is_cut(opened, name, width):
    """Every card's name is seen whole, on however many lines; what a link leads to stands below them."""
    page = opened(name, width=width).page
    outside = page.locator("nav a").evaluate_all(
        "all => all.filter((each) => { const at = each.getBoundingClientRect(), nav = each.closest('nav')"
        ".getBoundingClientRect(); return at.left < 0 || at.right > innerWidth || at.bottom > nav.bottom; })"
        ".map((each) => each.textContent)"
    )
    page.locator("nav a").last.click()
    page.wait_for_timeout(1500)
    seen = page.evaluate("""() => { const nav = document.querySelector("nav").getBoundingClientRect();
      const heading = document.querySelector(`${location.hash} h2`).getBoundingClientRect();
      const sticky = getComputedStyle(document.querySelector("nav")).position === "sticky";
      return heading.top >= (sticky ? nav.bottom : 0); }""")

    assert outside == []
    assert seen


def test_an_interim_page_stays_where_it_was_when_it_is_read_again(opened, tmp_path):
    """What was unfolded stays so, the focus and the lines in view too; a page that is opened begins at its top."""
    rows = [a_row(f"alpha={n}", a_run(0, val=n / 50), missing(1), parameters={"alpha": n}) for n in range(40)]
    path = render(a_table(*rows), to=tmp_path, refresh=2).html
    one = opened(path)
    page = one.page
    first = page.evaluate("scrollY")
    summary = page.locator("#findings details summary").last
    summary.click()
    page.evaluate("document.title = 'before'")
    before = summary.bounding_box()["y"]
    for _ in range(100):
        page.wait_for_timeout(100)
        if page.title() != "before":
            break
    page.wait_for_timeout(1000)
    focused = summary.evaluate("each => each === document.activeElement")

    assert first == 0
    assert summary.evaluate("each => each.parentElement.open")
    assert focused
    assert abs(summary.bounding_box()["y"] - before) < 40
    assert one.errors == []
