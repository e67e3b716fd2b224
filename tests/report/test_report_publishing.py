"""The folder of a book for GitHub and GitBook."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from made_up import small
from study_tables import scaling

from tunebook.errors import InputError
from tunebook.records import Chapter, Table
from tunebook.report import compose, compose_index, publish
from tunebook.report.publishing import LIST, Published

SHOWN = ("decision", "leaderboard", "pictures", "provenance")
"""Cards with every kind of picture and link; drawing the figures of all takes seconds."""
LINK = re.compile(r"(!?)\[((?:\\.|[^\]\\])*)\]\(([^)\s]+)\)")


def put(to: Path, *tables: Table, **how: bool) -> Published:
    """Publish a book of these studies."""
    chapters = [Chapter(table.study, "Why?", "toy", "decided", 1, 0, 1) for table in tables]
    chapters.append(Chapter("later", "", "toy", "not run", 0, 0, 1, after=[("cells", "base")]))
    index = compose_index("A book", chapters, linked=[table.study for table in tables])
    pages = [compose(table) for table in tables]
    few = [replace(page, cards=[card for card in page.cards if card.anchor in SHOWN]) for page in pages]
    return publish(index, few, to=to, **how)


def held(folder: Path) -> Mapping[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_every_link_and_picture_is_in_the_folder(tmp_path: Path):
    """Relative, with a description of every picture, and nothing in the folder that no page shows."""
    to, drawn = tmp_path / "to", tmp_path / "drawn"
    put(to, small(), replace(scaling(drawn, values=(1, 2)), study="lora scäling"))
    led_to = {"README.md", "SUMMARY.md", LIST}
    for page in to.glob("*.md"):
        for picture, text, target in LINK.findall(page.read_text()):
            path = (page.parent / unquote(target)).resolve()
            assert path.is_file(), target
            assert path.is_relative_to(to)
            assert bool(text.strip()) or not picture
            led_to.add(path.relative_to(to).as_posix())

    assert led_to == set(held(to))
    assert {"cells.md", "index/chain.png", "lora scäling.md"} < led_to


def test_it_has_what_github_and_gitbook_look_for(tmp_path: Path):
    """An index as README, and a table of contents; a study without a page is named and leads nowhere."""
    put(tmp_path, small())
    readme = (tmp_path / "README.md").read_text()

    assert (tmp_path / "SUMMARY.md").read_text() == (
        "# Table of contents\n\n* [A book](README.md)\n* [cells](cells.md)\n"
    )
    assert readme.startswith("# A book\n")
    assert "| [cells](cells.md) |" in readme
    assert "| later |" in readme
    assert (tmp_path / "cells.md").read_text().endswith("\n[A book: all studies](README.md)\n")


def test_equal_pages_are_equal_bytes(tmp_path: Path):
    """A second time changes nothing."""
    put(tmp_path / "a", small())
    put(tmp_path / "b", small())
    before = held(tmp_path / "a")

    assert put(tmp_path / "a", small()).removed == 0
    assert held(tmp_path / "a") == before == held(tmp_path / "b")


def test_what_is_not_made_again_is_removed(tmp_path: Path):
    """With its folder; what others keep there stays, whatever the list says."""
    (tmp_path / "to" / "cells").mkdir(parents=True)
    for mine in ("to/mine.md", "to/cells/mine.png", "outside.md"):
        (tmp_path / mine).write_text("mine")
    put(tmp_path / "to", small(), replace(small(), study="other"), with_html=True)
    listed = tmp_path / "to" / LIST
    listed.write_text(f"{listed.read_text()}../outside.md\n/etc/hostname\n")
    found = put(tmp_path / "to", replace(small(), study="other"))
    left = set(held(tmp_path / "to"))

    assert found.removed > 3
    assert {name for name in left if "cells" in name} == {"cells/mine.png"}
    assert "mine.md" in left
    assert not (tmp_path / "to" / "html").exists()
    assert (tmp_path / "outside.md").exists()


def test_files_of_others_are_not_written_over(tmp_path: Path):
    """Unless it is asked for; then nothing else changes."""
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(InputError, match=r"must not hold files of these names already; got README\.md"):
        put(tmp_path, small())

    assert held(tmp_path) == {"README.md": b"mine"}
    put(tmp_path, small(), force=True)
    assert (tmp_path / "README.md").read_text().startswith("# A book")
    put(tmp_path, small())


@pytest.mark.parametrize("blocked", ["index", "cells.md/x", "README.md/x"])
def test_what_is_in_the_way_stops_it_before_it_writes(tmp_path: Path, blocked: str):
    """A file where a folder is to be, or a folder where a file is: nothing is written, and nothing is forced."""
    (tmp_path / blocked).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / blocked).write_text("mine")
    with pytest.raises(InputError, match="where a folder is to be"):
        put(tmp_path, small(), force=True)

    assert list(held(tmp_path).values()) == [b"mine"]


def test_html_is_left_out_unless_it_is_asked_for(tmp_path: Path):
    """GitHub does not show it; its links are among itself."""
    put(tmp_path / "without", small())
    put(tmp_path / "with", small(), with_html=True)
    added = set(held(tmp_path / "with")) - set(held(tmp_path / "without"))

    assert added == {"html/index.html", "html/cells.html"}
    assert 'href="cells.html"' in (tmp_path / "with" / "html" / "index.html").read_text()


@pytest.mark.parametrize("name", ["README", "Summary", "html"])
def test_names_of_the_folder_are_no_studies(tmp_path: Path, name: str):
    """One would take the place of the other, on some file systems in any case."""
    with pytest.raises(InputError, match="must differ from that of the folder"):
        put(tmp_path, replace(small(), study=name))
    with pytest.raises(InputError, match="must differ from that of cells"):
        put(tmp_path, small(), replace(small(), study="Cells"))

    assert not held(tmp_path)


def test_long_pages_are_named(tmp_path: Path):
    """GitHub shows the beginning of a Markdown file only."""
    table = small()
    found = put(tmp_path, replace(table, provenance={"study file": "x: 1\n" * 120_000}))

    assert set(found.long) == {"cells.md"}
    assert found.long["cells.md"] > 500 * 1024
