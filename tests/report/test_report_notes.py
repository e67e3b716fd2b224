"""The card of notes: a person's words, visibly theirs, and never taken for what is computed."""

import re
from dataclasses import replace

from study_tables import a_row, a_run, a_table

from tunebook.analyse import decide
from tunebook.records import Note
from tunebook.report import compose
from tunebook.report.html import html
from tunebook.report.markdown import markdown
from tunebook.report.notes import notes_card

HOSTILE = "<script>alert(1)</script> ![x](http://evil.example/x.png) [l](javascript:alert(1)) a|b `c` {{n}} {{f2}}"


def a_study(*notes: Note):
    table = a_table(a_row("a", a_run(0), a_run(1)), a_row("b", a_run(0, val=0.4), a_run(1, val=0.4)), notes=notes)
    return replace(table, decision=decide(table))


def shown(*notes: Note) -> tuple[str, str]:
    """The card in both forms."""
    page = replace(compose(a_study()), cards=[notes_card(a_study(*notes))])
    return markdown(page, folder="x"), html(page, {})


def test_only_noted_studies_have_the_card():
    """Others have the page that they had."""
    assert notes_card(a_study()) is None
    assert "notes" not in {card.anchor for card in compose(a_study()).cards}
    assert "notes" in {card.anchor for card in compose(a_study(Note("so", "Ada", "2030-01-31"))).cards}


def test_a_note_is_signed_and_dated():
    """By command or in a file, or said to be unsigned."""
    text, page = shown(
        Note("One.", "Ada", "2030-01-31"),
        Note("Two.", "Grace", "2030-02-01", source="cells.notes.md"),
        Note("Three.", "", "", source="cells.notes.md"),
    )

    for signed in (
        "noted by Ada on 2030-01-31",
        "from cells.notes.md, written by Grace on 2030-02-01",
        "from cells.notes.md, unsigned",
    ):
        assert f"> — *{signed}*" in text
        assert f"<figcaption>{signed}</figcaption>" in page
    assert "3 notes by Ada and Grace, in their own words." in text
    assert "but those that people wrote in its notes" in page


def test_a_note_on_a_configuration_stands_at_it():
    """The leaderboard marks its row; one that is gone is called as it was."""
    table = a_study(Note("thin", "Ada", "2030-01-31", "b", "b"), Note("old", "Ada", "2030-01-31", "gone", "alpha=9"))
    text = markdown(compose(table), folder="x")

    assert "| b (noted by Ada) |" in text
    assert "**On b**\n\n> thin" in text
    assert "**On alpha=9, which is no configuration of the study as it stands**\n\n> old" in text
    assert "| → a |" in text


def test_what_is_said_is_text():
    """Nothing in it is fetched or executed, neither of a command nor of a file."""
    for source in ("", "cells.notes.md"):
        text, page = shown(Note(HOSTILE, "<b>Ada</b>", "2030-01-31", source=source))

        assert "<script>alert" not in page.partition("<main>")[2].partition("</main>")[0]
        assert "<script>" not in text
        assert "<img" not in page
        assert 'href="javascript' not in page
        assert not re.search(r"(?<!\\)!\[", text)
        assert not re.search(r"(?<!\\)\]\(", text)


def test_numbers_of_the_ledger_are_set_apart():
    """One that is not there is marked with its reason; what was typed stays as it is."""
    text, page = shown(Note("It has {{n}} of 7, {{f2}}.", "Ada", "2030-01-31"))

    assert "It has <ins>2</ins> of 7, ⚠ \\{\\{f2\\}\\} (not known: must begin with a metric" in text
    assert 'It has <ins title="from the ledger: n">2</ins> of 7, <span class="unknown">⚠ {{f2}}' in page


def test_a_file_is_markdown():
    """Lists, emphasis and code; in code nothing is looked up. A command's words stay as they were typed."""
    written = "# Head\n\nSome **bold {{n}} text** and *more*, `{{n}}`.\n\n- one\n  - two\n\n3. three\n\n```\na\n```"
    text, page = shown(Note(written, "", "", source="notes.md"))

    assert text.split("\n\n> ", 1)[1].splitlines()[:14] == [
        "**Head**",
        ">",
        "> Some **bold** <ins>2</ins> **text** and *more*, `{{n}}`.",
        ">",
        "> - one",
        ">     - two",
        ">",
        "> 3. three",
        ">",
        "> ```",
        "> a",
        "> ```",
        ">",
        "> — *from notes.md, unsigned*",
    ]
    for part in (
        "<ul><li>one",
        "<ul><li>two",
        '</li></ul></li></ul><ol start="3"><li>three',
        "</li></ol>",
        "<code>{{n}}</code>",
    ):
        assert part in page.replace("\n", "")
    assert "> a \\*b\\*<br>c\n>\n> d" in shown(Note("a *b*\nc\n\nd", "Ada", "2030-01-31"))[0]
