"""Markdown: valid on GitHub and GitBook, long tables folded, the same blocks as HTML."""

import re

from study_tables import a_row, a_run, a_table

from tunebook.report import render
from tunebook.report.cards import Card, Grid, Heading, Page, Remark, Said, Value
from tunebook.report.html import html
from tunebook.report.markdown import markdown


def a_page(*blocks):
    """A page with one card of these blocks."""
    return Page("x", "Study", "", "Yes.", [Card("a", "A", "", blocks)])


def test_a_long_table_is_folded_after_its_first_rows():
    """The head stands above both parts, so that each is a table."""
    grid = Grid(
        "c", [Heading("name"), Heading("n", numeric=True)], [[Value(f"r{n}"), Value(str(n))] for n in range(30)]
    )
    text = markdown(a_page(grid), folder="x")

    assert text.count("| name | n |\n| --- | --: |") == 2
    assert "<details><summary>The other 5 rows</summary>\n\n| name | n |" in text
    assert len(re.findall(r"^\| r\d+ \|", text, re.MULTILINE)) == 30


def test_what_a_person_says_is_quoted():
    """In their words, with their name below."""
    text = markdown(a_page(Remark("Because *I* say so.", "A. Person, 2030-01-31", "Overruled:")), folder="x")

    assert "Overruled:\n\n> Because \\*I\\* say so.\n>\n> A. Person, 2030-01-31" in text


def test_sentences_are_a_list_and_one_is_a_paragraph():
    """In both forms."""
    one, two = a_page(Said(["Only."])), a_page(Said(["First.", "Second."], "Why"))

    assert "\n\nOnly.\n" in markdown(one, folder="x")
    assert "**Why**\n\n- First.\n- Second." in markdown(two, folder="x")
    assert '<p class="said">Only.</p>' in html(one, {})
    assert html(two, {}).count("<li>") == 3


def test_a_link_to_a_page_fits_its_form():
    """Markdown links to Markdown, HTML to HTML."""
    page = a_page(Grid("c", [Heading("study")], [[Value("a b", page="a b")]]))

    assert "| [a b](a%20b.md) |" in markdown(page, folder="x")
    assert '<a href="a b.html">a b</a>' in html(page, {})


def test_pictures_lie_in_the_folder_of_the_page(tmp_path):
    """Every picture that the text names is there."""
    rows = [a_row(f"{x} {y}", a_run(), a_run(1), parameters={"x": x, "y": y}) for x in (1, 2) for y in (1, 2)]
    found = render(a_table(*rows), to=tmp_path)
    named = re.findall(r"\]\((\S+\.png)\)", found.markdown.read_text())

    assert named
    assert [name for name in named if not (tmp_path / name).is_file()] == []
